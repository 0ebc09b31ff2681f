// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Models that answer with a text/event-stream.

#include "fixture.hpp"

#include <practicus/chat.hpp>
#include <practicus/event_stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using practicus::errc;
using practicus::event_limits;
using practicus::predict_options;
using practicus::stream_event;

namespace {

using texts = std::vector<std::string>;

/// Answers with the prompt, in pieces of one byte at first, then of seven.
practicus::mock::response stream_text(practicus::mock::request const& r)
{
    practicus::mock::response answer(200, "text/event-stream", r.body);
    answer.chunked = true;
    for (std::size_t at = 1; at < r.body.size(); at += at < 20 ? 1 : 7)
        answer.pieces.push_back(at);
    return answer;
}

struct streaming : fixture
{
    streaming()
    {
        practicus::mock::deployment const large("depl-large", "Large");
        practicus::mock::model chat(50, "chat", practicus::mock::prefix("models-llm", "llm"),
                                    {{501, "1", large}});
        chat.predicts = stream_text;
        server.region().add(chat);
    }

    std::string chat() const { return server.url() + "/llm/chat/"; }
};

constexpr char const* three =
    "\xef\xbb\xbf"
    "data: 1\r\n\r\n: ping\r\revent: delta\ndata: 2\ndata: b\n\ndata: 3\n\ndata: 4\n";

asio::awaitable<void> keep(texts& found, stream_event event)
{
    if (event.data == "throw") throw std::runtime_error("of the handler");
    found.push_back(event.type + ' ' + event.data);
    co_return;
}

practicus::event_handler kept_in(texts& found)
{
    return [&found](stream_event event) { return keep(found, std::move(event)); };
}

} // namespace

TEST_CASE("event_sink: a model's events arrive in order, and the options serve again")
{
    streaming f;
    auto client = f.user();
    texts found;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found)));
    for (int i = 0; i != 2; ++i) {
        auto const answer = f.run(client.predict(f.chat(), three, options));
        CHECK(answer.content_type == "text/event-stream");
        CHECK(answer.body.empty());
    }
    CHECK(found == texts{"message 1", "delta 2\nb", "message 3", "message 1", "delta 2\nb", "message 3"});
}

TEST_CASE("event_sink: an exception of the handler leaves the operation unchanged")
{
    streaming f;
    auto client = f.user();
    texts found;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found)));
    CHECK_THROWS_WITH(f.run(client.predict(f.chat(), "data:1\n\ndata:throw\n\ndata:3\n\n", options)),
                      "of the handler");
    CHECK(found == texts{"message 1"});
}

TEST_CASE("event_sink: an event above a limit fails the operation with its code")
{
    streaming f;
    auto client = f.user();
    texts found;
    event_limits limits;
    limits.data = 3;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found), limits));
    std::string const text = "data:1\n\ndata:1234\n\ndata:3\n\n";
    auto const failed = f.failure(client.predict(f.chat(), text, options));
    CHECK(failed.code == errc::body_too_large);
    CHECK(failed.message == "the data of an event exceeds event_limits::data");
    CHECK(found == texts{"message 1"});

    practicus::error_info info;
    auto const token = practicus::with_error_info(asio::as_tuple(asio::deferred), info);
    auto ended = f.run([&]() -> asio::awaitable<practicus::error_code> {
        auto result = co_await client.predict(f.chat(), text, options, token);
        co_return std::get<0>(result);
    }());
    CHECK(ended == errc::callback_failed);
    CHECK(info.cause == errc::body_too_large);
}

namespace {

using practicus::event_stream;

/// Takes all events.
asio::awaitable<texts> taken(event_stream events)
{
    texts found;
    while (auto const next = co_await events.next())
        found.push_back(next->data);
    co_return found;
}

/// An operation without a server: gives pieces, then waits, fails or returns.
struct script
{
    std::vector<std::string> pieces;
    bool hangs = false;
    std::string fails;
    std::atomic<std::size_t> given{0};
    std::atomic<int> ended{0};
};

struct counted_end
{
    explicit counted_end(script& in) : of(in) {}
    ~counted_end() { ++of.ended; }
    script& of;
};

asio::awaitable<int> play(std::shared_ptr<script> of, practicus::body_sink sink)
{
    counted_end const at_end(*of);
    for (auto const& piece : of->pieces) {
        auto giving = sink(piece);
        co_await std::move(giving);
        ++of->given;
    }
    if (of->hangs) {
        asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::hours(1000));
        co_await never.async_wait(asio::use_awaitable);
    }
    if (of->fails == "client") throw practicus::error(errc::unavailable, "later");
    if (!of->fails.empty()) throw std::runtime_error(of->fails);
    co_return 1;
}

