// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

#include <sys/socket.h>

namespace asio = boost::asio;

/// An address that drops packets: its listener accepts nothing, and the queue is full.
class black_hole
{
public:
    explicit black_hole(asio::ip::tcp::endpoint const& at = {asio::ip::address_v4::loopback(), 0})
        : acceptor_(io_)
    {
        acceptor_.open(at.protocol());
        acceptor_.set_option(asio::socket_base::reuse_address(true));
        acceptor_.bind(at);
        acceptor_.listen(0);
        for (int i = 0; i != 3; ++i) {
            fill_.emplace_back(io_).open(at.protocol());
            fill_.back().native_non_blocking(true);
            // Asio's own connect waits, also on such a socket.
            auto const to = acceptor_.local_endpoint();
            (void)::connect(fill_.back().native_handle(), to.data(), static_cast<socklen_t>(to.size()));
        }
    }

    unsigned short port() const { return acceptor_.local_endpoint().port(); }

private:
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> fill_;
};
