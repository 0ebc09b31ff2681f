// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bench {

/// The allocations of the program, in all threads, while `counting`.
struct allocations
{
    static inline bool counting = false;
    static inline std::uint64_t count = 0;
    /// As the allocator rounds them up.
    static inline std::int64_t bytes = 0;
    static inline std::int64_t peak = 0;

    static void begin() noexcept
    {
        count = 0;
        bytes = peak = 0;
        counting = true;
    }
};

/// User and system time so far.
struct cpu_time
{
    /// Of this thread.
    static cpu_time now() noexcept { return of(RUSAGE_THREAD, CLOCK_THREAD_CPUTIME_ID); }

    /// Of the whole process.
    static cpu_time of_all() noexcept { return of(RUSAGE_SELF, CLOCK_PROCESS_CPUTIME_ID); }

    /// getrusage has the resolution of the kernel's tick, some milliseconds. The clock is exact, but does not
    /// distinguish user from system time.
    static cpu_time of(__rusage_who whom, clockid_t clock) noexcept
    {
        rusage used{};
        ::getrusage(whom, &used);
        timespec all{};
        ::clock_gettime(clock, &all);
        auto const system =
            static_cast<double>(used.ru_stime.tv_sec) * 1e6 + static_cast<double>(used.ru_stime.tv_usec);
        auto const total = static_cast<double>(all.tv_sec) * 1e6 + static_cast<double>(all.tv_nsec) / 1e3;
        return {total - system, system};
    }

    friend cpu_time operator-(cpu_time const& a, cpu_time const& b) noexcept
    {
        return {a.user_us - b.user_us, a.system_us - b.system_us};
    }

    double total_us() const noexcept { return user_us + system_us; }

    double user_us = 0;
    double system_us = 0;
};

/// Bytes that malloc has given out; OpenSSL's too.
inline std::size_t heap_in_use() noexcept
{
    auto const info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// Resident memory of the process, in bytes.
std::size_t resident();

/// Thousands of connections need as many descriptors.
void raise_descriptor_limit();

} // namespace bench
