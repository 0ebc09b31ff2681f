// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <sstream>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

using practicus::call_options;
using practicus::client_options;
using practicus::errc;
namespace events = practicus::events;

namespace {

/// Every event as text, all its fields included.
struct writer
{
    std::ostream& out;

    void operator()(events::resolved const& e) const
    {
        out << "resolved " << e.host << ' ' << (e.addresses != 0) << ' ' << e.error.message();
    }
    void operator()(events::connected const& e) const
    {
        out << "connected " << e.origin << ' ' << e.address << ' ' << e.proxy << ' ' << e.tls_version << ' '
            << e.resumed << ' ' << e.error.message();
    }
    void operator()(events::waiting const& e) const { out << "waiting " << e.origin; }
    void operator()(events::reused const& e) const { out << "reused " << e.origin; }
    void operator()(events::stale const& e) const { out << "stale " << e.origin; }
    void operator()(events::exchanged const& e) const
    {
        out << "exchanged " << e.origin << ' ' << e.request << ' ' << e.attempt << ' ' << e.status << ' '
            << e.error.message();
    }
    void operator()(events::retried const& e) const
    {
        out << "retried " << e.origin << ' ' << e.request << ' ' << e.attempts << ' ' << e.status << ' '
            << e.error.message();
    }
    void operator()(events::token_fetched const& e) const
    {
        out << "token " << e.kind << ' ' << e.error.message();
    }
    void operator()(events::tokens_not_taken const& e) const
    {
        out << "tokens not taken: " << e.error.message();
    }
    void operator()(events::store_failed const& e) const { out << "store failed: " << e.error.message(); }
    void operator()(events::entries_left_out const& e) const
    {
        out << e.request << " left out " << e.count << " from " << e.index << ": " << e.reason;
    }
};

struct event_log
{
    std::vector<std::string> lines;

    practicus::observer listen()
    {
        return [this](practicus::event const& e) {
            std::ostringstream text;
            std::visit(writer{text}, e);
            lines.push_back(text.str());
            throw std::runtime_error("an observer that throws changes nothing");
        };
    }

    std::size_t count(std::string const& beginning) const
    {
        return static_cast<std::size_t>(std::count_if(
            lines.begin(), lines.end(), [&](auto const& line) { return line.starts_with(beginning); }));
    }
};

} // namespace

TEST_CASE("an observer is told of every step, and of no secret")
{
    fixture f{https_options()};
    event_log heard;
    auto client = f.user(options_with([&](auto& o) {
        o.tls.ca_pem = f.server.ca_pem();
        o.observer = heard.listen();
    }));
    runtime_of(client).random().fix(0);
    auto const token = f.run(client.session_token(f.model()));
    f.server.expect("GET", "/console/api/modelhost/models/").reply(503);
    f.run(client.models());
    f.server.expect("GET", "/console/api/modelhost/models/").cut_after(0);
    f.run(client.models());

    CHECK(heard.count("connected " + f.server.url() + " 127.0.0.1:") == 2);
    CHECK(heard.count("waiting") == 2);
    CHECK(heard.count("reused") == 5);
    CHECK(heard.count("stale") == 1);
    CHECK(heard.count("token access Success") == 1);
    CHECK(heard.count("token session Success") == 1);
    CHECK(heard.count("retried " + f.server.url() + " GET /console/api/modelhost/models/ 1 503") == 1);
    CHECK(heard.count("retried " + f.server.url() + " GET /console/api/modelhost/models/ 1 0") == 1);
    CHECK(heard.count("exchanged " + f.server.url() + " POST /console/api/auth/ 1 200") == 1);
    CHECK(heard.count("exchanged") == 7);
    for (auto const& line : heard.lines) {
        CHECK(line.find("practicus\"") == std::string::npos);
        CHECK(line.find("eyJ") == std::string::npos);
        CHECK(line.find("get_meta") == std::string::npos); // no query either
        CHECK(line.find(token.reveal()) == std::string::npos);
    }
}

TEST_CASE("an observer is told the origin whose failure a patient call waits out")
{
    fixture f;
    event_log heard;
    auto const alias = "http://localhost:" + std::to_string(f.server.port());
    auto client = f.user(options_with([&](auto& o) {
        o.trusted_origins.emplace_back(alias);
        o.observer = heard.listen();
    }));
    runtime_of(client).random().fix(0);
    auto& clock = stopped_clock_of(client);
    bool late = GENERATE(false, true);
    bool const is_late = late;
    practicus::mock::gate gate;
    auto const id = std::string("/models/practicus/diamond-price/");
    auto const console = GENERATE("GET /console/api/modelhost/model-auth/", "POST /console/api/auth/");
    auto const method = std::string(console).substr(0, std::string(console).find(' '));
    auto const path = std::string(console).substr(method.size() + 1);
    if (late)
        f.server.expect(method, path).hold(gate);
    else
        f.server.expect(method, path).reply(503).times(method == "GET" ? 1 : 3);
    f.server.expect("GET", id).reply(503);
    ends result;
    auto const patient =
        client.with(call_options().patience(std::chrono::minutes(5)).timeout(std::chrono::seconds(0)));
    asio::co_spawn(f.io, patient.session_token(practicus::model_url(alias + id)), result.handler());
    std::size_t retried = 0;
    poll_until(f.io, [&] {
        if (gate.waiting() != 0 && std::exchange(late, false)) clock.advance(std::chrono::seconds(30));
        auto const now = heard.count("retried");
        if (std::exchange(retried, now) != now) clock.advance(std::chrono::seconds(1));
        return result.served + result.other == 1;
    });
    gate.open();
    CHECK(result.served == 1);
    auto const told = "retried " + f.server.url() + ' ' + console;
    CHECK(heard.count(told + (method == "GET" ? " 1" : " 3") + " 503 Success") == (is_late ? 0 : 1));
    CHECK(heard.count("retried " + f.server.url() + ' ') == (is_late || method == "GET" ? 1 : 3));
    CHECK(heard.count(told + " 1 0 ") == (is_late && method == "GET" ? 1 : 0));
    CHECK(heard.count(told + " 1 0 Success") == 0);
    CHECK(heard.count("retried " + alias + " GET " + id + " 1 503 Success") == 1);
    CHECK(heard.count("retried " + alias) == 1);
}

