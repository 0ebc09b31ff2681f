// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using practicus::credentials;
using practicus::errc;
using kind = practicus::credentials::kind;

constexpr char const* access_jwt =
    "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwidXNlcm5hbWUiOiJhbm5hIn0.c2ln";
constexpr char const* session_jwt = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoic2Vzc2lvbiJ9.c2ln";
constexpr char const* refresh_jwt = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2ln";

template <class T>
concept streamable = requires(std::ostream& out, T const& value)
{
    out << value;
};
static_assert(!streamable<credentials>);

/// The own words of the error that `make` throws.
std::string refusal(std::function<void()> const& make)
{
    try {
        make();
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::invalid_credentials);
        CHECK(e.info().server_message.empty());
        return e.info().message;
    }
    return "nothing was refused";
}

using variables = std::map<std::string, std::string>;

/// Sets variables of the environment, and puts back what was there.
class environment
{
public:
    explicit environment(variables const& values)
    {
        for (auto const* name :
             {"PRT_TOKEN", "PRT_SESSION_TOKEN", "PRT_SESSION_TOKEN_FILE", "PRT_EMAIL", "PRT_PASSWORD"}) {
            auto const* old = std::getenv(name);
            before_.emplace_back(name, old ? std::optional<std::string>(old) : std::nullopt);
            ::unsetenv(name);
        }
        for (auto const& [name, value] : values)
            ::setenv(name.c_str(), value.c_str(), 1);
    }
    environment(environment const&) = delete;
    environment& operator=(environment const&) = delete;
    ~environment()
    {
        for (auto const& [name, value] : before_)
            value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
    }

private:
    std::vector<std::pair<char const*, std::optional<std::string>>> before_;
};

} // namespace

TEST_CASE("credentials of a password")
{
    auto const user = credentials::password("\t anna@company.com\r\n", " pass word ");
    CHECK(user.type() == kind::password);
    CHECK(user.email() == "anna@company.com");
    // A space may belong to it.
    CHECK(user.value().reveal() == " pass word ");
    CHECK(user.one_time_password().empty());
    CHECK_FALSE(user.is_password_kept());
}

TEST_CASE("letters of every language and all printable characters are kept")
{
    auto const user =
        credentials::password("j\xc3\xbcrgen@company.com", "p\xc3\xa4\xef\xbf\xbd\xf0\x9f\x98\x80\"\\");
    CHECK(user.email() == "j\xc3\xbcrgen@company.com");
    CHECK(user.value().reveal() == "p\xc3\xa4\xef\xbf\xbd\xf0\x9f\x98\x80\"\\");
}

TEST_CASE("tokens are trimmed")
{
    auto const refresh = credentials::refresh_token(" \tabc.def\r\n");
    CHECK(refresh.type() == kind::refresh_token);
    CHECK(refresh.value().reveal() == "abc.def");
    CHECK(refresh.email().empty());
    auto const access = credentials::access_token("abc\n");
    CHECK(access.type() == kind::access_token);
    CHECK(access.value().reveal() == "abc");
}

TEST_CASE("a token's kind is read from its claim, white space or not")
{
    CHECK(credentials::token(access_jwt).type() == kind::access_token);
    CHECK(credentials::token(std::string(access_jwt) + "\r\n").type() == kind::access_token);
    CHECK(credentials::token(refresh_jwt).type() == kind::refresh_token);
    CHECK(credentials::token(session_jwt).type() == kind::session_token);
    CHECK(credentials::token("opaque").type() == kind::refresh_token);
    CHECK(credentials::token(access_jwt).value().reveal() == access_jwt);
}

TEST_CASE("empty credentials are refused")
{
    CHECK(refusal([] { (void)credentials::password("", "x"); }) == "the e-mail is empty");
    CHECK(refusal([] { (void)credentials::password(" \r\n", "x"); }) == "the e-mail is empty");
    CHECK(refusal([] { (void)credentials::password("a@b", ""); }) == "the password is empty");
    CHECK(refusal([] { (void)credentials::refresh_token("\n"); }) == "the refresh token is empty");
    CHECK(refusal([] { (void)credentials::access_token(""); }) == "the access token is empty");
    CHECK(refusal([] { (void)credentials::session_token(" "); }) == "the session token is empty");
    CHECK(refusal([] { (void)credentials::session_token(practicus::session_token_source()); }) ==
          "the session token's source is empty");
    CHECK(refusal([] { (void)credentials::token(" "); }) == "the refresh token is empty");
    CHECK(refusal([] { (void)credentials::password("a@b", "x").one_time_password("\t"); }) ==
          "the one-time password is empty");
}

