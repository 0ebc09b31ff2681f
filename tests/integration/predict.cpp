// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Calls of models: bodies whole and in pieces, both ways, encoded or not; tokens, and what is sent again.

#include "fixture.hpp"
#include "internals.hpp"

#include <practicus/lz4.hpp>
#include <practicus/mock/lz4.hpp>
#include <practicus/mock/prediction.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <deque>
#include <exception>
#include <string>
#include <vector>

using practicus::content_encoding;
using practicus::errc;
using practicus::predict_options;
using practicus::prediction;
using practicus::mock::predict_csv;
using namespace std::chrono_literals;

namespace {

std::string rows(int n)
{
    std::string text = "carat,cut,price\n";
    for (int i = 0; i != n; ++i)
        text += std::to_string(i % 50) + ",\"very, good\"," + std::to_string(i) + "\n";
    return text;
}

constexpr char const* diamond_path = "/models/practicus/diamond-price/";
constexpr char const* writer_path = "/llm/assistant/";

struct predicting : fixture
{
    predicting() { server.region().add(practicus::mock::lz4_codec()); }

    std::string writer() const { return server.url() + writer_path; }
};

asio::awaitable<void> keep(std::vector<std::string>& pieces, std::string piece)
{
    pieces.push_back(std::move(piece));
    co_return;
}

practicus::body_sink kept_in(std::vector<std::string>& pieces)
{
    return [&pieces](std::string piece) { return keep(pieces, std::move(piece)); };
}

asio::awaitable<std::string> next_of(std::deque<std::string>& pieces)
{
    if (pieces.empty()) co_return std::string();
    auto piece = std::move(pieces.front());
    pieces.pop_front();
    co_return piece;
}

practicus::body_source taken_from(std::deque<std::string>& pieces)
{
    return [&pieces] { return next_of(pieces); };
}

} // namespace

TEST_CASE("a prediction says which version of the model has responded")
{
    fixture f;
    f.server.expect("POST", "/models/practicus/diamond-price/")
        .reply(200, "x")
        .header("x-prt-model-id", "42")
        .header("x-prt-model-name", "diamond-price")
        .header("x-prt-model-prefix", "models/practicus")
        .header("X-Prt-Model-Version", "v2")
        .header("x-prt-model-weight", "10")
        .header("x-prt-deployment-key", "dev")
        .header("x-prt-pod-name", "dev-0");
    auto const user = f.user();
    auto const by = f.run(user.predict(f.model(), "x")).served_by();
    CHECK(by.model_id == "42");
    CHECK(by.model_name == "diamond-price");
    CHECK(by.model_prefix == "models/practicus");
    CHECK(by.model_version == "v2");
    CHECK(by.model_weight == "10");
    CHECK(by.deployment_key == "dev");
    CHECK(by.pod_name == "dev-0");
    f.server.expect("POST", "/models/practicus/diamond-price/").reply(200, "x").header("X-Other", "1");
    auto const silent = f.run(user.predict(f.model(), "x"));
    CHECK(silent.served_by().model_version.empty());
    CHECK(silent.fields.empty());
}

TEST_CASE("predict: the whole flow, from a password to predictions")
{
    predicting f;
    auto client = f.user();
    auto const text = rows(100);
    auto const answer = f.run(client.predict(f.model(), text));
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "text/csv");
    CHECK(answer.content_encoding.empty());
    CHECK(answer.body == predict_csv(text));
    CHECK(answer.attempts == 1); // what came before it are operations of their own
    CHECK(answer.elapsed >= answer.timings.total());
}

