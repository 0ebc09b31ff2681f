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
/// Its responses and violations are those of its `region`. Not for production: passwords and tokens are kept,
/// and shown in `requests()`.
///
/// Thread safety: every member may be called from any thread, but not the destructor. On an executor of the
/// caller's, the server holds outstanding work until `stop()`; it runs there, and answers on strands.
class server
{
public:
    /// On a thread of its own. Throws `boost::system::system_error` if the port cannot be had.
    explicit server(server_options const& options = server_options())
        : own_(std::make_unique<boost::asio::io_context>(1)), state_(make_state(options))
    {
        listen(own_->get_executor());
        thread_ = std::thread([this] { own_->run(); });
    }

    /// On the caller's executor.
    explicit server(boost::asio::any_io_executor executor, server_options const& options = server_options())
        : state_(make_state(options))
    {
        listen(std::move(executor));
    }

    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Calls `stop()`.
    ~server() { stop(); }

    /// Closes the port and every connection: at once on a thread of its own, else when the executor comes to
    /// it. Idempotent. Must not be called on the server's own thread.
    void stop()
    {
        state_->stop();
        if (thread_.joinable()) thread_.join();
    }

    /// Closes all connections; the port stays.
    void close_connections() { state_->stop_connections(); }

    /// The region that it serves. Lives as long as the server.
    mock::region& region() noexcept { return state_->console; }

    /// The service url, such as `http://127.0.0.1:41234`; a region's base path is the caller's to add.
    std::string url() const { return (state_->tls ? "https://" : "http://") + authority(); }

    /// `127.0.0.1`, or `::1` without brackets.
    std::string host() const { return state_->options.address(); }
    /// The port.
    std::uint16_t port() const noexcept { return port_; }

    /// Host and port as in a Host field.
    std::string authority() const
    {
        auto const name = host();
        auto const bracketed = name.find(':') == std::string::npos ? name : '[' + name + ']';
        return bracketed + ':' + std::to_string(port_);
    }

    /// The authority of the server's certificate, as PEM; empty without TLS.
    std::string const& ca_pem() const noexcept { return ca_; }

    /// Writes `ca_pem()` to a file. Throws `std::runtime_error`.
    void write_ca_file(std::string const& path) const
    {
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << ca_;
        if (!out.flush()) throw std::runtime_error("the CA file cannot be written: " + path);
    }

    /// Expects a request: its method, or `*`; its path, or its whole target, or the beginning of one and `*`.
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

    /// Sets a function that returns the fault for each request that no expectation matches, for random faults
    /// say. It is called on the server's threads and sees the request without its body. Default: none.
    void inject(std::function<fault(request const&)> hook)
    {
        std::lock_guard lock(state_->faults->mutex);
        state_->faults->injected = std::move(hook);
    }

    /// Closes connections on which no request comes for so long; 0: never, the default. For connections that
    /// turn idle from now on.
    void close_idle_after(std::chrono::milliseconds limit) { state_->idle_limit_ms = limit.count(); }

    /// Calls this for each request, before it is answered, on the server's threads; it must not block.
    void on_request(std::function<void(request const&)> hook) { state_->on_request(std::move(hook)); }

    /// Returns all violations and unmet expectations. Empty in a good test.
    std::vector<std::string> problems() const
    {
        auto result = state_->console.violations();
        for (auto& text : state_->faults->unmet())
            result.push_back(std::move(text));
        return result;
    }

    /// As `region::count`; scripted answers are counted too.
    std::uint64_t count(std::string_view route) const { return state_->console.count(route); }
    std::uint64_t count() const { return state_->console.count(); }

    /// The newest requests, oldest first, whole, with their credentials.
    std::vector<request> requests() const { return state_->requests(); }
    /// Forgets the requests. The counts stay.
    void clear_requests() { state_->clear_requests(); }

    /// Blocks until so many requests have come in all; false if they have not within the limit. Not for the
    /// server's own thread.
    bool wait_for_requests(std::uint64_t count,
                           std::chrono::milliseconds limit = std::chrono::seconds(30)) const
    {
        return state_->wait_for_requests(count, limit);
    }

    /// The number of accepted connections.
    std::uint64_t connections() const noexcept { return state_->accepted; }
    /// The number of open connections.
    std::uint64_t open_connections() const noexcept { return state_->open; }

    /// The number of connections that a fault has stalled.
    std::uint64_t stalls() const noexcept { return state_->stalls; }

    /// TLS handshakes that succeeded.
    std::uint64_t handshakes() const noexcept { return state_->handshakes; }
    /// TLS handshakes that failed.
    std::uint64_t failed_handshakes() const noexcept { return state_->failed_handshakes; }
    /// TLS handshakes that resumed a session.
    std::uint64_t resumed_sessions() const noexcept { return state_->resumed; }

    /// The names that clients asked for in their handshakes (SNI), empty for none, in order.
    std::vector<std::string> server_names() const { return state_->server_names(); }

    /// Blocks until no connection is open; false if one still is at the limit. Not for the server's own
    /// thread.
    bool wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds(30)) const
    {
        return state_->wait_for_end(limit);
    }

    /// Bytes sent on a connection (counted from 1) that has ended, on the wire; of the last 4,096
    /// connections.
    std::uint64_t bytes_sent(std::uint64_t connection) const { return state_->bytes(connection); }

private:
    std::shared_ptr<detail::server_state> make_state(server_options const& options)
    {
        auto state = std::make_shared<detail::server_state>(options);
        for (auto& coding : zlib_codecs())
            state->console.add(std::move(coding));
        if (options.secure()) state->tls = make_tls(options);
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
