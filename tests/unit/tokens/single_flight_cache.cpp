// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The driver of flights: waiters that leave, credentials that change, and memory that is refused.

#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/token.hpp>

#include "catch.hpp"
#include "refusing_executor.hpp"
#include "unit/async/operations.hpp"
#include "unit/freed_memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using practicus::secret;
using practicus::token;

/// One key, whose flights bring a token, at once or when they are let go on.
struct one_key
{
    lookup<token> ask()
    {
        return driver.ask(
            [&] { return entry; }, [&](auto& state) { return state.ask(runtime->time().now()); },
            [&] { return flight_work<token>([this](flight_ticket, token) { return fetch(); }); });
    }

    asio::awaitable<result<fetch_result<token>>> fetch()
    {
        ++fetches;
        auto const is_held = held;
        if (is_held) {
            try {
                co_await gate.async_wait(asio::use_awaitable);
            } catch (boost::system::system_error const&) {
            }
        }
        fetch_result<token> got;
        got.value = token(secret("a token"));
        got.life = lifespan(runtime->time().now(), 30min, access_token_limits, 0.5);
        co_return got;
    }

    void wait_for(lookup<token> const& a) { wait_for(a, io.get_executor()); }

    void wait_for(lookup<token> const& a, asio::any_io_executor const& executor)
    {
        asio::co_spawn(executor,
                       or_throw(flight<token>::join(a.joined, runtime->limits(), time_point::max())),
                       [this](std::exception_ptr e, token) {
                           try {
                               if (e) std::rethrow_exception(e);
                               ++served;
                           } catch (error const& failed) {
                               code = failed.code();
                               ++ended;
                           }
                       });
    }

    flight_ticket change(bool again)
    {
        ended_flights chain;
        flight_ticket ticket = 0;
        {
            std::lock_guard lock(mutex);
            ticket = driver.credentials_changed(*entry, false, again, chain);
        }
        chain.fail(make_failure(errc::login_required));
        driver.restart(entry, ticket);
        return ticket;
    }

    void run()
    {
        io.restart();
        io.run();
    }

    void poll()
    {
        io.restart();
        io.poll();
    }

    void check_at_rest() const
    {
        CHECK_FALSE(entry->state.in_flight());
        CHECK(entry->state.check() == nullptr);
        CHECK(entry->work == nullptr);
        CHECK(entry->waiters == nullptr);
    }

    /// The next caller is served, whether memory was available before or not.
    void check_usable()
    {
        held = false;
        auto const before = served;
        auto const a = ask();
        if (a.value) return;
        REQUIRE(a.joined);
        wait_for(a);
        run();
        CHECK(served == before + 1);
        check_at_rest();
    }

    asio::io_context io;
    std::shared_ptr<client_runtime> runtime = client_runtime::make(io.get_executor());
    std::mutex mutex;
    std::shared_ptr<flight_entry<token>> entry = std::make_shared<flight_entry<token>>();
    flight_driver<flight_entry<token>> driver{runtime, mutex};
    asio::steady_timer gate{io, asio::steady_timer::time_point::max()};
    bool held = false;
    int fetches = 0, served = 0, ended = 0;
    boost::system::error_code code;
};

} // namespace

TEST_CASE("single_flight_cache: a logout ends the waiters without another fetch")
{
    one_key f;
    f.held = true;
    f.wait_for(f.ask());
    f.wait_for(f.ask());
    f.poll();
    CHECK(f.fetches == 1);
    CHECK(f.change(false) == 0);
    f.check_at_rest();
    f.poll();
    CHECK(f.ended == 2);
    CHECK(f.code == errc::login_required);
    f.gate.cancel();
    f.run();
    CHECK(f.fetches == 1);
    f.check_usable();
}

TEST_CASE(
    "single_flight_cache: after a login, it is fetched again for waiters that are there, and for no others")
{
    one_key f;
    f.held = true;
    auto const stays = GENERATE(true, false);
    {
        auto const a = f.ask();
        if (stays) f.wait_for(a);
    }
    f.poll();
    CHECK((f.change(true) != 0) == stays);
    f.held = false;
    f.gate.cancel();
    f.run();
    CHECK(f.fetches == (stays ? 2 : 1));
    CHECK(f.served == (stays ? 1 : 0));
    f.check_at_rest();
    f.check_usable();
}

TEST_CASE("single_flight_cache: logins without end keep no waiter for ever")
{
    one_key f;
    f.held = true;
    f.wait_for(f.ask());
    f.poll();
    int logins = 0;
    while (f.ended == 0 && ++logins != 100) {
        f.change(true);
        f.poll();
    }
    CHECK(logins == 9);
    CHECK(f.code == errc::login_required);
    f.check_at_rest();
    f.gate.cancel();
    f.run();
    f.check_usable();
}

TEST_CASE("single_flight_cache: a start ends at any failed allocation")
{
    int which = 0;
    for (bool refused = true; refused; ++which) {
        REQUIRE(which < 100);
        one_key f;
        std::optional<lookup<token>> a;
        {
            refused_memory const memory(which);
            try {
                a = f.ask();
            } catch (std::bad_alloc const&) {
            }
            refused = memory.happened();
        }
        if (a) f.wait_for(*a);
        f.run();
        CHECK(f.served + f.ended == (a ? 1 : 0));
        CHECK((f.ended == 0 || f.code == boost::system::errc::not_enough_memory));
        CHECK((refused || f.served == 1));
        f.check_at_rest();
        f.check_usable();
    }
    CHECK(which > 3);
}

