// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

/// An HTTP/1.1 server on 127.0.0.1 that does little beside event streams, so that it is no bottleneck. A
/// target that ends with `?events=N&rate=R` has N events, numbered from 0, R a second; with rate 0 as fast as
/// they are read.
class paced_events
{
public:
    explicit paced_events(boost::asio::io_context& io)
        : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0})
    {
        acceptor_.listen(4096);
        boost::asio::co_spawn(io, accept(), boost::asio::detached);
    }
    paced_events(paced_events const&) = delete;
    paced_events& operator=(paced_events const&) = delete;

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    /// Returns the data of an event: as long as a chunk of a chat with one token.
    static std::string data(std::uint64_t number)
    {
        return std::to_string(number) +
               R"( {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1764500000,)"
               R"("model":"assistant","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]})";
    }

private:
    using steady = std::chrono::steady_clock;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;
    using tcp = boost::asio::ip::tcp;

    awaitable<void> accept()
    {
        while (true) {
            auto socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
            socket.set_option(tcp::no_delay(true));
            boost::asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), boost::asio::detached);
        }
    }

    /// Ends with the connection, by an exception.
    static awaitable<void> serve(tcp::socket socket)
    {
        std::string in;
        while (true) {
            auto const head = co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(in),
                                                                     "\r\n\r\n", boost::asio::use_awaitable);
            auto const line = std::string_view(in).substr(0, in.find('\r'));
            auto const events = number(line, "?events="), rate = number(line, "&rate=");
            in.erase(0, head);
            co_await stream(socket, events, rate);
        }
    }

    static awaitable<void> stream(tcp::socket& socket, std::uint64_t events, std::uint64_t rate)
    {
        std::string out =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        boost::asio::steady_timer timer(socket.get_executor());
        auto const began = steady::now();
        for (std::uint64_t i = 0; i != events; ++i) {
            if (rate != 0) {
                // By whole milliseconds: one wake-up for many streams.
                timer.expires_at(std::chrono::ceil<std::chrono::milliseconds>(
                    began + std::chrono::nanoseconds(1'000'000'000 / rate) * (i + 1)));
                co_await timer.async_wait(boost::asio::use_awaitable);
            }
            append(out, "data: " + data(i) + "\n\n");
            if (rate == 0 && out.size() < 16384) continue;
            co_await boost::asio::async_write(socket, boost::asio::buffer(out), boost::asio::use_awaitable);
            out.clear();
        }
        out += "0\r\n\r\n";
        co_await boost::asio::async_write(socket, boost::asio::buffer(out), boost::asio::use_awaitable);
    }

    static void append(std::string& out, std::string const& event)
    {
        char size[20];
        std::snprintf(size, sizeof size, "%zx\r\n", event.size());
        out.append(size).append(event).append("\r\n");
    }

    static std::uint64_t number(std::string_view line, std::string_view name)
    {
        std::uint64_t value = 0;
        auto const at = line.find(name);
        if (at != line.npos)
            std::from_chars(line.data() + at + name.size(), line.data() + line.size(), value);
        return value;
    }

    tcp::acceptor acceptor_;
};
