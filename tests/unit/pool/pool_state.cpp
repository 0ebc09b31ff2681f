// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The assignment of connections to requests, and the start of connects. The time limits are in
// pool_state_limits.cpp.

#include "pool_fixture.hpp"

#include "catch.hpp"

#include <cstddef>
#include <vector>

using namespace pool_test;

TEST_CASE("pool_state: a served waiter that is cancelled passes its connection on")
{
    fixture f(with_connections(1));
    auto& c = f.leased();
    auto& first = f.waiting();
    auto& second = f.waiting();
    f.give_back(c);
    REQUIRE(f.woken == &first);
    REQUIRE(first.state() == pool_wait::served);

    f.perform(f.pool.cancelled(first, f.now));
    CHECK(first.state() == pool_wait::none);
    CHECK(f.woken == &second);
    CHECK(second.state() == pool_wait::served);

    f.perform(f.pool.cancelled(second, f.now));
    CHECK(f.woken == nullptr);
    CHECK(f.pool.counters().idle == 1);
    CHECK(f.granted() == &c);
    CHECK(f.pool.counters().reuses == 1); // only what was picked up counts
}

TEST_CASE("pool_state: a connection that was connected for a cancelled waiter is passed on, too")
{
    fixture f(with_connections(2));
    auto& first = f.waiting();
    auto& second = f.waiting(true);
    REQUIRE(f.connects == 2);
    auto& c = f.connected();
    REQUIRE(f.woken == &first);
    f.perform(f.pool.cancelled(first, f.now));
    CHECK(f.woken == &second);
    CHECK(f.pool.picked_up(second) == &c);
    CHECK_FALSE(c.reused());
    auto& late = f.connected();
    CHECK(f.woken == nullptr);
    CHECK(late.reused()); // it was idle: the server may close it
    CHECK(f.pool.counters().reuses == 0);
}

TEST_CASE("pool_state: a cancelled waiter is served no more")
{
    fixture f(with_connections(1));
    auto& c = f.leased();
    std::vector<waiter*> waiters;
    for (int i = 0; i < 5; ++i)
        waiters.push_back(&f.waiting());
    for (int i : {2, 0, 4})
        f.perform(f.pool.cancelled(*waiters[static_cast<std::size_t>(i)], f.now));
    for (int i : {1, 3}) {
        f.give_back(c);
        CHECK(f.woken == waiters[static_cast<std::size_t>(i)]);
        CHECK(f.pool.picked_up(*waiters[static_cast<std::size_t>(i)]) == &c);
    }
    f.give_back(c);
    CHECK(f.woken == nullptr);
    f.perform(f.pool.cancelled(*waiters[1], f.now)); // after its end: nothing
    CHECK(f.pool.counters().idle == 1);
}

TEST_CASE("pool_state: connects only while waiters outnumber connects and there is room")
{
    fixture f(with_connections(3));
    auto& first = f.waiting();
    f.waiting();
    CHECK(f.connects == 2);
    f.perform(f.pool.cancelled(first, f.now));
    f.waiting(); // takes over the connect that was started for the first
    CHECK(f.connects == 2);
    f.waiting();
    CHECK(f.connects == 3);
    f.waiting();
    CHECK(f.connects == 3);
    CHECK(f.pool.counters().connecting == 3);
    CHECK(f.pool.counters().waiting == 4);
}

TEST_CASE("pool_state: if a returned connection serves the waiter, its connect goes idle")
{
    fixture f(with_connections(2));
    auto& c = f.leased();
    auto& w = f.waiting();
    CHECK(f.connects == 2);
    f.give_back(c);
    CHECK(f.woken == &w);
    auto& late = f.connected();
    CHECK(f.woken == nullptr);
    CHECK(f.granted() == &late);
}

TEST_CASE("pool_state: waiters are served first come first served, idle connections last in first out")
{
    fixture f(with_connections(3));
    auto const c = f.idle(3);
    CHECK(f.granted() == c[2]);
    CHECK(f.granted() == c[1]);
    CHECK(f.granted() == c[0]);
    auto& first = f.waiting();
    auto& second = f.waiting();
    f.give_back(*c[1]);
    CHECK(f.woken == &first);
    f.give_back(*c[2]);
    CHECK(f.woken == &second);
    CHECK(f.pool.picked_up(second) == c[2]);
    CHECK(f.pool.counters().reuses == 4);
}

TEST_CASE("pool_state: a failed connect fails the oldest waiter, and the others get another connect")
{
    fixture f(with_connections(2));
    auto& first = f.waiting();
    auto& second = f.waiting(true);
    auto& third = f.waiting();
    REQUIRE(f.connects == 2);

    f.perform(f.pool.connect_failed());
    CHECK(f.woken == &first);
    CHECK(first.state() == pool_wait::failed);
    CHECK(f.pool.picked_up(first) == nullptr);
    CHECK(f.connects == 3);

    f.perform(f.pool.connect_failed());
    CHECK(f.woken == &second);
    CHECK(f.connects == 3); // one is under way for the third
    f.perform(f.pool.cancelled(second, f.now));
    CHECK(second.state() == pool_wait::none);

    f.connected();
    CHECK(f.woken == &third);
    CHECK(f.pool.counters().connect_failures == 2);
    CHECK(f.pool.counters().connects == 3);
}

