// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/detail/pool/pool_state.hpp>

#include "catch.hpp"
#include "unit/pool/pool_state_check.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace pool_test {

using namespace practicus::detail;
using namespace std::chrono_literals;

struct connection : pool_connection
{};

struct waiter : pool_waiter
{};

inline practicus::pool_options with_connections(std::size_t n)
{
    practicus::pool_options limits;
    limits.max_connections = n;
    return limits;
}

// A driver that only takes notes. Each event is followed by the invariants.
struct fixture
{
    explicit fixture(practicus::pool_options limits = {}) : pool(limits) {}

    std::deque<connection> connections; // outlive the pool
    std::deque<waiter> waiters;
    pool_state pool;
    time_point now{1h};
    std::size_t connects = 0;
    std::vector<pool_connection*> closed;
    pool_waiter* woken = nullptr;

    void perform(pool_actions actions)
    {
        woken = actions.wake;
        connects += actions.connect ? 1 : 0;
        closed.clear();
        for (; !actions.close.empty(); actions.close.pop_front())
            closed.push_back(&actions.close.front());
        CHECK(pool_state_check::of(pool) == nullptr);
    }

    waiter& new_waiter() { return waiters.emplace_back(); }

    // Returns the connection that the waiter gets at once, or null.
    pool_connection* ask(waiter& w, bool fresh = false)
    {
        perform(pool.ask(w, now, fresh));
        CHECK((w.state() != pool_wait::waiting) == (woken == &w));
        return w.state() == pool_wait::served ? pool.picked_up(w) : nullptr;
    }

    // A waiter.
    waiter& waiting(bool fresh = false)
    {
        auto& w = new_waiter();
        REQUIRE(ask(w, fresh) == nullptr);
        REQUIRE(w.state() == pool_wait::waiting);
        return w;
    }

    connection& connected(double jitter = 0.5)
    {
        auto& c = connections.emplace_back();
        perform(pool.connected(c, now, jitter));
        return c;
    }

    // A connection that is in use.
    connection& leased()
    {
        auto& w = waiting();
        auto& c = connected();
        REQUIRE(woken == &w);
        REQUIRE(pool.picked_up(w) == &c);
        return c;
    }

    void give_back(pool_connection& c, std::optional<std::chrono::seconds> keep_alive = {})
    {
        perform(pool.returned(c, true, now, keep_alive));
    }

    // Connections that became idle one after another, now.
    std::vector<connection*> idle(std::size_t n)
    {
        std::vector<connection*> result;
        while (result.size() < n)
            result.push_back(&leased());
        for (auto* c : result)
            give_back(*c);
        return result;
    }

    // The connection that a request gets at once.
    pool_connection* granted() { return ask(new_waiter()); }
};

using closed_list = std::vector<pool_connection*>;

} // namespace pool_test
