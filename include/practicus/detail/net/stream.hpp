// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/net/tls_context.hpp>
#include <practicus/detail/net/tls_stream.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

using tcp = asio::ip::tcp;

/// A plain or TLS connection with its deadline. Half duplex: one chain of calls at a time. Runs in the
/// client's context.
class stream
{
public:
    stream(std::shared_ptr<client_runtime> runtime, asio::any_io_executor const& executor)
        : runtime_(std::move(runtime)), socket_(executor)
    {}
    stream(stream const&) = delete;
    stream& operator=(stream const&) = delete;
    ~stream() { close(); }

    client_runtime& runtime() const noexcept { return *runtime_; }

    /// Connects to one address. Fails with `errc::connect_failed`, with the cause `timed_out` at `end`, and
    /// with `errc::client_closed`. Fails with `operation_aborted` when cancelled because no request needs it.
    /// The socket is closed after a failure.
    asio::awaitable<failure> connect(tcp::endpoint address, time_point end)
    {
        error_code code;
        socket_.open(address.protocol(), code);
        if (code) co_return make_failure(errc::connect_failed, code);
        // Child processes must not inherit the socket, and Asio does not set this. SOCK_CLOEXEC with `assign`
        // is no alternative: a forked child closing its copy would remove the socket from the parent's epoll.
        ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
        runtime_->limits()->add(limit_, socket_.native_handle());
        if (auto closed = arm(end)) co_return closed;
        auto connecting = socket_.async_connect(address, as_tuple_deferred);
        std::tie(code) = co_await std::move(connecting);
        auto const ended = disarm();
        if (ended == expiry::expired) code = asio::error::timed_out;
        if (ended == expiry::none && !code) {
            error_code ignored;
            socket_.non_blocking(true, ignored);
            socket_.set_option(tcp::no_delay(true), ignored);
            socket_.set_option(asio::socket_base::keep_alive(true), ignored);
            co_return nullptr;
        }
        close();
        if (auto why = interruption(code, ended)) co_return why;
        co_return make_failure(errc::connect_failed, code);
    }

    /// Prepares a handshake with the expected host name. `resumed` is the session of an earlier connection,
    /// or null.
    failure prepare_tls(asio::ssl::context& context, std::string host, bool verify, SSL_SESSION* resumed)
    {
        tls_.emplace(socket_, context.native_handle());
        if (!expect_host(tls_->native_handle(), std::move(host), verify))
            return make_failure(errc::tls_failed, "OpenSSL refuses the host name");
        if (resumed != nullptr) ::SSL_set_session(tls_->native_handle(), resumed);
        return nullptr;
    }

    // With `use_awaitable`, each call would need a coroutine frame.
    static constexpr asio::as_tuple_t<asio::deferred_t> as_tuple_deferred{asio::deferred};

    /// Waits until the socket is ready. Await the result as a named object.
    auto wait(asio::socket_base::wait_type wanted) { return socket_.async_wait(wanted, as_tuple_deferred); }

    /// Waits until the socket is readable or writable, after `watch_for_either`. Await the result as a named
    /// object.
    auto wait_for_either()
    {
        return either_->async_wait(asio::posix::stream_descriptor::wait_read, as_tuple_deferred);
    }

    /// Creates an epoll descriptor that is readable when the socket is readable or writable. Two waits of
    /// Asio could not be ended without a strand.
    failure watch_for_either()
    {
        if (either_) return nullptr;
        int const watcher = ::epoll_create1(EPOLL_CLOEXEC);
        if (watcher == -1) return make_failure(errc::connection_lost, last_system_error());
        try {
            either_.emplace(socket_.get_executor(), watcher);
        } catch (...) {
            ::close(watcher);
            throw;
        }
        epoll_event watched{};
        watched.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
        if (::epoll_ctl(watcher, EPOLL_CTL_ADD, socket_.native_handle(), &watched) == 0) return nullptr;
        return make_failure(errc::connection_lost, last_system_error());
    }

    /// Performs the TLS handshake and verifies the server. Nothing else is sent before.
    asio::awaitable<failure> handshake(bool verify, time_point end)
    {
        error_code code;
        if (auto closed = arm(end)) co_return closed;
        while (tls_->handshake(code), code == asio::error::would_block) {
            auto ready = wait(tls_->wanted());
            std::tie(code) = co_await std::move(ready);
            if (code) break;
        }
        auto const ended = disarm();
        if (!code && ended == expiry::none) co_return nullptr;
        auto const verified = ::SSL_get_verify_result(tls_->native_handle());
        close();
        if (ended == expiry::none && code != asio::error::operation_aborted) {
            auto const what = handshake_errc(code, verify ? verified : X509_V_OK);
            std::string message;
            if (what == errc::connection_lost) message = "in the TLS handshake";
            if (what == errc::tls_failed && refuses_protocol(code)) message = http2_only;
            if (verified != X509_V_OK && verify) message = ::X509_verify_cert_error_string(verified);
            co_return make_failure(what, code, std::move(message));
        }
        co_return why_failed(code, ended, phase::tls, time_point::max());
    }

    bool is_tls() const noexcept { return tls_.has_value(); }
    tcp::socket& plain() noexcept { return socket_; }
    tls_stream& tls() noexcept { return *tls_; }

    /// Returns true if the server has closed an idle connection, or has sent unsolicited data (RFC 9112
    /// section 9.2). TLS 1.3 session tickets do not count.
    bool is_dead() noexcept
    {
        pollfd p{socket_.native_handle(), POLLIN, 0};
        bool const readable = ::poll(&p, 1, 0) > 0;
        if (!is_tls()) return readable;
        return (readable || tls_->has_pending()) && tls_->has_stray();
    }

    /// Sets the deadline of the next call that waits. Fails with `errc::client_closed`.
    failure arm(time_point end) noexcept
    {
        if (runtime_->limits()->arm(limit_, end)) return nullptr;
        disarm();
        return fixed_error<errc::client_closed>();
    }

    expiry disarm() noexcept { return runtime_->limits()->disarm(limit_); }

    /// Ends the waiting call as if its deadline had passed, from any thread.
    void expire() noexcept { runtime_->limits()->expire(limit_); }

    /// Returns why a call failed: its own error, its limit, `close()` or a cancellation. Called after each
    /// call.
    failure why_failed(error_code const& code, expiry ended, phase at, time_point deadline)
    {
        if (!code && ended == expiry::none) return nullptr;
        if (ended == expiry::expired) return timeout_failure(at, deadline, runtime_->time().now());
        if (auto why = interruption(code, ended)) return why;
        // TLS 1.3 reports a refused client certificate here.
        bool const by_tls = code.category() == asio::error::get_ssl_category();
        return make_failure(by_tls ? errc::tls_failed : errc::connection_lost, code);
    }

    void close() noexcept
    {
        runtime_->limits()->remove(limit_);
        // No `close_notify`, which could block. The flags are set because OpenSSL drops the session of a
        // connection without a shutdown.
        if (tls_) ::SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        error_code ignored;
        if (either_) either_->close(ignored);
        socket_.close(ignored);
    }

private:
    static error_code last_system_error() noexcept { return {errno, asio::error::get_system_category()}; }

    std::shared_ptr<client_runtime> runtime_;
    deadline limit_;
    tcp::socket socket_;
    std::optional<tls_stream> tls_;
    std::optional<asio::posix::stream_descriptor> either_;
};

}}} // namespace practicus::v1::detail
