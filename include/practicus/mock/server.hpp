// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/config.hpp>
#include <practicus/mock/compression.hpp>
#include <practicus/mock/console.hpp>
#include <practicus/mock/detail/server_state.hpp>
#include <practicus/mock/expectation.hpp>
#include <practicus/mock/fault.hpp>
#include <practicus/mock/gate.hpp>
#include <practicus/mock/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// A Practicus AI region on a loopback port, for tests.
///
/// ```cpp
/// practicus::mock::server server;                     // on a thread of its own
/// server.region().add_demo();
/// server.expect("GET", "/console/api/modelhost/models/").reply(503).header("Retry-After", "1");
/// ... // the program under test, with server.url()
/// REQUIRE(server.count("POST auth/") == 1);
/// REQUIRE(server.problems().empty());
/// ```
/// The responses and violations are those of its `region`. It is not for production: passwords and tokens
/// are kept, and are visible in `requests()`.
///
/// Thread safety: every member except the destructor may be called from any thread. With the caller's
/// executor, the server runs on it, in strands, and holds outstanding work until `stop()`.
class server
{
public:
    /// Listens with a thread of its own. Throws `boost::system::system_error` if the address and port are
    /// not available.
    explicit server(server_options const& options = server_options())
        : own_(std::make_unique<boost::asio::io_context>(1)), state_(make_state(options))
    {
        listen(own_->get_executor());
        thread_ = std::thread([this] { own_->run(); });
    }

    /// Listens on the caller's executor. Throws as the other constructor does.
    explicit server(boost::asio::any_io_executor executor, server_options const& options = server_options())
        : state_(make_state(options))
    {
        listen(std::move(executor));
    }

    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Calls `stop()`.
    ~server() { stop(); }

    /// Closes the port and all connections. With a thread of its own, the server has ended on return;
    /// otherwise it ends when the executor runs. Idempotent. Must not be called on the server's own thread.
    void stop()
    {
        state_->stop();
        if (thread_.joinable()) thread_.join();
    }

    /// Closes all connections. The port stays open.
    void close_connections() { state_->stop_connections(); }

    /// Returns the region. It lives as long as the server.
    mock::region& region() noexcept { return state_->console; }

    /// Returns the service url without the region's base path, such as `http://127.0.0.1:41234`.
    std::string url() const { return (state_->tls ? "https://" : "http://") + authority(); }

    /// Returns the address, `127.0.0.1` or `::1`, without brackets.
    std::string host() const { return state_->options.address; }
    /// Returns the port.
    std::uint16_t port() const noexcept { return port_; }

    /// Returns host and port, as in a Host field.
    std::string authority() const
    {
        auto const name = host();
        auto const bracketed = name.find(':') == std::string::npos ? name : '[' + name + ']';
        return bracketed + ':' + std::to_string(port_);
    }

    /// Returns the authority of the server's certificate, as PEM; empty without TLS.
    std::string const& ca_pem() const noexcept { return ca_; }

    /// Writes `ca_pem()` to a file. Throws `std::runtime_error` on failure.
    void write_ca_file(std::string const& path) const
    {
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << ca_;
        if (!out.flush()) throw std::runtime_error("the CA file cannot be written: " + path);
    }

    /// Expects a request. `method` is a method or `*`. `path` is a path, a whole target, or the beginning
    /// of a target and `*`.
    expectation expect(std::string_view method, std::string_view path)
    {
        auto rule = std::make_shared<detail::rule<detail::answer_plan>>();
        rule->method = method;
        rule->path = path;
        return add(state_->faults->answers, std::move(rule), std::type_identity<expectation>());
    }

    /// Expects a connection.
    connection_expectation expect_connection()
    {
        auto rule = std::make_shared<detail::rule<detail::connection_plan>>();
        return add(state_->faults->connections, std::move(rule),
                   std::type_identity<connection_expectation>());
    }

