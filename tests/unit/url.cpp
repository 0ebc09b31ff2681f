// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/call_url.hpp>
#include <practicus/url.hpp>

#include <cstdint>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <variant>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using practicus::app_url;
using practicus::call_url;
using practicus::errc;
using practicus::model_url;
using practicus::service_url;

namespace {

/// The url of a path, as a value of its own type.
template <class Url>
Url below(Url const& url, std::string_view path)
{
    return std::get<Url>(url.at(path).hosted());
}

/// The message of the refusal, or a text that no expectation matches.
std::string refusal(std::function<void()> const& make, errc expected = errc::invalid_url)
{
    try {
        make();
    } catch (practicus::error const& e) {
        REQUIRE(e.code() == practicus::make_error_code(expected));
        return e.what();
    }
    return "not refused";
}

std::string service_refusal(std::string const& text)
{
    return refusal([&] { service_url{text}; });
}

std::string model_refusal(std::string const& text)
{
    return refusal([&] { model_url{text}; });
}

/// Nothing that could end a request line, or be read as something else than a path.
bool is_clean_target(std::string_view target)
{
    if (target.empty() || target.front() != '/' || target.find("//") != std::string_view::npos) return false;
    for (char const c : target)
        if (!(c > 0x20 && c < 0x7f) || c == '?' || c == '#' || c == '\\') return false;
    for (std::string_view const dots : {"/./", "/../"})
        if (target.find(dots) != std::string_view::npos) return false;
    return true;
}

template <class Url>
constexpr bool is_regular_value = std::is_copy_constructible_v<Url>&& std::is_copy_assignable_v<Url>&&
    std::is_nothrow_move_constructible_v<Url>&& std::is_nothrow_move_assignable_v<Url>;
static_assert(is_regular_value<practicus::url_origin> && is_regular_value<service_url>);
static_assert(is_regular_value<model_url> && is_regular_value<app_url>);
static_assert(!std::is_convertible_v<app_url, model_url> && !std::is_convertible_v<model_url, app_url>);

} // namespace

TEST_CASE("a service url is kept in normal form")
{
    struct row
    {
        char const* text;
        char const* str;
        char const* host;
        std::uint16_t port;
        char const* host_header;
        char const* path;
    };
    std::string const name = "practicus.company.com";
    for (auto const& r : std::vector<row>{
             {"https://practicus.company.com", "https://practicus.company.com/", "practicus.company.com", 443,
              "practicus.company.com", "/"},
             {"https://practicus.company.com/", "https://practicus.company.com/", "practicus.company.com",
              443, "practicus.company.com", "/"},
             {"HTTPS://Practicus.COMPANY.com:443", "https://practicus.company.com/", "practicus.company.com",
              443, "practicus.company.com", "/"},
             {"https://h:", "https://h/", "h", 443, "h", "/"},
             {"http://h:80/a", "http://h/a/", "h", 80, "h", "/a/"},
             {"http://h:443", "http://h:443/", "h", 443, "h:443", "/"},
             {"https://h:80", "https://h:80/", "h", 80, "h:80", "/"},
             {"http://127.0.0.1:08080/x/y/", "http://127.0.0.1:8080/x/y/", "127.0.0.1", 8080,
              "127.0.0.1:8080", "/x/y/"},
             {"https://[::1]", "https://[::1]/", "::1", 443, "[::1]", "/"},
             {"https://[2001:DB8:0:0::0:1]:8443/r", "https://[2001:db8::1]:8443/r/", "2001:db8::1", 8443,
              "[2001:db8::1]:8443", "/r/"},
             {"https://xn--mller-kva.example", "https://xn--mller-kva.example/", "xn--mller-kva.example", 443,
              "xn--mller-kva.example", "/"},
             {"https://a_b.svc:1", "https://a_b.svc:1/", "a_b.svc", 1, "a_b.svc:1", "/"},
             {"https://h/%7eteam/%c3%bc/a%2fb", "https://h/~team/%C3%BC/a%2Fb/", "h", 443, "h",
              "/~team/%C3%BC/a%2Fb/"},
             {"https://h/m\xc3\xbc", "https://h/m%C3%BC/", "h", 443, "h", "/m%C3%BC/"},
             {"https://h/a,b;c=d:e@f", "https://h/a,b;c=d:e@f/", "h", 443, "h", "/a,b;c=d:e@f/"},
         }) {
        INFO(r.text);
        service_url const url(r.text);
        CHECK(url.str() == r.str);
        CHECK(url.origin().host() == r.host);
        CHECK(url.origin().port() == r.port);
        CHECK(url.origin().host_header() == r.host_header);
        CHECK(url.path() == r.path);
        CHECK(url.origin().secure() == (url.origin().scheme() == "https"));
        CHECK(service_url(url.str()) == url);
        CHECK(url.origin() == practicus::url_origin(url.origin().str()));
    }
}

TEST_CASE("a service url gives the targets of console calls")
{
    CHECK(service_url("https://h").console_path("auth/") == "/console/api/auth/");
    CHECK(service_url("https://h/eu/west").console_path("modelhost/models/") ==
          "/eu/west/console/api/modelhost/models/");
    for (char const* call : {"a b/", "a\r\nb/", "a?b", "a#b", "a\\b", "%0d"})
        CHECK_THAT(
            refusal([&] { (void)service_url("https://h").console_path(call); }, errc::invalid_argument),
            ContainsSubstring("service_url::console_path: the call must be a path"));
}

