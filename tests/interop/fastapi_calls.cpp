// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Calls of a model and an app in FastAPI, with a token that was handed out. servers.sh starts
// servers/fastapi_app.py three times (plain, TLS 1.2, TLS 1.3).

#include "catch.hpp"
#include "interop/foreign_server.hpp"
#include "options.hpp"
#include "streamed_chat.hpp"

#include <practicus.hpp>
#include <practicus/chat.hpp>
#include <practicus/detail/base/sha256.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using practicus::errc;
using practicus::request;
using practicus::response;
using namespace std::chrono_literals;

namespace {

practicus::client_options options(std::string const& token)
{
    auto result = options_as(practicus::credentials::session_token(token));
    result.tls = with_certificate();
    return result;
}

/// A client with a token, and the urls of the service.
struct caller
{
    explicit caller(char const* port = plain, std::string const& token = "handed-out")
        : client(practicus::client(io.get_executor(), setting(port), options(token))
                     .with(practicus::call_options().timeout(100s))),
          model(client.model_url("models/llm", "assistant")), app(client.app_url("apps/tools", "viewer"))
    {}

    /// Rethrows the exception of the operation.
    template <class T>
    T run(asio::awaitable<T> operation)
    {
        std::optional<T> result;
        std::exception_ptr failed;
        io.restart();
        asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e, T value) {
            failed = e;
            if (!e) result.emplace(std::move(value));
        });
        io.run();
        if (failed) std::rethrow_exception(failed);
        return std::move(result.value());
    }

    response call(practicus::call_url const& url, request const& what) { return run(client.call(url, what)); }

    boost::json::value json(practicus::call_url const& url, request const& what)
    {
        return boost::json::parse(call(url, what).body);
    }

    practicus::error_info failure(practicus::call_url const& url, request const& what)
    {
        try {
            call(url, what);
        } catch (practicus::error const& e) {
            return e.info();
        }
        FAIL("the call succeeded");
        throw std::logic_error("unreachable");
    }

    asio::io_context io;
    practicus::client client;
    practicus::model_url model;
    practicus::app_url app;
};

std::string text(boost::json::value const& of)
{
    return std::string(of.as_string());
}

std::string question(std::string const& content, std::string const& user = {})
{
    return boost::json::serialize(boost::json::object{
        {"messages", boost::json::array{boost::json::object{{"role", "user"}, {"content", content}}}},
        {"stream", true},
        {"user", user}});
}

/// Reads the first token of an endless stream, and leaves it.
asio::awaitable<std::string> first_token(practicus::client client, practicus::call_url url, std::string body)
{
    practicus::event_stream events(client, [=](practicus::body_sink sink) {
        return client.call(url, request::json(body).sink(std::move(sink)));
    });
    auto const event = co_await events.next();
    co_return event ? std::string(practicus::read_chat_chunk(*event).text()) : std::string();
}

asio::awaitable<void> keep(std::string& all, std::string piece)
{
    all += piece;
    co_return;
}

} // namespace

TEST_CASE("a model streams text, and takes its prompt by GET as well")
{
    auto const* port = GENERATE(plain, tls13);
    INFO(port);
    caller f(port);
    for (char const* method : {"GET", "POST"}) {
        std::string all;
        auto asked = request::json(R"({"prompt":"one two"})");
        asked.method(method).sink([&](std::string piece) { return keep(all, std::move(piece)); });
        auto const got = f.call(f.model.at("generate/"), asked);
        CHECK(all == "one two ");
        CHECK(got.content_type == "text/plain; charset=utf-8");
        CHECK(got.field("server") == "uvicorn");
    }
    CHECK(f.client.stats().connections.connects == 1);
}

TEST_CASE("an OpenAI body is answered at the model's url and at OpenAI's path")
{
    caller f;
    auto const asked = request::json(R"({"model":"m","messages":[{"role":"user","content":"one two"}]})");
    for (auto const& url :
         {practicus::call_url(f.model), f.model.at("chat/completions"), f.model.at("v1/chat/completions"),
          f.client.service_url().at("models/llm/assistant/v1/chat/completions")}) {
        INFO(url);
        auto const answer = f.json(url, asked);
        CHECK(answer.at("choices").at(0).at("message").at("content") == "one two");
        CHECK(answer.at("model") == "m");
    }
}

