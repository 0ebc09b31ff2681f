// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/proxy_options.hpp>

#include "catch.hpp"

#include <string>
#include <type_traits>

namespace {

using Catch::Matchers::ContainsSubstring;
using practicus::errc;
using practicus::proxy_options;

// An aggregate in a co_await expression is destroyed twice by g++ 12.
static_assert(!std::is_aggregate_v<proxy_options>);

template <class Function>
std::string refusal(Function const& make)
{
    try {
        make();
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::invalid_argument);
        return e.what();
    }
    return "nothing was refused";
}

} // namespace

TEST_CASE("by default the environment decides on the proxy")
{
    proxy_options const o;
    CHECK(o.environment());
    CHECK(!o.is_direct());
    CHECK(!o.url());
    CHECK(!o.has_credentials());
    CHECK(o.no_proxy().empty());
}

TEST_CASE("a proxy's options are kept as they are given")
{
    auto const o = proxy_options()
                       .url("http://ann:pw@proxy:3128")
                       .credentials("bob", "secret")
                       .no_proxy("a, 10.0.0.0/8")
                       .environment(false);
    CHECK(o.url().reveal() == "http://ann:pw@proxy:3128");
    CHECK(o.has_credentials());
    CHECK(o.user() == "bob");
    CHECK(o.password().reveal() == "secret");
    CHECK(o.no_proxy() == "a, 10.0.0.0/8");
    CHECK(!o.environment());
}

TEST_CASE("url() and direct() undo each other")
{
    auto const direct = proxy_options().url("proxy").direct();
    CHECK(direct.is_direct());
    CHECK(!direct.url());
    auto const again = proxy_options().direct().url("proxy");
    CHECK(!again.is_direct());
    CHECK(again.url().reveal() == "proxy");
}

TEST_CASE("a proxy's options that cannot be used are refused, and not quoted")
{
    auto o = proxy_options().url("good").credentials("a", "b").no_proxy("c");
    for (auto const* url : {"", "socks5://ann:hush@proxy", "https://hush@proxy", "http://proxy/hush"}) {
        INFO(url);
        CHECK_THAT(refusal([&] { o.url(url); }),
                   ContainsSubstring("the proxy's url: ") && !ContainsSubstring("hush"));
    }
    CHECK_THAT(refusal([&] { o.credentials("hu:sh", "hush"); }),
               ContainsSubstring("colon") && !ContainsSubstring("hush"));
    CHECK_THAT(refusal([&] { o.credentials("ann", "hush\r\n"); }),
               ContainsSubstring("control character") && !ContainsSubstring("hush"));
    CHECK_THAT(refusal([&] { o.no_proxy("a,10.0.0.0/99"); }), ContainsSubstring("no_proxy"));
    CHECK(o.url().reveal() == "good");
    CHECK(o.user() == "a");
    CHECK(o.no_proxy() == "c");
}