TEST_CASE("predict: the bytes of the request")
{
    predicting f;
    auto client = f.user();
    f.run(client.predict(f.model(), "a\n1\n"));
    auto const sent = f.server.requests().back();
    CHECK(sent.method == "POST");
    CHECK(sent.target == diamond_path);
    CHECK(sent.headers["content-type"] == "text/csv");
    CHECK(sent.headers["accept"] == "*/*");
    CHECK(sent.headers["content-length"] == "4");
    CHECK_FALSE(sent.headers.contains("content-encoding"));
    auto const bearer = std::string(sent.headers["authorization"]).substr(7);
    CHECK(practicus::read_jwt(bearer).type == practicus::token_type::session);

    auto const json = predict_options().content_type("application/json").method(practicus::http_method::get);
    auto const answer = f.run(client.predict(f.model(), R"({"a":1})", json));
    CHECK(answer.body == R"({"echo":{"a":1}})");
    CHECK(f.server.requests().back().method == "GET");
    CHECK(f.server.requests().back().body == R"({"a":1})");

    // Whatever is written cannot be given by a caller as well.
    f.run(client.predict(f.model(), "a\n1\n", predict_options().encoding(content_encoding::gzip())));
    std::deque<std::string> pieces{"a\n", "1\n"};
    f.run(client.predict(f.model(), taken_from(pieces)));
    for (auto const& request : f.server.requests())
        for (auto const& [name, value] : request.headers) {
            INFO(name);
            CHECK_THROWS_AS(practicus::call_options().header(name, "x"), practicus::error);
        }
}

TEST_CASE("predict: an empty body has no type, and an empty source is refused")
{
    predicting f;
    auto client = f.user();
    // The model does not take it, but the mock finds no fault with the request.
    CHECK(f.failure(client.predict(f.model(), "")).code == errc::bad_request);
    CHECK_FALSE(f.server.requests().back().headers.contains("content-type"));
    CHECK(f.failure(client.predict(f.model(), practicus::body_source())).code == errc::invalid_argument);
}

TEST_CASE("predict: x-gzip is gzip")
{
    predicting f;
    auto client = f.user();
    auto const gzip = content_encoding::gzip();
    std::string packed;
    practicus::detail::transcode(*gzip.encoder(), "a\n1\n", true, packed, 1'000'000);
    f.server.expect("POST", diamond_path).reply(200, packed).header("Content-Encoding", "x-gzip");
    CHECK(f.run(client.predict(f.model(), "a\n1\n", predict_options().encoding(gzip))).body == "a\n1\n");
}

TEST_CASE("predict: an encoding that was not asked for hides no error")
{
    predicting f;
    auto client = f.user(options_with([&](auto& o) { o.retry.initial_backoff = 1ms; }));
    f.run(client.session_token(f.model()));
    auto const gzip = predict_options().encoding(content_encoding::gzip());
    auto const status = [&](unsigned code, char const* encoding, predict_options const& how) {
        f.server.expect("POST", diamond_path)
            .reply(code, "\x1b no such text")
            .header("Content-Encoding", encoding);
        return f.failure(client.predict(f.model(), rows(2), how));
    };
    for (auto const* encoding : {"br", "gzip"}) {
        CHECK(status(503, encoding, gzip).code == errc::unavailable);
        CHECK(status(400, encoding, gzip).code == errc::bad_request);
        CHECK(status(400, encoding, predict_options()).server_message.empty());
    }
    // So both are mended as ever.
    f.server.expect("POST", diamond_path).reply(401, "?").header("Content-Encoding", "br");
    f.server.expect("POST", diamond_path).reply(429, "?").header("Content-Encoding", "br");
    CHECK(f.run(client.predict(f.model(), rows(2), gzip)).body == predict_csv(rows(2)));
    CHECK(status(200, "br", gzip).code == errc::malformed_response);
}

TEST_CASE("predict: an answer over its limit names the limit")
{
    predicting f;
    auto client = f.user();
    auto const failed = f.failure(client.predict(f.model(), rows(100), predict_options().body_limit(100)));
    CHECK(failed.code == errc::body_too_large);
    CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring("predict_options::body_limit"));
}

