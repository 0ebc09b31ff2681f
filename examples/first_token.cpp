// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// first_token URL EMAIL PASSWORD: the flow to a session token, on an io_context and on a thread_pool.

#include <practicus.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

namespace asio = boost::asio;

asio::awaitable<std::size_t> run(std::string url, std::string email, std::string password)
{
    practicus::client client{co_await asio::this_coro::executor, url};
    co_await client.login(email, password);
    for (auto const& p : co_await client.model_prefixes())
        std::cout << p.key << ' ' << p.prefix << '\n';
    auto const usable = practicus::deployed(co_await client.models());
    auto const token =
        co_await client.session_token(client.model_url(usable.at(0).prefix.prefix, usable.at(0).name));
    co_return token.reveal().size();
}

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io;
    auto one = asio::co_spawn(io, run(argv[1], argv[2], argv[3]), asio::use_future);
    io.run();
    asio::thread_pool pool(2);
    auto other = asio::co_spawn(pool, run(argv[1], argv[2], argv[3]), asio::use_future);
    std::cout << "tokens of " << one.get() << " and " << other.get() << " bytes\n";
}
