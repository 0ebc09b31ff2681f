// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "refusing_executor.hpp"

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/async/waiter.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <utility>

using namespace practicus::detail;

namespace {

struct probe final : practicus::detail::context_dependent
{
    void context_gone() noexcept override { ++told; }

    int told = 0;
};

} // namespace

TEST_CASE("a dependent of a context releases it once: on removal, or with the context")
{
    boost::asio::io_context io;
    practicus::detail::waiter_registry registry(io);
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

TEST_CASE("a context under destruction is not used")
{
    boost::asio::io_context io;
    practicus::detail::waiter_registry registry(io);
    int calls = 0;
    CHECK(registry.if_up([&] { ++calls; }));
    registry.shut_down();
    CHECK_FALSE(registry.if_up([&] { ++calls; }));
    CHECK(calls == 1);
}

namespace {

asio::awaitable<void> wait_for(std::shared_ptr<deadline_service> owner, std::shared_ptr<timed_waiter> w,
                               int& ended)
{
    timed_wait waiting(*owner, w);
    auto suspended = waiting.until(time_point::max());
    throw_if(waiting.end(co_await std::move(suspended)).early);
    ++ended;
}

} // namespace

TEST_CASE("a wake before the suspension is not lost, and the first one counts")
{
    asio::io_context io;
    auto const w = std::make_shared<waiter>();
    error_code with;
    auto const waits = [&]() -> asio::awaitable<void> {
        auto suspended = wait(w, [&] {
            CHECK(w->wake(asio::error::eof));
            CHECK_FALSE(w->wake({}));
        });
        with = (co_await std::move(suspended)).code;
    };
    asio::co_spawn(io, waits, asio::detached);
    io.run();
    CHECK(with == asio::error::eof);
    CHECK_FALSE(w->wake({}));
}

TEST_CASE("a wait continues if its executor refuses the wake, and ends at the next try")
{
    asio::io_context io;
    executions counted;
    refusing_executor const executor(io.get_executor(), counted);
    auto const owner = std::make_shared<deadline_service>(io.get_executor());
    auto const w = std::make_shared<timed_waiter>();
    int ended = 0;
    asio::co_spawn(asio::any_io_executor(executor), wait_for(owner, w, ended), asio::detached);
    io.poll();
    CHECK(counted.calls > 0);

    counted.first = counted.calls;
    counted.count = 2;
    CHECK(w->wake({}));
    CHECK_FALSE(w->wake({})); // it was woken, though it does not know
    io.poll();
    CHECK(ended == 0);
    // No client's operation is in flight here: the wait alone keeps its context running until it has ended.
    io.run();
    CHECK(ended == 1);
    CHECK(counted.calls >= counted.first + 3);
    CHECK_FALSE(w->wake({}));
}

TEST_CASE("a context that is destroyed drops a wait that is owed its wake")
{
    int ended = 0;
    executions counted;
    {
        asio::io_context io;
        refusing_executor const executor(io.get_executor(), counted);
        auto const owner = std::make_shared<deadline_service>(io.get_executor());
        auto const w = std::make_shared<timed_waiter>();
        asio::co_spawn(asio::any_io_executor(executor), wait_for(owner, w, ended), asio::detached);
        io.poll();
        counted.first = counted.calls;
        counted.count = 1;
        w->wake({});
        io.poll();
    }
    CHECK(ended == 0);
}
