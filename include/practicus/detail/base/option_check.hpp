// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/error.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Checks the members of one type. Throws `errc::invalid_argument`, which names the member and quotes nothing
/// of it.
struct option_check
{
    /// The name of the type.
    std::string_view type;

    std::string name(std::string_view member) const { return std::string(type).append("::").append(member); }

    /// `text` is the member and what it must be.
    void require(bool valid, std::string_view text) const
    {
        if (!valid) throw error(errc::invalid_argument, name(text));
    }

    template <class T>
    void not_zero(std::string_view member, T value) const
    {
        if (value == T()) throw error(errc::invalid_argument, name(member).append(" must not be zero"));
    }

    /// Returns a duration as `checked_duration` does.
    std::chrono::milliseconds clamped(std::string_view member, std::chrono::milliseconds value) const
    {
        return checked_duration(name(member), value);
    }
};

}}} // namespace practicus::v1::detail
