// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// redis_tokens URL EMAIL PASSWORD
//
// A worker of many machines. The first one logs in; the others find its tokens in the Redis server of
// STORE_URL, where they are encrypted with STORE_KEY. Without that server, each worker logs in.

#include <practicus.hpp>
#include <practicus/redis_token_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>

namespace asio = boost::asio;

// Without a key, values are not encrypted: a forgotten variable must not do that.
practicus::secret variable(char const* name)
{
    practicus::secret value(std::getenv(name));
    if (!value) throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

asio::awaitable<void> work(practicus::client client)
{
    auto const token = co_await client.session_token(client.model_url("models/practicus", "diamond-price"));
    auto const requests = client.stats().exchanges;
    std::cout << "a token of " << token.reveal().size() << " bytes, " << requests << " requests\n";
}

int main(int argc, char** argv)
try {
    if (argc != 4) return 2;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    options.observer = [](practicus::event const& e) {
        if (auto const* const failed = std::get_if<practicus::events::store_failed>(&e))
            std::cerr << "without shared tokens: " << failed->message << '\n';
    };
    practicus::redis_token_store_options redis;
    redis.url = variable("STORE_URL");            // rediss://user:password@store.company.com/0
    redis.encryption_key = variable("STORE_KEY"); // 32 bytes, the same on all machines
    options.store = std::make_shared<practicus::redis_token_store>(redis);

    asio::io_context io;
    practicus::client const client(io.get_executor(), argv[1], options);
    asio::co_spawn(io, work(client), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
} catch (std::exception const& e) {
    std::cerr << "redis_tokens: " << e.what() << '\n';
    return 1;
}
