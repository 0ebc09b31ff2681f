// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "measure.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Counts all allocations of the program: `new`, Asio's aligned blocks, OpenSSL. (glibc allows a program its
// own malloc, and has the original one under another name.) Costs one branch while not counting.

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

using bench::allocations;

void* taken(void* p) noexcept
{
    if (!allocations::counting || p == nullptr) return p;
    ++allocations::count;
    allocations::bytes += static_cast<std::int64_t>(::malloc_usable_size(p));
    if (allocations::bytes > allocations::peak) allocations::peak = allocations::bytes;
    return p;
}

void given(void* p) noexcept
{
    if (allocations::counting && p != nullptr)
        allocations::bytes -= static_cast<std::int64_t>(::malloc_usable_size(p));
}

} // namespace

extern "C" {

void* malloc(std::size_t size)
{
    return taken(__libc_malloc(size));
}

void* calloc(std::size_t count, std::size_t size)
{
    return taken(__libc_calloc(count, size));
}

void* realloc(void* p, std::size_t size)
{
    given(p);
    return taken(__libc_realloc(p, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    return taken(__libc_memalign(alignment, size));
}

void free(void* p)
{
    given(p);
    __libc_free(p);
}
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
