// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The message of an error response: untrusted, truncated, on one line.
struct error_words
{
    std::string message;
    std::string code;
    /// The body has `detail` or `msg`, the region's own forms. A gateway in front may also respond with JSON.
    bool from_region = false;
    /// A field or a code begins with `otp`: the one-time password is missing or wrong.
    bool one_time_password = false;
};

/// The limits for stored text of a server, in bytes.
inline constexpr std::size_t max_server_message = 1024;
inline constexpr std::size_t max_server_code = 64;

/// Returns true for a continuation byte of UTF-8.
constexpr bool is_continuation(char c) noexcept
{
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Returns the beginning of a text on one line, without splitting a code point.
inline std::string capped(std::string_view text, std::size_t limit)
{
    auto end = std::min(limit, text.size());
    for (int i = 0; i < 3 && end > 0 && end < text.size() && is_continuation(text[end]); ++i)
        --end;
    auto result = one_line(text.substr(0, end));
    // One invalid byte became the three bytes of U+FFFD.
    while (result.size() > limit) {
        while (is_continuation(result.back()))
            result.pop_back();
        result.pop_back();
    }
    return result;
}

/// Returns true for a member of a validation error (pydantic's) that repeats what the caller has sent. That
/// may be a secret.
inline bool is_callers_input(json::object const& object, std::string_view name) noexcept
{
    bool const is_validation = object.contains("msg") && (object.contains("loc") || object.contains("type"));
    return is_validation && (name == "input" || name == "ctx");
}

inline void append_texts(std::string& out, json::value const& value)
{
    if (out.size() > max_server_message) return;
    if (auto const* const text = value.if_string()) {
        if (!out.empty()) out += ' ';
        // One code point more than the limit, so that `capped` can find a boundary.
        out.append(text->data(), std::min(text->size(), max_server_message + 4));
    } else if (auto const* const list = value.if_array()) {
        for (auto const& element : *list)
            append_texts(out, element);
    } else if (auto const* const object = value.if_object()) {
        for (auto const& member : *object)
            if (!is_callers_input(*object, member.key())) append_texts(out, member.value());
    }
}

/// Returns the text of a value, or the joined texts of its elements.
inline std::string texts_of(json::value const& value)
{
    std::string out;
    append_texts(out, value);
    return out;
}

/// Reads a validation error: texts by field. Members without text are skipped.
inline void read_fields(error_words& words, json::object const& fields)
{
    for (auto const& [key, value] : fields) {
        auto const texts = texts_of(value);
        if (texts.empty()) continue;
        auto const field = capped(std::string_view(key), max_server_code);
        words.message += (words.message.empty() ? "" : "; ") + field + ": " + texts;
        if (words.message.size() > max_server_message) break;
    }
}

/// Returns true if the member is a machine-readable code or field name.
inline bool is_code_name(std::string_view key)
{
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    for (std::string_view const name : {"error", "type", "loc", "attr", "field", "fields"})
        if (lower == name) return true;
    return lower.ends_with("code") || lower.ends_with("codes");
}

/// Reads the error of a service that is shaped like OpenAI's: `{"error":{"message","type","code"}}`. Returns
/// false for another one.
inline bool read_nested_error(error_words& words, json::object const& object)
{
    auto const* const member = object.if_contains("error");
    auto const* const error = member == nullptr ? nullptr : member->if_object();
    if (error == nullptr || !error->contains("message")) return false;
    words.message = texts_of(error->at("message"));
    for (std::string_view const name : {"code", "type"})
        if (auto const* const code = error->if_contains(name); code != nullptr && words.code.empty())
            words.code = capped(texts_of(*code), max_server_code);
    return true;
}

/// Returns the place of a validation error: `body.name`, `query.rows.0`.
inline std::string place_of(json::array const& path)
{
    std::string out;
    for (auto const& step : path) {
        if (!out.empty()) out += '.';
        out += step.is_int64() ? std::to_string(step.get_int64()) : texts_of(step);
        if (out.size() > max_server_message) break;
    }
    return out;
}

/// Reads FastAPI's validation errors: `[{"loc":["body","name"],"msg","type","input"}]`. The input is the
/// caller's, may be a secret, and is left out. Returns false for another form.
inline bool read_validation_errors(error_words& words, json::value const& detail)
{
    auto const* const list = detail.if_array();
    if (list == nullptr || list->empty()) return false;
    std::string message;
    for (auto const& element : *list) {
        auto const* const one = element.if_object();
        auto const* const path = one == nullptr ? nullptr : one->if_contains("loc");
        if (path == nullptr || !path->is_array() || !one->contains("msg")) return false;
        if (message.size() > max_server_message) continue;
        message +=
            (message.empty() ? "" : "; ") + place_of(path->get_array()) + ": " + texts_of(one->at("msg"));
    }
    words.message = std::move(message);
    auto const* const type = list->front().get_object().if_contains("type");
    if (type != nullptr && words.code.empty()) words.code = capped(texts_of(*type), max_server_code);
    return true;
}

/// Returns false for an empty value, zero, `false` and null.
inline bool is_set(json::value const& value)
{
    if (value.is_bool()) return value.get_bool();
    if (value.is_number()) return value.to_number<double>() != 0;
    return !texts_of(value).empty();
}

/// Returns true if a field begins with `otp` and is set, or if a code or a field's name is a word with that
/// prefix. Searches all levels: frameworks nest both. `is_code` is true for the value of a code.
inline bool names_one_time_password(json::value const& value, bool is_code = false)
{
    auto const begins = [](std::string_view text) { return equals_ignoring_case(text.substr(0, 3), "otp"); };
    if (auto const* const list = value.if_array())
        return std::any_of(list->begin(), list->end(),
                           [&](auto const& element) { return names_one_time_password(element, is_code); });
    if (auto const* const text = value.if_string())
        return is_code && begins(*text) && std::string_view(*text).find(' ') == std::string_view::npos;
    auto const* const object = value.if_object();
    if (object == nullptr) return false;
    return std::any_of(object->begin(), object->end(), [&](auto const& member) {
        if (begins(member.key())) return is_set(member.value());
        return names_one_time_password(member.value(), is_code_name(member.key()));
    });
}

inline error_words read_json_words(json::value const& value)
{
    error_words words;
    words.one_time_password = names_one_time_password(value);
    auto const* const object = value.if_object();
    if (object == nullptr) {
        words.message = texts_of(value);
        return words;
    }
    if (auto const* const code = object->if_contains("code"); code != nullptr && !code->is_object())
        words.code = capped(texts_of(*code), max_server_code);
    auto const* const detail = object->if_contains("detail");
    auto const* const text = object->if_contains("msg");
    words.from_region = detail != nullptr || text != nullptr;
    if (detail != nullptr) {
        if (!read_validation_errors(words, *detail)) words.message = texts_of(*detail);
    } else if (text != nullptr) {
        words.message = texts_of(*text);
        auto const* const details = object->if_contains("details");
        auto const more = details == nullptr ? std::string() : texts_of(*details);
        if (!more.empty()) words.message += (words.message.empty() ? "" : ": ") + more;
    } else if (!read_nested_error(words, *object)) {
        read_fields(words, *object);
    }
    return words;
}

/// Returns the first line that is not blank, runs of white space as one space. The tags of a page count as
/// white space.
inline std::string first_line(std::string_view text, bool is_page)
{
    std::string line;
    bool in_tag = false;
    for (char const c : text) {
        bool const ends_line = c == '\r' || c == '\n';
        if (ends_line && !in_tag && !line.empty()) break;
        if (is_page && c == '<') in_tag = true;
        if (in_tag || std::string_view(" \t\r\n").find(c) != std::string_view::npos) {
            if (!line.empty() && !line.ends_with(' ')) line += ' ';
        } else {
            line += c;
        }
        if (c == '>') in_tag = false;
    }
    if (line.ends_with(' ')) line.pop_back();
    return line;
}

/// Returns the title of a page or its first line of text; of plain text the first line.
inline std::string page_words(std::string_view page)
{
    page = page.substr(0, 16 * 1024);
    page.remove_prefix(std::min(page.find_first_not_of(" \t\r\n"), page.size()));
    // Invalid JSON may contain anything, including a token.
    if (page.empty() || page.front() == '{' || page.front() == '[' || page.front() == '"') return {};
    if (page.front() != '<') return first_line(page, false);
    std::string lower(page);
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    if (auto const title = lower.find("<title"); title != std::string::npos)
        if (auto const end = lower.find("</title", title); end != std::string::npos)
            if (auto words = first_line(page.substr(title, end - title), true); !words.empty()) return words;
    auto const body = lower.find("<body");
    return first_line(page.substr(body == std::string::npos ? 0 : body), true);
}

/// Reads the error formats of the region and of servers in front of it.
inline error_words read_error_body(std::string_view body)
{
    error_words words;
    boost::system::error_code not_json;
    std::optional<json::value> parsed;
    if (body.size() <= 1024 * 1024) parsed = find_json(body, not_json);
    if (parsed)
        words = read_json_words(*parsed);
    else
        words.message = page_words(body);
    words.message = capped(words.message, max_server_message);
    return words;
}

/// The statuses that have an error of their own; the others have that of their class.
inline constexpr std::pair<unsigned, errc> status_errcs[] = {
    {401, errc::unauthorized},  {403, errc::forbidden},         {404, errc::not_found},
    {407, errc::proxy_refused}, {429, errc::too_many_requests}, {408, errc::unavailable},
    {425, errc::unavailable},   {502, errc::unavailable},       {503, errc::unavailable},
    {504, errc::unavailable},
};

inline errc status_errc(unsigned status) noexcept
{
    for (auto const& [known, code] : status_errcs)
        if (status == known) return code;
    switch (status / 100) {
    case 3: return errc::redirected;
    case 4: return errc::bad_request;
    case 5: return errc::server_error;
    default: return errc::unexpected_status;
    }
}

/// The codes and types of OpenAI's errors and of services that are shaped like it, as lower-case letters.
/// They stand for a status where the response has none.
inline constexpr std::pair<std::string_view, errc> word_errcs[] = {
    {"ratelimitexceeded", errc::too_many_requests},
    {"ratelimiterror", errc::too_many_requests},
    // Sent with the status 429, but waiting does not help.
    {"insufficientquota", errc::forbidden},
    {"servererror", errc::server_error},
    {"internalerror", errc::server_error},
    {"internalservererror", errc::server_error},
    {"overloadederror", errc::unavailable},
    {"engineoverloaded", errc::unavailable},
    {"slowdown", errc::unavailable},
    {"serviceunavailable", errc::unavailable},
    {"serviceunavailableerror", errc::unavailable},
    {"timeout", errc::unavailable},
    {"contextlengthexceeded", errc::bad_request},
    {"contextwindowexceedederror", errc::bad_request},
    {"invalidrequesterror", errc::bad_request},
    {"badrequesterror", errc::bad_request},
    {"contentfilter", errc::bad_request},
    {"contentpolicyviolation", errc::bad_request},
    {"invalidapikey", errc::unauthorized},
    {"authenticationerror", errc::unauthorized},
    {"permissionerror", errc::forbidden},
    {"permissiondenied", errc::forbidden},
    {"permissiondeniederror", errc::forbidden},
    {"modelnotfound", errc::not_found},
    {"notfounderror", errc::not_found},
};

/// Returns the error that a word stands for, such as `rate_limit_exceeded` or `RateLimitError`.
inline std::optional<errc> errc_of_code(std::string_view code)
{
    std::string letters;
    for (char const c : code.substr(0, max_server_code))
        if (c != '_') letters += to_lower(c);
    for (auto const& [word, means] : word_errcs)
        if (letters == word) return means;
    return std::nullopt;
}

inline bool is_success(unsigned status) noexcept
{
    return status >= 200 && status < 300;
}

/// Returns true if the response to a login asks for a one-time password.
inline bool is_challenge(unsigned status, error_words const& words) noexcept
{
    return words.one_time_password && (status == 400 || status == 401);
}

/// Returns the error for an unsuccessful response.
inline error_info info_of(response const& answer, error_words words)
{
    error_info info;
    info.code = status_errc(answer.status);
    info.status = answer.status;
    info.server_message = std::move(words.message);
    info.server_code = std::move(words.code);
    return info;
}

/// Adds the target of a redirect, without query and fragment.
inline void describe_redirect(error_info& info, request const& r, response const& answer)
{
    std::string_view const location = answer.location;
    if (location.empty()) return;
    info.server_message =
        "to " + capped(location.substr(0, location.find_first_of("?#")), max_server_message);
    if (!r.where.secure() && equals_ignoring_case(location.substr(0, 8), "https://"))
        info.message = "the location is https; what was sent to this url has gone out in clear";
}

/// Returns the error for an unsuccessful response to `r`. Login requests have their own error codes.
inline error_info info_of(request const& r, response const& answer)
{
    auto words = read_error_body(answer.body);
    bool const challenge = is_challenge(answer.status, words);
    bool const from_region = words.from_region;
    auto info = info_of(answer, std::move(words));
    if (info.code == errc::redirected) describe_redirect(info, r, answer);
    if (!r.secret_body || r.authorized != authorization::none) return info;
    if (challenge)
        info.code = errc::one_time_password_required;
    else if (from_region && (answer.status == 401 || answer.status == 403))
        info.code = errc::login_refused;
    return info;
}

/// Returns true if the region itself certainly refused a token. A proxy's 401 or 403 must not log the user
/// out.
inline bool is_refused(response const& answer)
{
    if (answer.status != 401 && answer.status != 403) return false;
    auto const words = read_error_body(answer.body);
    return words.from_region && (answer.status == 401 || words.code == "token_not_valid");
}

/// Describes the received content for `errc::not_json`.
inline void describe_other_than_json(error_info& info, response const& answer)
{
    info.message = answer.content_type.empty() ? "it has no content type" : "its content type is another";
    if (answer.content_type.starts_with("application/json")) info.message = "though it says so";
    // A page may identify its server; any other text may be a token.
    if (answer.body.starts_with('<')) info.server_message = read_error_body(answer.body).message;
}

}}} // namespace practicus::v1::detail
