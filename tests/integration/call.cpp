// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Calls of any path of a model or an app: what is sent, what comes back, what is sent again.

#include "fixture.hpp"
#include "internals.hpp"

#include <practicus/mock/compression.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using practicus::app_url;
using practicus::call_url;
using practicus::content_encoding;
using practicus::errc;
using practicus::model_url;
using practicus::request;
using practicus::response;
using namespace std::chrono_literals;

namespace {

constexpr char const* chat_path = "/models/practicus/diamond-price/chat/completions";

struct calling : fixture
{
    explicit calling(practicus::client_options options = practicus::client_options())
        : caller(user(std::move(options)))
    {
        runtime_of(caller).random().fix(0);
    }

    call_url chat() const
    {
        return caller.model_url("models/practicus", "diamond-price").at("chat/completions");
    }

    response call(call_url const& url, request const& what) { return run(caller.call(url, what)); }
    response call(request const& what) { return call(chat(), what); }
    practicus::error_info refused(request const& what) { return failure(caller.call(chat(), what)); }

    /// The newest request of the path.
    practicus::mock::request sent(std::string_view path = chat_path) const
    {
        practicus::mock::request newest;
        for (auto const& r : server.requests())
            if (r.path() == path) newest = r;
        return newest;
    }

    practicus::client caller;
};

/// Runs a call in simulated time, which goes on by a second in each pause.
struct waiting : calling
{
    explicit waiting(practicus::client_options options = once())
        : calling(std::move(options)), clock(clock_of(caller))
    {
        clock.simulate(clock.now(), clock.system_now());
    }

    void call_until_it_ends(request const& what)
    {
        if (auto got = until_it_ends(caller.call(chat(), what))) answer = std::move(*got);
    }

    template <class T>
    std::optional<T> until_it_ends(asio::awaitable<T> operation)
    {
        std::optional<T> result;
        auto const began = clock.now();
        bool ended = false;
        asio::co_spawn(io, std::move(operation), [&](std::exception_ptr thrown, T got) {
            ended = true;
            try {
                if (thrown) std::rethrow_exception(thrown);
                result = std::move(got);
            } catch (practicus::error const& e) {
                why = e.info();
            }
        });
        auto paused = caller.stats().retries;
        auto until = clock.now();
        poll_until(io, [&] {
            if (auto const now = caller.stats().retries; now != std::exchange(paused, now)) until += pause;
            if (until > clock.now() && !ended) clock.advance(until - clock.now());
            return ended;
        });
        took = clock.now() - began;
        return result;
    }

    practicus::detail::clock& clock;
    std::chrono::nanoseconds pause = 1s;
    std::chrono::nanoseconds took{};
    response answer;
    practicus::error_info why;
};

asio::awaitable<std::string> next_piece(std::shared_ptr<std::vector<std::string>> left)
{
    if (left->empty()) co_return std::string();
    auto piece = std::move(left->back());
    left->pop_back();
    co_return piece;
}

practicus::body_source source_of(std::vector<std::string> pieces)
{
    auto left = std::make_shared<std::vector<std::string>>(pieces.rbegin(), pieces.rend());
    return [left] { return next_piece(left); };
}

asio::awaitable<void> append_to(std::string& all, std::string piece)
{
    all += piece;
    co_return;
}

} // namespace

TEST_CASE("a JSON body goes to a path of a model, with the model's session token")
{
    calling f;
    f.server.expect("POST", chat_path).reply(200, R"({"choices":[]})").header("X-Request-Id", "7");
    auto const got = f.call(request::json(boost::json::object{{"model", "m"}}));
    CHECK(got.status == 200);
    CHECK(got.body == R"({"choices":[]})");
    CHECK(got.content_type == "application/json");
    CHECK(got.field("x-request-id") == "7");
    CHECK(got.field("Content-Length") == "14");
    CHECK(got.attempts == 1);
    CHECK(got.elapsed >= got.timings.total());
    auto const sent = f.sent();
    CHECK(sent.target == chat_path);
    CHECK(sent.body == R"({"model":"m"})");
    CHECK(sent.headers["content-type"] == "application/json");
    CHECK(sent.headers["accept"] == "*/*");
    auto const bearer = std::string(sent.headers["authorization"]).substr(7);
    CHECK(bearer == f.run(f.caller.session_token(model_url(f.model()))).value().reveal());
}

