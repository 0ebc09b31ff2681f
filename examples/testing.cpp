// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// How a program that uses practicus is tested: against a mock region, with a fault.

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

namespace asio = boost::asio;

int main()
{
    practicus::mock::server region; // on a thread of its own, on a free port of 127.0.0.1
    region.region().add_demo();     // admin@company.com, password "practicus", a few models
    // The client sends a GET three times before it gives up.
    region.expect("GET", "/console/api/modelhost/models/").reply(503, R"({"detail":"restarting"})").times(3);

    asio::io_context io;
    practicus::client_options options;
    options.credentials = practicus::credentials::password("admin@company.com", "practicus");
    practicus::client client(io.get_executor(), region.url(), options);
    auto models = asio::co_spawn(io, client.models(), asio::use_future);
    io.run();

    bool passed = false;
    try {
        models.get();
    } catch (practicus::error const& e) {
        passed = e.code() == practicus::errc::unavailable && e.info().attempts == 3;
    }
    passed = passed && region.count("POST auth/") == 1; // requests are counted by route
    passed = passed && region.problems().empty();       // nothing malformed came, every expectation was met
    std::cout << (passed ? "passed\n" : "failed\n");
    return passed ? 0 : 1;
}