TEST_CASE("predict: over TLS, whole and in pieces")
{
    fixture f{https_options()};
    auto client = f.user(options_with([&](auto& o) { o.tls.ca_pem = f.server.ca_pem(); }));
    auto const text = rows(20'000);
    CHECK(f.run(client.predict(f.model(), text)).body == predict_csv(text));
    for (std::size_t const size : {std::size_t(1'000), std::size_t(100'000), text.size()}) {
        std::deque<std::string> pieces;
        for (std::size_t at = 0; at < text.size(); at += size)
            pieces.push_back(text.substr(at, size));
        std::vector<std::string> got;
        auto const how = predict_options().encoding(content_encoding::gzip()).sink(kept_in(got));
        f.run(client.predict(f.model(), taken_from(pieces), how));
        std::string joined;
        for (auto const& piece : got)
            joined += piece;
        CHECK(joined == predict_csv(text));
    }
    CHECK(client.stats().connections.connects == 1);
}

TEST_CASE("predict: a token is fetched once for all calls")
{
    predicting f;
    auto client = f.user();
    for (int i = 0; i != 5; ++i)
        f.run(client.predict(f.model(), "a\n1\n"));
    CHECK(f.server.count("GET modelhost/model-auth/") == 1);
    CHECK(f.server.count("POST auth/") == 1);
    auto const sent = f.server.requests().back();
    CHECK(sent.headers["accept"] == "*/*");
    CHECK(sent.headers["accept-encoding"] == "identity");
}

TEST_CASE("predict: every encoding, both ways")
{
    predicting f;
    auto client = f.user();
    auto const text = rows(20'000);
    for (auto const& encoding : {content_encoding::gzip(), content_encoding::zlib(),
                                 content_encoding::deflate(), practicus::lz4_encoding()}) {
        INFO(encoding.name());
        auto const how = predict_options().encoding(encoding);
        auto const answer = f.run(client.predict(f.model(), text, how));
        CHECK(answer.content_encoding == encoding.name());
        CHECK(answer.body == predict_csv(text));
        auto const sent = f.server.requests().back();
        CHECK(sent.headers["content-encoding"] == encoding.name());
        CHECK(sent.headers["accept-encoding"] == encoding.name());
        CHECK(sent.body.size() < text.size() / 2);

        // In pieces.
        std::deque<std::string> pieces{text.substr(0, 1000), text.substr(1000, 1), text.substr(1001)};
        std::vector<std::string> got;
        auto const flowing = predict_options().encoding(encoding).sink(kept_in(got));
        auto const streamed = f.run(client.predict(f.model(), taken_from(pieces), flowing));
        CHECK(streamed.body.empty());
        std::string joined;
        for (auto const& piece : got) {
            CHECK(piece.size() <= 64 * 1024);
            joined += piece;
        }
        CHECK(got.size() > 1);
        CHECK(joined == predict_csv(text));
        CHECK(f.server.requests().back().headers["transfer-encoding"] == "chunked");
    }
}

TEST_CASE("predict: a response in an encoding that was not requested")
{
    predicting f;
    auto client = f.user();
    f.server.expect("POST", diamond_path).reply(200, "xyz").header("Content-Encoding", "br");
    auto const failed = f.failure(client.predict(f.model(), "a\n1\n"));
    CHECK(failed.code == errc::malformed_response);
    // One that is not encoded at all is understood.
    auto const gzip = predict_options().encoding(content_encoding::gzip());
    f.server.expect("POST", diamond_path).reply(200, "plain");
    CHECK(f.run(client.predict(f.model(), "a\n1\n", gzip)).body == "plain");
    // And one that is broken is not.
    f.server.expect("POST", diamond_path).reply(200, "broken").header("Content-Encoding", "gzip");
    CHECK(f.failure(client.predict(f.model(), "a\n1\n", gzip)).code == errc::malformed_response);
}

TEST_CASE("predict: a small answer that would be a large text is refused")
{
    predicting f;
    auto client = f.user();
    std::string const zeros(50'000'000, '0');
    auto const bomb = practicus::mock::zlib_codecs().front().encode(zeros);
    auto const gzip = predict_options().encoding(content_encoding::gzip()).body_limit(1'000'000);
    f.server.expect("POST", diamond_path).reply(200, bomb, "text/csv").header("Content-Encoding", "gzip");
    CHECK(f.failure(client.predict(f.model(), "a\n1\n", gzip)).code == errc::body_too_large);
    f.server.expect("POST", diamond_path).reply(200, zeros, "text/csv");
    CHECK(f.failure(client.predict(f.model(), "a\n1\n", gzip)).code == errc::body_too_large);
    auto const plain = predict_options().body_limit(1'000'000);
    f.server.expect("POST", diamond_path).reply(200, zeros, "text/csv");
    CHECK(f.failure(client.predict(f.model(), "a\n1\n", plain)).code == errc::body_too_large);
}

TEST_CASE("predict: an answer's words are seen one by one")
{
    predicting f;
    auto client = f.user();
    f.run(client.session_token(f.writer()));
    std::vector<practicus::mock::gate> gates(3);
    practicus::mock::response words(200, "text/plain", "one two three");
    words.chunked = true;
    words.pieces = {4, 8};
    words.gates = gates;
    f.server.expect("POST", writer_path).reply(words);
    std::vector<std::string> got;
    auto const how = predict_options().content_type("application/json").sink(kept_in(got));
    ends e;
    auto call = client.predict(f.writer(), R"({"prompt":"?"})", how);
    asio::co_spawn(f.io, std::move(call), e.handler());
    for (std::size_t i = 0; i != gates.size(); ++i) {
        poll_until(f.io, [&] { return gates[i].waiting() == 1; });
        CHECK(got.size() == i);
        gates[i].open();
        poll_until(f.io, [&] { return got.size() == i + 1; });
    }
    poll_until(f.io, [&] { return e.served == 1; });
    CHECK(got == std::vector<std::string>{"one ", "two ", "three"});
    CHECK(client.stats().connections.idle >= 1);
}

TEST_CASE("predict: cancelling an answer in the middle frees the connection")
{
    predicting f;
    auto client = f.user();
    f.run(client.session_token(f.writer()));
    client.close_idle();
    practicus::mock::gate first, never;
    first.open();
    practicus::mock::response words(200, "text/plain", "one two");
    words.chunked = true;
    words.pieces = {4};
    words.gates = {first, never};
    f.server.expect("POST", writer_path).reply(words);
    std::vector<std::string> got;
    auto const how = predict_options().content_type("application/json").sink(kept_in(got));
    asio::cancellation_signal signal;
    ends e;
    auto call = client.predict(f.writer(), R"({"prompt":"?"})", how);
    asio::co_spawn(f.io, std::move(call), asio::bind_cancellation_slot(signal.slot(), e.handler()));
    poll_until(f.io, [&] { return got.size() == 1 && never.waiting() == 1; });
    CHECK(client.stats().connections.open == 1);
    signal.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return e.aborted == 1; });
    CHECK(client.stats().connections.open == 0);
    never.open();
    CHECK(f.run(client.predict(f.model(), "a\n1\n")).status == 200);
}

