// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <practicus/detail/async/timed_wait.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;

namespace {

struct shared
{
    explicit shared(asio::any_io_executor const& executor)
        : limits(std::make_shared<deadline_service>(executor))
    {
        limits->time().simulate(limits->time().now(), limits->time().system_now());
    }

    std::shared_ptr<deadline_service> limits;
    condition changed;
};

/// How a wait ended.
struct end_of
{
    int times = 0;
    failure early;
    expiry why = expiry::none;

    auto handler()
    {
        return [this](std::exception_ptr thrown) { times += thrown ? 100 : 1; };
    }
};

asio::awaitable<void> await(std::shared_ptr<shared> s, end_of& end, time_point at = time_point::max(),
                            std::function<void()> begin = do_nothing())
{
    condition_wait waiting(s->changed, *s->limits);
    auto suspended = waiting.until(at, std::move(begin));
    auto const ended = waiting.end(co_await std::move(suspended));
    end.early = ended.early;
    end.why = ended.why;
}

} // namespace

TEST_CASE("a condition wakes all that wait for it, in any context, and lets no later wait begin")
{
    asio::io_context io, other;
    auto const s = std::make_shared<shared>(io.get_executor());
    std::array<end_of, 3> ends;
    asio::co_spawn(io, await(s, ends[0]), ends[0].handler());
    asio::co_spawn(other, await(s, ends[1]), ends[1].handler());
    io.poll();
    other.poll();
    CHECK(ends[0].times + ends[1].times == 0);
    CHECK_FALSE(s->changed.is_set());
    s->changed.set();
    CHECK(s->changed.is_set());
    asio::co_spawn(io, await(s, ends[2]), ends[2].handler());
    io.run();
    other.run();
    for (auto const& e : ends)
        CHECK((e.times == 1 && !e.early && e.why == expiry::none));
}

TEST_CASE("a condition that is cleared is waited for again")
{
    asio::io_context io;
    auto const s = std::make_shared<shared>(io.get_executor());
    end_of end;
    s->changed.set();
    s->changed.clear();
    CHECK_FALSE(s->changed.is_set());
    asio::co_spawn(io, await(s, end), end.handler());
    io.poll();
    CHECK(end.times == 0);
    s->changed.set();
    io.run();
    CHECK(end.times == 1);
}

TEST_CASE("the first change of a condition counts until it is cleared")
{
    condition changed;
    int value = 0;
    changed.set([&] { value = 1; });
    changed.set([&] { value = 2; });
    CHECK(value == 1);
    changed.clear();
    changed.set([&] { value = 3; });
    CHECK(value == 3);
}

TEST_CASE("a condition that is set while its wait begins ends the wait")
{
    asio::io_context io;
    auto const s = std::make_shared<shared>(io.get_executor());
    end_of end;
    asio::co_spawn(io, await(s, end, time_point::max(), [&] { s->changed.set(); }), end.handler());
    io.poll();
    CHECK((end.times == 1 && !end.early));
}

TEST_CASE("a wait that has ended otherwise is not woken by its condition")
{
    asio::io_context io;
    auto const s = std::make_shared<shared>(io.get_executor());
    asio::cancellation_signal cancel;
    end_of cancelled, late, closed, closed_early;
    asio::co_spawn(io, await(s, cancelled), asio::bind_cancellation_slot(cancel.slot(), cancelled.handler()));
    asio::co_spawn(io, await(s, late, s->limits->time().now() + 1s), late.handler());
    asio::co_spawn(io, await(s, closed), closed.handler());
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK((cancelled.times == 1 && cancelled.early->code == asio::error::operation_aborted));
    s->limits->time().advance(1s);
    s->limits->sweep();
    io.poll();
    CHECK((late.times == 1 && !late.early && late.why == expiry::expired));
    CHECK(closed.times == 0);
    // As on another thread, before it is in the list.
    auto const close = [&] { s->limits->close(); };
    asio::co_spawn(io, await(s, closed_early, time_point::max(), close), closed_early.handler());
    io.poll();
    for (auto const* e : {&closed, &closed_early})
        CHECK((e->times == 1 && e->early->code == errc::client_closed));
    s->changed.set();
    CHECK(io.poll() == 0);
}

