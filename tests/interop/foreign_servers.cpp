// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Runs against an HTTP server other than the mock. servers.sh starts it three times (plain, TLS 1.2, TLS 1.3)
// with the console and models of servers/. Tags exclude the tests that a server does not support.

#include "catch.hpp"
#include "interop/foreign_server.hpp"
#include "options.hpp"

#include <practicus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using practicus::client_options;
using practicus::errc;
using practicus::predict_options;
using practicus::prediction;
using namespace std::chrono_literals;

namespace {

/// A sink that keeps what it is given.
struct kept
{
    std::string all;

    asio::awaitable<void> add(std::string some)
    {
        all += some;
        co_return;
    }

    practicus::body_sink sink()
    {
        return [this](std::string some) { return add(std::move(some)); };
    }
};

client_options options(practicus::tls_options tls = with_certificate())
{
    return options_with([&](auto& o) {
        o.credentials = practicus::credentials::access_token("opaque");
        o.tls = std::move(tls);
    });
}

practicus::model_url model(char const* port, std::string const& name)
{
    return practicus::model_url(setting(port) + "/models/practicus/" + name + '/');
}

std::string small()
{
    return "a\n1\n";
}

/// A client of one of the server's ports, that tries once.
class caller
{
public:
    explicit caller(char const* port, client_options given = options())
        : port_(port), client_(io_.get_executor(), setting(port), observed(std::move(given)))
    {}

    practicus::client& client() noexcept { return client_; }
    practicus::client_stats stats() const { return client_.stats(); }
    /// Of each connection that was made.
    std::vector<std::string> const& tls_versions() const noexcept { return tls_versions_; }

    /// Rethrows the exception of the call.
    template <class Body>
    prediction predict(std::string const& name, Body body, predict_options const& how = predict_options())
    {
        // Ends a deadlock.
        auto const limited = client_.with(practicus::call_options().timeout(100s));
        prediction result;
        std::exception_ptr failed;
        io_.restart();
        asio::co_spawn(io_, limited.predict(model(port_, name), std::move(body), how),
                       [&](std::exception_ptr e, prediction p) {
                           failed = e;
                           result = std::move(p);
                       });
        io_.run();
        if (failed) std::rethrow_exception(failed);
        return result;
    }

    template <class Body>
    practicus::error_info failure(std::string const& name, Body body)
    {
        try {
            predict(name, std::move(body));
        } catch (practicus::error const& e) {
            return e.info();
        }
        FAIL("the call succeeded");
        throw std::logic_error("unreachable");
    }

private:
    client_options observed(client_options given)
    {
        given.retry.max_attempts = 1;
        given.observer = [this](practicus::event const& e) {
            if (auto const* d = std::get_if<practicus::events::connected>(&e))
                tls_versions_.emplace_back(d->tls_version);
        };
        return given;
    }

    char const* port_;
    asio::io_context io_;
    std::vector<std::string> tls_versions_;
    practicus::client client_;
};

void check_refused(practicus::error_info const& info)
{
    INFO(info.code.message() << ": " << info.message);
    CHECK(info.status == 413);
    CHECK(info.server_message == "too large");
}

/// One client of many, whose calls come near the moment at which the server closes the connection.
class racer
{
public:
    racer(asio::io_context& io, char const* port, std::chrono::milliseconds pause)
        : client_(io.get_executor(), setting(port), options()), model_(model(port, "count"))
    {
        asio::co_spawn(io, run(pause), [this](std::exception_ptr e) { failed_ = e; });
    }

    void check() const
    {
        CHECK_NOTHROW(failed_ ? std::rethrow_exception(failed_) : void());
        CHECK(answers_ == std::vector<std::string>{"4", "4", "foreign", "4"});
    }

    practicus::client_stats stats() const { return client_.stats(); }

private:
    static asio::awaitable<void> wait(std::chrono::milliseconds time)
    {
        asio::steady_timer timer(co_await asio::this_coro::executor, time);
        co_await timer.async_wait(asio::use_awaitable);
    }

    asio::awaitable<void> predict(predict_options const& how)
    {
        auto body = small();
        auto const answer = co_await client_.predict(model_, std::move(body), how);
        answers_.push_back(answer.body);
    }

    asio::awaitable<void> run(std::chrono::milliseconds pause)
    {
        predict_options const once;
        auto repeatable = once;
        repeatable.idempotent();
        co_await predict(repeatable);
        co_await wait(pause);
        co_await predict(repeatable);
        co_await wait(pause);
        auto const cluster = co_await client_.cluster_info();
        answers_.push_back(cluster.region_name);
        // The server has closed the connection before: even a call that must not be repeated succeeds.
        co_await wait(3s);
        co_await predict(once);
    }

    practicus::client client_;
    practicus::model_url model_;
    std::vector<std::string> answers_;
    std::exception_ptr failed_;
};

} // namespace

