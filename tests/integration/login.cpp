// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

using practicus::credentials;
using practicus::errc;
using namespace std::chrono_literals;

TEST_CASE("login with e-mail and password")
{
    fixture f;
    auto client = f.client();
    CHECK(client.username().empty());
    f.run(client.login("admin@company.com", "practicus"));
    CHECK(client.username() == "admin");
    CHECK(f.run(client.model_prefixes()).size() == 3);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("POST auth/refresh/") == 0);

    // The documented form, and nothing that gives it away elsewhere.
    auto const sent = f.server.requests().at(0);
    CHECK(sent.body == R"({"email":"admin@company.com","password":"practicus"})");
    CHECK(sent.headers["content-type"] == "application/json");
    CHECK_FALSE(sent.headers.contains("authorization"));
}

TEST_CASE("a Date three hours ahead of the client and of the token's issuer refuses no login")
{
    // Nor where the client's own clock is behind.
    auto const wrong = GENERATE(0h, -24h);
    fixture f;
    f.server.region().advance(3h);
    f.server.region().configure([&](auto& s) {
        s.alter_claims = [](practicus::mock::token_type, boost::json::object& claims) {
            for (auto const* const name : {"iat", "exp"})
                claims[name] = claims.at(name).as_int64() - 3 * 3600;
        };
    });
    auto client = f.client();
    auto& clock = clock_of(client);
    clock.simulate(clock.now(), clock.system_now() + wrong);
    f.run(client.login("admin@company.com", "practicus"));
    f.run(client.session_token(f.model()));
    f.run(client.refresh());
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(f.server.region().count_status(401) == 0);
}

TEST_CASE("the user's name is guessed if the region does not state it")
{
    fixture f;
    f.server.region().configure([&](auto& s) {
        s.username_at_login = false;
        s.username_at_refresh = false;
        s.tokens = practicus::mock::token_shape::opaque;
    });
    auto client = f.client();
    f.run(client.login("admin@company.com", "practicus"));
    CHECK(client.username() == "admin");
}

TEST_CASE("a refused password is an error of its own and changes nothing")
{
    fixture f;
    auto client = f.client();
    f.run(client.login("admin@company.com", "practicus"));
    auto const info = f.failure(client.login("admin@company.com", "swordfish"));
    CHECK(info.code == errc::login_refused);
    CHECK(info.status == 401);
    CHECK(info.request == "POST /console/api/auth/");
    CHECK_FALSE(info.server_message.empty());
    CHECK(practicus::is_auth_error(info.code));
    CHECK(std::string(practicus::error(info).what()).find("swordfish") == std::string::npos);
    f.run(client.cluster_info());
}

TEST_CASE("a one-time password")
{
    fixture f;
    f.server.region().one_time_password("admin@company.com", "123456");
    auto client = f.client();
    CHECK(f.failure(client.login(fixture::password())).code == errc::one_time_password_required);
    CHECK(f.failure(client.login(fixture::password().one_time_password("000000"))).code ==
          errc::login_refused);
    f.run(client.login(fixture::password().one_time_password("123456")));
    CHECK(f.server.requests().back().body ==
          R"({"email":"admin@company.com","password":"practicus","otp_code":"123456"})");
    f.run(client.cluster_info());
    // However a region says it.
    f.server.expect("POST", "*").reply(401, R"({"detail":"A code is needed.","code":"otp_required"})");
    auto const info = f.failure(client.login(fixture::password()));
    CHECK(info.code == errc::one_time_password_required);
    CHECK(info.status == 401);
    CHECK(info.server_message == "A code is needed.");
    f.run(client.cluster_info()); // nothing has changed
}

TEST_CASE("login with a refresh token")
{
    fixture f;
    auto const refresh = f.server.region().issue(practicus::mock::token_type::refresh, "admin@company.com");
    auto client = f.client();
    f.run(client.login(credentials::refresh_token(refresh + "\n")));
    CHECK(f.server.count("POST auth/refresh/") == 1);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(client.username() == "admin");

    // The documented form.
    auto const sent = f.server.requests().at(0);
    CHECK(sent.headers["authorization"] == "Bearer " + refresh);
    CHECK(sent.body == R"({"refresh":")" + refresh + R"("})");

    f.server.region().revoke(practicus::mock::token_type::refresh);
    auto const info = f.failure(client.login(credentials::refresh_token(refresh)));
    CHECK(info.code == errc::login_required);
    CHECK(info.server_code == "token_not_valid");
}

TEST_CASE("login with an access token")
{
    fixture f;
    auto const access = f.server.region().issue(practicus::mock::token_type::access, "admin@company.com");
    auto client = f.client();
    f.run(client.login(credentials::access_token(access)));
    CHECK(f.server.count() == 0);
    CHECK(client.username() == "admin");
    f.run(client.cluster_info());
    CHECK(f.server.count() == 1);
    // Nothing can renew it.
    CHECK(f.failure(client.refresh()).code == errc::login_required);
    f.run(client.cluster_info());
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
}

TEST_CASE("login with a token whose kind is in its claim")
{
    fixture f;
    auto& region = f.server.region();
    auto client = f.client();
    f.run(client.login(
        credentials::token(region.issue(practicus::mock::token_type::access, "admin@company.com"))));
    CHECK(f.server.count() == 0);
    f.run(client.login(
        credentials::token(region.issue(practicus::mock::token_type::refresh, "admin@company.com"))));
    CHECK(f.server.count("POST auth/refresh/") == 1);
}

