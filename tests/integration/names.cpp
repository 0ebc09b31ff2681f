// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "forked.hpp"
#include "internals.hpp"
#include "refusing_executor.hpp"
#include "scripted_names.hpp"
#include "slow_operation.hpp"

#include <practicus/detail/net/host_lookup.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <netdb.h>
#include <pthread.h>
#include <unistd.h>

using practicus::client_options;
using practicus::errc;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// A region whose name, and others, only the test knows.
struct named_region : fixture
{
    named_region() { names.set("region.test", {"127.0.0.1"}); }

    std::string url(std::string const& name = "region.test") const
    {
        return "http://" + name + ':' + std::to_string(server.port());
    }

    /// A client that tries once, and looks names up on threads.
    practicus::client user(client_options options = client_options())
    {
        practicus::client made(io.get_executor(), url(), once(options_as(password(), std::move(options))));
        names.serve(made);
        return made;
    }

    /// The same, and looks names up in the context.
    practicus::client local_user(client_options options = client_options())
    {
        auto made = user(std::move(options));
        names.serve(made, io);
        return made;
    }

    scripted_names names;
};

void refuse_threads(practicus::client const& client)
{
    names_of(client).threads().start_with(
        [](std::function<void()> const&) { throw std::system_error(EAGAIN, std::generic_category()); });
}

std::string model_of(std::string const& url)
{
    return url + '/' + fixture::diamond + '/';
}

} // namespace

TEST_CASE("lookups that hang keep no other name from being found")
{
    named_region f;
    std::vector<std::string> slow;
    for (std::size_t i = 1; i != practicus::detail::lookup_threads::most; ++i)
        slow.push_back("slow" + std::to_string(i) + ".test");
    client_options options;
    options.trusted_origins.emplace_back(f.url("other.test"));
    for (auto const& name : slow) {
        f.names.hold(name);
        options.trusted_origins.emplace_back(f.url(name));
    }
    f.names.set("other.test", {"127.0.0.1"});
    auto client = f.user(options);
    f.run(client.cluster_info());
    ends hanging, other;
    for (auto const& name : slow)
        asio::co_spawn(f.io, client.session_token(model_of(f.url(name))), hanging.handler());
    poll_until(f.io, [&] { return f.names.hanging() == static_cast<int>(slow.size()); });
    asio::co_spawn(f.io, client.session_token(model_of(f.url("other.test"))), other.handler());
    poll_until(f.io, [&] { return other.served + other.other == 1; });
    CHECK(other.served == 1);
    CHECK(f.names.hanging() == static_cast<int>(slow.size()));
    client.close();
    f.io.run_for(1min);
    CHECK(f.io.stopped());
    CHECK(hanging.closed == static_cast<int>(slow.size()));
    for (auto const& name : slow)
        f.names.release(name);
    CHECK(comes([&] { return names_of(client).threads().running() == 0; }));
}

TEST_CASE("the wait for a name is limited, and a lookup that hangs blocks neither run() nor a destructor")
{
    bool const whole = GENERATE(false, true);
    scripted_names names;
    names.hold("slow.test");
    {
        asio::io_context io;
        auto limits = options_with<timeout_options>([&](auto& o) { o.resolve = 7s; });
        if (whole) limits.resolve = 8s;
        if (whole) limits.operation = 7s;
        practicus::client client(io.get_executor(), "http://slow.test",
                                 options_with([&](auto& o) { o.timeouts = limits; }, fixture::once()));
        names.serve(client);
        slow_operation login(io, client);
        poll_until(io, [&] { return names.hanging() == 1; });
        login.pass(7s - 1ms);
        CHECK_FALSE(login.ended);
        login.pass(1ms);
        io.run_for(1min);
        CHECK(io.stopped());
        REQUIRE(login.ended);
        CHECK(login.info.code == (whole ? errc::deadline_exceeded : errc::resolve_timeout));
        CHECK(login.info.message == (whole ? "while waiting for a connection" : ""));
        CHECK(login.info.request == "POST /console/api/auth/");
        CHECK(client.stats().connections.connecting == 0);
    }
    CHECK(names.hanging() == 1);
    names.release("slow.test");
}

