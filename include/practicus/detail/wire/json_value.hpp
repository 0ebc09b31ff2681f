// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>

#include <boost/json/kind.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

namespace json = boost::json;

inline std::string_view kind_name(json::kind kind) noexcept
{
    switch (kind) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
    default: return "a number";
    }
}

/// Returns the message of an `errc::unexpected_json`: the place (empty for the response itself), the problem,
/// and the received type, if any.
inline std::string json_complaint(std::string_view place, std::string_view why,
                                  std::optional<json::kind> came)
{
    std::string text = place.empty() ? "the response" : '\'' + std::string(place) + '\'';
    text.append(" ").append(why);
    if (came) text.append(", but ").append(kind_name(*came));
    return text;
}

/// Appends text as the content of a JSON string.
template <class Out>
void append_json_letters(Out& out, std::string_view text)
{
    constexpr char hex[] = "0123456789abcdef";
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            char const escaped[] = {'\\', c};
            out.append(std::string_view(escaped, 2));
        } else if (is_control(c)) {
            char const escaped[] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
            out.append(std::string_view(escaped, 6));
        } else {
            out.append(std::string_view(&c, 1));
        }
    }
}

/// Returns the shortest text that parses to the same number.
inline std::string number_text(double number)
{
    std::array<char, 32> text;
    auto const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return std::string(text.data(), end);
}

/// Converts a number with a zero fraction, up to 2^53, to an integer.
inline std::optional<std::int64_t> whole_number(double number) noexcept
{
    constexpr double limit = 9007199254740992.0;
    if (!(number >= -limit && number <= limit)) return std::nullopt;
    auto const whole = static_cast<std::int64_t>(number);
    return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
}

/// The maximum depth of nesting.
inline constexpr std::size_t max_json_depth = 32;

struct wiped_bytes
{
    std::array<unsigned char, 2048> all;

    ~wiped_bytes() { wipe(all.data(), all.size()); }
};

[[noreturn]] inline void throw_not_json(boost::system::error_code const& cause)
{
    error_info info;
    info.code = errc::not_json;
    info.cause = cause;
    throw error(std::move(info));
}

/// Returns nothing and sets `code` if the text is not JSON.
inline std::optional<json::value> find_json(std::string_view text, boost::system::error_code& code)
{
    // For data that is not yet part of the value.
    wiped_bytes scratch;
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::parser parser({}, options, scratch.all.data(), scratch.all.size());
    parser.write(text, code);
    if (code) return std::nullopt;
    return parser.release();
}

/// Throws `errc::not_json`.
inline json::value parse_json(std::string_view text)
{
    boost::system::error_code code;
    auto found = find_json(text, code);
    if (!found) throw_not_json(code);
    return std::move(*found);
}

}}} // namespace practicus::v1::detail
