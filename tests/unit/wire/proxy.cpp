// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/proxy.hpp>

#include "catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using namespace std::string_literals;
using Catch::Matchers::ContainsSubstring;
using practicus::errc;
using practicus::secret;
using practicus::detail::basic_authorization;
using practicus::detail::connect_target;
using practicus::detail::proxy;

static_assert(std::is_copy_constructible_v<proxy> && std::is_nothrow_move_constructible_v<proxy>);

std::string refusal(std::string const& text)
{
    try {
        proxy{text};
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::invalid_argument);
        return e.what();
    }
    return "nothing was refused";
}

} // namespace

TEST_CASE("a proxy's url is taken apart")
{
    struct row
    {
        std::string text;
        char const* host;
        std::uint16_t port;
        char const* authority;
        char const* user;
        std::string password;
    };
    for (auto const& r : std::vector<row>{
             {"http://proxy.company.com:3128", "proxy.company.com", 3128, "proxy.company.com:3128", "", ""},
             {"http://proxy:3128/", "proxy", 3128, "proxy:3128", "", ""},
             {"HTTP://Proxy:3128", "proxy", 3128, "proxy:3128", "", ""},
             {"proxy:3128", "proxy", 3128, "proxy:3128", "", ""},
             {"proxy", "proxy", 80, "proxy:80", "", ""},
             {"http://proxy", "proxy", 80, "proxy:80", "", ""},
             {"http://proxy:", "proxy", 80, "proxy:80", "", ""},
             {"10.0.0.1:8080", "10.0.0.1", 8080, "10.0.0.1:8080", "", ""},
             {"http://[::1]:8080", "::1", 8080, "[::1]:8080", "", ""},
             {"[FD00:0::1]", "fd00::1", 80, "[fd00::1]:80", "", ""},
             {"http://ann:pw@proxy:1", "proxy", 1, "proxy:1", "ann", "pw"},
             {"ann:pw@proxy:1", "proxy", 1, "proxy:1", "ann", "pw"},
             {"http://ann@proxy", "proxy", 80, "proxy:80", "ann", ""},
             {"http://ann:@proxy", "proxy", 80, "proxy:80", "ann", ""},
             {"http://:pw@proxy", "proxy", 80, "proxy:80", "", "pw"},
             {"http://a%40b:p%3aw%2F%25@proxy", "proxy", 80, "proxy:80", "a@b", "p:w/%"},
             {"http://ann:p:w@proxy", "proxy", 80, "proxy:80", "ann", "p:w"},
             {"http://ann:p@w@proxy", "proxy", 80, "proxy:80", "ann", "p@w"},
             {"http://CORP\\ann:pw@proxy", "proxy", 80, "proxy:80", "CORP\\ann", "pw"},
             {"http://ann:\xc3\xbc%C3%BC@proxy", "proxy", 80, "proxy:80", "ann", "\xc3\xbc\xc3\xbc"},
         }) {
        INFO(r.text);
        proxy const read(r.text);
        CHECK(read.host() == r.host);
        CHECK(read.port() == r.port);
        CHECK(read.authority() == r.authority);
        CHECK(read.user() == r.user);
        CHECK(read.password().reveal() == r.password);
        bool const named = r.text.find('@') != std::string::npos;
        CHECK(read.authorization() == (named ? basic_authorization(r.user, r.password) : secret()));
    }
}

