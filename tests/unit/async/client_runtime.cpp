// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "forked.hpp"
#include "unit/async/operations.hpp"
#include "unit/freed_memory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

/// A flight with waiters.
struct joined_flight
{
    joined_flight()
    {
        for (auto& w : waiters)
            asio::co_spawn(io, joining(runtime, work), w.handler());
        io.poll();
    }

    asio::io_context io;
    std::shared_ptr<client_runtime> runtime = client_runtime::make(io.get_executor());
    std::shared_ptr<flight<int>> work = std::make_shared<flight<int>>();
    std::array<outcome, 5> waiters;
};

} // namespace

TEST_CASE("every waiter of a flight gets its value, also a late one")
{
    joined_flight f;
    for (auto& w : f.waiters)
        CHECK(w.calls == 0);
    f.work->succeed(7);
    f.work->succeed(8); // the first end counts
    f.io.run();
    outcome late;
    f.io.restart();
    asio::co_spawn(f.io, joining(f.runtime, f.work), late.handler());
    f.io.run();
    for (auto& w : f.waiters)
        CHECK((w.calls == 1 && w.value == 7));
    CHECK((late.calls == 1 && late.value == 7));
}

TEST_CASE("every waiter of a flight gets its error, each an exception of its own")
{
    joined_flight f;
    f.work->fail(make_failure(errc::not_found));
    f.io.run();
    for (auto& w : f.waiters)
        CHECK((w.calls == 1 && w.code == errc::not_found));
}

TEST_CASE("a flight whose work is dropped ends with operation_aborted")
{
    joined_flight f;
    {
        flight_promise<int> const dropped(f.work);
    }
    f.io.run();
    for (auto& w : f.waiters)
        CHECK((w.calls == 1 && w.code == asio::error::operation_aborted));
}

namespace {

/// Work that returns 7. Copies fail for lack of memory once `is_refused` is set.
struct costly_work
{
    explicit costly_work(std::shared_ptr<bool> refused) : is_refused(std::move(refused)) {}
    costly_work(costly_work const& other) : is_refused(other.is_refused)
    {
        if (*is_refused) throw std::bad_alloc();
    }

    asio::awaitable<result<int>> operator()() const { co_return 7; }

    std::shared_ptr<bool> is_refused;
};

} // namespace

TEST_CASE("work that cannot be started for lack of memory fails its waiters with not_enough_memory")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto const refused = std::make_shared<bool>(false);
    auto const work = std::make_shared<flight<int>>();
    outcome waiter;
    asio::co_spawn(io, joining(runtime, work), waiter.handler());
    spawn_into(*runtime, std::make_shared<flight_promise<int>>(work), costly_work(refused));
    *refused = GENERATE(false, true);
    io.run();
    CHECK(waiter.calls == 1);
    CHECK(waiter.value == (*refused ? 0 : 7));
    CHECK((waiter.code == boost::system::errc::not_enough_memory) == *refused);
}

TEST_CASE("a caller in another context gets not_enough_memory if its operation cannot be started")
{
    asio::io_context callers, io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto const refused = std::make_shared<bool>(false);
    operation_body<result<int>> const body = costly_work(refused);
    outcome caller;
    asio::co_spawn(callers, or_throw(run_on_client_executor<result<int>>(runtime, body, time_point::max())),
                   caller.handler());
    bool const at_once = GENERATE(false, true);
    *refused = at_once;
    callers.poll();
    *refused = true;
    io.run();
    callers.restart();
    callers.run();
    CHECK(caller.calls == 1);
    CHECK(caller.code == boost::system::errc::not_enough_memory);
}

TEST_CASE("a cancelled waiter leaves without the others")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto const work = std::make_shared<flight<int>>();
    asio::cancellation_signal cancel;
    outcome leaves, stays;
    asio::co_spawn(io, joining(runtime, work), asio::bind_cancellation_slot(cancel.slot(), leaves.handler()));
    asio::co_spawn(io, joining(runtime, work), stays.handler());
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK((leaves.calls == 1 && leaves.code == asio::error::operation_aborted));
    CHECK(stays.calls == 0);
    work->succeed(1);
    io.run();
    CHECK((stays.calls == 1 && stays.value == 1));
}