TEST_CASE("a chat is streamed token by token, over comments and pings")
{
    auto const* port = GENERATE(plain, tls13);
    INFO(port);
    caller f(port);
    auto const url = f.model.at("chat/completions");
    auto chat = request::json(question("one two three"));
    chat.response_type("text/event-stream");
    CHECK(f.run(streamed_chat(f.client, url, chat)) ==
          std::vector<std::string>{"one", " two", " three", "[DONE]"});
    std::string all;
    auto asked = request::json(question("one two"));
    asked.sink([&](std::string piece) { return keep(all, std::move(piece)); });
    CHECK(f.call(url, asked).content_type == "text/event-stream; charset=utf-8");
    // There were comments between the events, and fields beside the data.
    CHECK(all.find("\r\n: ping\r\n") < all.find("\r\n: next\r\n"));
    CHECK(all.find("\r\n: next\r\n") < all.find("[DONE]"));
    CHECK(all.find("retry: 1000") != std::string::npos);
}

TEST_CASE("the service sees that a client has left a stream")
{
    auto const* port = GENERATE(plain, tls13);
    auto const user = std::string("endless ") + port;
    INFO(user);
    caller f(port);
    auto const url = f.model.at("chat/completions");
    SECTION("by its end")
    {
        CHECK(f.run(first_token(f.client, url, question("one two", user + " 1"))) == "one");
        auto const left = f.app.at("left/").with_query("user", user + " 1");
        CHECK(text(f.json(left, request::get()).at("left")) == user + " 1");
    }
    SECTION("by a cancellation")
    {
        asio::cancellation_signal cancel;
        auto asked = request::json(question("one two", user + " 2"));
        std::string all;
        asked.sink([&](std::string piece) {
            asio::post(f.io, [&] { cancel.emit(asio::cancellation_type::terminal); });
            return keep(all, std::move(piece));
        });
        boost::system::error_code code;
        f.client.call(url, asked,
                      asio::bind_cancellation_slot(
                          cancel.slot(), [&](practicus::error_code e, response const&) { code = e; }));
        f.io.restart();
        f.io.run();
        CHECK(code == asio::error::operation_aborted);
        CHECK(all.find("one") != std::string::npos);
        auto const left = f.app.at("left/").with_query("user", user + " 2");
        CHECK(text(f.json(left, request::get()).at("left")) == user + " 2");
    }
}

TEST_CASE("an app's endpoints take JSON and a query")
{
    caller f;
    CHECK(f.call(f.app.at("say-hello/"), request::json(R"({"name":"x","times":3})")).body ==
          R"({"hello":"xxx"})");
    auto const sensor =
        f.app.at("sensor/").with_query("table_name", "T\xc3\xa4g & 1%+?#").with_query("row", "7");
    auto const answer = f.json(sensor, request::get());
    CHECK(answer.at("table_name") == "T\xc3\xa4g & 1%+?#");
    CHECK(answer.at("row") == 7);
    // Without the slash, FastAPI redirects.
    CHECK(f.json(f.app.at("sensor?table_name=t"), request::get()).at("table_name") == "t");
}