TEST_CASE("predict: a 401 is answered with a new token, once")
{
    predicting f;
    auto client = f.user();
    f.run(client.predict(f.model(), "a\n1\n"));
    f.server.expect("POST", diamond_path).reply(401, R"({"detail":"no"})");
    auto const answer = f.run(client.predict(f.model(), "a\n1\n"));
    CHECK(answer.body == predict_csv("a\n1\n"));
    CHECK(f.server.count("GET modelhost/model-auth/") == 2);

    f.server.expect("POST", diamond_path).times(2).reply(401, R"({"detail":"no"})");
    auto const failed = f.failure(client.predict(f.model(), "a\n1\n"));
    CHECK(failed.code == errc::unauthorized);
    CHECK(failed.request == std::string("POST ") + diamond_path);
    CHECK(failed.server_message == "no");
    // The token that was refused last is not used again.
    CHECK(f.run(client.predict(f.model(), "a\n1\n")).status == 200);
    CHECK(f.server.count("GET modelhost/model-auth/") == 4);
}

TEST_CASE("predict: a request that may have been received is resent only if that is safe")
{
    predicting f;
    auto const quick = options_with([&](auto& o) { o.retry.initial_backoff = 1ms; });
    auto client = f.user(quick);
    auto const safe = predict_options().idempotent();
    f.run(client.session_token(f.model()));

    f.server.expect("POST", diamond_path).reply(429);
    CHECK(f.run(client.predict(f.model(), "a\n1\n")).attempts == 2);

    f.server.expect("POST", diamond_path).reply(503);
    CHECK(f.failure(client.predict(f.model(), "a\n1\n")).code == errc::unavailable);
    f.server.expect("POST", diamond_path).reply(503);
    CHECK(f.run(client.predict(f.model(), "a\n1\n", safe)).attempts == 2);

    f.server.expect("POST", diamond_path).cut_after(0);
    CHECK(f.failure(client.predict(f.model(), "a\n1\n")).code == errc::connection_lost);
    f.server.expect("POST", diamond_path).cut_after_head(3);
    auto const answer = f.run(client.predict(f.model(), "a\n1\n", safe));
    CHECK(answer.attempts == 2);
    CHECK(answer.body == predict_csv("a\n1\n"));

    // A source cannot be asked again.
    std::deque<std::string> pieces{"a\n", "1\n"};
    f.server.expect("POST", diamond_path).reply(503);
    CHECK(f.failure(client.predict(f.model(), taken_from(pieces), safe)).code == errc::unavailable);
    CHECK(pieces.empty());
}

