// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <atomic>
#include <cstdint>

namespace practicus { inline namespace v1 { namespace detail {

/// When something was used last, in periods of about 17 s: fine enough to tell what is used least, and
/// coarse enough that who uses something often seldom writes it.
using use_period = std::uint32_t;

inline use_period use_period_of(time_point now) noexcept
{
    return static_cast<use_period>(now.time_since_epoch().count() >> 34);
}

/// When something was used last, by any thread: told without a lock, about once in 17 s by each.
class shared_use
{
public:
    explicit shared_use(use_period last = 0) noexcept : last_(last) {}

    void touch(use_period period) noexcept { last_.store(period, std::memory_order_relaxed); }
    use_period last() const noexcept { return last_.load(std::memory_order_relaxed); }

private:
    std::atomic<use_period> last_;
};

}}} // namespace practicus::v1::detail
