// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"

#include <sys/wait.h>
#include <unistd.h>

/// Runs a function in a forked child, which then calls `_exit`. Returns its status, as `waitpid` does.
template <class F>
int run_forked(F const& act)
{
    auto const child = ::fork();
    if (child == 0) {
        [&]() noexcept { act(); }();
        ::_exit(0);
    }
    REQUIRE(child > 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}
