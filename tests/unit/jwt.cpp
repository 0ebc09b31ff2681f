// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/jwt.hpp>
#include <practicus/token.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using practicus::jwt_claims;
using practicus::read_jwt;
using practicus::token;
using practicus::token_type;

namespace {

std::string base64url(std::string_view bytes)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        auto const byte = [&](std::size_t k) {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        unsigned const group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (unsigned k = 0; k < 4 && i + k <= bytes.size(); ++k)
            out += digits[group >> (18 - 6 * k) & 63];
    }
    return out;
}

std::string jwt(std::string_view payload)
{
    return base64url(R"({"alg":"HS256","typ":"JWT"})") + '.' + base64url(payload) + ".c2lnbmF0dXJl";
}

std::chrono::sys_seconds at(std::int64_t seconds)
{
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

template <class T>
concept streamable = requires(std::ostream& out, T const& value)
{
    out << value;
};

static_assert(noexcept(read_jwt("")));
static_assert(!streamable<token>);
static_assert(!std::is_convertible_v<token, std::string_view> && !std::is_convertible_v<token, std::string>);
static_assert(!std::is_convertible_v<std::string, token> && !std::is_convertible_v<token, bool>);
static_assert(std::is_nothrow_copy_constructible_v<token> && std::is_nothrow_move_assignable_v<token>);
static_assert(sizeof(token) == sizeof(std::shared_ptr<int>));

} // namespace

TEST_CASE("the claims of a token are read")
{
    auto const claims =
        read_jwt(jwt(R"({"token_type":"access","exp":1700001800,"iat":1700000000,)"
                     R"("jti":"a","user_id":7,"username":"admin","sub":"admin@company.com"})"));
    CHECK(claims.type == token_type::access);
    CHECK(claims.expires_at == at(1700001800));
    CHECK(claims.issued_at == at(1700000000));
    CHECK(claims.lifetime() == 1800s);
    CHECK(claims.username == "admin");
    CHECK(claims.user_id == "7");
    CHECK(claims.sub == "admin@company.com");
}

TEST_CASE("a token says which type it is")
{
    auto const type = [](std::string const& json) {
        return read_jwt(jwt(R"({"token_type":)" + json + "}")).type;
    };
    CHECK(type("\"access\"") == token_type::access);
    CHECK(type("\"refresh\"") == token_type::refresh);
    CHECK(type("\"session\"") == token_type::session);
    for (char const* other : {"\"Access\"", "\"\"", "\"sliding\"", "1", "null", "{}", "[\"access\"]"})
        CHECK(type(other) == token_type::unknown);
    CHECK(read_jwt(jwt("{}")).type == token_type::unknown);
}

TEST_CASE("a time that makes no sense is unknown")
{
    struct row
    {
        char const* json;
        std::optional<std::int64_t> seconds;
    };
    for (auto const& r : std::vector<row>{
             {"1700000000", 1700000000},
             {"1700000000.0", 1700000000},
             {"1700000000.999", 1700000000},
             {"1.7e9", 1700000000},
             {"1", 1},
             {"9200000000", 9200000000},
             {"9200000001", {}},
             {"253402300799", {}},  // 9999-12-31
             {"1700000000000", {}}, // milliseconds
             {"9007199254740993", {}},
             {"9223372036854775807", {}},
             {"18446744073709551615", {}},
             {"99999999999999999999999999", {}},
             {"1e400", {}},
             {"0", {}},
             {"0.5", {}},
             {"-1", {}},
             {"-1.5e300", {}},
             {"-9223372036854775808", {}},
             {"\"1700000000\"", {}},
             {"\"\"", {}},
             {"null", {}},
             {"true", {}},
             {"[1700000000]", {}},
             {"{}", {}},
         }) {
        INFO(r.json);
        auto const expected = r.seconds ? std::optional(at(*r.seconds)) : std::nullopt;
        auto const claims = read_jwt(jwt(std::string(R"({"exp":)") + r.json + R"(,"iat":)" + r.json + "}"));
        CHECK(claims.expires_at == expected);
        CHECK(claims.issued_at == expected);
        CHECK_FALSE(claims.lifetime());
    }
    CHECK_FALSE(read_jwt(jwt("{}")).expires_at);
}

