// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <deque>
#include <random>
#include <thread>

using practicus::call_options;
using practicus::client_options;
using practicus::pool_options;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// Closes, stalls, cuts and refuses at random.
void misbehave(practicus::mock::server& server)
{
    server.inject([random = std::make_shared<std::pair<std::mutex, std::minstd_rand>>()](
                      practicus::mock::request const&) {
        practicus::mock::fault f;
        std::lock_guard lock(random->first);
        switch (random->second() % 16) {
        case 0: f.cut_after(random->second() % 300); break;
        case 1: f.reset_after(random->second() % 300); break;
        case 2: f.stall_after(random->second() % 300); break;
        case 3: f.then_close(); break;
        case 4: f.reply(503).header("Retry-After", "0"); break;
        case 5: f.chunk_size("zz"); break;
        case 6: f.slow(64, 1ms); break;
        default: break;
        }
        return f;
    });
}

/// One operation on a strand of its own, and the signal that may cancel it there.
struct one
{
    explicit one(asio::any_io_executor const& executor) : strand(asio::make_strand(executor)) {}

    asio::strand<asio::any_io_executor> strand;
    asio::cancellation_signal cancel;
};

/// Asks for ever, whatever goes wrong (a login that is cut included), until it can only be told to stop.
asio::awaitable<void> ask_for_ever(practicus::client client)
{
    for (;;) {
        try {
            co_await client.models();
        } catch (practicus::error const& e) {
            if (e.code() == practicus::errc::client_closed || e.code() == asio::error::operation_aborted)
                throw;
        }
    }
}

client_options hurried(std::string const& ca_pem)
{
    return options_with([&](auto& o) {
        o.credentials = fixture::password();
        o.pool.max_connections = 64;
        o.tls.ca_pem = ca_pem;
        o.timeouts.first_byte = 200ms;
        o.timeouts.between_bytes = 200ms;
        o.timeouts.operation = 20s;
    });
}

} // namespace

TEST_CASE("two thousand operations at once, through 64 connections, on four threads, cancelled at random")
{
    for (bool const tls : {false, true}) {
        fixture f{https_options_if(tls)};
        misbehave(f.server);
        constexpr int operations = 2000;
        ends result;
        std::atomic<int> calls{0};
        {
            asio::io_context io(4);
            practicus::client client(io.get_executor(), f.server.url(),
                                     hurried(tls ? f.server.ca_pem() : std::string()));
            std::deque<one> all;
            std::minstd_rand random(7);
            for (int i = 0; i != operations; ++i) {
                auto& o = all.emplace_back(io.get_executor());
                auto done =
                    asio::bind_cancellation_slot(o.cancel.slot(), [&](std::exception_ptr e, auto const&...) {
                        ++calls;
                        result.add(e);
                    });
                switch (i % 3) {
                case 0: asio::co_spawn(o.strand, client.models(), std::move(done)); break;
                case 1: asio::co_spawn(o.strand, client.cluster_info(), std::move(done)); break;
                default: asio::co_spawn(o.strand, client.session_token(f.model()), std::move(done)); break;
                }
                if (random() % 4 == 0) {
                    auto const timer = std::make_shared<asio::steady_timer>(
                        o.strand, std::chrono::milliseconds(random() % 400));
                    timer->async_wait(
                        [timer, &o](auto const&) { o.cancel.emit(asio::cancellation_type::terminal); });
                }
            }
            std::vector<std::thread> threads;
            for (int i = 0; i != 4; ++i)
                threads.emplace_back([&io] { io.run_for(2min); });
            for (auto& t : threads)
                t.join();
            CHECK(io.stopped()); // nothing was outstanding
            auto const stats = client.stats();
            CHECK(stats.connections.open == stats.connections.idle);
            CHECK(stats.connections.open <= 64);
            CHECK(stats.connections.waiting + stats.connections.connecting == 0);
        }
        CHECK(calls == operations);
        CHECK(result.served > 0);
        CHECK(result.aborted > 0);
        CHECK(result.closed == 0);
        f.server.region().clear_violations(); // requests that were cut short
    }
}

TEST_CASE("a context is stopped and destroyed in the middle of it")
{
    fixture f;
    misbehave(f.server);
    for (int round = 0; round != 5; ++round) {
        ends result;
        std::optional<practicus::client> client;
        {
            asio::io_context io(4);
            client.emplace(io.get_executor(), f.server.url(), hurried({}));
            for (int i = 0; i != 300; ++i)
                asio::co_spawn(asio::make_strand(io), ask_for_ever(*client), result.handler());
            std::vector<std::thread> threads;
            for (int i = 0; i != 4; ++i)
                threads.emplace_back([&io] { io.run(); });
            CHECK(comes([&, before = f.server.count()] { return f.server.count() > before + 100; }));
            io.stop();
            for (auto& t : threads)
                t.join();
        }
        CHECK(result.served + result.aborted + result.closed + result.other == 0);
        CHECK(client->stats().connections.idle == 0);
    }
    f.server.region().clear_violations();
}

TEST_CASE("a client is closed from another thread in the middle of it")
{
    fixture f;
    misbehave(f.server);
    for (int round = 0; round != 5; ++round) {
        ends result;
        asio::thread_pool pool(3);
        practicus::client client(pool.get_executor(), f.server.url(), hurried({}));
        for (int i = 0; i != 300; ++i)
            asio::co_spawn(asio::make_strand(pool), ask_for_ever(client), result.handler());
        CHECK(comes([&, before = f.server.count()] { return f.server.count() > before + 100; }));
        client.close();
        pool.join();
        CHECK(result.closed == 300);
        CHECK(result.served + result.other + result.aborted == 0);
        CHECK(client.stats().connections.open == 0);
    }
    f.server.region().clear_violations();
}
