// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/tls_stream.hpp>
#include <practicus/mock/certificate.hpp>

#include "catch.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string_view>

#include <sys/socket.h>

namespace {

namespace asio = boost::asio;
using practicus::detail::tls_stream;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

/// A connection whose other end is in the test's hands.
struct connected
{
    connected() : near(io), far(io), context(asio::ssl::context::tls_client)
    {
        tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        near.connect(acceptor.local_endpoint());
        acceptor.accept(far);
        near.non_blocking(true);
    }

    asio::io_context io;
    tcp::socket near;
    tcp::socket far;
    asio::ssl::context context;
};

/// The signals of a context that does not ignore them, as an io_context does.
struct default_signals
{
    default_signals() { std::signal(SIGPIPE, SIG_DFL); }
    ~default_signals() { std::signal(SIGPIPE, SIG_IGN); }
};

error_code handshake(tls_stream& tls)
{
    error_code code;
    tls.handshake(code);
    return code;
}

} // namespace

TEST_CASE("TLS waits until the peer has sent data")
{
    connected c;
    tls_stream tls(c.near, c.context.native_handle());
    CHECK(handshake(tls) == asio::error::would_block);
    CHECK(tls.wanted() == asio::socket_base::wait_read);
    CHECK_FALSE(tls.has_pending());
    std::array<char, 1024> hello{};
    CHECK(c.far.receive(asio::buffer(hello)) > 100);
    CHECK(hello[0] == 22); // RFC 8446 section 5.1: a handshake record
}

TEST_CASE("TLS waits for room to write in")
{
    connected c;
    error_code code;
    std::array<char, 65536> const filler{};
    while (!code)
        c.near.write_some(asio::buffer(filler), code);
    tls_stream tls(c.near, c.context.native_handle());
    CHECK(handshake(tls) == asio::error::would_block);
    CHECK(tls.wanted() == asio::socket_base::wait_write);
}

TEST_CASE("TLS to a peer that disconnects")
{
    connected c;
    tls_stream tls(c.near, c.context.native_handle());
    CHECK(handshake(tls) == asio::error::would_block);
    SECTION("without close_notify")
    {
        std::array<char, 4096> hello{};
        c.far.receive(asio::buffer(hello));
        c.far.close();
        CHECK(handshake(tls) == asio::ssl::error::stream_truncated);
    }
    SECTION("with a reset")
    {
        c.far.set_option(asio::socket_base::linger(true, 0));
        c.far.close();
        CHECK(handshake(tls) == asio::error::connection_reset);
    }
    SECTION("with bytes that are no TLS")
    {
        asio::write(c.far, asio::buffer(std::string_view("HTTP/1.1 400 Bad Request\r\n\r\n")));
        CHECK(handshake(tls).category() == asio::error::get_ssl_category());
    }
}

TEST_CASE("TLS yields the thread while a peer sends records without data")
{
    connected c;
    c.far.set_option(asio::socket_base::send_buffer_size(1 << 20));
    c.far.non_blocking(true);
    practicus::mock::certificate_authority const authority;
    auto const certificate = authority.issue();
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(certificate.pem()));
    context.use_private_key(asio::buffer(certificate.key_pem()), asio::ssl::context::pem);
    std::unique_ptr<SSL, decltype(&::SSL_free)> const peer(::SSL_new(context.native_handle()), &::SSL_free);
    ::SSL_set_fd(peer.get(), c.far.native_handle());
    tls_stream tls(c.near, c.context.native_handle());
    bool made = false;
    for (int i = 0; i != 20 && !made; ++i) {
        made = !handshake(tls);
        made = ::SSL_accept(peer.get()) == 1 && made;
    }
    REQUIRE(made);

    // Session tickets, until no more fit: several times what one call may read.
    std::size_t tickets = 0;
    while (tickets != 10'000 && ::SSL_new_session_ticket(peer.get()) == 1 &&
           ::SSL_do_handshake(peer.get()) == 1)
        ++tickets;
    CAPTURE(tickets);
    REQUIRE(tickets > 2'000); // of 200 bytes and more each; a read is of 16 KiB
    int calls = 0;
    for (error_code code; calls != 1'000 && c.near.available() != 0; ++calls) {
        std::array<char, 16> data;
        CHECK(tls.read_some(asio::buffer(data), code) == 0);
        REQUIRE(code == asio::error::would_block);
        REQUIRE(tls.wanted() == asio::socket_base::wait_read);
    }
    CHECK(c.near.available() == 0);
    CHECK(calls > 2);
}

TEST_CASE("TLS on a socket that was shut down raises no signal")
{
    connected c;
    default_signals const fatal;
    tls_stream tls(c.near, c.context.native_handle());
    ::shutdown(c.near.native_handle(), SHUT_RDWR);
    CHECK(handshake(tls) == asio::error::broken_pipe);
}
