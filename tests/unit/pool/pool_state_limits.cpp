// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What is too old: idle times, learned and told, and ages.

#include "pool_fixture.hpp"

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

using namespace pool_test;

TEST_CASE("pool_state: an idle connection is good for 60 s")
{
    fixture f;
    auto const c = f.idle(2);
    f.now += 30s;
    REQUIRE(f.granted() == c[1]);
    CHECK(c[1]->idle_age() == 30s);
    f.give_back(*c[1]);
    f.now += 30s - 1ns;
    f.perform(f.pool.sweep(f.now));
    CHECK(f.closed.empty());
    f.now += 1ns;

    SECTION("the timer closes it")
    {
        f.perform(f.pool.sweep(f.now));
        CHECK(f.closed == closed_list{c[0]});
        f.now += 30s;
        f.perform(f.pool.sweep(f.now));
        CHECK(f.closed == closed_list{c[1]});
        CHECK(f.pool.counters().evictions == 2);
    }
    SECTION("the next request closes it, and gets a good one")
    {
        CHECK(f.granted() == c[1]);
        CHECK(f.closed == closed_list{c[0]});
    }
    SECTION("or waits for a connect")
    {
        f.now += 30s;
        CHECK(f.granted() == nullptr);
        CHECK(f.closed == closed_list{c[0], c[1]});
        CHECK(f.pool.counters().connecting == 1);
    }
}

TEST_CASE("pool_state: time that steps back a little harms nothing")
{
    fixture f;
    auto const c = f.idle(1);
    f.now -= 5ms;
    CHECK(f.granted() == c[0]);
    CHECK(c[0]->idle_age() == 0s);
}

