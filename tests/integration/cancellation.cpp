// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include <practicus/observer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>

#include <variant>
#include <vector>

// In Boost 1.82 to 1.84, a cancellation before the first step leaves co_spawn as an exception out of run().
// The handler is never called, and the operation is not reached. Earlier versions post it after the first
// step, later ones give it to the handler.
#if BOOST_VERSION >= 108200 && BOOST_VERSION < 108500
constexpr int first_cancelled_step = 1;
#else
constexpr int first_cancelled_step = 0;
#endif

namespace {

/// `silent`: by a caller whose coroutine looks after its cancellation itself.
asio::awaitable<void> log_in(practicus::client client, bool silent)
{
    if (silent) co_await asio::this_coro::throw_if_cancelled(false);
    co_await client.login("admin@company.com", "practicus");
}

/// Lets the context take so many steps of a login, then cancels it.
void cancel_after(fixture& f, practicus::client const& client, int steps, ends& result, bool silent = false)
{
    asio::cancellation_signal cancel;
    f.io.restart();
    asio::co_spawn(f.io, log_in(client, silent),
                   asio::bind_cancellation_slot(cancel.slot(), result.handler()));
    for (int i = 0; i != steps && f.io.run_one() != 0; ++i)
        continue;
    cancel.emit(asio::cancellation_type::terminal);
    f.io.run();
}

} // namespace

TEST_CASE("cancelling at every point before an answer ends the operation")
{
    bool const silent = GENERATE(false, true);
    fixture f;
    practicus::mock::gate never;
    std::atomic<bool> arrived = false;
    f.server.inject([&](practicus::mock::request const&) {
        arrived = true;
        practicus::mock::fault held;
        held.hold(never);
        return held;
    });
    auto client = f.client();
    int steps = first_cancelled_step;
    for (; !arrived && steps < 1000; ++steps) {
        ends result;
        client.close_idle();
        cancel_after(f, client, steps, result, silent);
        REQUIRE(result.aborted == 1);
    }
    // At least before its first step (1), and while it connects (2); a small request is written at once.
    CHECK(steps > 1);
    f.server.inject({});
    never.open();
    f.run(client.login("admin@company.com", "practicus"));
    f.server.region().clear_violations(); // requests that were cut short
}

TEST_CASE("cancelling at every point of an operation leaves the client usable")
{
    fixture f;
    auto client = f.client();
    int finished = 0;
    for (int steps = first_cancelled_step; finished == 0 && steps < 1000; ++steps) {
        ends result;
        client.close_idle();
        cancel_after(f, client, steps, result);
        REQUIRE(result.served + result.aborted == 1);
        finished += result.served;
    }
    CHECK(finished == 1);
    CHECK(f.run(client.models()).size() == 5);
    f.server.region().clear_violations(); // requests that were cut short
}

namespace {

constexpr char const* login_request = "POST /console/api/auth/";

/// Cancels a login at an event, between two of its steps.
struct cancelled_login
{
    ends result;
    practicus::error_info info;
    asio::cancellation_signal cancel;
    int events = 0, cancel_at = -1;
    /// The statuses of its exchanges, or 0, and their errors.
    std::vector<std::pair<unsigned, practicus::error_code>> exchanges;

    auto handler()
    {
        return asio::bind_cancellation_slot(cancel.slot(), [this](std::exception_ptr e) {
            result.add(e);
            try {
                if (e) std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                info = failed.info();
            }
        });
    }

    practicus::observer listen()
    {
        return [this](practicus::event const& e) {
            auto const* const one = std::get_if<practicus::events::exchanged>(&e);
            if (one != nullptr && one->request == login_request)
                exchanges.emplace_back(one->status, one->error);
            if (events++ == cancel_at) cancel.emit(asio::cancellation_type::terminal);
        };
    }
};

/// Begins with a post, because an operation that ends in its first step ends co_spawn inside that step. A
/// cancelled co_spawn of Boost 1.81 to 1.84 then throws out of run().
asio::awaitable<void> log_in_later(practicus::client client, bool silent)
{
    co_await asio::post(asio::use_awaitable);
    auto logging_in = log_in(std::move(client), silent);
    co_await std::move(logging_in);
}

} // namespace

