// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <atomic>
#include <cstdint>

namespace practicus { inline namespace v1 { namespace detail {

/// A time of last use in periods of about 17 s. Fine enough to find the least recently used entry; coarse
/// enough that frequent users seldom write it.
using last_use_period = std::uint32_t;

inline last_use_period last_use_period_of(time_point now) noexcept
{
    return static_cast<last_use_period>(now.time_since_epoch().count() >> 34);
}

/// The last use of an entry by any thread, recorded without a lock. Each thread writes it about once in 17 s.
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
