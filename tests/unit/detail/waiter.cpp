// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/waiter.hpp>

namespace {

struct probe final : practicus::detail::context_dependent
{
    void context_gone() noexcept override { ++told; }

    int told = 0;
};

} // namespace

TEST_CASE("what depends on a context lets go of it once: when it is removed, or when the context goes")
{
    practicus::detail::waiter_registry registry;
    probe removed, left;
    registry.add_dependent(removed);
    registry.add_dependent(left);
    registry.remove_dependent(removed);
    CHECK(removed.told == 1);
    CHECK(left.told == 0);
    registry.shut_down();
    CHECK(removed.told == 1);
    CHECK(left.told == 1);
    registry.remove_dependent(left);
    CHECK(left.told == 1);
}

TEST_CASE("nothing is done with a context that is going")
{
    practicus::detail::waiter_registry registry;
    int calls = 0;
    CHECK(registry.if_up([&] { ++calls; }));
    registry.shut_down();
    CHECK_FALSE(registry.if_up([&] { ++calls; }));
    CHECK(calls == 1);
}