    /// Sets a function that returns the fault of each request that matches no expectation, such as a random
    /// one. It is called on the server's threads. The request has no body yet. Default: none.
    void inject(std::function<fault(request const&)> hook)
    {
        std::lock_guard lock(state_->faults->mutex);
        state_->faults->injected = std::move(hook);
    }

    /// Closes connections that are idle for this time. Zero, the default, is no limit. Applies to
    /// connections that become idle later.
    void close_idle_after(std::chrono::milliseconds limit) { state_->idle_limit_ms = limit.count(); }

    /// Calls `hook` for each request before its response. It is called on the server's threads, and must
    /// not block.
    void on_request(std::function<void(request const&)> hook) { state_->on_request(std::move(hook)); }

    /// Returns all violations and unmet expectations. Empty in a good test.
    std::vector<std::string> problems() const
    {
        auto result = state_->console.violations();
        for (auto& text : state_->faults->unmet())
            result.push_back(std::move(text));
        return result;
    }

    /// As `region::count`; requests with a scripted response are counted too.
    std::uint64_t count(std::string_view route) const { return state_->console.count(route); }
    /// Returns the number of all requests.
    std::uint64_t count() const { return state_->console.count(); }

    /// Returns the newest requests, oldest first, complete with their credentials; see
    /// `server_options::keep_requests`.
    std::vector<request> requests() const { return state_->requests(); }
    /// Removes the kept requests. The counts stay.
    void clear_requests() { state_->clear_requests(); }

    /// Blocks until `count` requests have arrived since the start. Returns false at the time limit. Must
    /// not be called on the server's own thread.
    bool wait_for_requests(std::uint64_t count,
                           std::chrono::milliseconds limit = std::chrono::seconds(30)) const
    {
        return state_->wait_for_requests(count, limit);
    }

    /// Returns the number of accepted connections.
    std::uint64_t connections() const noexcept { return state_->accepted; }
    /// Returns the number of open connections.
    std::uint64_t open_connections() const noexcept { return state_->open; }

    /// Returns the number of connections that a fault has stalled.
    std::uint64_t stalls() const noexcept { return state_->stalls; }

    /// Returns the number of successful TLS handshakes.
    std::uint64_t handshakes() const noexcept { return state_->handshakes; }
    /// Returns the number of failed TLS handshakes.
    std::uint64_t failed_handshakes() const noexcept { return state_->failed_handshakes; }
    /// Returns the number of TLS handshakes that resumed a session.
    std::uint64_t resumed_sessions() const noexcept { return state_->resumed; }

    /// Returns the host names of the clients' TLS handshakes (SNI) in order, at most 1,000. Empty text:
    /// none was sent.
    std::vector<std::string> server_names() const { return state_->server_names(); }

    /// Blocks until no connection is open. Returns false at the time limit. Must not be called on the
    /// server's own thread.
    bool wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds(30)) const
    {
        return state_->wait_for_end(limit);
    }

    /// Returns the bytes sent on the wire on a closed connection. Connections count from 1. Zero for an
    /// open connection, and for all but the last 4,096 closed ones.
    std::uint64_t bytes_sent(std::uint64_t connection) const { return state_->bytes(connection); }

private:
    std::shared_ptr<detail::server_state> make_state(server_options const& options)
    {
        auto state = std::make_shared<detail::server_state>(options);
        for (auto& coding : zlib_codecs())
            state->console.add(std::move(coding));
        if (options.tls || options.certificate) state->tls = make_tls(options);
        return state;
    }

    std::shared_ptr<boost::asio::ssl::context> make_tls(server_options const& options);
    void listen(boost::asio::any_io_executor executor);

    template <class Rules, class Rule, class Handle>
    Handle add(Rules& rules, Rule rule, std::type_identity<Handle>)
    {
        std::lock_guard lock(state_->faults->mutex);
        rules.push_back(rule);
        return Handle(state_->faults, std::move(rule));
    }

    std::string ca_;
    std::unique_ptr<boost::asio::io_context> own_;
    std::shared_ptr<detail::server_state> state_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}}} // namespace practicus::v1::mock

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/mock/impl/server.ipp>
#endif
