// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>

/// Returns true inside a function of Asio that does not survive a refusal.
bool in_mortal_asio() noexcept;

/// Refuses memory to one thread: of its allocations while a `scope` lives, `count` fail from the one numbered
/// `first` (from 0).
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

    /// Nothing fails any more.
    void end() noexcept { count_ = 0; }

    /// Returns true if the first that shall fail has come.
    bool has_begun() const noexcept { return begun_; }

    /// More refusals than any operation meets which gives its thread back: it goes round in circles.
    bool is_endless() const noexcept { return refused_ == most; }

    /// Where memory is refused. One at a time in a thread.
    class scope
    {
    public:
        explicit scope(refusal& r) noexcept;
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope();
    };

    /// What Asio does not survive is not refused.
    bool spares_asio = true;

    /// Counts an allocation. Returns true if it shall fail.
    bool refuses() noexcept;

private:
    static constexpr std::size_t most = 5'000;

    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t calls_ = 0;
    std::size_t refused_ = 0;
    bool begun_ = false;
};
