// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

using practicus::errc;

namespace {

/// A context that is run by a thread of its own.
struct running_context
{
    ~running_context() { stop(); }

    void stop()
    {
        work.reset();
        io.stop();
        if (thread.joinable()) thread.join();
    }

    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    std::thread thread{[this] { io.run(); }};
};

asio::awaitable<int> hop()
{
    co_await asio::post(asio::use_awaitable);
    co_return 1;
}

// Each coroutine but the first is made on the thread that the one before it has come to.
asio::awaitable<void> hops(std::atomic<int>& made)
{
    for (int i = 0; i != 1000; ++i)
        made += co_await hop();
}

} // namespace

// Nothing of the client's: config.hpp says which compilers fail, and what helps.
TEST_CASE("Asio's coroutines go from thread to thread")
{
    asio::io_context io;
    std::atomic<int> made = 0;
    for (int i = 0; i != 100; ++i)
        asio::co_spawn(io, hops(made), asio::detached);
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] { io.run(); });
    for (auto& thread : threads)
        thread.join();
    CHECK(made == 100'000);
}

TEST_CASE("run() returns as soon as no operation is in flight")
{
    fixture f;
    auto client = f.user();
    f.run(client.models()); // the fixture's run() is io.run() without a stop
    CHECK(f.io.stopped());
    f.io.restart();
    CHECK(f.io.poll() == 0);
    CHECK(f.io.stopped());

    asio::thread_pool pool(2);
    practicus::client pooled(pool.get_executor(), f.server.url(), options_as(fixture::password()));
    ends result;
    asio::co_spawn(pool, pooled.models(), result.handler());
    pool.join();
    CHECK(result.served == 1);
}

TEST_CASE("a thread pool without a strand, many operations at once")
{
    fixture f;
    asio::thread_pool pool(4);
    practicus::client client(pool.get_executor(), f.server.url(), options_as(fixture::password()));
    ends result;
    for (int i = 0; i != 50; ++i) {
        asio::co_spawn(pool, client.cluster_info(), result.handler());
        asio::co_spawn(asio::make_strand(pool), client.session_token(f.model()), result.handler());
    }
    pool.join();
    CHECK(result.served == 100);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("callbacks and futures, from temporary clients and strings")
{
    fixture f;
    auto options = [] { return options_as(fixture::password()); };
    auto url = [&](int i) { return f.model() + std::string(i % 2 == 0 ? "v1" : ""); };
    ends result;
    for (int i = 0; i != 4; ++i)
        asio::co_spawn(
            f.io, practicus::client(f.io.get_executor(), f.server.url(), options()).session_token(url(i)),
            result.handler());
    f.io.run();
    CHECK(result.served == 4);

    running_context other;
    auto future = asio::co_spawn(
        other.io, practicus::client(other.io.get_executor(), f.server.url(), options()).model_id(url(0)),
        asio::use_future);
    CHECK(future.get() == 42);
    auto failing = asio::co_spawn(
        other.io, practicus::client(other.io.get_executor(), f.server.url()).models(), asio::use_future);
    CHECK_THROWS_AS(failing.get(), practicus::error);
}

TEST_CASE("a client of one context, awaited in another")
{
    fixture f;
    running_context home;
    practicus::client client(home.io.get_executor(), f.server.url(), options_as(fixture::password()));
    // All of it, values and errors, where the caller is.
    CHECK(f.run(client.models()).size() == 5);
    f.run(client.refresh());
    CHECK(f.run(client.model_id(f.model())) == 42);
    CHECK(f.failure(client.model_id(f.model("models/practicus/none"))).code == errc::not_found);

    std::thread::id const here = std::this_thread::get_id();
    std::thread::id resumed;
    auto probe = [](practicus::client c, std::thread::id& where) -> asio::awaitable<void> {
        co_await c.cluster_info();
        where = std::this_thread::get_id();
    };
    f.run(probe(client, resumed));
    CHECK(resumed == here);
}

TEST_CASE("limits hold for a caller in another context")
{
    fixture f;
    practicus::mock::gate never;
    asio::io_context home;
    // Once: a pause before another attempt would not end while time stands still.
    practicus::client client(home.get_executor(), f.server.url(), fixture::once(options_with([&](auto& o) {
                                 o.credentials = fixture::password();
                                 o.timeouts.first_byte = std::chrono::seconds(7);
                             })));
    auto& clock = stopped_clock_of(client);
    f.server.expect("GET", cluster_path).hold(never);
    std::exception_ptr failed;
    asio::co_spawn(f.io, client.cluster_info(),
                   [&](std::exception_ptr e, practicus::cluster_info) { failed = e; });
    auto both = [&](auto condition) {
        poll_until(f.io, [&] {
            home.restart();
            home.poll();
            return condition();
        });
    };
    both([&] { return never.waiting() == 1; });
    CHECK_FALSE(failed);
    clock.advance(std::chrono::seconds(7));
    both([&] { return failed != nullptr; });
    try {
        std::rethrow_exception(failed);
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::first_byte_timeout);
    }
    never.open();
}