TEST_CASE("an invalid url is refused, and the message says why")
{
    struct row
    {
        std::string text;
        char const* message;
    };
    for (auto const& r : std::vector<row>{
             {"", "empty"},
             {"practicus.company.com", "no scheme"},
             {"//practicus.company.com", "no scheme"},
             {"https:/h", "no scheme"},
             {"ftp://h", "neither https nor http"},
             {"wss://h", "neither https nor http"},
             {"://h", "neither https nor http"},
             {" https://h", "space at byte 0"},
             {"https://h\n", "control character at byte 9"},
             {std::string("https://h/a\0b", 13), "control character at byte 11"},
             {"https://h/a\x7f", "control character at byte 11"},
             {"https://h\\@evil", "backslash at byte 9"},
             {"https://", "no host"},
             {"https:///a", "no host"},
             {"https://:80", "no host"},
             {"https://u@h", "credentials"},
             {"https://u:p@h", "credentials"},
             {"https://@h", "credentials"},
             {"https://h?a=b", "query"},
             {"https://h/?a", "query"},
             {"https://h#a", "fragment"},
             {"https://h:0", "port"},
             {"https://h:65536", "port"},
             {"https://h:99999999999999999999", "port"},
             {"https://h:http", "host and port"},
             {"https://h:1:2", "host and port"},
             {"https://[::1", "host and port"},
             {"https://[::1]x", "host and port"},
             {"https://[:::1]", "host and port"},
             {"https://[fe80::1%25eth0]", "percent sign"},
             {"https://[v1.a]", "unknown kind"},
             {"https://h%2ecom", "percent sign"},
             {"https://m\xc3\xbcller.example", "xn--"},
             {"https://a..b", "empty label"},
             {"https://.a", "empty label"},
             {"https://a.", "ends in a dot"},
             {"https://a,b", "no host name may"},
             {"https://" + std::string(254, 'a'), "253"},
             {"https://h//a", "segment of the path is empty"},
             {"https://h/a//", "segment of the path is empty"},
             {"https://h/a//b", "segment of the path is empty"},
             {"https://h/.", "`..`"},
             {"https://h/a/../b", "`..`"},
             {"https://h/a/%2e%2E/b", "`..`"},
             {"https://h/a/.%2e/b", "`..`"},
             {"https://h/a/..%2fb", "`..`"},
             {"https://h/a/b%5c..", "`..`"},
             {"https://h/a%", "percent sign"},
             {"https://h/a%2", "percent sign"},
             {"https://h/a%zz", "percent sign"},
             {"https://h/a%0d%0ab", "control character"},
             {"https://h/a%00", "control character"},
             {"https://h/a%7f", "control character"},
             {"https://h/a\"b", "may not"},
             {"https://h/a<b", "may not"},
             {"https://h/a|b", "may not"},
             {"https://h/" + std::string(9000, 'a'), "8192"},
             {"https://h/" + std::string(8180, 'a') + "\xc3\xbc", "8192"},
             {"https://h/console", "/console"},
             {"https://h/console/api/", "/console"},
             {"https://h/eu/console/api/auth/", "/console"},
         }) {
        INFO(r.text);
        CHECK_THAT(service_refusal(r.text), ContainsSubstring(r.message));
    }
}

TEST_CASE("an unset variable is no service url")
{
    char const* const unset = nullptr;
    CHECK_THAT(refusal([&] { service_url{unset}; }), ContainsSubstring("empty"));
}

TEST_CASE("models and apps are refused by the same rules")
{
    for (char const* tail : {"?a", "#a", "/..", "//", "%0a", " ", "\\", "%"}) {
        INFO(tail);
        std::string const text = std::string("https://h/models/a") + tail;
        CHECK_THAT(model_refusal(text), ContainsSubstring("the url cannot be used: "));
        CHECK_THAT(refusal([&] { app_url{text}; }), ContainsSubstring("the url cannot be used: "));
        CHECK_THAT(refusal([&] { model_url(service_url("https://h"), std::string("models/a") + tail); }),
                   ContainsSubstring("the url cannot be used: "));
    }
    CHECK_THAT(model_refusal("https://h"), ContainsSubstring("no name"));
    CHECK_THAT(model_refusal("https://h/models"), ContainsSubstring("no name"));
    CHECK_THAT(refusal([] { model_url(service_url("https://h/eu/west"), "https://h/eu/west/models"); }),
               ContainsSubstring("no name"));
}

TEST_CASE("a refusal quotes no part of the url")
{
    for (char const* text :
         {"https://hunter2:hunter2@h", "https://h?token=hunter2", "https://h/#hunter2", "hunter2",
          "hunter2://h", "https://hunter2:hunter2", "https://[hunter2]", "https://h/hunter2%",
          "https://h/hunter2/..", "https://h/hunter2//", "https://h/hunter2\n", "https://hunter2..",
          "https://u:hunter2/x@h", "https://h/hunter2/console"}) {
        INFO(text);
        CHECK_THAT(service_refusal(text), !ContainsSubstring("hunter2"));
        CHECK_THAT(service_refusal(text), !ContainsSubstring("not refused"));
    }
}

TEST_CASE("origins are equal if scheme, host and port are")
{
    using practicus::url_origin;
    CHECK(service_url("https://H:443/a").origin() == model_url("https://h/b/c").origin());
    CHECK(service_url("https://h").origin() != service_url("http://h").origin());
    CHECK(service_url("https://h").origin() != service_url("https://h:444").origin());
    CHECK(service_url("https://h").origin() != service_url("https://h.h").origin());
    CHECK(url_origin("https://[0::1]/").str() == "https://[::1]");
    CHECK(url_origin("http://a") < url_origin("http://b"));
    CHECK_THAT(refusal([] { url_origin("https://h/a"); }), ContainsSubstring("path"));
    std::unordered_set<url_origin> const seen{url_origin("https://h"), url_origin("https://h:443"),
                                              url_origin("http://h")};
    CHECK(seen.size() == 2);
}