TEST_CASE("without a login nothing is sent")
{
    fixture f;
    auto const info = f.failure(f.client().models());
    CHECK(info.code == errc::login_required);
    CHECK(f.server.count() == 0);
}

TEST_CASE("a client with credentials logs in by itself, once for all callers")
{
    fixture f;
    auto client = f.user();
    int done = 0;
    for (int i = 0; i != 100; ++i)
        asio::co_spawn(f.io, client.cluster_info(), [&](std::exception_ptr e, practicus::cluster_info) {
            CHECK_FALSE(e);
            ++done;
        });
    f.io.run();
    CHECK(done == 100);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("GET central/clusterdefinition/") == 100);
}

TEST_CASE("credentials that are refused fail all callers with one request")
{
    fixture f;
    auto client = f.client(options_as(credentials::password("admin@company.com", "swordfish")));
    int done = 0;
    for (int i = 0; i != 10; ++i)
        asio::co_spawn(f.io, client.cluster_info(), [&](std::exception_ptr e, practicus::cluster_info) {
            try {
                std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                CHECK(failed.code() == errc::login_refused);
                ++done;
            }
        });
    f.io.run();
    CHECK(done == 10);
    // Later callers get the same error: another login might lock the account.
    CHECK(f.failure(client.cluster_info()).code == errc::login_refused);
    CHECK(f.server.count() == 1);
}

TEST_CASE("logout forgets everything")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    client.logout();
    client.logout();
    CHECK(client.username().empty());
    f.server.region().reset_counts();
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
    CHECK(f.failure(client.refresh()).code == errc::login_required);
    CHECK(f.server.count() == 0);
}

TEST_CASE("logout while a login is awaited")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    auto client = f.user();
    std::exception_ptr failed;
    asio::co_spawn(f.io, client.cluster_info(),
                   [&](std::exception_ptr e, practicus::cluster_info) { failed = e; });
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    client.logout();
    gate.open();
    f.io.run();
    REQUIRE(failed);
    try {
        std::rethrow_exception(failed);
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::login_required);
    }
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
}

TEST_CASE("a login response after a logout is ignored")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    auto client = f.client();
    ends result;
    asio::co_spawn(f.io, client.login("admin@company.com", "practicus"), result.handler());
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    client.logout();
    gate.open();
    f.io.run();
    CHECK(result.other == 1);
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
}

TEST_CASE("a one-time password that may have reached the region is not sent again")
{
    fixture f;
    f.server.region().one_time_password("admin@company.com", "123456");
    f.server.expect("POST", "/console/api/auth/").cut_after(0);
    auto client = f.client(options_as(fixture::password().keep_password().one_time_password("123456")));
    CHECK(f.failure(client.cluster_info()).code == errc::connection_lost);
    CHECK(f.failure(client.cluster_info()).code == errc::login_required);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a one-time password that never left is sent by the next call")
{
    fixture f{https_options()};
    f.server.region().one_time_password("admin@company.com", "123456");
    f.server.expect_connection().cut_after(0);
    auto client = f.client(options_with(
        [&](auto& o) {
            o.tls.ca_pem = f.server.ca_pem();
            o.credentials = fixture::password().keep_password().one_time_password("123456");
        },
        f.once()));
    CHECK(f.failure(client.cluster_info()).code == errc::connection_lost);
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a password that needs a one-time password is posted once, with any status")
{
    for (unsigned const status : {400U, 401U})
        for (auto const* otp : {"", "123456"}) {
            INFO(status << ' ' << otp);
            fixture f;
            auto user = fixture::password().keep_password();
            if (*otp != 0) user.one_time_password(otp);
            auto const client = f.client(options_as(user));
            f.server.expect("POST", "/console/api/auth/")
                .reply(status, R"({"detail":"x","code":["otp_required"]})");
            CHECK(f.failure(client.cluster_info()).code == errc::one_time_password_required);
            CHECK(f.failure(client.refresh()).code == errc::one_time_password_required);
            for (int i = 0; i != 3; ++i) {
                CHECK(f.failure(client.cluster_info()).code == errc::one_time_password_required);
                CHECK(f.server.requests().size() == 1);
                clock_of(client).advance(std::chrono::minutes(10));
            }
            f.run(client.login(fixture::password()));
            f.run(client.cluster_info());
        }
}

TEST_CASE("a login that fails says why")
{
    fixture f;
    auto client = f.client(f.once());
    std::pair<unsigned, errc> const table[] = {{400, errc::bad_request},   {401, errc::login_refused},
                                               {403, errc::login_refused}, {404, errc::not_found},
                                               {405, errc::bad_request},   {429, errc::too_many_requests},
                                               {500, errc::server_error},  {503, errc::unavailable}};
    for (auto const& [status, code] : table) {
        INFO(status);
        f.server.expect("POST", "/console/api/auth/").reply(status, R"({"detail":"no"})");
        auto const info = f.failure(client.login("admin@company.com", "practicus"));
        CHECK(info.code == code);
        CHECK(info.status == status);
        CHECK(info.server_message == "no");
    }
}

TEST_CASE("an operation after a logout does not wait for one that began before")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    auto client = f.user();
    ends before, after;
    asio::co_spawn(f.io, client.cluster_info(), before.handler());
    poll_until(f.io, [&] { return gate.waiting() != 0; });
    client.logout();
    asio::co_spawn(f.io, client.cluster_info(), after.handler());
    poll_until(f.io, [&] { return before.other == 1 && after.other == 1; });
    gate.open();
    f.io.run();
    CHECK(f.server.count("POST auth/") == 1);
}