TEST_CASE("a context that is destroyed takes its waits for a condition along")
{
    asio::io_context home;
    auto const s = std::make_shared<shared>(home.get_executor());
    end_of end;
    {
        asio::io_context io;
        asio::co_spawn(io, await(s, end), end.handler());
        io.poll();
        CHECK(s.use_count() > 1);
    }
    CHECK(s.use_count() == 1);
    s->changed.set();
    CHECK(end.times == 0);
}

TEST_CASE("a condition allocates nothing, and a wait that gets no memory ends with that failure")
{
    asio::io_context io;
    auto const s = std::make_shared<shared>(io.get_executor());
    end_of first;
    asio::co_spawn(io, await(s, first), first.handler());
    io.poll();
    CHECK_FALSE(asks_for_memory([&] { s->changed.set(); }));
    CHECK_FALSE(asks_for_memory([&] { s->changed.clear(); }));
    io.run();
    CHECK(first.times == 1);
    int failures = 0;
    for (int k = 0; k != 8; ++k) {
        end_of end;
        io.restart();
        asio::co_spawn(io, await(s, end), end.handler());
        {
            refused_memory const memory(k);
            io.poll();
        }
        if (end.early) {
            ++failures;
            CHECK((end.times == 1 && end.early->code == boost::system::errc::not_enough_memory));
        }
        s->changed.set();
        io.poll();
        s->changed.clear();
        CHECK(end.times != 0);
    }
    CHECK(failures > 0);
}

TEST_CASE("only its condition or its time ends a wait with a reserved waiter, again and again")
{
    asio::io_context io;
    auto const s = std::make_shared<shared>(io.get_executor());
    int woken = 0, expired = 0;
    auto const wait_for_ever = [&](std::shared_ptr<timed_waiter> w) -> asio::awaitable<void> {
        // It ends with its context only.
        auto const kept = s;
        co_await asio::this_coro::throw_if_cancelled(false);
        while (true) {
            condition_wait waiting(kept->changed, *kept->limits, w);
            auto suspended = waiting.until(s->limits->time().now() + 1h);
            auto const ended = waiting.end(co_await std::move(suspended));
            CHECK_FALSE(ended.early);
            s->changed.clear();
            ++(ended.why == expiry::expired ? expired : woken);
        }
    };
    auto const w = std::make_shared<timed_waiter>();
    w->reserve(io.get_executor());
    asio::cancellation_signal cancel;
    asio::co_spawn(io, wait_for_ever(w),
                   asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    s->limits->close();
    io.poll();
    CHECK(woken + expired == 0);
    for (int i = 1; i != 4; ++i) {
        s->changed.set();
        io.poll();
        CHECK(woken == i);
        s->limits->time().advance(1h);
        s->limits->sweep();
        io.poll();
        CHECK(expired == i);
    }
}

TEST_CASE("no change of a condition is lost between threads")
{
    constexpr int rounds = 2'000;
    struct ball : shared
    {
        using shared::shared;
        condition back;
        std::atomic<int> thrown{0}, caught{0};
    };
    asio::thread_pool pool(2);
    auto const s = std::make_shared<ball>(pool.get_executor());
    auto const wait_for = [s](condition& on) -> asio::awaitable<void> {
        condition_wait waiting(on, *s->limits);
        auto suspended = waiting.until(time_point::max());
        waiting.end(co_await std::move(suspended));
        on.clear();
    };
    auto const catches = [s, wait_for]() -> asio::awaitable<void> {
        while (s->caught != rounds) {
            if (s->caught == s->thrown)
                co_await wait_for(s->changed);
            else
                s->back.set([&] { ++s->caught; });
        }
    };
    auto const throws = [s, wait_for]() -> asio::awaitable<void> {
        while (s->thrown != rounds) {
            s->changed.set([&] { ++s->thrown; });
            while (s->caught != s->thrown)
                co_await wait_for(s->back);
        }
    };
    int ended = 0;
    std::mutex ending;
    auto const end = [&](std::exception_ptr thrown) {
        std::lock_guard lock(ending);
        ended += thrown ? 100 : 1;
    };
    asio::co_spawn(pool, catches, end);
    asio::co_spawn(pool, throws, end);
    pool.join();
    CHECK(ended == 2);
    CHECK(s->caught == rounds);
}