TEST_CASE("a request that is cancelled between two steps is named in the error and in an event")
{
    bool const silent = GENERATE(false, true);
    bool served = false;
    for (int at = 0; !served && at < 100; ++at) {
        CAPTURE(silent, at);
        fixture f;
        cancelled_login login;
        auto client = f.client(options_with([&](auto& o) {
            o.observer = login.listen();
            o.retry.initial_backoff = std::chrono::milliseconds(1);
        }));
        login.cancel_at = at;
        bool refused = false;
        f.server.inject([&](practicus::mock::request const&) {
            practicus::mock::fault busy;
            if (!std::exchange(refused, true)) busy.reply(503);
            return busy;
        });
        asio::co_spawn(f.io, log_in_later(client, silent), login.handler());
        f.io.run();
        served = login.events <= at;
        REQUIRE(login.result.served == (served ? 1 : 0));
        REQUIRE_FALSE(login.exchanges.empty());
        // A login whose request has succeeded is cancelled behind that.
        if (login.exchanges.back().first == 200) continue;
        CHECK(login.info.code == asio::error::operation_aborted);
        CHECK(login.info.request == login_request);
        f.server.region().clear_violations(); // requests that were cut short
    }
    CHECK(served);
}

TEST_CASE("a cancellation that comes when a wait has just ended is not lost")
{
    bool const silent = GENERATE(false, true);
    fixture f;
    practicus::mock::gate first, never;
    ends one;
    cancelled_login other;
    auto client = f.user(options_with(
        [&](auto& o) {
            o.pool.max_connections = 1;
            o.observer = other.listen();
        },
        fixture::once()));
    f.run(client.models());
    other.exchanges.clear();
    std::atomic<int> arrived = 0;
    f.server.inject([&](practicus::mock::request const&) {
        practicus::mock::fault held;
        held.hold(arrived++ == 0 ? first : never);
        return held;
    });

    f.io.restart();
    asio::co_spawn(f.io, client.models(), [&](std::exception_ptr e, auto const&) {
        one.add(e);
        // Its connection has been given to the other caller, which is about to be resumed.
        other.cancel.emit(asio::cancellation_type::terminal);
    });
    poll_until(f.io, [&] { return arrived == 1; });
    asio::co_spawn(f.io, log_in(client, silent), other.handler());
    poll_until(f.io, [&] { return client.stats().connections.waiting == 1; });
    first.open();
    f.io.restart();
    f.io.run();
    CHECK(one.served == 1);
    CHECK(other.result.aborted == 1);
    CHECK(other.info.request == login_request);
    REQUIRE(other.exchanges.size() == 1);
    CHECK(other.exchanges[0].second == asio::error::operation_aborted);
    // Had the other sent its request, the region would have it before this one.
    never.open();
    f.run(client.models());
    CHECK(arrived == 2);
}

TEST_CASE("a coroutine cancelled earlier, with throw_if_cancelled off, can still start an operation")
{
    fixture f;
    auto client = f.user();
    asio::cancellation_signal cancel;
    ends result;
    bool still_off = false;
    auto const body = [&]() -> asio::awaitable<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await asio::post(asio::as_tuple(asio::use_awaitable));
        auto const state = co_await asio::this_coro::cancellation_state;
        REQUIRE(state.cancelled() != asio::cancellation_type::none);
        auto const models = co_await client.models();
        CHECK(models.size() == 5);
        still_off = !co_await asio::this_coro::throw_if_cancelled();
    };
    asio::co_spawn(f.io, body, asio::bind_cancellation_slot(cancel.slot(), result.handler()));
    asio::post(f.io, [&] { cancel.emit(asio::cancellation_type::terminal); });
    f.io.run();
    CHECK(result.served == 1);
    CHECK(still_off);
}