TEST_CASE("pool_state: a failed connect without waiters reports no error")
{
    fixture f;
    f.perform(f.pool.cancelled(f.waiting(), f.now));
    f.perform(f.pool.connect_failed());
    CHECK(f.woken == nullptr);
    CHECK(f.connects == 1);
}

TEST_CASE("pool_state: a broken connection's place goes to a connect for a waiter")
{
    fixture f(with_connections(1));
    auto& c = f.leased();
    f.waiting();
    REQUIRE(f.connects == 1);
    f.perform(f.pool.returned(c, false, f.now));
    CHECK(f.closed == closed_list{&c});
    CHECK(f.connects == 2);
    CHECK(f.pool.counters().open == 0);
    CHECK(f.pool.counters().evictions == 0);
}

TEST_CASE("pool_state: a request for a fresh connection gets no other")
{
    fixture f(with_connections(2));
    auto const c = f.idle(1);

    SECTION("there is room: an idle one stays, for others")
    {
        auto& w = f.waiting(true);
        CHECK(f.pool.counters().connecting == 1);
        CHECK(f.granted() == c[0]);
        f.give_back(*c[0]);
        CHECK(f.woken == nullptr);
        auto& fresh = f.connected();
        CHECK(f.woken == &w);
        CHECK_FALSE(fresh.reused());
    }
    SECTION("without room, the longest idle one is closed")
    {
        REQUIRE(f.granted() == c[0]);
        auto& other = f.leased();
        f.give_back(*c[0]);
        f.now += 1s;
        f.give_back(other);
        f.waiting(true);
        CHECK(f.closed == closed_list{c[0]});
        CHECK(f.pool.counters().connecting == 1);
    }
    SECTION("all are in use: the next one that is returned makes room, in its turn")
    {
        REQUIRE(f.granted() == c[0]);
        auto& other = f.leased();
        auto& first = f.waiting();
        auto& second = f.waiting(true);
        auto& third = f.waiting();
        f.give_back(*c[0]);
        CHECK(f.woken == &first);
        f.give_back(other);
        CHECK(f.woken == nullptr);
        CHECK(f.closed == closed_list{&other});
        CHECK(f.pool.picked_up(first) == c[0]);
        f.give_back(*c[0]); // for the second a connect is under way
        CHECK(f.woken == &third);
        f.connected();
        CHECK(f.woken == &second);
    }
}

TEST_CASE("pool_state: close_idle closes idle connections and leaves the pool usable")
{
    fixture f;
    auto const c = f.idle(3);
    REQUIRE(f.granted() == c[2]);
    f.perform(f.pool.close_idle());
    CHECK(f.closed == closed_list{c[0], c[1]});
    f.give_back(*c[2]);
    CHECK(f.granted() == c[2]);
}

TEST_CASE("pool_state: shutdown notifies every waiter, closes everything and refuses new waiters")
{
    fixture f(with_connections(3));
    auto const c = f.idle(2);
    REQUIRE(f.granted() == c[1]);
    REQUIRE(f.granted() == c[0]);
    auto& served = f.waiting();
    auto& first = f.waiting();
    auto& second = f.waiting(true);
    f.give_back(*c[0]);
    REQUIRE(f.woken == &served);

    std::vector<pool_waiter*> told;
    f.perform(f.pool.shutdown([&](pool_waiter& w) { told.push_back(&w); }));
    CHECK(f.pool.is_shut());
    CHECK(told == std::vector<pool_waiter*>{&first, &second});
    CHECK(first.state() == pool_wait::closed);
    CHECK(f.pool.picked_up(first) == nullptr);
    f.perform(f.pool.cancelled(second, f.now));
    CHECK(second.state() == pool_wait::none);

    SECTION("a granted connection can still be picked up")
    {
        CHECK(f.pool.picked_up(served) == c[0]);
        f.give_back(*c[0]);
        CHECK(f.closed == closed_list{c[0]});
    }
    SECTION("or given up")
    {
        f.perform(f.pool.cancelled(served, f.now));
        CHECK(f.closed == closed_list{c[0]});
    }
    f.perform(f.pool.stale(*c[1], f.now));
    CHECK(f.closed == closed_list{c[1]});
    auto& late = f.connected();
    CHECK(f.closed == closed_list{&late});
    auto& newcomer = f.new_waiter();
    CHECK(f.ask(newcomer) == nullptr);
    CHECK(newcomer.state() == pool_wait::closed);
    CHECK(f.pool.picked_up(newcomer) == nullptr);
    f.perform(f.pool.shutdown([](pool_waiter&) { FAIL("told twice"); }));
    CHECK(f.pool.counters().open == 0);
}

TEST_CASE("pool_state: the counters")
{
    fixture f(with_connections(2));
    auto const c = f.idle(2);
    REQUIRE(f.granted() == c[1]);
    auto counters = f.pool.counters();
    CHECK(counters.open == 2);
    CHECK(counters.idle == 1);
    CHECK(counters.waiting == 0);
    CHECK(counters.connecting == 0);
    CHECK(counters.connects == 2);
    CHECK(counters.reuses == 1);

    REQUIRE(f.granted() == c[0]);
    f.waiting();
    f.perform(f.pool.returned(*c[0], false, f.now));
    counters = f.pool.counters();
    CHECK(counters.open == 1);
    CHECK(counters.waiting == 1);
    CHECK(counters.connecting == 1);
    CHECK(counters.connects == 3);
}