TEST_CASE("one bad claim spoils no other")
{
    auto const claims = read_jwt(jwt(R"({"exp":"soon","iat":1700000000,"username":{},"user_id":"u-7"})"));
    CHECK_FALSE(claims.expires_at);
    CHECK(claims.issued_at == at(1700000000));
    CHECK_FALSE(claims.username);
    CHECK(claims.user_id == "u-7");
}

TEST_CASE("a lifetime needs an issue before its end")
{
    auto const lifetime = [](std::int64_t iat, std::int64_t exp) {
        return read_jwt(jwt(R"({"exp":)" + std::to_string(exp) + R"(,"iat":)" + std::to_string(iat) + "}"))
            .lifetime();
    };
    CHECK(lifetime(1000, 1001) == 1s);
    CHECK(lifetime(1, 9200000000) == 9199999999s);
    CHECK_FALSE(lifetime(1000, 1000));
    CHECK_FALSE(lifetime(1001, 1000));
    CHECK_FALSE(read_jwt(jwt(R"({"exp":1000})")).lifetime());
}

TEST_CASE("user names are short and printable, or unknown")
{
    auto const username = [](std::string const& json) {
        return read_jwt(jwt(R"({"username":)" + json + "}")).username;
    };
    CHECK(username("\"m\xc3\xbcge\"") == "m\xc3\xbcge");
    CHECK(username('"' + std::string(256, 'a') + '"') == std::string(256, 'a'));
    CHECK_FALSE(username('"' + std::string(257, 'a') + '"'));
    for (char const* bad :
         {"\"\"", "\"a\\nb\"", "\"a\\u0000\"", "\"\\u001b[31m\"", "null", "false", "1.5", "[]"})
        CHECK_FALSE(username(bad));
    CHECK(read_jwt(jwt(R"({"user_id":18446744073709551615})")).user_id == "18446744073709551615");
    CHECK(read_jwt(jwt(R"({"user_id":-3})")).user_id == "-3");
    for (char const* seven : {"7", "\"7\"", "7.0", "7e0"}) {
        CHECK(read_jwt(jwt(R"({"user_id":)" + std::string(seven) + "}")).user_id == "7");
        CHECK(read_jwt(jwt(R"({"sub":)" + std::string(seven) + "}")).sub == "7");
    }
    CHECK_FALSE(read_jwt(jwt(R"({"sub":["admin@company.com"]})")).sub);
}

TEST_CASE("the payload may be padded")
{
    for (std::string const json : {R"({"exp":1000 })", R"({"exp":1000})", R"({"exp": 1000 })"}) {
        auto const bare = base64url(json);
        auto const padded = bare + std::string((4 - bare.size() % 4) % 4, '=');
        CHECK(read_jwt("h." + bare + ".s").expires_at == at(1000));
        CHECK(read_jwt("h." + padded + ".s").expires_at == at(1000));
    }
}

TEST_CASE("base64url: every length and every byte comes back, and no other character passes in any place")
{
    std::string bytes;
    for (int i = 0; i != 512; ++i) {
        CHECK(practicus::detail::base64url_decoded(base64url(bytes)) == bytes);
        bytes += static_cast<char>(i * 37);
    }
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::size_t size = 2; size != 8; ++size)
        for (std::size_t at = 0; size != 5 && at != size; ++at)
            for (int c = 0; c != 256; ++c) {
                std::string text(size, 'A');
                text[at] = static_cast<char>(c);
                bool const padding = c == '=' && at + 1 == size && size % 4 != 2;
                bool const passes = digits.find(text[at]) != digits.npos || padding;
                INFO(size << ' ' << at << ' ' << c);
                CHECK(practicus::detail::base64url_decoded(text).empty() != passes);
            }
}

