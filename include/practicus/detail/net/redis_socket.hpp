// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/net/tls_context.hpp>
#include <practicus/detail/net/tls_stream.hpp>
#include <practicus/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// A connection that is used by a thread that may wait, plain or with TLS. Each wait has an end. Throws
/// `error`. Its message names no address.
class redis_socket
{
public:
    using moment = std::chrono::steady_clock::time_point;

    /// Connects to the first of the addresses that accepts; each has an equal part of the time that is left.
    redis_socket(std::vector<boost::asio::ip::address> const& all, std::uint16_t port, moment end)
    {
        for (std::size_t i = 0; i != all.size() && !descriptor_.is_open(); ++i) {
            auto const now = std::chrono::steady_clock::now();
            auto const part = (end - now) / static_cast<int>(all.size() - i);
            bool const is_last = i + 1 == all.size();
            try {
                connect({all[i], port}, now + part);
            } catch (error const&) {
                descriptor_.close();
                if (is_last) throw;
            }
        }
    }

    /// Begins TLS. `host` is the name to find in the certificate if that is verified.
    void secure(SSL_CTX* context, std::string const& host, moment end)
    {
        auto& tls = tls_.emplace(descriptor_.value, context);
        if (!expect_host(tls.native_handle(), host, ::SSL_CTX_get_verify_mode(context) != SSL_VERIFY_NONE))
            throw error(errc::tls_failed);
        boost::system::error_code code;
        for (tls.handshake(code); code == boost::asio::error::would_block; tls.handshake(code))
            wait(tls_events(), end, errc::tls_timeout);
        if (code) fail(handshake_errc(code, ::SSL_get_verify_result(tls.native_handle())), code);
    }

    void write(std::string_view text, moment end)
    {
        while (!text.empty()) {
            boost::system::error_code code;
            auto const n = write_some(text, code);
            if (code == boost::asio::error::would_block)
                wait(tls_ ? tls_events() : POLLOUT, end, errc::stalled);
            else if (code)
                fail(errc::connection_lost, code);
            else
                text.remove_prefix(n);
        }
    }

    /// Returns the number of bytes, at least one.
    std::size_t read(char* to, std::size_t size, moment end)
    {
        while (true) {
            boost::system::error_code code;
            auto const n = read_some(to, size, code);
            if (!code) return n;
            if (code != boost::asio::error::would_block) fail(errc::connection_lost, code);
            wait(tls_ ? tls_events() : POLLIN, end, errc::stalled);
        }
    }

    /// Returns true while the server has neither closed the connection nor sent anything unasked.
    bool is_quiet() noexcept
    {
        if (tls_) return !tls_->has_stray();
        pollfd one{descriptor_.value, POLLIN, 0};
        return ::poll(&one, 1, 0) == 0;
    }

private:
    struct own_descriptor
    {
        own_descriptor() = default;
        own_descriptor(own_descriptor const&) = delete;
        own_descriptor& operator=(own_descriptor const&) = delete;
        ~own_descriptor() { close(); }

        bool is_open() const noexcept { return value >= 0; }
        void close() noexcept
        {
            if (is_open()) ::close(std::exchange(value, -1));
        }

        int value = -1;
    };

    static boost::system::error_code system_error(int number) noexcept
    {
        if (number == EAGAIN || number == EINTR) return boost::asio::error::would_block;
        return {number, boost::asio::error::get_system_category()};
    }

    [[noreturn]] static void fail(errc code, boost::system::error_code const& cause)
    {
        error_info info;
        info.code = code;
        info.message = cause.message();
        info.cause = cause;
        throw error(std::move(info));
    }

    void connect(boost::asio::ip::tcp::endpoint const& to, moment end)
    {
        descriptor_.value = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (!descriptor_.is_open()) fail(errc::connect_failed, system_error(errno));
        if (::connect(descriptor_.value, to.data(), static_cast<socklen_t>(to.size())) != 0) {
            if (errno != EINPROGRESS) fail(errc::connect_failed, system_error(errno));
            wait(POLLOUT, end, errc::connect_timeout);
            int failed = 0;
            socklen_t size = sizeof failed;
            ::getsockopt(descriptor_.value, SOL_SOCKET, SO_ERROR, &failed, &size);
            if (failed != 0) fail(errc::connect_failed, system_error(failed));
        }
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        // Finds an idle connection that ended without a word.
        set(SOL_SOCKET, SO_KEEPALIVE, 1);
        set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
        set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    }

    void set(int level, int option, int value) const noexcept
    {
        ::setsockopt(descriptor_.value, level, option, &value, sizeof value);
    }

    short tls_events() const noexcept
    {
        return tls_->wanted() == boost::asio::socket_base::wait_write ? POLLOUT : POLLIN;
    }

    void wait(short events, moment end, errc late) const
    {
        while (true) {
            auto const left =
                std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
            if (left.count() <= 0) throw error(late, "the server took too long");
            pollfd one{descriptor_.value, events, 0};
            auto const most = std::min<std::chrono::milliseconds>(left, std::chrono::minutes(1));
            if (::poll(&one, 1, static_cast<int>(most.count())) > 0) return;
        }
    }

    std::size_t write_some(std::string_view text, boost::system::error_code& code) noexcept
    {
        if (tls_) return tls_->write_some(boost::asio::buffer(text), code);
        return counted(::send(descriptor_.value, text.data(), text.size(), MSG_NOSIGNAL), code);
    }

    std::size_t read_some(char* to, std::size_t size, boost::system::error_code& code) noexcept
    {
        if (tls_) return tls_->read_some(boost::asio::buffer(to, size), code);
        auto const n = ::recv(descriptor_.value, to, size, 0);
        if (n == 0) code = boost::asio::error::eof;
        return n == 0 ? 0 : counted(n, code);
    }

    static std::size_t counted(ssize_t result, boost::system::error_code& code) noexcept
    {
        if (result >= 0) return static_cast<std::size_t>(result);
        code = system_error(errno);
        return 0;
    }

    own_descriptor descriptor_;
    std::optional<tls_stream> tls_;
};

}}} // namespace practicus::v1::detail
