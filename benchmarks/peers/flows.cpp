// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "flows.hpp"

#include "../measure.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

practicus::client_options options_of(command const& c)
{
    practicus::client_options result;
    result.tls.ca_pem = c.ca_pem;
    result.tls.system_roots = c.ca_pem.empty();
    return result;
}

practicus::client_options with_password(command const& c)
{
    auto result = options_of(c);
    result.credentials = practicus::credentials::password("admin@company.com", "practicus");
    return result;
}

/// An operation to its end, on the calling thread.
template <class T>
T await(asio::io_context& io, asio::awaitable<T> operation)
{
    T result;
    asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e, T value) {
        if (e) std::rethrow_exception(e);
        result = std::move(value);
    });
    io.restart();
    io.run();
    return result;
}

practicus::model_url model(practicus::client const& client, std::size_t i)
{
    return client.model_url("models/many", "model-" + std::to_string(i));
}

void require_token(practicus::token const& t)
{
    if (!t.reveal().starts_with("eyJ")) throw std::runtime_error("a token is none");
}

double each(std::size_t now, std::size_t before, std::size_t count)
{
    return (static_cast<double>(now) - static_cast<double>(before)) / static_cast<double>(count);
}

template <class Operation>
double heap_of_waiting(asio::io_context& io, std::size_t count, Operation operation,
                       practicus::client const& c)
{
    auto const before = heap_in_use();
    for (std::size_t i = 0; i != count; ++i)
        asio::co_spawn(io, operation(), [](std::exception_ptr e, auto const&) {
            if (!e) throw std::runtime_error("it did not wait");
        });
    // Queued last: when it runs, all others have begun.
    bool all_begun = false;
    asio::post(io, [&] { all_begun = true; });
    io.restart();
    while (!all_begun)
        io.run_one();
    auto const result = each(heap_in_use(), before, count);
    c.close();
    io.restart();
    io.run();
    return result;
}

} // namespace

json::object flow_cold(command const& c)
{
    auto const once = [&] {
        asio::io_context io{1};
        practicus::client const client(io.get_executor(), c.url, with_password(c));
        require_token(await(io, client.session_token(model(client, 0))));
    };
    once();
    stopwatch const watch;
    auto const much = c.much();
    std::size_t done = 0;
    for (; much.goes_on(done); ++done)
        once();
    return watch.stop(done);
}

json::object flow_warm(command const& c)
{
    asio::io_context io{1};
    practicus::client const client(io.get_executor(), c.url, with_password(c));
    require_token(await(io, client.session_token(model(client, 0))));
    stopwatch const watch;
    for (std::size_t i = 1; i <= c.exchanges; ++i)
        require_token(await(io, client.session_token(model(client, i))));
    return watch.stop(c.exchanges);
}

json::object tokens_of_all(command const& c)
{
    asio::io_context io{1};
    practicus::client const client(io.get_executor(), c.url, with_password(c));
    stopwatch const watch;
    std::size_t done = 0;
    auto const models = await(io, client.models());
    for (auto const& m : models) {
        if (m.prefix.prefix != "models/many") continue;
        asio::co_spawn(io, client.session_token(client.model_url(m.prefix.prefix, m.name)),
                       [&](std::exception_ptr e, practicus::token const& t) {
                           if (e) std::rethrow_exception(e);
                           require_token(t);
                           ++done;
                       });
    }
    io.restart();
    io.run();
    auto result = watch.stop(done);
    require_all(done, c.exchanges);
    return result;
}

json::object waiters(command const& c)
{
    auto options = options_of(c);
    options.credentials = practicus::credentials::access_token(std::string(300, 'a'));
    options.pool.max_connections = 1;
    json::object result{{"waiters", c.connections}};
    {
        asio::io_context io{1};
        practicus::client const client(io.get_executor(), c.url, options);
        result["for_connection"] = heap_of_waiting(
            io, c.connections, [&] { return client.cluster_info(); }, client);
    }
    {
        asio::io_context io{1};
        practicus::client const client(io.get_executor(), c.url, options);
        auto const url = client.model_url("models/lean", "held");
        result["for_token"] = heap_of_waiting(
            io, c.connections, [&] { return client.session_token(url); }, client);
    }
    return result;
}

} // namespace bench
