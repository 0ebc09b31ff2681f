// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <practicus/detail/pool/connection_wait.hpp>
#include <practicus/detail/pool/pool_set.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>

using namespace practicus::detail;

TEST_CASE("pool_set: pools of origins that single calls trusted are given up")
{
    boost::asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto const options = std::make_shared<practicus::client_options const>();
    auto const pools = pool_set::make(std::make_shared<connector>(runtime, options));
    auto const used = pools->of(practicus::url_origin("http://127.0.0.1:1")).value();
    for (int i = 2; i != 5000; ++i)
        pools->of(practicus::url_origin("http://127.0.0.1:" + std::to_string(i)));
    CHECK(pools->size() <= pool_set::many);
    CHECK(pools->of(practicus::url_origin("http://127.0.0.1:1")).value() == used);
}

namespace {

asio::awaitable<void> acquire(std::shared_ptr<deadline_service> limits, std::shared_ptr<pool> from, lease& to)
{
    deadline_service::operation_guard const running(limits);
    connection_wait waiting(from);
    auto suspended = waiting.until(time_point::max(), false);
    auto got = waiting.end(co_await std::move(suspended));
    to = std::move(got).value();
}

/// `asks`: the end of a wait that was cancelled asks for memory.
asio::awaitable<void> leave(std::shared_ptr<deadline_service> limits, std::shared_ptr<pool> from, bool& asks)
{
    deadline_service::operation_guard const running(limits);
    auto waiting = std::make_unique<connection_wait>(from);
    auto suspended = waiting->until(time_point::max(), false);
    co_await std::move(suspended);
    asks = asks_for_memory([&] { waiting.reset(); });
}

/// Pools of at most one connection each, and one of them whose server is there.
struct one_connection
{
    /// Nothing else is under way afterwards.
    lease take()
    {
        lease taken;
        asio::co_spawn(io, acquire(runtime->limits(), from, taken), [](std::exception_ptr) {});
        io.restart();
        io.run();
        REQUIRE(taken);
        return taken;
    }

    static std::shared_ptr<practicus::client_options const> options()
    {
        practicus::client_options result;
        result.pool.max_connections = 1;
        return std::make_shared<practicus::client_options const>(result);
    }

    asio::io_context io;
    asio::ip::tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    std::shared_ptr<client_runtime> runtime = client_runtime::make(io.get_executor());
    std::shared_ptr<pool_set> pools = pool_set::make(std::make_shared<connector>(runtime, options()));
    std::shared_ptr<pool> from =
        pools
            ->of(
                practicus::url_origin("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())))
            .value();
};

} // namespace

TEST_CASE("pool_set: a lease's end, a sweep and close_idle allocate nothing")
{
    one_connection f;
    auto taken = f.take();
    CHECK_FALSE(asks_for_memory([&] { taken = lease(); }));
    CHECK(f.pools->stats().connections.idle == 1);
    CHECK_FALSE(asks_for_memory([&] { f.pools->close_idle(); }));
    CHECK(f.pools->stats().connections.open == 0);

    taken = f.take();
    taken = lease();
    for (std::size_t i = 1; i != pool_set::many; ++i)
        f.pools->of(practicus::url_origin("http://127.0.0.1:" + std::to_string(i)));
    auto& time = f.runtime->time();
    time.simulate(time.now(), time.system_now());
    {
        deadline_service::operation_guard const running(f.runtime->limits());
        time.advance(std::chrono::hours(1));
        f.io.restart();
        // The tick that the operation has started.
        CHECK_FALSE(asks_for_memory([&] { f.io.run_one(); }));
    }
    CHECK(f.pools->stats().connections.open == 0);
    CHECK(f.pools->stats().connections.evictions == 2);
    CHECK(f.pools->size() == 1);
}

TEST_CASE("pool_set: a head that was never sent is wiped when the lease ends")
{
    one_connection f;
    auto taken = f.take();
    taken->out.append("Authorization: Bearer secret");
    taken = lease();
    CHECK(f.take()->out.empty());
}

TEST_CASE("pool_set: the end of a wait, and close(), allocate nothing")
{
    one_connection f;
    auto taken = f.take();
    bool asks = true;
    int ended = 0;
    asio::cancellation_signal cancel;
    asio::co_spawn(f.io, leave(f.runtime->limits(), f.from, asks),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr) { ++ended; }));
    lease never;
    asio::co_spawn(f.io, acquire(f.runtime->limits(), f.from, never), [&](std::exception_ptr) { ++ended; });
    f.io.restart();
    f.io.poll();
    CHECK(f.pools->stats().connections.waiting == 2);
    cancel.emit(asio::cancellation_type::terminal);
    f.io.poll();
    CHECK(ended == 1);
    CHECK_FALSE(asks);
    CHECK(f.pools->stats().connections.waiting == 1);

    CHECK_FALSE(asks_for_memory([&] { f.pools->close(); }));
    f.io.run();
    CHECK(ended == 2);
    CHECK_FALSE(never);
    CHECK_FALSE(asks_for_memory([&] { taken = lease(); }));
    CHECK(f.pools->stats().connections.open == 0);
}
