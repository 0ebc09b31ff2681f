// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/async/operations.hpp"
#include "unit/freed_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

namespace {

/// What an operation that throws this ends with, and where it runs: in its caller's context or in another.
template <class Exception>
practicus::error_info thrown(Exception const& exception, bool elsewhere)
{
    asio::io_context io, other;
    auto const runtime = client_runtime::make(io.get_executor());
    practicus::error_info info;
    asio::co_spawn(elsewhere ? other : io,
                   throwing<int>(run_operation<int>(
                       runtime, [&]() -> asio::awaitable<result<int>> { throw exception; })),
                   [&](std::exception_ptr e, int) {
                       REQUIRE(e);
                       try {
                           std::rethrow_exception(e);
                       } catch (error const& failed) {
                           info = failed.info();
                       } catch (...) {
                           FAIL("another exception came out");
                       }
                   });
    other.poll();
    io.run();
    other.restart();
    other.run();
    return info;
}

} // namespace

TEST_CASE("any exception inside an operation leaves it as a practicus::error")
{
    for (bool const elsewhere : {false, true}) {
        INFO(elsewhere);
        auto info = thrown(std::runtime_error("a reason"), elsewhere);
        CHECK(info.code == boost::system::errc::state_not_recoverable);
        CHECK(info.message == "a reason");
        CHECK(thrown(std::bad_alloc(), elsewhere).code == boost::system::errc::not_enough_memory);
        CHECK(thrown(boost::system::system_error(asio::error::eof), elsewhere).code == asio::error::eof);
        CHECK(thrown(error(errc::not_found), elsewhere).code == errc::not_found);
        CHECK(thrown(42, elsewhere).code == boost::system::errc::state_not_recoverable);
    }
}

TEST_CASE("a flight that is joined when all is closed ends at once, without a tick")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    runtime->close();
    outcome waiter;
    asio::co_spawn(
        io,
        or_throw(flight<int>::join(std::make_shared<flight<int>>(), runtime->limits(), time_point::max())),
        waiter.handler());
    io.poll();
    CHECK((waiter.calls == 1 && waiter.code == errc::client_closed));
}

TEST_CASE("state dropped with the client's context is kept until its caller is notified")
{
    asio::io_context callers;
    auto io = std::make_unique<asio::io_context>();
    auto const runtime = client_runtime::make(io->get_executor());
    // Stands for the last handle of a client: it closes, and its caller may run at once.
    struct last_handle
    {
        client_runtime& runtime;
        asio::io_context& callers;

        ~last_handle()
        {
            runtime.close();
            callers.restart();
            callers.poll();
        }
    };
    outcome waiter;
    {
        auto const handle = std::make_shared<last_handle>(*runtime, callers);
        asio::co_spawn(callers,
                       throwing<int>(run_operation<int>(runtime,
                                                        [handle, runtime] {
                                                            return flight<int>::join(
                                                                std::make_shared<flight<int>>(),
                                                                runtime->limits(), time_point::max());
                                                        })),
                       waiter.handler());
    }
    callers.poll();
    io.reset();
    callers.restart();
    callers.run();
    CHECK((waiter.calls == 1 && waiter.code == asio::error::operation_aborted));
}

TEST_CASE("a background wait has its limit, and ends with the last operation as cancelled")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto& time = runtime->time();
    time.simulate(time.now(), time.system_now());
    auto const work = std::make_shared<flight<int>>();
    auto operation = std::make_optional<deadline_service::operation_guard>(runtime->limits());
    outcome limited, unlimited;
    auto join = [&](outcome& ends, time_point at) {
        asio::co_spawn(io, or_throw(flight<int>::join(work, runtime->limits(), at, do_nothing(), true)),
                       ends.handler());
    };
    join(limited, time.now() + std::chrono::seconds(1));
    join(unlimited, time_point::max());
    auto const sweep = [&] {
        runtime->limits()->sweep();
        io.poll();
    };
    io.poll();
    sweep();
    CHECK(limited.calls + unlimited.calls == 0);
    time.advance(std::chrono::seconds(1));
    sweep();
    CHECK((limited.calls == 1 && limited.code == errc::deadline_exceeded));
    CHECK(unlimited.calls == 0);
    operation.reset();
    sweep();
    CHECK((unlimited.calls == 1 && unlimited.code == asio::error::operation_aborted));
}

TEST_CASE("a flight's end, and the removal of a waiter with its context, allocate nothing")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto callers = std::make_unique<asio::io_context>();
    outcome served, failed, gone;
    auto const join = [&](asio::io_context& context, shared_flight const& work, outcome& ends) {
        asio::co_spawn(context, or_throw(flight<int>::join(work, runtime->limits(), time_point::max())),
                       ends.handler());
        context.poll();
    };
    auto const good = std::make_shared<flight<int>>(), bad = std::make_shared<flight<int>>();
    join(io, good, served);
    join(io, bad, failed);
    join(*callers, good, gone);
    auto const why = make_failure(errc::not_found);
    CHECK_FALSE(asks_for_memory([&] { callers.reset(); }));
    CHECK_FALSE(asks_for_memory([&] { good->succeed(7); }));
    CHECK_FALSE(asks_for_memory([&] {
        ended_flights chain;
        chain.add(bad);
        chain.fail(why);
    }));
    io.restart();
    io.run();
    CHECK((served.calls == 1 && served.value == 7));
    CHECK((failed.calls == 1 && failed.code == errc::not_found));
    CHECK(gone.calls == 0);
}
