// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using practicus::call_options;
using practicus::client_options;
using practicus::errc;
using practicus::retry_options;
using namespace std::chrono_literals;

namespace {

constexpr char const* auth_path = "/console/api/auth/";
constexpr char const* refresh_path = "/console/api/auth/refresh/";

/// A client whose pauses are as short as they get.
struct retrying : fixture
{
    explicit retrying(client_options options = client_options()) : caller(user(std::move(options)))
    {
        runtime_of(caller).random().fix(0);
        run(caller.cluster_info());
    }

    std::uint64_t clusters() const { return server.count("GET central/clusterdefinition/") - 1; }

    practicus::client caller;
};

} // namespace

TEST_CASE("a GET is sent again after a transient failure")
{
    retrying f;
    std::uint64_t sent = 0;
    for (unsigned const status : {408U, 425U, 429U, 502U, 503U, 504U}) {
        INFO(status);
        f.server.expect("GET", cluster_path).reply(status).times(2);
        f.run(f.caller.cluster_info());
        CHECK(f.clusters() == (sent += 3));
    }
    for (unsigned const status : {400U, 403U, 404U, 500U, 501U}) {
        INFO(status);
        f.server.expect("GET", cluster_path).reply(status);
        CHECK(f.failure(f.caller.cluster_info()).attempts == 1);
        CHECK(f.clusters() == (sent += 1));
    }
    f.caller.close_idle();
    f.server.expect("GET", cluster_path).cut_after(20).times(2);
    f.run(f.caller.cluster_info());
    CHECK(f.clusters() == (sent += 3));
    CHECK(f.caller.stats().retries == 14);
}

TEST_CASE("a permanent outage reports attempts, time and cause")
{
    retrying f;
    f.server.expect("GET", cluster_path).reply(503, R"({"detail":"busy"})").times(3);
    auto info = f.failure(f.caller.cluster_info());
    CHECK(info.code == errc::unavailable);
    CHECK(info.status == 503);
    CHECK(info.attempts == 3);
    CHECK(info.server_message == "busy");
    f.server.expect("GET", cluster_path).reset_after(9).times(3);
    info = f.failure(f.caller.cluster_info());
    CHECK(info.code == errc::connection_lost);
    CHECK(info.attempts == 3);
    CHECK(info.cause);
    f.server.expect("GET", cluster_path).reply(503).times(1);
    info = f.failure(f.user(f.once()).cluster_info());
    CHECK(info.attempts == 1);
}

TEST_CASE("an operation of several requests has its retries in all")
{
    retrying f;
    // A fetch is an operation of its own, and has its own: so they are not multiplied by those of its
    // callers.
    f.server.expect("GET", "/models/*").reply(502).times(2);
    f.server.expect("GET", "/console/api/modelhost/model-auth/").reply(502).times(3);
    auto info = f.failure(f.caller.session_token(f.model()));
    CHECK(info.attempts == 3);
    CHECK(info.request == "GET /console/api/modelhost/model-auth/");
    CHECK(f.server.count("GET modelhost/model-auth/") == 3);
    // The request and its repetition with another token share theirs.
    f.server.region().revoke(practicus::mock::token_type::access);
    f.server.expect("GET", cluster_path).reply(502);
    f.server.expect("GET", cluster_path).reply(401, R"({"detail":"no"})");
    f.server.expect("GET", cluster_path).reply(502).times(2);
    info = f.failure(f.caller.cluster_info());
    CHECK(info.code == errc::unavailable);
    CHECK(info.attempts == 4);
}

TEST_CASE("a login is sent again, one with a one-time password only if it was refused before it was read")
{
    retrying f;
    auto const login = [&] { return f.caller.login("admin@company.com", "practicus"); };
    auto const logins = f.server.count("POST auth/");
    f.server.expect("POST", auth_path).reply(503);
    f.run(login());
    f.caller.close_idle();
    f.server.expect("POST", auth_path).cut_after(30);
    f.run(login());
    CHECK(f.server.count("POST auth/") == logins + 4);

    f.server.region().one_time_password("admin@company.com", "123456");
    auto const once = [&] {
        return f.caller.login(
            practicus::credentials::password("admin@company.com", "practicus").one_time_password("123456"));
    };
    f.server.expect("POST", auth_path).reply(503);
    CHECK(f.failure(once()).attempts == 1);
    f.caller.close_idle();
    f.server.expect("POST", auth_path).reset_after(0);
    CHECK(f.failure(once()).attempts == 1);
    CHECK(f.server.count("POST auth/") == logins + 6);
    f.server.region().one_time_password("admin@company.com", "123456"); // the first one is used up
    // Nothing was written: this one is for free.
    f.server.close_connections();
    f.server.wait_for_end();
    f.run(once());
    CHECK(f.server.count("POST auth/") == logins + 7);
}