TEST_CASE("any method, query, field and type is sent as the caller gives it")
{
    calling f;
    f.server.expect("*", std::string(chat_path) + "*").reply(200, "x", "text/plain").always();
    f.call(f.chat().with_query("a", "1 2"), request::get().field("X-One", "1").field("X-Two", "2"));
    auto sent = f.sent();
    CHECK(sent.method == "GET");
    CHECK(sent.target == std::string(chat_path) + "?a=1%202");
    CHECK(sent.headers["x-one"] == "1");
    CHECK(sent.headers["x-two"] == "2");
    CHECK_FALSE(sent.headers.contains("content-type"));
    CHECK_FALSE(sent.headers.contains("content-length"));
    for (char const* method : {"PUT", "PATCH", "DELETE", "OPTIONS"}) {
        f.call(request().method(method).body("x").content_type("text/plain").accept("text/event-stream"));
        sent = f.sent();
        CHECK(sent.method == method);
        CHECK(sent.body == "x");
        CHECK(sent.headers["content-type"] == "text/plain");
        CHECK(sent.headers["accept"] == "text/event-stream");
        CHECK(sent.headers["accept-encoding"] == "identity");
    }
    f.call(request().method("PUT"));
    CHECK(f.sent().headers["content-length"] == "0");
}

TEST_CASE("a HEAD gets the fields and no body, and leaves the connection usable")
{
    calling f;
    f.server.expect("HEAD", chat_path).reply(503);
    f.server.expect("HEAD", chat_path).reply(200, "12345", "text/plain").times(2);
    auto const got = f.call(request().method("HEAD").body_limit(1));
    CHECK(f.sent().method == "HEAD");
    CHECK(got.status == 200);
    CHECK(got.attempts == 2);
    CHECK(got.field("content-length") == "5");
    CHECK(got.body.empty());
    std::string all;
    practicus::body_sink const sink = [&](std::string piece) { return append_to(all, std::move(piece)); };
    f.call(request().method("HEAD").encoding(content_encoding::gzip()).sink(sink));
    CHECK(all.empty());
    f.server.expect("HEAD", chat_path).reply(404, "no");
    CHECK(f.refused(request().method("HEAD")).code == errc::not_found);
    f.server.expect("HEAD", chat_path).reply(301).header("Location", chat_path + std::string("/"));
    f.server.expect("HEAD", chat_path + std::string("/")).reply(204);
    CHECK(f.call(request().method("HEAD")).status == 204);
    f.server.expect("GET", chat_path).reply(200, "x");
    CHECK(f.call(request::get()).body == "x");
    CHECK(f.server.connections() == 1);
}

TEST_CASE("an app is called with the app's session token")
{
    calling f;
    auto const api = "/apps/tools/viewer/api/v1/say-hello/";
    f.server.expect("POST", api).reply(200, R"({"hello":"x"})");
    auto const viewer = f.caller.app_url("apps/tools", "viewer", "1");
    CHECK(f.call(viewer.at("say-hello/"), request::json("{}")).body == R"({"hello":"x"})");
    auto const bearer = std::string(f.sent(api).headers["authorization"]).substr(7);
    CHECK(bearer == f.run(f.caller.session_token(viewer)).value().reveal());
    f.server.expect("GET", "/apps/tools/viewer/api/sensor/").reply(200, "[]");
    auto const sensor = f.caller.app_url("apps/tools", "viewer").at("sensor/?table_name=t");
    CHECK(f.call(sensor, request::get()).body == "[]");
    CHECK(f.sent("/apps/tools/viewer/api/sensor/").query() == "table_name=t");
}

TEST_CASE("a completion token gets the response of a call, or its code")
{
    calling f;
    auto const both = [](practicus::client c, call_url url) -> asio::awaitable<int> {
        auto [code, got] = co_await c.call(url, request::get(), asio::as_tuple(asio::deferred));
        auto [missing, none] = co_await c.call(url, request::get(), asio::as_tuple(asio::deferred));
        co_return !code && got.body == "x" && missing == errc::not_found && none.status == 0;
    };
    f.server.expect("GET", chat_path).reply(200, "x");
    f.server.expect("GET", chat_path).reply(404);
    CHECK(f.run(both(f.caller, f.chat())) == 1);
}

