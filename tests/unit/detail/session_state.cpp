// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/session_state.hpp>

#include "catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::credentials;
using practicus::secret;
using practicus::token;
using source = session_state::source;

constexpr char const* access_jwt_of_anna =
    "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwidXNlcm5hbWUiOiJhbm5hIn0.c2ln";

token make(std::string_view text)
{
    return token(secret(text));
}

wire::new_tokens tokens(std::string_view access, std::string_view refresh = {}, std::string username = {})
{
    return {make(refresh), make(access), std::move(username)};
}

/// Logged in with a password: access token `a`, refresh token `r`.
session_state logged_in(bool keep = false)
{
    session_state state;
    state.replace(credentials::password("anna@company.com", "x").keep_password(keep));
    CHECK(state.adopt(tokens("a", "r"), state.generation()));
    return state;
}

} // namespace

TEST_CASE("nobody is logged in at first")
{
    session_state const state;
    CHECK(state.fetch() == source::none);
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
    }
    SECTION("a refresh token")
    {
        state.replace(credentials::refresh_token("r"));
        CHECK(state.fetch() == source::refresh_token);
        CHECK(state.refresh() == make("r"));
        CHECK_FALSE(state.held());
    }
    SECTION("an access token, which its flight keeps")
    {
        state.replace(credentials::access_token(access_jwt_of_anna));
        CHECK(state.fetch() == source::none);
        CHECK(state.username() == "anna");
        CHECK(state.fetch() == source::none);
    }
}

TEST_CASE("a login replaces everything of the one before")
{
    auto state = logged_in(true);
    auto const before = state.generation();
    state.replace(credentials::refresh_token("other"));
    CHECK(state.generation() != before);
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
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a rotated refresh token is adopted, and the old one stays if there is no other")
{
    auto state = logged_in();
    CHECK(state.adopt(tokens("b"), state.generation()));
    CHECK(state.refresh() == make("r"));
    CHECK(state.adopt(tokens("c", "r2"), state.generation()));
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
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), before));
        CHECK(state.refresh().empty());
        CHECK(state.username().empty());
    }
    SECTION("a login")
    {
        state.replace(credentials::refresh_token("other"));
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), before));
        CHECK(state.refresh() == make("other"));
        CHECK(state.username().empty());
    }
}

TEST_CASE("a refused refresh token is gone")
{
    auto state = logged_in();
    state.refuse(make("r"));
    CHECK(state.refresh().empty());
    CHECK(state.fetch() == source::none);
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
    CHECK(keeping.adopt(tokens("b", "r2"), keeping.generation()));
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
    CHECK(state.adopt(tokens("a", "r"), state.generation()));
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
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r", "carla"), state.generation()));
        CHECK(state.username() == "carla");
        // A refresh that does not say changes nothing; one that does, does.
        CHECK(state.adopt(tokens(access_jwt_of_anna), state.generation()));
        CHECK(state.username() == "carla");
        CHECK(state.adopt(tokens("b", "", "dora"), state.generation()));
        CHECK(state.username() == "dora");
    }
    SECTION("the token")
    {
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r"), state.generation()));
        CHECK(state.username() == "anna");
    }
    SECTION("the e-mail")
    {
        CHECK(state.adopt(tokens("a", "r"), state.generation()));
        CHECK(state.username() == "berta");
    }
    SECTION("an e-mail that is a name")
    {
        state.replace(credentials::password("emil", "x"));
        CHECK(state.adopt(tokens("a", "r"), state.generation()));
        CHECK(state.username() == "emil");
    }
    SECTION("nobody knows")
    {
        state.replace(credentials::refresh_token("r"));
        CHECK(state.adopt(tokens("a"), state.generation()));
        CHECK(state.username().empty());
    }
}
