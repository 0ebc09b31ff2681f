// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Lists the models of the user's default region. That is the region of PRT_URL and PRT_TOKEN, else the
// default of the core.conf that the vendor's SDK and the command line write.

#include <practicus.hpp>
#include <practicus/core_conf.hpp>
#include <practicus/format.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> list(practicus::client client)
{
    std::cout << practicus::to_table(co_await client.models());
}

int main()
try {
    asio::io_context io;
    auto const region = practicus::default_region();
    practicus::client client(io.get_executor(), region.url(), region.options());
    asio::co_spawn(io, list(client), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
} catch (std::exception const& e) {
    std::cerr << "default_region: " << e.what() << '\n';
    return 1;
}
