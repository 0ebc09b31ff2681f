// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace practicus { inline namespace v1 { namespace detail {

/// The hook of an element of a timing wheel.
using timing_wheel_hook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A hashed timing wheel (Varghese and Lauck 1987): finds the due elements without visiting all of them. A
/// slot holds the elements of one tick, and of the same tick of later rounds. A `Node` derives from
/// `timing_wheel_hook` and leaves by `unlink()`. Thread safety: none.
template <class Node>
class timing_wheel
{
public:
    static constexpr std::size_t slots = 256;
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    /// Times are in the unit of `tick` and greater than 0; their origin is arbitrary.
    explicit timing_wheel(std::int64_t tick) noexcept : tick_(tick) {}

    /// Adds a node that is due at this time, or at the next turn if that has passed.
    void add(Node& node, std::int64_t at) noexcept
    {
        if (at == never)
            endless_.push_back(node);
        else
            slot(std::max(at / tick_, turned_)).push_back(node);
    }

    /// Calls `look(node)` for each node that may be due, and for few others. Time must not go back.
    template <class F>
    void turn(std::int64_t now, F look)
    {
        auto const last = std::max(now / tick_, turned_);
        // Starts with the slot of the last turn: its tick had not ended then.
        auto const first = std::max(turned_, last - static_cast<std::int64_t>(slots) + 1);
        for (auto i = first; i <= last; ++i)
            for (auto& node : slot(i))
                look(node);
        turned_ = last;
    }

    template <class F>
    void for_each(F look)
    {
        for (auto& all : slots_)
            for (auto& node : all)
                look(node);
        for (auto& node : endless_)
            look(node);
    }

private:
    using list = boost::intrusive::list<Node, boost::intrusive::constant_time_size<false>>;

    list& slot(std::int64_t tick) noexcept { return slots_[static_cast<std::size_t>(tick) % slots]; }

    std::int64_t tick_;
    std::int64_t turned_ = 0;
    std::array<list, slots> slots_;
    list endless_;
};

}}} // namespace practicus::v1::detail