TEST_CASE("a HEAD gets the fields of the GET, and leaves the connection usable")
{
    caller f;
    for (int i = 0; i != 3; ++i) {
        auto const head = f.call(f.app.at("report/"), request().method("HEAD"));
        CHECK(head.status == 200);
        CHECK(head.field("content-length") == "100000");
        CHECK(head.field("x-report") == "7");
        CHECK(head.body.empty());
        CHECK(f.call(f.app.at("report/"), request::get()).body == std::string(100'000, 'x'));
    }
    CHECK(f.client.stats().connections.connects == 1);
}

TEST_CASE("uploaded files arrive with their names, types and contents")
{
    caller f;
    struct named
    {
        char const* sent;
        char const* got;
    };
    std::string bytes;
    for (int i = 0; i != 70'000; ++i)
        bytes += static_cast<char>(i % 251);
    for (auto const& name : std::vector<named>{
             {"a.csv", "a.csv"},
             {"", ""},
             {"a b;c=d.csv", "a b;c=d.csv"},
             {"Gr\xc3\xb6\xc3\x9f"
              "e \xe8\xa1\xa8.csv",
              "Gr\xc3\xb6\xc3\x9f"
              "e \xe8\xa1\xa8.csv"},
             {"'a'\\b.csv", "'a'\\b.csv"},
             // As browsers do: the service gets these as they are escaped.
             {"a\"b\".csv", "a%22b%22.csv"},
             {"a\r\nContent-Type: x\r\n\r\nb.csv", "a%0D%0AContent-Type: x%0D%0A%0D%0Ab.csv"},
         }) {
        INFO(name.sent);
        practicus::form_data form;
        form.field("note", "two\r\n--lines").file("file", name.sent, "text/csv", bytes);
        form.file("file", "second", "application/octet-stream", "");
        auto const answer = f.json(f.app.at("upload/"), request().multipart(std::move(form)));
        REQUIRE(answer.at("files").as_array().size() == 2);
        auto const& first = answer.at("files").at(0);
        CHECK(first.at("filename") == name.got);
        CHECK(first.at("content_type") == "text/csv");
        CHECK(first.at("size") == bytes.size());
        CHECK(text(first.at("sha256")) == practicus::detail::sha256_hex(bytes));
        CHECK(answer.at("files").at(1).at("size") == 0);
        CHECK(answer.at("note") == "two\r\n--lines");
    }
    for (auto const& bad : {std::string("a\0b", 3), std::string("a\x01"), std::string("a\x7f")}) {
        practicus::form_data form;
        CHECK_THROWS_AS(form.file("file", bad, "text/csv", bytes), practicus::error);
    }
}

TEST_CASE("a large file and a large body come from sources")
{
    auto const* port = GENERATE(plain, tls13);
    INFO(port);
    caller f(port);
    auto const digest = practicus::detail::sha256_hex(all_pieces());
    for (bool const known : {true, false}) {
        auto const size = known ? std::optional<std::uint64_t>(all_pieces().size()) : std::nullopt;
        pieces file;
        practicus::form_data form;
        form.file("file", "large", "text/csv", file.source(), size);
        auto const uploaded = f.json(f.app.at("upload/"), request().multipart(std::move(form)));
        CHECK(uploaded.at("files").at(0).at("size") == all_pieces().size());
        CHECK(text(uploaded.at("files").at(0).at("sha256")) == digest);
        for (char const* method : {"POST", "PUT"}) {
            pieces body;
            auto const answer =
                f.json(f.app.at("digest/"), request().method(method).body(body.source(), size));
            CHECK(answer.at("method") == method);
            CHECK(answer.at("size") == all_pieces().size());
            CHECK(text(answer.at("sha256")) == digest);
        }
    }
}

TEST_CASE("an answer before the end of the request is the result")
{
    auto const* port = GENERATE(plain, tls13);
    INFO(port);
    caller f(port);
    pieces body;
    auto const info = f.failure(f.app.at("early/"), request().body(body.source()));
    CHECK(info.status == 413);
    CHECK(info.server_message == "The table is too large");
    CHECK(body.asked < many);
    CHECK(f.call(f.app.at("say-hello/"), request::json(R"({"name":"x"})")).status == 200);
}

TEST_CASE("errors of a service are read")
{
    caller f;
    auto const hello = f.app.at("say-hello/");
    SECTION("FastAPI's own, for a request that does not fit")
    {
        auto const info = f.failure(hello, request::json(R"({"times":0,"name":["a secret"]})"));
        CHECK(info.status == 422);
        CHECK(info.code == errc::bad_request);
        CHECK(info.server_message == "body.name: Input should be a valid string; "
                                     "body.times: Input should be greater than or equal to 1");
        CHECK(info.server_code == "string_type");
        CHECK(f.failure(hello, request::json("{")).server_message.starts_with("body.1: JSON decode error"));
        CHECK(f.failure(f.app.at("sensor/"), request::get()).server_message ==
              "query.table_name: Field required");
        CHECK(f.failure(f.app.at("upload/"), request().multipart(practicus::form_data().field("a", "b")))
                  .server_message == "body.file: Field required");
    }
    SECTION("raised by the service")
    {
        auto const missing = f.failure(f.app.at("sensor/?table_name=none"), request::get());
        CHECK(missing.code == errc::not_found);
        CHECK(missing.server_message == "There is no such table");
        auto const locked = f.failure(f.app.at("sensor/?table_name=locked"), request::get());
        CHECK(locked.status == 409);
        CHECK(locked.server_message == "The table is locked admin");
        auto const overload =
            f.failure(f.model, request::json(R"({"messages":[{"role":"user","content":"overload"}]})"));
        CHECK(overload.status == 429);
        CHECK(overload.server_message == "too many");
        CHECK(overload.server_code == "rate_limit");
    }
    SECTION("in a form of its own")
    {
        auto const info =
            f.failure(f.client.model_url("models/llm", "strict"), request::json(R"({"times":1})"));
        CHECK(info.status == 400);
        CHECK(info.server_message == "The request is malformed: Field required");
    }
    SECTION("for a token and a path that it does not know")
    {
        caller stranger(plain, "another");
        auto const refused = stranger.failure(stranger.app.at("say-hello/"), request::json("{}"));
        CHECK(refused.code == errc::unauthorized);
        CHECK(refused.server_message == "Invalid token");
        CHECK(f.failure(f.app.at("nowhere/"), request::get()).code == errc::not_found);
        CHECK(f.failure(hello, request().method("PATCH")).status == 405);
    }
}
