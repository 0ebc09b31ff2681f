// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock server's scripted faults, byte by byte.

#include "catch.hpp"

#include "unit/mock/raw_client.hpp"

#include <practicus/mock/fault.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/error.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace mock = practicus::mock;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

namespace {

/// All that comes back for a GET of /x up to the connection's end.
std::string fetch(mock::server const& server, boost::system::error_code& ec)
{
    raw_client client(server);
    client.send(raw_client::request("GET", "/x"));
    auto text = client.rest();
    ec = client.ec;
    return text;
}

std::string fetch(mock::server const& server)
{
    boost::system::error_code ec;
    return fetch(server, ec);
}

constexpr char const* whole =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n0123456789";

} // namespace

TEST_CASE("a scripted reply, followed by the region's own")
{
    mock::server server;
    server.region().add_demo();
    server.expect("POST", "/console/api/auth/")
        .reply(503, R"({"detail":"busy"})")
        .header("Retry-After", "1")
        .times(2);
    raw_client client(server);
    for (unsigned status : {503U, 503U, 200U}) {
        client.send(raw_client::login());
        auto answer = client.answer();
        CHECK(answer.result_int() == status);
        CHECK(answer["Retry-After"] == (status == 503 ? "1" : ""));
    }
    CHECK(server.count("POST auth/") == 3);
    CHECK(server.problems() == strings());
}

TEST_CASE("expectations are found by method, path, target and beginning, in their order")
{
    mock::server server;
    server.expect("GET", "/a").reply(201);
    server.expect("GET", "/a?b=1").reply(202);
    server.expect("*", "/a*").reply(203).times(2);
    server.expect("*", "*").reply(204).always();
    raw_client client(server);
    std::vector<unsigned> got;
    for (auto const* target : {"/a?b=1", "/a?b=1", "/a", "/abc", "/a"})
        got.push_back(client.get(target).result_int());
    CHECK(got == std::vector<unsigned>{201, 202, 203, 203, 204});
    CHECK(server.problems() == strings());
}

TEST_CASE("an unmet expectation is reported")
{
    mock::server server;
    auto one = server.expect("GET", "/x").reply(200).times(3);
    server.expect("GET", "/never").reply(200).always();
    server.expect_connection().times(2);
    raw_client(server).get("/x");
    CHECK(one.met() == 1);
    CHECK(server.problems() ==
          strings{"expected GET /x: came 1 of 3 times", "expected a connection: came 1 of 2 times"});
}

TEST_CASE("an answer is cut at every byte")
{
    mock::server server;
    std::string const text = whole;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        server.expect("GET", "/x").reply(200, "0123456789", "text/plain").cut_after(at);
        boost::system::error_code ec;
        CHECK(fetch(server, ec) == text.substr(0, at));
        CHECK(ec == asio::error::eof);
    }
    CHECK(server.wait_for_end());
    CHECK(server.bytes_sent(text.size()) == text.size() - 1);
    CHECK(server.bytes_sent(text.size() + 1) == text.size());
}

TEST_CASE("an answer is cut in its body, reset, and closed")
{
    mock::server server;
    auto expect = [&] { return server.expect("GET", "/x").reply(200, "0123456789", "text/plain"); };
    std::string const text = whole;
    expect().cut_after_head();
    CHECK(fetch(server) == text.substr(0, text.size() - 10));
    expect().cut_after_head(3);
    CHECK(fetch(server) == text.substr(0, text.size() - 7));
    expect().then_close();
    CHECK(fetch(server) == text);
    boost::system::error_code ec;
    expect().then_reset();
    CHECK(fetch(server, ec) == text);
    CHECK(ec == asio::error::connection_reset);
    expect().reset_after(text.size());
    fetch(server, ec);
    CHECK(ec == asio::error::connection_reset);
}

TEST_CASE("answers before the answer")
{
    mock::server server;
    server.expect("GET", "/x").reply(200, "0123456789", "text/plain").interim(100).interim(103).then_close();
    CHECK(fetch(server) ==
          "HTTP/1.1 100 Interim\r\nLink: </>\r\n\r\nHTTP/1.1 103 Interim\r\nLink: </>\r\n\r\n" +
              std::string(whole));
}

TEST_CASE("the server reports a stalled connection")
{
    mock::server server;
    for (std::size_t at : {0U, 7U}) {
        server.expect("GET", "/x").reply(200).stall_after(at);
        raw_client client(server);
        client.send(raw_client::request("GET", "/x"));
        CHECK(client.read(at).size() == at);
        // What comes after the limit is read, and not answered.
        client.send(raw_client::request("GET", "/again"));
        CHECK(server.wait_for_requests(at == 0 ? 2 : 4));
        CHECK(server.stalls() == (at == 0 ? 1 : 2));
    }
    server.expect_connection().stall_after(0);
    raw_client silent(server);
    silent.send(raw_client::request("GET", "/x"));
    CHECK(server.wait_for_requests(5));
    CHECK(server.stalls() == 3);
}

TEST_CASE("an answer of the region's may be cut too")
{
    mock::server server;
    server.region().add_demo();
    server.expect("POST", "/console/api/auth/").cut_after(20);
    server.expect("POST", "/console/api/auth/").header("X-More", "1");
    raw_client first(server);
    first.send(raw_client::login());
    CHECK(first.rest() == "HTTP/1.1 200 OK\r\nCon");
    raw_client second(server);
    second.send(raw_client::login());
    CHECK(second.answer()["X-More"] == "1");
}

