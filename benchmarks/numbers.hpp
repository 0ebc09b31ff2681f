// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace bench {

/// Nothing, unless the whole text is one.
template <class Number>
std::optional<Number> to_number(std::string_view text)
{
    Number result{};
    auto const* const end = text.data() + text.size();
    auto const [stop, code] = std::from_chars(text.data(), end, result);
    if (code != std::errc() || stop != end) return std::nullopt;
    return result;
}

} // namespace bench