TEST_CASE("a model url's text is taken apart")
{
    struct row
    {
        char const* text;
        char const* str;
        char const* prefix;
        char const* name;
        char const* version;
        char const* without_version;
    };
    for (auto const& r : std::vector<row>{
             {"https://h/models/practicus/price/v3", "https://h/models/practicus/price/v3/",
              "models/practicus", "price", "v3", "https://h/models/practicus/price/"},
             {"https://h/models/price", "https://h/models/price/", "models", "price", "",
              "https://h/models/price/"},
             {"https://h/a/b/c/d/latest/", "https://h/a/b/c/d/latest/", "a/b/c", "d", "latest",
              "https://h/a/b/c/d/"},
             {"https://h/a/b/prod", "https://h/a/b/prod/", "a", "b", "prod", "https://h/a/b/"},
             {"https://h/a/b/production", "https://h/a/b/production/", "a", "b", "production",
              "https://h/a/b/"},
             {"https://h/a/b/staging/", "https://h/a/b/staging/", "a", "b", "staging", "https://h/a/b/"},
             {"https://h/a/latest", "https://h/a/latest/", "a", "latest", "", "https://h/a/latest/"},
             {"https://h/a/v2/v3", "https://h/a/v2/v3/", "a", "v2", "v3", "https://h/a/v2/"},
             {"https://h/a/b/v", "https://h/a/b/v/", "a/b", "v", "", "https://h/a/b/v/"},
             {"https://h/a/b/v1x", "https://h/a/b/v1x/", "a/b", "v1x", "", "https://h/a/b/v1x/"},
             {"https://h/a/b/V1", "https://h/a/b/V1/", "a/b", "V1", "", "https://h/a/b/V1/"},
             {"https://h/a/b/%761", "https://h/a/b/v1/", "a", "b", "v1", "https://h/a/b/"},
             {"https://h/a%20b/c%2fd", "https://h/a%20b/c%2Fd/", "a b", "c/d", "", "https://h/a%20b/c%2Fd/"},
         }) {
        INFO(r.text);
        model_url const url(r.text);
        CHECK(url.str() == r.str);
        CHECK(url.target() == url.str().substr(9));
        CHECK(url.prefix() == r.prefix);
        CHECK(url.name() == r.name);
        CHECK(url.version() == r.version);
        CHECK(url.without_version() == r.without_version);
        CHECK(model_url(url.str()) == url);
    }
}

TEST_CASE("a model's version and the path behind it are distinguished")
{
    struct row
    {
        char const* text;
        char const* str;
        char const* name;
        char const* version;
        char const* path;
        char const* model; // at({})
    };
    for (auto const& r : std::vector<row>{
             {"https://h/m/llm/prod/chat/completions", "https://h/m/llm/prod/chat/completions", "llm", "prod",
              "chat/completions", "https://h/m/llm/prod/"},
             {"https://h/models/practicus/llm/v3/embeddings", "https://h/models/practicus/llm/v3/embeddings",
              "llm", "v3", "embeddings", "https://h/models/practicus/llm/v3/"},
             {"https://h/m/llm/latest/mcp/", "https://h/m/llm/latest/mcp/", "llm", "latest", "mcp/",
              "https://h/m/llm/latest/"},
             {"https://h/m/llm/prod", "https://h/m/llm/prod/", "llm", "prod", "", "https://h/m/llm/prod/"},
             {"https://h/m/llm/v1/v2/latest", "https://h/m/llm/v1/v2/latest", "llm", "v1", "v2/latest",
              "https://h/m/llm/v1/"},
             {"https://h/m/llm/v1/api/v2/", "https://h/m/llm/v1/api/v2/", "llm", "v1", "api/v2/",
              "https://h/m/llm/v1/"},
             {"https://h/m/llm/v1/%63hat/a%2fb", "https://h/m/llm/v1/chat/a%2Fb", "llm", "v1", "chat/a%2Fb",
              "https://h/m/llm/v1/"},
             {"https://h/m/api/v1/x", "https://h/m/api/v1/x", "api", "v1", "x", "https://h/m/api/v1/"},
             {"https://h/m/latest/prod/x", "https://h/m/latest/prod/x", "latest", "prod", "x",
              "https://h/m/latest/prod/"},
             // Without a version, the last segment is the name.
             {"https://h/m/llm/chat/completions", "https://h/m/llm/chat/completions/", "completions", "", "",
              "https://h/m/llm/chat/completions/"},
         }) {
        INFO(r.text);
        model_url const url(r.text);
        CHECK(url.str() == r.str);
        CHECK(url.target() == url.str().substr(9));
        CHECK(url.name() == r.name);
        CHECK(url.version() == r.version);
        CHECK(url.path() == r.path);
        CHECK(url.root().str() == r.model);
        CHECK(url.at("").str() == r.model);
        CHECK(url.at("/").str() == r.model);
        CHECK(model_url(url.str()) == url);
        CHECK_FALSE(url.is_exact());
    }
}

TEST_CASE("a path is put behind a model's url in its form")
{
    model_url const model(service_url("https://h/eu"), "models/practicus", "llm", "prod");
    CHECK(model.at("chat/completions").str() == "https://h/eu/models/practicus/llm/prod/chat/completions");
    CHECK(model.at("/mcp/").target() == "/eu/models/practicus/llm/prod/mcp/");
    CHECK(below(model, "a").at("b").target() == "/eu/models/practicus/llm/prod/b");
    CHECK(below(model, "a").without_version() == model.without_version());
    CHECK(below(model, "a%2fb/%7e").path() == "a%2Fb/~");
    CHECK(model.at({}) == call_url(model));
    for (char const* path :
         {"a#b",   "a?b#c", "a?b c", "a?b\nc", "a?%",  "a?%4",   "a?\"", "a?\xc3\xa4", "a?[", "https://h/a",
          "//h/a", "a b",   "a//b",  "//",     "../b", "%2e%2e", "a\nb", "a\\b",       "%0a", "%"}) {
        INFO(path);
        CHECK_THAT(refusal([&] { (void)model.at(path); }), ContainsSubstring("the url cannot be used: "));
    }
    CHECK_THAT(refusal([&] { (void)model.at(std::string(9000, 'a')); }), ContainsSubstring("8192"));
}

