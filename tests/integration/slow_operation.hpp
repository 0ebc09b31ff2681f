// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fixture.hpp"
#include "internals.hpp"

#include <chrono>
#include <exception>

/// Holds a client's time, and runs one operation of it.
struct slow_operation
{
    slow_operation(asio::io_context& context, practicus::client const& of) : io(context), clock(clock_of(of))
    {
        clock.simulate(clock.now(), clock.system_now());
        asio::co_spawn(io, of.login("admin@company.com", "practicus"), [this](std::exception_ptr e) {
            ended = true;
            try {
                if (e) std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                info = failed.info();
            }
        });
    }

    /// Lets so much time pass, and three sweeps see it.
    void pass(std::chrono::nanoseconds time)
    {
        clock.advance(time);
        for (int i = 0; i != 3 && !ended; ++i)
            io.run_one();
    }

    asio::io_context& io;
    practicus::detail::clock& clock;
    bool ended = false;
    practicus::error_info info;
};
