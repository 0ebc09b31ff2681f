// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "flows.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> read_stream(practicus::client client, practicus::call_url url, std::size_t& events)
{
    auto start = [client, url](practicus::body_sink sink) {
        auto what = practicus::request::get();
        return client.call(url, std::move(what.response_type("text/event-stream").sink(std::move(sink))));
    };
    practicus::event_stream stream(client, std::move(start));
    for (std::size_t next = 0;; ++next) {
        auto reading = stream.next();
        auto const event = co_await std::move(reading);
        if (!event) co_return;
        if (!event->data.starts_with(std::to_string(next) + ' ')) throw std::runtime_error("a wrong event");
        ++events;
    }
}

std::size_t read_streams(asio::io_context& io, practicus::client const& client, command const& c,
                         std::size_t each)
{
    std::size_t events = 0;
    auto const url = client.model_url("models/llm", "chat")
                         .at("events?events=" + std::to_string(each) +
                             "&rate=" + std::to_string(static_cast<unsigned>(c.rate)));
    for (std::size_t i = 0; i != c.connections; ++i)
        asio::co_spawn(io, read_stream(client, url, events), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
    io.restart();
    io.run();
    return events;
}

} // namespace

boost::json::object events(command const& c)
{
    practicus::client_options options;
    options.credentials = practicus::credentials::session_token(std::string(300, 'a'));
    options.pool.max_connections = c.connections;
    asio::io_context io{1};
    practicus::client const client(io.get_executor(), c.url, options);
    auto const each = c.exchanges / c.connections;
    read_streams(io, client, c, 1);
    stopwatch const watch;
    auto const done = read_streams(io, client, c, each);
    auto result = watch.stop(done);
    require_all(done, each * c.connections);
    return result;
}

} // namespace bench
