// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Session tokens from the cache: one request for any number of callers, none for later callers.

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using practicus::call_options;
using practicus::errc;
using practicus::model_url;
using practicus::token;
using practicus::token_purpose;
using practicus::mock::token_type;
using namespace std::chrono_literals;

namespace {

/// A client in simulated time, and what it asked the region for.
struct cached : fixture
{
    explicit cached(practicus::client_options options = practicus::client_options())
        : caller(user(std::move(options)))
    {
        stopped_clock_of(caller);
        // Renewal windows are not shortened.
        runtime_of(caller).random().fix(0);
    }

    void pass(std::chrono::seconds time)
    {
        server.region().advance(time);
        clock_of(caller).advance(time);
    }

    std::uint64_t logins() const { return server.count("POST auth/"); }
    std::uint64_t refreshes() const { return server.count("POST auth/refresh/"); }
    std::uint64_t ids() const { return server.count("GET model-meta"); }
    std::uint64_t trades() const { return server.count("GET modelhost/model-auth/"); }
    std::uint64_t app_ids() const { return server.count("GET app-meta"); }

    /// What is handed out at once.
    token now(std::string const& of) { return caller.cached_session_token(of); }

    /// Runs what was begun behind a caller.
    void settle()
    {
        io.restart();
        io.run();
    }

    practicus::client caller;
    std::string const url = model();
};

constexpr char const* trade = "/console/api/modelhost/model-auth/";

/// Keeps what callers on several threads got.
struct results
{
    auto handler()
    {
        return [this](std::exception_ptr e, token t) {
            ended.add(e);
            std::lock_guard lock(mutex);
            if (!e) tokens.insert(std::string(t.reveal()));
        };
    }

    ends ended;
    std::mutex mutex;
    std::set<std::string> tokens;
};

void run_on(asio::io_context& io, int count)
{
    std::vector<std::thread> threads;
    for (int i = 0; i != count; ++i)
        threads.emplace_back([&io] { io.run_for(2min); });
    for (auto& t : threads)
        t.join();
}

constexpr int many = 10'000;

/// Many callers on four threads, of which one has the url `url(i)`, get that many tokens by one fetch each.
template <class Url>
void serve_many(fixture& f, unsigned tokens, Url url)
{
    asio::io_context io(4);
    practicus::client client(io.get_executor(), f.server.url(), options_as(fixture::password()));
    results got;
    for (int i = 0; i != many; ++i)
        asio::co_spawn(io, client.session_token(url(i)), got.handler());
    run_on(io, 4);
    CHECK(got.ended.served == many);
    CHECK(got.tokens.size() == tokens);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("GET model-meta") == tokens);
    CHECK(f.server.count("GET modelhost/model-auth/") == tokens);
}

} // namespace

TEST_CASE("a session token is asked for once, and answered from then on without a coroutine")
{
    cached f;
    CHECK_FALSE(f.now(f.url));
    auto const first = f.run(f.caller.session_token(f.url));
    CHECK(f.logins() == 1);
    CHECK(f.ids() == 1);
    CHECK(f.trades() == 1);
    auto const requests = f.server.count();
    CHECK(f.run(f.caller.session_token(f.url)) == first);
    CHECK(f.now(f.url) == first);
    CHECK(f.server.count() == requests);
    auto const stats = f.caller.stats();
    CHECK(stats.session_tokens.hits == 2);
    CHECK(stats.session_tokens.misses == 1);
    CHECK(stats.session_tokens.fetches == 1);
    CHECK(stats.session_tokens.entries == 1);
    CHECK(stats.session_tokens.remaining == 4h);
    CHECK(stats.ids.fetches == 1);
    CHECK(stats.access_tokens.remaining == 30min);
}

TEST_CASE("a token fetched on one thread is cached for the others")
{
    cached f;
    auto const first = f.run(f.caller.session_token(f.url));
    token there, later;
    std::thread([&] {
        there = f.now(f.url);
        later = f.now(f.url);
    }).join();
    CHECK(there == first);
    CHECK(later == first);
    CHECK(f.caller.stats().session_tokens.hits == 2);
    f.caller.invalidate_session_token(f.url, first);
    std::thread([&] { there = f.now(f.url); }).join();
    CHECK_FALSE(there);
    CHECK(f.trades() == 1);
}

