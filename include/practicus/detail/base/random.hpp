// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <atomic>
#include <cstdint>
#include <random>

namespace practicus { inline namespace v1 { namespace detail {

/// Numbers from U(0, 1) for jitter. Predictable, so not for secrets. Thread safety: full.
class random_source
{
public:
    double next() noexcept
    {
        auto const fixed = fixed_.load(std::memory_order_relaxed);
        if (fixed >= 0) return fixed;
        // SplitMix64 over a shared counter: any two calls get different numbers, on all threads.
        auto z = state_.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
    }

    /// Makes all calls return this number. For tests.
    void fix(double value) noexcept { fixed_.store(value, std::memory_order_relaxed); }

private:
    static std::uint64_t seed()
    {
        std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32) ^ device();
    }

    std::atomic<std::uint64_t> state_{seed()};
    std::atomic<double> fixed_{-1};
};

}}} // namespace practicus::v1::detail
