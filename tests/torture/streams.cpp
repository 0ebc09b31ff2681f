// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Streams of events whose operation cannot be cancelled for lack of memory.

#include "catch.hpp"
#include "torture/refusal.hpp"

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/client/event_channel.hpp>
#include <practicus/event_parser.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace practicus::detail;

namespace {

/// An operation that gives the same piece until its sink throws.
struct giving
{
    std::string piece = "data: x\n\n";
    bool ended = false;

    asio::awaitable<void> run(practicus::body_sink sink)
    {
        struct at_end
        {
            bool& flag;
            ~at_end() { flag = true; }
        };
        at_end const flag{ended};
        while (true) {
            auto taking = sink(piece);
            co_await std::move(taking);
        }
    }

    event_source::operation operation()
    {
        return [this](practicus::body_sink sink) { return run(std::move(sink)); };
    }
};

/// The end of a call of `next`.
struct read_result
{
    bool ended = false;
    boost::system::error_code code;

    void read(asio::io_context& io, std::shared_ptr<event_channel> const& from)
    {
        ended = false;
        asio::co_spawn(io, event_channel::next(from),
                       [this](std::exception_ptr const& thrown, event_channel::taken got) {
                           ended = true;
                           code = boost::system::error_code();
                           if (!thrown && !got) code = got.error()->code;
                       });
    }
};

/// Runs what is ready, and what comes within a bounded number of turns.
template <class Condition>
bool comes(asio::io_context& io, Condition condition)
{
    for (int i = 0; i != 200 && !condition(); ++i) {
        io.restart();
        io.run_one_for(std::chrono::milliseconds(10));
    }
    return condition();
}

} // namespace

TEST_CASE("torture: a stream's operation ends, although its cancellation was refused memory")
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    giving from;
    {
        std::optional<event_source> source;
        source.emplace(runtime, from.operation(), practicus::event_limits());
        io.poll();
        CHECK_FALSE(from.ended);
        // The post to the operation's strand.
        refusal first(0, 1);
        first.spares_asio = false;
        refusal::scope const here(first);
        source.reset();
        CHECK(first.has_begun());
    }
    CHECK(comes(io, [&] { return from.ended; }));
}

TEST_CASE("torture: a reader of events learns that the operation's start was refused memory")
{
    int refused = 0;
    for (std::size_t k = 0; k != 20; ++k) {
        asio::io_context io;
        auto const runtime = client_runtime::make(io.get_executor());
        giving from;
        event_source const source(runtime, from.operation(), practicus::event_limits());
        refusal one(k, 1);
        {
            refusal::scope const here(one);
            io.poll();
        }
        read_result reader;
        reader.read(io, source.channel());
        CHECK(comes(io, [&] { return reader.ended; }));
        if (reader.code) CHECK(reader.code == boost::system::errc::not_enough_memory);
        refused += reader.code.failed();
    }
    CHECK(refused > 0);
}
