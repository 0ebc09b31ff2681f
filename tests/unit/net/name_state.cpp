// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/name_state.hpp>

#include "catch.hpp"

#include <chrono>
#include <memory>

using practicus::detail::name_action;
using practicus::detail::time_point;
using namespace std::chrono_literals;

namespace {

using list = std::shared_ptr<int>;
using state = practicus::detail::name_state<list>;

constexpr time_point start{};

list some(int value = 1)
{
    return std::make_shared<int>(value);
}

/// With addresses that were found at the start.
struct found_state : state
{
    explicit found_state(list const& found)
    {
        begin(start);
        succeed(found, start);
    }
};

} // namespace

TEST_CASE("a name is looked up once for all callers, and its addresses are kept for a while")
{
    state s;
    CHECK(s.ask(start).action == name_action::look_up);
    CHECK(s.ask(start).patience_ends == time_point::max());
    CHECK_FALSE(s.in_flight());
    s.begin(start);
    CHECK(s.in_flight());
    CHECK(s.ask(start + 1h).action == name_action::join);
    CHECK(s.ask(start + 1h).patience_ends == time_point::max());
    auto const found = some();
    s.succeed(found, start + 1h);
    CHECK_FALSE(s.in_flight());
    for (auto const age : {0ns, 10s - 1ns}) {
        CHECK(s.ask(start + 1h + age).action == name_action::serve);
        CHECK(s.ask(start + 1h + age).found == found);
    }
    CHECK(s.ask(start + 1h + 10s).action == name_action::look_up);
}

TEST_CASE("a lookup that fails leaves the next caller a new one")
{
    state s;
    s.begin(start);
    CHECK_FALSE(s.fail(true, start));
    CHECK_FALSE(s.in_flight());
    CHECK(s.ask(start).action == name_action::look_up);
}

TEST_CASE("stale addresses are used when the next lookup fails, and again without one for a while")
{
    auto const old = some();
    found_state s(old);
    auto const later = start + 1h;
    CHECK(s.ask(later).action == name_action::look_up);
    s.begin(later);
    CHECK(s.fail(true, later + 1s) == old);
    CHECK(s.ask(later + 1s).found == old);
    CHECK(s.ask(later + 11s - 1ns).action == name_action::serve);
    CHECK(s.ask(later + 11s).action == name_action::look_up);
    s.begin(later + 11s);
    auto const fresh = some(2);
    s.succeed(fresh, later + 11s);
    CHECK(s.ask(later + 11s).found == fresh);
}

TEST_CASE("a caller waits for a lookup that hangs as long as its patience, if there are stale addresses")
{
    auto const old = some();
    found_state s(old);
    auto const later = start + 1h;
    CHECK(s.ask(later).patience_ends == later + 2s);
    s.begin(later);
    CHECK(s.ask(later + 1s).action == name_action::join);
    CHECK(s.ask(later + 1s).patience_ends == later + 2s);
    CHECK(s.ask(later + 2s).action == name_action::serve);
    CHECK(s.ask(later + 2s).found == old);
    CHECK(s.stale(later + 2s) == old);
}

TEST_CASE("stale addresses are used for a day, and not if the name exists no more")
{
    bool const exists = GENERATE(true, false);
    found_state s(some());
    auto const later = start + 24h - 1ns;
    CHECK(s.stale(later));
    CHECK_FALSE(s.stale(start + 24h));
    s.begin(later);
    CHECK(static_cast<bool>(s.fail(exists, later)) == exists);
    CHECK(static_cast<bool>(s.stale(later)) == exists);
    CHECK(s.ask(later).action == (exists ? name_action::serve : name_action::look_up));
    CHECK(s.ask(start + 24h).action == name_action::look_up);
    s.begin(start + 24h);
    CHECK_FALSE(s.fail(true, start + 24h));
}

TEST_CASE("addresses that could not be connected to are looked up again, and used if that fails")
{
    auto const old = some();
    found_state s(old);
    s.reject();
    CHECK(s.ask(start).action == name_action::look_up);
    s.begin(start);
    CHECK(s.fail(true, start) == old);
    CHECK(s.ask(start).action == name_action::serve);
}