TEST_CASE("a token for one version serves the others; one for upload is another")
{
    cached f;
    auto const first = f.run(f.caller.session_token(f.model("models/practicus/diamond-price/v2")));
    CHECK(f.run(f.caller.session_token(f.url)) == first);
    CHECK(f.now(f.model("models/practicus/diamond-price/latest")) == first);
    CHECK(f.ids() == 1);
    CHECK(f.trades() == 1);
    CHECK_FALSE(f.caller.cached_session_token(f.url, token_purpose::upload));
    CHECK(f.run(f.caller.session_token(f.url, token_purpose::upload)) != first);
    CHECK(f.ids() == 1);
    CHECK(f.trades() == 2);
    CHECK(f.now(f.url) == first);
}

TEST_CASE("a listing contains the ids, so that a token costs one request")
{
    cached f;
    f.run(f.caller.models());
    f.run(f.caller.apps());
    CHECK(f.run(f.caller.model_id(f.url)) == 42);
    f.run(f.caller.session_token(f.url));
    f.run(f.caller.session_token(f.caller.app_url("apps/tools", "viewer")));
    CHECK(f.ids() == 0);
    CHECK(f.app_ids() == 0);
    CHECK(f.trades() == 1);
}

TEST_CASE("an app's token is cached as well")
{
    cached f;
    auto const url = f.caller.app_url("apps/tools", "viewer");
    auto const first = f.run(f.caller.session_token(url));
    auto const requests = f.server.count();
    CHECK(f.run(f.caller.session_token(url)) == first);
    CHECK(f.caller.cached_session_token(url) == first);
    CHECK(f.server.count() == requests);
    CHECK(f.caller.invalidate_session_token(url, first));
    CHECK_FALSE(f.caller.cached_session_token(url));
    CHECK(f.run(f.caller.session_token(url)) != first);
    CHECK(f.server.count() == requests + 1);
}

TEST_CASE("a text that begins with a listed model's url has its id, metadata and token")
{
    cached f;
    auto const text = f.url + "chat/completions";
    CHECK(f.failure(f.caller.session_token(text)).code == errc::not_found);
    CHECK(f.ids() == 0);
    f.run(f.caller.models());
    f.pass(10s); // The failure is replayed until then.
    auto const token = f.run(f.caller.session_token(f.url));
    CHECK(f.run(f.caller.session_token(text)) == token);
    CHECK(f.now(text) == token);
    CHECK(f.run(f.caller.model_id(text)) == 42);
    CHECK(f.ids() == 0);
    CHECK(f.trades() == 1);
    CHECK(f.run(f.caller.model_metadata(text)).model_id == 42);
    // As every url of the model: refused for one, refused for all.
    CHECK(f.caller.invalidate_session_token(text, token));
    CHECK_FALSE(f.now(f.url));
    CHECK_FALSE(f.now(text));
    // After an id's day, the model is asked.
    f.pass(25h);
    f.run(f.caller.session_token(text));
    CHECK(f.ids() == 2);
}

TEST_CASE("a path behind a model is called in the form in which it was written")
{
    using namespace practicus::mock;
    cached f;
    practicus::mock::model paths(9, "gpt", prefix("m", "m"),
                                 {version(91, 1, deployment("d", "D"), "Production")});
    paths.predicts = [](request const& r) { return response(200, "text/plain", r.target); };
    f.server.region().add(paths);
    auto const answer = [&](model_url const& where) { return f.run(f.caller.predict(where, "x")).body; };
    auto const gpt = f.caller.model_url("m", "gpt", "prod");
    CHECK(answer(gpt.str() + "chat/completions") == "/m/gpt/prod/chat/completions");
    CHECK(answer(gpt.str() + "mcp/") == "/m/gpt/prod/mcp/");
    CHECK(answer(gpt.str() + "embeddings") == "/m/gpt/prod/embeddings");
    f.run(f.caller.models());
    // Without a version, the listing tells what the name is.
    CHECK(answer(f.server.url() + "/m/gpt/chat/completions") == "/m/gpt/chat/completions");
    CHECK(answer(f.server.url() + "/m/gpt/mcp/") == "/m/gpt/mcp/");
    CHECK(answer(f.server.url() + "/m/gpt/own/v1/chat") == "/m/gpt/own/v1/chat");
    CHECK(f.ids() == 1);
    CHECK(f.trades() == 1);
}