TEST_CASE("a path is never read as a version, and keeps the version of its url")
{
    service_url const service("https://h");
    for (char const* path : {"v1/chat/completions", "latest", "prod/", "v2/", "v2/v3/x", "api/v2/x"}) {
        INFO(path);
        model_url const bare(service, "m", "llm");
        CHECK(bare.at(path).str() == "https://h/m/llm/" + std::string(path));
        CHECK(below(bare, path).version().empty());
        CHECK(below(bare, path).path() == path);
        CHECK(below(bare, path).root() == bare);
        CHECK(below(bare, path).at("x").str() == "https://h/m/llm/x");
        CHECK(below(bare, path).without_version() == "https://h/m/llm/");
        model_url const third(service, "m", "llm", "v3");
        CHECK(third.at(path).str() == "https://h/m/llm/v3/" + std::string(path));
        CHECK(below(third, path).version() == "v3");
        CHECK(below(third, path).path() == path);
        CHECK(below(third, path).root() == third);
        app_url const app(service, "apps", "my-app");
        CHECK(app.at(path).str() == "https://h/apps/my-app/api/" + std::string(path));
        CHECK(below(app, path).version().empty());
        CHECK(below(app, path).path() == path);
        CHECK(below(app, path).page() == app);
        app_url const fourth(service, "apps", "my-app", "4");
        CHECK(fourth.at(path).str() == "https://h/apps/my-app/api/v4/" + std::string(path));
        CHECK(below(fourth, path).version() == "v4");
        CHECK(below(below(fourth, path), path).path() == path);
        CHECK(below(fourth, path).page() == fourth);
    }
}

TEST_CASE("a path of the service itself is put behind its url in its form")
{
    service_url const gateway("https://ai-gateway.company.com");
    auto const chat = gateway.at("v1/chat/completions");
    CHECK(chat.str() == "https://ai-gateway.company.com/v1/chat/completions");
    CHECK(chat.target() == "/v1/chat/completions");
    CHECK(chat.origin() == gateway.origin());
    CHECK(std::get<practicus::url_origin>(chat.hosted()) == gateway.origin());
    CHECK(gateway.at("v1/models").target() == "/v1/models");
    CHECK(gateway.at("/v1/models/").target() == "/v1/models/");
    CHECK(gateway.at("latest?a=b").with_query("c", "d").target() == "/latest?a=b&c=d");
    CHECK(gateway.at({}).target() == "/");
    CHECK(gateway.at("?a").target() == "/?a");
    CHECK(service_url("https://h/eu/").at("v1/x").target() == "/eu/v1/x");
    CHECK(service_url("https://h/eu/").at({}).target() == "/eu/");
    CHECK(service_url("https://h/a").at("b") == service_url("https://h").at("a/b"));
    for (char const* path :
         {"a#b", "a?b c", "https://h/a", "//h/a", "a b", "a//b", "../b", "%2e%2e", "a\nb"}) {
        INFO(path);
        CHECK_THAT(refusal([&] { (void)gateway.at(path); }), ContainsSubstring("the url cannot be used: "));
    }
    CHECK_THAT(refusal([&] { (void)gateway.at(std::string(9000, 'a')); }), ContainsSubstring("8192"));
}

TEST_CASE("urls of calls are ordered and hashed")
{
    service_url const service("https://h");
    model_url const model(service, "m", "llm");
    std::vector<call_url> const sorted{
        model.at("a"),        model.at("a?b"), model.at("a?c"), model.at("b"), app_url(service, "m", "llm"),
        service.at("m/llm/a")};
    for (std::size_t i = 0; i != sorted.size(); ++i)
        for (std::size_t j = 0; j != sorted.size(); ++j) {
            CHECK((sorted[i] < sorted[j]) == (i < j));
            CHECK((sorted[i] == sorted[j]) == (i == j));
        }
    // A kind is a part of a call's url: another token is sent.
    CHECK(service.at("m/llm/a").str() == model.at("a").str());
    CHECK(service.at("m/llm/a") != model.at("a"));
    CHECK(std::unordered_set<call_url>(sorted.begin(), sorted.end()).size() == sorted.size());
}

TEST_CASE("a query is kept as it was written, and parameters are encoded")
{
    model_url const model(service_url("https://h"), "m", "llm");
    CHECK(model.at("a?b=c/d?e&f=%7e").str() == "https://h/m/llm/a?b=c/d?e&f=%7e");
    CHECK(model.at("?x").target() == "/m/llm/?x");
    CHECK(model.at("a/?").query() == "?");
    CHECK(model.at("a?b=../..").target() == "/m/llm/a?b=../..");
    auto const url = model.at("a/").with_query("t\xc3\xa4g", "1 & 2=3").with_query("", "/?#%");
    CHECK(url.str() == "https://h/m/llm/a/?t%C3%A4g=1%20%26%202%3D3&=%2F%3F%23%25");
    CHECK(model.at("a?b").with_query("c", "d").query() == "?b&c=d");
    CHECK(model.at("a?").with_query("c", "d").query() == "?c=d");
    CHECK(model.at("a?b&").with_query("c", "d").query() == "?b&c=d");
    CHECK(model.at("a?b=?").with_query("c", "d").query() == "?b=?&c=d");
    CHECK(call_url(model).with_query("c", "d").target() == "/m/llm/?c=d");
    CHECK_THAT(refusal([&] { (void)model.at("a?" + std::string(9000, 'a')); }), ContainsSubstring("8192"));
    CHECK_THAT(refusal([&] { (void)model.at("a").with_query("b", std::string(9000, 'a')); }),
               ContainsSubstring("8192"));
}

