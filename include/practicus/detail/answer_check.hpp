// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/ascii.hpp>
#include <practicus/detail/csv_scanner.hpp>
#include <practicus/detail/error_body.hpp>
#include <practicus/detail/json_value.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Whether a model's answer with a status of success is one: it may be a page of a server in front, or an
/// error that has the wrong status.
namespace practicus::inline v1::detail {

/// `text/csv` of `text/csv; charset=utf-8`.
inline std::string_view media_type(std::string_view content_type) noexcept
{
    constexpr std::string_view spaces = " \t";
    auto type = content_type.substr(0, content_type.find(';'));
    type.remove_prefix(std::min(type.find_first_not_of(spaces), type.size()));
    return type.substr(0, type.find_last_not_of(spaces) + 1);
}

/// Returns true if an answer of type `came` may be the one to a request of type `sent`: of type `wanted` if
/// that is not empty, else of any but a page's, unless a page was sent.
inline bool fits_type(std::string_view wanted, std::string_view sent, std::string_view came) noexcept
{
    auto const is = [came](std::string_view type) {
        return equals_ignoring_case(media_type(came), media_type(type));
    };
    return wanted.empty() ? !is("text/html") || is(sent) : is(wanted);
}

/// What came, on one line: its type and the first of its words. Untrusted.
inline std::string quote_answer(std::string_view content_type, std::string_view body)
{
    auto const type = content_type.empty() ? std::string("no content type") : capped(content_type, 64);
    auto const words = read_error_body(body).message;
    return type + ": " + capped(words.empty() ? body.substr(0, 1024) : std::string_view(words), 200);
}

/// Adds to `info` that an answer is not of the type that was asked for.
inline void describe_other_type(error_info& info, std::string_view wanted, std::string_view content_type,
                                std::string_view body)
{
    info.code = errc::unexpected_answer;
    info.message = wanted.empty() ? "it is a page" : "it is no " + std::string(wanted);
    info.server_message = quote_answer(content_type, body);
}

/// Returns true for a page, and for an object of JSON, whatever its type says.
inline bool is_page_or_object(std::string_view body)
{
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    for (std::string_view const begin : {"<!doctype", "<html", "<?xml"})
        if (equals_ignoring_case(body.substr(0, begin.size()), begin)) return true;
    if (!body.starts_with('{') || body.size() > 1024 * 1024) return false;
    try {
        parse_json(body);
        return true;
    } catch (error const&) {
        return false;
    }
}

/// A header line without its line end.
inline std::string_view header_names(std::string_view line) noexcept
{
    return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

/// What makes an answer none to a batch of so many rows, as code, message and the answer's words; nothing if
/// it is one. `delimited`: it says where it ends, or else its connection's end does. Sets `header` if it has
/// one.
inline std::optional<error_info> refuse_answer(std::size_t rows, std::string_view content_type,
                                               std::string_view body, bool delimited,
                                               std::string_view& header)
{
    error_info info;
    if (!delimited && !body.ends_with('\n')) {
        info.code = errc::connection_lost;
        info.message = "the answer ends with the connection, in the middle of a line";
        return info;
    }
    if (is_page_or_object(body)) {
        describe_other_type(info, "text/csv", content_type, body);
        return info;
    }
    info.code = errc::unexpected_rows;
    info.server_message = quote_answer(content_type, body);
    try {
        auto const answer = split_answer(body);
        header = header_names(answer.header);
        if (answer.count == rows) return std::nullopt;
        info.message = std::to_string(answer.count) + " rows to " + std::to_string(rows);
    } catch (error const& e) {
        info.message = e.info().message;
    }
    return info;
}

/// The error of an answer whose header line is not the first answer's.
inline error_info other_header(std::string_view first, std::string_view header)
{
    error_info info;
    info.code = errc::unexpected_answer;
    info.message = "its header line is not that of the first answer";
    info.server_message = "'" + capped(header, 200) + "', not '" + capped(first, 200) + "'";
    return info;
}

} // namespace practicus::inline v1::detail
