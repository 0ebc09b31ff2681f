// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "raw_server.hpp"

#include <memory>
#include <optional>
#include <string>

using practicus::errc;
using speaks = raw_server::speaks;

namespace {

std::string answer(std::string const& region)
{
    auto const body = R"({"NAME":"n","REGION_NAME":")" + region + "\"}";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A client, and a server that has each step from the test.
struct scene
{
    explicit scene(speaks what) : server(what), client(io.get_executor(), server.url(), server.options()) {}

    void ask()
    {
        region.clear();
        failed = {};
        ended = false;
        asio::co_spawn(io, client.cluster_info(),
                       [this](std::exception_ptr e, practicus::cluster_info const& c) {
                           ended = true;
                           if (e) {
                               try {
                                   std::rethrow_exception(e);
                               } catch (practicus::error const& told) {
                                   failed = told.code();
                               }
                           } else {
                               region = c.region_name;
                           }
                       });
    }

    /// Asks, and answers on a new connection; afterwards the call has ended.
    std::unique_ptr<raw_peer> first()
    {
        ask();
        auto peer = server.accept(io);
        request(*peer);
        return peer;
    }

    void request(raw_peer& peer)
    {
        peer.forget();
        poll_until(io, [&] { return peer.read() && peer.received().ends_with("\r\n\r\n"); });
    }

    void finish()
    {
        poll_until(io, [&] { return ended; });
    }

    void check_new_connection()
    {
        auto const peer = first();
        peer->send(answer("two"));
        finish();
        CHECK_FALSE(failed);
        CHECK(region == "two");
    }

    asio::io_context io;
    raw_server server;
    practicus::client client;
    std::string region;
    boost::system::error_code failed;
    bool ended = false;
};

} // namespace

TEST_CASE("bytes between two exchanges are no response, and end the connection")
{
    auto const what = GENERATE(speaks::plain, speaks::tls12, speaks::tls13);
    auto const stray = GENERATE(as<std::string>{}, answer("stray"), "\r\n", "x",
                                "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    bool const coalesce_limit = GENERATE(false, true);
    CAPTURE(what, stray, coalesce_limit);
    scene s(what);
    auto const peer = s.first();
    if (coalesce_limit)
        peer->send_together(answer("one"), stray);
    else
        peer->send(answer("one"));
    s.finish();
    CHECK(s.region == "one");
    // Just now.
    if (!coalesce_limit) peer->send(stray);
    s.check_new_connection();
    CHECK(s.client.stats().connections.connects == 2);
    CHECK(s.client.stats().connections.open == 1);
}

TEST_CASE("the body of a 204 is no response to the next request")
{
    auto const what = GENERATE(speaks::plain, speaks::tls12, speaks::tls13);
    bool const coalesce_limit = GENERATE(false, true);
    scene s(what);
    auto const peer = s.first();
    std::string const head = "HTTP/1.1 204 No Content\r\nContent-Length: 500\r\n\r\n";
    if (coalesce_limit)
        peer->send_together(head, answer("stray"));
    else
        peer->send(head);
    s.finish();
    CHECK(s.failed);
    if (!coalesce_limit) peer->send(answer("stray"));
    s.check_new_connection();
}

TEST_CASE("a farewell under TLS ends the connection, whether or not the socket is closed")
{
    auto const what = GENERATE(speaks::tls12, speaks::tls13);
    bool const notify = GENERATE(true, false);
    scene s(what);
    auto const peer = s.first();
    peer->send(answer("one"));
    s.finish();
    if (notify)
        peer->send_close_notify();
    else
        peer->send_raw("HTTP/1.1 200 OK\r\n"); // no record, as an attacker's or a broken proxy's
    s.check_new_connection();
}

TEST_CASE("session tickets between two exchanges are not data")
{
    bool const coalesce_limit = GENERATE(false, true);
    scene s(speaks::tls13);
    auto const peer = s.first();
    peer->send(answer("one"));
    if (coalesce_limit) REQUIRE(::SSL_new_session_ticket(peer->ssl()) == 1);
    if (coalesce_limit) REQUIRE(::SSL_do_handshake(peer->ssl()) == 1);
    s.finish();
    for (int i = 0; i != 3; ++i) {
        REQUIRE(::SSL_new_session_ticket(peer->ssl()) == 1);
        REQUIRE(::SSL_do_handshake(peer->ssl()) == 1);
        s.ask();
        s.request(*peer);
        peer->send(answer("more"));
        s.finish();
        CHECK(s.region == "more");
    }
    CHECK(s.client.stats().connections.connects == 1);
    // A half of one is not a ticket yet.
    peer->send_raw("\x17\x03\x03");
    s.check_new_connection();
}

TEST_CASE("a connection that is handed to a waiter is looked at as well")
{
    auto const what = GENERATE(speaks::plain, speaks::tls13);
    raw_server server(what);
    asio::io_context io;
    practicus::client client(io.get_executor(), server.url(),
                             options_with([](auto& o) { o.pool.max_connections = 1; }, server.options()));
    std::vector<std::string> regions;
    for (int i = 0; i != 2; ++i)
        asio::co_spawn(io, client.cluster_info(),
                       [&](std::exception_ptr e, practicus::cluster_info const& c) {
                           regions.push_back(e ? "failed" : c.region_name);
                       });
    auto const peer = server.accept(io);
    poll_until(io, [&] { return peer->read(); });
    // The second waits, and finds this when it has the connection.
    peer->send(answer("one"));
    peer->send(answer("stray"));
    auto const other = server.accept(io);
    poll_until(io, [&] { return other->read(); });
    other->send(answer("two"));
    poll_until(io, [&] { return regions.size() == 2; });
    CHECK(regions == std::vector<std::string>{"one", "two"});
}
