// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "black_hole.hpp"
#include "fixture.hpp"
#include "forked.hpp"
#include "internals.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <thread>
#include <vector>

using practicus::call_options;
using practicus::client_options;
using practicus::errc;
using practicus::pool_options;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

client_options at_most(std::size_t connections)
{
    return options_with([&](auto& o) { o.pool.max_connections = connections; });
}

} // namespace

TEST_CASE("a connection is used again, and keeps no context from its end")
{
    for (bool const tls : {false, true}) {
        fixture f{https_options_if(tls)};
        auto client =
            f.user(tls ? options_with([&](auto& o) { o.tls.ca_pem = f.server.ca_pem(); }) : client_options());
        for (int i = 0; i != 10; ++i)
            f.run(client.models());
        CHECK(f.server.connections() == 1);
        auto const stats = client.stats();
        CHECK(stats.connections.connects == 1);
        CHECK(stats.connections.reuses == 10); // the login, and 10 listings
        CHECK(stats.exchanges == 11);
        CHECK(stats.connections.open == 1);
        CHECK(stats.connections.idle == 1);
        CHECK(stats.connections.stale_hits + stats.connections.waiting + stats.connections.connecting +
                  stats.connections.connect_failures ==
              0);
        CHECK(stats.bytes_sent > 1000);
        CHECK(stats.bytes_received > 1000);
        client.close_idle();
        CHECK(client.stats().connections.open == 0);
        f.server.wait_for_end();
        CHECK(f.run(client.models()).size() == 5);
        CHECK(f.server.connections() == 2);
    }
}

TEST_CASE("the number of connections stays within the limit, and all requests are served in turn")
{
    std::uint64_t const limit = GENERATE(1U, 2U);
    fixture f;
    auto client = f.user(at_most(limit));
    f.run(client.cluster_info());
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate).times(limit);
    ends result;
    std::vector<int> order;
    f.io.restart();
    for (int i = 0; i != 10; ++i)
        asio::co_spawn(f.io, client.cluster_info(),
                       [&, i](std::exception_ptr e, practicus::cluster_info const&) {
                           result.add(e);
                           order.push_back(i);
                       });
    poll_until(f.io, [&] { return gate.waiting() == limit; });
    CHECK(client.stats().connections.waiting == 10 - limit);
    CHECK(client.stats().connections.open == limit);
    gate.open();
    f.io.run();
    CHECK(result.served == 10);
    CHECK(f.server.connections() == limit);
    // Of two on their way at once either may be answered first.
    if (limit == 1) CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a waiter that is served and cancelled at once passes its connection on")
{
    fixture f;
    asio::cancellation_signal leave;
    bool armed = false;
    int exchanges = 0;
    auto client = f.user(options_with(
        [&](auto& o) {
            o.observer = [&](practicus::event const& e) {
                // The connection was handed to the next in the queue, which has not resumed yet.
                if (armed && std::holds_alternative<practicus::events::exchanged>(e) && ++exchanges == 1)
                    leave.emit(asio::cancellation_type::terminal);
            };
        },
        at_most(1)));
    f.run(client.cluster_info());
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate);
    armed = true;
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(leave.slot(), result.handler()));
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1 && client.stats().connections.waiting == 2; });
    gate.open();
    f.io.run_for(1min);
    CHECK(result.served == 2);
    CHECK(result.aborted == 1);
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a connection granted to a waiter of a destroyed context is closed")
{
    fixture f;
    practicus::mock::gate gate;
    ends first, dropped;
    {
        asio::io_context io;
        bool armed = false;
        practicus::client client(io.get_executor(), f.server.url(),
                                 options_with(
                                     [&](auto& o) {
                                         o.credentials = fixture::password();
                                         o.observer = [&](practicus::event const& e) {
                                             if (!armed ||
                                                 !std::holds_alternative<practicus::events::waiting>(e))
                                                 return;
                                             // The connection comes free when the second has found none, and
                                             // does not wait for it yet.
                                             armed = false;
                                             gate.open();
                                             poll_until(io, [&] { return first.served == 1; });
                                         };
                                     },
                                     at_most(1)));
        asio::co_spawn(io, client.login(fixture::password()), asio::detached);
        io.run();
        f.server.expect("GET", cluster_path).hold(gate);
        io.restart();
        asio::co_spawn(io, client.cluster_info(), first.handler());
        poll_until(io, [&] { return gate.waiting() == 1; });
        armed = true;
        asio::co_spawn(io, client.cluster_info(), dropped.handler());
        for (int i = 0; armed && i != 100; ++i)
            io.poll_one();
        REQUIRE(first.served == 1);
        CHECK(client.stats().connections.open == 1);
        CHECK(client.stats().connections.idle == 0);
    }
    CHECK(f.server.wait_for_end());
    CHECK(dropped.served + dropped.aborted + dropped.closed + dropped.other == 0);
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a waiter has a deadline, and may be cancelled")
{
    fixture f;
    auto client = f.user(at_most(1));
    f.run(client.cluster_info());
    auto& clock = stopped_clock_of(client);
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate);
    ends first, left;
    practicus::error_info late;
    asio::cancellation_signal leave;
    f.io.restart();
    asio::co_spawn(f.io, client.with(call_options().timeout(0s)).cluster_info(), first.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    asio::co_spawn(f.io, client.with(call_options().timeout(2s)).cluster_info(),
                   [&](std::exception_ptr e, practicus::cluster_info const&) {
                       try {
                           std::rethrow_exception(e);
                       } catch (practicus::error const& failed) {
                           late = failed.info();
                       }
                   });
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(leave.slot(), left.handler()));
    poll_until(f.io, [&] { return client.stats().connections.waiting == 2; });
    leave.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return left.aborted == 1; });
    clock.advance(2s);
    poll_until(f.io, [&] { return late.code == errc::deadline_exceeded; });
    CHECK(late.message == "while waiting for a connection");
    CHECK(client.stats().connections.waiting == 0);
    gate.open();
    f.io.run_for(1min);
    CHECK(first.served == 1);
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.server.connections() == 1);
}

