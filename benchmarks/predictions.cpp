// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Ten thousand predictions in flight over at most 256 connections: their rate, their processor time on this
// thread, and their latency. The wait for a connection is shown apart from the time of the exchange.

#include "measure.hpp"

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;
using bench::cpu_time;

struct settings
{
    std::size_t in_flight = 10'000;
    std::size_t connections = 256;
    std::size_t each = 10;
    std::size_t rows = 20;
};

struct durations
{
    std::vector<double> ms;

    void add(std::chrono::nanoseconds d)
    {
        ms.push_back(std::chrono::duration<double, std::milli>(d).count());
    }

    void print(char const* what)
    {
        std::sort(ms.begin(), ms.end());
        auto const at = [&](double part) {
            return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
        };
        std::printf("%-22s p50 %9.2f   p99 %9.2f   p999 %9.2f   max %9.2f ms\n", what, at(0.5), at(0.99),
                    at(0.999), at(1));
    }
};

struct results
{
    durations whole, wait, exchange;
    std::size_t wrong = 0;
};

asio::awaitable<void> call(practicus::client client, practicus::model_url url, std::string const& body,
                           std::size_t answer_size, std::size_t times, results& to)
{
    for (std::size_t i = 0; i != times; ++i) {
        auto const answer = co_await client.predict(url, body);
        if (answer.body.size() != answer_size) ++to.wrong;
        to.whole.add(answer.elapsed);
        to.wait.add(answer.timings.wait);
        to.exchange.add(answer.timings.total() - answer.timings.wait);
    }
}

std::string rows_of(std::size_t count)
{
    std::string text = "carat,cut,colour,clarity,depth,table,x,y,z\n";
    for (std::size_t i = 0; i != count; ++i)
        text += "0.23,Ideal,E,SI2,61.5,55,3.95,3.98,2.43\n";
    return text;
}

int run(settings const& with)
{
    practicus::mock::server_options listening;
    listening.keep_requests = 1;
    practicus::mock::server server(listening);
    server.region().add_demo();
    asio::io_context io{1};
    practicus::client_options options;
    options.credentials = practicus::credentials::password("admin@company.com", "practicus");
    options.pool.max_connections = with.connections;
    practicus::client client(io.get_executor(), server.url(), options);
    auto const url = client.model_url("models/practicus", "diamond-price");
    auto const body = rows_of(with.rows);
    results found, ignored;
    auto const start = [&](std::size_t times, std::size_t size, results& to) {
        for (std::size_t i = 0; i != with.in_flight; ++i)
            asio::co_spawn(io, call(client, url, body, size, times, to), [](std::exception_ptr e) {
                if (e) std::rethrow_exception(e);
            });
        io.restart();
        io.run();
    };
    std::size_t size = 0;
    asio::co_spawn(io, client.predict(url, body), [&](std::exception_ptr e, practicus::prediction const& p) {
        if (e) std::rethrow_exception(e);
        size = p.body.size();
    });
    io.run();
    // So that all connections are there.
    start(1, size, ignored);

    auto const begin = std::chrono::steady_clock::now();
    auto const cpu = cpu_time::now();
    start(with.each, size, found);
    auto const used = cpu_time::now() - cpu;
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    auto const count = static_cast<double>(found.whole.ms.size());
    std::printf("%.0f predictions of %zu bytes, %zu in flight, %zu connections: %.0f a second; %.1f us of "
                "this thread "
                "each; %zu connects\n",
                count, body.size(), with.in_flight, with.connections, count / seconds,
                used.total_us() / count, static_cast<std::size_t>(client.stats().connections.connects));
    found.whole.print("from call to end");
    found.wait.print("waiting for the pool");
    found.exchange.print("the exchange");
    if (found.wrong != 0) std::cerr << found.wrong << " wrong answers\n";
    return found.wrong == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
try {
    settings with;
    if (argc > 1 && std::string_view(argv[1]) == "--smoke") {
        with.in_flight = 100;
        with.connections = 8;
        with.each = 2;
    } else if (argc > 1) {
        std::cerr << "predictions [--smoke]\n";
        return 2;
    }
    return run(with);
} catch (std::exception const& e) {
    std::cerr << "predictions: " << e.what() << '\n';
    return 1;
}