TEST_CASE("the longest listed url that a text begins with is used")
{
    using namespace practicus::mock;
    cached f;
    std::vector<version> const deployed = {version(90, 2, deployment("d", "D"))};
    f.server.region().add(model(9, "b", prefix("m", "models/a/v2"), deployed));
    f.server.region().add(model(10, "a", prefix("n", "models"), deployed));
    f.server.region().add(model(11, "prod", prefix("o", "models/practicus"), deployed));
    auto const url = [&](char const* path) { return f.server.url() + path; };
    auto const of_a = f.run(f.caller.session_token(url("/models/a/v2/x")));
    CHECK(f.ids() == 1);
    f.run(f.caller.models());
    for (auto const* path :
         {"/models/a/v2/b/", "/models/a/v2/b", "/models/a/v2/b/v1/", "/models/a/v2/b/v1/chat"})
        CHECK(f.run(f.caller.model_id(url(path))) == 9);
    for (auto const* path :
         {"/models/a/v2/", "/models/a/v2/x", "/models/a/v2/bc/", "/models/a/", "/models/a/v3/b"})
        CHECK(f.run(f.caller.model_id(url(path))) == 10);
    for (auto const* path :
         {"/models/practicus/prod/", "/models/practicus/prod/v1", "/models/practicus/prod/x/y"})
        CHECK(f.run(f.caller.model_id(url(path))) == 11);
    CHECK(f.run(f.caller.model_id(f.url + "prod/")) == 42);
    CHECK_FALSE(f.now(url("/models/a/v2/b/")));
    auto const of_b = f.run(f.caller.session_token(url("/models/a/v2/b/")));
    CHECK_FALSE(of_b == of_a);
    CHECK(f.now(url("/models/a/v2/b/v1/chat")) == of_b);
    CHECK(f.now(f.caller.model_url("models/a/v2", "b").str()) == of_b);
    CHECK(f.now(url("/models/a/v2/x")) == of_a);
    CHECK(f.run(f.caller.session_token(f.caller.model_url("models/a/v2", "b"))) == of_b);
    CHECK(f.trades() == 2);
    CHECK(f.ids() == 1);
    CHECK_FALSE(f.caller.invalidate_session_token(url("/models/a/v2/x"), of_b));
    CHECK(f.caller.invalidate_session_token(url("/models/a/v2/b/v1/chat"), of_b));
    CHECK_FALSE(f.now(url("/models/a/v2/b/")));
    CHECK(f.now(url("/models/a/v2/x")) == of_a);
}

TEST_CASE("explicit parts of a url are not changed by any listing")
{
    cached f;
    f.run(f.caller.models());
    auto const url = f.caller.model_url("models/practicus/diamond-price", "chat");
    CHECK(f.failure(f.caller.session_token(url)).code == errc::not_found);
    CHECK(f.trades() == 0);
}

TEST_CASE("ids and tokens are asked for without the path behind a version")
{
    cached f;
    auto const token = f.run(f.caller.session_token(f.url + "v1/chat/completions"));
    CHECK(f.now(f.url) == token);
    CHECK(f.now(f.url + "prod/embeddings") == token);
    CHECK(f.run(f.caller.model_metadata(f.url + "prod/embeddings")).model_id == 42);
    practicus::app_url const endpoint(f.caller.service_url(), "apps/tools/viewer/api/v1/say-hello/");
    auto const viewer = f.run(f.caller.session_token(endpoint));
    CHECK(f.caller.cached_session_token(f.caller.app_url("apps/tools", "viewer")) == viewer);
    CHECK(f.app_ids() == 1);
    CHECK(f.ids() == 2);
}

TEST_CASE("ten thousand callers on four threads: one login, one id, one token")
{
    fixture f;
    serve_many(f, 1, [&](int) { return f.model(); });
}

