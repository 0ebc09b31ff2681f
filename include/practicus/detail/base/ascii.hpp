// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/url/grammar/ci_string.hpp>

#include <algorithm>
#include <string>
#include <string_view>

/// Locale-independent character classification.
namespace practicus { inline namespace v1 { namespace detail {

constexpr bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Returns true for ASCII except spaces and control characters.
constexpr bool is_visible(char c) noexcept
{
    return c > 0x20 && c < 0x7f;
}

constexpr bool all_visible(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c); });
}

constexpr bool has_control(std::string_view text) noexcept
{
    return std::any_of(text.begin(), text.end(), is_control);
}

constexpr bool is_digits(std::string_view text) noexcept
{
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A `tchar` of RFC 9110 section 5.6.2.
constexpr bool is_token_character(char c) noexcept
{
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

/// Removes white space from both ends, which files with secrets often have.
constexpr std::string_view trimmed(std::string_view text) noexcept
{
    constexpr std::string_view space = " \t\r\n";
    auto const first = text.find_first_not_of(space);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Removes one line end from the end. Spaces stay: they may belong to a password.
constexpr std::string_view without_line_end(std::string_view text) noexcept
{
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

using boost::urls::grammar::to_lower;

inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return boost::urls::grammar::ci_is_equal(a, b);
}

/// Appends a byte as two hexadecimal digits.
inline void append_hex(std::string& out, char byte, std::string_view digits = "0123456789abcdef")
{
    out += digits[static_cast<unsigned char>(byte) >> 4];
    out += digits[byte & 15];
}

}}} // namespace practicus::v1::detail
