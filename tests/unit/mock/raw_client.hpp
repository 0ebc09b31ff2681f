// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/server.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

/// A blocking connection that sends what it is told, and shows what comes back byte by byte.
class raw_client
{
public:
    using answer_type = boost::beast::http::response<boost::beast::http::string_body>;

    explicit raw_client(practicus::mock::server const& server) : socket_(io_)
    {
        namespace ip = boost::asio::ip;
        socket_.connect({ip::make_address(server.host()), server.port()});
    }

    /// TLS; `ec` tells how the handshake went.
    void handshake(boost::asio::ssl::context& context, std::string const& name = "localhost",
                   SSL_SESSION* session = nullptr)
    {
        namespace ssl = boost::asio::ssl;
        tls_.emplace(socket_, context);
        tls_->set_verify_mode(ssl::verify_peer);
        tls_->set_verify_callback(ssl::host_name_verification(name));
        SSL_set_tlsext_host_name(tls_->native_handle(), name.c_str());
        if (session != nullptr) SSL_set_session(tls_->native_handle(), session);
        tls_->handshake(ssl::stream_base::client, ec);
    }

    static boost::asio::ssl::context trusting(std::string const& ca)
    {
        boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
        context.add_certificate_authority(boost::asio::buffer(ca));
        return context;
    }

    void send(std::string_view text)
    {
        if (tls_)
            boost::asio::write(*tls_, boost::asio::buffer(text), ec);
        else
            boost::asio::write(socket_, boost::asio::buffer(text), ec);
    }

    static std::string request(std::string_view method, std::string_view target, std::string_view more = {})
    {
        return std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
               std::string(more) + "\r\n";
    }

    static std::string login()
    {
        return request("POST", "/console/api/auth/",
                       "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 42\r\n") +
               "email=admin@company.com&password=practicus";
    }

    /// Everything up to the connection's end; `ec` tells which end.
    std::string rest()
    {
        std::string result;
        auto buffer = boost::asio::dynamic_buffer(result);
        if (tls_)
            boost::asio::read(*tls_, buffer, ec);
        else
            boost::asio::read(socket_, buffer, ec);
        return result;
    }

    std::string read(std::size_t bytes)
    {
        std::string result(bytes, '\0');
        auto buffer = boost::asio::buffer(result);
        result.resize(tls_ ? boost::asio::read(*tls_, buffer, ec) : boost::asio::read(socket_, buffer, ec));
        return result;
    }

    answer_type answer()
    {
        boost::beast::http::response_parser<boost::beast::http::string_body> parser;
        ec.clear();
        parser.eager(true);
        while (!parser.is_done() && !ec) {
            pending_.erase(0, parser.put(boost::asio::buffer(pending_), ec));
            if (ec == boost::beast::http::error::need_more) ec.clear();
            if (parser.is_done() || ec) break;
            char piece[4096];
            auto buffer = boost::asio::buffer(piece);
            auto size = tls_ ? tls_->read_some(buffer, ec) : socket_.read_some(buffer, ec);
            pending_.append(piece, size);
        }
        return parser.release();
    }

    /// Sends a request without a body, and reads its answer.
    answer_type get(std::string_view target, std::string_view more = {})
    {
        send(request("GET", target, more));
        return answer();
    }

    SSL* ssl() { return tls_->native_handle(); }

    void close()
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    boost::system::error_code ec;

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
    std::string pending_;
};
