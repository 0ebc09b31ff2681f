// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "mock_options.hpp"

#include "unit/mock/raw_client.hpp"

#include <practicus/mock/detail/server_state.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace mock = practicus::mock;
using strings = std::vector<std::string>;

namespace {

struct stopped_item : mock::detail::stoppable
{
    void stop() override { order->push_back(connection); }
    bool is_connection() const noexcept override { return connection; }

    bool connection = true;
    std::vector<bool>* order = nullptr;
};

} // namespace

TEST_CASE("a server answers on a thread of its own, and keeps connections alive")
{
    mock::server server;
    server.region().add_demo();
    CHECK(server.url() == "http://127.0.0.1:" + std::to_string(server.port()));
    CHECK(server.ca_pem().empty());
    raw_client client(server);
    for (int i = 0; i != 3; ++i) {
        client.send(raw_client::login());
        auto answer = client.answer();
        CHECK(answer.result_int() == 200);
        CHECK(answer["Content-Type"] == "application/json");
        CHECK(answer.keep_alive());
    }
    CHECK(server.connections() == 1);
    CHECK(server.count("POST auth/") == 3);
    CHECK(server.problems() == strings());

    auto requests = server.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].method == "POST");
    CHECK(requests[0].target == "/console/api/auth/");
    CHECK(requests[0].headers["host"] == "localhost");
    CHECK(requests[0].body == "email=admin@company.com&password=practicus");
    CHECK(requests[0].connection == 1);
    server.clear_requests();
    CHECK(server.requests().empty());
}

TEST_CASE("Connection: close is honoured")
{
    mock::server server;
    server.expect("GET", "/x").reply(204).times(2);
    raw_client client(server);
    client.send(raw_client::request("GET", "/x", "Connection: close\r\n"));
    auto text = client.rest();
    CHECK(client.ec == asio::error::eof);
    CHECK(text.starts_with("HTTP/1.1 204 No Content\r\n"));
    CHECK(text.find("Connection: close\r\n") != std::string::npos);
    CHECK(text.find("Content-Length") == std::string::npos);

    raw_client old(server);
    old.send("GET /x HTTP/1.0\r\nHost: x\r\n\r\n");
    CHECK(old.rest().starts_with("HTTP/1.1 204"));
    CHECK(server.problems() == strings());
}

