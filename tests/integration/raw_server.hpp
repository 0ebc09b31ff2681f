// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fixture.hpp"

#include <practicus/mock/certificate.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/// One connection of a `raw_server`. No call waits: the test turns the client between them.
class raw_peer
{
public:
    raw_peer(asio::ip::tcp::socket socket, SSL_CTX* context) : socket_(std::move(socket))
    {
        socket_.non_blocking(true);
        socket_.set_option(asio::ip::tcp::no_delay(true));
        if (context == nullptr) return;
        ssl_.reset(::SSL_new(context));
        ::SSL_set_fd(ssl_.get(), socket_.native_handle());
        ::SSL_set_accept_state(ssl_.get());
        ::SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }

    /// Reads what there is, after the handshake where there is one. Returns true if something new came.
    bool read()
    {
        std::array<char, 65536> bytes;
        std::size_t n = 0;
        if (ssl_) {
            if (::SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &n) != 1) n = 0;
        } else {
            auto const got = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
            n = got > 0 ? static_cast<std::size_t>(got) : 0;
            ended_ = got == 0;
        }
        received_.append(bytes.data(), n);
        return n != 0;
    }

    /// Returns how much was sent of it.
    std::size_t send_some(std::string_view bytes)
    {
        std::size_t n = 0;
        if (ssl_) {
            if (::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n) != 1) n = 0;
        } else {
            auto const sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            n = sent > 0 ? static_cast<std::size_t>(sent) : 0;
        }
        return n;
    }

    /// What is short enough to go at once.
    void send(std::string_view bytes) { REQUIRE(send_some(bytes) == bytes.size()); }

    /// In one segment, but as many records.
    void send_together(std::string_view one, std::string_view other)
    {
        cork(1);
        send(one);
        send(other);
        cork(0);
    }

    /// Says that no more will be sent, and leaves the socket open.
    void send_close_notify() { ::SSL_shutdown(ssl_.get()); }

    /// Bytes beside TLS.
    void send_raw(std::string_view bytes)
    {
        REQUIRE(::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }

    std::string const& received() const noexcept { return received_; }
    void forget() { received_.clear(); }
    /// The client has closed its end.
    bool ended() const noexcept { return ended_; }
    SSL* ssl() const noexcept { return ssl_.get(); }
    asio::ip::tcp::socket& socket() noexcept { return socket_; }

private:
    struct deleter
    {
        void operator()(SSL* s) const noexcept { ::SSL_free(s); }
    };

    void cork(int on) { ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &on, sizeof on); }

    asio::ip::tcp::socket socket_;
    std::unique_ptr<SSL, deleter> ssl_;
    std::string received_;
    bool ended_ = false;
};

/// A server whose steps are the test's, on the client's own thread: nothing depends on time.
class raw_server
{
public:
    enum class speaks
    {
        plain,
        tls12,
        tls13
    };

    explicit raw_server(speaks what = speaks::plain)
        : what_(what), acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
          context_(asio::ssl::context::tls_server)
    {
        acceptor_.non_blocking(true);
        if (what == speaks::plain) return;
        auto const own = authority_.issue(certificate_for("IP:127.0.0.1"));
        context_.use_certificate_chain(asio::buffer(own.pem()));
        context_.use_private_key(asio::buffer(own.key_pem()), asio::ssl::context::pem);
        auto const version = what == speaks::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
        ::SSL_CTX_set_min_proto_version(context_.native_handle(), version);
        ::SSL_CTX_set_max_proto_version(context_.native_handle(), version);
    }

    bool is_tls() const noexcept { return what_ != speaks::plain; }
    SSL_CTX* context() noexcept { return context_.native_handle(); }
    practicus::mock::certificate_authority const& authority() const noexcept { return authority_; }

    std::string url() const
    {
        return (is_tls() ? "https://127.0.0.1:" : "http://127.0.0.1:") +
               std::to_string(acceptor_.local_endpoint().port());
    }

    /// Of a client that needs no login, and tries once.
    practicus::client_options options() const
    {
        auto result = options_with([&](auto& o) {
            o.credentials = practicus::credentials::access_token("opaque");
            o.retry.max_attempts = 1;
        });
        if (is_tls()) result.tls.ca_pem = authority_.pem();
        return result;
    }

    /// Turns the client until it has connected.
    std::unique_ptr<raw_peer> accept(asio::io_context& io)
    {
        std::unique_ptr<raw_peer> made;
        poll_until(io, [&] {
            made = try_accept();
            return made != nullptr;
        });
        return made;
    }

    /// The next connection, or null if none has come.
    std::unique_ptr<raw_peer> try_accept()
    {
        boost::system::error_code code;
        asio::ip::tcp::socket socket(io_);
        acceptor_.accept(socket, code);
        if (code) return nullptr;
        return std::make_unique<raw_peer>(std::move(socket), is_tls() ? context() : nullptr);
    }

private:
    speaks what_;
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    practicus::mock::certificate_authority authority_;
    asio::ssl::context context_;
};