TEST_CASE("control characters are refused in any place, in a password only line ends")
{
    for (int c = 0; c < 256; ++c) {
        if (c > 0x1f && c != 0x7f) continue;
        INFO(c);
        auto const inside = std::string("hunter") + static_cast<char>(c) + "two";
        CHECK(refusal([&] { (void)credentials::password(inside, "x"); }) ==
              "the e-mail holds a control character");
        bool const ends_line = c == 0 || c == '\r' || c == '\n';
        CHECK(refusal([&] { (void)credentials::password("a@b", inside); }) ==
              (ends_line ? "the password holds a line break or NUL" : "nothing was refused"));
        CHECK(refusal([&] { (void)credentials::refresh_token(inside); }) ==
              "the refresh token holds a control character");
        CHECK(refusal([&] { (void)credentials::access_token(inside); }) ==
              "the access token holds a control character");
        CHECK(refusal([&] { (void)credentials::password("a@b", "x").one_time_password(inside); }) ==
              "the one-time password holds a control character");
    }
    // A password is not trimmed, so a line break at its end is no accident that could be mended silently.
    CHECK(refusal([] { (void)credentials::password("a@b", "hunter2\n"); }) ==
          "the password holds a line break or NUL");
    CHECK(credentials::password("a@b", "\thunter\t2\t").value().reveal() == "\thunter\t2\t");
}

TEST_CASE("invalid UTF-8 is refused")
{
    for (auto const* bad : {"hunter\xe4", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "a\xff z"}) {
        CHECK(refusal([&] { (void)credentials::password(bad, "x"); }) == "the e-mail is no UTF-8");
        CHECK(refusal([&] { (void)credentials::password("a@b", bad); }) == "the password is no UTF-8");
    }
}

TEST_CASE("a token is visible ASCII")
{
    for (auto const* bad : {"hunter two", "hunter\xc3\xa4", "a b"}) {
        CHECK(refusal([&] { (void)credentials::refresh_token(bad); }) ==
              "the refresh token holds a character that no token has");
        CHECK(refusal([&] { (void)credentials::access_token(bad); }) ==
              "the access token holds a character that no token has");
    }
    CHECK(credentials::refresh_token("!~-._=+/").value().reveal() == "!~-._=+/");
}

TEST_CASE("the password is kept only if asked, and only if there is one")
{
    auto user = credentials::password("a@b", "x");
    CHECK(user.keep_password().is_password_kept());
    CHECK_FALSE(user.keep_password(false).is_password_kept());
    CHECK_FALSE(credentials::refresh_token("x").keep_password().is_password_kept());
}

TEST_CASE("a one-time password is trimmed")
{
    auto user = credentials::password("a@b", "x");
    CHECK(user.one_time_password(" 123456\n").one_time_password().reveal() == "123456");
}

