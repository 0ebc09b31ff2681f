// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "freed_memory.hpp"

#include "catch.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <malloc.h>

namespace {

thread_local std::string_view wanted;
thread_local int freed = 0, held = 0;
thread_local void const* watched = nullptr;
thread_local bool watched_freed = false;
thread_local int allocations_left = -1;
thread_local bool refused = false;

// Returns true for the one that is to be refused.
bool is_refused() noexcept
{
    if (allocations_left < 0 || allocations_left-- != 0) return false;
    return refused = true;
}

// It comes clean: what another has left in the heap is not to be found in it.
void* allocate(std::size_t size)
{
    if (is_refused()) throw std::bad_alloc();
    void* const p = std::malloc(size == 0 ? 1 : size);
    if (p == nullptr) throw std::bad_alloc();
    std::memset(p, 0, ::malloc_usable_size(p));
    return p;
}

// What is freed as something larger than it is, or smaller, has lost its size: a container was overwritten.
void require_size(void* p, std::size_t size) noexcept
{
    auto const usable = p == nullptr ? size : ::malloc_usable_size(p);
#ifdef __SANITIZE_ADDRESS__
    bool const right = usable == size || size == 0; // here it is what was asked for
#else
    bool const right = usable >= size && usable <= 2 * size + 64;
#endif
    if (!right) {
        std::fprintf(stderr, "%zu bytes are freed as %zu\n", usable, size);
        std::abort();
    }
}

void release(void* p) noexcept
{
    if (p != nullptr && !wanted.empty()) {
        ++freed;
        if (p == watched) watched_freed = true;
        std::string_view const block(static_cast<char const*>(p), ::malloc_usable_size(p));
        if (block.find(wanted) != block.npos) ++held;
    }
    std::free(p);
}

} // namespace

freed_memory::freed_memory(std::string_view text, void const* block) noexcept
{
    watched = block;
    watched_freed = false;
    wanted = text;
    freed = held = 0;
}

freed_memory::~freed_memory()
{
    wanted = {};
}

int freed_memory::blocks() const noexcept
{
    return freed;
}

int freed_memory::found() const noexcept
{
    return held;
}

bool freed_memory::block_freed() const noexcept
{
    return watched_freed;
}

refused_memory::refused_memory(int which) noexcept
{
    allocations_left = which;
    refused = false;
}

refused_memory::~refused_memory()
{
    allocations_left = -1;
}

bool refused_memory::happened() const noexcept
{
    return refused;
}

void* operator new(std::size_t size)
{
    return allocate(size);
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    if (is_refused()) return nullptr;
    return std::malloc(size == 0 ? 1 : size);
}

void* operator new[](std::size_t size)
{
    return allocate(size);
}

void operator delete(void* p) noexcept
{
    release(p);
}

void operator delete(void* p, std::size_t size) noexcept
{
    require_size(p, size);
    release(p);
}

void operator delete[](void* p) noexcept
{
    release(p);
}

void operator delete[](void* p, std::size_t size) noexcept
{
    require_size(p, size);
    release(p);
}

TEST_CASE("freed memory that holds a text is seen")
{
    freed_memory const memory("a text that is looked for");
    {
        std::string const text = "here: a text that is looked for";
        CHECK(memory.found() == 0);
    }
    CHECK(memory.found() == 1);
    {
        std::string text = "here: a text that is looked for";
        text.append(1000, 'x');
        text.assign(text.size(), '\0');
    }
    CHECK(memory.found() == 2); // where it stood before it grew
}
