// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/pool/pool_node.hpp>
#include <practicus/detail/pool/pool_state.hpp>

#include <cstdint>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The invariants of `pool_state`.
class pool_state_check
{
public:
    /// Returns the first violated one, or null.
    static char const* of(pool_state const& s) noexcept
    {
        auto const* const wrong = counts(s);
        return wrong != nullptr ? wrong : lists(s);
    }

private:
    static char const* counts(pool_state const& s) noexcept
    {
        if (s.open_ > s.max_ || s.connecting_ > s.max_ - s.open_) return "more connections than the limit";
        if (s.idle_.size() > s.open_) return "more idle than open";
        if (!s.any_.empty() && !s.idle_.empty()) return "a waiter beside an idle connection";
        if (s.waiting() > s.connecting_ && !s.idle_.empty())
            return "a fresh waiter beside an idle connection, no connect";
        if (s.waiting() > s.connecting_ && s.open_ + s.connecting_ < s.max_)
            return "a waiter beside free room, no connect";
        if (s.shut_ && (s.waiting() != 0 || !s.idle_.empty())) return "shut down, but not empty";
        return nullptr;
    }

    static char const* lists(pool_state const& s) noexcept
    {
        for (auto const& c : s.idle_)
            if (c.place_ != pool_connection::place::idle || !c.reused_)
                return "not idle, but in the idle list";
        for (auto const* queue : {&s.any_, &s.fresh_}) {
            std::uint64_t ticket = 0;
            for (auto const& w : *queue) {
                if (w.state_ != pool_wait::waiting || w.connection_) return "not waiting, but in the queue";
                if (w.fresh_ != (queue == &s.fresh_)) return "in the wrong queue";
                if (std::exchange(ticket, w.ticket_) >= w.ticket_) return "out of order";
            }
        }
        return nullptr;
    }
};

}}} // namespace practicus::v1::detail