TEST_CASE("ten thousand callers for a hundred models: a hundred ids and a hundred tokens")
{
    fixture f;
    practicus::mock::prefix const prefix("models-many", "models/many");
    f.server.region().add_model_prefix(prefix);
    practicus::mock::deployment const deployment("many", "Many");
    for (int i = 0; i != 100; ++i)
        f.server.region().add(practicus::mock::model(1000 + i, "m" + std::to_string(i), prefix,
                                                     {practicus::mock::version(10'000 + i, 1, deployment)}));
    serve_many(f, 100, [&](int i) { return f.model("models/many/m" + std::to_string(i % 100)); });
}

TEST_CASE("ten thousand callers of a fetch that fails get the same error, from one request")
{
    cached f(fixture::once());
    f.run(f.caller.model_id(f.url));
    f.server.expect("GET", trade).reply(500, R"({"detail":"no"})");
    int failures = 0;
    f.io.restart();
    for (int i = 0; i != many; ++i)
        asio::co_spawn(f.io, f.caller.session_token(f.url), [&](std::exception_ptr e, token) {
            try {
                std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                if (failed.code() == errc::server_error && failed.info().status == 500 &&
                    failed.info().attempts == 1)
                    ++failures;
            }
        });
    f.io.run();
    CHECK(failures == many);
    CHECK(f.trades() == 1);
    CHECK(f.caller.stats().session_tokens.failures == 1);
    CHECK(f.caller.stats().session_tokens.last_error == errc::server_error);
    // The replay has ended: the next caller sends a request.
    f.run(f.caller.session_token(f.url));
    CHECK(f.trades() == 2);
}

TEST_CASE("a caller's deadline ends its wait, and not the fetch")
{
    cached f;
    practicus::mock::gate gate;
    f.server.expect("GET", trade).hold(gate);
    ends hurried, patient;
    f.io.restart();
    asio::co_spawn(f.io, f.caller.with(call_options().timeout(2s)).session_token(f.url),
                   [&](std::exception_ptr e, token const&) {
                       hurried.add(e);
                       try {
                           std::rethrow_exception(e);
                       } catch (practicus::error const& failed) {
                           CHECK(failed.code() == errc::deadline_exceeded);
                       }
                   });
    asio::co_spawn(f.io, f.caller.session_token(f.url), patient.handler());
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    clock_of(f.caller).advance(2s);
    poll_until(f.io, [&] { return hurried.other == 1; });
    gate.open();
    f.io.run();
    CHECK(patient.served == 1);
    CHECK(f.trades() == 1);
}

TEST_CASE("the first caller leaves, and the others are served; all leave, and the token is kept")
{
    bool const all = GENERATE(false, true);
    cached f;
    practicus::mock::gate gate;
    f.server.expect("GET", trade).hold(gate);
    std::deque<asio::cancellation_signal> leave;
    ends result;
    f.io.restart();
    for (int i = 0; i != 5; ++i)
        asio::co_spawn(
            f.io, f.caller.session_token(f.url),
            asio::bind_cancellation_slot(leave.emplace_back().slot(),
                                         [&](std::exception_ptr e, token const&) { result.add(e); }));
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    for (int i = 0; i != (all ? 5 : 1); ++i)
        leave[static_cast<std::size_t>(i)].emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return result.aborted == (all ? 5 : 1); });
    gate.open();
    f.io.run();
    CHECK(result.served == (all ? 0 : 4));
    CHECK(f.run(f.caller.session_token(f.url)));
    CHECK(f.trades() == 1);
}

TEST_CASE("in its last hour a token is renewed in the background, with one request")
{
    cached f;
    auto const first = f.run(f.caller.session_token(f.url));
    f.pass(3h - 1s);
    CHECK(f.now(f.url) == first);
    f.settle();
    CHECK(f.trades() == 1);
    f.pass(1s);
    CHECK(f.now(f.url) == first);
    CHECK(f.run(f.caller.session_token(f.url)) == first);
    f.settle();
    auto const second = f.now(f.url);
    CHECK(second);
    CHECK(second != first);
    CHECK(f.ids() == 1);
    CHECK(f.trades() == 2);
    CHECK(f.caller.stats().session_tokens.renewals == 1);
}

TEST_CASE("a renewal that fails leaves the token in use until it ends, and is not tried at each call")
{
    cached f(fixture::once());
    auto const first = f.run(f.caller.session_token(f.url));
    f.pass(3h);
    f.run(f.caller.cluster_info()); // an access token that is no matter here
    f.server.inject([](practicus::mock::request const& r) {
        practicus::mock::fault out;
        if (r.target.starts_with(trade)) out.reply(503);
        return out;
    });
    for (int i = 0; i != 1700; ++i) {
        CHECK(f.now(f.url) == first);
        f.settle();
        f.pass(1s);
    }
    CHECK(f.trades() > 3);
    CHECK(f.trades() < 12);
    f.server.inject({});
    f.pass(f.caller.stats().session_tokens.remaining ? 30min : 0min);
    CHECK(f.now(f.url) == first);
    f.settle();
    CHECK(f.now(f.url) != first);
}

TEST_CASE("a caller may require a longer lifetime than that of the cached token")
{
    cached f;
    auto const first = f.run(f.caller.session_token(f.url));
    f.pass(2h);
    auto const demanding = f.caller.with(call_options().min_validity(2h + 1s));
    CHECK_FALSE(demanding.cached_session_token(f.url));
    CHECK(f.now(f.url) == first);
    auto const second = f.run(demanding.session_token(f.url));
    CHECK(second != first);
    CHECK(f.now(f.url) == second);
    CHECK(f.trades() == 2);
}

TEST_CASE("a refused token is not handed out again; a late refusal of an older one does nothing")
{
    cached f;
    auto const first = f.run(f.caller.session_token(f.url));
    CHECK(f.caller.invalidate_session_token(f.url, first));
    CHECK_FALSE(f.caller.invalidate_session_token(f.url, first));
    CHECK_FALSE(f.now(f.url));
    auto const second = f.run(f.caller.session_token(f.url));
    CHECK(second != first);
    CHECK(f.trades() == 2);
    CHECK_FALSE(f.caller.invalidate_session_token(f.url, first));
    CHECK(f.now(f.url) == second);
    CHECK(f.trades() == 2);
}

TEST_CASE("a redeployed model has another id: the old one is dropped and requested again")
{
    cached f;
    f.run(f.caller.session_token(f.url));
    practicus::mock::prefix const prefix("models-practicus", "models/practicus");
    f.server.region().remove_model(42).add(
        practicus::mock::model(142, "diamond-price", prefix,
                               {practicus::mock::version(1421, 1, practicus::mock::deployment("d", "D"))}));
    f.pass(4h);
    CHECK(f.run(f.caller.session_token(f.url)));
    CHECK(f.run(f.caller.model_id(f.url)) == 142);
    CHECK(f.ids() == 2);
    CHECK(f.trades() == 3);
}

TEST_CASE("an unknown model is asked for once in a while only")
{
    cached f;
    auto const none = f.model("models/practicus/none");
    for (int i = 0; i != 3; ++i)
        CHECK(f.failure(f.caller.session_token(none)).code == errc::not_found);
    CHECK(f.server.count("other") == 1);
    CHECK(f.caller.stats().ids.replays == 2);
    f.pass(1s); // random() is 0
    CHECK(f.failure(f.caller.session_token(none)).code == errc::not_found);
    CHECK(f.server.count("other") == 2);
    // Another user may see it.
    f.run(f.caller.login("admin@company.com", "practicus"));
    CHECK(f.failure(f.caller.session_token(none)).code == errc::not_found);
    CHECK(f.server.count("other") == 3);
}

TEST_CASE("a logout forgets every token, and so does another user's login")
{
    cached f;
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    auto const first = f.run(f.caller.session_token(f.url));
    f.run(f.caller.login("admin@company.com", "practicus")); // the same
    CHECK(f.now(f.url) == first);
    f.run(f.caller.login("berta@company.com", "b"));
    CHECK_FALSE(f.now(f.url));
    f.run(f.caller.session_token(f.url));
    CHECK(f.trades() == 2);
    f.caller.logout();
    CHECK_FALSE(f.now(f.url));
    CHECK(f.failure(f.caller.session_token(f.url)).code == errc::login_required);
    CHECK(f.trades() == 2);
}

TEST_CASE("a waiter for a token gets the token of a login that happens meanwhile")
{
    cached f;
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    f.run(f.caller.model_id(f.url));
    practicus::mock::gate gate;
    f.server.expect("GET", trade).hold(gate);
    token got;
    f.io.restart();
    asio::co_spawn(f.io, f.caller.session_token(f.url), [&](std::exception_ptr e, token t) {
        CHECK_FALSE(e);
        got = t;
    });
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    bool logged_in = false;
    asio::co_spawn(f.io, f.caller.login("berta@company.com", "b"),
                   [&](std::exception_ptr e) { logged_in = !e; });
    poll_until(f.io, [&] { return logged_in && got; });
    gate.open();
    f.io.run();
    CHECK(f.trades() == 2);
    CHECK(f.now(f.url) == got);
    CHECK(got.claims().username.value_or("berta") == "berta");
}

TEST_CASE("a closed client hands out nothing")
{
    cached f;
    f.run(f.caller.session_token(f.url));
    f.caller.close();
    CHECK_FALSE(f.now(f.url));
    CHECK(f.failure(f.caller.session_token(f.url)).code == errc::client_closed);
}

TEST_CASE("a token that the region issued past its life is an error, and no loop")
{
    cached f;
    f.server.region().configure([&](auto& s) {
        s.alter_claims = [](token_type type, boost::json::object& claims) {
            if (type == token_type::session) claims["exp"] = claims.at("iat").as_int64() - 10;
        };
    });
    CHECK(f.failure(f.caller.session_token(f.url)).code == errc::expired_token);
    CHECK(f.failure(f.caller.session_token(f.url)).code == errc::expired_token);
    CHECK(f.trades() == 1);
    CHECK_FALSE(f.now(f.url));
}

TEST_CASE("a local clock that is wrong by a day has no effect")
{
    auto const wrong = GENERATE(-24h, 24h);
    cached f;
    auto& clock = clock_of(f.caller);
    clock.simulate(clock.now(), clock.system_now() + wrong);
    auto const first = f.run(f.caller.session_token(f.url));
    f.pass(3h - 1s);
    CHECK(f.now(f.url) == first);
    f.pass(1h - 30s);
    CHECK(f.now(f.url) == first);
    f.pass(1s);
    CHECK_FALSE(f.now(f.url));
    CHECK(f.trades() == 1);
    CHECK(f.refreshes() == 0);
}

TEST_CASE("a token that is no JWT, or has an invalid expiry, lives a quarter of an hour")
{
    bool const garbage = GENERATE(false, true);
    cached f;
    if (garbage)
        f.server.region().configure([&](auto& s) {
            s.alter_claims = [](token_type type, boost::json::object& claims) {
                if (type == token_type::session) claims["exp"] = "soon";
            };
        });
    else
        f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
    auto const first = f.run(f.caller.session_token(f.url));
    f.pass(15min - 31s);
    CHECK(f.now(f.url) == first);
    f.pass(1s);
    CHECK_FALSE(f.now(f.url));
}

TEST_CASE("a region that rotates and blacklists, a thousand calls at once and 401s in between")
{
    cached f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    f.run(f.caller.cluster_info());
    for (int round = 1; round != 6; ++round) {
        f.pass(31s);
        f.server.region().revoke(token_type::access);
        ends result;
        f.io.restart();
        for (int i = 0; i != 1000; ++i)
            asio::co_spawn(f.io, f.caller.cluster_info(), result.handler());
        f.io.run();
        CHECK(result.served == 1000);
        CHECK(f.refreshes() == static_cast<std::uint64_t>(round));
    }
    CHECK(f.logins() == 1);
}

TEST_CASE("a context is destroyed with a thousand waiters for one token")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", trade).hold(gate);
    results inside, outside;
    asio::io_context other;
    {
        asio::io_context io;
        practicus::client client(io.get_executor(), f.server.url(), options_as(fixture::password()));
        for (int i = 0; i != 1000; ++i) {
            asio::co_spawn(io, client.session_token(f.model()), inside.handler());
            asio::co_spawn(other, client.session_token(f.model()), outside.handler());
        }
        poll_until(other, [&] {
            io.poll();
            return gate.waiting() != 0;
        });
    }
    other.restart();
    other.run();
    CHECK(inside.ended.served + inside.ended.aborted + inside.ended.closed + inside.ended.other == 0);
    CHECK(outside.ended.aborted == 1000);
    gate.open();
    f.server.region().clear_violations(); // a request that was cut short
}

TEST_CASE("the last client goes with a thousand waiters of two contexts")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("GET", trade).hold(gate);
    results inside, outside;
    asio::io_context other;
    {
        auto client = f.user();
        for (int i = 0; i != 1000; ++i) {
            asio::co_spawn(f.io, client.session_token(f.model()), inside.handler());
            asio::co_spawn(other, client.session_token(f.model()), outside.handler());
        }
        poll_until(f.io, [&] {
            other.poll();
            return gate.waiting() != 0;
        });
    }
    // The waiters hold it, until they are told.
    gate.open();
    poll_until(f.io, [&] {
        other.restart();
        other.poll();
        return inside.ended.served == 1000 && outside.ended.served == 1000;
    });
    CHECK(inside.tokens == outside.tokens);
}