TEST_CASE("a deadline ends a wait at its time and not before")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto& time = runtime->time();
    time.simulate(time.now(), time.system_now());
    outcome waiter;
    asio::co_spawn(io, joining(runtime, std::make_shared<flight<int>>(), time.now() + 1h), waiter.handler());
    io.poll();
    time.advance(1h - 1ns);
    runtime->limits()->sweep();
    io.poll();
    CHECK(waiter.calls == 0);
    time.advance(1ns);
    runtime->limits()->sweep();
    io.poll();
    CHECK((waiter.calls == 1 && waiter.code == errc::deadline_exceeded));
}

TEST_CASE("close ends present and later waits")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    outcome before, after;
    asio::co_spawn(io, joining(runtime, std::make_shared<flight<int>>()), before.handler());
    io.poll();
    runtime->close();
    io.poll(); // no tick is needed
    CHECK(before.calls == 1);
    io.restart();
    asio::co_spawn(io, joining(runtime, std::make_shared<flight<int>>()), after.handler());
    io.run();
    CHECK((before.calls == 1 && before.code == errc::client_closed));
    CHECK((after.calls == 1 && after.code == errc::client_closed));
}

TEST_CASE("the timer keeps a context running only while an operation is in flight")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    CHECK(io.run() == 0);
    io.restart();
    auto const work = std::make_shared<flight<int>>();
    outcome waiter;
    asio::co_spawn(io, joining(runtime, work), waiter.handler());
    for (int i = 0; i != 5; ++i)
        CHECK(io.run_one() == 1); // ticks
    work->succeed(1);
    io.poll();
    CHECK(waiter.calls == 1);
    CHECK(io.stopped()); // without a last tick
    io.restart();
    CHECK(io.run() == 0);
}

TEST_CASE("a context that is destroyed takes its waiters along")
{
    auto const work = std::make_shared<flight<int>>();
    auto const witness = std::make_shared<int>(0);
    std::shared_ptr<client_runtime> runtime;
    outcome waiter;
    {
        asio::io_context io;
        runtime = client_runtime::make(io.get_executor());
        asio::co_spawn(io,
                       throwing<int>(run_operation<int>(runtime,
                                                        [runtime, work, witness] {
                                                            return flight<int>::join(work, runtime->limits(),
                                                                                     time_point::max());
                                                        })),
                       waiter.handler());
        io.poll();
        CHECK(witness.use_count() > 1);
    }
    CHECK(witness.use_count() == 1);
    work->succeed(1); // without waiters, and without an access to the context
    CHECK(waiter.calls == 0);
    CHECK(runtime->refusal());
}

TEST_CASE("a runtime of another context ends its callers when its context goes")
{
    asio::io_context callers;
    std::shared_ptr<client_runtime> runtime;
    std::array<outcome, 3> waiters;
    {
        asio::io_context io;
        runtime = client_runtime::make(io.get_executor());
        auto const work = std::make_shared<flight<int>>();
        for (auto& w : waiters)
            asio::co_spawn(callers, joining(runtime, work), w.handler());
        callers.poll();
        io.poll();
        for (auto& w : waiters)
            CHECK(w.calls == 0);
    }
    callers.run();
    for (auto& w : waiters)
        CHECK((w.calls == 1 && w.code == asio::error::operation_aborted));
    outcome late;
    callers.restart();
    asio::co_spawn(callers, joining(runtime, std::make_shared<flight<int>>()), late.handler());
    callers.run();
    CHECK(late.code == asio::error::operation_aborted);
}

// A strand must not outlive its context, and an executor that counts work is one that touches it.
TEST_CASE("a runtime on a strand may outlive its context")
{
    std::shared_ptr<client_runtime> runtime;
    {
        asio::io_context io;
        runtime = client_runtime::make(asio::make_strand(io));
        outcome done;
        auto const work = std::make_shared<flight<int>>();
        work->succeed(3);
        asio::co_spawn(io, joining(runtime, work), done.handler());
        io.run();
        CHECK(done.value == 3);
    }
    CHECK_FALSE(runtime->with_executor([](auto const&) { FAIL("the context is gone"); }));
}

