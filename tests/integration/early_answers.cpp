// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Answers that come before the request is written, from servers that read on, that do not, and that echo.

#include "fixture.hpp"
#include "internals.hpp"
#include "raw_server.hpp"

#include <memory>
#include <string>
#include <tuple>

using practicus::errc;
using practicus::predict_options;
using speaks = raw_server::speaks;

namespace {

std::string with_length(std::string const& head, std::string const& body)
{
    return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A source of `left` pieces, which counts how often it was asked.
struct pieces
{
    std::size_t left;
    std::size_t size = 100'000;
    std::size_t asked = 0;

    asio::awaitable<std::string> next()
    {
        ++asked;
        if (left == 0) co_return std::string();
        --left;
        co_return std::string(size, 's');
    }

    practicus::body_source source()
    {
        return [this] { return next(); };
    }
};

/// Takes pieces, and counts their bytes.
struct counted
{
    std::size_t bytes = 0;

    asio::awaitable<void> add(std::string piece)
    {
        bytes += piece.size();
        co_return;
    }

    practicus::body_sink sink()
    {
        return [this](std::string piece) { return add(std::move(piece)); };
    }
};

/// A client that predicts on a server that has each step from the test.
struct scene
{
    explicit scene(speaks what)
        : server(what), client(io.get_executor(), server.url(), server.options()),
          url(server.url() + "/models/practicus/echo/")
    {}

    template <class Body>
    void predict(Body body, predict_options const& options = predict_options())
    {
        asio::co_spawn(io, client.predict(practicus::model_url(url), std::move(body), options),
                       [this](std::exception_ptr e, practicus::prediction p) {
                           ended = true;
                           answer = std::move(p);
                           if (!e) return;
                           try {
                               std::rethrow_exception(e);
                           } catch (practicus::error const& told) {
                               failure = told.info();
                           }
                       });
        peer = server.accept(io);
        reply("x-prt-model-id: 42\r\n", "{}");
        reply("Content-Type: application/json\r\n", R"({"token":"opaque"})");
        head();
    }

    void reply(std::string const& fields, std::string const& body)
    {
        poll_until(io,
                   [&] { return peer->read() && peer->received().find("\r\n\r\n") != std::string::npos; });
        peer->forget();
        peer->send(with_length("200 OK\r\n" + fields.substr(0, fields.size() - 2), body));
    }

    /// Until the head of the call is there.
    void head()
    {
        poll_until(io,
                   [&] { return peer->read() && peer->received().find("\r\n\r\n") != std::string::npos; });
    }

    void finish()
    {
        poll_until(io, [&] { return ended; });
    }

    asio::io_context io;
    raw_server server;
    practicus::client client;
    std::string url;
    std::unique_ptr<raw_peer> peer;
    practicus::prediction answer;
    practicus::error_info failure;
    bool ended = false;
};

/// Sends the request's body back as it comes, chunk for chunk, and takes no more than it could send on.
struct echo
{
    raw_peer& peer;
    std::string out;
    std::size_t taken = 0;
    bool begun = false;

    /// True if it did something.
    bool turn()
    {
        auto const sent = out.empty() ? 0 : peer.send_some(out);
        out.erase(0, sent);
        if (out.size() > 256 * 1024) return sent != 0;
        bool const read = peer.read();
        auto body = peer.received();
        if (!begun) {
            auto const end = body.find("\r\n\r\n");
            if (end == std::string::npos) return read;
            body.erase(0, end + 4);
            out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            begun = true;
        }
        peer.forget();
        taken += body.size();
        out += body;
        return sent != 0 || read;
    }
};

} // namespace

TEST_CASE("a refusal at the head of a long request is the result, of a server that does nothing else")
{
    auto const what = GENERATE(speaks::plain, speaks::tls12, speaks::tls13);
    bool const from_source = GENERATE(false, true);
    scene s(what);
    pieces body{1'000};
    if (from_source)
        s.predict(body.source());
    else
        s.predict(std::string(32 << 20, 'x'));
    // It neither reads on nor closes.
    s.peer->send(
        with_length("413 Content Too Large\r\nContent-Type: application/json", R"({"detail":"too large"})"));
    s.finish();
    CHECK(s.failure.status == 413);
    CHECK(s.failure.server_message == "too large");
    CHECK(s.client.stats().connections.open == 0);
    if (from_source) CHECK(body.asked < 900);
}

TEST_CASE("the body of an answer that is only an error has a time limit, and is read until then")
{
    scene s(GENERATE(speaks::plain, speaks::tls13));
    auto& clock = stopped_clock_of(s.client);
    counted out;
    predict_options options;
    if (GENERATE(false, true)) options.sink(out.sink());
    bool const refused = GENERATE(false, true);
    s.predict(std::string("x"), options.response_type("text/csv"));
    s.peer->send(std::string(refused ? "HTTP/1.1 500 No" : "HTTP/1.1 200 OK") +
                 "\r\nContent-Type: text/plain\r\n\r\n");
    auto const turn = [&] {
        for (int i = 0; i != 1'000; ++i) {
            s.io.restart();
            s.io.poll();
        }
    };
    for (int i = 0; i != 3; ++i) {
        s.peer->send("full\n");
        turn();
        CHECK_FALSE(s.ended);
        clock.advance(std::chrono::seconds(10));
    }
    turn();
    clock.advance(std::chrono::seconds(20));
    s.finish();
    CHECK(s.failure.status == (refused ? 500 : 200));
    CHECK(s.failure.code == (refused ? errc::server_error : errc::unexpected_response));
    if (refused) CHECK(s.failure.server_message == "full");
    CHECK(out.bytes == 0);
    CHECK(s.client.stats().connections.open == 0);
}

TEST_CASE("a source is not asked on behind a refusal, of a server that reads on")
{
    auto const what = GENERATE(speaks::plain, speaks::tls13);
    scene s(what);
    pieces body{1'000};
    s.predict(body.source());
    s.peer->send(with_length("403 Forbidden", ""));
    auto const asked = body.asked;
    poll_until(s.io, [&] {
        s.peer->read();
        return s.ended;
    });
    CHECK(s.failure.code == errc::forbidden);
    // What was asked for when the refusal came is thrown away.
    CHECK(body.asked <= asked + 1);
    CHECK(s.client.stats().connections.open == 0);
}

TEST_CASE("a model that answers while it reads is no deadlock")
{
    using scenario = std::tuple<speaks, bool, bool>;
    auto const [what, from_source, to_sink] =
        GENERATE(scenario(speaks::plain, false, true), scenario(speaks::plain, true, false),
                 scenario(speaks::tls12, true, true), scenario(speaks::tls13, false, false));
    std::size_t const size = 32'000'000;
    scene s(what);
    pieces body{size / 100'000};
    counted got;
    auto options = predict_options();
    if (to_sink) options.sink(got.sink());
    // Chunked in both directions; from memory, the text is the chunk.
    std::string text;
    if (from_source) {
        s.predict(body.source(), options);
    } else {
        text = "1e84800\r\n" + std::string(size, 'm') + "\r\n0\r\n\r\n";
        s.predict(text, options);
    }
    echo server{*s.peer, {}};
    poll_until(s.io, [&] {
        server.turn();
        return s.ended;
    });
    CHECK(s.failure.message == "");
    CHECK_FALSE(s.failure.code);
    CHECK(s.answer.status == 200);
    CHECK((to_sink ? got.bytes : s.answer.body.size()) == size);
    if (from_source) CHECK(body.asked == size / 100'000 + 1);
}

TEST_CASE("interim answers do not make the first byte come")
{
    scene s(speaks::plain);
    auto& clock = stopped_clock_of(s.client);
    s.predict(std::string("a\n1\n"), predict_options().first_byte(std::chrono::seconds(10)));
    for (int i = 0; i != 3; ++i) {
        s.peer->send("HTTP/1.1 102 Processing\r\n\r\n");
        s.io.restart();
        s.io.poll();
        clock.advance(std::chrono::seconds(4));
        if (i != 2) CHECK_FALSE(s.ended);
    }
    s.finish();
    CHECK(s.failure.code == errc::first_byte_timeout);
}
