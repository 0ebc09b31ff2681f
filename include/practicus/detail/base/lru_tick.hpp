// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <atomic>
#include <cstdint>

namespace practicus { inline namespace v1 { namespace detail {

/// When something was used last, in periods of about 17 s: fine enough to tell what is used least, and
/// coarse enough that who uses something often seldom writes it.
using last_use_period = std::uint32_t;

inline last_use_period last_use_period_of(time_point now) noexcept
{
    return static_cast<last_use_period>(now.time_since_epoch().count() >> 34);
}

/// When something was used last, by any thread: told without a lock, about once in 17 s by each.
class lru_tick
{
public:
    explicit lru_tick(last_use_period last = 0) noexcept : last_(last) {}

    void touch(last_use_period period) noexcept { last_.store(period, std::memory_order_relaxed); }
    last_use_period last() const noexcept { return last_.load(std::memory_order_relaxed); }

private:
    std::atomic<last_use_period> last_;
};

}}} // namespace practicus::v1::detail
