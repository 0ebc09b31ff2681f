// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <string_view>

/// While it lives, looks for a text in all memory that this thread frees, at the moment of its freeing. One
/// at a time. The text itself must not be freed meanwhile; it may be a literal.
class freed_memory
{
public:
    /// `block` is watched as well: memory that was got from `new`.
    explicit freed_memory(std::string_view text, void const* block = nullptr) noexcept;
    freed_memory(freed_memory const&) = delete;
    freed_memory& operator=(freed_memory const&) = delete;
    ~freed_memory();

    /// Returns the number of freed blocks.
    int blocks() const noexcept;

    /// Returns the number of those that still held the text.
    int found() const noexcept;

    /// Returns true if the block was freed.
    bool block_freed() const noexcept;
};

/// While it lives, the allocation number `which` of this thread, from 0 on, is refused with `std::bad_alloc`.
/// One at a time.
class refused_memory
{
public:
    explicit refused_memory(int which) noexcept;
    refused_memory(refused_memory const&) = delete;
    refused_memory& operator=(refused_memory const&) = delete;
    ~refused_memory();

    /// Returns true if it was reached.
    bool happened() const noexcept;
};

/// Returns true if `f` asks for memory. The first that it asks for is refused: what is noexcept ends there.
template <class F>
bool asks_for_memory(F f)
{
    refused_memory const memory(0);
    f();
    return memory.happened();
}
