// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// under_load URL EMAIL PASSWORD: a hundred operations at once through a few connections, with a deadline for
// each, and an observer.

#include <practicus.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>
#include <variant>

namespace asio = boost::asio;
using namespace std::chrono_literals;

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io;

    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    options.pool.max_connections = 8;
    options.retry.max_attempts = 5;
    options.observer = [](practicus::event const& e) {
        if (auto const* again = std::get_if<practicus::events::retried>(&e))
            std::cerr << again->request << ": again, after status " << again->status << '\n';
    };
    practicus::client client(io.get_executor(), argv[1], options);

    auto const hurried =
        client.with(practicus::call_options().timeout(5s).header("traceparent", "00-1-2-01"));
    int served = 0;
    for (int i = 0; i != 100; ++i)
        asio::co_spawn(io, hurried.models(),
                       [&](std::exception_ptr failed, auto const&) { served += !failed; });
    io.run();

    auto const stats = client.stats();
    std::cout << served << " of 100 served, " << stats.exchanges << " exchanges over "
              << stats.connections.connects << " connections, " << stats.retries << " retries\n";
    return served == 100 ? 0 : 1;
}
