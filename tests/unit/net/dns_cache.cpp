// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/net/dns_cache.hpp>

#include "catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

using namespace practicus::detail;
using namespace std::chrono_literals;

namespace {

/// Names whose lookups wait for the test.
struct held_names
{
    held_names()
    {
        names->look_up_with([this](std::string const&) {
            if (fails) throw std::bad_alloc();
            return lookup_result{{}, {asio::ip::make_address("192.0.2.7")}};
        });
        names->threads().start_with([this](std::function<void()> f) { threads.push_back(std::move(f)); });
    }

    void find(std::string const& host)
    {
        asio::co_spawn(
            io, names->find(host, time_point::max()),
            [this](std::exception_ptr, result<address_list> ended) { ++(ended ? found : failed); });
        poll();
    }

    void look_up()
    {
        for (auto const& thread : std::exchange(threads, {}))
            thread();
        poll();
    }

    void poll()
    {
        io.restart();
        io.poll();
    }

    asio::io_context io;
    std::shared_ptr<client_runtime> runtime = client_runtime::make(io.get_executor());
    std::shared_ptr<dns_cache> names = std::make_shared<dns_cache>(runtime->limits());
    std::vector<std::function<void()>> threads;
    bool fails = false;
    int found = 0, failed = 0;
};

} // namespace

TEST_CASE("dns_cache: after a crowd of lookups no more names stay than are promised")
{
    held_names f;
    constexpr int crowd = static_cast<int>(dns_cache::most) + 100;
    for (int i = 0; i != crowd; ++i)
        f.find("slow" + std::to_string(i) + ".test");
    CHECK(f.names->size() == static_cast<std::size_t>(crowd));
    f.look_up();
    CHECK(f.found == crowd);
    CHECK(f.names->size() <= dns_cache::most);
}

TEST_CASE("dns_cache: stale addresses are used also where a lookup ends with an exception")
{
    held_names f;
    auto& time = f.runtime->time();
    time.simulate(time.now(), time.system_now());
    f.find("a.test");
    f.look_up();
    CHECK(f.found == 1);
    time.advance(20s);
    f.fails = true;
    f.find("a.test");
    f.look_up();
    CHECK(f.found == 2);
    f.find("b.test");
    f.look_up();
    CHECK(f.failed == 1);
}
