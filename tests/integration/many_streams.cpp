// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Many event streams at once: no event is lost or out of order, and a stream costs little memory.

#include "catch.hpp"
#include "paced_events.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <utility>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;

namespace {

void raise_descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The server in a process of its own: neither its memory nor its processor time is the client's.
class event_server
{
public:
    event_server()
    {
        raise_descriptor_limit();
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        process_ = ::fork();
        REQUIRE(process_ >= 0);
        if (process_ == 0) {
            [&]() noexcept { serve(ends[1]); }();
            ::_exit(0);
        }
        ::close(ends[1]);
        auto const got = ::read(ends[0], &port_, sizeof port_);
        ::close(ends[0]);
        REQUIRE(got == sizeof port_);
    }
    event_server(event_server const&) = delete;
    event_server& operator=(event_server const&) = delete;
    ~event_server()
    {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    static void serve(int to)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        asio::io_context io{1};
        paced_events const events(io);
        auto const port = events.port();
        if (::write(to, &port, sizeof port) == sizeof port) io.run();
    }

    pid_t process_ = 0;
    std::uint16_t port_ = 0;
};

std::size_t resident()
{
    std::size_t all = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> all >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds()
{
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// What all streams have read.
struct tally
{
    std::uint64_t events = 0, unexpected = 0;
    std::size_t resident = 0, streams = 0;
};

asio::awaitable<void> read_stream(practicus::client client, practicus::call_url url, tally& all)
{
    auto start = [client, url](practicus::body_sink sink) {
        auto what = practicus::request::get();
        return client.call(url, std::move(what.response_type("text/event-stream").sink(std::move(sink))));
    };
    practicus::event_stream events(client, std::move(start));
    for (std::uint64_t next = 0;; ++next) {
        auto reading = events.next();
        auto const event = co_await std::move(reading);
        if (!event) break;
        all.unexpected += event->data != paced_events::data(next);
        if (++all.events % 10'000 == 0) all.resident = std::max(all.resident, resident());
    }
    ++all.streams;
}

tally read_streams(practicus::client const& client, asio::io_context& io, std::size_t streams,
                   std::string const& query)
{
    tally all;
    auto const url = client.model_url("models/llm", "chat").at("events?" + query);
    for (std::size_t i = 0; i != streams; ++i)
        asio::co_spawn(io, read_stream(client, url, all), [](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
    io.restart();
    io.run();
    return all;
}

practicus::client_options for_streams()
{
    practicus::client_options options;
    options.credentials = practicus::credentials::session_token(std::string(300, 'a'));
    options.pool.max_connections = 1000;
    return options;
}

} // namespace

TEST_CASE("streams that are read at once lose no event and keep their order")
{
    event_server const server;
    asio::io_context io{1};
    practicus::client const client(io.get_executor(), server.url(), for_streams());
    auto const all = read_streams(client, io, 100, "events=200&rate=0");
    CHECK(all.streams == 100);
    CHECK(all.events == 20'000);
    CHECK(all.unexpected == 0);
}

TEST_CASE("1,000 streams of 50 events a second lose no event for a minute, and cost 24 KiB each", "[.soak]")
{
    constexpr std::size_t streams = 1000, each = 3000;
    event_server const server;
    asio::io_context io{1};
    practicus::client const client(io.get_executor(), server.url(), for_streams());
    read_streams(client, io, 1, "events=10&rate=0");
    auto const before = resident();
    auto const used = processor_seconds();
    auto const all = read_streams(client, io, streams, "events=" + std::to_string(each) + "&rate=50");
    CHECK(all.streams == streams);
    CHECK(all.events == streams * each);
    CHECK(all.unexpected == 0);
    // With its connection: before, the client had one.
    auto const cost = (all.resident - before) / streams;
    std::cout << cost << " bytes a stream, " << std::fixed << std::setprecision(2)
              << (processor_seconds() - used) * 1e6 / static_cast<double>(all.events)
              << " us of processor time an event\n";
    // Coroutine frames are larger in a build that is not optimised.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(cost <= 24 * 1024);
#endif
}