TEST_CASE("a cancellation and close() end the wait for a name at once, and nothing of it is left")
{
    bool const close = GENERATE(true, false);
    scripted_names names;
    names.hold("slow.test");
    {
        asio::io_context io;
        practicus::client client(io.get_executor(), "http://slow.test",
                                 options_with([&](auto& o) { o.timeouts.resolve = 0ms; }));
        names.serve(client);
        asio::cancellation_signal cancel;
        ends result;
        asio::co_spawn(io, client.login("admin@company.com", "practicus"),
                       asio::bind_cancellation_slot(cancel.slot(), result.handler()));
        poll_until(io, [&] { return names.hanging() == 1; });
        if (close)
            client.close();
        else
            cancel.emit(asio::cancellation_type::terminal);
        poll_until(io, [&] { return result.closed + result.aborted == 1; });
        CHECK(result.closed == (close ? 1 : 0));
        io.restart();
        io.run_for(1min);
        CHECK(io.stopped());
        CHECK(client.stats().connections.connecting == 0);
    }
    CHECK(names.hanging() == 1);
    names.release("slow.test");
}

TEST_CASE("a caller that comes while a name's lookup hangs shares its result")
{
    named_region f;
    f.names.hold("region.test");
    auto client = f.user();
    asio::cancellation_signal cancel;
    ends first, second;
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(cancel.slot(), first.handler()));
    poll_until(f.io, [&] { return f.names.hanging() == 1; });
    cancel.emit(asio::cancellation_type::terminal);
    f.io.run_for(1min);
    CHECK(f.io.stopped());
    CHECK(first.aborted == 1);
    asio::co_spawn(f.io, client.cluster_info(), second.handler());
    poll_until(f.io, [&] { return client.stats().connections.connecting == 1; });
    f.names.release("region.test");
    f.io.run_for(1min);
    CHECK(second.served == 1);
    CHECK(f.names.lookups("region.test") == 1);
    CHECK(comes([&] { return names_of(client).threads().running() == 0; }));
}

TEST_CASE("a thread that is refused is a clear error, and the next call tries again")
{
    named_region f;
    auto client = f.user();
    refuse_threads(client);
    for (int i = 0; i != 2; ++i) {
        auto const info = f.failure(client.cluster_info());
        CHECK(info.code == errc::resolve_failed);
        CHECK(info.cause == boost::system::errc::resource_unavailable_try_again);
        CHECK(info.message == "region.test: no thread can be started for the lookup");
        CHECK(info.attempts == 1);
        CHECK(practicus::is_retryable(info.code));
    }
    f.names.serve(client, f.io);
    CHECK(f.run(client.cluster_info()).region_name == "mock");
    CHECK(f.names.lookups("region.test") == 1);
}

TEST_CASE("stale addresses are used when a name server fails, and no thread can be had")
{
    bool const threads = GENERATE(true, false);
    named_region f;
    auto client = f.local_user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    f.names.fail("region.test", asio::error::host_not_found_try_again);
    if (!threads) refuse_threads(client);
    for (int i = 0; i != 3; ++i) {
        client.close_idle();
        clock.advance(20s);
        CHECK(f.run(client.cluster_info()).region_name == "mock");
        client.close_idle();
        CHECK(f.run(client.cluster_info()).region_name == "mock");
    }
    CHECK(f.names.lookups("region.test") == (threads ? 4 : 1));
    CHECK(client.stats().connections.connects == 7);
}

TEST_CASE("stale addresses are used while a lookup hangs: the first caller waits for 2 s, others do not")
{
    named_region f;
    auto client = f.user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    f.names.hold("region.test");
    client.close_idle();
    clock.advance(20s);
    ends first, second;
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), first.handler());
    poll_until(f.io, [&] { return f.names.hanging() == 1; });
    clock.advance(2s - 1ms);
    for (int i = 0; i != 5; ++i)
        f.io.run_one_for(1s);
    CHECK(first.served == 0);
    clock.advance(1ms);
    f.io.run_for(1min);
    CHECK(first.served == 1);
    client.close_idle();
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), second.handler());
    f.io.run_for(1min);
    CHECK(second.served == 1);
    CHECK(f.names.hanging() == 1);
    f.names.release("region.test");
    CHECK(comes([&] { return names_of(client).threads().running() == 0; }));
    CHECK(f.names.lookups("region.test") == 2);
}

