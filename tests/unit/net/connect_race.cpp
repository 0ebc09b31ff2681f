// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/connect_race.hpp>

#include "catch.hpp"

#include <chrono>

using practicus::detail::race_pace;
using practicus::detail::time_point;
using namespace std::chrono_literals;

TEST_CASE("race_pace: the next address is tried after a pause, or when an attempt has failed")
{
    race_pace pace(4);
    time_point const t{1h};
    CHECK(pace.starts(0, t));
    CHECK(pace.due() == t + race_pace::stagger);
    CHECK_FALSE(pace.starts(0, t + race_pace::stagger - 1ns));
    CHECK(pace.starts(0, t + race_pace::stagger));
    CHECK(pace.starts(1, t + race_pace::stagger + 1ms));
    CHECK(pace.starts(3, t + race_pace::stagger + 2ms));
    CHECK(pace.started() == 4);
    CHECK(pace.due() == time_point::max());
    CHECK_FALSE(pace.starts(4, t + 1h));
}

TEST_CASE("race_pace: a failure that comes with the end of a pause starts one attempt, not two")
{
    race_pace pace(3);
    time_point const t{1h};
    CHECK(pace.starts(0, t));
    CHECK(pace.starts(1, t + race_pace::stagger));
    // The news of that failure arrive later.
    CHECK_FALSE(pace.starts(1, t + race_pace::stagger));
    CHECK(pace.starts(1, t + 2 * race_pace::stagger));
}
