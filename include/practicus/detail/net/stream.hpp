// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/runtime.hpp>
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

namespace practicus { inline namespace v1 { namespace detail {

using tcp = asio::ip::tcp;

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

    runtime& home() const noexcept { return *home_; }

    /// Tries one address, until `end`. Leaves the socket closed on failure: `errc::connect_failed`, caused by
    /// `timed_out` if it took too long; `errc::client_closed`; `operation_aborted` if nobody is left to want
    /// it.
    asio::awaitable<failure> connect(tcp::endpoint address, time_point end)
    {
        error_code code;
        socket_.open(address.protocol(), code);
        if (code) co_return make_failure(errc::connect_failed, code);
        // Asio does not: a child process must not inherit it. (A descriptor that was made with SOCK_CLOEXEC
        // and assigned would be taken out of the parent's epoll when a forked child closes its copy.)
        ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
        home_->limits()->add(limit_, socket_.native_handle());
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

    /// Before a handshake: says whom to expect. `resumed` is a session of an earlier connection, or null.
    failure prepare_tls(asio::ssl::context& context, std::string host, bool verify, SSL_SESSION* resumed)
    {
        tls_.emplace(socket_, context.native_handle());
        if (!expect_host(tls_->native_handle(), std::move(host), verify))
            return make_failure(errc::tls_failed, "OpenSSL refuses the host name");
        if (resumed != nullptr) ::SSL_set_session(tls_->native_handle(), resumed);
        return nullptr;
    }

    // With `use_awaitable`, each call would be a coroutine of its own.
    static constexpr asio::as_tuple_t<asio::deferred_t> as_tuple_deferred{asio::deferred};

    /// Until the socket is ready, to be awaited as a named object.
    auto wait(asio::socket_base::wait_type wanted) { return socket_.async_wait(wanted, as_tuple_deferred); }

    /// Until the socket can be read or written, to be awaited as a named object, after `watch_for_either`.
    auto wait_for_either()
    {
        return either_->async_wait(asio::posix::stream_descriptor::wait_read, as_tuple_deferred);
    }

    /// Asio waits for one of both, and two waits could not be ended without a strand: so it waits for a
    /// descriptor that watches both.
    failure watch_for_either()
    {
        if (either_) return nullptr;
        int const watcher = ::epoll_create1(EPOLL_CLOEXEC);
        if (watcher == -1) return make_failure(errc::connection_lost, last_system_error());
        either_.emplace(socket_.get_executor(), watcher);
        epoll_event watched{};
        watched.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
        if (::epoll_ctl(watcher, EPOLL_CTL_ADD, socket_.native_handle(), &watched) == 0) return nullptr;
        return make_failure(errc::connection_lost, last_system_error());
    }

    /// Verifies whom it speaks to before anything else is sent.
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

    /// Between two exchanges: returns true if the server has closed it, or has sent what is no answer to
    /// anything (RFC 9112 section 9.2). A TLS 1.3 server's session tickets are neither.
    bool is_dead() noexcept
    {
        pollfd p{socket_.native_handle(), POLLIN, 0};
        bool const readable = ::poll(&p, 1, 0) > 0;
        if (!is_tls()) return readable;
        return (readable || tls_->has_pending()) && tls_->has_stray();
    }

    /// Before each call that waits. Fails with `errc::client_closed`.
    failure arm(time_point end) noexcept
    {
        if (home_->limits()->arm(limit_, end)) return nullptr;
        disarm();
        return fixed_error<errc::client_closed>();
    }

    expiry disarm() noexcept { return home_->limits()->disarm(limit_); }

    /// Ends the call that waits, from any thread, as if its time had come.
    void expire() noexcept { home_->limits()->expire(limit_); }

    /// After each call: why it failed, or was ended by its limit, `close()` or a cancellation.
    failure why_failed(error_code const& code, expiry ended, phase at, time_point deadline)
    {
        if (!code && ended == expiry::none) return nullptr;
        if (ended == expiry::expired) return timeout_failure(at, deadline, home_->time().now());
        if (auto why = interruption(code, ended)) return why;
        // Under TLS 1.3, a refused client certificate is told here.
        bool const by_tls = code.category() == asio::error::get_ssl_category();
        return make_failure(by_tls ? errc::tls_failed : errc::connection_lost, code);
    }

    void close() noexcept
    {
        home_->limits()->remove(limit_);
        // Without a farewell, which could block; but OpenSSL forgets the session of a connection that was not
        // shut down.
        if (tls_) ::SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        error_code ignored;
        if (either_) either_->close(ignored);
        socket_.close(ignored);
    }

private:
    static error_code last_system_error() noexcept { return {errno, asio::error::get_system_category()}; }

    std::shared_ptr<runtime> home_;
    deadline limit_;
    tcp::socket socket_;
    std::optional<tls_stream> tls_;
    std::optional<asio::posix::stream_descriptor> either_;
};

}}} // namespace practicus::v1::detail
