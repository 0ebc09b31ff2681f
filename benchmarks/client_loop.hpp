// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "lean_server.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <string>

namespace bench {

/// The same exchanges through a client as a user has it: `client.cluster()` from as many coroutines,
/// everything on.
class client_loop
{
public:
    client_loop(lean_server const& server, std::string const& bearer, std::size_t coroutines, bool tls)
        : coroutines_(coroutines),
          client_(io_.get_executor(),
                  (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server.port(tls)),
                  practicus::client_options()
                      .credentials(practicus::credentials::access_token(bearer))
                      .tls(practicus::tls_options().ca_pem(server.ca_pem()).system_roots(false))
                      .pool(practicus::pool_options().max_connections(coroutines)))
    {}

    /// So many exchanges from each coroutine. Returns how many succeeded.
    std::size_t exchange(std::size_t each)
    {
        done_ = 0;
        for (std::size_t i = 0; i != coroutines_; ++i)
            asio::co_spawn(io_, repeat(each), [](std::exception_ptr e) {
                if (e) std::rethrow_exception(e);
            });
        io_.restart();
        io_.run();
        return done_;
    }

    practicus::client const& client() const noexcept { return client_; }

private:
    asio::awaitable<void> repeat(std::size_t each)
    {
        for (std::size_t i = 0; i != each; ++i) {
            auto const found = co_await client_.cluster();
            if (found.region_name == "benchmark" && found.name.starts_with("eyJ")) ++done_;
        }
    }

    asio::io_context io_;
    std::size_t coroutines_;
    practicus::client client_;
    std::size_t done_ = 0;
};

} // namespace bench
