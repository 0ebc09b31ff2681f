// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/runtime.hpp>
#include <practicus/detail/sweeper.hpp>
#include <practicus/detail/tls_context.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace practicus::inline v1::detail {

using tcp = asio::ip::tcp;

/// What an exchange is at: each phase has its own limit, and its own error.
enum class phase
{
    resolve,
    connect,
    tls,
    write,
    first_byte,
    body
};

/// One operation as a whole: its deadline, and what its error will tell.
struct operation
{
    time_point began{};
    time_point deadline = time_point::max();
    unsigned attempts = 0;
    /// Has anything of a request been handed to a socket?
    bool written = false;
};

/// Until when a phase may take that begins now; a limit of zero is none.
inline time_point phase_end(operation const& op, time_point now, std::chrono::milliseconds limit) noexcept
{
    return limit == limit.zero() ? op.deadline : std::min(op.deadline, now + limit);
}

[[noreturn]] inline void throw_timeout(phase at, operation const& op, time_point now)
{
    constexpr char const* names[] = {
        "resolving", "connecting", "in the TLS handshake", "sending", "waiting for the answer", "receiving"};
    if (now >= op.deadline)
        throw error(errc::deadline_exceeded, std::string("while ") + names[static_cast<int>(at)]);
    switch (at) {
    case phase::resolve: throw error(errc::resolve_timeout);
    case phase::connect: throw error(errc::connect_timeout);
    case phase::tls: throw error(errc::tls_timeout);
    case phase::first_byte: throw error(errc::first_byte_timeout);
    case phase::write:
    case phase::body: break;
    }
    throw error(errc::stalled, std::string("while ") + names[static_cast<int>(at)]);
}

[[noreturn]] inline void throw_with_cause(errc what, error_code const& cause, std::string message = {})
{
    error_info info;
    info.code = what;
    info.cause = cause;
    info.message = std::move(message);
    throw error(std::move(info));
}

/// A connection, plain or TLS, with its deadline. Half duplex: one chain of calls at a time. Lives in the
/// client's context.
class stream
{
public:
    stream(std::shared_ptr<runtime> home, asio::any_io_executor const& executor)
        : home_(std::move(home)), socket_(executor)
    {}
    stream(stream const&) = delete;
    stream& operator=(stream const&) = delete;
    ~stream() { close(); }

    /// Tries one address. Leaves the socket closed on failure.
    asio::awaitable<error_code> connect(tcp::endpoint address, operation const& op, time_point end)
    {
        error_code code;
        socket_.open(address.protocol(), code);
        if (code) co_return code;
        // Beast and Asio do not: a child process must not inherit it.
        ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
        home_->limits()->add(limit_, socket_.native_handle());
        arm(end);
        co_await socket_.async_connect(address, asio::redirect_error(asio::use_awaitable, code));
        auto const ended = disarm();
        if (ended == expiry::expired) code = asio::error::timed_out;
        if (ended == expiry::closed || code == asio::error::operation_aborted) {
            close();
            settle(code, ended, phase::connect, op);
        }
        if (code) {
            close();
            co_return code;
        }
        socket_.set_option(tcp::no_delay(true), code);
        socket_.set_option(asio::socket_base::keep_alive(true), code);
        co_return error_code();
    }