auto played(std::shared_ptr<script> const& of)
{
    return [of](practicus::body_sink sink) { return play(of, std::move(sink)); };
}

std::shared_ptr<script> scripted(std::vector<std::string> pieces)
{
    auto made = std::make_shared<script>();
    made->pieces = std::move(pieces);
    return made;
}

/// A client that sends nothing.
struct offline
{
    offline() : client(io, "http://127.0.0.1:9") {}

    /// Runs a call of `next` until it has ended, with everything else that is ready.
    std::string next(event_stream& events)
    {
        std::string got = "waits";
        events.next([&](practicus::error_code ec, std::optional<stream_event> const& found) {
            got = ec ? ec.message() : found ? found->data : "end";
        });
        poll();
        return got;
    }

    void poll()
    {
        io.restart();
        while (io.poll() != 0)
            continue;
    }

    asio::io_context io;
    practicus::client client;
};

} // namespace

TEST_CASE("event_stream: a model's events are taken one by one")
{
    streaming f;
    auto client = f.user();
    auto const start = [client, url = f.chat()](practicus::body_sink sink) {
        return client.predict(url, three, predict_options().sink(std::move(sink)));
    };
    CHECK(f.run(taken(event_stream(client, start))) == texts{"1", "2\nb", "3"});

    auto const missing = [client, url = f.server.url() + "/llm/none/"](practicus::body_sink sink) {
        return client.predict(url, three, predict_options().sink(std::move(sink)));
    };
    CHECK(f.failure(taken(event_stream(client, missing))).code == errc::not_found);
}

namespace {

asio::awaitable<std::string> answer_of(practicus::client client, practicus::call_url url, std::string body)
{
    event_stream events(client, [=](practicus::body_sink sink) {
        return client.call(url, practicus::request::json(body).sink(std::move(sink)));
    });
    std::string text;
    bool done = false;
    while (auto const event = co_await events.next()) {
        auto const chunk = practicus::read_chat_chunk(*event);
        text += chunk.text();
        done = chunk.done;
    }
    co_return text + (done ? "." : "");
}

} // namespace

TEST_CASE("event_stream: a chat at a path behind a model")
{
    fixture f;
    auto client = f.user();
    auto const url = practicus::model_url(f.model("llm/assistant")).at("chat/completions");
    std::string const body =
        R"({"model":"assistant","stream":true,"messages":[{"role":"user","content":"one two"}]})";
    CHECK(f.run(answer_of(client, url, body)) == "one two.");
}

TEST_CASE("event_stream: the next piece is read when the events of the last one were taken")
{
    offline f;
    auto const of = scripted({"data:1\n\ndata:2\n\nda", "ta:3\n\n", ":\n", "data:4\n\n"});
    event_stream events(f.client, played(of));
    f.poll();
    CHECK(of->given == 0);
    CHECK(f.next(events) == "1");
    CHECK(f.next(events) == "2");
    CHECK(of->given == 0);
    CHECK(f.next(events) == "3");
    CHECK(of->given == 2);
    CHECK(f.next(events) == "4");
    CHECK(f.next(events) == "end");
    CHECK(f.next(events) == "end");
    CHECK(of->ended == 1);
}

TEST_CASE("event_stream: a failure comes once, after the events")
{
    offline f;
    auto const of = scripted({"data:1\n\n"});
    SECTION("of the client")
    {
        of->fails = "client";
        event_stream events(f.client, played(of));
        CHECK(f.next(events) == "1");
        CHECK(f.next(events) == practicus::make_error_code(errc::unavailable).message());
        CHECK(f.next(events) == "end");
    }
    SECTION("of the caller")
    {
        of->fails = "of the caller";
        std::string what;
        asio::co_spawn(f.io, taken(event_stream(f.client, played(of))),
                       [&](std::exception_ptr e, texts const&) {
                           try {
                               if (e) std::rethrow_exception(e);
                           } catch (std::runtime_error const& thrown) {
                               what = thrown.what();
                           }
                       });
        f.poll();
        CHECK(what == "of the caller");
    }
}

TEST_CASE("event_stream: an event above a limit fails once and cancels the operation")
{
    offline f;
    auto const of = scripted({"data:1\n\ndata:1234\n\ndata:3\n\n", "data:5\n\n"});
    of->hangs = true;
    event_limits limits;
    limits.data = 3;
    event_stream events(f.client, played(of), limits);
    CHECK(f.next(events) == "1");
    CHECK(f.next(events) == practicus::make_error_code(errc::body_too_large).message());
    CHECK(of->ended == 1);
    CHECK(f.next(events) == "end");
}

