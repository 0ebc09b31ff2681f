// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/connection.hpp>

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;

constexpr std::string_view question = "GET / HTTP/1.1\r\nAuthorization: Bearer hunter2!hunter2!\r\n\r\n";

constexpr int times = 2;

/// Answers each request alike. A coroutine that owns nothing.
asio::awaitable<void> serve(tcp::acceptor& acceptor, std::string_view answer)
{
    tcp::socket peer(acceptor.get_executor());
    co_await acceptor.async_accept(peer, asio::use_awaitable);
    std::array<char, question.size()> request{};
    for (int i = 0; i != times; ++i) {
        auto const all = asio::buffer(request);
        co_await asio::async_read(peer, all, asio::use_awaitable);
        CHECK(std::string_view(request.data(), request.size()) == question);
        auto const whole = asio::buffer(answer);
        co_await asio::async_write(peer, whole, asio::use_awaitable);
    }
    request.fill(0);
}

asio::awaitable<void> ask(std::shared_ptr<client_runtime> runtime, tcp::endpoint address, bool secret,
                          response& answer)
{
    auto c = std::make_unique<connection>(runtime, co_await asio::this_coro::executor);
    auto const failed = co_await c->connect(address, time_point::max());
    CHECK_FALSE(failed);
    exchange_limits const limits{10s, 10s, 16'384, 100'000, secret};
    for (int i = 0; i != times; ++i) {
        c->out.append(question);
        attempt now;
        answer = response();
        auto exchanging = c->exchange({}, limits, time_point::max(), now, answer);
        auto const why = co_await std::move(exchanging);
        CHECK_FALSE(why);
        CHECK(c->reusable());
        CHECK(now.bytes_received > answer.body.size());
    }
}

} // namespace

TEST_CASE("connection: sent and received bytes are wiped from its buffers")
{
    // It fits into the first buffer, or makes it grow. If the body is none, the head may still hold a secret.
    std::size_t const more = GENERATE(0U, 30'000U);
    bool const secret = GENERATE(true, false);
    std::size_t const padding = GENERATE(1U, 10'000U);
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    auto const body = (secret ? "hunter2!hunter2!" : "") + std::string(more + 1, 'x');
    auto const text = "HTTP/1.1 200 OK\r\nPadding: " + std::string(padding, '-') +
                      "\r\nSet-Cookie: hunter2!hunter2!\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body;
    response answer;
    int ended = 0;
    auto const end = [&](std::exception_ptr e) {
        CHECK_FALSE(e);
        ++ended;
    };
    asio::co_spawn(io, serve(acceptor, text), end);
    asio::co_spawn(
        io, ask(client_runtime::make(io.get_executor()), acceptor.local_endpoint(), secret, answer), end);
    freed_memory const memory("hunter2!hunter2!");
    io.run();
    CHECK(ended == 2);
    CHECK(answer.body.size() == body.size());
    CHECK(memory.blocks() > 0);
    CHECK(memory.found() == 0);
}