TEST_CASE("an observer is told of the attempt that the caller's own sink ended")
{
    fixture f;
    event_log heard;
    auto client = f.user(options_with([&](auto& o) { o.observer = heard.listen(); }));
    practicus::error_info info;
    auto const fails = [](std::string) -> asio::awaitable<void> {
        throw std::runtime_error("the sink's");
        co_return;
    };
    auto const token = practicus::with_error_info(asio::as_tuple(asio::deferred), info);
    practicus::model_url const url(f.model());
    f.run([&]() -> asio::awaitable<void> {
        auto ended =
            co_await client.predict(url, "carat\n1\n", practicus::predict_options().sink(fails), token);
        CHECK(std::get<0>(ended) == errc::callback_failed);
    }());
    CHECK(info.attempts == 1);
    CHECK(info.origin == f.server.url());
    CHECK(heard.count("exchanged " + f.server.url() + " POST /models/practicus/diamond-price/ 1 0 ") == 1);
}

TEST_CASE("a fetch that a logout voids before it begins is not reported to the observer")
{
    fixture f;
    event_log heard;
    ends result;
    auto client = f.user(options_with([&](auto& o) { o.observer = heard.listen(); }));
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    for (int i = 0; i != 100 && client.stats().access_tokens.fetches == 0; ++i)
        f.io.run_one();
    client.logout();
    f.io.restart();
    f.io.run();
    CHECK(result.other == 1);
    CHECK(heard.lines == std::vector<std::string>());
}

TEST_CASE("an observer gets the timings of every phase")
{
    fixture f;
    std::vector<practicus::exchange_timings> timings;
    auto client = f.user(options_with([&](auto& o) {
        o.observer = [&](practicus::event const& e) {
            if (auto const* done = std::get_if<events::exchanged>(&e)) timings.push_back(done->timings);
        };
    }));
    f.run(client.cluster_info());
    REQUIRE(timings.size() == 2);
    CHECK(timings[0].wait.count() > 0); // it was connected
    for (auto const& t : timings) {
        CHECK(t.write.count() > 0);
        CHECK(t.first_byte.count() > 0);
        CHECK(t.body.count() >= 0);
        CHECK(t.total() >= t.wait + t.write);
    }
}

TEST_CASE("a handle for single calls: fields, trusted origins, and their refusals")
{
    fixture f;
    auto client = f.user();
    f.run(client.with(call_options().header("traceparent", "00-abc-01").header("X-Note", "a b"))
              .cluster_info());
    auto const requests = f.server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[1].headers["traceparent"] == "00-abc-01");
    CHECK(requests[1].headers["x-note"] == "a b");
    CHECK(requests[0].headers.count("traceparent") == 0); // the login is shared
    f.run(client.cluster_info());
    CHECK(f.server.requests()[2].headers.count("traceparent") == 0);
    // It is not sent with the id and the token, which are fetched for all callers.
    f.run(client.with(call_options().header("traceparent", "00-abc-01")).session_token(f.model()));
    auto const all = f.server.requests();
    REQUIRE(all.size() == 5);
    CHECK(all[3].headers.count("traceparent") == 0);
    CHECK(all[4].headers.count("traceparent") == 0);

    fixture other;
    auto const elsewhere = other.model();
    CHECK(f.failure(client.model_id(elsewhere)).code == errc::untrusted_origin);
    other.server.expect("GET", "*").reply(200, "{}").header("x-prt-model-id", "7");
    CHECK(f.run(client.with(call_options().trusted_origin(other.server.url())).model_id(elsewhere)) == 7);
    CHECK(f.failure(client.model_id(elsewhere)).code == errc::untrusted_origin);

    for (char const* const name : {"", "a b", "a:b", "Authorization", "hOST", "Content-Length", "a\r\nb"}) {
        INFO(name);
        CHECK_THROWS_AS(call_options().header(name, "x"), practicus::error);
    }
    for (char const* const value : {"a\r\nb", "a\nb", "a\x7f"})
        CHECK_THROWS_AS(call_options().header("X-Note", value), practicus::error);
    CHECK_THROWS_AS(call_options().timeout(std::chrono::milliseconds(-1)), practicus::error);
    CHECK_THROWS_AS(call_options().min_validity(std::chrono::milliseconds(-1)), practicus::error);
}
