// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv_text {

/// A CSV text, read a byte at a time.
struct parsed
{
    std::string header;            // with its line end, if it has one
    std::vector<std::string> rows; // each with its line end, the last too
    std::string joined;            // all records, but no line end is added to the last
    std::size_t complete = 0;      // records with a line end of their own
    std::size_t complete_size = 0; // where the last of them ends
    bool quoted = false;           // the text ends within quotes
};

inline parsed parse(std::string const& text)
{
    parsed result;
    std::string record;
    bool const has_bom = text.compare(0, 3, "\xef\xbb\xbf") == 0;
    bool header = true;
    for (std::size_t i = has_bom ? 3 : 0; i <= text.size(); ++i) {
        bool const at_end = i == text.size();
        if (!at_end) {
            record += text[i];
            if (text[i] == '"') result.quoted = !result.quoted;
        }
        if (!at_end && (text[i] != '\n' || result.quoted)) continue;
        bool blank = true;
        for (char const c : record)
            blank = blank && (c == '\r' || c == '\n');
        if (!blank) {
            result.joined += record;
            if (!at_end) {
                ++result.complete;
                result.complete_size = i + 1;
            }
            if (header)
                result.header = record;
            else
                result.rows.push_back(record);
            header = false;
        }
        record.clear();
    }
    if (!result.rows.empty() && !result.rows.back().ends_with('\n')) {
        auto& last = result.rows.back();
        last += !last.ends_with('\r') && result.header.ends_with("\r\n") ? "\r\n" : "\n";
    }
    return result;
}

class generator
{
public:
    explicit generator(unsigned seed) : random_(seed) {}

    /// From 0 to `most`.
    std::size_t up_to(std::size_t most)
    {
        return std::uniform_int_distribution<std::size_t>(0, most)(random_);
    }

    bool one_in(std::size_t n) { return up_to(n - 1) == 0; }

    /// A text whose quotes are closed: a likely one, or one of nothing but the bytes that matter.
    std::string text()
    {
        auto result = one_in(3) ? noise() : table();
        std::size_t quotes = 0;
        for (char const c : result)
            quotes += c == '"' ? 1U : 0U;
        if (quotes % 2 != 0) result += '"';
        return one_in(4) ? "\xef\xbb\xbf" + result : result;
    }

    /// `text` in pieces of up to `most` bytes, empty ones too.
    std::vector<std::string_view> pieces(std::string_view text, std::size_t most)
    {
        std::vector<std::string_view> result;
        while (!text.empty()) {
            result.push_back(text.substr(0, up_to(most)));
            text.remove_prefix(result.back().size());
        }
        return result;
    }

private:
    std::string noise()
    {
        constexpr std::string_view bytes = "\"\"\n\n\r,a\xef\xbb\xbf";
        std::string result;
        for (auto size = up_to(40); size > 0; --size)
            result += bytes[up_to(bytes.size() - 1)];
        return result;
    }

    std::string line_end() { return line_ends_ == 0 || (line_ends_ == 2 && one_in(2)) ? "\n" : "\r\n"; }

    std::string field()
    {
        static constexpr std::string_view fields[] = {"",
                                                      "1",
                                                      "-2.5",
                                                      "text",
                                                      "\"a,b\"",
                                                      "\"two\nlines\"",
                                                      "\"a\r\nb\"",
                                                      "\"\"",
                                                      "\"\"\"\"",
                                                      "\"say \"\"x\"\"\"",
                                                      "in\"the\nmid\"dle",
                                                      "\"\n\n\"",
                                                      " ",
                                                      "a\rb",
                                                      "\xc3\xa7",
                                                      "\"\r\"",
                                                      "0123456789012345"};
        return std::string(fields[up_to(std::size(fields) - 1)]);
    }

    std::string table()
    {
        line_ends_ = up_to(2);
        auto const columns = 1 + up_to(4);
        std::string result;
        for (auto rows = up_to(30); rows > 0; --rows) {
            while (one_in(8))
                result += line_end();
            for (std::size_t i = 0; i < columns; ++i)
                result.append(i == 0 ? "" : ",").append(field());
            if (rows > 1 || !one_in(3)) result += line_end();
        }
        return result;
    }

    std::mt19937 random_;
    std::size_t line_ends_ = 0; // LF, CRLF or both
};

} // namespace csv_text
