// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "lean_answers.hpp"

#include <practicus/mock/certificate.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstddef>
#include <cstdint>

namespace bench {

/// Answers on two ports of 127.0.0.1, plain and TLS, in the `io_context` that it is given.
class lean_service
{
public:
    using acceptor =
        boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

    lean_service(boost::asio::io_context& io, practicus::mock::certificate const& certificate,
                 std::size_t models);
    lean_service(lean_service const&) = delete;
    lean_service& operator=(lean_service const&) = delete;

    std::uint16_t port(bool tls) const;

private:
    lean_answers answers_;
    boost::asio::ssl::context tls_;
    acceptor plain_port_, tls_port_;
};

} // namespace bench