TEST_CASE("a text that is no JWT has no claims")
{
    std::string const good = base64url(R"({"exp":1000,"token_type":"access"})");
    REQUIRE(read_jwt("h." + good + ".").expires_at == at(1000)); // unsigned, but of the right shape
    std::string deep = R"({"exp":1000,"a":)";
    for (int i = 0; i < 40; ++i)
        deep += '[';
    deep += std::string(40, ']') + '}';
    std::string const huge = R"({"exp":1000,"a":")" + std::string(64 * 1024, 'a') + "\"}";
    for (auto const& text : std::vector<std::string>{
             "",
             ".",
             "..",
             "...",
             "opaque-token",
             good,
             "h." + good,
             "." + good + ".s",
             good + "." + good,
             "h." + good + ".s.t",
             "h." + good + ".iv.text.tag",
             "h..s",
             "h.=.s",
             "h.==.s",
             "h.A.s",
             "h. " + good + ".s",
             "h.+" + good + ".s",
             "h." + good + "===.s",
             "h." + good + "\n.s",
             std::string("h.\0.s", 5),
             "h.\xff\xfe.s",
             jwt(""),
             jwt("null"),
             jwt("[]"),
             jwt("1"),
             jwt("\"exp\""),
             jwt("{"),
             jwt(R"({"exp":1000)"),
             jwt(R"({"exp":1000}x)"),
             jwt(R"({'exp':1000})"),
             jwt("{\"exp\":1000,\"a\":\"\xff\"}"),
             jwt(R"({"exp":NaN})"),
             jwt(deep),
             jwt(huge),
             std::string(1 << 20, '.'),
             std::string(1 << 20, 'a'),
         }) {
        INFO(text.substr(0, 80));
        CHECK(read_jwt(text) == jwt_claims());
    }
}

TEST_CASE("no bytes make reading fail")
{
    std::mt19937 random(20260402);
    std::string const payload =
        R"({"exp":1700001800.5,"iat":1700000000,"username":"admin","token_type":"access"})";
    std::string const whole = jwt(payload);
    for (std::size_t size = 0; size < whole.size(); ++size)
        (void)read_jwt(std::string_view(whole).substr(0, size));
    std::size_t read = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string changed = payload;
        for (auto n = random() % 3; n > 0; --n)
            changed[random() % changed.size()] = static_cast<char>(random());
        read += read_jwt(jwt(changed)) == jwt_claims() ? 0 : 1;
        std::string text = whole;
        text[random() % text.size()] = static_cast<char>(random());
        (void)read_jwt(text);
    }
    CHECK(read > 6000);
    CHECK(read < 20000);
}

TEST_CASE("a token shares its bytes and its claims")
{
    std::string const text = jwt(R"({"exp":1700001800,"iat":1700000000})");
    practicus::secret const value(text);
    token const first(value);
    token const copy = first; // NOLINT: the copy is what is tested
    CHECK(first.reveal() == text);
    CHECK(first.reveal().data() == value.reveal().data());
    CHECK(copy.reveal().data() == value.reveal().data());
    CHECK(&copy.claims() == &first.claims());
    CHECK(copy.value() == value);
    CHECK(first.expires_at() == std::chrono::system_clock::time_point(1700001800s));
    CHECK(first.lifetime() == 30min);
    CHECK(static_cast<bool>(first));
    CHECK(first == copy);
    CHECK(first == token(practicus::secret(text)));
    CHECK_FALSE(first == token(practicus::secret(text + "x")));
    CHECK_FALSE(first == token());
}

TEST_CASE("an opaque token and no token say nothing of themselves")
{
    token const opaque(practicus::secret("0123456789abcdef"));
    CHECK(static_cast<bool>(opaque));
    CHECK_FALSE(opaque.expires_at());
    CHECK_FALSE(opaque.lifetime());

    for (token const& none : {token(), token(practicus::secret())}) {
        CHECK(none.empty());
        CHECK_FALSE(static_cast<bool>(none));
        CHECK(none.reveal().empty());
        CHECK(none.value().empty());
        CHECK(none.claims() == jwt_claims());
        CHECK(none == token());
    }
}

TEST_CASE("the longest time that is read fits the system clock")
{
    token const late(practicus::secret(jwt(R"({"exp":9200000000})")));
    REQUIRE(late.expires_at());
    CHECK(*late.expires_at() - std::chrono::system_clock::time_point() == 9200000000s);
}
