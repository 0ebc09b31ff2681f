// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace string_source {

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

/// As `Modules/_csv.c` of Python does it, a state for each place in a record.
class reader
{
public:
    explicit reader(std::string const& text) : text_(text) {}

    parsed read()
    {
        for (std::size_t i = text_.compare(0, 3, "\xef\xbb\xbf") == 0 ? 3 : 0; i < text_.size(); ++i) {
            auto const c = text_[i];
            record_ += c;
            if (state_ == in_quotes) {
                if (c == '"') state_ = quote_in_quotes;
            } else if (c == '\n' || c == '\r') {
                if (c == '\r' && text_[i + 1] == '\n') record_ += text_[++i]; // a string ends with a NUL
                end_record(c == '\n' || i + 1 < text_.size() || text_[i] == '\n', i + 1);
            } else if (c == '"' && state_ != in_cell) {
                state_ = in_quotes;
            } else {
                state_ = is_separator(c) ? start_of_cell : in_cell;
            }
        }
        result_.quoted = state_ == in_quotes;
        end_record(false, text_.size());
        add_line_end();
        return result_;
    }

private:
    enum
    {
        start_of_cell,
        in_cell,
        in_quotes,
        quote_in_quotes
    } state_ = start_of_cell;

    /// The header line's comma decides, else the first of the others.
    bool is_separator(char c)
    {
        static std::string const all = ";\t|";
        if (separator_ == 0 && c == ',') separator_ = c;
        if (separator_ != 0) return c == separator_;
        if (all.find(c) == std::string::npos) return false;
        if (other_ == 0) other_ = c;
        return true;
    }

    void end_record(bool complete, std::size_t end)
    {
        state_ = start_of_cell;
        auto record = std::exchange(record_, {});
        if (record.find_first_not_of("\r\n") == std::string::npos) return;
        result_.joined += record;
        if (complete) {
            ++result_.complete;
            result_.complete_size = end;
        }
        if (result_.header.empty()) {
            result_.header = std::move(record);
            if (separator_ == 0) separator_ = other_ != 0 ? other_ : ',';
        } else {
            result_.rows.push_back(std::move(record));
        }
    }

    void add_line_end()
    {
        if (result_.rows.empty() ||
            result_.rows.back().find_last_of("\r\n") == result_.rows.back().size() - 1)
            return;
        auto const& h = result_.header;
        result_.rows.back() += h.ends_with("\r\n") ? "\r\n" : h.ends_with('\r') ? "\r" : "\n";
    }

    std::string const& text_;
    parsed result_;
    std::string record_;
    char separator_ = 0;
    char other_ = 0;
};

inline parsed parse(std::string const& text)
{
    return reader(text).read();
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
        if (one_in(4)) result.insert(0, "\xef\xbb\xbf");
        if (parse(result).quoted) result += '"';
        return result;
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
        constexpr std::string_view bytes = "\"\"\n\n\r,;a\xef\xbb\xbf";
        std::string result;
        for (auto size = up_to(40); size > 0; --size)
            result += bytes[up_to(bytes.size() - 1)];
        return result;
    }

    std::string line_end()
    {
        static constexpr std::string_view kinds[] = {"\n", "\r\n", "\r"};
        return std::string(kinds[line_ends_ < std::size(kinds) ? line_ends_ : up_to(2)]);
    }

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
                                                      "in\"the mid\"dle",
                                                      "\"a\" 27\"",
                                                      "27\" wide",
                                                      "x;\"y",
                                                      "\t\"",
                                                      "\"\n\n\"",
                                                      " ",
                                                      "\xc3\xa7",
                                                      "\"\r\"",
                                                      "0123456789012345"};
        return std::string(fields[up_to(std::size(fields) - 1)]);
    }

    std::string table()
    {
        line_ends_ = up_to(3);
        std::string const separator(1, ",,,;\t|"[up_to(5)]);
        auto const columns = 1 + up_to(4);
        std::string result;
        for (auto rows = up_to(30); rows > 0; --rows) {
            while (one_in(8))
                result += line_end();
            for (std::size_t i = 0; i < columns; ++i)
                result.append(i == 0 ? "" : separator).append(field());
            if (rows > 1 || !one_in(3)) result += line_end();
        }
        return result;
    }

    std::mt19937 random_;
    std::size_t line_ends_ = 0; // LF, CRLF, CR or all of them
};

} // namespace string_source
