// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>

/// Returns true inside a function of Asio that does not survive a refusal.
bool in_mortal_asio() noexcept;

/// Makes allocations of one thread fail while a `scope` lives: `count` of them, from number `first` (from 0).
class refusal
{
public:
    refusal(std::size_t first, std::size_t count) noexcept { set(first, count); }
    refusal(refusal const&) = delete;
    refusal& operator=(refusal const&) = delete;

    void set(std::size_t first, std::size_t count) noexcept
    {
        first_ = first;
        count_ = count;
    }

    /// Stops all failures.
    void end() noexcept { count_ = 0; }

    /// Returns true if the first failure was injected.
    bool has_begun() const noexcept { return begun_; }

    /// A bound on failures: an operation that exceeds it is in an endless loop.
    bool is_endless() const noexcept { return refused_ == most; }

    /// The scope in which allocations fail. At most one in each thread.
    class scope
    {
    public:
        explicit scope(refusal& r) noexcept;
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope();
    };

    /// Excludes the functions in which Asio does not survive a failure.
    bool spares_asio = true;

    /// Counts an allocation. Returns true if it must fail.
    bool refuses() noexcept;

private:
    static constexpr std::size_t most = 5'000;

    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t calls_ = 0;
    std::size_t refused_ = 0;
    bool begun_ = false;
};
