// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "loops.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>

namespace bench {

namespace {

namespace asio = boost::asio;

class client_loop_impl final : public client_loop
{
public:
    client_loop_impl(lean_server const& server, loop_options const& options)
        : coroutines_(options.connections),
          client_(io_.get_executor(),
                  (options.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") +
                      std::to_string(server.port(options.tls)),
                  practicus::client_options()
                      .credentials(practicus::credentials::access_token(options.bearer))
                      .tls(practicus::tls_options().ca_pem(server.ca_pem()).system_roots(false))
                      .pool(practicus::pool_options().max_connections(options.connections)))
    {}

    std::size_t exchange(std::size_t each) override
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

    practicus::client_stats stats() const override { return client_.stats(); }

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

} // namespace

std::unique_ptr<client_loop> make_client_loop(lean_server const& server, loop_options const& options)
{
    return std::make_unique<client_loop_impl>(server, options);
}

} // namespace bench
