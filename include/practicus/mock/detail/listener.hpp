// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/connection.hpp>
#include <practicus/mock/detail/server_state.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// Accepts connections, each on a strand of its own.
class listener : public stoppable, public std::enable_shared_from_this<listener>
{
public:
    /// Starts listening. Throws `boost::system::system_error` if the address is not available, and
    /// `std::invalid_argument` for an address that other machines reach.
    listener(boost::asio::any_io_executor executor, std::shared_ptr<server_state> state)
        : state_(std::move(state)), executor_(std::move(executor)),
          acceptor_(boost::asio::any_io_executor(boost::asio::make_strand(executor_))),
          pause_(acceptor_.get_executor())
    {
        using boost::asio::ip::tcp;
        auto const address = boost::asio::ip::make_address(state_->options.address);
        // Its users and passwords are public.
        if (!address.is_loopback())
            throw std::invalid_argument("a mock server listens on loopback addresses only");
        tcp::endpoint endpoint(address, state_->options.port);
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
        acceptor_.bind(endpoint);
        acceptor_.listen(4096);
    }

    ~listener() override { state_->dismiss(this); }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    void start()
    {
        state_->enlist(this, weak_from_this());
        boost::asio::co_spawn(acceptor_.get_executor(), run(shared_from_this()), boost::asio::detached);
    }

    bool is_connection() const noexcept override { return false; }

    void stop() override
    {
        boost::asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
            boost::system::error_code ignored;
            self->pause_.cancel();
            self->acceptor_.close(ignored);
        });
    }

private:
    static boost::asio::awaitable<void> run(std::shared_ptr<listener> self)
    {
        while (self->acceptor_.is_open()) {
            boost::system::error_code ec;
            boost::asio::any_io_executor strand = boost::asio::make_strand(self->executor_);
            auto socket = co_await self->acceptor_.async_accept(
                strand, boost::asio::redirect_error(boost::asio::use_awaitable, ec));
            if (!ec) {
                boost::system::error_code ignored;
                socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
                auto accepted = std::make_shared<connection>(std::move(socket), self->state_);
                boost::asio::co_spawn(strand, connection::run(std::move(accepted)), boost::asio::detached);
            } else if (self->acceptor_.is_open()) {
                // Most likely out of descriptors: wait until some are free.
                self->pause_.expires_after(std::chrono::milliseconds(10));
                co_await self->pause_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
            }
        }
    }

    std::shared_ptr<server_state> state_;
    boost::asio::any_io_executor executor_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
};

}}}} // namespace practicus::v1::mock::detail
