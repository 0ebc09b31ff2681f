// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "refusing_executor.hpp"
#include "unit/async/operations.hpp"

#include <practicus/detail/async/child_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace {

/// A coroutine that ends later than its cancellation.
asio::awaitable<void> linger(shared_flight work, std::shared_ptr<client_runtime> runtime)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    while (true) {
        auto joined = flight<int>::join(work, runtime->limits(), time_point::max());
        if (auto const ended = co_await std::move(joined)) co_return;
        co_await asio::this_coro::reset_cancellation_state();
    }
}

asio::awaitable<int> end_all(std::shared_ptr<client_runtime> runtime, shared_flight work, executions& asked)
{
    auto const group = std::make_shared<child_group>(runtime);
    auto ending = child_group::end(group, co_await asio::this_coro::executor);
    group->start([work, runtime] { return linger(work, runtime); });
    asked.first = asked.calls;
    asked.count = std::numeric_limits<std::size_t>::max();
    co_await std::move(ending);
    asked.count = 0;
    co_return 1;
}

asio::awaitable<void> end_at_once()
{
    co_return;
}

asio::awaitable<int> end_second(std::shared_ptr<client_runtime> runtime, shared_flight work, bool& starts)
{
    auto const group = std::make_shared<child_group>(runtime);
    auto ending = child_group::end(group, co_await asio::this_coro::executor);
    group->start(end_at_once);
    while (!starts) {
        auto others = asio::post(asio::deferred);
        co_await std::move(others);
    }
    group->start([work, runtime] { return linger(work, runtime); });
    co_await std::move(ending);
    co_return 1;
}

} // namespace

TEST_CASE("the end of a child group waits for a child, whatever its executor refuses")
{
    asio::io_context io, callers;
    executions posted, asked;
    refusing_executor const executor(callers.get_executor(), posted, &asked);
    auto const runtime = client_runtime::make(io.get_executor());
    auto const work = std::make_shared<flight<int>>();
    outcome ended;
    asio::co_spawn(asio::any_io_executor(executor), end_all(runtime, work, asked), ended.handler());
    callers.poll();
    io.poll();
    callers.poll();
    CHECK(ended.calls == 0);
    work->succeed(1);
    io.run();
    callers.run();
    CHECK((ended.calls == 1 && ended.value == 1));
}

TEST_CASE("the end of a child group waits at rest, also if the group was empty before")
{
    asio::io_context io, callers;
    auto busy = asio::make_work_guard(io);
    auto const runtime = client_runtime::make(io.get_executor());
    auto const work = std::make_shared<flight<int>>();
    outcome ended;
    bool starts = false;
    asio::co_spawn(callers, end_second(runtime, work, starts), ended.handler());
    callers.poll_one();
    io.poll();
    starts = true;
    std::size_t handlers = 0;
    for (bool more = true; more && handlers < 1000;) {
        more = callers.poll_one() + io.poll_one() != 0;
        handlers += more;
    }
    CHECK(handlers < 100);
    CHECK(ended.calls == 0);
    work->succeed(1);
    busy.reset();
    io.run();
    callers.run();
    CHECK((ended.calls == 1 && ended.value == 1));
}