TEST_CASE("event_stream: its destruction cancels the operation")
{
    offline f;
    auto const of = scripted({"data:1\n\n", "data:2\n\n"});
    of->hangs = true;
    int const taken_before = GENERATE(0, 1, 2);
    {
        event_stream events(f.client, played(of));
        f.poll();
        for (int i = 0; i != taken_before; ++i)
            CHECK(f.next(events) == std::to_string(i + 1));
        CHECK(of->ended == 0);
    }
    f.io.restart();
    f.io.run();
    CHECK(of->ended == 1);
}

TEST_CASE("event_stream: it may be moved, and an assignment cancels the operation that was there")
{
    offline f;
    auto const first = scripted({"data:1\n\n"}), second = scripted({"data:2\n\n"});
    event_stream events(f.client, played(first));
    event_stream other(f.client, played(second));
    f.poll();
    events = std::move(other);
    f.poll();
    CHECK(first->ended == 1);
    CHECK(f.next(events) == "2");
    CHECK(f.next(events) == "end");
}

TEST_CASE("event_stream: a cancelled call loses no event")
{
    offline f;
    auto const of = scripted({"data:1\n\n", "data:2\n\n", "data:3\n\n"});
    event_stream events(f.client, played(of));
    texts got;
    for (int steps = 0; got.size() < 4; ++steps) {
        REQUIRE(steps < 100);
        asio::cancellation_signal cancel;
        bool ended = false;
        events.next(asio::bind_cancellation_slot(
            cancel.slot(), [&](practicus::error_code ec, std::optional<stream_event> const& found) {
                ended = true;
                if (!ec) got.push_back(found ? found->data : "end");
            }));
        f.io.restart();
        for (int i = 0; i != steps && !ended && f.io.run_one() != 0; ++i)
            continue;
        cancel.emit(asio::cancellation_type::terminal);
        f.io.run_one();
        f.poll();
        REQUIRE(ended);
    }
    CHECK(got == texts{"1", "2", "3", "end"});
}

TEST_CASE("event_stream: a call ends when the client's context is gone")
{
    asio::io_context reader;
    auto io = std::make_unique<asio::io_context>();
    practicus::client client(*io, "http://127.0.0.1:9");
    auto const of = scripted({});
    of->hangs = true;
    bool const runs = GENERATE(true, false);
    {
        event_stream events(client, played(of));
        if (runs) io->poll();
        practicus::error_code ended;
        events.next(asio::bind_executor(
            reader, [&](practicus::error_code ec, std::optional<stream_event> const&) { ended = ec; }));
        reader.poll();
        CHECK_FALSE(ended);
        io.reset();
        reader.restart();
        reader.run();
        CHECK(ended == asio::error::operation_aborted);
    }
    CHECK(of->ended == (runs ? 1 : 0));
    CHECK(of.use_count() == 1);
}

TEST_CASE("event_stream: the operation ends when the reader's context is gone")
{
    offline f;
    auto const of = scripted({"data:1\n\n"});
    of->hangs = true;
    {
        asio::io_context reader;
        asio::co_spawn(reader, taken(event_stream(f.client, played(of))), asio::detached);
        f.poll();
        reader.poll();
        f.poll();
        reader.poll();
        CHECK(of->given == 1);
    }
    f.io.restart();
    f.io.run();
    CHECK(of->ended == 1);
    CHECK(of.use_count() == 1);
}

TEST_CASE("event_stream: a reader in another context and thread gets every event")
{
    asio::io_context io, reader;
    practicus::client const client(io, "http://127.0.0.1:9");
    std::vector<std::string> pieces;
    texts expected;
    for (int i = 0; i != 2000; ++i) {
        auto const n = std::to_string(i);
        pieces.push_back("data:" + n + "\n\ndata:" + n + "b\n");
        pieces.push_back("\n");
        expected.insert(expected.end(), {n, n + "b"});
    }
    texts got;
    asio::co_spawn(reader, taken(event_stream(client, played(scripted(std::move(pieces))))),
                   [&](std::exception_ptr e, texts found) {
                       CHECK_FALSE(e);
                       got = std::move(found);
                   });
    std::thread other([&] { io.run(); });
    reader.run();
    other.join();
    CHECK(got == expected);
}
