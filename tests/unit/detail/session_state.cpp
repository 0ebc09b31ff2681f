// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/session_state.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::credentials;
using practicus::jwt_claims;
using practicus::secret;
using practicus::token;
using source = session_state::source;
using std::chrono::sys_seconds;

constexpr char const* access_jwt_of_anna =
    "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwidXNlcm5hbWUiOiJhbm5hIn0.c2ln";

constexpr time_point now{1000s};

token make(std::string_view text)
{
    return token(secret(text));
}

wire::new_tokens tokens(std::string_view access, std::string_view refresh = {}, std::string username = {})
{
    return {make(refresh), make(access), std::move(username)};
}

/// Logged in with a password: access token `a`, refresh token `r`, for an hour.
session_state logged_in(bool keep = false)
{
    session_state state;
    state.replace(credentials::password("anna@company.com", "x").keep_password(keep));
    CHECK(state.adopt(tokens("a", "r"), now, now + 1h, state.generation()));
    return state;
}

jwt_claims claims(std::optional<std::int64_t> iat, std::optional<std::int64_t> exp)
{
    jwt_claims result;
    if (iat) result.iat = sys_seconds(std::chrono::seconds(*iat));
    if (exp) result.exp = sys_seconds(std::chrono::seconds(*exp));
    return result;
}

sys_seconds at(std::int64_t seconds)
{
    return sys_seconds(std::chrono::seconds(seconds));
}

} // namespace

TEST_CASE("a token's life is its own exp less iat")
{
    CHECK(end_of_life(claims(1'000'000, 1'001'800), std::nullopt, now) == now + 1800s);
    // Whatever any clock shows: the region's, an hour off, or the year 2100.
    CHECK(end_of_life(claims(1'000'000, 1'001'800), at(1'003'600), now) == now + 1800s);
    CHECK(end_of_life(claims(4'102'444'800, 4'102'446'600), at(5), now) == now + 1800s);
}

TEST_CASE("without iat, exp is held against the answer's date")
{
    CHECK(end_of_life(claims({}, 1'001'800), at(1'000'000), now) == now + 1800s);
    CHECK(end_of_life(claims({}, 1'001'800), at(1'001'800), now) == now);
    // An iat that is after exp says nothing.
    CHECK(end_of_life(claims(2'000'000, 1'001'800), at(1'000'000), now) == now + 1800s);
}

TEST_CASE("a token that does not say lives a quarter of an hour")
{
    CHECK(end_of_life({}, std::nullopt, now) == now + 15min);
    CHECK(end_of_life({}, at(1'000'000), now) == now + 15min);
    CHECK(end_of_life(claims({}, 1'001'800), std::nullopt, now) == now + 15min);
    CHECK(end_of_life(claims(1'000'000, {}), at(1'000'000), now) == now + 15min);
    CHECK(end_of_life(make("opaque").claims(), at(1'000'000), now) == now + 15min);
}