TEST_CASE("a call of an app has the version after api/")
{
    service_url const service("https://h");
    CHECK(app_url(service, "apps", "my-app", "4").at("say-hello/").str() ==
          "https://h/apps/my-app/api/v4/say-hello/");
    CHECK(app_url(service, "apps", "my-app").at("sensor/?table_name=t").str() ==
          "https://h/apps/my-app/api/sensor/?table_name=t");
    CHECK(app_url("https://h/apps/my-app/api/v4/say-hello/").at("sensor").str() ==
          "https://h/apps/my-app/api/v4/sensor");
    // A plain url is unchanged.
    CHECK(call_url(app_url(service, "apps", "my-app", "4")).str() == "https://h/apps/my-app/v4/");
}

TEST_CASE("an app's page, api, version and endpoint are distinguished")
{
    struct row
    {
        char const* text;
        char const* str;
        char const* version;
        char const* endpoint;
        char const* page;
        char const* api; // at({})
    };
    for (auto const& r : std::vector<row>{
             {"https://h/apps/my-app", "https://h/apps/my-app/", "", "", "https://h/apps/my-app/",
              "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/v4", "https://h/apps/my-app/v4/", "v4", "", "https://h/apps/my-app/v4/",
              "https://h/apps/my-app/api/v4/"},
             {"https://h/apps/my-app/api", "https://h/apps/my-app/api/", "", "", "https://h/apps/my-app/",
              "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/api/", "https://h/apps/my-app/api/", "", "", "https://h/apps/my-app/",
              "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/api/v1/", "https://h/apps/my-app/api/v1/", "v1", "",
              "https://h/apps/my-app/v1/", "https://h/apps/my-app/api/v1/"},
             {"https://h/apps/my-app/%61pi/prod", "https://h/apps/my-app/api/prod/", "prod", "",
              "https://h/apps/my-app/prod/", "https://h/apps/my-app/api/prod/"},
             {"https://h/apps/my-app/api/say-hello/", "https://h/apps/my-app/api/say-hello/", "",
              "say-hello/", "https://h/apps/my-app/", "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/api/say-hello", "https://h/apps/my-app/api/say-hello", "", "say-hello",
              "https://h/apps/my-app/", "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/api/v4/say-hello/", "https://h/apps/my-app/api/v4/say-hello/", "v4",
              "say-hello/", "https://h/apps/my-app/v4/", "https://h/apps/my-app/api/v4/"},
             {"https://h/apps/my-app/api/say-hello/v4", "https://h/apps/my-app/api/say-hello/v4", "",
              "say-hello/v4", "https://h/apps/my-app/", "https://h/apps/my-app/api/"},
             {"https://h/apps/my-app/v4/a/api/", "https://h/apps/my-app/v4/a/api/", "v4", "a/api/",
              "https://h/apps/my-app/v4/", "https://h/apps/my-app/api/v4/"},
         }) {
        INFO(r.text);
        app_url const url(r.text);
        CHECK(url.str() == r.str);
        CHECK(url.prefix() == "apps");
        CHECK(url.name() == "my-app");
        CHECK(url.version() == r.version);
        CHECK(url.path() == r.endpoint);
        CHECK(url.page().str() == r.page);
        CHECK(url.root().str() == r.api);
        CHECK(url.is_api() == (url.str().find("my-app/api/") != std::string::npos));
        CHECK(url.without_version() == "https://h/apps/my-app/");
        CHECK(url.at("x").str() == r.api + std::string("x"));
        CHECK(below(below(url, "x"), {}).page().str() == r.page);
        CHECK(app_url(url.str()) == url);
    }
    app_url const page(service_url("https://h/eu"), "apps/tools", "viewer", "4");
    CHECK(page.at("say-hello/").target() == "/eu/apps/tools/viewer/api/v4/say-hello/");
    CHECK(app_url("https://h/apps/api/api/v1").name() == "api");
    CHECK(app_url("https://h/a/b/c/api/x").prefix() == "a/b");
}

TEST_CASE("an app's version before its api is refused: a region serves it nowhere")
{
    for (char const* tail : {"v4/api/", "v4/api", "latest/api/say-hello/", "v4/api/v5/"}) {
        INFO(tail);
        CHECK_THAT(refusal([&] { app_url("https://h/apps/my-app/" + std::string(tail)); }),
                   ContainsSubstring("/api/<version>/"));
        CHECK_THAT(refusal([&] { app_url(service_url("https://h"), "apps/my-app/" + std::string(tail)); }),
                   ContainsSubstring("/api/<version>/"));
    }
}

TEST_CASE("an app's text without a prefix is refused: its api would be looked for behind another one")
{
    service_url const service("https://h/eu");
    for (char const* text : {"viewer/api/v1/say-hello/", "viewer/api/", "viewer/api",
                             "/viewer/%61pi/say-hello", "viewer/api/2/"}) {
        INFO(text);
        CHECK_THAT(refusal([&] { app_url(service, text); }), ContainsSubstring("prefix"));
        CHECK_THAT(refusal([&] { app_url(service, "https://h/eu/" + std::string(text)); }),
                   text[0] == '/' ? ContainsSubstring("empty") : ContainsSubstring("prefix"));
    }
    CHECK(app_url(service, "api/viewer/api/v1").name() == "viewer");
    CHECK(app_url(service, "viewer/API/").name() == "API");
    CHECK(app_url(service, "viewer", "api").at("x").target() == "/eu/viewer/api/api/x");
    CHECK(model_url(service, "viewer/api/v1").name() == "api");
}

