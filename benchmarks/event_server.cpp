// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The server of event streams that peers in any language meet. Prints its url, and ends with SIGTERM.

#include "../tests/integration/paced_events.hpp"
#include "measure.hpp"

#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

int main()
try {
    bench::raise_descriptor_limit();
    boost::asio::io_context io{1};
    paced_events const events(io);
    std::cout << "plain: http://127.0.0.1:" << events.port() << '\n' << std::flush;
    io.run();
} catch (std::exception const& e) {
    std::cerr << "event_server: " << e.what() << '\n';
    return 1;
}
