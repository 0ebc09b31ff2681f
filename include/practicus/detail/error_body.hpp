// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/ascii.hpp>
#include <practicus/detail/json_reader.hpp>
#include <practicus/detail/message.hpp>
#include <practicus/detail/utf8.hpp>
#include <practicus/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus::inline v1::detail {

/// What a failed answer says in words: untrusted, capped, on one line.
struct error_words
{
    std::string message;
    std::string code;
    /// JSON, so the region itself (or something that knows its forms) wrote it.
    bool from_region = false;
    /// The first field that a validation error names.
    std::string field;
};

/// At most this much is kept of a server's text.
inline constexpr std::size_t max_server_message = 1024;
inline constexpr std::size_t max_server_code = 64;

inline std::string capped(std::string_view text, std::size_t limit)
{
    auto result = one_line(text.substr(0, limit));
    // one_line() marks a letter that was cut in two; what it adds may go over the limit again.
    while (result.size() > limit) {
        do
            result.pop_back();
        while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xc0) == 0x80);
    }
    return result;
}

/// The texts of a value: its own, or those of its elements.
inline void append_texts(std::string& out, json::value const& value)
{
    if (out.size() > max_server_message) return;
    if (auto const* const text = value.if_string()) {
        if (!out.empty() && !out.ends_with(": ")) out += ' ';
        out.append(text->data(), std::min(text->size(), max_server_message));
    } else if (auto const* const list = value.if_array()) {
        for (auto const& element : *list)
            append_texts(out, element);
    } else if (auto const* const object = value.if_object()) {
        for (auto const& member : *object)
            append_texts(out, member.value());
    }
}

inline error_words read_json_words(json::value const& value)
{
    error_words words;
    words.from_region = true;
    auto const* const object = value.if_object();
    if (object == nullptr) {
        append_texts(words.message, value);
        return words;
    }
    if (auto const* const code = object->if_contains("code"); code != nullptr && code->is_string())
        words.code = capped(std::string_view(code->get_string()), max_server_code);
    if (auto const* const detail = object->if_contains("detail")) {
        append_texts(words.message, *detail);
    } else if (auto const* const text = object->if_contains("msg")) {
        append_texts(words.message, *text);
        if (auto const* const details = object->if_contains("details");
            details != nullptr && !details->is_null()) {
            words.message += ": ";
            append_texts(words.message, *details);
        }
    } else {
        for (auto const& [key, texts] : *object) {
            if (words.field.empty()) words.field = capped(std::string_view(key), max_server_code);
            if (!words.message.empty()) words.message += "; ";
            words.message += std::string(std::string_view(key).substr(0, max_server_code)) + ": ";
            append_texts(words.message, texts);
            if (words.message.size() > max_server_message) break;
        }
    }
    return words;
}

/// A page's title, or its first line that is no tag.
inline std::string page_words(std::string_view page)
{
    auto const lower = [&] {
        std::string text(page.substr(0, 16 * 1024));
        std::transform(text.begin(), text.end(), text.begin(), to_lower);
        return text;
    }();
    if (auto const title = lower.find("<title>"); title != std::string::npos) {
        auto const begin = title + 7;
        auto const end = std::min(lower.find("</title>", begin), lower.size());
        return std::string(page.substr(begin, end - begin));
    }
    auto const first = page.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    auto const line = page.substr(first, page.find_first_of("\r\n", first) - first);
    return std::string(line);
}

/// Reads any of the forms in which a region, or a server in front of it, says what went wrong.
inline error_words read_error_body(std::string_view body)
{
    error_words words;
    bool is_json = false;
    try {
        if (body.size() <= 1024 * 1024) {
            words = read_json_words(parse_json(body));
            is_json = true;
        }
    } catch (error const&) {
    }
    if (!is_json) words.message = page_words(body);
    words.message = capped(words.message, max_server_message);
    return words;
}

inline errc status_errc(unsigned status) noexcept
{
    switch (status) {
    case 401: return errc::unauthorized;
    case 403: return errc::forbidden;
    case 404: return errc::not_found;
    case 429: return errc::too_many_requests;
    case 502:
    case 503:
    case 504: return errc::unavailable;
    default: break;
    }
    if (status >= 500 && status < 600) return errc::server_error;
    if (status >= 400 && status < 500) return errc::bad_request;
    if (status >= 300 && status < 400) return errc::redirected;
    return errc::unexpected_status;
}

inline bool is_success(unsigned status) noexcept
{
    return status >= 200 && status < 300;
}

/// The error that an unsuccessful answer is.
inline error_info info_of(response const& answer, error_words words)
{
    error_info info;
    info.code = status_errc(answer.status);
    info.status = answer.status;
    info.server_message = std::move(words.message);
    info.server_code = std::move(words.code);
    return info;
}

} // namespace practicus::inline v1::detail