TEST_CASE("names that look like versions, or api, stay names where the parts are given")
{
    service_url const service("https://h");
    for (char const* name : {"latest", "v3", "prod", "api", "3"}) {
        INFO(name);
        model_url const model(service, "a/b", name, "v2");
        CHECK(model.prefix() == "a/b");
        CHECK(model.name() == name);
        CHECK(model.version() == "v2");
        CHECK(below(model, "x/api/v1").name() == name);
        CHECK(below(model, "x/api/v1").path() == "x/api/v1");
        CHECK(model.is_exact());
        app_url const app(service, "a/b", name, "v2");
        CHECK(app.name() == name);
        CHECK(app.at("x").str() == "https://h/a/b/" + std::string(name) + "/api/v2/x");
        CHECK(below(app, "x").name() == name);
        CHECK(below(app, "x").page() == app);
    }
    CHECK(model_url(service, "a/b/v1/c", "n").prefix() == "a/b/v1/c");
    CHECK(below(app_url(service, "a/b/api/c", "n"), "x").page().prefix() == "a/b/api/c");
}

TEST_CASE("in a part of a url, a plain number in the version's place is a version")
{
    service_url const service("https://h/eu/west");
    CHECK(model_url(service, "models/practicus/price/2").str() ==
          "https://h/eu/west/models/practicus/price/v2/");
    CHECK(model_url(service, "models/price/12/").version() == "v12");
    CHECK(app_url(service, "apps/my-app/2").version() == "v2");
    CHECK(app_url(service, "apps/my-app/2").at("x").target() == "/eu/west/apps/my-app/api/v2/x");
    // As a tag: with a path behind it, and behind `api`.
    CHECK(model_url(service, "models/practicus/dp/2/chat/completions").str() ==
          "https://h/eu/west/models/practicus/dp/v2/chat/completions");
    CHECK(model_url(service, "models/practicus/dp/2/chat/3/").path() == "chat/3/");
    for (char const* text : {"apps/tools/viewer/api/2/say-hello/", "apps/tools/viewer/api/v2/say-hello/"}) {
        app_url const endpoint(service, text);
        CHECK(endpoint.str() == "https://h/eu/west/apps/tools/viewer/api/v2/say-hello/");
        CHECK(endpoint.version() == "v2");
        CHECK(endpoint.path() == "say-hello/");
    }
    CHECK(app_url(service, "apps/tools/viewer/api/2").str() == "https://h/eu/west/apps/tools/viewer/api/v2/");
    CHECK(app_url(service, "apps/tools/viewer/api/items/2").path() == "items/2");
    CHECK(app_url(service, "apps/tools/viewer/api/v1/2").path() == "2");
    CHECK_THAT(refusal([&] { app_url(service, "apps/tools/viewer/1/api/"); }),
               ContainsSubstring("/api/<version>/"));
    // Not with fewer segments, not behind a version, not in a whole url.
    CHECK(model_url(service, "models/2/price/v1").version() == "v1");
    CHECK(model_url(service, "models/2").name() == "2");
    CHECK(model_url(service, "a%2fb/2").name() == "2");
    CHECK(model_url(service, "models/price/v1/2").path() == "2");
    CHECK(model_url(service, "https://h/eu/west/models/price/2").name() == "2");
    CHECK(model_url("https://h/models/price/2").name() == "2");
    CHECK(model_url(service, "models/price", "2").name() == "2");
}

TEST_CASE("read_as takes a text apart behind a listed url")
{
    model_url const text("https://h/models/a/b/v1/c");
    auto const a = text.read_as("https://h/models/a/");
    CHECK(a == text);
    CHECK(a.name() == "a");
    CHECK(a.prefix() == "models");
    CHECK(a.version().empty());
    CHECK(a.path() == "b/v1/c");
    CHECK(below(a, {}).str() == "https://h/models/a/");
    CHECK(a.is_exact());
    auto const odd = text.read_as("https://h/models/a/b/v1/");
    CHECK(odd.name() == "v1");
    CHECK(odd.path() == "c");
    // A path keeps its form, although the slash was added while it was read as a name.
    CHECK(model_url("https://h/m/llm/chat/completions").read_as("https://h/m/llm/").path() ==
          "chat/completions");
    CHECK(model_url("https://h/m/llm/mcp/").read_as("https://h/m/llm/").path() == "mcp/");
    CHECK(model_url("https://h/m/llm/v3").read_as("https://h/m/llm/").str() == "https://h/m/llm/v3/");
    CHECK(app_url("https://h/a/b/c").read_as("https://h/a/b/").at("x").str() == "https://h/a/b/api/x");
    CHECK(text.read_as("https://h/models/a/b/v1/c/").name() == "c");
    CHECK(text.read_as("https://h/models/a/b/v1/c/").str() == "https://h/models/a/b/v1/c/");
    for (char const* base : {"", "/", "https://h/", "https://h/models/", "https://h/models/a",
                             "https://h/models/b/", "https://h/models/a/b/v1/c/d/"}) {
        INFO(base);
        CHECK_THAT(refusal([&] { (void)text.read_as(base); }, errc::invalid_argument),
                   ContainsSubstring("hosted_url::read_as: base must be"));
    }
}

