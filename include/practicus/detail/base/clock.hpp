// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace practicus { inline namespace v1 { namespace detail {

/// A point of the monotonic clock. Decision code takes it as an argument and never reads the clock.
using time_point = std::chrono::steady_clock::time_point;

/// The only time source of a client: real, or simulated by a test. Thread safety: full.
class clock
{
public:
    time_point now() const noexcept
    {
        auto const set = simulated_.load(std::memory_order_relaxed);
        if (set != real) return time_point(std::chrono::nanoseconds(set));
#if defined(CLOCK_MONOTONIC_COARSE)
        // 3 ns instead of 22; a resolution of 4 ms suffices for limits of milliseconds to hours.
        timespec ts;
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
        return time_point(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
#else
        return std::chrono::steady_clock::now();
#endif
    }

    /// Returns the time in nanosecond resolution, for reported figures.
    time_point precise_now() const noexcept
    {
        auto const set = simulated_.load(std::memory_order_relaxed);
        return set != real ? time_point(std::chrono::nanoseconds(set)) : std::chrono::steady_clock::now();
    }

    std::chrono::system_clock::time_point system_now() const noexcept
    {
        auto const set = simulated_.load(std::memory_order_relaxed);
        if (set == real) return std::chrono::system_clock::now();
        auto const since = std::chrono::nanoseconds(set + system_offset_.load(std::memory_order_relaxed));
        return std::chrono::system_clock::time_point(
            std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
    }

    /// Returns whole seconds, the resolution of tokens and of `Date`.
    std::chrono::sys_seconds system_seconds() const noexcept
    {
        return std::chrono::floor<std::chrono::seconds>(system_now());
    }

    /// Stops the clock at these points; afterwards only `advance` moves it.
    void simulate(time_point steady, std::chrono::system_clock::time_point system) noexcept
    {
        auto const steady_ns = nanoseconds(steady.time_since_epoch());
        system_offset_.store(nanoseconds(system.time_since_epoch()) - steady_ns, std::memory_order_relaxed);
        simulated_.store(steady_ns, std::memory_order_relaxed);
    }

    /// Moves simulated time. The first call starts the simulation at the present time if `simulate` was not
    /// called.
    void advance(std::chrono::nanoseconds by) noexcept
    {
        if (simulated_.load(std::memory_order_relaxed) == real)
            simulate(std::chrono::steady_clock::now(), std::chrono::system_clock::now());
        simulated_.fetch_add(by.count(), std::memory_order_relaxed);
    }

private:
    static constexpr std::int64_t real = INT64_MIN;

    template <class Duration>
    static std::int64_t nanoseconds(Duration d) noexcept
    {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
    }

    std::atomic<std::int64_t> simulated_{real};
    std::atomic<std::int64_t> system_offset_{0};
};

}}} // namespace practicus::v1::detail