TEST_CASE("credentials from the environment")
{
    SECTION("no variables")
    {
        environment const set(variables{});
        CHECK_FALSE(practicus::credentials_from_environment());
    }
    SECTION("empty variables")
    {
        environment const set(variables{{"PRT_TOKEN", ""}, {"PRT_EMAIL", ""}, {"PRT_PASSWORD", ""}});
        CHECK_FALSE(practicus::credentials_from_environment());
    }
    SECTION("an e-mail without a password")
    {
        environment const set(variables{{"PRT_EMAIL", "a@b"}});
        CHECK_FALSE(practicus::credentials_from_environment());
    }
    SECTION("a password without an e-mail")
    {
        environment const set(variables{{"PRT_PASSWORD", "x"}});
        CHECK_FALSE(practicus::credentials_from_environment());
    }
    SECTION("e-mail and password")
    {
        environment const set(variables{{"PRT_EMAIL", " a@b "}, {"PRT_PASSWORD", "x"}});
        auto const user = practicus::credentials_from_environment();
        REQUIRE(user);
        CHECK(user->type() == kind::password);
        CHECK(user->email() == "a@b");
        CHECK(user->value().reveal() == "x");
    }
    SECTION("a trailing line end is dropped, and a blank variable is ignored")
    {
        for (std::string const end : {"\n", "\r\n"}) {
            environment const set(
                variables{{"PRT_TOKEN", end}, {"PRT_EMAIL", "a@b" + end}, {"PRT_PASSWORD", " x " + end}});
            auto const user = practicus::credentials_from_environment();
            REQUIRE(user);
            CHECK(user->email() == "a@b");
            CHECK(user->value().reveal() == " x ");
        }
        for (auto const* blank : {"\n", " ", "\r\n"}) {
            environment const email(variables{{"PRT_EMAIL", blank}, {"PRT_PASSWORD", "x"}});
            CHECK_FALSE(practicus::credentials_from_environment());
        }
        environment const set(variables{{"PRT_EMAIL", "a@b"}, {"PRT_PASSWORD", "\n"}});
        CHECK_FALSE(practicus::credentials_from_environment());
    }
    SECTION("a line end in a password's midst is refused")
    {
        environment const set(variables{{"PRT_EMAIL", "a@b"}, {"PRT_PASSWORD", "x\n\n"}});
        CHECK(refusal([] { (void)practicus::credentials_from_environment(); }) ==
              "the password holds a line break or NUL");
    }
    SECTION("a token goes first")
    {
        environment const set(
            variables{{"PRT_TOKEN", access_jwt}, {"PRT_EMAIL", "a@b"}, {"PRT_PASSWORD", "x"}});
        auto const user = practicus::credentials_from_environment();
        REQUIRE(user);
        CHECK(user->type() == kind::access_token);
    }
    SECTION("a session token goes before a password, and behind another token")
    {
        environment const set(
            variables{{"PRT_SESSION_TOKEN", "opaque\n"}, {"PRT_EMAIL", "a@b"}, {"PRT_PASSWORD", "x"}});
        CHECK(practicus::credentials_from_environment()->type() == kind::session_token);
        CHECK(practicus::credentials_from_environment()->value().reveal() == "opaque");
        ::setenv("PRT_TOKEN", access_jwt, 1);
        CHECK(practicus::credentials_from_environment()->type() == kind::access_token);
        ::setenv("PRT_TOKEN", session_jwt, 1);
        CHECK(practicus::credentials_from_environment()->value().reveal() == session_jwt);
    }
    SECTION("a session token in a file")
    {
        temporary_folder const folder;
        auto const path = (folder.path / "token").string();
        std::ofstream(path) << "opaque\n";
        environment const set(variables{{"PRT_SESSION_TOKEN", " "}, {"PRT_SESSION_TOKEN_FILE", path}});
        CHECK(practicus::credentials_from_environment()->source());
        CHECK(practicus::credentials_from_environment()->value().reveal() == "opaque");
    }
    SECTION("a blank name of a file is none")
    {
        for (char const* const blank : {"", " ", "\t\n"}) {
            environment const set(variables{{"PRT_SESSION_TOKEN_FILE", blank}});
            CHECK_FALSE(practicus::credentials_from_environment());
            ::setenv("PRT_EMAIL", "a@b", 1);
            ::setenv("PRT_PASSWORD", "x", 1);
            CHECK(practicus::credentials_from_environment()->type() == kind::password);
        }
    }
    SECTION("a refresh token")
    {
        environment const set(variables{{"PRT_TOKEN", refresh_jwt}});
        REQUIRE(practicus::credentials_from_environment());
        CHECK(practicus::credentials_from_environment()->type() == kind::refresh_token);
    }
    SECTION("a bad one is refused, not skipped")
    {
        environment const set(
            variables{{"PRT_TOKEN", "hunter\ntwo"}, {"PRT_EMAIL", "a@b"}, {"PRT_PASSWORD", "x"}});
        CHECK(refusal([] { (void)practicus::credentials_from_environment(); }) ==
              "the refresh token holds a control character");
    }
}
