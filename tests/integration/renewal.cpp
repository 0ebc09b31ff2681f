// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/detached.hpp>

#include <optional>
#include <string>
#include <variant>

using practicus::errc;
using practicus::mock::rotation;
using practicus::mock::token_type;
using namespace std::chrono_literals;

namespace {

/// Moves the region's clock and the client's own.
void pass(fixture& f, practicus::client const& client, std::chrono::seconds time)
{
    f.server.region().advance(time);
    clock_of(client).advance(time);
}

} // namespace

TEST_CASE("an access token that expires between two calls is refreshed before the second")
{
    fixture f;
    auto client = f.user();
    stopped_clock_of(client);
    f.run(client.cluster_info());
    pass(f, client, 25min - 1s);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 0);
    pass(f, client, 4min + 32s); // 29 s left
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(f.server.region().count_status(401) == 0);
}

TEST_CASE("a 401 leads to one refresh and one resend")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(f.server.count("GET central/clusterdefinition/") == 3);
    CHECK(f.server.region().count_status(401) == 1);
}

TEST_CASE("a 401 that stays is an error after one resend")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    f.server.expect("GET", "/console/api/central/clusterdefinition/")
        .reply(401, R"({"detail":"no"})")
        .times(2);
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::unauthorized);
    CHECK(info.attempts == 2);
    CHECK(info.server_message == "no");
    CHECK(f.server.count("POST auth/refresh/") == 1);
}

TEST_CASE("many callers that get a 401 share one refresh")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access);
    int done = 0;
    f.io.restart();
    for (int i = 0; i != 50; ++i)
        asio::co_spawn(f.io, client.cluster_info(), [&](std::exception_ptr e, practicus::cluster_info) {
            CHECK_FALSE(e);
            ++done;
        });
    f.io.run();
    CHECK(done == 50);
    CHECK(f.server.count("POST auth/refresh/") == 1);
}

TEST_CASE("a refused refresh token ends with login_required")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access).revoke(token_type::refresh);
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::login_required);
    CHECK(info.server_code == "token_not_valid");
    CHECK(info.request == "POST /console/api/auth/refresh/");
    // And is not sent again.
    auto const before = f.server.count();
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
    CHECK(f.server.count() == before);
}

TEST_CASE("a refused refresh token leads to a login if the password was kept")
{
    fixture f;
    auto client = f.client(options_as(fixture::password().keep_password()));
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access).revoke(token_type::refresh);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/") == 2);
    CHECK(f.server.count("POST auth/refresh/") == 1);
}

TEST_CASE("a refusal by a proxy does not log out")
{
    fixture f;
    auto client = f.user();
    stopped_clock_of(client);
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access);
    f.server.expect("POST", "/console/api/auth/refresh/")
        .reply(401, "<html><title>Proxy login</title></html>", "text/html");
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::unauthorized);
    CHECK(info.server_message == "Proxy login");
    pass(f, client, 5s);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 2);
}

TEST_CASE("a refusal by a proxy does not drop a kept password")
{
    fixture f;
    auto client = f.client(options_as(fixture::password().keep_password()));
    stopped_clock_of(client);
    f.server.expect("POST", "/console/api/auth/")
        .reply(403, "<html><title>Blocked</title></html>", "text/html");
    CHECK(f.failure(client.cluster_info()).code == errc::forbidden);
    pass(f, client, 5s);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/") == 2);
}

TEST_CASE("the region's own 403 logs out only if it says that the token is not valid")
{
    fixture f;
    auto client = f.user();
    stopped_clock_of(client);
    f.run(client.cluster_info());
    f.server.region().revoke(token_type::access);
    f.server.expect("POST", "/console/api/auth/refresh/").reply(403, R"({"detail":"not from here"})");
    CHECK(f.failure(client.cluster_info()).code == errc::forbidden);
    pass(f, client, 5s);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 2);

    f.server.region().revoke(token_type::access);
    f.server.expect("POST", "/console/api/auth/refresh/")
        .reply(403, R"({"detail":"no","code":"token_not_valid"})");
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
    CHECK(f.server.count("POST auth/refresh/") == 3);
}

TEST_CASE("every call with the access token is sent again after a 401")
{
    fixture f;
    auto client = f.user();
    stopped_clock_of(client);
    f.run(client.cluster_info());
    auto const viewer = client.app_url("apps/tools", "viewer");
    std::uint64_t refreshes = 0;
    auto after_revoking = [&](auto operation) {
        // After a while: a region that refuses what it has just issued is asked less often.
        pass(f, client, 31s);
        f.server.region().revoke(token_type::access);
        f.run(std::move(operation));
        CHECK(f.server.count("POST auth/refresh/") == ++refreshes);
    };
    // Before a listing tells it.
    after_revoking(client.model_id(f.model()));
    after_revoking(client.model_prefixes());
    after_revoking(client.models());
    after_revoking(client.model_deployments());
    after_revoking(client.app_prefixes());
    after_revoking(client.apps());
    after_revoking(client.model_metadata(f.model()));
    after_revoking(client.session_token(f.model()));
    after_revoking(client.session_token(viewer));
}