TEST_CASE("a call streams both bodies, encoded")
{
    calling f;
    f.server.expect("POST", chat_path).reply(200, "one two", "text/event-stream");
    std::string all;
    practicus::body_sink const sink = [&](std::string piece) { return append_to(all, std::move(piece)); };
    auto const got = f.call(request().body(source_of({"a", "bc"})).sink(sink));
    CHECK(got.body.empty());
    CHECK(all == "one two");
    CHECK(f.sent().body == "abc");
    CHECK(f.sent().headers["transfer-encoding"] == "chunked");
    f.server.expect("POST", chat_path).reply(200, "x");
    f.call(request::json("{}").encoding(content_encoding::gzip()));
    CHECK(f.sent().headers["content-encoding"] == "gzip");
    CHECK(f.sent().headers["accept-encoding"] == "gzip");
    // Without a body, only the response may be encoded.
    f.server.expect("GET", chat_path).reply(200, "x");
    f.call(request::get().encoding(content_encoding::gzip()));
    CHECK(f.sent().body.empty());
    CHECK_FALSE(f.sent().headers.contains("content-encoding"));
    CHECK_FALSE(f.sent().headers.contains("content-length"));
    CHECK(f.sent().headers["accept-encoding"] == "gzip");
    // A type that is not wanted never reaches the sink.
    f.server.expect("POST", chat_path).reply(200, "page", "text/html");
    auto const page = f.refused(request::json("{}").sink(sink).response_type("text/event-stream"));
    CHECK(page.code == errc::unexpected_response);
    CHECK(all == "one two");
}

