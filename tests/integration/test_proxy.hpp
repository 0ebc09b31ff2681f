// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "proxy_fault.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// An HTTP proxy on a loopback port and a thread of its own: tunnels for `CONNECT`, and requests in absolute
/// form. Every member may be called from any thread; the destructor ends all connections.
class test_proxy
{
public:
    test_proxy()
        : acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          port_(acceptor_.local_endpoint().port())
    {
        boost::asio::co_spawn(io_, accept(), boost::asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }

    test_proxy(test_proxy const&) = delete;
    test_proxy& operator=(test_proxy const&) = delete;

    ~test_proxy()
    {
        io_.stop();
        thread_.join();
    }

    std::uint16_t port() const noexcept { return port_; }
    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    /// With user and password, percent-encoded by the caller, or without.
    std::string url(std::string_view credentials = {}) const
    {
        return "http://" + std::string(credentials) + (credentials.empty() ? "" : "@") + authority();
    }

    /// Answers 407 to requests whose `Proxy-Authorization` has another value; empty: takes every request.
    void require(std::string authorization)
    {
        std::lock_guard lock(mutex_);
        required_ = std::move(authorization);
    }

    /// Maps a host and port in requests to a port of this machine, also of a name that cannot be resolved.
    void route(std::string authority, std::uint16_t port)
    {
        std::lock_guard lock(mutex_);
        routes_[std::move(authority)] = port;
    }

    /// What happens to the next request that has none yet, so many times.
    void fail_next(proxy_fault const& fault, int times = 1)
    {
        std::lock_guard lock(mutex_);
        faults_.insert(faults_.end(), static_cast<std::size_t>(times), fault);
    }

    /// Closes all tunnels and connections, soon; the port stays.
    void close_connections()
    {
        boost::asio::post(io_, [this] {
            for (auto const& weak : std::exchange(links_, {}))
                if (auto const l = weak.lock()) l->close();
        });
    }

    /// Connections accepted, tunnels made, requests passed on, requests answered 407, faults committed.
    std::uint64_t connections() const noexcept { return connections_; }
    std::uint64_t tunnels() const noexcept { return tunnels_; }
    std::uint64_t forwarded() const noexcept { return forwarded_; }
    std::uint64_t unauthorized() const noexcept { return unauthorized_; }
    std::uint64_t faults() const noexcept { return committed_; }
    /// Connections that are open now.
    std::uint64_t open() const noexcept { return open_; }

    /// The head of each request that was made to the proxy, in order.
    std::vector<std::string> heads() const
    {
        std::lock_guard lock(mutex_);
        return heads_;
    }

private:
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;
    using request = boost::beast::http::request<boost::beast::http::string_body>;

    /// The two ends of one connection.
    struct link
    {
        explicit link(test_proxy& of, tcp::socket from)
            : owner(of), client(std::move(from)), server(client.get_executor())
        {
            ++owner.open_;
        }
        ~link() { --owner.open_; }

        void close()
        {
            error_code ignored;
            client.close(ignored);
            server.close(ignored);
        }

        test_proxy& owner;
        tcp::socket client;
        tcp::socket server;
        boost::beast::flat_buffer input;
    };
    using link_ptr = std::shared_ptr<link>;

    awaitable<void> accept()
    {
        while (true) {
            error_code failed;
            auto socket = co_await acceptor_.async_accept(
                boost::asio::redirect_error(boost::asio::use_awaitable, failed));
            if (failed) continue;
            ++connections_;
            auto made = std::make_shared<link>(*this, std::move(socket));
            std::erase_if(links_, [](auto const& weak) { return weak.expired(); });
            links_.push_back(made);
            boost::asio::co_spawn(io_, serve(std::move(made)), boost::asio::detached);
        }
    }

    /// Requests until one of the two has enough.
    awaitable<void> serve(link_ptr l)
    {
        try {
            while (co_await serve_one(l)) {
            }
        } catch (std::exception const&) {
            // A connection that ends is the client's business.
        }
    }

    /// Returns true if another request may come.
    awaitable<bool> serve_one(link_ptr const& l)
    {
        namespace http = boost::beast::http;
        http::request_parser<http::string_body> parser;
        parser.body_limit(256u << 20);
        co_await http::async_read(l->client, l->input, parser, boost::asio::use_awaitable);
        auto asked = parser.release();
        auto plan = take_plan(asked);
        bool const tunnel = asked.method() == http::verb::connect;
        if (!plan.empty()) {
            using then = proxy_fault::then;
            auto const fault = std::move(plan.front());
            do {
                co_await boost::asio::async_write(l->client, boost::asio::buffer(fault.bytes()),
                                                  boost::asio::use_awaitable);
            } while (fault.next() == then::repeat);
            if (fault.next() == then::stall) co_await drain(l);
            if (fault.next() != then::tunnel || !tunnel) co_return fault.next() == then::keep;
        }
        if (!tunnel) co_return co_await forward(l, std::move(asked));
        if (!co_await reach(l, std::string(asked.target()))) co_return true;
        ++tunnels_;
        if (plan.empty()) co_await write(l, "HTTP/1.1 200 Connection established\r\n\r\n");
        begin_relay(l);
        co_return false;
    }

    /// The fault that this request meets, if any: a wrong password is one.
    std::vector<proxy_fault> take_plan(request const& asked)
    {
        std::ostringstream head;
        head << asked.base();
        std::lock_guard lock(mutex_);
        heads_.push_back(std::move(head).str());
        std::vector<proxy_fault> result;
        if (!required_.empty() && asked["Proxy-Authorization"] != required_) {
            ++unauthorized_;
            result.emplace_back("HTTP/1.1 407 Proxy Authentication Required\r\n"
                                "Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n",
                                proxy_fault::then::keep);
        } else if (!faults_.empty()) {
            ++committed_;
            result.push_back(std::move(faults_.front()));
            faults_.pop_front();
        }
        return result;
    }

    awaitable<void> write(link_ptr const& l, std::string text)
    {
        co_await boost::asio::async_write(l->client, boost::asio::buffer(text), boost::asio::use_awaitable);
    }

    /// Connects to the host and port; where that fails, the client hears of it.
    awaitable<bool> reach(link_ptr const& l, std::string authority)
    {
        error_code failed;
        {
            auto const found = co_await find(std::move(authority), failed);
            if (!failed) {
                l->server = tcp::socket(l->client.get_executor());
                co_await boost::asio::async_connect(
                    l->server, found, boost::asio::redirect_error(boost::asio::use_awaitable, failed));
            }
        }
        if (!failed) {
            l->server.set_option(tcp::no_delay(true));
            l->client.set_option(tcp::no_delay(true));
            co_return true;
        }
        co_await write(l, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        co_return false;
    }

    awaitable<std::vector<tcp::endpoint>> find(std::string authority, error_code& failed)
    {
        std::vector<tcp::endpoint> result;
        {
            std::lock_guard lock(mutex_);
            if (auto const known = routes_.find(authority); known != routes_.end())
                result.emplace_back(boost::asio::ip::address_v4::loopback(), known->second);
        }
        if (!result.empty()) co_return result;
        auto const colon = authority.rfind(':');
        auto host = authority.substr(0, colon);
        if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
        auto const port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
        tcp::resolver resolver(io_);
        auto const found = co_await resolver.async_resolve(
            host, port, boost::asio::redirect_error(boost::asio::use_awaitable, failed));
        for (auto const& entry : found)
            result.push_back(entry.endpoint());
        co_return result;
    }

    /// Passes a request in absolute form on, over a connection of its own.
    awaitable<bool> forward(link_ptr const& l, request asked)
    {
        namespace http = boost::beast::http;
        constexpr std::string_view scheme = "http://";
        auto const target = std::string(asked.target());
        if (!target.starts_with(scheme)) {
            co_await write(l, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            co_return false;
        }
        auto const slash = std::min(target.find('/', scheme.size()), target.size());
        if (!co_await reach(l, target.substr(scheme.size(), slash - scheme.size()))) co_return true;
        ++forwarded_;
        bool const keep = asked.keep_alive();
        asked.target(slash < target.size() ? target.substr(slash) : "/");
        asked.erase("Proxy-Authorization");
        asked.erase("Proxy-Connection");
        asked.keep_alive(false);
        co_await http::async_write(l->server, asked, boost::asio::use_awaitable);
        boost::beast::flat_buffer buffer;
        http::response_parser<http::string_body> parser;
        parser.body_limit(256u << 20);
        co_await http::async_read(l->server, buffer, parser, boost::asio::use_awaitable);
        auto answer = parser.release();
        answer.keep_alive(keep);
        if (!answer.chunked()) answer.content_length(answer.body().size());
        co_await http::async_write(l->client, answer, boost::asio::use_awaitable);
        error_code ignored;
        l->server.close(ignored);
        co_return keep;
    }

    /// Copies both ways until both ends have finished.
    void begin_relay(link_ptr const& l)
    {
        auto early = boost::beast::buffers_to_string(l->input.data());
        boost::asio::co_spawn(io_, relay(l, l->client, l->server, std::move(early)), boost::asio::detached);
        boost::asio::co_spawn(io_, relay(l, l->server, l->client, std::string()), boost::asio::detached);
    }

    static awaitable<void> relay(link_ptr l, tcp::socket& from, tcp::socket& to, std::string early)
    {
        error_code failed;
        std::array<char, 16 * 1024> piece;
        co_await boost::asio::async_write(to, boost::asio::buffer(early),
                                          boost::asio::redirect_error(boost::asio::use_awaitable, failed));
        while (!failed) {
            auto const size = co_await from.async_read_some(
                boost::asio::buffer(piece), boost::asio::redirect_error(boost::asio::use_awaitable, failed));
            if (failed) break;
            co_await boost::asio::async_write(
                to, boost::asio::buffer(piece, size),
                boost::asio::redirect_error(boost::asio::use_awaitable, failed));
        }
        error_code ignored;
        if (failed == boost::asio::error::eof)
            to.shutdown(tcp::socket::shutdown_send, ignored);
        else
            l->close();
    }

    awaitable<void> drain(link_ptr const& l)
    {
        std::array<char, 1024> piece;
        while (true)
            co_await l->client.async_read_some(boost::asio::buffer(piece), boost::asio::use_awaitable);
    }

    mutable std::mutex mutex_;
    std::string required_;
    std::map<std::string, std::uint16_t> routes_;
    std::deque<proxy_fault> faults_;
    std::vector<std::string> heads_;
    std::atomic<std::uint64_t> connections_ = 0, tunnels_ = 0, forwarded_ = 0, unauthorized_ = 0;
    std::atomic<std::uint64_t> committed_ = 0, open_ = 0;
    std::vector<std::weak_ptr<link>> links_; ///< Only the thread touches it.
    // Its destructor ends the coroutines, and they use what is above.
    boost::asio::io_context io_{1};
    tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::thread thread_;
};
