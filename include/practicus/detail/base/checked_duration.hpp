// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the duration, at most a year: `duration::max()` would overflow when added to a point in time.
/// Throws `errc::invalid_argument` if it is negative.
inline std::chrono::milliseconds checked_duration(std::string_view field, std::chrono::milliseconds value)
{
    if (value.count() < 0) throw error(errc::invalid_argument, std::string(field) + " must not be negative");
    return std::min<std::chrono::milliseconds>(value, std::chrono::hours(24 * 365));
}

}}} // namespace practicus::v1::detail