TEST_CASE("a model url is made of parts")
{
    service_url const service("https://h/eu");
    model_url const url(service, "/models/practicus/", "diamond-price", "production");
    CHECK(url.str() == "https://h/eu/models/practicus/diamond-price/production/");
    CHECK(url.target() == "/eu/models/practicus/diamond-price/production/");
    CHECK(url.prefix() == "models/practicus");
    CHECK(url.without_version() == "https://h/eu/models/practicus/diamond-price/");
    CHECK(model_url(service, "m", "n").version().empty());
    CHECK(model_url(service, "m", "n", "3") == model_url(service, "m", "n", "v3"));

    SECTION("names are encoded")
    {
        model_url const odd(service, "m\xc3\xbc/100%", "a/b c?#%2e");
        CHECK(odd.target() == "/eu/m%C3%BC/100%25/a%2Fb%20c%3F%23%252e/");
        CHECK(odd.prefix() == "m\xc3\xbc/100%");
        CHECK(odd.name() == "a/b c?#%2e");
    }
    SECTION("a name that looks like a version stays a name")
    {
        model_url const latest(service, "models/practicus", "latest");
        CHECK(latest.name() == "latest");
        CHECK(latest.version().empty());
        CHECK(latest.without_version() == latest.str());
    }
    SECTION("parts that cannot be used are refused")
    {
        auto const made = [&](std::string prefix, std::string name, std::string version) {
            return refusal([&] { model_url(service, prefix, name, version); });
        };
        CHECK_THAT(made("", "n", ""), ContainsSubstring("prefix is empty"));
        CHECK_THAT(made("/", "n", ""), ContainsSubstring("prefix is empty"));
        CHECK_THAT(made("m", "", ""), ContainsSubstring("name is empty"));
        CHECK_THAT(made("a//b", "n", ""), ContainsSubstring("empty"));
        CHECK_THAT(made("a/../b", "n", ""), ContainsSubstring("`..`"));
        CHECK_THAT(made("m", "..", ""), ContainsSubstring("`..`"));
        CHECK_THAT(made("m", "a/../b", ""), ContainsSubstring("`..`"));
        CHECK_THAT(made("m", "a\r\nb", ""), ContainsSubstring("control character"));
        CHECK_THAT(made("m", "n", "V3"), ContainsSubstring("version"));
        CHECK_THAT(made("m", "n", "newest"), ContainsSubstring("version"));
        CHECK_THAT(made("m", "n", "v3/x"), ContainsSubstring("version"));
        CHECK_THAT(made("m", std::string(3000, ' '), ""), ContainsSubstring("8192"));
    }
}

TEST_CASE("with the service url at hand, the prefix begins behind it")
{
    service_url const service("https://h/eu/west");
    CHECK(model_url(service, "models/a/v1").str() == "https://h/eu/west/models/a/v1/");
    CHECK(model_url(service, "/models/a/").prefix() == "models");
    CHECK(model_url(service, "https://h/eu/west/models/a/v1").prefix() == "models");
    CHECK(model_url("https://h/eu/west/models/a/v1").prefix() == "eu/west/models");
    CHECK(model_url(service, "https://other/models/a").prefix() == "models");
    CHECK(model_url(service, "https://h/eu/west/a/latest").name() == "latest");

    model_url const with = model_url(service, "https://h/eu/west/models/a/v1");
    model_url const without("https://h/eu/west/models/a/v1");
    CHECK(with == without);
    CHECK(!(with < without || without < with));
    CHECK(std::hash<model_url>{}(with) == std::hash<model_url>{}(without));
}

TEST_CASE("an app url is written as a model url")
{
    app_url const url(service_url("https://h"), "apps", "my-app", "latest");
    CHECK(url.str() == "https://h/apps/my-app/latest/");
    CHECK(app_url("https://h/apps/my-app/latest") == url);
    CHECK(std::unordered_set<app_url>{url, app_url(url.str())}.size() == 1);
}

TEST_CASE("no byte in any part reaches a request target raw")
{
    service_url const service("https://h/eu");
    std::size_t made = 0;
    auto const check = [&](auto make) {
        try {
            auto const target = make();
            ++made;
            if (!is_clean_target(target)) FAIL("not clean: " << target);
        } catch (practicus::error const& e) {
            if (e.code() != errc::invalid_url && e.code() != errc::invalid_argument) FAIL(e.what());
        }
    };
    for (int byte = 0; byte < 256; ++byte)
        for (std::string const frame :
             {"*", "a*", "*a", "a*a", "a%*", "a%0*", "a%*0", ".*", "%2e*", "/*", "*/"}) {
            std::string part = frame;
            part[part.find('*')] = static_cast<char>(byte);
            check([&] { return std::string(service_url("https://h/" + part).path()); });
            check([&] { return std::string(service_url("https://h" + part).path()); });
            check([&] { return std::string(service_url(part + "https://h").path()); });
            check([&] { return std::string(model_url("https://h/m/" + part).target()); });
            check([&] { return std::string(model_url("https://h/" + part + "/n/v1").target()); });
            check([&] { return std::string(model_url(service, "m/" + part).target()); });
            check([&] { return std::string(model_url(service, part, "n").target()); });
            check([&] { return std::string(model_url(service, "m", part).target()); });
            check([&] { return std::string(model_url(service, "m", "n", part).target()); });
            check([&] { return std::string(app_url(service, part, part, "v1").target()); });
        }
    CHECK(made > 5000);
}