TEST_CASE("a url that is no HTTP proxy's is refused, and not quoted")
{
    struct row
    {
        std::string text;
        char const* says;
    };
    for (auto const& r : std::vector<row>{
             {"", "empty"},
             {"https://hush:hush@proxy", "TLS to the proxy"},
             {"HTTPS://proxy", "TLS to the proxy"},
             {"socks5://hush:hush@proxy:1080", "SOCKS"},
             {"socks5h://proxy", "SOCKS"},
             {"socks://proxy", "SOCKS"},
             {"SOCKS4a://proxy", "SOCKS"},
             {"ftp://hush@proxy", "scheme is not http"},
             {"://proxy", "scheme is not http"},
             {"http://proxy/hush", "has a path"},
             {"http://proxy//", "has a path"},
             {"http://proxy?hush", "has a path"},
             {"http://proxy#hush", "has a path"},
             {"http://ann:hu/sh@proxy", "has a path"},
             {"proxy:3128/x", "has a path"},
             {"http://", "no host"},
             {"http:///", "no host"},
             {"http://:3128", "no host"},
             {"http://ann:hush@", "no host"},
             {"http://ann:hush@:1", "no host"},
             {"http://proxy:0", "port"},
             {"http://proxy:65536", "port"},
             {"http://proxy:port", "cannot be read"},
             {"http://[::1", "cannot be read"},
             {"http://[v1.x]:1", "unknown kind"},
             {"http://proxy..company", "empty label"},
             {"http://proxy.", "ends in a dot"},
             {"http://pro%78y", "no host name may"},
             {"http://" + std::string(254, 'p'), "longer than"},
             {"http://ann:" + std::string(9000, 'p') + "@proxy", "longer than"},
             {"http://ann:hu sh@proxy", "byte 13"},
             {" http://proxy", "byte 0"},
             {"http://proxy\r\nX: hush", "byte 12"},
             {"http://pro\0xy"s, "byte 10"},
             {"http://ann:hush%0d%0aX:%20y@proxy", "control character"},
             {"http://a%00nn:hush@proxy", "control character"},
             {"http://a%3Ann:hush@proxy", "colon"},
             {"http://ann:hush%zz@proxy", "percent sign"},
             {"http://ann:hush%4@proxy", "percent sign"},
         }) {
        INFO(r.text);
        auto const what = refusal(r.text);
        CHECK_THAT(what, ContainsSubstring(r.says) && ContainsSubstring("the proxy's url: "));
        CHECK_THAT(what, !ContainsSubstring("hush"));
    }
    CHECK_THROWS_WITH(proxy("socks5://x", "ALL_PROXY"), ContainsSubstring("ALL_PROXY: SOCKS"));
}

TEST_CASE("basic credentials are as RFC 7617 has them")
{
    // The RFC's own two examples.
    CHECK(basic_authorization("Aladdin", "open sesame").reveal() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(basic_authorization("test", "123\xc2\xa3").reveal() == "Basic dGVzdDoxMjPCow==");
    CHECK(basic_authorization("", "").reveal() == "Basic Og==");
    CHECK(basic_authorization("a", "").reveal() == "Basic YTo=");
    CHECK(basic_authorization("a", "b").reveal() == "Basic YTpi");
    // 64 bytes and more: in one line.
    auto const large = std::string(basic_authorization("u", std::string(200, 'x')).reveal());
    CHECK(large.size() == 6 + 4 * 68);
    CHECK(large.find_first_of(std::string("\r\n\0", 3)) == std::string::npos);
    CHECK_THROWS_AS(basic_authorization("a:b", "c"), practicus::error);
    CHECK_THROWS_AS(basic_authorization("a\n", "c"), practicus::error);
    CHECK_THROWS_AS(basic_authorization("a", "c\x7f"), practicus::error);
}

TEST_CASE("a proxy's credentials can be replaced")
{
    proxy p("http://ann:old@proxy");
    p.credentials("bob", secret("new"));
    CHECK(p.user() == "bob");
    CHECK(p.password().reveal() == "new");
    CHECK(p.authorization() == basic_authorization("bob", "new"));
    CHECK_THROWS_AS(p.credentials("b:b", secret("newest")), practicus::error);
    CHECK(p.authorization() == basic_authorization("bob", "new"));
}

TEST_CASE("a tunnel's target always names the port")
{
    for (auto const& [url, target] : std::vector<std::pair<std::string, std::string>>{
             {"https://practicus.company.com", "practicus.company.com:443"},
             {"https://practicus.company.com:8443", "practicus.company.com:8443"},
             {"http://h", "h:80"},
             {"https://10.0.0.1", "10.0.0.1:443"},
             {"https://[::1]", "[::1]:443"},
             {"https://[::1]:8443", "[::1]:8443"},
         })
        CHECK(connect_target(practicus::url_origin(url)) == target);
}
