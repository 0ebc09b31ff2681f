// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"
#include "temporary_folder.hpp"

#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/session_token_file.hpp>

#include <boost/json/parse.hpp>

#include <fstream>

using practicus::credentials;
using practicus::errc;
using practicus::secret;
using namespace std::chrono_literals;

namespace {

constexpr char const* rows = "carat\n1\n";

/// The calls of a client with a session token of the demo region.
struct given : fixture
{
    std::string issue()
    {
        return server.region().issue(practicus::mock::token_type::session, "admin@company.com", 42);
    }

    practicus::client holder(credentials user,
                             practicus::client_options options = practicus::client_options())
    {
        return client(options_as(std::move(user), std::move(options)));
    }

    /// Returns the number of requests to the console.
    std::uint64_t console_requests() const
    {
        std::uint64_t result = 0;
        for (auto const& r : server.requests())
            result += r.target.starts_with("/console/") || r.target.find("get_meta") != std::string::npos;
        return result;
    }
};

/// A client with a source of tokens: one that the region refuses, and the next one after a refusal.
struct refused_once : given
{
    refused_once() { server.region().revoke_token(old); }

    std::string const old = issue();
    std::string const next = issue();
    int refusals = 0;
    practicus::client client = holder(credentials::session_token([this](secret const& refused) {
        if (refused.reveal() == old) ++refusals;
        return secret(refusals == 0 ? old : next);
    }));
};

boost::asio::awaitable<void> discard(std::string)
{
    co_return;
}

boost::asio::awaitable<std::string> give(std::string text)
{
    co_return text;
}

} // namespace

TEST_CASE("a call has a session token of its own, beside a login and without one")
{
    given g;
    auto const own = g.issue();
    auto const asked = std::move(practicus::request().content_type("text/csv").body(rows).session_token(own));
    auto const with_login = g.user();
    g.run(with_login.session_token(g.model()));
    for (auto const& client : {g.client(), with_login}) {
        auto const before = g.console_requests();
        CHECK(g.run(client.call(practicus::model_url(g.model()), asked)).status == 200);
        CHECK(g.server.requests().back().headers["authorization"] == "Bearer " + own);
        CHECK(g.console_requests() == before);
    }
    // The client's tokens are as they were.
    CHECK_FALSE(g.run(with_login.predict(g.model(), rows)).body.empty());
    CHECK(g.server.requests().back().headers["authorization"] != "Bearer " + own);

    g.server.region().revoke_token(own);
    auto const before = g.server.requests().size();
    auto const refused = g.failure(with_login.call(practicus::model_url(g.model()), asked));
    CHECK(refused.code == errc::unauthorized);
    CHECK(refused.message == "the client cannot renew the session token that it was given");
    CHECK(g.server.requests().size() == before + 1);
    CHECK(g.failure(with_login.call(practicus::model_url("https://example.com/models/a/b/"), asked)).code ==
          errc::untrusted_origin);
    CHECK_THROWS_AS(practicus::request().session_token(" "), practicus::error);
}

TEST_CASE("a session token calls a model without a console and a login")
{
    given g;
    auto const token = g.issue();
    auto client = g.holder(credentials::session_token(token));
    CHECK(g.run(client.session_token(g.model())).reveal() == token);
    CHECK(client.cached_session_token(g.model()).reveal() == token);
    CHECK(g.run(client.session_token(practicus::app_url(g.server.url() + "/apps/tools/viewer/"))).reveal() ==
          token);
    CHECK(g.run(client.addon_session_token("langflow")).reveal() == token);
    CHECK(g.run(client.predict(g.model(), rows)).status == 200);
    CHECK(g.server.count() == 1);
    CHECK(g.console_requests() == 0);
    CHECK(g.server.requests().back().headers["authorization"] == "Bearer " + token);
}

TEST_CASE("an operation of the console needs a login, and sends nothing, with a session token")
{
    given g;
    auto client = g.holder(credentials::session_token(g.issue()));
    auto const check = [](practicus::error_info const& info) {
        CHECK(info.code == errc::login_required);
        CHECK(info.message == "the client has a session token only, which the console does not accept");
    };
    check(g.failure(client.models()));
    check(g.failure(client.model_id(g.model())));
    check(g.failure(client.model_metadata(g.model())));
    check(g.failure(client.refresh()));
    CHECK(g.server.connections() == 0);
}

TEST_CASE("a refused session token is final")
{
    given g;
    auto const token = g.issue();
    g.server.region().revoke_token(token);
    auto client = g.holder(credentials::session_token(token));
    auto const info = g.failure(client.predict(g.model(), rows));
    CHECK(info.code == errc::unauthorized);
    CHECK(info.status == 401);
    CHECK(info.message == "the client cannot renew the session token that it was given");
    CHECK(info.request == "POST /models/practicus/diamond-price/");
    CHECK(g.server.count() == 1);
    // The next call may go to another model.
    CHECK(client.cached_session_token(g.model()).reveal() == token);
}

TEST_CASE("a refused session token ends a batch run at once")
{
    given g;
    auto const token = g.issue();
    g.server.region().revoke_token(token);
    auto client = g.holder(credentials::session_token(token));
    practicus::batch_job job(client.model_url("models/practicus", "diamond-price"),
                             practicus::string_source(rows), discard);
    auto const info = g.failure(practicus::predict_batches(client, std::move(job)));
    CHECK(info.code == errc::unauthorized);
    CHECK(info.message == "rows 1 to 1: the client cannot renew the session token that it was given");
    CHECK(g.server.count() == 1);
}