namespace {

/// Prefix, name, version and path, as they are given and as they are read.
struct parts
{
    std::string prefix, name, version, path;
    friend bool operator==(parts const&, parts const&) = default;
};

template <class Url>
parts parts_of(Url const& url)
{
    return {url.prefix(), url.name(), std::string(url.version()), std::string(url.path())};
}

/// The documented rule for what a text cannot tell.
bool is_ambiguous(parts const& p, bool of_app, bool api)
{
    auto const ends_name = [&](std::string_view s) {
        return practicus::detail::is_version_tag(s) || (of_app && s == "api");
    };
    std::size_t before = 0;
    for (std::string_view rest = p.prefix; !rest.empty(); ++before) {
        auto const end = rest.find('/');
        if (before >= 2 && ends_name(rest.substr(0, end))) return true;
        if (before == 1 && of_app && rest.substr(0, end) == "api") return true;
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (before >= 2 && ends_name(p.name)) return true;
    if (before == 1 && of_app && p.name == "api") return true;
    auto const first = std::string_view(p.path).substr(0, p.path.find('/'));
    return p.version.empty() && (api ? ends_name(first) && first != "api" : !p.path.empty());
}

} // namespace

TEST_CASE("random urls keep their normal form and their host stays a host")
{
    std::mt19937 random(20260401);
    std::vector<std::string> const good{"/a", "/%41", "/%2e%61", "/%2f", "/v1", "/latest",
                                        "/~", "\xc3", "b",       "/con", "sole"};
    std::vector<std::string> const odd{"https://", ":", "443", "/", "%2e", "..",  "[::1]", "@",
                                       "?",        "#", "\\",  " ", "\n",  "%0a", "%",     "%c3"};
    std::size_t made = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = i % 8 == 0 ? "" : "https://h";
        for (auto n = random() % 7; n > 0; --n)
            text += random() % 8 == 0 ? odd[random() % odd.size()] : good[random() % good.size()];
        try {
            model_url const url(text);
            ++made;
            bool const stable =
                model_url(url.str()).str() == url.str() && parts_of(model_url(url.str())) == parts_of(url) &&
                is_clean_target(url.target()) && url.str().starts_with(url.origin().str() + '/') &&
                url.str().starts_with(url.without_version()) && !url.name().empty();
            if (!stable) FAIL("unstable: " << text << " -> " << url.str());
        } catch (practicus::error const& e) {
            if (e.code() != errc::invalid_url) FAIL(e.what());
        }
    }
    CHECK(made > 500);
}

TEST_CASE("random parts give a text that is read as the same parts, unless it is ambiguous")
{
    std::mt19937 random(19);
    std::vector<std::string> const words{"models", "a",    "b c", "api",         "v1",
                                         "latest", "prod", "7",   "\xc3\xbc%2f", "x"};
    auto const word = [&] { return words[random() % words.size()]; };
    std::size_t same = 0, ambiguous = 0;
    auto const check = [&](auto const& url, parts const& given, bool of_app, bool api) {
        using Url = std::decay_t<decltype(url)>;
        if (is_ambiguous(given, of_app, api)) return void(++ambiguous);
        Url const read(url.str());
        if (read.str() != url.str() || !is_clean_target(url.target())) FAIL("another text: " << url.str());
        if (parts_of(read) != given || parts_of(url) != given) FAIL("other parts: " << url.str());
        if (read.without_version() != url.without_version()) FAIL("another identity: " << url.str());
        ++same;
    };
    service_url const service("https://h");
    for (int i = 0; i < 20000; ++i) {
        parts p{word(), word(), {}, {}};
        for (auto n = random() % 3; n > 0; --n)
            p.prefix += '/' + word();
        if (random() % 2 == 0) p.version = std::vector{"v1", "latest", "prod", "staging"}[random() % 4];
        std::string path;
        for (auto n = random() % 3; n > 0; --n)
            path +=
                std::vector{"chat", "api", "v2", "7", "%20"}[random() % 5] + std::string(n > 1 ? "/" : "");
        if (!path.empty() && random() % 2 == 0) path += '/';
        model_url const model(service, p.prefix, p.name, p.version);
        app_url const app(service, p.prefix, p.name, p.version);
        check(model, p, false, false);
        check(app, p, true, false);
        p.path = path;
        bool const names_version =
            p.version.empty() && practicus::detail::is_version_tag(path.substr(0, path.find('/')));
        if (names_version) continue;
        check(below(model, path), p, false, false);
        check(below(app, path), p, true, true);
    }
    CHECK(same > 20000);
    CHECK(ambiguous > 5000);
}

TEST_CASE("no text of an app gets a second api, and its api is the same from each of its forms")
{
    std::mt19937 random(78);
    std::vector<std::string> const words{"apps", "x", "api", "%61pi", "v1", "prod", "say-hello", "9"};
    std::size_t made = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = "https://h";
        for (auto n = 2 + random() % 5; n > 0; --n)
            text += '/' + words[random() % words.size()];
        if (random() % 2 == 0) text += '/';
        try {
            app_url const url(text);
            ++made;
            auto const api = below(url, {});
            bool const good = app_url(url.str()).str() == url.str() && below(api, {}) == api &&
                              api.is_api() && url.page().at({}) == api &&
                              below(app_url(api.str()), {}) == api &&
                              below(app_url(below(api, "x").str()), {}) == api &&
                              (api.str().find("/api/api/") == std::string::npos || url.name() == "api" ||
                               ("/" + url.prefix() + "/").find("/api/api/") != std::string::npos);
            if (!good) FAIL("not the same: " << text << " -> " << api.str());
        } catch (practicus::error const& e) {
            if (e.code() != errc::invalid_url) FAIL(e.what());
        }
    }
    CHECK(made > 10000);
}

TEST_CASE("a url is written as its text")
{
    model_url const model("https://models.company.com/models/practicus/diamond-price/v3");
    app_url const app("https://practicus.company.com/apps/my-app/");
    std::ostringstream out;
    out << model.origin() << ' ' << service_url("https://practicus.company.com") << ' ' << model << ' '
        << app;
    CHECK(out.str() == "https://models.company.com https://practicus.company.com/ "
                       "https://models.company.com/models/practicus/diamond-price/v3/ "
                       "https://practicus.company.com/apps/my-app/");
}
