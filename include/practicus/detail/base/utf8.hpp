// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

/// Untrusted text, made safe for a terminal.
namespace practicus { inline namespace v1 { namespace detail {

inline constexpr char32_t replacement_character = 0xfffd;

/// One code point and its bytes. Each byte of invalid UTF-8 (overlong forms and surrogates included) becomes
/// one U+FFFD.
struct code_point
{
    char32_t value;
    std::string_view bytes;
};

/// Removes the first code point from a text that is not empty.
inline code_point next_code_point(std::string_view& text) noexcept
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const take = [&](char32_t value, std::size_t size) {
        code_point const result{value, text.substr(0, size)};
        text.remove_prefix(size);
        return result;
    };
    auto const first = byte(0);
    if (first < 0x80) return take(first, 1);
    std::size_t const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    char32_t value = first & (0x7fU >> size);
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return take(replacement_character, 1);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return take(replacement_character, 1);
        value = value << 6 | (byte(i) & 0x3fU);
    }
    bool const sound = value >= smallest[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    return sound ? take(value, size) : take(replacement_character, 1);
}

struct code_point_range
{
    char32_t first;
    char32_t last;
};

/// `ranges` must be sorted.
template <std::size_t N>
constexpr bool is_in(std::array<code_point_range, N> const& ranges, char32_t c) noexcept
{
    auto const after =
        std::upper_bound(ranges.begin(), ranges.end(), c,
                         [](char32_t value, code_point_range const& r) { return value < r.first; });
    return after != ranges.begin() && c <= std::prev(after)->last;
}

/// Returns true for a character that could control a terminal, break a line or change the display order.
/// These are C0, DEL, C1, line and paragraph separators, and bidirectional marks.
constexpr bool is_terminal_control(char32_t c) noexcept
{
    constexpr std::array<code_point_range, 6> ranges{
        {{0x00, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x206f}}};
    return is_in(ranges, c);
}

/// Returns the terminal columns: 0 for combining marks, 2 for East Asian wide letters and emoji, else 1. Only
/// the large Unicode blocks are known, to avoid a dependency: a rare letter may shift its row by one.
constexpr std::size_t column_width(char32_t c) noexcept
{
    constexpr std::array<code_point_range, 9> joining{{{0x300, 0x36f},
                                                       {0x591, 0x5bd},
                                                       {0x64b, 0x65f},
                                                       {0x1ab0, 0x1aff},
                                                       {0x1dc0, 0x1dff},
                                                       {0x200b, 0x200d},
                                                       {0x20d0, 0x20ff},
                                                       {0xfe00, 0xfe0f},
                                                       {0xfe20, 0xfe2f}}};
    constexpr std::array<code_point_range, 10> wide{{{0x1100, 0x115f},
                                                     {0x2e80, 0x303e},
                                                     {0x3041, 0xa4cf},
                                                     {0xac00, 0xd7a3},
                                                     {0xf900, 0xfaff},
                                                     {0xfe30, 0xfe6f},
                                                     {0xff00, 0xff60},
                                                     {0xffe0, 0xffe6},
                                                     {0x1f300, 0x1faff},
                                                     {0x20000, 0x3fffd}}};
    return is_in(joining, c) ? 0 : is_in(wide, c) ? 2 : 1;
}

/// Returns the terminal columns of a text.
inline std::size_t text_width(std::string_view text) noexcept
{
    std::size_t width = 0;
    while (!text.empty())
        width += column_width(next_code_point(text).value);
    return width;
}

/// Returns a text of one line that is safe for a terminal: control characters become spaces, invalid bytes
/// U+FFFD.
inline std::string one_line(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const c = next_code_point(text);
        if (is_terminal_control(c.value))
            out += ' ';
        else if (c.value == replacement_character)
            out += "\xef\xbf\xbd";
        else
            out += c.bytes;
    }
    return out;
}

/// Truncates a text to `width` columns, ending in an ellipsis.
inline std::string shortened(std::string_view text, std::size_t width)
{
    if (text_width(text) <= width) return std::string(text);
    std::string out;
    std::size_t used = 1;
    while (true) {
        auto const c = next_code_point(text);
        used += column_width(c.value);
        if (used > width) return out + "\xe2\x80\xa6";
        out += c.bytes;
    }
}

}}} // namespace practicus::v1::detail
