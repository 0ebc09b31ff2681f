// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/fault.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/beast/core/buffers_prefix.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// The TCP socket below HTTP or TLS. Counts the bytes sent, and ends the connection at a given byte.
class wire_socket
{
public:
    using socket_type = boost::asio::ip::tcp::socket;
    using executor_type = socket_type::executor_type;
    using lowest_layer_type = socket_type::lowest_layer_type;

    explicit wire_socket(socket_type socket) : socket_(std::move(socket)) {}

    executor_type get_executor() noexcept { return socket_.get_executor(); }
    lowest_layer_type& lowest_layer() noexcept { return socket_.lowest_layer(); }
    lowest_layer_type const& lowest_layer() const noexcept { return socket_.lowest_layer(); }
    socket_type& socket() noexcept { return socket_; }

    /// Counts here when it falls silent.
    void count_stalls(std::atomic<std::uint64_t>& counter) noexcept { stalls_ = &counter; }

    /// Sends this many more bytes, then ends the connection.
    void limit(ending then, std::size_t bytes) noexcept
    {
        then_ = then;
        left_ = bytes;
        note_stall();
    }

    /// Ends the connection.
    bool ended() const noexcept { return then_ != ending::none && left_ == 0; }
    bool stalled() const noexcept { return then_ == ending::stall && left_ == 0; }
    std::uint64_t written() const noexcept { return written_; }

    void close(bool reset) noexcept
    {
        boost::system::error_code ignored;
        if (reset)
            socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
        else
            socket_.shutdown(socket_type::shutdown_both, ignored);
        socket_.close(ignored);
    }

    template <class Buffers, class Token>
    auto async_read_some(Buffers const& buffers, Token&& token)
    {
        return socket_.async_read_some(buffers, std::forward<Token>(token));
    }

    template <class Buffers, class Token>
    auto async_write_some(Buffers const& buffers, Token&& token)
    {
        return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
            write_operation<Buffers>{*this, buffers}, token, socket_);
    }

private:
    template <class Buffers>
    struct write_operation
    {
        wire_socket& wire;
        Buffers buffers;
        enum
        {
            starting,
            writing,
            swallowing,
            failing
        } step = starting;

        template <class Self>
        void operator()(Self& self, boost::system::error_code ec = {}, std::size_t bytes = 0)
        {
            switch (step) {
            case starting: return start(self);
            case writing: wire.account(bytes); return self.complete(ec, bytes);
            case swallowing: return self.complete({}, boost::asio::buffer_size(buffers));
            case failing: return self.complete(boost::asio::error::connection_aborted, 0);
            }
        }

        template <class Self>
        void start(Self& self)
        {
            // Dropped bytes are lost, as in a lossy network.
            step = wire.stalled() ? swallowing : wire.ended() ? failing : writing;
            if (step == writing) {
                auto allowed = boost::beast::buffers_prefix(wire.allowance(), buffers);
                return wire.socket_.async_write_some(allowed, std::move(self));
            }
            if (step == failing) wire.close(wire.then_ == ending::reset);
            boost::asio::post(wire.get_executor(), std::move(self));
        }
    };

    std::size_t allowance() const noexcept
    {
        return then_ == ending::none ? std::numeric_limits<std::size_t>::max() : left_;
    }

    void account(std::size_t bytes) noexcept
    {
        written_ += bytes;
        if (then_ == ending::none) return;
        left_ -= bytes;
        if (left_ == 0 && then_ != ending::stall) close(then_ == ending::reset);
        note_stall();
    }

    void note_stall() noexcept
    {
        if (stalled() && stalls_ != nullptr) ++*stalls_;
    }

    socket_type socket_;
    std::uint64_t written_ = 0;
    ending then_ = ending::none;
    std::size_t left_ = 0;
    std::atomic<std::uint64_t>* stalls_ = nullptr;
};

}}}} // namespace practicus::v1::mock::detail
