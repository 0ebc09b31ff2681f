// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/proxy_rules.hpp>

#include "catch.hpp"
#include "options.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;
using practicus::errc;
using practicus::proxy_options;
using practicus::url_origin;
using practicus::detail::basic_authorization;
using practicus::detail::no_proxy_list;
using practicus::detail::proxy_rules;

using variables = std::map<std::string, std::string>;

proxy_rules rules(variables const& all, proxy_options const& options = proxy_options())
{
    return proxy_rules(options, [&](char const* name) {
        auto const found = all.find(name);
        return found == all.end() ? nullptr : found->second.c_str();
    });
}

/// The proxy's host and port, or `direct`, or the message.
std::string way(proxy_rules const& asked, std::string const& url)
{
    auto const found = asked.find(url_origin(url));
    if (found) return *found == nullptr ? "direct" : (*found)->authority();
    CHECK(found.error()->code == errc::invalid_argument);
    return found.error()->message;
}

} // namespace

TEST_CASE("the environment names the proxy")
{
    struct row
    {
        variables environment;
        char const* https;
        char const* http;
    };
    for (auto const& r : std::vector<row>{
             {{}, "direct", "direct"},
             {{{"https_proxy", "http://a:1"}}, "a:1", "direct"},
             {{{"HTTPS_PROXY", "http://a:1"}}, "a:1", "direct"},
             {{{"http_proxy", "http://a:1"}}, "direct", "a:1"},
             {{{"HTTP_PROXY", "http://a:1"}}, "direct", "a:1"},
             {{{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:1"}, {"http_proxy", "c:1"}}, "a:1", "c:1"},
             {{{"http_proxy", "a:1"}, {"HTTP_PROXY", "b:1"}}, "direct", "a:1"},
             {{{"https_proxy", ""}, {"HTTPS_PROXY", "b:1"}}, "b:1", "direct"},
             {{{"all_proxy", "a:1"}}, "a:1", "a:1"},
             {{{"ALL_PROXY", "a:1"}}, "a:1", "a:1"},
             {{{"all_proxy", "a:1"}, {"ALL_PROXY", "b:1"}, {"HTTPS_PROXY", "c:1"}}, "c:1", "a:1"},
             // A CGI program's HTTP_PROXY is a field of the request that it serves.
             {{{"HTTP_PROXY", "a:1"}, {"REQUEST_METHOD", "GET"}}, "direct", "direct"},
             {{{"HTTP_PROXY", "a:1"}, {"REQUEST_METHOD", ""}}, "direct", "a:1"},
             {{{"http_proxy", "a:1"}, {"REQUEST_METHOD", "GET"}}, "direct", "a:1"},
             {{{"HTTP_PROXY", "a:1"}, {"all_proxy", "b:1"}, {"REQUEST_METHOD", "GET"}}, "b:1", "b:1"},
             {{{"HTTPS_PROXY", "a:1"}, {"REQUEST_METHOD", "GET"}}, "a:1", "direct"},
         }) {
        for (auto const& [name, value] : r.environment)
            UNSCOPED_INFO(name << "=" << value);
        auto const made = rules(r.environment);
        CHECK(way(made, "https://h") == r.https);
        CHECK(way(made, "http://h") == r.http);
    }
}

TEST_CASE("an unusable proxy of the environment fails only operations that need it")
{
    auto const made = rules(
        {{"https_proxy", "socks5://hush@s:1"}, {"http_proxy", "http://a:1"}, {"no_proxy", "company.com"}});
    CHECK_THAT(way(made, "https://h"), ContainsSubstring("https_proxy: SOCKS") && !ContainsSubstring("hush"));
    CHECK(way(made, "http://h") == "a:1");
    CHECK(way(made, "https://x.company.com") == "direct");
    CHECK(way(made, "https://localhost") == "direct");
    CHECK(way(rules({{"https_proxy", "socks5://s"}},
                    options_with<proxy_options>([&](auto& o) { o.mode = practicus::proxy_mode::direct; })),
              "https://h") == "direct");
    CHECK(way(rules({{"https_proxy", "socks5://s"}},
                    options_with<proxy_options>([&](auto& o) { o.no_proxy = "h"; })),
              "https://h") == "direct");
    // The first one decides, and is not bypassed.
    CHECK_THAT(way(rules({{"https_proxy", "socks5://s"}, {"HTTPS_PROXY", "a:1"}}), "https://h"),
               ContainsSubstring("SOCKS"));
}

TEST_CASE("loopback addresses are reached directly, unless the options name the proxy")
{
    variables const environment{{"all_proxy", "a:1"}};
    for (auto const* url : {"https://localhost", "http://LOCALHOST:8080", "http://127.0.0.1",
                            "http://127.255.0.9", "https://[::1]", "https://[::ffff:127.0.0.1]"}) {
        INFO(url);
        CHECK(way(rules(environment), url) == "direct");
        CHECK(way(rules(environment, proxy_at("b:1")), url) == "b:1");
    }
    for (auto const* url :
         {"https://localhost.company.com", "https://mylocalhost", "http://126.0.0.1", "http://128.0.0.1",
          "https://[::2]", "https://[1::1]", "https://[::ffff:8.8.8.8]"}) {
        INFO(url);
        CHECK(way(rules(environment), url) == "a:1");
    }
}

TEST_CASE("options come before the environment")
{
    variables const environment{{"all_proxy", "a:1"}, {"no_proxy", "listed"}};
    CHECK(way(rules(environment), "https://listed") == "direct");
    auto const own =
        rules(environment, options_with([](auto& o) { o.no_proxy = "mine"; }, proxy_at("http://b:1")));
    CHECK(way(own, "https://h") == "b:1");
    CHECK(way(own, "http://h") == "b:1");
    CHECK(way(own, "https://listed") == "b:1");
    CHECK(way(own, "https://mine") == "direct");
    auto const listed =
        rules(environment, options_with<proxy_options>([&](auto& o) { o.no_proxy = "mine"; }));
    CHECK(way(listed, "https://listed") == "direct");
    CHECK(way(listed, "https://mine") == "direct");
    CHECK(way(listed, "https://h") == "a:1");
    CHECK(way(rules(environment,
                    options_with<proxy_options>([&](auto& o) { o.mode = practicus::proxy_mode::direct; })),
              "https://h") == "direct");
}

TEST_CASE("credentials of the options are for a proxy that has none")
{
    auto const as_bob = [](proxy_options options) {
        options.user = "bob";
        options.password = practicus::secret("pw");
        return options;
    };
    auto const value = [](proxy_rules const& made) {
        return std::string(made.find(url_origin("https://h")).value()->authorization().reveal());
    };
    auto const bob = std::string(basic_authorization("bob", "pw").reveal());
    auto const ann = std::string(basic_authorization("ann", "x").reveal());
    CHECK(value(rules({{"https_proxy", "a:1"}}, as_bob(proxy_options()))) == bob);
    CHECK(value(rules({{"https_proxy", "http://ann:x@a:1"}}, as_bob(proxy_options()))) == ann);
    CHECK(value(rules({}, as_bob(proxy_at("a:1")))) == bob);
    CHECK(value(rules({}, as_bob(proxy_at("http://ann:x@a:1")))) == ann);
    CHECK(value(rules({{"https_proxy", "a:1"}})) == "");
}

TEST_CASE("the environment is read once")
{
    int asked = 0;
    auto value = std::make_unique<std::string>("a:1");
    proxy_rules const made(proxy_options(), [&](char const* name) {
        ++asked;
        return name == std::string("https_proxy") ? value->c_str() : nullptr;
    });
    auto const before = asked;
    value.reset();
    CHECK(way(made, "https://h") == "a:1");
    CHECK(way(made, "http://h") == "direct");
    CHECK(asked == before);
    CHECK(before > 0);
}

TEST_CASE("an origin is matched with the no_proxy list")
{
    struct row
    {
        char const* list;
        char const* url;
        bool matches;
    };
    for (auto const& r : std::vector<row>{
             {"", "https://h", false},
             {"*", "https://h", true},
             {" * ", "https://10.0.0.1", true},
             {"a,*", "https://[fd00::1]", true},
             {"company.com", "https://company.com", true},
             {"company.com", "https://a.b.company.com:8443", true},
             {"Company.COM", "https://x.company.com", true},
             {"company.com", "https://mycompany.com", false},
             {"company.com", "https://company.com.evil.org", false},
             {"company.com", "https://com", false},
             {".company.com", "https://x.company.com", true},
             {".company.com", "https://company.com", true},
             {".company.com", "https://mycompany.com", false},
             {"*.company.com", "https://x.company.com", true},
             {"company.com.", "https://x.company.com", true},
             {"a.b,company.com", "https://company.com", true},
             {"a.b, company.com ,c", "https://company.com", true},
             {"a.b company.com\tc\n", "https://company.com", true},
             {",,company.com,", "https://company.com", true},
             {"company.com:8443", "https://company.com:8443", true},
             {"company.com:8443", "https://x.company.com:8443", true},
             {"company.com:8443", "https://company.com", false},
             {"company.com:443", "https://company.com", true},
             {"company.com:80", "http://company.com", true},
             {"*:8443", "https://h:8443", true},
             {"*:8443", "https://h", false},
             {"10.1.2.3", "https://10.1.2.3", true},
             {"10.1.2.3", "https://10.1.2.4", false},
             {"10.1.2.3", "https://10.1.2.30", false},
             {"2.3", "https://10.1.2.3", false},
             {"10.1.2.3:8443", "https://10.1.2.3:8443", true},
             {"10.1.2.3:8443", "https://10.1.2.3", false},
             {"10.0.0.0/8", "https://10.255.1.2", true},
             {"10.0.0.0/8", "https://11.0.0.0", false},
             {"10.9.9.9/8", "https://10.1.1.1", true},
             {"192.168.4.0/22", "https://192.168.7.255", true},
             {"192.168.4.0/22", "https://192.168.8.0", false},
             {"192.168.4.1/32", "https://192.168.4.1", true},
             {"192.168.4.1/32", "https://192.168.4.0", false},
             {"0.0.0.0/0", "https://8.8.8.8", true},
             {"0.0.0.0/0", "https://[fd00::1]", false},
             {"0.0.0.0/0", "https://h", false},
             {"10.0.0.0/8", "https://[::ffff:10.1.1.1]", true},
             {"::ffff:10.1.1.1", "https://10.1.1.1", true},
             {"fd00::1", "https://[FD00:0::1]", true},
             {"[fd00::1]", "https://[fd00::1]:8443", true},
             {"[fd00::1]:8443", "https://[fd00::1]:8443", true},
             {"[fd00::1]:8443", "https://[fd00::1]", false},
             {"fd00::/8", "https://[fdff::9]", true},
             {"fd00::/8", "https://[fc00::9]", false},
             {"fd00:0:0:8000::/49", "https://[fd00::ffff:0:0:0:1]", true},
             {"fd00:0:0:8000::/49", "https://[fd00:0:0:7fff::1]", false},
             {"::/0", "https://[fd00::1]", true},
             {"::/0", "https://10.1.1.1", false},
             // What cannot be read is passed over.
             {"10.0.0.0/33,a", "https://10.0.0.1", false},
             {"10.0.0.0/33,a", "https://a", true},
             {"10.0.0.0/,a:b,a:0,a:65536,[a],[::1,x/8,.,*.", "https://a", false},
             {"a*b,*", "https://x", true},
         }) {
        INFO(r.list << " and " << r.url);
        CHECK(no_proxy_list(r.list).matches(url_origin(r.url)) == r.matches);
    }
}

TEST_CASE("an entry that cannot be read is found")
{
    CHECK(no_proxy_list::refused("") == "");
    CHECK(no_proxy_list::refused("*, a.b:1 .c,*.d 10.0.0.0/8,[::1]:1,::1,fd00::/8") == "");
    for (auto const* entry :
         {"10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/x",  "10.0.0.0/-1", "x.company.com/8",
          "a:b",         "a:0",        "a:65536",   "a:",          ":80",         "[a]",
          "[::1",        "::1]",       ".",         "*.",          "a*b",         "http://a",
          "a@b",         "1::2::3",    "::1%lo",    "[fe80::1%lo]"}) {
        INFO(entry);
        CHECK(no_proxy_list::refused(std::string("a,") + entry + ",b/") == entry);
    }
}
