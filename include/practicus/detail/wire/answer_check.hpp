// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/csv_scanner.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/error.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Checks whether a successful response is a model's. It may be the page of a server in front, or an error
/// with the wrong status.
namespace practicus { inline namespace v1 { namespace detail {

/// Returns `text/csv` for `text/csv; charset=utf-8`.
inline std::string_view media_type(std::string_view content_type) noexcept
{
    constexpr std::string_view spaces = " \t";
    auto type = content_type.substr(0, content_type.find(';'));
    type.remove_prefix(std::min(type.find_first_not_of(spaces), type.size()));
    return type.substr(0, type.find_last_not_of(spaces) + 1);
}

/// Returns true if a response of type `came` fits a request of type `sent`. It must have the type `wanted`,
/// if that is not empty. Otherwise any type fits except HTML, which fits only a request with HTML.
inline bool fits_type(std::string_view wanted, std::string_view sent, std::string_view came) noexcept
{
    auto const is = [came](std::string_view type) {
        return equals_ignoring_case(media_type(came), media_type(type));
    };
    return wanted.empty() ? !is("text/html") || is(sent) : is(wanted);
}

/// Quotes a response on one line: its type and the beginning of its text. Untrusted.
inline std::string quote_answer(std::string_view content_type, std::string_view body)
{
    auto const type = content_type.empty() ? std::string("no content type") : capped(content_type, 64);
    auto const words = read_error_body(body).message;
    return type + ": " + capped(words.empty() ? body.substr(0, 1024) : std::string_view(words), 200);
}

/// Sets the error for a response of the wrong type.
inline void describe_other_type(error_info& info, std::string_view wanted, std::string_view content_type,
                                std::string_view body)
{
    info.code = errc::unexpected_response;
    info.message = wanted.empty() ? "it is a page" : "it is no " + std::string(wanted);
    info.server_message = quote_answer(content_type, body);
}

inline std::string_view skip_spaces(std::string_view body) noexcept
{
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    return body;
}

/// Returns true for an HTML or XML page, regardless of the content type.
inline bool is_page(std::string_view body) noexcept
{
    body = skip_spaces(body);
    for (std::string_view const begin : {"<!doctype", "<html", "<?xml"})
        if (equals_ignoring_case(body.substr(0, begin.size()), begin)) return true;
    return false;
}

/// Returns true for a JSON object or array, regardless of the content type.
inline bool is_json(std::string_view body)
{
    body = skip_spaces(body);
    if (!(body.starts_with('{') || body.starts_with('[')) || body.size() > 1024 * 1024) return false;
    boost::system::error_code ignored;
    return find_json(body, ignored).has_value();
}

/// Returns a header line without its line end.
inline std::string_view header_names(std::string_view line) noexcept
{
    return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

/// A response to a batch, and the data for its check.
struct batch_answer
{
    /// The number of rows in the batch.
    std::size_t rows = 0;
    /// The requested type, and the received one, which may be empty.
    std::string_view wanted = "text/csv";
    std::string_view content_type;
    std::string_view body;
    /// The status, and the server's name of the request.
    unsigned status = 200;
    std::string_view request_id;
    /// True if the response states its end; otherwise the end of the connection is its end.
    bool delimited = true;
    /// True if the header line is known: another response was accepted, or there are earlier results.
    bool others_believed = false;
};

/// Sets the error for a wrong number of rows, or for a last line without end. Returns false if there is none.
inline bool describe_rows(error_info& info, batch_answer const& answer, std::size_t count)
{
    bool const whole = answer.delimited || answer.body.ends_with('\n') || answer.body.ends_with('\r');
    if (count == answer.rows && whole) return false;
    if (count == answer.rows) {
        info.code = errc::unexpected_response;
        info.message =
            "the response ends with the connection, its last line without a line end: it may be cut "
            "(a Content-Length, or a line end, tells)";
    } else {
        info.message = std::to_string(count) + " rows to " + std::to_string(answer.rows);
        if (!answer.delimited && count < answer.rows) info.code = errc::connection_lost;
    }
    return true;
}

/// Returns the error of a response that is invalid for the batch, or nothing. Sets `header` if there is a
/// header line.
///
/// A missing type is accepted if the number of rows or a known header confirms the response. A single row or
/// a header alone confirms nothing: any one or two lines would match. Once other responses were accepted,
/// JSON is an error about the rows (with a status of success).
inline std::optional<error_info> refuse_answer(batch_answer const& answer, std::string_view& header)
{
    error_info info;
    bool const json = is_json(answer.body);
    bool const other_type = media_type(answer.content_type).empty()
                                ? answer.rows <= 1 && !answer.others_believed
                                : !fits_type(answer.wanted, answer.wanted, answer.content_type);
    if (json || other_type || is_page(answer.body)) {
        describe_other_type(info, answer.wanted, answer.content_type, answer.body);
        if (json && answer.others_believed) info.code = errc::row_count_mismatch;
        return info;
    }
    info.code = errc::row_count_mismatch;
    info.server_message = quote_answer(answer.content_type, answer.body);
    auto const csv = parse_prediction(answer.body);
    if (!csv) {
        info.message = csv.error()->message;
        // A truncation cannot produce a NUL.
        if (!answer.delimited && answer.body.find('\0') == answer.body.npos)
            info.code = errc::connection_lost;
        return info;
    }
    header = header_names(csv->header);
    return describe_rows(info, answer, csv->count) ? std::optional(std::move(info)) : std::nullopt;
}

/// Returns true for two names of one version: `2` is `v2`.
inline bool is_same_version(std::string_view one, std::string_view other) noexcept
{
    auto const number = [](std::string_view name) {
        bool const is_tag = name.size() > 1 && name.front() == 'v' && name[1] >= '0' && name[1] <= '9';
        return name.substr(is_tag ? 1 : 0);
    };
    return number(one) == number(other);
}

/// Returns true for a response of another version than the one that may respond; every version may if that is
/// empty. A refusal without a version may be that of a server in front, and is none of another version.
inline bool is_other_version(std::string_view wanted, std::string_view came, bool success) noexcept
{
    return !wanted.empty() && (success || !came.empty()) && !is_same_version(came, wanted);
}

/// Returns the name of a model of which one version may respond; any, without a version.
inline std::string name_with_version(std::string_view model, std::string_view version)
{
    std::string name(model);
    if (version.empty()) return name;
    return name.append(" version ")
        .append(is_same_version(version, version.substr(1)) ? version.substr(1) : version);
}

/// Returns the error for a response of another version of the model than the one that may respond.
inline error_info other_version(std::string_view wanted, std::string_view came)
{
    error_info info;
    info.code = errc::unexpected_response;
    info.message = "only version '" + capped(wanted, 64) + "' of the model may respond";
    info.server_message =
        came.empty() ? "the response names no version" : "version '" + capped(came, 64) + "' has responded";
    return info;
}

/// Returns the error for a header line that differs from that of the first response, or of the earlier
/// `results`.
inline error_info other_header(std::string_view first, std::string_view header, bool results)
{
    error_info info;
    info.code = errc::unexpected_response;
    info.message =
        results ? "the results that are there already have another header line: they may be of another model"
                : "its header line is not that of the first answer";
    info.server_message = "'" + capped(header, 200) + "', not '" + capped(first, 200) + "'";
    return info;
}

}}} // namespace practicus::v1::detail