TEST_CASE("predict: an HTML page is an error that quotes it, and the sink receives nothing")
{
    predicting f;
    auto client = f.user();
    std::vector<std::string> got;
    auto const json = practicus::predict_options().content_type("application/json");
    for (auto how : {json, practicus::predict_options(), predict_options().sink(kept_in(got)),
                     practicus::predict_options(json).sink(kept_in(got))}) {
        f.server.expect("POST", diamond_path).reply(200, "<html>\n<title>Sign in</title>\n", "text/html");
        auto const failed = f.failure(client.predict(f.model(), "{}", how));
        CHECK(failed.code == errc::unexpected_response);
        CHECK(failed.status == 200);
        CHECK(failed.server_message == "text/html: Sign in");
        CHECK_FALSE(failed.request.empty());
        CHECK(got.empty());
        f.server.expect("POST", diamond_path).reply(200, "<html>", "text/html");
        f.run(client.predict(f.model(), "{}", how.response_type("text/html")));
        got.clear();
    }
    f.server.expect("POST", diamond_path).reply(200, R"({"error":"no"})");
    auto const failed =
        f.failure(client.predict(f.model(), rows(1), predict_options().response_type("text/csv")));
    CHECK(failed.code == errc::unexpected_response);
    CHECK(failed.message == "it is no text/csv");
    CHECK_THROWS_AS(predict_options().response_type("a\nb"), practicus::error);
}

TEST_CASE("predict: a response cut after the sink received data is an error without a resend")
{
    predicting f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    std::vector<std::string> got;
    auto const how = predict_options().idempotent().sink(kept_in(got));
    f.server.expect("POST", diamond_path).cut_after_head(15);
    auto const failed = f.failure(client.predict(f.model(), rows(3), how));
    CHECK(failed.code == errc::connection_lost);
    CHECK(failed.attempts == 1);
    std::string joined;
    for (auto const& piece : got)
        joined += piece;
    CHECK(joined == predict_csv(rows(3)).substr(0, 15));
    CHECK(client.stats().connections.open <= 1);
}

TEST_CASE("predict: an exception of source or sink ends the call, even if it looks transient")
{
    predicting f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    practicus::body_sink const full = [](std::string) -> asio::awaitable<void> {
        throw practicus::error(errc::connect_failed, "the disk is full");
    };
    auto const failed = f.failure(client.predict(f.model(), rows(3), predict_options().sink(full)));
    CHECK(failed.code == errc::connect_failed);
    CHECK(failed.message == "the disk is full");
    CHECK(failed.request.empty());
    CHECK(f.run(client.predict(f.model(), "a\n1\n")).status == 200);
}

namespace {

struct own_exception
{
    int number = 0;
};

/// Calls with a source and a sink that refer to this frame, and are suspended when the caller is cancelled.
/// `open` is told of the suspension; `outlived` whether it lasted longer than the call.
asio::awaitable<void> call_with_own(practicus::client client, practicus::model_url url, bool in_source,
                                    std::atomic<bool>& open, std::atomic<bool>& outlived)
{
    std::atomic<bool> suspended = false;
    auto const suspend = [&]() -> asio::awaitable<void> {
        asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        suspended = open = true;
        co_await asio::this_coro::throw_if_cancelled(false);
        boost::system::error_code code;
        auto waiting = never.async_wait(asio::redirect_error(asio::use_awaitable, code));
        co_await std::move(waiting);
        for (int i = 0; i != 10; ++i)
            co_await asio::post(asio::use_awaitable);
        suspended = false;
    };
    practicus::body_source const source = [&]() -> asio::awaitable<std::string> {
        co_await suspend();
        co_return std::string();
    };
    practicus::body_sink const sink = [&](std::string) { return suspend(); };
    auto const how = predict_options().sink(sink);
    std::exception_ptr failed;
    try {
        if (in_source)
            co_await client.predict(url, source);
        else
            co_await client.predict(url, "a\n1\n", how);
    } catch (...) {
        failed = std::current_exception();
    }
    outlived = suspended.load();
    if (failed) std::rethrow_exception(failed);
}

} // namespace

