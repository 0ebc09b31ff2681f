// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The behaviour of Asio alone when an allocation fails. operations.cpp excludes these cases.

#include "catch.hpp"
#include "torture/refusal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <new>

#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> wait_twice()
{
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(0));
    co_await timer.async_wait(asio::use_awaitable);
    co_await asio::post(asio::use_awaitable);
}

struct outcome
{
    int called = 0;
    int thrown = 0;
};

outcome run_with(std::size_t k, std::size_t count, bool spares_asio = true)
{
    outcome result;
    asio::io_context io;
    refusal r(k, count);
    r.spares_asio = spares_asio;
    refusal::scope const here(r);
    try {
        asio::co_spawn(io, wait_twice(), [&](std::exception_ptr) { ++result.called; });
    } catch (std::bad_alloc const&) {
        ++result.thrown;
    }
    for (int i = 0; i != 3; ++i)
        try {
            io.run_for(std::chrono::milliseconds(1));
        } catch (std::bad_alloc const&) {
            ++result.thrown;
        }
    return result;
}

/// Returns the values of `k` for which Asio ends the process in `f(k)`. Each runs in a process of its own.
template <class F>
int processes_ended(F f)
{
    int ended = 0;
    for (std::size_t k = 0; k != 20; ++k) {
        auto const child = ::fork();
        if (child == 0) {
            for (int const number : {SIGSEGV, SIGBUS, SIGABRT})
                std::signal(number, SIG_DFL);
            std::set_terminate([] { ::_exit(7); });
            f(k);
            ::_exit(0);
        }
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++ended;
    }
    return ended;
}

/// Too large to be stored in an `any_io_executor`.
asio::any_io_executor executor_of_a_strand(asio::io_context& io)
{
    return asio::make_strand(asio::any_io_executor(io.get_executor()));
}

template <class F>
void refuse_one(std::size_t k, F f)
{
    refusal r(k, 1);
    r.spares_asio = false;
    refusal::scope const here(r);
    try {
        f();
    } catch (std::bad_alloc const&) {
    }
}

} // namespace

TEST_CASE("torture: an initiation that is refused memory leaves Asio's run(), and no handler is called")
{
    int lost = 0;
    for (std::size_t k = 0; k != 20; ++k) {
        auto const result = run_with(k, 1);
        CHECK(result.called + result.thrown > 0);
        if (result.called == 0 && result.thrown != 0) ++lost;
    }
    CHECK(lost > 0);
}

TEST_CASE("torture: Asio ends the process where a destructor of its own is refused memory")
{
    CHECK(processes_ended([](std::size_t k) { run_with(k, 1000, false); }) > 0);
}

TEST_CASE("torture: Asio ends the process where a work guard is refused memory")
{
    CHECK(processes_ended([](std::size_t k) {
              asio::io_context io;
              auto const executor = executor_of_a_strand(io);
              refuse_one(k, [&] { (void)asio::make_work_guard(executor); });
          }) > 0);
}

TEST_CASE("torture: Asio ends the process where the executor of an operation is refused memory")
{
    CHECK(processes_ended([](std::size_t k) {
              asio::io_context io;
              asio::steady_timer timer(executor_of_a_strand(io), std::chrono::milliseconds(0));
              refuse_one(k, [&] { timer.async_wait([](boost::system::error_code) {}); });
              io.run();
          }) > 0);
}

TEST_CASE("torture: with the exceptions listed, Asio survives any number of refusals")
{
    for (std::size_t k = 0; k != 20; ++k) {
        auto const result = run_with(k, 1000);
        CHECK(result.called + result.thrown > 0);
    }
}

TEST_CASE("torture: a strand of Asio that is refused memory once runs nothing any more")
{
    bool dead = false;
    for (std::size_t k = 0; k != 5; ++k) {
        asio::io_context io;
        auto const strand = asio::make_strand(asio::any_io_executor(io.get_executor()));
        refusal r(k, 1);
        r.spares_asio = false;
        bool thrown = false, ran = false;
        {
            refusal::scope const here(r);
            try {
                asio::post(strand, [] {});
            } catch (std::bad_alloc const&) {
                thrown = true;
            }
        }
        asio::post(strand, [&] { ran = true; });
        io.run();
        dead = dead || (thrown && !ran);
    }
    CHECK(dead);
}

TEST_CASE("torture: Asio ends the process where a new strand is refused memory for its mutex")
{
    CHECK(processes_ended([](std::size_t k) {
              asio::io_context io;
              refuse_one(k, [&] { asio::make_strand(asio::any_io_executor(io.get_executor())); });
          }) > 0);
}