TEST_CASE("a name that exists no more has no addresses")
{
    named_region f;
    auto client = f.local_user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    f.names.fail("region.test", asio::error::host_not_found);
    client.close_idle();
    clock.advance(20s);
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::resolve_failed);
    CHECK(info.cause == asio::error::host_not_found);
    CHECK(info.message == "region.test");
}

TEST_CASE("a failure of a lookup is the cause of one error, ends no other call and is not kept")
{
    using practicus::detail::lookup_error;
    auto const cause = GENERATE(lookup_error(EAI_AGAIN, 0), lookup_error(EAI_FAIL, 0),
                                lookup_error(EAI_NONAME, 0), lookup_error(EAI_MEMORY, 0),
                                lookup_error(EAI_SYSTEM, ECANCELED), lookup_error(EAI_SYSTEM, EAGAIN));
    INFO(cause.message());
    named_region f;
    f.names.fail("region.test", cause);
    auto client = f.local_user();
    for (int i = 1; i != 3; ++i) {
        auto const info = f.failure(client.cluster_info());
        CHECK(info.code == errc::resolve_failed);
        CHECK(info.cause == cause);
        CHECK(info.attempts == 1);
        CHECK(f.names.lookups("region.test") == i);
    }
    f.names.set("region.test", {"127.0.0.1"});
    CHECK(f.run(client.cluster_info()).region_name == "mock");
}

TEST_CASE("an exception of a lookup leaves the name usable")
{
    named_region f;
    auto client = f.local_user();
    int calls = 0;
    names_of(client).look_up_with([&, find = f.names.function()](std::string const& host) {
        if (++calls == 1) throw std::bad_alloc();
        return find(host);
    });
    CHECK(f.failure(client.cluster_info()).code == boost::system::errc::not_enough_memory);
    CHECK(f.run(client.cluster_info()).region_name == "mock");
}

TEST_CASE("an address and localhost need no thread")
{
    named_region f;
    for (auto const* host : {"127.0.0.1", "localhost", "LOCALHOST"}) {
        practicus::client client(f.io.get_executor(), f.url(host),
                                 options_as(fixture::password(), fixture::once()));
        refuse_threads(client);
        CHECK(f.run(client.cluster_info()).region_name == "mock");
    }
}

TEST_CASE("a client, and its context, may go while a lookup runs, and before it begins")
{
    bool const context = GENERATE(true, false);
    bool const begun = GENERATE(true, false);
    named_region f;
    auto io = std::make_unique<asio::io_context>();
    auto client = std::make_unique<practicus::client>(io->get_executor(), f.url(),
                                                      options_as(fixture::password(), fixture::once()));
    auto const destroy = [&] {
        client.reset();
        if (context) io.reset();
    };
    // Held back from its thread.
    std::vector<std::function<void()>> threads;
    names_of(*client).threads().start_with([&](std::function<void()> t) { threads.push_back(std::move(t)); });
    names_of(*client).look_up_with([&, find = f.names.function()](std::string const& host) {
        if (begun) destroy();
        return find(host);
    });
    ends result;
    asio::co_spawn(*io, client->cluster_info(), result.handler());
    io->poll();
    REQUIRE(threads.size() == 1);
    if (!begun) destroy();
    threads.front()();
    if (!context) {
        io->run_for(1min);
        CHECK(io->stopped());
        CHECK(result.served == 1); // it owns what it needs
    }
    CHECK(f.names.lookups("region.test") == (context && !begun ? 0 : 1));
}