TEST_CASE("cancelling in another context ends the wait and the request")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate);
    running_context home;
    practicus::client client(home.io.get_executor(), f.server.url(), options_as(fixture::password()));
    asio::cancellation_signal cancel;
    ends result;
    asio::co_spawn(f.io, client.cluster_info(),
                   asio::bind_cancellation_slot(cancel.slot(), result.handler()));
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    cancel.emit(asio::cancellation_type::terminal);
    f.io.run();
    CHECK(result.aborted == 1);
    f.io.restart();
    CHECK(f.run(client.models()).size() == 5);
    // The abandoned request has ended too, without a response.
    home.work.reset();
    home.thread.join();
    gate.open();
}

TEST_CASE("the caller's context is destroyed first")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate).times(3);
    running_context home;
    ends result;
    {
        asio::io_context callers;
        practicus::client client(home.io.get_executor(), f.server.url(), options_as(fixture::password()));
        for (int i = 0; i != 3; ++i)
            asio::co_spawn(callers, client.cluster_info(), result.handler());
        poll_until(callers, [&] { return gate.waiting() == 3; });
    }
    home.work.reset();
    home.thread.join(); // what was begun for the callers is cancelled: no answer has come
    gate.open();
    CHECK(result.served + result.aborted + result.closed + result.other == 0);
}

TEST_CASE("the client's context is destroyed before an operation has begun in it")
{
    fixture f;
    auto home = std::make_unique<asio::io_context>();
    practicus::client client(home->get_executor(), f.server.url());
    ends result;
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    f.io.poll();
    home.reset();
    f.io.run();
    CHECK(result.aborted == 1);
}

TEST_CASE("a strand that is younger than the client's waiters is destroyed with callers suspended on it")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    ends result;
    {
        asio::io_context io;
        practicus::client first(io.get_executor(), f.server.url());
        auto const strand = asio::make_strand(io);
        practicus::client second(strand, f.server.url(), options_as(fixture::password()));
        asio::co_spawn(strand, second.cluster_info(), result.handler());
        poll_until(io, [&] { return gate.waiting() != 0; });
    }
    gate.open();
    CHECK(result.served + result.aborted + result.closed + result.other == 0);
}

TEST_CASE("the last of a client goes while its context is being destroyed on another thread")
{
    fixture f;
    for (int i = 0; i != 20; ++i) {
        auto home = std::make_unique<asio::io_context>();
        asio::io_context callers;
        ends result;
        asio::co_spawn(callers, practicus::client(home->get_executor(), f.server.url()).cluster_info(),
                       result.handler());
        callers.poll();
        std::thread other([&] { callers.run(); });
        home.reset();
        other.join();
        CHECK(result.aborted == 1);
    }
}

TEST_CASE("logins, logouts, refreshes and calls from several threads")
{
    fixture f;
    asio::thread_pool pool(3);
    practicus::client client(pool.get_executor(), f.server.url());
    ends result;
    for (int i = 0; i != 20; ++i) {
        asio::co_spawn(pool, client.login("admin@company.com", "practicus"), result.handler());
        asio::co_spawn(pool, client.cluster_info(), result.handler());
        asio::co_spawn(pool, client.refresh(), result.handler());
        if (i % 5 == 0) client.logout();
    }
    pool.join();
    CHECK(result.served + result.other == 60); // what met a logout asks for a login
    CHECK(result.aborted + result.closed == 0);
}

TEST_CASE("the client's context is destroyed first")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate).times(3);
    auto home = std::make_unique<running_context>();
    practicus::client client(home->io.get_executor(), f.server.url(), options_as(fixture::password()));
    ends result;
    for (int i = 0; i != 3; ++i)
        asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 3; });
    home.reset();
    f.io.run();
    CHECK(result.aborted == 3);
    CHECK(f.failure(client.models()).code == asio::error::operation_aborted);
    gate.open();
}

TEST_CASE("a context is destroyed with operations of its own suspended")
{
    fixture f;
    practicus::mock::gate answer, login;
    f.server.expect("GET", cluster_path).hold(answer).times(3);
    ends result;
    {
        asio::io_context io;
        practicus::client client(io.get_executor(), f.server.url(), options_as(fixture::password()));
        practicus::client waiting(io.get_executor(), f.server.url(), options_as(fixture::password()));
        for (int i = 0; i != 3; ++i)
            asio::co_spawn(io, client.cluster_info(), result.handler());
        poll_until(io, [&] { return answer.waiting() == 3; });
        // These wait for one login.
        f.server.expect("POST", "/console/api/auth/").hold(login);
        for (int i = 0; i != 3; ++i)
            asio::co_spawn(io, waiting.cluster_info(), result.handler());
        poll_until(io, [&] { return login.waiting() == 1; });
    }
    answer.open();
    login.open();
    CHECK(result.served + result.aborted + result.closed + result.other == 0);
}

TEST_CASE("close() ends operations everywhere with its own error")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate).times(2);
    running_context home;
    practicus::client client(home.io.get_executor(), f.server.url(), options_as(fixture::password()));
    ends result;
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    asio::co_spawn(home.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 2; });
    client.close();
    client.close();
    f.io.run();
    home.work.reset();
    home.thread.join();
    CHECK(result.closed == 2);
    CHECK(f.failure(client.models()).code == errc::client_closed);
    // Also what needs no connection.
    auto local = f.client();
    local.close();
    CHECK(f.failure(local.login(practicus::credentials::access_token("a.b.c"))).code == errc::client_closed);
    gate.open();
}
