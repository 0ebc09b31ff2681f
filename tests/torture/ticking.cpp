// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Time limits while allocations fail: the timer of the deadline service continues.

#include "catch.hpp"
#include "torture/refusal.hpp"

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/timed_wait.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <thread>

namespace asio = boost::asio;
using namespace practicus::detail;

namespace {

asio::awaitable<void> wait_until(std::shared_ptr<deadline_service> owner, time_point at, bool& ended)
{
    timed_wait waiting(*owner);
    auto suspended = waiting.until(at);
    auto const how = waiting.end(co_await std::move(suspended));
    throw_if(how.early);
    ended = true;
}

/// Returns true if it happens within the time after which a timer counts as dead.
template <class Condition>
bool comes(asio::io_context& io, Condition condition)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < end) {
        io.restart();
        if (io.poll() == 0) std::this_thread::yield();
    }
    return condition();
}

} // namespace

TEST_CASE("torture: a deadline service without memory for its timer is started by the next operation")
{
    int refused = 0;
    for (std::size_t k = 0; k != 4; ++k) {
        asio::io_context io;
        auto const owner = std::make_shared<deadline_service>(io.get_executor());
        refusal r(k, 1);
        try {
            refusal::scope const here(r);
            deadline_service::operation_guard const running(owner);
        } catch (std::bad_alloc const&) {
            ++refused;
        }
        deadline_service::operation_guard const running(owner);
        bool ended = false;
        asio::co_spawn(io, wait_until(owner, owner->time().now(), ended), asio::detached);
        CHECK(comes(io, [&] { return ended; }));
    }
    CHECK(refused > 0);
}

TEST_CASE(
    "torture: a deadline service goes on where all memory is refused, and the next call is not needed for it")
{
    asio::io_context io;
    auto const owner = std::make_shared<deadline_service>(io.get_executor());
    int seconds = 0;
    owner->on_second([&] {
        ++seconds;
        try {
            // Takes the memory that Asio keeps of the tick before.
            asio::post(io, [] {});
        } catch (std::bad_alloc const&) {
        }
    });
    deadline_service::operation_guard const running(owner);
    bool ended = false;
    auto const at = owner->time().now() + std::chrono::hours(1);
    asio::co_spawn(io, wait_until(owner, at, ended), asio::detached);
    io.poll();
    refusal r(0, std::numeric_limits<std::size_t>::max());
    bool goes_on = true;
    {
        refusal::scope const here(r);
        // Each tick is set by the one before it.
        for (int tick = 1; goes_on && tick != 5; ++tick) {
            owner->time().advance(std::chrono::seconds(2));
            goes_on = comes(io, [&] { return seconds >= tick; });
        }
    }
    CHECK(goes_on);
    owner->time().advance(std::chrono::hours(1));
    CHECK(comes(io, [&] { return ended; }));
}

TEST_CASE("torture: an operation that gets no memory for the timer tries again for the others")
{
    asio::io_context io;
    auto const owner = std::make_shared<deadline_service>(io.get_executor());
    auto const other = std::make_shared<deadline_service>(io.get_executor());
    std::optional<deadline_service::operation_guard> others;
    refusal all(0, std::numeric_limits<std::size_t>::max());
    std::optional<refusal::scope> refusing;
    owner->on_second([&] {
        if (others) return;
        // Takes the place that the tick has in Asio's queue.
        others.emplace(other);
        refusing.emplace(all);
    });
    deadline_service::operation_guard const running(owner);
    bool ended = false;
    auto const at = owner->time().now() + std::chrono::hours(1);
    asio::co_spawn(io, wait_until(owner, at, ended), asio::detached);
    owner->time().advance(std::chrono::seconds(2));
    CHECK(comes(io, [&] { return all.has_begun(); }));
    refusing.reset();
    bool refused = false;
    try {
        refusal first(0, 1);
        refusal::scope const here(first);
        deadline_service::operation_guard const later(owner);
    } catch (std::bad_alloc const&) {
        refused = true;
    }
    CHECK(refused);
    owner->time().advance(std::chrono::hours(1));
    CHECK(comes(io, [&] { return ended; }));
}
