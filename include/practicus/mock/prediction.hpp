// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

/// The FNV-1a hash of a text.
inline std::uint64_t fnv1a(std::string_view text) noexcept
{
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    return hash;
}

/// Splits a text behind the spaces of each word.
inline std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> result;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (i == 0 || (text[i - 1] == ' ' && text[i] != ' ')) result.emplace_back();
        result.back() += text[i];
    }
    return result;
}

} // namespace detail

/// Returns a mock model's prediction for one CSV row, without its line end: a number below 10,000 with two
/// decimals, such as `4071.90`. It is derived from the row's FNV-1a hash, so every changed byte changes it.
inline std::string predict_row(std::string_view row)
{
    auto const hash = detail::fnv1a(row);
    auto cents = std::to_string(hash % 100);
    return std::to_string(hash / 100 % 10000) + (cents.size() == 1 ? ".0" : ".") + cents;
}

namespace detail {

/// A reader of CSV records that skips blank lines; cells end as in Python's `csv`. The header decides the
/// separator: a comma if it has one, else the first of its semicolons, tabs and bars.
class record_reader
{
public:
    explicit record_reader(std::string_view text) : rest_(text)
    {
        if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
        next();
        separator_ = first_ == 0 ? ',' : first_;
    }

    /// Returns the next record without its line end. Empty at the end of the text.
    std::string_view next()
    {
        while (!rest_.empty() && is_line_end(rest_.front()))
            rest_.remove_prefix(1);
        std::size_t end = skip_cell(0);
        for (; end != rest_.size() && !is_line_end(rest_[end]); end = skip_cell(end + 1))
            note(rest_[end]);
        auto const record = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return record;
    }

private:
    static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

    bool is_separator(char c) const
    {
        return separator_ != 0 ? c == separator_
                               : std::string_view(",;\t|").find(c) != std::string_view::npos;
    }

    /// Returns the end of the cell that begins at `at`.
    std::size_t skip_cell(std::size_t at) const
    {
        while (at < rest_.size() && rest_[at] == '"')
            at = std::min(rest_.find('"', at + 1), rest_.size() - 1) + 1;
        while (at < rest_.size() && !is_line_end(rest_[at]) && !is_separator(rest_[at]))
            ++at;
        return at;
    }

    /// Notes a separator of the header. A comma decides; another one counts only if no comma follows.
    void note(char c)
    {
        if (separator_ == 0 && c == ',') first_ = separator_ = c;
        if (first_ == 0) first_ = c;
    }

    std::string_view rest_;
    char first_ = 0;
    char separator_ = 0; ///< 0 while the separator is unknown, in the header.
};

} // namespace detail

/// Returns the response to a CSV body with a header line: the header `prediction`, and a line for each row
/// in order.
inline std::string predict_csv(std::string_view text)
{
    detail::record_reader rows(text);
    std::string result = "prediction\n";
    for (auto row = rows.next(); !row.empty(); row = rows.next())
        result += predict_row(row) + '\n';
    return result;
}

/// Returns a mock model's embedding of a text: multiples of 1/1024 from -1 to 1, derived from FNV-1a hashes.
inline std::vector<float> embed(std::string_view text, std::size_t dimensions)
{
    std::vector<float> result;
    auto hash = detail::fnv1a(text);
    for (; result.size() != dimensions; hash = detail::fnv1a(std::to_string(hash)))
        result.push_back((static_cast<float>(hash % 2049) - 1024) / 1024);
    return result;
}

/// Answers `{"prompt": <text>}` with the prompt as text, in one chunk for each word, as an LLM streams its
/// tokens. A function for `model::predicts`. Without a prompt, the response is a 400.
inline response stream_words(request const& r)
{
    boost::system::error_code ec;
    auto body = boost::json::parse(r.body, ec);
    auto const* prompt = ec || !body.is_object() ? nullptr : body.get_object().if_contains("prompt");
    if (prompt == nullptr || !prompt->is_string())
        return detail::replies::field_error("prompt", "This field is required.");
    response result(200, "text/plain; charset=utf-8", std::string(prompt->get_string()));
    result.chunked = true;
    for (auto const& word : detail::words_of(result.body))
        result.pieces.push_back(word.size() + (result.pieces.empty() ? 0 : result.pieces.back()));
    if (!result.pieces.empty()) result.pieces.pop_back();
    return result;
}

namespace detail {

/// The default predictor of a model: predicts CSV row by row, and returns JSON as `{"echo": <the body>}`.
inline response predict(request const& r)
{
    auto type = media_type(r.headers["Content-Type"]);
    if (type == "text/csv") {
        if (r.body.empty()) return replies::problem(400, "The request holds no data.");
        return {200, "text/csv", predict_csv(r.body)};
    }
    if (type == "application/json") {
        boost::system::error_code ec;
        auto body = boost::json::parse(r.body, ec);
        if (ec) return replies::problem(400, "JSON parse error - " + ec.message());
        return replies::json(200, boost::json::object{{"echo", std::move(body)}});
    }
    return replies::problem(415, "Unsupported media type \"" + type + "\" in request.");
}

} // namespace detail

}}} // namespace practicus::v1::mock