TEST_CASE("single 401s to tokens that were accepted fail no call, however young those are")
{
    fixture f;
    auto client = f.user();
    stopped_clock_of(client);
    for (int round = 0; round != 20; ++round) {
        for (int i = 0; i != 3; ++i) {
            f.run(client.cluster_info());
            CHECK(f.run(client.predict(f.model(), "carat\n1\n")).status == 200);
        }
        f.server.region().revoke(token_type::access).revoke(token_type::session);
    }
    CHECK(f.server.count("POST auth/refresh/") == 19);
    CHECK(f.server.count("GET modelhost/model-auth/") == 20);
}

TEST_CASE("a rotated refresh token is adopted")
{
    fixture f;
    f.server.region().configure([&](auto& s) { s.rotation = rotation::blacklist_old; });
    auto client = f.user();
    f.run(client.cluster_info());
    for (int i = 0; i != 3; ++i) {
        f.server.region().revoke(token_type::access);
        f.run(client.cluster_info());
    }
    f.run(client.refresh());
    f.run(client.refresh());
    CHECK(f.server.count("POST auth/refresh/") == 5);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a refresh that is asked for leaves the old token in use until the new one is there")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/refresh/").hold(gate);
    bool refreshed = false;
    f.io.restart();
    asio::co_spawn(f.io, client.refresh(), [&](std::exception_ptr e) { refreshed = !e; });
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    bool answered = false;
    asio::co_spawn(f.io, client.cluster_info(),
                   [&](std::exception_ptr e, practicus::cluster_info) { answered = !e; });
    poll_until(f.io, [&] { return answered; });
    CHECK_FALSE(refreshed);
    gate.open();
    f.io.run();
    CHECK(refreshed);
}

TEST_CASE("a refresh that answers a dead token leads to no loop")
{
    fixture f;
    f.server.region().configure([&](auto& s) {
        s.alter_claims = [](token_type type, boost::json::object& claims) {
            if (type == token_type::access) claims["exp"] = claims.at("iat").as_int64() - 10;
        };
    });
    auto client = f.user();
    stopped_clock_of(client);
    CHECK(f.failure(client.cluster_info()).code == errc::expired_token);
    CHECK(f.failure(client.cluster_info()).code == errc::expired_token);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("POST auth/refresh/") == 0);
    pass(f, client, 5s);
    // The refresh token beside it was taken over.
    CHECK(f.failure(client.cluster_info()).code == errc::expired_token);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(f.server.count("GET central/clusterdefinition/") == 0);
}

TEST_CASE("the first caller of a renewal may leave: the others are served")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    auto client = f.user();
    asio::cancellation_signal leave;
    ends result;
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(leave.slot(), result.handler()));
    for (int i = 0; i != 3; ++i)
        asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    leave.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return result.aborted != 0; });
    gate.open();
    f.io.run();
    CHECK(result.aborted == 1);
    CHECK(result.served == 3);
    CHECK(f.server.count("POST auth/") == 1);
}

namespace {

/// A client whose renewal is held by the region, and its own.
struct held_renewal : fixture
{
    held_renewal()
    {
        run(caller.cluster_info());
        server.expect("POST", renewal).hold(old);
        start(caller.refresh(), first);
        poll_until(io, [&] { return old.waiting() == 1; });
    }

    template <class T>
    void start(asio::awaitable<T> operation, ends& result)
    {
        io.restart();
        asio::co_spawn(io, std::move(operation), result.handler());
    }

    /// Lets the region answer the old renewal, and the client read it: a round trip later it has.
    void answer_old()
    {
        old.open();
        ends other;
        start(client().login("admin@company.com", "practicus"), other);
        poll_until(io, [&] { return other.served == 1; });
    }

    practicus::credentials another_login()
    {
        return practicus::credentials::refresh_token(
            server.region().issue(token_type::refresh, "admin@company.com", 0));
    }

    std::uint64_t refreshes() const { return server.count("POST auth/refresh/"); }

    static constexpr char const* renewal = "/console/api/auth/refresh/";
    practicus::mock::gate old;
    practicus::client caller = user();
    ends first;
};

} // namespace

TEST_CASE("a login with a password does not wait for an older renewal, nor do those after it")
{
    held_renewal f;
    ends login, refresh;
    f.start(f.caller.login("admin@company.com", "practicus"), login);
    poll_until(f.io, [&] { return login.served == 1; });
    f.start(f.caller.refresh(), refresh);
    poll_until(f.io, [&] { return refresh.served == 1; });
    // The result of the older one is void: its waiters have the login's.
    CHECK(f.first.served == 1);
    f.old.open();
    f.io.run();
    CHECK(f.refreshes() == 2);
}

