// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/base/clock.hpp>

#include "catch.hpp"

#include <chrono>

namespace {

using namespace std::chrono_literals;
using client_clock = practicus::detail::clock;
using practicus::detail::time_point;
using system_point = std::chrono::system_clock::time_point;

} // namespace

TEST_CASE("a clock shows the real time until it is set")
{
    client_clock const c;
    // It is the machine's monotonic clock, a few milliseconds coarse; an hour is far beyond any pause.
    CHECK(std::chrono::abs(c.now() - std::chrono::steady_clock::now()) < 1h);
    CHECK(std::chrono::abs(c.system_now() - std::chrono::system_clock::now()) < 1h);
    auto const first = c.now();
    CHECK(c.now() >= first);
}

TEST_CASE("simulated time stands still until it is moved, and both clocks move together")
{
    client_clock c;
    c.simulate(time_point(100s), system_point(1'700'000'000s));
    CHECK(c.now() == time_point(100s));
    CHECK(c.now() == time_point(100s));
    CHECK(c.system_now() == system_point(1'700'000'000s));
    c.advance(1'500ms);
    CHECK(c.now() == time_point(101'500ms));
    CHECK(c.system_now() == system_point(1'700'000'001'500ms));
    c.advance(1ns);
    CHECK(c.now() == time_point(101'500ms + 1ns));
}

TEST_CASE("simulated time may begin anywhere, and again")
{
    client_clock c;
    c.simulate(time_point(), system_point());
    CHECK(c.now() == time_point());
    CHECK(c.system_now() == system_point());
    c.simulate(time_point(50s), system_point(-10s));
    CHECK(c.now() == time_point(50s));
    CHECK(c.system_now() == system_point(-10s));
    c.advance(24h * 366);
    CHECK(c.now() == time_point(50s + 24h * 366));
}

TEST_CASE("time that is moved while it is real stands still from then on")
{
    client_clock c;
    auto const before = c.precise_now();
    c.advance(1h);
    auto const then = c.now();
    CHECK(then - before >= 1h);
    CHECK(then - before < 2h);
    CHECK(c.now() == then);
    CHECK(std::chrono::abs(c.system_now() - std::chrono::system_clock::now() - 1h) < 1h);
}