TEST_CASE("requests may come together, in pieces, and chunked")
{
    mock::server server;
    server.region().add_demo();
    raw_client client(server);
    client.send(raw_client::login() + raw_client::login());
    CHECK(client.answer().result_int() == 200);
    CHECK(client.answer().result_int() == 200);
    for (char c : raw_client::login())
        client.send(std::string_view(&c, 1));
    CHECK(client.answer().result_int() == 200);
    client.send(
        raw_client::request("POST", "/console/api/auth/",
                            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
        "13\r\n{\"email\":\"admin@com\r\n23\r\npany.com\",\"password\":\"practicus\"}  \r\n0\r\n\r\n");
    CHECK(client.answer().result_int() == 200);
    CHECK(server.problems() == strings());
}

TEST_CASE("malformed HTTP is answered with 400 and recorded")
{
    mock::server server;
    raw_client client(server);
    client.send("no HTTP at all\r\n\r\n");
    auto text = client.rest();
    CHECK(text.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    REQUIRE(server.problems().size() == 1);
    CHECK(server.problems()[0].starts_with("no HTTP request: "));
    CHECK(server.requests().empty());
}

TEST_CASE("a client that merely goes away is not noted")
{
    mock::server server;
    auto gone = [&](std::string_view text) {
        raw_client client(server);
        client.send(text);
        client.close();
    };
    gone("");
    gone("GET / HT");
    gone("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12");
    server.expect("GET", "/x").reply(200);
    raw_client(server).get("/x");
    CHECK(server.problems() == strings());
}

TEST_CASE("heads and bodies have limits")
{
    mock::server server(server_with([](auto& o) {
        o.head_limit = 1000;
        o.body_limit = 2000;
    }));
    raw_client head(server);
    head.send(raw_client::request("GET", "/", "X: " + std::string(2000, 'x') + "\r\n"));
    CHECK(head.answer().result_int() == 431);
    raw_client body(server);
    body.send(raw_client::request("POST", "/", "Content-Length: 3000\r\n"));
    CHECK(body.answer().result_int() == 413);
    CHECK(server.problems().size() == 2);
}

TEST_CASE("Expect: 100-continue is answered")
{
    mock::server server;
    server.region().add_demo();
    raw_client client(server);
    client.send(
        raw_client::request("POST", "/console/api/auth/",
                            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 42\r\n"
                            "Expect: 100-continue\r\n"));
    CHECK(client.read(25) == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("email=admin@company.com&password=practicus");
    CHECK(client.answer().result_int() == 200);
    CHECK(server.problems() == strings());
}

TEST_CASE("an answer to HEAD has no body")
{
    mock::server server;
    server.expect("HEAD", "/x").reply(200, "{}");
    raw_client client(server);
    client.send(raw_client::request("HEAD", "/x", "Connection: close\r\n"));
    auto text = client.rest();
    CHECK(text.find("Content-Length: 2\r\n") != std::string::npos);
    CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("a redirect of Django's is chunked and empty")
{
    mock::server server;
    server.region().add_demo();
    raw_client client(server);
    client.send(raw_client::request("GET", "/models/practicus/diamond-price", "Connection: close\r\n"));
    auto text = client.rest();
    CHECK(text.find("\r\nLocation: /models/practicus/diamond-price/\r\n") != std::string::npos);
    CHECK(text.ends_with("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"));
}

TEST_CASE("stop closes the port and the connections")
{
    mock::server server;
    raw_client client(server);
    server.expect("GET", "/x").reply(200);
    client.get("/x");
    server.stop();
    server.stop();
    client.rest();
    CHECK(client.ec == asio::error::eof);
    CHECK_THROWS_AS(raw_client(server), boost::system::system_error);
    CHECK(server.open_connections() == 0);
}

TEST_CASE("connections can be closed, and the port stays")
{
    mock::server server;
    server.expect("GET", "/x").reply(200).times(2);
    raw_client first(server);
    first.get("/x");
    server.close_connections();
    first.rest();
    CHECK(first.ec == asio::error::eof);
    CHECK(raw_client(server).get("/x").result_int() == 200);
}

TEST_CASE("idle connections are closed after a while, on request")
{
    mock::server server;
    server.close_idle_after(std::chrono::milliseconds(1));
    server.expect("GET", "/x").reply(200).always();
    raw_client client(server);
    client.rest();
    CHECK(client.ec == asio::error::eof);
    server.close_idle_after(std::chrono::milliseconds(0));
    raw_client other(server);
    CHECK(other.get("/x").result_int() == 200);
    server.close_idle_after(std::chrono::milliseconds(1));
    CHECK(other.get("/x").result_int() == 200);
    other.rest();
    CHECK(other.ec == asio::error::eof);
}

TEST_CASE("a server runs on the caller's context until it is stopped")
{
    asio::io_context io;
    mock::server server(io.get_executor());
    server.expect("GET", "/x").reply(200);
    std::thread other([&] {
        raw_client client(server);
        CHECK(client.get("/x").result_int() == 200);
        server.stop();
        client.rest();
    });
    io.run(); // It returns: nothing of the server's is outstanding.
    other.join();
    CHECK(server.open_connections() == 0);
    CHECK(server.problems() == strings());
}

TEST_CASE("the caller's context may end first, with connections open and answers held back")
{
    auto io = std::make_unique<asio::io_context>();
    mock::server server(io->get_executor());
    mock::gate gate;
    server.expect("GET", "/held").hold(gate);
    raw_client idle(server), held(server);
    held.send(raw_client::request("GET", "/held"));
    while (gate.waiting() == 0)
        io->run_one();
    CHECK(server.open_connections() == 2);
    SECTION("stopped before")
    {
        server.stop();
    }
    SECTION("not stopped") {}
    io.reset();
    CHECK(server.open_connections() == 0);
    gate.open();
}

TEST_CASE("a destroyed server ends stalled and held responses")
{
    mock::gate gate;
    auto server = std::make_unique<mock::server>();
    server->expect("GET", "/held").hold(gate);
    server->expect("GET", "/late").delay(std::chrono::hours(1));
    server->expect("GET", "/mute").stall();
    raw_client held(*server), late(*server), mute(*server);
    held.send(raw_client::request("GET", "/held"));
    late.send(raw_client::request("GET", "/late"));
    mute.send(raw_client::request("GET", "/mute"));
    CHECK(server->wait_for_requests(3));
    server.reset();
    CHECK(held.rest().empty());
    CHECK(late.rest().empty());
    CHECK(mute.rest().empty());
}

TEST_CASE("requests are shown as they come, and only the newest are kept")
{
    mock::server server(server_with([&](auto& o) { o.keep_requests = 2; }));
    std::atomic<int> seen{0};
    server.on_request([&](mock::request const& r) { seen += r.target == "/a" ? 1 : 10; });
    server.expect("GET", "*").reply(200).always();
    raw_client client(server);
    client.get("/a");
    client.get("/b");
    client.get("/c?d=1");
    CHECK(seen == 21);
    auto requests = server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[1].path() == "/c");
    CHECK(requests[1].query() == "d=1");
}

TEST_CASE("a server listens on IPv6 too")
{
    std::unique_ptr<mock::server> server;
    try {
        server = std::make_unique<mock::server>(server_with([&](auto& o) { o.address = "::1"; }));
    } catch (boost::system::system_error const&) {
        return; // This machine has none.
    }
    CHECK(server->url() == "http://[::1]:" + std::to_string(server->port()));
    CHECK(raw_client(*server).get("/").result_int() == 404);
}

TEST_CASE("a server listens where no other machine reaches it")
{
    for (char const* const address : {"0.0.0.0", "::", "192.0.2.1"})
        CHECK_THROWS_AS(mock::server(server_with([&](auto& o) { o.address = address; })),
                        std::invalid_argument);
}

TEST_CASE("a port that is taken is refused at once")
{
    mock::server first;
    CHECK_THROWS_AS(mock::server(server_with([&](auto& o) { o.port = first.port(); })),
                    boost::system::system_error);
}

TEST_CASE("many connections from many threads")
{
    asio::io_context io;
    mock::server server(io.get_executor());
    server.region().add_demo();
    server.expect("GET", "/x").reply(200).times(160);
    std::vector<std::thread> servers, clients;
    for (int i = 0; i != 2; ++i)
        servers.emplace_back([&] { io.run(); });
    for (int i = 0; i != 4; ++i)
        clients.emplace_back([&] {
            for (int j = 0; j != 4; ++j) {
                raw_client client(server);
                for (int k = 0; k != 10; ++k) {
                    client.send(raw_client::login());
                    client.answer();
                    client.get("/x");
                    server.region().revoke(mock::token_type::access);
                }
            }
        });
    for (auto& t : clients)
        t.join();
    server.stop();
    for (auto& t : servers)
        t.join();
    CHECK(server.connections() == 16);
    CHECK(server.count("POST auth/") == 160);
    CHECK(server.count() == 320);
    CHECK(server.open_connections() == 0);
    CHECK(server.problems() == strings());
}

// While it listens, a caller's executor has work, and runs what is posted to it for the connections.
TEST_CASE("the listener is stopped last")
{
    std::size_t const listener = GENERATE(0U, 1U, 2U);
    auto const items = std::make_shared<std::array<stopped_item, 3>>();
    std::vector<bool> order;
    mock::detail::server_state state{mock::server_options()};
    for (std::size_t i = 0; i != items->size(); ++i) {
        auto& item = (*items)[i];
        item.connection = i != listener;
        item.order = &order;
        state.enlist(&item, std::shared_ptr<mock::detail::stoppable>(items, &item));
    }
    state.stop();
    CHECK(order == std::vector<bool>{true, true, false});
}