TEST_CASE("names are found, held and given up from several threads")
{
    for (int round = 0; round != 10; ++round) {
        named_region f;
        f.names.hold("slow.test");
        asio::thread_pool pool(2);
        client_options options;
        for (auto const* name : {"a.test", "b.test", "c.test", "slow.test"}) {
            f.names.set(name, {"127.0.0.1"});
            options.trusted_origins.emplace_back(f.url(name));
        }
        ends result, slow;
        {
            practicus::client client(pool.get_executor(), f.url(), options_as(f.password(), options));
            f.names.serve(client);
            for (auto const* name : {"a.test", "b.test", "c.test"})
                asio::co_spawn(pool, client.session_token(model_of(f.url(name))), result.handler());
            asio::co_spawn(pool, client.session_token(model_of(f.url("slow.test"))), slow.handler());
            CHECK(comes([&] { return f.names.hanging() == 1 && result.served == 3; }));
            if (round % 2 == 0) client.close();
            f.names.release("slow.test");
        }
        pool.join();
        CHECK(result.served == 3);
        CHECK(slow.served + slow.closed == 1);
    }
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a forked child destroys its copy while a lookup hangs, and the parent's goes on")
{
    named_region f;
    f.names.hold("region.test");
    std::optional<asio::io_context> io(std::in_place);
    std::optional<practicus::client> client(std::in_place, io->get_executor(), f.url(),
                                            options_as(f.password()));
    f.names.serve(*client);
    ends result;
    asio::co_spawn(*io, client->cluster_info(), result.handler());
    poll_until(*io, [&] { return f.names.hanging() == 1; });
    CHECK(run_forked([&] {
              client.reset();
              io.reset();
          }) == 0);
    f.names.release("region.test");
    io->restart();
    io->run_for(1min);
    CHECK(result.served == 1);
}

namespace {

/// A fork that begins while the thread of a lookup wakes a waiter, with locks of the client's.
struct fork_at_wake
{
    enum stage
    {
        none,
        waking,
        forking,
        forked
    };

    static inline std::atomic<stage> now{none};

    static void go_on(stage from, stage to) noexcept { now.compare_exchange_strong(from, to); }

    /// What the executor calls. Waits for the fork to begin, and gives it time to end: it may not.
    static bool wake() noexcept
    {
        now = waking;
        static_cast<void>(comes([] { return now != waking; }));
        auto const end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
        while (now != forked && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        return true;
    }
};

} // namespace

TEST_CASE("a child that is forked while a lookup ends can destroy its copy, and the parent's goes on")
{
    named_region f;
    f.names.hold("region.test");
    executions counted;
    counted.spared = fork_at_wake::wake;
    std::optional<asio::io_context> io(std::in_place);
    std::optional<practicus::client> client(
        std::in_place, asio::any_io_executor(refusing_executor(io->get_executor(), counted)), f.url(),
        options_as(f.password()));
    f.names.serve(*client);
    // Called before the client's own.
    REQUIRE(::pthread_atfork([] { fork_at_wake::go_on(fork_at_wake::waking, fork_at_wake::forking); },
                             [] { fork_at_wake::go_on(fork_at_wake::forking, fork_at_wake::forked); },
                             nullptr) == 0);
    ends result;
    asio::co_spawn(*io, client->cluster_info(), result.handler());
    poll_until(*io, [&] { return f.names.hanging() == 1; });
    counted.first = counted.calls;
    counted.count = 1;
    f.names.release("region.test");
    REQUIRE(comes([] { return fork_at_wake::now == fork_at_wake::waking; }));
    CHECK(run_forked([&] {
              ::alarm(30);
              client.reset();
              io.reset();
          }) == 0);
    io->restart();
    io->run_for(1min);
    CHECK(result.served == 1);
}
#endif

namespace {

constexpr char const* exit_setting = "PRACTICUS_TEST_EXIT";

struct global_client
{
    asio::io_context io;
    practicus::client client{io.get_executor(), "http://region.test"};
    ends result;
};

/// Ends the program while a lookup hangs; "late" lets that end among the destructors of static objects.
[[noreturn]] void exit_with_hanging_lookup(bool late)
{
    // Destroyed last.
    static struct releaser
    {
        ~releaser()
        {
            if (late) names.release("region.test");
        }

        scripted_names names;
        bool late = false;
    } last;
    static global_client global;
    last.late = late;
    last.names.hold("region.test");
    last.names.serve(global.client);
    asio::co_spawn(global.io, global.client.login("admin@company.com", "practicus"), global.result.handler());
    poll_until(global.io, [&] { return last.names.hanging() == 1; });
    std::exit(0);
}

} // namespace

TEST_CASE("a program may end while a lookup hangs")
{
    if (auto const* how = std::getenv(exit_setting)) exit_with_hanging_lookup(how == std::string("late"));
    for (auto const* how : {"hanging", "late"}) {
        INFO(how);
        CHECK(run_forked([&] {
                  ::setenv(exit_setting, how, 1);
                  ::execl("/proc/self/exe", "names", "a program may end while a lookup hangs", nullptr);
                  ::_exit(99);
              }) == 0);
    }
}