TEST_CASE("a source of a known size is sent with that length, and must give it")
{
    calling f;
    auto const large = std::string(50'000, 'a');
    f.server.expect("POST", chat_path).reply(200, "x").times(2);
    f.call(request().body(source_of({"a", large, "bc", large}), 100'003));
    CHECK(f.sent().headers["content-length"] == "100003");
    CHECK_FALSE(f.sent().headers.contains("transfer-encoding"));
    CHECK(f.sent().body == "a" + large + "bc" + large);
    f.call(request().body(source_of({}), 0));
    CHECK(f.sent().headers["content-length"] == "0");
    // The length of an encoded body is not known.
    f.server.expect("POST", chat_path).reply(200, "x");
    f.call(request().body(source_of({"abc"}), 3).encoding(content_encoding::gzip()));
    CHECK(f.sent().headers["transfer-encoding"] == "chunked");
    // Last: what has come of such a request may still reach the server later.
    for (auto const size : {2U, 4U}) {
        auto const info = f.refused(request().body(source_of({"abc"}), size));
        CHECK(info.code == errc::invalid_argument);
        CHECK(info.message == "the body's source gives not its size");
    }
}

TEST_CASE("a source is not asked again once its size is given, and its connection stays")
{
    calling f;
    f.server.expect("POST", chat_path).reply(200, "x").always();
    for (std::size_t const size : {0U, 3U, 50'000U}) {
        int asked = 0;
        practicus::body_source const source = [&] {
            ++asked;
            return next_piece(
                std::make_shared<std::vector<std::string>>(std::vector{std::string(size, 'a')}));
        };
        f.call(request().body(source, size));
        CHECK(asked == (size == 0 ? 0 : 1));
        CHECK(f.sent().body == std::string(size, 'a'));
        // The encoding of a body has its own end.
        f.call(request().body(source, size).encoding(content_encoding::gzip()));
        CHECK(asked == (size == 0 ? 0 : 2));
        CHECK(f.sent().headers["content-encoding"] == "gzip");
    }
    CHECK(f.server.connections() == 1);
    for (auto const size : {2U, 4U}) {
        auto what = request().body(source_of({"abc"}), size).encoding(content_encoding::gzip());
        CHECK(f.refused(what).code == errc::invalid_argument);
    }
}

TEST_CASE("of a response of another type only the beginning is read")
{
    calling f;
    auto const page = "<title>Sign in</title>" + std::string(4 << 20, ' ');
    std::string all;
    practicus::body_sink const sink = [&](std::string piece) { return append_to(all, std::move(piece)); };
    auto const what = std::move(request::json("{}").response_type("text/event-stream"));
    f.run(f.caller.session_token(model_url(f.model())));
    for (bool const streamed : {true, false}) {
        auto asked = what;
        if (streamed) asked.sink(sink);
        auto const before = f.server.connections();
        // It never ends.
        f.server.expect("POST", chat_path).reply(200, page, "text/html").stall_after(200'000);
        auto const info = f.refused(asked);
        CHECK(info.code == errc::unexpected_response);
        CHECK(info.server_message == "text/html: Sign in");
        CHECK(f.caller.stats().connections.open == 0);
        CHECK(f.server.connections() - before <= 1);
        auto const packed = practicus::mock::zlib_codecs().front().encode(page);
        f.server.expect("POST", chat_path)
            .reply(200, packed, "text/html")
            .header("Content-Encoding", "gzip")
            .stall_after_head(packed.size() - 1);
        CHECK(f.refused(asked.encoding(content_encoding::gzip())).server_message == "text/html: Sign in");
    }
    CHECK(all.empty());
    // A short one is read to its end.
    f.server.expect("POST", chat_path).reply(200, "<p>no", "text/html").times(2);
    for (int i = 0; i != 2; ++i)
        CHECK(f.refused(what).server_message == "text/html: no");
    CHECK(f.caller.stats().connections.open == 1);
}

TEST_CASE("a form goes out with its fields and files")
{
    calling f;
    f.server.expect("POST", chat_path).reply(200, "x").times(3);
    auto const form = [](std::optional<std::uint64_t> size) {
        practicus::form_data parts;
        parts.field("purpose", "batch").file("file", "a.csv", "text/csv", source_of({"c\n", "1\n"}), size);
        return parts;
    };
    f.call(request().multipart(form(4)));
    auto const whole = f.sent();
    CHECK(whole.headers["content-length"] == std::to_string(whole.body.size()));
    practicus::form_data empty_file;
    empty_file.field("purpose", "batch").file("file", "a.csv", "text/csv", source_of({}));
    auto const reused = std::move(request().multipart(std::move(empty_file)));
    f.server.expect("POST", chat_path).reply(200, "x").times(2);
    f.call(reused);
    auto const first = f.sent();
    f.call(reused);
    CHECK(f.sent().body == first.body);
    f.call(request().multipart(form(std::nullopt)));
    CHECK(f.sent().headers["transfer-encoding"] == "chunked");
    CHECK(f.sent().body.size() == whole.body.size());
    auto parts = practicus::form_data();
    parts.field("purpose", "batch").file("file", "a.csv", "text/csv", "c\n1\n");
    f.call(request().multipart(parts));
    auto const boundary = "multipart/form-data; boundary=" + parts.boundary();
    CHECK(f.sent().headers["content-type"] == boundary);
    CHECK(f.sent().body.size() == whole.body.size());
}

TEST_CASE("a call's 401 is answered with a new token, once")
{
    calling f;
    f.server.expect("POST", chat_path).reply(401);
    f.server.expect("POST", chat_path).reply(200, "x");
    CHECK(f.call(request::json("{}")).body == "x");
    CHECK(f.server.count("GET modelhost/model-auth/") == 2);
    f.server.expect("POST", chat_path).reply(401, R"({"error":{"message":"no","code":"bad_key"}})").times(2);
    auto const failed = f.refused(request::json("{}"));
    CHECK(failed.code == errc::unauthorized);
    CHECK(failed.server_message == "no");
    CHECK(failed.server_code == "bad_key");
    CHECK(failed.request == std::string("POST ") + chat_path);
}

TEST_CASE("a call is sent again as its method and its options allow")
{
    calling f;
    for (char const* method : {"GET", "PUT", "DELETE"}) {
        f.server.expect(method, chat_path).reply(503).times(2);
        f.server.expect(method, chat_path).reply(200, "x");
        CHECK(f.call(request().method(method)).attempts == 3);
    }
    f.server.expect("POST", chat_path).reply(503);
    CHECK(f.refused(request::json("{}")).attempts == 1);
    f.server.expect("POST", chat_path).reply(503).times(2);
    f.server.expect("POST", chat_path).reply(200, "x");
    CHECK(f.call(request::json("{}").idempotent()).attempts == 3);
}

TEST_CASE("what a call refuses reaches no server")
{
    calling f;
    f.run(f.caller.session_token(model_url(f.model())));
    auto const before = f.server.count();
    auto const foreign = model_url("https://models.elsewhere.com/m/llm/v1/").at("chat/completions");
    auto const info = f.failure(f.caller.call(foreign, request::get()));
    CHECK(info.code == errc::untrusted_origin);
    CHECK(f.server.count() == before);
}

TEST_CASE("a call's response is limited by its own option")
{
    calling f;
    f.server.expect("POST", chat_path).reply(200, std::string(100, 'x'));
    auto const info = f.refused(request::json("{}").body_limit(99));
    CHECK(info.code == errc::body_too_large);
    CHECK(info.message == "request::body_limit is its limit");
}

TEST_CASE("a model that is not up is waited for as long as the call's patience lasts")
{
    waiting f;
    SECTION("until it is up")
    {
        f.server.expect("POST", chat_path).reply(503, "no healthy upstream", "text/plain").times(40);
        f.server.expect("POST", chat_path).reply(200, "up");
        f.call_until_it_ends(request::json("{}").patience(60s));
        CHECK(f.answer.body == "up");
        CHECK(f.answer.attempts == 41);
        CHECK(f.took == 40s);
    }
    SECTION("until the patience ends, with a last attempt")
    {
        f.server.expect("POST", chat_path).reply(503, "no healthy upstream", "text/plain").always();
        f.call_until_it_ends(request::json("{}").patience(10s));
        CHECK(f.why.code == errc::unavailable);
        CHECK(f.why.server_message == "no healthy upstream");
        CHECK(f.took == 10s);
    }
    SECTION("not at all by default")
    {
        f.server.expect("POST", chat_path).reply(503);
        f.call_until_it_ends(request::json("{}"));
        CHECK(f.why.attempts == 1);
    }
    SECTION("as the server asks")
    {
        f.server.expect("POST", chat_path).reply(503).header("Retry-After", "7");
        f.server.expect("POST", chat_path).reply(200, "up");
        f.pause = 7s;
        f.call_until_it_ends(request::json("{}").patience(10s));
        CHECK(f.answer.body == "up");
        CHECK(f.took == 7s);
    }
    SECTION("not if the server asks for more")
    {
        f.server.expect("POST", chat_path).reply(503).header("Retry-After", "11");
        f.call_until_it_ends(request::json("{}").patience(10s));
        CHECK(f.why.code == errc::unavailable);
        CHECK(f.why.attempts == 1);
        CHECK(f.why.retry_after == 11s);
    }
    SECTION("also when it cannot say its id")
    {
        f.server.expect("GET", "/models/practicus/diamond-price/").reply(503).times(5);
        f.server.expect("POST", chat_path).reply(200, "up");
        f.call_until_it_ends(request::json("{}").patience(60s));
        CHECK(f.answer.body == "up");
        CHECK(f.took == 5s);
    }
}

TEST_CASE("an error is the result although its body stalls longer than the call's own limit of pauses")
{
    calling f;
    f.server.expect("POST", chat_path).reply(400, R"({"detail":"no"})").stall_after_head(4);
    auto const failed = f.refused(std::move(request::json("{}").between_bytes(30ms).idempotent()));
    CHECK(failed.code == errc::bad_request);
    CHECK(failed.attempts == 1);
}

TEST_CASE("a request for an id that a proxy holds back is sent again as long as the patience lasts")
{
    waiting f{practicus::client_options()};
    practicus::mock::gate gate;
    f.server.expect("GET", "/models/practicus/diamond-price/").hold(gate);
    f.server.expect("GET", "/models/practicus/diamond-price/").reply(503).times(2);
    ends result;
    auto const began = f.clock.now();
    asio::co_spawn(f.io, f.caller.call(f.chat(), request::json("{}").patience(60s)), result.handler());
    f.server.expect("POST", chat_path).reply(200, "up");
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    f.clock.advance(30s);
    std::uint64_t paused = 0;
    poll_until(f.io, [&] {
        if (auto const now = f.caller.stats().retries; now != std::exchange(paused, now)) f.clock.advance(1s);
        return result.served + result.other == 1;
    });
    CHECK(result.served == 1);
    CHECK(f.clock.now() - began == 33s);
    gate.open();
}

TEST_CASE("operations with patience wait for a model or an app that is not up")
{
    waiting f;
    auto const url = f.caller.model_url("models/practicus", "diamond-price");
    practicus::call_options with;
    with.patience(60s).timeout(0s);
    auto const starts = [&](char const* path, int refusals) {
        f.server.expect("GET", path).reply(503, "no healthy upstream", "text/plain").times(refusals);
    };
    SECTION("a model's id, asked for in this call or for all callers")
    {
        with.ask_id(GENERATE(false, true));
        starts("/models/practicus/diamond-price/", 40);
        CHECK(f.until_it_ends(f.caller.with(with).model_id(url)) == 42);
        CHECK(f.took == 40s);
    }
    SECTION("a model's metadata")
    {
        starts("/models/practicus/diamond-price/", 40);
        CHECK(f.until_it_ends(f.caller.with(with).model_metadata(url)));
        CHECK(f.took == 40s);
    }
    SECTION("a token of an app, whose id is asked for without a token")
    {
        with.ask_id(GENERATE(false, true));
        starts("/apps/tools/viewer/api/", 40);
        CHECK(f.until_it_ends(f.caller.with(with).session_token(f.caller.app_url("apps/tools", "viewer"))));
        CHECK(f.took == 40s);
    }
    SECTION("a request without a patience of its own")
    {
        f.server.expect("POST", chat_path).reply(503).times(40);
        f.server.expect("POST", chat_path).reply(200, "up");
        CHECK(f.until_it_ends(f.caller.with(with).call(f.chat(), request::json("{}")))->body == "up");
        CHECK(f.took == 40s);
    }
    SECTION("until the patience ends, with a last attempt")
    {
        starts("/models/practicus/diamond-price/", 61);
        CHECK_FALSE(f.until_it_ends(f.caller.with(with.ask_id()).model_id(url)));
        CHECK(f.why.code == errc::unavailable);
        CHECK(f.why.elapsed == 60s);
    }
    SECTION("not beyond the time limit")
    {
        with.timeout(10s);
        starts("/models/practicus/diamond-price/", 10);
        CHECK_FALSE(f.until_it_ends(f.caller.with(with.ask_id()).model_id(url)));
        CHECK(f.why.code == errc::unavailable);
        CHECK(f.why.attempts == 10);
    }
}

namespace {

// What a call fetches before it is sent.
constexpr char const* id_path = "/models/practicus/diamond-price/";
constexpr char const* token_path = "/console/api/modelhost/model-auth/";

} // namespace

TEST_CASE("the wait for what a patient call fetches takes nothing from the retry budget")
{
    waiting f{practicus::client_options()};
    constexpr int pauses = 150;
    f.server.expect("GET", GENERATE(id_path, token_path)).reply(503).times(pauses);
    f.server.expect("POST", chat_path).reply(200, "up");
    f.call_until_it_ends(request::json("{}").patience(600s));
    CHECK(f.answer.body == "up");
    CHECK(f.took == pauses * 1s);
    f.server.expect("GET", chat_path).reply(503).times(2);
    f.server.expect("GET", chat_path).reply(200, "x");
    CHECK(f.call(request::get()).attempts == 3);
}

namespace {

/// A patient call, and one without patience that shares what the first one fetches, first by `gate`.
struct impatient_call : waiting
{
    impatient_call() : waiting(practicus::client_options()) {}

    void run()
    {
        asio::co_spawn(io, caller.call(chat(), request::json("{}").patience(60s)), patient.handler());
        poll_until(io, [&] { return gate.waiting() == 1; });
        auto const began = clock.now();
        asio::co_spawn(io, caller.call(chat(), request::json("{}")),
                       [this](std::exception_ptr thrown, response const&) {
                           other.add(thrown);
                           try {
                               if (thrown) std::rethrow_exception(thrown);
                           } catch (practicus::error const& e) {
                               why = e.info();
                           }
                       });
        io.poll();
        gate.open();
        poll_until(io, [&] { return other.served + other.other == 1; });
        CHECK(clock.now() == began);
    }

    /// The patient call waits for itself.
    void end()
    {
        poll_until(io, [&] {
            clock.advance(1s);
            return patient.served + patient.other == 1;
        });
        CHECK(patient.served == 1);
    }

    practicus::mock::gate gate;
    ends patient, other;
};

} // namespace

TEST_CASE("a call without patience that shares a fetch of a patient one has its usual attempts")
{
    impatient_call f;
    auto const path = GENERATE(id_path, token_path);
    int const refusals = GENERATE(1, 2, 3);
    f.server.expect("GET", path).reply(503).hold(f.gate);
    if (refusals > 1) f.server.expect("GET", path).reply(503).times(refusals - 1);
    f.server.expect("POST", chat_path).reply(200, "up").times(refusals == 3 ? 1 : 2);
    f.run();
    CHECK(f.other.served == (refusals == 3 ? 0 : 1));
    CHECK(f.why.attempts == (refusals == 3 ? 3 : 0));
    f.end();
}

TEST_CASE("a call without patience that shares a fetch of a patient one has them after a new token")
{
    impatient_call f;
    f.server.expect("GET", id_path).reply(401).hold(f.gate);
    f.server.expect("GET", id_path).reply(503);
    f.server.expect("POST", chat_path).reply(200, "up").times(2);
    f.run();
    CHECK(f.other.served == 1);
    f.end();
}