TEST_CASE("predict: an exception of source or sink reaches the caller unchanged, in any context")
{
    predicting f;
    bool const elsewhere = GENERATE(false, true);
    asio::thread_pool pool(1);
    practicus::client client(elsewhere ? asio::any_io_executor(pool.get_executor()) : f.io.get_executor(),
                             f.server.url(), options_as(fixture::password()));
    practicus::body_source const source = []() -> asio::awaitable<std::string> { throw own_exception{1}; };
    practicus::body_sink const sink = [](std::string) -> asio::awaitable<void> { throw own_exception{2}; };
    auto const thrown = [&](asio::awaitable<prediction> call) {
        try {
            f.run(std::move(call));
        } catch (own_exception const& e) {
            return e.number;
        }
        return 0;
    };
    CHECK(thrown(client.predict(f.model(), source)) == 1);
    CHECK(thrown(client.predict(f.model(), "a\n1\n", predict_options().sink(sink))) == 2);
    CHECK(f.run(client.predict(f.model(), "a\n1\n")).status == 200);
    pool.join();
}

TEST_CASE("predict: a call that is cancelled in another context ends after its source and sink")
{
    predicting f;
    bool const in_source = GENERATE(false, true);
    asio::thread_pool pool(1);
    practicus::client client(pool.get_executor(), f.server.url(), options_as(fixture::password()));
    std::atomic<bool> open = false, outlived = true;
    asio::cancellation_signal signal;
    ends e;
    asio::co_spawn(f.io, call_with_own(client, f.model(), in_source, open, outlived),
                   asio::bind_cancellation_slot(signal.slot(), e.handler()));
    poll_until(f.io, [&] { return open.load(); });
    signal.emit(asio::cancellation_type::terminal);
    // A second one changes nothing.
    signal.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return e.aborted == 1; });
    CHECK_FALSE(outlived);
    pool.join();
}

TEST_CASE("predict: a refusal in the middle of the request body is reported")
{
    bool const tls = GENERATE(false, true);
    bool const reset = GENERATE(false, true);
    fixture f{https_options_if(tls)};
    auto const trust =
        tls ? options_with<practicus::tls_options>([&](auto& o) { o.ca_pem = f.server.ca_pem(); })
            : practicus::tls_options();
    auto client = f.user(options_with([&](auto& o) { o.tls = trust; }));
    f.run(client.session_token(f.model()));
    auto refusal = f.server.expect("POST", diamond_path);
    refusal.times(2).reply(413, R"({"detail":"too much"})").before_body();
    if (reset) refusal.then_reset();
    std::deque<std::string> pieces(200, std::string(100'000, 'x'));
    CHECK(f.failure(client.predict(f.model(), taken_from(pieces))).status == 413);
    CHECK(f.failure(client.predict(f.model(), std::string(20'000'000, 'x'))).status == 413);
}

TEST_CASE("predict: from another context, and with a deadline")
{
    predicting f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    std::vector<std::string> got;
    auto const how = predict_options().sink(kept_in(got));
    asio::thread_pool elsewhere(1);
    ends e;
    asio::co_spawn(elsewhere, client.predict(f.model(), rows(3), how), e.handler());
    poll_until(f.io, [&] { return e.served == 1; });
    CHECK(got.size() == 1);

    auto& clock = stopped_clock_of(client);
    practicus::mock::gate never;
    f.server.expect("POST", diamond_path).hold(never);
    auto const hurried = client.with(practicus::call_options().timeout(2s));
    asio::co_spawn(f.io, hurried.predict(f.model(), rows(3)), e.handler());
    poll_until(f.io, [&] { return never.waiting() == 1; });
    clock.advance(3s);
    poll_until(f.io, [&] { return e.other == 1; });
    never.open();
}

TEST_CASE("predict: a model on an origin that is not the region's gets no token")
{
    predicting f;
    auto client = f.user();
    auto const failed = f.failure(client.predict("http://127.0.0.1:1/models/practicus/x/", "a\n1\n"));
    CHECK(failed.code == errc::untrusted_origin);
    CHECK(f.server.count("GET modelhost/model-auth/") == 0);
}