TEST_CASE("an operation that is cancelled in the middle takes its connection along")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate);
    asio::cancellation_signal leave;
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(leave.slot(), result.handler()));
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    leave.emit(asio::cancellation_type::terminal);
    f.io.run_for(1min);
    CHECK(result.aborted == 1);
    CHECK(client.stats().connections.open == 0);
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.server.connections() == 2);
    gate.open();
}

TEST_CASE("a connect without waiters ends")
{
    asio::io_context io;
    black_hole const hole;
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(hole.port()),
                             options_as(fixture::password()));
    asio::cancellation_signal leave;
    ends result;
    auto const begin = std::chrono::steady_clock::now();
    asio::co_spawn(io, client.login("admin@company.com", "practicus"),
                   asio::bind_cancellation_slot(leave.slot(), result.handler()));
    poll_until(io, [&] { return client.stats().connections.connecting == 1; });
    leave.emit(asio::cancellation_type::terminal);
    io.restart();
    io.run();
    CHECK(result.aborted == 1);
    CHECK(client.stats().connections.connecting == 0);
    CHECK(std::chrono::steady_clock::now() - begin < 9s); // the limit of connecting is 10 s
}

TEST_CASE("an abandoned connect is restarted for a request that arrived meanwhile")
{
    black_hole hole;
    bool met = false;
    // The second comes at each step of the first connect's end.
    for (int steps = 0; steps != 12; ++steps) {
        asio::io_context io;
        practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(hole.port()),
                                 fixture::once());
        auto& clock = stopped_clock_of(client);
        asio::cancellation_signal leave;
        ends first, second;
        auto const login = [&] { return client.login("admin@company.com", "practicus"); };
        asio::co_spawn(io, login(), asio::bind_cancellation_slot(leave.slot(), first.handler()));
        poll_until(io, [&] { return client.stats().connections.connecting == 1; });
        leave.emit(asio::cancellation_type::terminal);
        poll_until(io, [&] { return first.aborted == 1; });
        runtime_of(client).limits()->sweep();
        io.restart();
        for (int i = 0; i != steps; ++i)
            io.poll_one();
        met = met || client.stats().connections.connecting == 1;
        asio::co_spawn(io, login(), second.handler());
        poll_until(io, [&] {
            clock.advance(1s);
            return second.aborted + second.other == 1;
        });
        CHECK(second.aborted == 0);
    }
    CHECK(met);
}