TEST_CASE("an answer stalls until the client gives up")
{
    mock::server server;
    server.expect("GET", "/x").reply(200, "0123456789", "text/plain").stall_after_head(4);
    raw_client client(server);
    client.send(raw_client::request("GET", "/x"));
    auto const text = std::string(whole);
    CHECK(client.read(text.size() - 6) == text.substr(0, text.size() - 6));
    client.send(raw_client::request("GET", "/again"));
    CHECK(server.wait_for_requests(2));
    CHECK(server.open_connections() == 1);
    server.close_connections();
    CHECK(client.rest().empty());
}

TEST_CASE("answers are held back until a gate opens")
{
    mock::server server;
    mock::gate gate;
    server.expect("GET", "/x").reply(200).hold(gate).times(2);
    raw_client first(server), second(server);
    first.send(raw_client::request("GET", "/x"));
    second.send(raw_client::request("GET", "/x"));
    CHECK(server.wait_for_requests(2));
    while (gate.waiting() != 2)
        std::this_thread::yield();
    gate.open();
    CHECK(first.answer().result_int() == 200);
    CHECK(second.answer().result_int() == 200);
    server.expect("GET", "/y").reply(200).hold(gate);
    CHECK(first.get("/y").result_int() == 200);
}

TEST_CASE("delays and slow bytes change nothing but the time")
{
    mock::server server;
    server.expect("GET", "/x").reply(200, "0123456789", "text/plain").delay(1ms).slow(7, 1ms).then_close();
    CHECK(fetch(server) == whole);
}

TEST_CASE("a wrong Content-Length")
{
    mock::server server;
    server.expect("GET", "/x").reply(200, "0123456789").content_length(12).then_close();
    CHECK(fetch(server).find("Content-Length: 12\r\n\r\n0123456789") != std::string::npos);
    server.expect("GET", "/x").reply(200, "0123456789").chunk_size("zz").then_close();
    CHECK(fetch(server).ends_with("Transfer-Encoding: chunked\r\n\r\nzz\r\n0123456789\r\n0\r\n\r\n"));
    server.expect("GET", "/x").reply(200, "0123456789").until_close();
    auto text = fetch(server);
    CHECK(text.find("Content-Length") == std::string::npos);
    CHECK(text.ends_with("Connection: close\r\n\r\n0123456789"));
    server.expect("GET", "/x").raw("garbage\r\n\r\n");
    CHECK(fetch(server) == "garbage\r\n\r\n");
    CHECK(server.problems() == strings());
}

TEST_CASE("chunks go out in the pieces that were asked for")
{
    mock::server server;
    mock::response pieces(200, "text/plain", "one two three");
    pieces.chunked = true;
    pieces.pieces = {4, 8};
    server.expect("GET", "/x").reply(pieces).then_close();
    CHECK(fetch(server).ends_with("\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"));
}

TEST_CASE("oversized heads and bodies")
{
    mock::server server;
    server.expect("GET", "/x").reply(200).oversized_head(100000).then_close();
    CHECK(fetch(server).size() > 100000);
    server.expect("GET", "/x").reply(200, "{}").oversized_body(200000).then_close();
    auto text = fetch(server);
    CHECK(text.find("Content-Length: 200002\r\n") != std::string::npos);
    CHECK(text.size() > 200000);
    CHECK(text.ends_with("  {}"));
}

TEST_CASE("a redirect")
{
    mock::server server;
    server.expect("GET", "/x").redirect("https://elsewhere/");
    auto answer = raw_client(server).get("/x");
    CHECK(answer.result_int() == 302);
    CHECK(answer["Location"] == "https://elsewhere/");
}

TEST_CASE("an answer may come before the request's body")
{
    mock::server server;
    server.expect("POST", "/x").reply(413).before_body();
    raw_client client(server);
    client.send(raw_client::request("POST", "/x", "Content-Length: 10000\r\n"));
    CHECK(client.answer().result_int() == 413);
    client.rest();
    CHECK(client.ec == asio::error::eof);
    CHECK(server.problems() == strings());
}

TEST_CASE("a connection may be cut, held, and answered with garbage")
{
    mock::server server;
    server.expect_connection().cut_after(0);
    server.expect_connection().reset_after(0);
    server.expect_connection().raw("SSH-2.0-x\r\n");
    mock::gate gate;
    server.expect_connection().hold(gate).delay(1ms);
    server.expect_connection().cut_after(20).times(1);
    server.expect("GET", "/x").reply(200).times(3);
    boost::system::error_code ec;
    {
        raw_client closed(server);
        CHECK(closed.rest().empty());
        CHECK(closed.ec == asio::error::eof);
    }
    {
        raw_client reset(server);
        reset.rest();
        CHECK(reset.ec == asio::error::connection_reset);
    }
    CHECK(raw_client(server).rest() == "SSH-2.0-x\r\n");
    raw_client held(server);
    held.send(raw_client::request("GET", "/x"));
    gate.open();
    CHECK(held.answer().result_int() == 200);
    CHECK(fetch(server, ec) == "HTTP/1.1 200 OK\r\nCon");
    CHECK(raw_client(server).get("/x").result_int() == 200);
    CHECK(server.problems() == strings());
}

TEST_CASE("faults may be decided request by request")
{
    mock::server server;
    server.region().add_demo();
    std::atomic<int> asked{0};
    server.inject([&](mock::request const& r) {
        mock::fault result;
        if (r.method == "POST" && ++asked % 2 == 1) result.reply(429).header("Retry-After", "0");
        return result;
    });
    server.expect("GET", "/x").reply(200);
    raw_client client(server);
    for (unsigned status : {429U, 200U, 429U}) {
        client.send(raw_client::login());
        CHECK(client.answer().result_int() == status);
    }
    CHECK(client.get("/x").result_int() == 200);
    server.inject({});
    client.send(raw_client::login());
    CHECK(client.answer().result_int() == 200);
    CHECK(asked == 3);
    CHECK(server.problems() == strings());
}
