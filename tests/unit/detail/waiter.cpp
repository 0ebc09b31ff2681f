// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/sweeper.hpp>
#include <practicus/detail/waiter.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

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

TEST_CASE("a wait that has ended before it was armed is not armed any more")
{
    using namespace practicus::detail;
    boost::asio::io_context io;
    auto const owner = std::make_shared<sweeper>(io.get_executor());
    timed_waiter w;
    owner->add(w.limit, w, time_point::max());
    CHECK(w.limit.is_linked());
    owner->remove(w.limit);
    owner->add(w.limit, w, time_point::max());
    CHECK_FALSE(w.limit.is_linked());
}
