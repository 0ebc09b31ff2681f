// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "loops.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace bench {

/// The base of loops that are made of coroutines: what outlives all of them, and runs them on the thread that
/// calls.
class coroutines
{
protected:
    ~coroutines() = default;

    /// Its failure ends `run`.
    void spawn(boost::asio::awaitable<void> work)
    {
        boost::asio::co_spawn(io_, std::move(work), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
    }

    /// Until nothing is left to do.
    void run()
    {
        io_.restart();
        io_.run();
    }

    /// `begin(due)` for each arrival, at its time or, if the thread was busy then, as soon as it can.
    template <class Begin>
    boost::asio::awaitable<void> call_at(arrivals when, Begin begin)
    {
        boost::asio::steady_timer timer(io_);
        auto const began = steady::now();
        for (std::size_t i = 0; i != when.count(); ++i) {
            auto const due = began + when.at(i);
            for (auto now = steady::now(); now < due; now = steady::now()) {
                if (due - now > arrivals::ahead) {
                    timer.expires_at(due - arrivals::ahead);
                    co_await timer.async_wait(boost::asio::use_awaitable);
                } else {
                    co_await boost::asio::post(boost::asio::use_awaitable);
                }
            }
            begin(due);
        }
    }

    boost::asio::io_context io_;
};

} // namespace bench
