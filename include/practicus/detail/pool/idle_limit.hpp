// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <algorithm>
#include <chrono>

namespace practicus { inline namespace v1 { namespace detail {

/// The idle limit of an origin's connections: the option's limit, or 0.8 of the idle age of a stale hit.
/// (A stale hit below 500 ms indicates a restart rather than a limit.)
///
/// A learned limit doubles after each quiet `recovery`. A restart is thus forgotten; a server that really
/// closes early costs one stale hit per `recovery`.
class idle_limit
{
public:
    using duration = std::chrono::nanoseconds;

    idle_limit(duration longest, duration recovery) noexcept
        : longest_(longest), recovery_(recovery), present_(longest)
    {}

    /// `duration::max()` means none.
    duration present() const noexcept { return present_; }

    /// Records a stale hit.
    void learn(duration idle_age, time_point now) noexcept
    {
        if (idle_age < shortest_telling) return;
        present_ = std::min(present_, idle_age / 5 * 4);
        learned_at_ = now;
    }

    /// Raises a learned limit when it is time.
    void recover(time_point now) noexcept
    {
        if (present_ == longest_ || now - learned_at_ < recovery_) return;
        present_ = present_ > longest_ / 2 ? longest_ : present_ * 2;
        learned_at_ = now;
    }

    /// Returns a shorter time than `timeout`, at about which the server closes.
    static duration below(std::chrono::seconds timeout) noexcept
    {
        using std::chrono::seconds;
        timeout = std::clamp<seconds>(timeout, seconds(0), std::chrono::hours(24 * 365));
        return std::max<duration>(timeout - seconds(1), duration(timeout) / 2);
    }

private:
    static constexpr duration shortest_telling = std::chrono::milliseconds(500);

    duration const longest_;
    duration const recovery_;
    duration present_;
    time_point learned_at_{};
};

}}} // namespace practicus::v1::detail
