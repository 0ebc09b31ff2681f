// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace practicus::inline v1::mock {

/// What a mock model predicts for one CSV row (without its line end): a number below 10,000 with two
/// decimals, such as `4071.90`, out of the row's FNV-1a hash. So every changed, lost or repeated byte shows.
inline std::string predict_row(std::string_view row)
{
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : row) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    auto cents = std::to_string(hash % 100);
    return std::to_string(hash / 100 % 10000) + (cents.size() == 1 ? ".0" : ".") + cents;
}

namespace detail {

/// Takes the next record off `text`: up to a line end that is not within quotes, which it drops.
inline std::string_view next_record(std::string_view& text)
{
    bool quoted = false;
    std::size_t i = 0;
    for (; i != text.size() && (quoted || text[i] != '\n'); ++i)
        if (text[i] == '"') quoted = !quoted;
    auto record = text.substr(0, i);
    text.remove_prefix(std::min(text.size(), i + 1));
    if (record.ends_with('\r')) record.remove_suffix(1);
    return record;
}

} // namespace detail

/// The answer to a CSV body with a header line: the header `prediction` and a line for each row, in order.
inline std::string predict_csv(std::string_view text)
{
    detail::next_record(text);
    std::string result = "prediction\n";
    while (!text.empty())
        result += predict_row(detail::next_record(text)) + '\n';
    return result;
}

/// For `model::predicts`: answers `{"prompt": <text>}` with the prompt itself, as text, chunked, a chunk for
/// each word: as an LLM streams its tokens.
inline response stream_words(request const& r)
{
    boost::system::error_code ec;
    auto body = boost::json::parse(r.body, ec);
    auto const* prompt = ec || !body.is_object() ? nullptr : body.get_object().if_contains("prompt");
    if (prompt == nullptr || !prompt->is_string())
        return detail::replies::field_error("prompt", "This field is required.");
    response result(200, "text/plain; charset=utf-8", std::string(prompt->get_string()));
    result.chunked = true;
    for (std::size_t i = 1; i < result.body.size(); ++i)
        if (result.body[i - 1] == ' ' && result.body[i] != ' ') result.pieces.push_back(i);
    return result;
}

namespace detail {

/// What a model without a predictor of its own does: CSV is predicted row by row, JSON comes back as
/// `{"echo": <the body>}`.
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

} // namespace practicus::inline v1::mock
