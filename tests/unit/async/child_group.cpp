// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "refusing_executor.hpp"
#include "unit/async/operations.hpp"

#include <practicus/detail/async/child_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <limits>
#include <memory>
#include <utility>

namespace {

/// A coroutine that ends later than its cancellation.
asio::awaitable<void> linger(shared_flight work, std::shared_ptr<runtime> home)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    while (true) {
        auto joined = flight<int>::join(work, home->limits(), time_point::max());
        if (auto const ended = co_await std::move(joined)) co_return;
        co_await asio::this_coro::reset_cancellation_state();
    }
}

asio::awaitable<int> end_all(std::shared_ptr<runtime> home, shared_flight work, executions& asked)
{
    auto const group = std::make_shared<child_group>(home);
    auto ending = child_group::end(group, co_await asio::this_coro::executor);
    group->start([work, home] { return linger(work, home); });
    asked.first = asked.calls;
    asked.count = std::numeric_limits<std::size_t>::max();
    co_await std::move(ending);
    asked.count = 0;
    co_return 1;
}

} // namespace

TEST_CASE("the end of a child group waits for a child, whatever its executor refuses")
{
    asio::io_context io, callers;
    executions posted, asked;
    refusing_executor const executor(callers.get_executor(), posted, &asked);
    auto const home = runtime::make(io.get_executor());
    auto const work = std::make_shared<flight<int>>();
    outcome ended;
    asio::co_spawn(asio::any_io_executor(executor), end_all(home, work, asked), ended.handler());
    callers.poll();
    io.poll();
    callers.poll();
    CHECK(ended.calls == 0);
    work->succeed(1);
    io.run();
    callers.run();
    CHECK((ended.calls == 1 && ended.value == 1));
}