TEST_CASE("waking, cancelling and sweeping race, and each wait ends once")
{
    constexpr int rounds = 200, waiters = 20;
    asio::thread_pool pool(3);
    auto const runtime = client_runtime::make(pool.get_executor());
    std::atomic<int> ended = 0;
    // They outlive the pool's threads, which may still be on their way out of a handler that was counted.
    std::vector<std::unique_ptr<asio::cancellation_signal>> all;
    for (int round = 0; round != rounds; ++round) {
        auto const work = std::make_shared<flight<int>>();
        std::vector<asio::cancellation_signal*> signals;
        std::vector<asio::strand<asio::thread_pool::executor_type>> strands;
        auto const here = std::make_shared<std::atomic<int>>(0);
        for (int i = 0; i != waiters; ++i) {
            signals.push_back(all.emplace_back(std::make_unique<asio::cancellation_signal>()).get());
            strands.push_back(asio::make_strand(pool));
            auto const at = i % 3 == 0 ? runtime->time().now() : time_point::max();
            asio::co_spawn(
                strands.back(), joining(runtime, work, at),
                asio::bind_cancellation_slot(signals.back()->slot(), [&ended, here](std::exception_ptr, int) {
                    ++ended;
                    ++*here;
                }));
        }
        for (int i = 1; i < waiters; i += 3)
            asio::post(strands[static_cast<std::size_t>(i)], [signal = signals[static_cast<std::size_t>(i)]] {
                signal->emit(asio::cancellation_type::terminal);
            });
        runtime->limits()->sweep();
        work->succeed(round);
        while (*here != waiters)
            std::this_thread::yield();
    }
    pool.join();
    CHECK(ended == rounds * waiters);
}

