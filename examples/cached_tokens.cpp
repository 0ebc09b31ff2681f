// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// cached_tokens URL EMAIL PASSWORD [DIRECTORY]
//
// Gets a token for every request of a server from the cache, which renews it in the background. `on_tokens`
// is called whenever the region replaces the refresh token. Processes with the same directory share one login
// and fetch each token once.

#include <practicus.hpp>
#include <practicus/file_token_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace asio = boost::asio;

asio::awaitable<void> answer(practicus::client client, practicus::model_url model, int& served)
{
    auto token = client.cached_session_token(model); // nanoseconds, no coroutine; empty if it is not there
    if (!token) token = co_await client.session_token(model);
    served += !token.empty();
    // After a 401 of a service: client.invalidate_session_token(model, token), and get a token again.
}

int main(int argc, char** argv)
{
    if (argc != 4 && argc != 5) return 2;
    asio::io_context io;

    std::size_t stored = 0;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    options.on_tokens = [&](practicus::issued_tokens issued) -> asio::awaitable<void> {
        stored = issued.refresh.reveal().size(); // keep it where only this program can read it
        co_return;
    };
    if (argc == 5) options.store = std::make_shared<practicus::file_token_store>(argv[4]);
    practicus::client client(io.get_executor(), argv[1], options);

    int served = 0;
    for (int i = 0; i != 1000; ++i)
        asio::co_spawn(io, answer(client, client.model_url("models/practicus", "diamond-price"), served),
                       [](std::exception_ptr failed) {
                           if (failed) std::rethrow_exception(failed);
                       });
    io.run();

    auto const stats = client.stats();
    std::cout << served << " of 1000 served by " << stats.exchanges << " requests; a refresh token of "
              << stored << " bytes was given to on_tokens\n";
    return served == 1000 && stats.exchanges <= 3 ? 0 : 1;
}
