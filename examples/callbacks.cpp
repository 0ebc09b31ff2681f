// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// callbacks URL EMAIL PASSWORD: operations without a coroutine of the program's own, with a callback and with
// a future. Client, url and credentials are temporaries: an operation owns copies of its arguments.

#include <practicus.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    std::string const url = argv[1];
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);

    asio::io_context io;
    auto const model = [&] { return url + "/models/practicus/diamond-price/"; };
    asio::co_spawn(io, practicus::client(io.get_executor(), url, options).session_token(model()),
                   [](std::exception_ptr failed, practicus::token token) {
                       if (failed) std::rethrow_exception(failed); // out of io.run()
                       std::cout << "callback: a token of " << token.reveal().size() << " bytes\n";
                   });
    auto id = asio::co_spawn(io, practicus::client(io.get_executor(), url, options).model_id(model()),
                             asio::use_future);
    io.run();
    std::cout << "future: the model's id is " << id.get() << '\n';
}
