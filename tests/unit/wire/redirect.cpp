// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/redirect.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace {

using practicus::errc;
using practicus::url_origin;
using practicus::detail::redirect_target;

std::string follow(std::string_view location, std::string_view target = "/b/c/d;p?q")
{
    return redirect_target(url_origin("http://a"), target, location).value();
}

practicus::errc refusal(std::string_view location, std::string_view here = "http://a")
{
    auto const target = redirect_target(url_origin(here), "/b/c/d;p?q", location);
    return target ? errc() : static_cast<errc>(target.error()->code.value());
}

} // namespace

TEST_CASE("redirect: the examples of RFC 3986 section 5.4")
{
    std::pair<char const*, char const*> const examples[] = {
        {"g", "/b/c/g"},
        {"./g", "/b/c/g"},
        {"g/", "/b/c/g/"},
        {"/g", "/g"},
        {"?y", "/b/c/d;p?y"},
        {"g?y", "/b/c/g?y"},
        {"#s", "/b/c/d;p?q"},
        {"g#s", "/b/c/g"},
        {"g?y#s", "/b/c/g?y"},
        {";x", "/b/c/;x"},
        {"g;x?y#s", "/b/c/g;x?y"},
        {"", "/b/c/d;p?q"},
        {".", "/b/c/"},
        {"./", "/b/c/"},
        {"..", "/b/"},
        {"../", "/b/"},
        {"../g", "/b/g"},
        {"../..", "/"},
        {"../../", "/"},
        {"../../g", "/g"},
        {"../../../g", "/g"},
        {"../../../../g", "/g"},
        {"/./g", "/g"},
        {"/../g", "/g"},
        {"g.", "/b/c/g."},
        {".g", "/b/c/.g"},
        {"g..", "/b/c/g.."},
        {"..g", "/b/c/..g"},
        {"./../g", "/b/g"},
        {"./g/.", "/b/c/g/"},
        {"g/./h", "/b/c/g/h"},
        {"g/../h", "/b/c/h"},
        {"g;x=1/./y", "/b/c/g;x=1/y"},
        {"g;x=1/../y", "/b/c/y"},
        {"g?y/./x", "/b/c/g?y/./x"},
        {"g?y/../x", "/b/c/g?y/../x"},
        {"g#s/../x", "/b/c/g"},
    };
    for (auto const& [location, target] : examples) {
        INFO(location);
        CHECK(follow(location) == target);
    }
}

TEST_CASE("redirect: a url of the same origin, however it is written")
{
    CHECK(follow("http://a/x?y#z") == "/x?y");
    CHECK(follow("HTTP://A:80/x") == "/x");
    CHECK(follow("//a/x") == "/x");
    CHECK(follow("http://a") == "/");
    CHECK(follow("http://a?y") == "/?y");
    CHECK(follow("//a/x/../../y") == "/y");
}

TEST_CASE("redirect: percent-encoded bytes stay as they are")
{
    CHECK(follow("/a%2f..%2fb") == "/a%2f..%2fb");
    CHECK(follow("/%2e%2e/b") == "/%2e%2e/b");
}

TEST_CASE("redirect: another origin is refused")
{
    for (auto const* location : {"https://a/", "http://b/", "//b", "http://a:81/", "ftp://a/", "http://u@a/",
                                 "http://a@b/", "//a@b", "httpx://a/"}) {
        INFO(location);
        CHECK(refusal(location) == errc::untrusted_origin);
    }
    CHECK(refusal("http://a/", "https://a") == errc::untrusted_origin);
}

TEST_CASE("redirect: an invalid url is refused")
{
    for (auto const* location : {"x:?",    "x:",       "mailto:a",  "http:",       "http:/x",
                                 "http:x", "http://[", "http://",   "http://a:b/", "http://a:%0d%0a/",
                                 "/a b",   "/a\tb",    "/\xc3\xa9", "/%",          "/%2",
                                 "/%zz",   "\\\\a",    "/<",        "/\x7f",       "1:x"}) {
        INFO(location);
        CHECK(refusal(location) == errc::redirected);
    }
}
