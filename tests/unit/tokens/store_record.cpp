// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/tokens/store_record.hpp>

#include "catch.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::secret;
using practicus::token;

store_record sample()
{
    store_record v;
    v.value = token(secret("access"));
    v.refresh = token(secret("refresh"));
    v.username = "an\"na";
    v.login = "anna@company.com";
    v.issued_at += 1'700'000'000s;
    v.lifetime = 30min;
    return v;
}

} // namespace

TEST_CASE("store_record: a written record is read back")
{
    auto const text = write_stored(sample());
    auto const v = read_stored(text);
    REQUIRE(v);
    CHECK(v->value == token(secret("access")));
    CHECK(v->refresh == token(secret("refresh")));
    CHECK(v->username == "an\"na");
    CHECK(v->login == "anna@company.com");
    CHECK(v->issued_at == sample().issued_at);
    CHECK(v->lifetime == 30min);
    auto bare = sample();
    CHECK(v->history.meets(v->history)); // its own refresh token's, at least
    bare.refresh = token();
    CHECK_FALSE(read_stored(write_stored(bare))->refresh);
    CHECK(read_stored(write_stored(bare))->history.empty());
}

TEST_CASE("store_record: malformed text is ignored, and no token breaks a header")
{
    CHECK_FALSE(read_stored(secret()));
    for (auto const* const text :
         {"x", "{}", "[]", R"({"value":"a","born":"x","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a\r\nb","born":"1","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"1","life":"1","refresh":"a b","username":"","login":""})",
          R"({"value":"","born":"1","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"1","life":"-1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"1","life":"99999999999999999999","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"-9223372036854775808","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"-1","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"9223372036854775807","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"1 ","life":"1","refresh":"","username":"","login":""})",
          R"({"value":"a","born":"1","life":"1e3","refresh":"","username":"","login":""})"})
        CHECK_FALSE(read_stored(secret(text)));
    CHECK(
        read_stored(secret(R"({"value":"a","born":"1","life":"1","refresh":"","username":"","login":""})")));
}

TEST_CASE("store_record: a history of another form proves nothing")
{
    for (std::string const text : {"x", "a b c", " "}) {
        CHECK(refresh_token_history(text).empty());
        CHECK_FALSE(refresh_token_history(text).meets(refresh_token_history(text)));
    }
    CHECK(refresh_token_history(std::string(65 * 40, 'a')).empty());
}

TEST_CASE("store_record: a life goes on in a process with other clocks")
{
    practicus::detail::clock here, there;
    auto const wall = std::chrono::system_clock::time_point(1'700'000'000s);
    here.simulate(time_point(1000s), wall);
    there.simulate(time_point(5000h), wall + 10min);
    auto const v = as_stored(sample().value, {here.now() - 1min, 30min, access_token_limits, 0.0}, here);
    auto const life = life_of_stored(v, there, access_token_limits, 0.0);
    CHECK(life.ends() == there.now() + 19min);
    CHECK(life.at(there.now()) == freshness::fresh);
    // Past its end, and from the future: one of the clocks is wrong, and it may be past its end.
    there.advance(1h);
    CHECK(life_of_stored(v, there, access_token_limits, 0.0).has_ended(there.now()));
    there.simulate(time_point(5000h), wall - 24h);
    CHECK(life_of_stored(v, there, access_token_limits, 0.0).has_ended(there.now()));
    auto login = v;
    bound_by(login, there);
    CHECK(login.issued_at == stored_now(there));
    CHECK(life_of_stored(login, there, access_token_limits, 0.0).has_ended(there.now()));
    there.advance(24h + 10min);
    login = v;
    bound_by(login, there);
    CHECK(login.issued_at == v.issued_at);
    CHECK(login.lifetime == 30min);
}

TEST_CASE("store_record: a record is of use until the end of its token, or of its refresh token")
{
    auto const now = std::chrono::system_clock::time_point(1'700'000'000s);
    auto v = sample();
    v.refresh = {};
    CHECK(remaining_life(v, now) == 30min);
    CHECK(remaining_life(v, now + 20min) == 10min);
    CHECK(remaining_life(v, now + 31min) == -1min);
    // Stored by a clock ahead.
    CHECK(remaining_life(v, now - 1h) == 30min);
    v.refresh = sample().refresh;
    CHECK(remaining_life(v, now) == unknown_life);
    // {"exp":1700007200}
    v.refresh = token(secret("e30.eyJleHAiOjE3MDAwMDcyMDB9.x"));
    CHECK(remaining_life(v, now) == 2h);
    CHECK(remaining_life(v, now + 3h) == 0ms);
    CHECK(remaining_life(std::nullopt, now) == unknown_life);
}
