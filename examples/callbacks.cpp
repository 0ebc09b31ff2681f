// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// callbacks URL EMAIL PASSWORD: operations with completion tokens: a callback, a future, and a code instead
// of an exception. An operation owns copies of its arguments and a handle of the client.

#include <practicus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

asio::awaitable<void> list(practicus::client client)
{
    practicus::error_info info;
    auto operation = client.models(practicus::with_error_info(asio::as_tuple(asio::deferred), info));
    auto const [code, models] = co_await std::move(operation);
    if (code)
        std::cout << "tuple: " << info.request << ": " << code.message() << ", status " << info.status
                  << '\n';
    else
        std::cout << "tuple: " << models.size() << " models\n";
}

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);

    asio::io_context io;
    practicus::client client(io, argv[1], options);
    auto const model = client.model_url("models/practicus", "diamond-price");
    client.session_token(model, [](practicus::error_code code, practicus::token token) {
        if (code)
            std::cout << "callback: " << code.message() << '\n';
        else
            std::cout << "callback: a token of " << token.reveal().size() << " bytes\n";
    });
    auto id = client.model_id(model, asio::use_future);
    asio::co_spawn(io, list(client), asio::detached);
    io.run();
    std::cout << "future: the model's id is " << id.get() << '\n';
}
