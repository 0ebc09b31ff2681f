// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus.hpp>
#include <practicus/format.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> run(std::string url, std::string email, std::string password)
{
    practicus::client client{co_await asio::this_coro::executor, url};
    co_await client.login(email, password);

    auto const models = co_await client.models();
    std::cout << practicus::to_table(models);

    auto const model = client.model_url("models/practicus", "diamond-price");
    auto const token = co_await client.session_token(model);
    std::cout << "a token of " << token.reveal().size() << " bytes for " << model.str() << '\n';
}

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io;
    asio::co_spawn(io, run(argv[1], argv[2], argv[3]), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
}
