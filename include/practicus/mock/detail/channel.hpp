// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/wire_socket.hpp>
#include <practicus/mock/fault.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// A connection's bytes, plain or through TLS: one type for both, so that what speaks HTTP is compiled once.
class channel
{
public:
    template <class T = void>
    using awaitable = boost::asio::awaitable<T>;

    explicit channel(wire_socket::socket_type socket) : wire_(std::move(socket)) {}

    wire_socket& wire() noexcept { return wire_; }

    /// TLS from here on. Throws where the handshake fails.
    awaitable<> handshake(boost::asio::ssl::context& context)
    {
        tls_.emplace(wire_, context);
        co_await tls_->async_handshake(boost::asio::ssl::stream_base::server, boost::asio::use_awaitable);
    }

    /// After a handshake: the resumption of a session, and the requested server name.
    bool resumed() { return SSL_session_reused(tls_->native_handle()) != 0; }
    std::string server_name()
    {
        auto const* name = SSL_get_servername(tls_->native_handle(), TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? "" : name;
    }

    awaitable<std::size_t> read_some(boost::asio::mutable_buffer buffer, boost::system::error_code& ec)
    {
        auto token = boost::asio::redirect_error(boost::asio::use_awaitable, ec);
        if (tls_) co_return co_await tls_->async_read_some(buffer, token);
        co_return co_await wire_.async_read_some(buffer, token);
    }

    /// Throws if the peer has disconnected, or if a byte limit has ended the connection.
    awaitable<> write(std::string_view text)
    {
        while (!text.empty()) {
            boost::asio::const_buffer const buffer(text.data(), text.size());
            std::size_t sent = 0;
            if (tls_)
                sent = co_await tls_->async_write_some(buffer, boost::asio::use_awaitable);
            else
                sent = co_await wire_.async_write_some(buffer, boost::asio::use_awaitable);
            text.remove_prefix(sent);
        }
        if (wire_.ended() && !wire_.stalled())
            throw boost::system::system_error(boost::asio::error::connection_aborted);
    }

    /// Ends the sending direction. With `linger` it then waits until the peer disconnects: late bytes of the
    /// peer would reset the connection before it has read the last response.
    awaitable<> farewell(bool linger)
    {
        boost::system::error_code ec;
        if (!wire_.socket().is_open()) co_return;
        if (tls_) {
            // Sends close_notify, and does not wait for the peer's.
            SSL_set_shutdown(tls_->native_handle(), SSL_RECEIVED_SHUTDOWN);
            co_await tls_->async_shutdown(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
        }
        if (!linger) co_return;
        wire_.socket().shutdown(wire_socket::socket_type::shutdown_send, ec);
        std::string waste(65536, '\0');
        ec.clear();
        while (!ec)
            co_await wire_.async_read_some(boost::asio::buffer(waste),
                                           boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    }

private:
    wire_socket wire_;
    std::optional<boost::asio::ssl::stream<wire_socket&>> tls_;
};

}}}} // namespace practicus::v1::mock::detail
