// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include "unit/mock/region_client.hpp"

#include <practicus/mock/token.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

namespace json = boost::json;
using namespace practicus::mock;

namespace {

std::string decode(std::string_view text)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string result;
    unsigned bits = 0, held = 0;
    for (char c : text) {
        auto value = digits.find(c);
        REQUIRE(value != std::string_view::npos);
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffff;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        result += static_cast<char>(bits >> held & 0xff);
    }
    return result;
}

/// The part of a JWT: 0 is the header, 1 the claims.
json::value part(std::string const& token, int which)
{
    REQUIRE(std::count(token.begin(), token.end(), '.') == 2);
    auto first = token.find('.');
    auto second = token.find('.', first + 1);
    return json::parse(
        decode(which == 0 ? token.substr(0, first) : token.substr(first + 1, second - first - 1)));
}

} // namespace

TEST_CASE("HMAC and base64url are the standards'")
{
    // RFC 4231, test case 2; again with the same key.
    detail::hmac_sha256 hmac("Jefe");
    for (int i = 0; i != 2; ++i) {
        std::string hex;
        for (char c : hmac("what do ya want for nothing?")) {
            constexpr char const* digits = "0123456789abcdef";
            hex += digits[static_cast<unsigned char>(c) >> 4];
            hex += digits[static_cast<unsigned char>(c) & 15];
        }
        CHECK(hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        hmac("something else");
    }
    CHECK(detail::base64url("") == "");
    CHECK(detail::base64url("f") == "Zg");
    CHECK(detail::base64url("fo") == "Zm8");
    CHECK(detail::base64url("foo") == "Zm9v");
    CHECK(detail::base64url("\xfb\xff") == "-_8");
}

TEST_CASE("tokens are JWTs with the claims that clients read")
{
    region_client c;
    auto now = c.region.now().time_since_epoch() / std::chrono::seconds(1);
    auto token = c.region.issue(token_type::refresh, "admin@company.com");
    CHECK(part(token, 0).at("alg") == "HS256");
    auto claims = part(token, 1);
    CHECK(claims.at("token_type") == "refresh");
    CHECK(claims.at("iat") == now);
    CHECK(claims.at("exp") == now + 90 * 24 * 3600);
    CHECK(claims.at("user_id") == 1);
    CHECK(claims.at("username") == "admin");
    CHECK(claims.at("iss") == "practicus");
    CHECK(claims.at("sub") == "admin@company.com");
    CHECK(claims.at("jti").as_string().size() == 32);

    CHECK(part(c.access(), 1).at("exp") == now + 1800);
    auto session = part(c.session(42), 1);
    CHECK(session.at("exp") == now + 4 * 3600);
    CHECK(session.at("model_id") == 42);
    CHECK(part(c.region.issue(token_type::app_session, "admin@company.com", 78), 1).at("app_id") == 78);

    c.region.configure([&](auto& s) {
        s.access_lifetime = std::chrono::seconds(5);
        s.refresh_lifetime = std::chrono::seconds(6);
    });
    c.region.configure([&](auto& s) { s.session_lifetime = std::chrono::seconds(7); });
    CHECK(part(c.access(), 1).at("exp") == now + 5);
    CHECK(part(c.region.issue(token_type::refresh, "x@y"), 1).at("exp") == now + 6);
    CHECK(part(c.session(42), 1).at("exp") == now + 7);
}

TEST_CASE("a region that names no users does so nowhere")
{
    region_client c;
    c.region.configure(
        [&](auto& s) { s.username_at_login = s.username_at_refresh = s.username_in_tokens = false; });
    for (auto const& answer : {c.login(), c.refresh(c.text(c.login(), "refresh"))}) {
        CHECK_FALSE(c.json(answer).as_object().contains("username"));
        auto const claims = part(c.text(answer, "access"), 1);
        CHECK_FALSE(claims.as_object().contains("username"));
        CHECK(claims.at("sub") == "admin@company.com");
    }
    c.region.configure([&](auto& s) { s.user_ids_as_text = true; });
    CHECK(part(c.access(), 1).at("user_id") == "1");
    c.region.configure([&](auto& s) { s.user_ids_as_text = false; });
    CHECK(part(c.access(), 1).at("user_id") == 1);
}

TEST_CASE("no two tokens are alike")
{
    region_client c;
    std::unordered_set<std::string> seen;
    for (int i = 0; i != 1000; ++i)
        seen.insert(c.access());
    CHECK(seen.size() == 1000);
}

TEST_CASE("opaque tokens work and contain no claims")
{
    region_client c;
    c.region.configure([&](auto& s) { s.tokens = token_shape::opaque; });
    auto token = c.access();
    CHECK(token.find('.') == std::string::npos);
    CHECK(c.region.handle(c.console("GET", "modelhost/models/").bearer(token)).status == 200);
    c.region.advance(std::chrono::minutes(30));
    CHECK(c.region.handle(c.console("GET", "modelhost/models/").bearer(token)).status == 401);
}

TEST_CASE("claims may be spoiled, and the region still knows its token")
{
    region_client c;
    c.region.configure([&](auto& s) {
        s.alter_claims = [](token_type type, json::object& claims) {
            if (type == token_type::access) claims["exp"] = "soon";
            claims["user_id"] = "1";
        };
    });
    auto token = c.access();
    CHECK(part(token, 1).at("exp") == "soon");
    CHECK(part(token, 1).at("user_id") == "1");
    CHECK(c.region.handle(c.console("GET", "modelhost/models/").bearer(token)).status == 200);
    c.region.advance(std::chrono::minutes(30));
    CHECK(c.region.handle(c.console("GET", "modelhost/models/").bearer(token)).status == 401);
}

TEST_CASE("expired tokens are forgotten in time")
{
    detail::token_mint mint;
    std::chrono::system_clock::time_point now{};
    detail::token_record record;
    auto first = mint.issue(record, {}, now, std::chrono::seconds(1));
    for (int i = 0; i != 5000; ++i)
        mint.issue(record, {}, now, std::chrono::seconds(1));
    CHECK(mint.find(first) != nullptr);
    now += std::chrono::hours(2);
    for (int i = 0; i != 20000; ++i)
        mint.issue(record, {}, now, std::chrono::seconds(1));
    CHECK(mint.find(first) == nullptr);
}
