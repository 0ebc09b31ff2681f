// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "measure.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

// Counts what the program allocates. One branch while nobody wants to know.

namespace {

void* take(std::size_t size)
{
    auto* const p = std::malloc(size);
    if (p == nullptr) throw std::bad_alloc();
    using bench::allocations;
    if (allocations::counting) {
        ++allocations::count;
        allocations::bytes += static_cast<std::int64_t>(::malloc_usable_size(p));
        if (allocations::bytes > allocations::peak) allocations::peak = allocations::bytes;
    }
    return p;
}

void give(void* p) noexcept
{
    if (bench::allocations::counting && p != nullptr)
        bench::allocations::bytes -= static_cast<std::int64_t>(::malloc_usable_size(p));
    std::free(p);
}

} // namespace

void* operator new(std::size_t size)
{
    return take(size);
}

void operator delete(void* p) noexcept
{
    give(p);
}

void operator delete(void* p, std::size_t) noexcept
{
    give(p);
}

std::size_t bench::resident()
{
    auto* const file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr) return 0;
    long all = 0, pages = 0;
    auto const read = std::fscanf(file, "%ld %ld", &all, &pages);
    std::fclose(file);
    return read == 2 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))
                     : 0;
}

void bench::raise_descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}
