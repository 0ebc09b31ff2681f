// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/ip/tcp.hpp>

using practicus::client_options;
using practicus::errc;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// Runs an operation in time that stands still until the region is at the point that `reached` tells; then so
/// much time passes.
template <class Reached, class T>
practicus::error_info after(fixture& f, practicus::client const& client, asio::awaitable<T> operation,
                            Reached reached, std::chrono::nanoseconds time)
{
    auto& clock = stopped_clock_of(client);
    f.io.restart();
    auto const stored = std::make_shared<std::optional<practicus::error_info>>();
    auto& info = *stored;
    asio::co_spawn(f.io, std::move(operation), [stored](std::exception_ptr e, auto&&...) {
        CHECK(e);
        try {
            if (e) std::rethrow_exception(e);
        } catch (practicus::error const& failed) {
            *stored = failed.info();
        }
    });
    poll_until(f.io, reached);
    f.io.poll();
    clock.advance(time - 1ms);
    // Not yet: three sweeps see nothing.
    for (int i = 0; i != 3; ++i)
        f.io.run_one();
    CHECK_FALSE(info);
    clock.advance(1ms);
    for (int i = 0; i != 5 && !info; ++i)
        f.io.run_one();
    // Bytes that the kernel had held back until now began the pause anew.
    if (!info) clock.advance(time);
    for (int i = 0; i != 200 && !info; ++i)
        f.io.run_one();
    CHECK(info);
    return info.value_or(practicus::error_info());
}

template <class T>
practicus::error_info stalled_after(fixture& f, practicus::client const& client, asio::awaitable<T> operation,
                                    std::size_t bytes, std::chrono::nanoseconds time)
{
    practicus::mock::gate gate;
    if (bytes == 0)
        f.server.expect("GET", "*").hold(gate);
    else
        f.server.expect("GET", "*").stall_after(bytes);
    auto const before = f.server.count();
    auto const info = after(
        f, client, std::move(operation),
        [&] { return bytes == 0 ? gate.waiting() != 0 : f.server.count() > before; }, time);
    gate.open();
    return info;
}

} // namespace

TEST_CASE("the first byte, a pause and the whole operation have a limit")
{
    struct limit
    {
        std::chrono::milliseconds practicus::timeout_options::*member;
        std::size_t bytes;
        errc code;
        char const* message;
    };
    using timeouts = practicus::timeout_options;
    for (auto const& l :
         {limit{&timeouts::first_byte, 0, errc::first_byte_timeout, nullptr},
          limit{&timeouts::between_bytes, 60, errc::stalled, "while receiving"},
          limit{&timeouts::operation, 0, errc::deadline_exceeded, "while waiting for the response"}}) {
        fixture f;
        auto client = f.user(options_with([&](auto& o) { o.timeouts.*l.member = 7s; }, f.once()));
        f.run(client.cluster_info());
        auto const info = stalled_after(f, client, client.models(), l.bytes, 7s);
        CHECK(info.code == l.code);
        CHECK(info.request == "GET /console/api/modelhost/models/");
        if (l.message != nullptr) CHECK(info.message == l.message);
    }
}

TEST_CASE("a call may set its own limits for the silence of a server")
{
    fixture f;
    auto client = f.user(f.once());
    auto const model = client.model_url("models/practicus", "diamond-price");
    f.run(client.session_token(model));
    auto const asked = practicus::request::get();
    auto quiet = client.call(model.at("x"), practicus::request(asked).between_bytes(7s));
    CHECK(stalled_after(f, client, std::move(quiet), 60, 7s).code == errc::stalled);
    // A proxy holds the request back until the model is up.
    auto patient = client.call(model.at("x"), practicus::request(asked).patience(40s));
    CHECK(stalled_after(f, client, std::move(patient), 0, 40s).code == errc::first_byte_timeout);
}

TEST_CASE("a deadline ends the wait for a token as well")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    auto client = f.user(options_with([&](auto& o) { o.timeouts.operation = 7s; }, f.once()));
    auto const info = after(
        f, client, client.models(), [&] { return gate.waiting() == 1; }, 7s);
    CHECK(info.code == errc::deadline_exceeded);
    gate.open();
}

TEST_CASE("the handshake has a limit")
{
    fixture f{https_options()};
    practicus::mock::gate gate;
    f.server.expect_connection().hold(gate);
    auto client = f.user(options_with(
        [&](auto& o) {
            o.tls.ca_pem = f.server.ca_pem();
            o.timeouts.tls = 7s;
        },
        f.once()));
    auto const info = after(
        f, client, client.models(), [&] { return gate.waiting() == 1; }, 7s);
    CHECK(info.code == errc::tls_timeout);
    gate.open();
}

TEST_CASE("a limit of zero means no limit")
{
    fixture f;
    auto none = options_with<timeout_options>([&](auto& o) {
        o.resolve = 0ms;
        o.connect = 0ms;
        o.tls = 0ms;
        o.first_byte = 0ms;
        o.between_bytes = 0ms;
        o.operation = 0ms;
    });
    CHECK(f.run(f.user(options_with([&](auto& o) { o.timeouts = none; }, f.once())).models()).size() == 5);
    CHECK_THROWS_AS(f.user(options_with([&](auto& o) { o.timeouts.connect = -1ms; })), practicus::error);
}

TEST_CASE("a refused connection, and an unknown host name")
{
    asio::io_context io;
    asio::ip::tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
    auto const port = taken.local_endpoint().port();
    taken.close();
    fixture f;
    practicus::client refused(f.io.get_executor(), "http://127.0.0.1:" + std::to_string(port));
    auto info = f.failure(refused.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::connect_failed);
    CHECK(info.cause == asio::error::connection_refused);
    CHECK(practicus::is_retryable(info.code));

    practicus::client nameless(f.io.get_executor(), "http://practicus.invalid");
    info = f.failure(nameless.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::resolve_failed);
}