TEST_CASE("connections grow old, and lie unused for so long only")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) {
        o.pool.idle_timeout = 60s;
        o.pool.max_age = 10min;
    }));
    runtime_of(client).random().fix(0.5);
    auto& clock = stopped_clock_of(client);
    auto connections_after = [&](std::chrono::nanoseconds pause) {
        clock.advance(pause);
        f.run(client.login("admin@company.com", "practicus"));
        return f.server.connections();
    };
    CHECK(connections_after(0s) == 1);
    CHECK(connections_after(59s) == 1);
    CHECK(connections_after(60s) == 2);
    for (int i = 0; i != 10; ++i)
        CHECK(connections_after(59s) == 2);
    CHECK(connections_after(11s) == 3);
    CHECK(client.stats().connections.evictions == 2);
    CHECK(client.stats().connections.stale_hits == 0);

    f.server.expect("POST", "/console/api/auth/").header("Keep-Alive", "max=7, Timeout=5");
    CHECK(connections_after(1s) == 3);
    CHECK(connections_after(3900ms) == 3);
    CHECK(connections_after(4s) == 4);
    f.server.expect("POST", "/console/api/auth/").header("Connection", "close").then_close();
    CHECK(connections_after(1s) == 4);
    CHECK(connections_after(0s) == 5);
    CHECK(client.stats().connections.stale_hits == 0);
}

TEST_CASE("a server that closes early costs no error, and is adapted to")
{
    fixture f;
    auto client = f.user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    std::uint64_t first_half = 0;
    for (int i = 0; i != 200; ++i) {
        // Between 0.8 and 1.2 s, in an order without a pattern.
        auto const pause = 800ms + (i * 37 % 41) * 10ms;
        clock.advance(pause);
        if (pause > 1s) {
            f.server.close_connections();
            f.server.wait_for_end();
        }
        f.run(client.cluster_info());
        if (i == 99) first_half = client.stats().connections.stale_hits;
    }
    CHECK(first_half >= 1);
    CHECK(client.stats().connections.stale_hits - first_half <= 1);
}

TEST_CASE("a server that closes idle connections after a second, in real time", "[.soak]")
{
    fixture f;
    f.server.close_idle_after(1s);
    auto client = f.user();
    std::uint64_t first_half = 0;
    asio::steady_timer timer(f.io);
    for (int i = 0; i != 200; ++i) {
        f.run(client.cluster_info());
        if (i == 99) first_half = client.stats().connections.stale_hits;
        f.io.restart();
        timer.expires_after(800ms + (i * 37 % 41) * 10ms);
        timer.async_wait([](auto const&) {});
        f.io.run();
    }
    CHECK(first_half >= 1);
    CHECK(client.stats().connections.stale_hits - first_half <= 1);
}

TEST_CASE("a stale connection that looks alive costs one resend, on a new one")
{
    fixture f;
    auto client = f.user(f.once());
    f.run(client.cluster_info());
    // Of two that are idle both may be stale.
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).times(2).hold(gate);
    ends result;
    f.io.restart();
    for (int i = 0; i != 2; ++i)
        asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 2; });
    gate.open();
    f.io.run();
    REQUIRE(client.stats().connections.idle == 2);
    f.server.expect("GET", cluster_path).cut_after(0);
    f.run(client.cluster_info());
    CHECK(f.server.connections() == 3);
    CHECK(f.server.count("GET central/clusterdefinition/") == 5);
    CHECK(client.stats().connections.stale_hits == 1);
    CHECK(client.stats().retries == 1);
}

TEST_CASE("an origin that is down fails every waiter after its retries")
{
    asio::io_context io;
    asio::ip::tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
    auto const port = taken.local_endpoint().port();
    taken.close();
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(port), at_most(2));
    runtime_of(client).random().fix(0);
    std::vector<practicus::error_info> failures;
    for (int i = 0; i != 10; ++i)
        asio::co_spawn(io, client.login("admin@company.com", "practicus"), [&](std::exception_ptr e) {
            try {
                std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                failures.push_back(failed.info());
            }
        });
    io.run_for(1min);
    REQUIRE(failures.size() == 10);
    for (auto const& info : failures) {
        CHECK(info.code == errc::connect_failed);
        CHECK(info.cause == asio::error::connection_refused);
        CHECK(info.attempts == 3);
        CHECK(info.request == "POST /console/api/auth/");
    }
    CHECK(client.stats().connections.connect_failures == 30);
    CHECK(client.stats().connections.open + client.stats().connections.connecting +
              client.stats().connections.waiting ==
          0);
}