TEST_CASE("a refresh token that may rotate is not sent again once it was written")
{
    retrying f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const sent = [&] { return f.server.count("POST auth/refresh/"); };
    f.server.expect("POST", refresh_path).reply(503);
    CHECK(f.failure(f.caller.refresh()).attempts == 1);
    f.server.expect("POST", refresh_path).cut_after(10);
    CHECK(f.failure(f.caller.refresh()).attempts == 1);
    CHECK(sent() == 2);
    // Refused with 429, it was surely not used.
    f.server.expect("POST", refresh_path).reply(429);
    f.run(f.user().login(practicus::credentials::refresh_token(
        f.server.region().issue(practicus::mock::token_type::refresh, "admin@company.com"))));
    CHECK(sent() == 4);
}

TEST_CASE("a region that does not rotate gets its refresh again")
{
    retrying f;
    f.run(f.caller.refresh());
    f.server.expect("POST", refresh_path).reply(503).times(2);
    f.run(f.caller.refresh());
    CHECK(f.server.count("POST auth/refresh/") == 4);
}

TEST_CASE("Retry-After is obeyed up to the client's limit and the deadline")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) { o.retry.max_retry_after = 5s; }));
    auto& clock = stopped_clock_of(client);
    runtime_of(client).random().fix(0);
    f.run(client.cluster_info());
    auto const before = f.server.count();
    auto paused_for = [&](practicus::client const& through, std::chrono::milliseconds pause) {
        auto const sent = f.server.count();
        ends result;
        f.io.restart();
        asio::co_spawn(f.io, through.cluster_info(), result.handler());
        poll_until(f.io,
                   [&] { return f.server.count() == sent + 1 && client.stats().connections.idle == 1; });
        clock.advance(pause - 1ms);
        for (int i = 0; i != 3; ++i)
            f.io.run_one();
        bool const early = result.served != 0;
        clock.advance(1ms);
        f.io.run_for(1min);
        return !early && result.served == 1;
    };
    f.server.expect("GET", cluster_path).reply(503).header("Retry-After", "3");
    CHECK(paused_for(client, 3s));
    f.server.expect("GET", cluster_path).reply(429).header("Retry-After", "5");
    CHECK(paused_for(client, 5s));
    f.server.expect("GET", cluster_path)
        .reply(503)
        .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
        .header("Retry-After", "Sun, 06 Nov 1994 08:49:39 GMT");
    CHECK(paused_for(client, 2s));
    CHECK(f.server.count() == before + 6);

    f.server.expect("GET", cluster_path).reply(503).header("Retry-After", "3");
    auto const info = f.failure(client.with(call_options().timeout(3s)).cluster_info());
    CHECK(info.code == errc::unavailable); // rather than to wait for a deadline that comes first
    CHECK(info.attempts == 1);

    f.server.expect("GET", cluster_path).reply(429).header("Retry-After", "3600");
    auto const busy = f.failure(client.cluster_info()); // rather than to ask sooner
    CHECK(busy.code == errc::too_many_requests);
    CHECK(busy.attempts == 1);
    CHECK(busy.retry_after == std::chrono::hours(1));
}

TEST_CASE("a pause ends when its operation is cancelled, or the client is closed")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    stopped_clock_of(client);
    f.server.expect("GET", cluster_path).reply(503).header("Retry-After", "4").times(2);
    asio::cancellation_signal leave;
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), asio::bind_cancellation_slot(leave.slot(), result.handler()));
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return client.stats().retries == 2; });
    leave.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return result.aborted == 1; });
    client.close();
    f.io.run_for(1min);
    CHECK(result.closed == 1);
}

TEST_CASE("an origin that fails all the time is not asked more and more")
{
    retrying f;
    f.server.expect("GET", cluster_path).reply(503).always();
    for (int i = 0; i != 150; ++i)
        f.failure(f.caller.cluster_info());
    CHECK(f.caller.stats().retries == 100);
    CHECK(f.clusters() == 250);
}