TEST_CASE("a refusal at the head of a long request is the result, of a server that neither reads nor closes",
          "[early]")
{
    auto const* port = GENERATE(plain, tls12, tls13);
    INFO(port);
    caller from_memory(port);
    check_refused(from_memory.failure("hold", all_pieces()));
    CHECK(from_memory.stats().connections.open == 0);

    caller from_source(port);
    pieces body;
    check_refused(from_source.failure("hold", body.source()));
    CHECK(body.asked < many);
    CHECK(from_source.stats().connections.open == 0);
    // The next call has a connection of its own.
    CHECK(from_source.predict("count", small()).body == "4");
}

TEST_CASE("a refusal at the head of a long request is the result, with any behaviour of the server after it",
          "[early]")
{
    auto const* port = GENERATE(plain, tls12, tls13);
    INFO(port);
    caller user(port);
    check_refused(user.failure("refuse", all_pieces()));
    CHECK(user.stats().connections.open == 0);
    pieces body;
    check_refused(user.failure("refuse", body.source()));
    CHECK(body.asked < many);
    CHECK(user.stats().connections.open == 0);
    CHECK(user.predict("count", small()).body == "4");
    CHECK(user.stats().retries == 0);
}

TEST_CASE("a model that answers while it reads is no deadlock, and both directions are whole", "[echo]")
{
    using scenario = std::tuple<char const*, bool, bool>;
    auto const [port, from_source, to_sink] =
        GENERATE(scenario(plain, false, false), scenario(plain, true, true), scenario(tls12, true, false),
                 scenario(tls13, false, true));
    INFO(port);
    caller user(port);
    pieces body;
    kept got;
    predict_options how;
    if (to_sink) how.sink(got.sink());
    auto const answer =
        from_source ? user.predict("echo", body.source(), how) : user.predict("echo", all_pieces(), how);
    CHECK(answer.status == 200);
    CHECK(((to_sink ? got.all : answer.body) == all_pieces()));

    // The connection is used again.
    CHECK(user.predict("count", small()).body == "4");
    CHECK(user.stats().connections.connects == 1);
}

TEST_CASE("no call is lost to a server that closes its idle connections", "[idle]")
{
    std::vector<std::unique_ptr<racer>> racers;
    asio::io_context io;
    for (auto const* port : {plain, tls12, tls13})
        for (auto pause = 988ms; pause <= 1012ms; pause += 2ms)
            racers.push_back(std::make_unique<racer>(io, port, pause));
    io.run();
    practicus::client_stats all;
    for (auto const& r : racers) {
        r->check();
        all.connections.connects += r->stats().connections.connects;
        all.connections.stale_hits += r->stats().connections.stale_hits;
        all.retries += r->stats().retries;
    }
    std::cout << racers.size() << " clients made " << all.connections.connects << " connections, found "
              << all.connections.stale_hits << " closed, sent " << all.retries << " requests again\n";
    CHECK(all.connections.connects > racers.size());
}

TEST_CASE("fields behind a chunked answer are no part of it", "[trailers]")
{
    auto const* port = GENERATE(plain, tls12, tls13);
    INFO(port);
    caller user(port);
    for (int i = 0; i != 2; ++i)
        CHECK(user.predict("trailers", small()).body == "price\n4\n");
    kept got;
    predict_options options;
    options.sink(got.sink());
    user.predict("trailers", small(), options);
    CHECK(got.all == "price\n4\n");
    CHECK(user.predict("count", small()).body == "4");
    CHECK(user.stats().connections.connects == 1);
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, with a client certificate", "[tls]")
{
    using expected = std::pair<char const*, char const*>;
    auto const [port, version] = GENERATE(expected(tls12, "TLSv1.2"), expected(tls13, "TLSv1.3"));
    INFO(port);
    caller user(port);
    for (int i = 0; i != 3; ++i) {
        CHECK(user.predict("count", small()).body == "4");
        user.client().close_idle();
    }
    CHECK(user.tls_versions() == std::vector<std::string>(3, version));
    CHECK(user.stats().retries == 0);

    caller stranger(port, options(trusting()));
    auto const info = stranger.failure("count", small());
    CHECK((info.code == errc::tls_failed || info.code == errc::connection_lost));
}

TEST_CASE("a missing client certificate is reported as a failure of TLS", "[alert]")
{
    auto const* port = GENERATE(tls12, tls13);
    INFO(port);
    caller stranger(port, options(trusting()));
    CHECK(stranger.failure("count", small()).code == errc::tls_failed);
}

TEST_CASE("a TLS session is resumed, with a client certificate", "[resumption]")
{
    auto const* port = GENERATE(tls12, tls13);
    INFO(port);
    caller user(port);
    // With TLS 1.2, a ticket comes with each handshake (Go), or with the first alone. With TLS 1.3, two come,
    // and no more when they are used (Node).
    for (int i = 0; i != 3; ++i) {
        CHECK(user.predict("count", small()).body == "4");
        user.client().close_idle();
    }
    CHECK(user.stats().connections.connects == 3);
    CHECK(user.stats().connections.resumptions == 2);
}