TEST_CASE("a token whose end is past is of no use, and not for ever")
{
    CHECK(end_of_life(claims({}, 999'000), at(1'000'000), now) == now);
    CHECK(end_of_life(claims(2'000'000, 999'000), at(1'000'000), now) == now);
    CHECK(end_of_life(claims(1, 9'200'000'000), std::nullopt, now) == now + 24h * 3660);
    session_state state;
    state.replace(credentials::refresh_token("r"));
    CHECK(state.adopt(tokens("a"), now, now, state.generation()));
    CHECK_FALSE(state.is_fresh(now));
    CHECK_FALSE(state.is_fresh(now - 1ns + 1ns));
    CHECK(state.fetch() == source::refresh_token);
}

TEST_CASE("an access token is not handed out with less than half a minute left")
{
    auto const state = logged_in();
    CHECK(state.is_fresh(now));
    CHECK(state.is_fresh(now + 1h - 30s - 1ns));
    CHECK_FALSE(state.is_fresh(now + 1h - 30s));
    CHECK_FALSE(state.is_fresh(now + 1h));
    CHECK_FALSE(state.is_fresh(now + 100h));
}

TEST_CASE("of a short life a quarter is left, so that it can be used at all")
{
    auto state = logged_in();
    CHECK(state.adopt(tokens("b"), now, now + 40s, state.generation()));
    CHECK(state.is_fresh(now + 30s - 1ns));
    CHECK_FALSE(state.is_fresh(now + 30s));
    CHECK(state.adopt(tokens("c"), now, now + 120s, state.generation()));
    CHECK(state.is_fresh(now + 90s - 1ns));
    CHECK_FALSE(state.is_fresh(now + 90s));
    CHECK(state.adopt(tokens("d"), now, now + 124s, state.generation()));
    CHECK(state.is_fresh(now + 94s - 1ns));
    CHECK_FALSE(state.is_fresh(now + 94s));
}

TEST_CASE("nobody is logged in at first")
{
    session_state const state;
    CHECK_FALSE(state.is_fresh(now));
    CHECK(state.fetch() == source::none);
    CHECK(state.access().empty());
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
}

TEST_CASE("what a login begins with")
{
    session_state state;
    SECTION("a password")
    {
        state.replace(credentials::password("anna@company.com", "x"));
        CHECK(state.fetch() == source::password);
        REQUIRE(state.held());
        CHECK(state.held()->value().reveal() == "x");
        CHECK_FALSE(state.is_fresh(now));
    }
    SECTION("a refresh token")
    {
        state.replace(credentials::refresh_token("r"));
        CHECK(state.fetch() == source::refresh_token);
        CHECK(state.refresh() == make("r"));
        CHECK_FALSE(state.is_fresh(now));
        CHECK_FALSE(state.held());
    }
    SECTION("an access token, which only the region can refuse")
    {
        state.replace(credentials::access_token(access_jwt_of_anna));
        CHECK(state.fetch() == source::none);
        CHECK(state.is_fresh(now));
        CHECK(state.is_fresh(now + 24h * 366));
        CHECK(state.username() == "anna");
        state.reject(make(access_jwt_of_anna));
        CHECK_FALSE(state.is_fresh(now));
        CHECK(state.fetch() == source::none);
    }
}

TEST_CASE("a login replaces everything of the one before")
{
    auto state = logged_in(true);
    auto const before = state.generation();
    state.replace(credentials::refresh_token("other"));
    CHECK(state.generation() != before);
    CHECK(state.access().empty());
    CHECK_FALSE(state.is_fresh(now));
    CHECK(state.refresh() == make("other"));
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
    state.replace(credentials::access_token("opaque"));
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
}

TEST_CASE("a logout forgets everything")
{
    auto state = logged_in(true);
    auto const before = state.generation();
    state.forget();
    CHECK(state.generation() != before);
    CHECK(state.access().empty());
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
    CHECK(state.fetch() == source::none);
    CHECK_FALSE(state.is_fresh(now));
}

TEST_CASE("a rotated refresh token is adopted, and the old one stays if there is no other")
{
    auto state = logged_in();
    CHECK(state.adopt(tokens("b"), now, now + 1h, state.generation()));
    CHECK(state.access() == make("b"));
    CHECK(state.refresh() == make("r"));
    CHECK(state.adopt(tokens("c", "r2"), now, now + 1h, state.generation()));
    CHECK(state.access() == make("c"));
    CHECK(state.refresh() == make("r2"));
    // A refusal of the one that is gone changes nothing.
    state.refuse(make("r"));
    CHECK(state.refresh() == make("r2"));
    CHECK(state.fetch() == source::refresh_token);
}

TEST_CASE("what was asked for before a login or logout is not adopted after")
{
    auto state = logged_in();
    auto const before = state.generation();
    SECTION("a logout")
    {
        state.forget();
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), now, now + 1h, before));
        CHECK(state.access().empty());
        CHECK(state.refresh().empty());
        CHECK(state.username().empty());
    }
    SECTION("a login")
    {
        state.replace(credentials::refresh_token("other"));
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), now, now + 1h, before));
        CHECK(state.access().empty());
        CHECK(state.refresh() == make("other"));
        CHECK(state.username().empty());
    }
}

TEST_CASE("a 401 for an older token changes nothing")
{
    auto state = logged_in();
    CHECK(state.adopt(tokens("b"), now, now + 1h, state.generation()));
    state.reject(make("a"));
    CHECK(state.is_fresh(now));
    CHECK(state.access() == make("b"));
    state.reject(token());
    CHECK(state.is_fresh(now));
    state.reject(make("b"));
    CHECK_FALSE(state.is_fresh(now));
    CHECK(state.access().empty());
    CHECK(state.fetch() == source::refresh_token);
    // Once more, when there is none.
    state.reject(make("b"));
    CHECK(state.fetch() == source::refresh_token);
}

TEST_CASE("a refused refresh token is gone; the access token is not")
{
    auto state = logged_in();
    state.refuse(make("r"));
    CHECK(state.refresh().empty());
    CHECK(state.fetch() == source::none);
    CHECK(state.is_fresh(now));
}

TEST_CASE("a password is forgotten once it has served, unless it is to be kept")
{
    auto state = logged_in();
    CHECK_FALSE(state.held());

    auto keeping = logged_in(true);
    REQUIRE(keeping.held());
    CHECK(keeping.fetch() == source::refresh_token);
    keeping.refuse(make("r"));
    CHECK(keeping.fetch() == source::password);
    CHECK(keeping.adopt(tokens("b", "r2"), now, now + 1h, keeping.generation()));
    CHECK(keeping.fetch() == source::refresh_token);
    CHECK(keeping.held());
}

TEST_CASE("a password that needed a one-time password is not kept: the region would refuse it")
{
    session_state state;
    auto who = credentials::password("anna@company.com", "x").keep_password();
    who.one_time_password("123456");
    state.replace(who);
    CHECK(state.fetch() == source::password);
    CHECK(state.adopt(tokens("a", "r"), now, now + 1h, state.generation()));
    CHECK_FALSE(state.held());
    state.refuse(make("r"));
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a refused password is forgotten, unless it is of a login before")
{
    session_state state;
    state.replace(credentials::password("anna@company.com", "old").keep_password());
    auto const before = state.generation();
    state.replace(credentials::password("anna@company.com", "new").keep_password());
    state.refuse_password(before);
    REQUIRE(state.held());
    CHECK(state.held()->value().reveal() == "new");
    state.refuse_password(state.generation());
    CHECK_FALSE(state.held());
    CHECK(state.fetch() == source::none);
}

TEST_CASE("the user's name is what the region says, else the token, else the e-mail")
{
    session_state state;
    state.replace(credentials::password("berta@company.com", "x"));
    SECTION("the region")
    {
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r", "carla"), now, now + 1h, state.generation()));
        CHECK(state.username() == "carla");
        // A refresh that does not say changes nothing; one that does, does.
        CHECK(state.adopt(tokens(access_jwt_of_anna), now, now + 1h, state.generation()));
        CHECK(state.username() == "carla");
        CHECK(state.adopt(tokens("b", "", "dora"), now, now + 1h, state.generation()));
        CHECK(state.username() == "dora");
    }
    SECTION("the token")
    {
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r"), now, now + 1h, state.generation()));
        CHECK(state.username() == "anna");
    }
    SECTION("the e-mail")
    {
        CHECK(state.adopt(tokens("a", "r"), now, now + 1h, state.generation()));
        CHECK(state.username() == "berta");
    }
    SECTION("an e-mail that is a name")
    {
        state.replace(credentials::password("emil", "x"));
        CHECK(state.adopt(tokens("a", "r"), now, now + 1h, state.generation()));
        CHECK(state.username() == "emil");
    }
    SECTION("nobody knows")
    {
        state.replace(credentials::refresh_token("r"));
        CHECK(state.adopt(tokens("a"), now, now + 1h, state.generation()));
        CHECK(state.username().empty());
    }
}