TEST_CASE(
    "a socket is shut down at its deadline, again until its owner has seen it, and never once it is removed")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    auto& limits = *runtime->limits();
    auto& time = runtime->time();
    time.simulate(time.now(), time.system_now());
    auto operation = std::make_optional<deadline_service::operation_guard>(runtime->limits());
    auto pair = [] {
        std::array<int, 2> sockets{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
        return sockets;
    };
    auto is_open = [](int peer) {
        char byte;
        return ::recv(peer, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == -1;
    };
    auto const sockets = pair();
    deadline d;
    limits.add(d, sockets[0]);
    limits.sweep();
    CHECK(is_open(sockets[1])); // disarmed
    CHECK(limits.arm(d, time.now() + 1s));
    time.advance(999ms);
    limits.sweep();
    CHECK(is_open(sockets[1]));
    CHECK(limits.disarm(d) == expiry::none);
    time.advance(1h);
    limits.sweep();
    CHECK(is_open(sockets[1]));
    CHECK(limits.arm(d, time.now()));
    limits.sweep();
    CHECK_FALSE(is_open(sockets[1]));
    // What was shut down too early, between two calls of a connect, is shut down again.
    limits.remove(d);
    ::close(sockets[0]);
    ::close(sockets[1]);
    auto const again = pair();
    limits.add(d, again[0]);
    limits.sweep();
    CHECK_FALSE(is_open(again[1]));
    CHECK(limits.disarm(d) == expiry::expired);
    CHECK(limits.disarm(d) == expiry::none);

    // The descriptor's next owner is left alone.
    CHECK(limits.arm(d, time.now()));
    limits.remove(d);
    ::close(again[0]);
    ::close(again[1]);
    auto const reused = pair();
    CHECK((reused[0] == again[0] || reused[1] == again[0]));
    limits.sweep();
    CHECK(is_open(reused[1]));
    CHECK(is_open(reused[0]));
    ::close(reused[0]);
    ::close(reused[1]);

    // Ended at once, from anywhere; but only while it waits.
    limits.disarm(d);
    auto const third = pair();
    limits.add(d, third[0]);
    limits.expire(d);
    CHECK(is_open(third[1]));
    CHECK(limits.arm(d, time_point::max()));
    limits.expire(d);
    CHECK_FALSE(is_open(third[1]));
    CHECK(limits.disarm(d) == expiry::expired);
    limits.remove(d);
    ::close(third[0]);
    ::close(third[1]);

    // No caller is left.
    auto const fourth = pair();
    limits.add(d, fourth[0]);
    CHECK(limits.arm(d, time_point::max()));
    limits.sweep();
    CHECK(is_open(fourth[1]));
    operation.reset();
    limits.sweep();
    CHECK_FALSE(is_open(fourth[1]));
    CHECK(limits.disarm(d) == expiry::abandoned);
    limits.remove(d);
    ::close(fourth[0]);
    ::close(fourth[1]);

    limits.close();
    CHECK_FALSE(limits.arm(d, time_point::max()));
    limits.disarm(d);
}

TEST_CASE("expiry, the end of the last operation, close() and the end of a client allocate nothing")
{
    asio::io_context io;
    auto runtime = client_runtime::make(io.get_executor());
    auto& limits = *runtime->limits();
    auto& time = runtime->time();
    time.simulate(time.now(), time.system_now());
    auto const work = std::make_shared<flight<int>>();
    auto operation = std::make_optional<deadline_service::operation_guard>(runtime->limits());
    outcome late, closed;
    for (auto* const ends : {&late, &closed})
        asio::co_spawn(io,
                       or_throw(flight<int>::join(work, runtime->limits(),
                                                  ends == &late ? time.now() + 1s : time_point::max())),
                       ends->handler());
    io.poll();
    deadline d;
    limits.add(d, -1);
    CHECK(limits.arm(d, time_point::max()));
    time.advance(1s);
    CHECK_FALSE(asks_for_memory([&] { limits.sweep(); }));
    CHECK_FALSE(asks_for_memory([&] { limits.expire(d); }));
    CHECK(limits.disarm(d) == expiry::expired);
    CHECK_FALSE(asks_for_memory([&] { limits.remove(d); }));
    io.poll();
    CHECK((late.calls == 1 && late.code == errc::deadline_exceeded));
    CHECK_FALSE(asks_for_memory([&] { operation.reset(); }));
    CHECK_FALSE(asks_for_memory([&] { runtime->close(); }));
    io.run();
    CHECK((closed.calls == 1 && closed.code == errc::client_closed));
    CHECK(runtime.use_count() == 1);
    CHECK_FALSE(asks_for_memory([&] { runtime.reset(); }));
}

TEST_CASE("a forked child shuts no connection down")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    std::array<int, 2> sockets{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
    deadline d;
    runtime->limits()->add(d, sockets[0]);
    CHECK(runtime->limits()->arm(d, time_point::max()));
    CHECK(run_forked([&] { runtime->close(); }) == 0);
    char byte;
    CHECK(::recv(sockets[1], &byte, 1, MSG_DONTWAIT) == -1);
    runtime->close();
    CHECK(::recv(sockets[1], &byte, 1, MSG_DONTWAIT) == 0);
    runtime->limits()->remove(d);
    ::close(sockets[0]);
    ::close(sockets[1]);
}

// Asio counts the owners of an executor with a fence, which ThreadSanitizer does not see: tests/tsan/ has its
// header in other words.
TEST_CASE("two threads may release an executor at once without a ThreadSanitizer report")
{
    asio::io_context io;
    auto const use = [](asio::any_io_executor& e) {
        auto copy = asio::prefer(e, asio::execution::relationship.continuation);
        bool volatile const same = copy == e;
        static_cast<void>(same);
        copy = nullptr;
        e = nullptr;
    };
    for (int i = 0; i != 200; ++i) {
        asio::any_io_executor one = asio::make_strand(asio::any_io_executor(io.get_executor()));
        auto two = one;
        std::thread other([&] { use(two); });
        use(one);
        other.join();
    }
}