    /// Verifies whom it speaks to before anything else is sent.
    asio::awaitable<void> handshake(asio::ssl::context& context, std::string host, bool verify,
                                    operation const& op, time_point end)
    {
        tls_.emplace(socket_, context);
        if (!expect_host(tls_->native_handle(), host, verify))
            throw error(errc::tls_failed, "OpenSSL refuses the host name");
        error_code code;
        arm(end);
        co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                       asio::redirect_error(asio::use_awaitable, code));
        auto const ended = disarm();
        if (!code && ended == expiry::none) co_return;
        auto const verified = ::SSL_get_verify_result(tls_->native_handle());
        close();
        if (ended == expiry::none && code != asio::error::operation_aborted) {
            auto const what = handshake_errc(code, verify ? verified : X509_V_OK);
            std::string message;
            if (verified != X509_V_OK && verify) message = ::X509_verify_cert_error_string(verified);
            throw_with_cause(what, code, std::move(message));
        }
        settle(code, ended, phase::tls, op);
    }

    bool is_tls() const noexcept { return tls_.has_value(); }
    tcp::socket& plain() noexcept { return socket_; }
    asio::ssl::stream<tcp::socket&>& tls() noexcept { return *tls_; }

    /// Before each call that waits. Throws `errc::client_closed`.
    void arm(time_point end)
    {
        if (home_->limits()->arm(limit_, end)) return;
        disarm();
        throw error(errc::client_closed);
    }

    expiry disarm() noexcept { return home_->limits()->disarm(limit_); }

    /// After each call: throws if it failed, or was ended by its limit, `close()` or a cancellation.
    void settle(error_code const& code, expiry ended, phase at, operation const& op)
    {
        if (ended == expiry::closed) throw error(errc::client_closed);
        if (ended == expiry::expired) throw_timeout(at, op, home_->time().now());
        if (!code) return;
        if (code == asio::error::operation_aborted) throw_aborted();
        // Under TLS 1.3, a refused client certificate is told here.
        throw_with_cause(code.category() == asio::error::get_ssl_category() ? errc::tls_failed
                                                                            : errc::connection_lost,
                         code);
    }

    void close() noexcept
    {
        home_->limits()->remove(limit_);
        error_code ignored;
        socket_.close(ignored);
    }

private:
    std::shared_ptr<runtime> home_;
    deadline limit_;
    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

using addresses = std::vector<tcp::endpoint>;

/// Finds a host's addresses. getaddrinfo can not be interrupted: it runs on, and its caller goes.
inline asio::awaitable<addresses> resolve(std::shared_ptr<runtime> home, std::string host, std::uint16_t port,
                                          operation const& op, time_point end)
{
    error_code code;
    if (auto const literal = asio::ip::make_address(host, code); !code) co_return addresses{{literal, port}};

    using promise = flight_promise<addresses>;
    auto const found = std::make_shared<flight<addresses>>();
    std::function<void()> start = [home, found, host, port] {
        home->with_executor([&](asio::any_io_executor const& executor) {
            auto const resolver = std::make_shared<tcp::resolver>(executor);
            auto const kept = std::make_shared<promise>(found);
            resolver->async_resolve(
                host, std::to_string(port), tcp::resolver::numeric_service,
                [resolver, kept](error_code const& failed, tcp::resolver::results_type const& results) {
                    if (!failed) return (*kept)->succeed(addresses(results.begin(), results.end()));
                    error_info info;
                    info.code = errc::resolve_failed;
                    info.cause = failed;
                    (*kept)->fail(std::make_shared<error_info const>(std::move(info)));
                });
        });
    };
    bool late = false;
    try {
        co_return co_await flight<addresses>::join(found, home->limits(), end, std::move(start));
    } catch (error const& e) {
        if (e.code() != errc::deadline_exceeded) throw;
        late = true;
    }
    if (late) throw_timeout(phase::resolve, op, home->time().now());
    co_return addresses();
}

/// A new connection to an origin: resolved, connected, and verified if it is TLS.
inline asio::awaitable<std::unique_ptr<stream>> dial(std::shared_ptr<runtime> home,
                                                     client_options const& options, asio::ssl::context* tls,
                                                     origin where, operation const& op)
{
    auto const& limits = options.timeouts();
    auto const host = std::string(where.host());
    auto const resolve_end = phase_end(op, home->time().now(), limits.resolve());
    auto const found = co_await resolve(home, host, where.port(), op, resolve_end);

    auto connection = std::make_unique<stream>(home, co_await asio::this_coro::executor);
    auto const connect_end = phase_end(op, home->time().now(), limits.connect());
    error_code last = asio::error::host_not_found;
    for (std::size_t i = 0; i != found.size() && last; ++i) {
        // An address that does not answer must not use up the time of the next.
        auto const now = home->time().now();
        if (now >= connect_end) break;
        auto const left = static_cast<int>(found.size() - i);
        auto const end = left == 1 ? connect_end : now + (connect_end - now) / left;
        last = co_await connection->connect(found[i], op, end);
    }
    if (last && home->time().now() >= connect_end) throw_timeout(phase::connect, op, home->time().now());
    if (last) throw_with_cause(errc::connect_failed, last, std::string(where.host_header()));
    if (where.secure()) {
        auto const tls_end = phase_end(op, home->time().now(), limits.tls());
        co_await connection->handshake(*tls, host, options.tls().verify(), op, tls_end);
    }
    co_return connection;
}

} // namespace practicus::inline v1::detail