TEST_CASE("closing from another thread ends all, waiters and idle connections included")
{
    fixture f;
    auto client = f.user(at_most(1));
    f.run(client.cluster_info());
    practicus::mock::gate gate;
    f.server.expect("GET", cluster_path).hold(gate);
    ends result;
    f.io.restart();
    for (int i = 0; i != 5; ++i)
        asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    std::thread other([&] { client.close(); });
    f.io.run_for(1min);
    other.join();
    CHECK(result.closed == 5);
    CHECK(client.stats().connections.open == 0);
    CHECK(f.failure(client.cluster_info()).code == errc::client_closed);
    gate.open();
    f.server.wait_for_end();
}

TEST_CASE("idle connections go with the last handle, with their context, and on request from any thread")
{
    fixture f;
    {
        auto client = f.user();
        f.run(client.models());
        std::thread other([moved = std::make_optional(std::move(client))]() mutable { moved.reset(); });
        other.join();
    }
    f.server.wait_for_end();
    {
        asio::io_context io;
        practicus::client client(io.get_executor(), f.server.url(), options_as(fixture::password()));
        asio::co_spawn(io, client.models(), [](std::exception_ptr e, auto const&) { CHECK_FALSE(e); });
        io.run();
        CHECK(client.stats().connections.idle == 1);
    }
    f.server.wait_for_end();
    std::optional<practicus::client> left;
    {
        asio::io_context io;
        left.emplace(io.get_executor(), f.server.url(), options_as(fixture::password()));
        asio::co_spawn(io, left->models(), [](std::exception_ptr e, auto const&) { CHECK_FALSE(e); });
        io.run();
    }
    f.server.wait_for_end();
    CHECK(left->stats().connections.open == 0);
    left->close_idle();
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a forked child that destroys its copy leaves the parent's connections working")
{
    for (bool const tls : {false, true}) {
        fixture f{https_options_if(tls)};
        std::optional<asio::io_context> io(std::in_place);
        std::optional<practicus::client> client(std::in_place, io->get_executor(), f.server.url(),
                                                options_with([&](auto& o) {
                                                    o.credentials = fixture::password();
                                                    o.tls.ca_pem = tls ? f.server.ca_pem() : "";
                                                }));
        ends result;
        auto models = [&] {
            io->restart();
            asio::co_spawn(*io, client->models(), result.handler());
            io->run();
        };
        models();
        CHECK(run_forked([&] {
                  client.reset();
                  io.reset();
              }) == 0);
        models();
        CHECK(result.served == 2);
        CHECK(f.server.connections() == 1);
    }
}
#endif

TEST_CASE("idle connections of an origin that is not used again close though all calls are short")
{
    fixture f, other;
    auto const options = options_with(
        [&](auto& o) {
            o.pool.idle_timeout = 200ms;
            o.trusted_origins.emplace_back(other.server.url());
        },
        at_most(4));
    auto client = f.user(client_options(options));
    auto& clock = stopped_clock_of(client);
    other.server.expect("GET", "*").reply(200, "{}").header("x-prt-model-id", "7");
    f.run(client.model_id(other.model()));
    f.run(client.cluster_info());
    CHECK(client.stats().connections.open == 2);
    clock.advance(2s);
    f.run(client.cluster_info());
    f.run(client.cluster_info());
    CHECK(client.stats().connections.open == 1);
}

TEST_CASE("waiters that end by deadline or close while connects fail get one error each")
{
    for (int round = 0; round != 50; ++round) {
        asio::thread_pool pool(3);
        practicus::client client(
            pool.get_executor(), "http://127.0.0.1:1",
            options_as(practicus::credentials::access_token("a.b.c"), fixture::once(at_most(2))));
        ends result;
        auto const hurried = client.with(call_options().timeout(1ms));
        for (int i = 0; i != 20; ++i) {
            asio::co_spawn(pool, client.cluster_info(), result.handler());
            asio::co_spawn(pool, hurried.cluster_info(), result.handler());
        }
        client.close();
        pool.join();
        CHECK(result.closed + result.other == 40);
    }
}