TEST_CASE("single_flight_cache: waiters are notified of any failed allocation of a new start")
{
    int which = 0;
    for (bool refused = true; refused; ++which) {
        REQUIRE(which < 100);
        one_key f;
        f.held = true;
        f.wait_for(f.ask());
        f.poll();
        f.held = false;
        ended_flights chain;
        {
            std::lock_guard lock(f.mutex);
            REQUIRE(f.driver.credentials_changed(*f.entry, false, true, chain) != 0);
        }
        {
            refused_memory const memory(which);
            f.driver.restart(f.entry, 2);
            refused = memory.happened();
        }
        f.gate.cancel();
        f.run();
        CHECK(f.served + f.ended == 1);
        CHECK((refused || f.served == 1));
        CHECK((f.ended == 0 || f.code == boost::system::errc::not_enough_memory));
        f.check_at_rest();
        f.check_usable();
    }
    CHECK(which > 1);
}

TEST_CASE("single_flight_cache: waiters are notified of any failed allocation of a fetch")
{
    int which = 0;
    for (bool refused = true; refused; ++which) {
        REQUIRE(which < 100);
        one_key f;
        std::optional<refused_memory> memory;
        auto const a = f.driver.ask([&] { return f.entry; },
                                    [&](auto& state) { return state.ask(f.runtime->time().now()); },
                                    [&] {
                                        return flight_work<token>([&](flight_ticket, token) {
                                            memory.emplace(which);
                                            struct no_more
                                            {
                                                std::optional<refused_memory>& memory;
                                                bool& refused;
                                                ~no_more()
                                                {
                                                    refused = memory->happened();
                                                    memory.reset();
                                                }
                                            };
                                            no_more const end{memory, refused};
                                            return f.fetch();
                                        });
                                    });
        f.wait_for(a);
        f.run();
        CHECK(f.served + f.ended == 1);
        CHECK((!refused || f.code == boost::system::errc::not_enough_memory));
        f.check_at_rest();
        f.check_usable();
    }
}

TEST_CASE("single_flight_cache: waiters are notified of any failed allocation after a flight's end")
{
    int which = 0;
    for (bool refused = true; refused; ++which) {
        REQUIRE(which < 100);
        one_key f;
        f.held = true;
        std::optional<refused_memory> memory;
        f.driver.on_complete = [&](auto const&, flight_end const&) { memory.emplace(which); };
        f.wait_for(f.ask());
        f.wait_for(f.ask());
        f.poll();
        f.gate.cancel();
        f.run();
        refused = memory->happened();
        memory.reset();
        f.driver.on_complete = nullptr;
        CHECK(f.served == 2);
        f.check_at_rest();
        f.check_usable();
    }
}

TEST_CASE("single_flight_cache: waiters refused by their executor at a flight's end are notified later")
{
    one_key f;
    f.held = true;
    executions counted;
    refusing_executor const executor(f.io.get_executor(), counted);
    for (int i = 0; i != 3; ++i)
        f.wait_for(f.ask(), executor);
    f.poll();
    counted.first = counted.calls;
    counted.count = 4;
    f.gate.cancel();
    f.run();
    CHECK(f.served == 3);
    CHECK(counted.calls >= counted.first + 7);
    f.check_at_rest();
}

TEST_CASE(
    "single_flight_cache: a flight that ends with its context allocates nothing and notifies its waiters")
{
    asio::io_context callers;
    auto io = std::make_unique<asio::io_context>();
    auto const runtime = client_runtime::make(io->get_executor());
    std::mutex mutex;
    auto const entry = std::make_shared<flight_entry<token>>();
    flight_driver<flight_entry<token>> driver(runtime, mutex);
    auto const work = [&] {
        return flight_work<token>([&](flight_ticket, token) {
            auto const nothing_comes = std::make_shared<flight<fetch_result<token>>>();
            return flight<fetch_result<token>>::join(nothing_comes, runtime->limits(), time_point::max());
        });
    };
    auto const a = driver.ask([&] { return entry; },
                              [&](auto& state) { return state.ask(runtime->time().now()); }, work);
    boost::system::error_code code;
    asio::co_spawn(callers, or_throw(flight<token>::join(a.joined, runtime->limits(), time_point::max())),
                   [&](std::exception_ptr e, token) {
                       try {
                           if (e) std::rethrow_exception(e);
                       } catch (error const& failed) {
                           code = failed.code();
                       }
                   });
    callers.poll();
    io->poll();
    REQUIRE(entry->state.in_flight());
    CHECK_FALSE(asks_for_memory([&] { io.reset(); }));
    CHECK_FALSE(entry->state.in_flight());
    CHECK(entry->waiters == nullptr);
    callers.restart();
    callers.run();
    CHECK(code == asio::error::operation_aborted);
}

TEST_CASE("an exception that cannot be stored is reported as not_enough_memory")
{
    std::string const long_text(1000, 'x');
    for (int which = 0; which != 4; ++which) {
        std::shared_ptr<practicus::error_info const> info;
        try {
            throw std::runtime_error(long_text);
        } catch (...) {
            refused_memory const memory(which);
            info = as_failure(std::current_exception());
        }
        REQUIRE(info);
        CHECK((info->message == long_text || info->code == boost::system::errc::not_enough_memory));
    }
}
