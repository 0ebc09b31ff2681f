// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace practicus::inline v1::detail {

/// Takes values in any order, gives them out in the order of their sequence numbers. T needs only to be
/// movable; all is amortised O(1).
///
/// It keeps a place for each number between the first that is missing and the last that came: who puts values
/// in has to bound that distance, by how much is in flight, say.
///
/// Thread safety: none.
template <class T>
class in_order
{
public:
    /// `first` is the number of the value that is given out first.
    explicit in_order(std::uint64_t first = 0) noexcept : expected_(first) {}

    /// Each number once, none before the first; in any order. If it throws (no memory), nothing was put.
    void put(std::uint64_t sequence, T value)
    {
        BOOST_ASSERT(sequence >= expected_);
        auto const place = static_cast<std::size_t>(sequence - expected_);
        if (place >= values_.size()) values_.resize(place + 1);
        BOOST_ASSERT(!values_[place]);
        values_[place].emplace(std::move(value));
        ++waiting_;
    }

    /// The value numbered `expected()`, if it came.
    std::optional<T> next()
    {
        std::optional<T> result;
        if (values_.empty() || !values_.front()) return result;
        result = std::move(values_.front());
        values_.pop_front();
        ++expected_;
        --waiting_;
        return result;
    }

    /// How many values were put and not taken.
    std::size_t waiting() const noexcept { return waiting_; }

    /// The number of the value that is given out next.
    std::uint64_t expected() const noexcept { return expected_; }

private:
    std::deque<std::optional<T>> values_; ///< The first is numbered `expected_`.
    std::uint64_t expected_;
    std::size_t waiting_ = 0;
};

} // namespace practicus::inline v1::detail