TEST_CASE("a session token leaves for trusted origins only")
{
    given g;
    practicus::mock::server other;
    other.region().add_demo();
    auto const elsewhere = other.url() + "/models/practicus/diamond-price/";
    auto client = g.holder(credentials::session_token("opaque"));
    CHECK(g.failure(client.predict(elsewhere, rows)).code == errc::untrusted_origin);
    CHECK(g.failure(client.session_token(elsewhere)).code == errc::untrusted_origin);
    CHECK(client.cached_session_token(elsewhere).empty());
    CHECK(other.connections() == 0);
    auto const trusting = client.with(practicus::call_options().trusted_origin(other.url()));
    CHECK(g.failure(trusting.predict(elsewhere, rows)).code == errc::unauthorized);
    CHECK(other.connections() == 1);
    other.region().clear_violations();
}

TEST_CASE("a session token is sent until its end")
{
    given g;
    g.server.region().configure([](auto& s) { s.session_lifetime = 1h; });
    auto client = g.holder(credentials::session_token(g.issue()));
    auto& clock = clock_of(client);
    clock.advance(59min);
    CHECK(g.run(client.predict(g.model(), rows)).status == 200);
    auto const fresh_only = client.with(practicus::call_options().min_validity(5min));
    auto const short_lived = g.failure(fresh_only.predict(g.model(), rows));
    CHECK(short_lived.code == errc::expired_token);
    CHECK(short_lived.message == "it ends within call_options::min_validity");
    clock.advance(2min);
    auto const info = g.failure(client.predict(g.model(), rows));
    CHECK(info.code == errc::expired_token);
    CHECK(info.message == "the client cannot renew the session token that it was given");
    CHECK(client.cached_session_token(g.model()).empty());
    CHECK(g.server.count() == 1);
}

TEST_CASE("a session token calls a gateway, and is final there as well")
{
    given g;
    auto const token = g.server.region().issue(practicus::mock::token_type::gateway, "admin@company.com");
    auto client = g.holder(credentials::session_token(token));
    auto const where = client.model_url("ai-gateway", "v1").at("chat/completions");
    auto const ask = practicus::request::json(
        boost::json::parse(R"({"model":"assistant","messages":[{"role":"user","content":"hi"}]})"));
    CHECK(g.run(client.call(where, ask)).status == 200);
    CHECK(g.server.count() == 1);
    g.server.region().revoke_token(token);
    auto const info = g.failure(client.call(where, ask));
    CHECK(info.code == errc::unauthorized);
    CHECK(info.message == "the client cannot renew the session token that it was given");
    CHECK(g.server.count() == 2);
}

TEST_CASE("a login replaces a session token, and a logout removes it")
{
    given g;
    auto client = g.client();
    auto const token = g.issue();
    g.run(client.login(credentials::session_token(token)));
    CHECK(g.run(client.session_token(g.model())).reveal() == token);
    client.logout();
    CHECK(client.cached_session_token(g.model()).empty());
    CHECK(g.failure(client.session_token(g.model())).code == errc::login_required);
    g.run(client.login(credentials::session_token(token)));
    g.run(client.login("admin@company.com", "practicus"));
    CHECK(g.run(client.session_token(g.model())).reveal() != token);
    CHECK_FALSE(g.run(client.models()).empty());
    client.close();
    g.server.region().clear_violations();
}

TEST_CASE("a 401 is sent again once with the token that a source returns next")
{
    refused_once g;
    CHECK(g.run(g.client.predict(g.model(), rows)).status == 200);
    CHECK(g.refusals == 1);
    CHECK(g.server.region().count_status(401) == 1);
    g.server.region().revoke_token(g.next);
    CHECK(g.failure(g.client.predict(g.model(), rows)).code == errc::unauthorized);
    CHECK(g.server.region().count_status(401) == 2);
}

TEST_CASE("a source learns of a refusal that allows no second try, and from the caller")
{
    refused_once g;
    practicus::body_source const source = [left = std::make_shared<std::string>(rows)] {
        return give(std::exchange(*left, std::string()));
    };
    auto const call = [&] {
        return g.client.call(practicus::model_url(g.model()),
                             practicus::request().content_type("text/csv").body(source));
    };
    CHECK(g.failure(call()).code == errc::unauthorized);
    CHECK(g.refusals == 1);
    CHECK(g.run(g.client.predict(g.model(), rows)).status == 200);
    CHECK_FALSE(g.client.invalidate_session_token(g.model(), practicus::token(secret(g.next))));
    CHECK(g.client.invalidate_session_token(g.model(), practicus::token(secret(g.old))));
    CHECK(g.refusals == 2);
}

TEST_CASE("what a session token's source throws reaches the caller unchanged")
{
    given g;
    bool fails = false;
    auto client = g.holder(credentials::session_token([&](secret const&) {
        if (fails) throw std::out_of_range("vault");
        return secret("opaque");
    }));
    fails = true;
    CHECK_THROWS_AS(g.run(client.predict(g.model(), rows)), std::out_of_range);
    CHECK(client.cached_session_token(g.model()).empty());
    CHECK(g.server.count() == 0);
}

TEST_CASE("a token file that is replaced serves the next call")
{
    given g;
    temporary_folder const folder;
    auto const path = (folder.path / "token").string();
    auto const put = [&](std::string const& text) {
        std::ofstream(path + ".new") << text << '\n';
        std::filesystem::rename(path + ".new", path);
    };
    auto const old = g.issue();
    auto const next = g.issue();
    put(old);
    auto client = g.holder(practicus::session_token_file(path));
    CHECK(g.run(client.predict(g.model(), rows)).status == 200);
    put(next);
    g.server.region().revoke_token(old);
    CHECK(g.run(client.predict(g.model(), rows)).status == 200);
    CHECK(g.server.region().count_status(401) == 0);
}