TEST_CASE("a login with a refresh token does not wait for an older renewal")
{
    held_renewal f;
    ends login;
    f.start(f.caller.login(f.another_login()), login);
    poll_until(f.io, [&] { return login.served == 1; });
    poll_until(f.io, [&] { return f.first.served == 1; });
    f.old.open();
    f.io.run();
    CHECK(f.refreshes() == 2);
}

TEST_CASE("an older renewal joins a newer one, and does not end it")
{
    held_renewal f;
    practicus::mock::gate newer, newest;
    f.server.expect("POST", f.renewal).hold(newer);
    f.server.expect("POST", f.renewal).hold(newest);
    ends result, last;
    auto login_and_refresh = [](practicus::client c, practicus::credentials user) -> asio::awaitable<void> {
        co_await c.login(std::move(user));
        co_await c.refresh();
    };
    f.start(login_and_refresh(f.caller, f.another_login()), result);
    poll_until(f.io, [&] { return newer.waiting() == 1; });
    f.answer_old();
    CHECK(f.refreshes() == 2);
    newer.open();
    poll_until(f.io, [&] { return newest.waiting() == 1 && f.first.served == 1; });
    f.start(f.caller.refresh(), last);
    f.answer_old();
    CHECK(f.refreshes() == 3);
    newest.open();
    f.io.run();
    CHECK(result.served == 1);
    CHECK(last.served == 1);
    CHECK(f.refreshes() == 3);
}

TEST_CASE("a logout ends the waiters of a renewal at once, and no request is sent for them")
{
    held_renewal f;
    ends second;
    f.start(f.caller.refresh(), second);
    f.io.poll();
    f.caller.logout();
    poll_until(f.io, [&] { return f.first.other == 1 && second.other == 1; });
    CHECK(f.failure(f.caller.cluster_info()).code == errc::login_required);
    f.old.open();
    f.io.run();
    CHECK(f.refreshes() == 1);
}

TEST_CASE("a logout in an observer ends the observed operation, and does not loop")
{
    fixture f;
    std::optional<practicus::client> client;
    int logouts = 0;
    bool const at_token = GENERATE(true, false);
    client.emplace(f.user(options_with([&](auto& o) {
        o.observer = [&](practicus::event const& e) {
            bool const is_due = at_token ? std::holds_alternative<practicus::events::token_fetched>(e)
                                         : std::holds_alternative<practicus::events::exchanged>(e);
            // The bound is for a library that loops.
            if (is_due && ++logouts < 1000) client->logout();
        };
    })));
    CHECK(f.failure(client->session_token(f.model())).code == errc::login_required);
    CHECK(logouts < 4);
    CHECK(f.failure(client->cluster_info()).code == errc::login_required);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a login in an observer keeps nothing waiting for ever")
{
    fixture f;
    std::optional<practicus::client> client;
    int logins = 0;
    ends end;
    auto const log_in = [&] {
        auto const user = practicus::credentials::access_token("wrong" + std::to_string(logins));
        asio::co_spawn(f.io, client->login(user), asio::detached);
    };
    client.emplace(f.client(options_with([&](auto& o) {
        o.credentials = practicus::credentials::access_token("wrong");
        o.observer = [&](practicus::event const& e) {
            if (!std::holds_alternative<practicus::events::exchanged>(e)) return;
            if (end.other == 0 && ++logins < 1000) log_in();
        };
    })));
    asio::co_spawn(f.io, client->session_token(f.model()), end.handler());
    f.io.run();
    CHECK(end.other == 1);
    CHECK(logins < 100);
}

TEST_CASE("a call may require a remaining lifetime of its token")
{
    using practicus::call_options;
    fixture f;
    auto client = f.user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    auto const renewals = [&] { return f.server.count("POST auth/refresh/"); };
    auto const demanding = client.with(call_options().min_validity(std::chrono::minutes(20)));
    clock.advance(std::chrono::seconds(9 * 60 + 59));
    f.run(demanding.cluster_info());
    CHECK(renewals() == 0);
    clock.advance(std::chrono::seconds(1));
    f.run(client.cluster_info());
    CHECK(renewals() == 0);
    f.run(demanding.cluster_info());
    CHECK(renewals() == 1);
    // More than any token has: three quarters of its life are good enough, and it is not renewed each time.
    f.run(client.with(call_options().min_validity(std::chrono::hours(1))).cluster_info());
    CHECK(renewals() == 1);
    // Less than usual: the last 30 s are good enough, and a new one is got behind them.
    clock.advance(std::chrono::seconds(30 * 60 - 1));
    f.run(client.with(call_options().min_validity(std::chrono::milliseconds(0))).cluster_info());
    CHECK(renewals() == 2);
}