TEST_CASE("pool_state: Keep-Alive's timeout shortens the limit to a second less, or half")
{
    struct row
    {
        std::chrono::seconds timeout;
        std::chrono::nanoseconds limit;
    };
    for (auto [timeout, limit] : {row{1s, 500ms}, row{2s, 1s}, row{5s, 4s}, row{60s, 59s}, row{3600s, 60s},
                                  row{std::chrono::seconds::max(), 60s}}) {
        INFO(timeout.count());
        fixture f;
        auto& c = f.leased();
        f.give_back(c, timeout);
        f.now += limit - 1ns;
        f.perform(f.pool.sweep(f.now));
        CHECK(f.closed.empty());
        f.now += 1ns;
        f.perform(f.pool.sweep(f.now));
        CHECK(f.closed == closed_list{&c});
    }
    for (auto timeout :
         {0s, -1s, std::chrono::seconds(std::numeric_limits<std::int64_t>::min() / 1'000'000'000)}) {
        fixture f;
        auto& c = f.leased();
        f.give_back(c, timeout);
        CHECK(f.closed == closed_list{&c});
    }
}

TEST_CASE("pool_state: a server's Keep-Alive timeout stays with its connection")
{
    fixture f;
    auto& c = f.leased();
    f.give_back(c, 5s);
    REQUIRE(f.granted() == &c);
    f.give_back(c); // says nothing this time
    f.now += 4s;
    CHECK(f.granted() == nullptr);
    auto& other = f.connected();
    CHECK(f.pool.picked_up(f.waiters.back()) == &other);
    f.give_back(other);
    f.now += 59s;
    CHECK(f.granted() == &other);
}

namespace {

// One connection that was idle for so long turns out to be dead.
void hit_stale(fixture& f, std::chrono::nanoseconds idle_age)
{
    auto const c = f.idle(1);
    f.now += idle_age;
    REQUIRE(f.granted() == c[0]);
    f.perform(f.pool.stale(*c[0], f.now));
    CHECK(f.closed == closed_list{c[0]});
}

} // namespace

TEST_CASE("pool_state: the idle limit learns from stale hits")
{
    fixture f;
    CHECK(f.pool.idle_limit() == 60s);
    hit_stale(f, 10s);
    CHECK(f.pool.idle_limit() == 8s);
    hit_stale(f, 5s);
    CHECK(f.pool.idle_limit() == 4s);
    hit_stale(f, 499ms); // a restart
    CHECK(f.pool.idle_limit() == 4s);
    hit_stale(f, 500ms);
    CHECK(f.pool.idle_limit() == 400ms);
    CHECK(f.pool.counters().stale_hits == 4);
    CHECK(f.pool.counters().evictions == 0);

    auto const c = f.idle(1);
    f.now += 400ms;
    CHECK(f.granted() == nullptr);
    CHECK(f.closed == closed_list{c[0]});
}

TEST_CASE("pool_state: the learned limit doubles after ten minutes without a stale hit")
{
    fixture f;
    hit_stale(f, 25s);
    REQUIRE(f.pool.idle_limit() == 20s);
    auto const after = [&f](std::chrono::nanoseconds d) {
        f.now += d;
        f.perform(f.pool.sweep(f.now));
        return f.pool.idle_limit();
    };
    CHECK(after(10min - 1ns) == 20s);
    CHECK(after(1ns) == 40s);
    CHECK(after(1s) == 40s);
    CHECK(after(10min - 2s) == 40s);
    hit_stale(f, 0s); // says nothing about the limit
    CHECK(after(1s) == 60s);
    CHECK(after(1h) == 60s);
}

TEST_CASE("pool_state: a server that closes after 1 s costs one stale hit")
{
    fixture f;
    std::uint32_t random = 1;
    for (int i = 0; i < 200; ++i) {
        auto* c = f.granted();
        if (c != nullptr && c->idle_age() >= 1s) {
            f.perform(f.pool.stale(*c, f.now));
            REQUIRE(f.ask(f.waiters.back(), true) == nullptr);
            c = nullptr;
        }
        if (c == nullptr) {
            c = &f.connected();
            REQUIRE(f.pool.picked_up(f.waiters.back()) == c);
        }
        f.give_back(*c);
        random = random * 1664525 + 1013904223;
        f.now += 800ms + std::chrono::milliseconds(random >> 16) * 400 / 65536;
    }
    CHECK(f.pool.counters().stale_hits == 1);
}

TEST_CASE("pool_state: a stale hit evicts connections that were idle for as long, and no others")
{
    fixture f;
    auto const c = f.idle(3);
    f.now += 1s;
    REQUIRE(f.granted() == c[2]);
    REQUIRE(f.granted() == c[1]);
    f.give_back(*c[2]);
    f.perform(f.pool.stale(*c[1], f.now));
    auto closed = f.closed;
    std::sort(closed.begin(), closed.end());
    auto expected = closed_list{c[0], c[1]};
    std::sort(expected.begin(), expected.end());
    CHECK(closed == expected);
    CHECK(f.granted() == c[2]);
}

TEST_CASE("pool_state: connections retire after 10 minutes times U(0.9, 1.1)")
{
    struct row
    {
        double jitter;
        std::chrono::nanoseconds age;
    };
    for (auto [jitter, age] : {row{0.0, 9min}, row{0.5, 10min}, row{1.0, 11min}}) {
        INFO(jitter);
        practicus::pool_options limits;
        limits.idle_timeout = 0s;
        fixture f(limits);
        auto& w = f.waiting();
        auto& c = f.connected(jitter);
        REQUIRE(f.pool.picked_up(w) == &c);
        f.now += age - 1us;
        f.give_back(c);
        CHECK(f.closed.empty());
        REQUIRE(f.granted() == &c);
        f.now += 2us;
        f.give_back(c);
        CHECK(f.closed == closed_list{&c});
        CHECK(f.pool.counters().evictions == 1);
    }
}

TEST_CASE("pool_state: a waiter gets a connect instead of a connection that is too old")
{
    fixture f(with_connections(1));
    auto& c = f.leased();
    f.waiting();
    f.now += 11min;
    f.give_back(c);
    CHECK(f.closed == closed_list{&c});
    CHECK(f.woken == nullptr);
    CHECK(f.pool.counters().connecting == 1);
}

TEST_CASE("pool_state: a connection that comes back untouched is as old as before")
{
    fixture f;
    auto const c = f.idle(1);
    f.now += 40s;
    REQUIRE(f.granted() == c[0]);
    f.perform(f.pool.returned_unused(*c[0], f.now));
    CHECK(f.closed.empty());
    f.now += 20s;
    CHECK(f.granted() == nullptr);

    fixture g;
    auto& fresh = g.leased();
    auto& w = g.waiting(true);
    g.perform(g.pool.returned_unused(fresh, g.now));
    CHECK(g.woken == &w); // still as good as new
}

TEST_CASE("pool_state: zero switches a limit off")
{
    practicus::pool_options limits;
    limits.max_connections = 0;
    limits.idle_timeout = 0s;
    limits.max_age = 0s;
    fixture f(limits);
    for (int i = 0; i < 200; ++i)
        f.waiting();
    CHECK(f.connects == 200);
    auto& c = f.connected();
    REQUIRE(f.pool.picked_up(f.waiters.front()) == &c);
    for (std::size_t i = 1; i < 200; ++i)
        f.perform(f.pool.cancelled(f.waiters[i], f.now));
    f.give_back(c);
    f.now += std::chrono::hours(24 * 365);
    CHECK(f.granted() == &c);
    f.perform(f.pool.stale(c, f.now));
    CHECK(f.pool.idle_limit() == std::chrono::hours(24 * 292));
    for (int i = 0; i < 100; ++i) {
        f.now += 10min;
        f.perform(f.pool.sweep(f.now));
    }
    CHECK(f.pool.idle_limit() == pool_state::duration::max());
}
