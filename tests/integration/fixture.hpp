// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"
#include "mock_options.hpp"

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace asio = boost::asio;

inline constexpr char const* cluster_path = "/console/api/central/clusterdefinition/";

/// Runs what is ready, until it is so; fails, and does not hang, if that never comes.
template <class Condition>
void poll_until(asio::io_context& io, Condition condition)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) FAIL("what the test waits for did not come");
        io.restart();
        if (io.poll() == 0) std::this_thread::yield();
    }
}

/// Whether what other threads do has come. It throws nothing: its caller has threads to join.
template <class Condition>
[[nodiscard]] bool comes(Condition condition)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Counts how operations end.
struct ends
{
    std::atomic<int> served = 0, aborted = 0, closed = 0, other = 0;

    auto handler()
    {
        return [this](std::exception_ptr e, auto const&...) { add(e); };
    }

    void add(std::exception_ptr const& e)
    {
        if (!e) {
            ++served;
            return;
        }
        try {
            std::rethrow_exception(e);
        } catch (practicus::error const& failed) {
            if (failed.code() == asio::error::operation_aborted)
                ++aborted;
            else if (failed.code() == practicus::errc::client_closed)
                ++closed;
            else
                ++other;
#if BOOST_VERSION >= 108500
        } catch (boost::system::system_error const& failed) {
            // Asio's own word, where an operation is cancelled before its first step.
            failed.code() == asio::error::operation_aborted ? ++aborted : ++other;
#endif
        } catch (...) {
            ++other;
        }
    }
};

/// A demo region on a thread of its own, and a context for clients. A test that uses it fails if the region
/// found fault with a request, or if an expectation was not met.
struct fixture
{
    explicit fixture(practicus::mock::server_options const& options = practicus::mock::server_options())
        : server(options)
    {
        server.region().add_demo();
    }

    ~fixture() { CHECK(server.problems() == std::vector<std::string>()); }

    practicus::client client(practicus::client_options options = practicus::client_options())
    {
        return {io.get_executor(), server.url(), std::move(options)};
    }

    /// One that logs in by itself.
    practicus::client user(practicus::client_options options = practicus::client_options())
    {
        return client(options_as(password(), std::move(options)));
    }

    /// Of one that tries once, so that the first failure is the last.
    static practicus::client_options once(practicus::client_options options = practicus::client_options())
    {
        options.retry.max_attempts = 1;
        return options;
    }

    static practicus::credentials password()
    {
        return practicus::credentials::password("admin@company.com", "practicus");
    }

    static constexpr char const* diamond = "models/practicus/diamond-price";

    std::string model(std::string const& path = diamond) const { return server.url() + '/' + path + '/'; }

    /// Runs an operation to its end, and everything else that the context has to do.
    template <class T>
    T run(asio::awaitable<T> operation)
    {
        using stored = std::conditional_t<std::is_void_v<T>, bool, T>;
        std::optional<stored> result;
        std::exception_ptr failed;
        int ends = 0;
        io.restart();
        if constexpr (std::is_void_v<T>) {
            asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e) {
                failed = e;
                ++ends;
            });
        } else {
            asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e, T value) {
                failed = e;
                if (!e) result.emplace(std::move(value));
                ++ends;
            });
        }
        io.run();
        REQUIRE(ends == 1);
        if (failed) std::rethrow_exception(failed);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    /// The error that an operation ends with.
    template <class T>
    practicus::error_info failure(asio::awaitable<T> operation)
    {
        try {
            run(std::move(operation));
        } catch (practicus::error const& e) {
            return e.info();
        }
        FAIL("the operation succeeded");
        throw std::logic_error("unreachable");
    }

    practicus::mock::server server;
    asio::io_context io;
};
