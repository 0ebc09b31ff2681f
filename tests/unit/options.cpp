// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/batch_job.hpp>
#include <practicus/call.hpp>
#include <practicus/call_options.hpp>
#include <practicus/detail/batch/checked_job.hpp>
#include <practicus/detail/client/checked_options.hpp>
#include <practicus/options.hpp>

#include "catch.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Catch::Matchers::StartsWith;
using practicus::client_options;
using practicus::errc;
using practicus::proxy_mode;
using practicus::secret;
using practicus::detail::checked;

// An aggregate in a co_await expression is destroyed twice by g++ 12.
template <class... Options>
constexpr bool none_is_aggregate = (!std::is_aggregate_v<Options> && ...);
static_assert(none_is_aggregate<client_options, practicus::tls_options, practicus::timeout_options,
                                practicus::limit_options, practicus::pool_options, practicus::retry_options,
                                practicus::proxy_options, practicus::credentials>);

std::string refusal(std::function<void()> const& make, errc expected = errc::invalid_argument)
{
    try {
        make();
    } catch (practicus::error const& e) {
        CHECK(e.code() == expected);
        return e.info().message;
    }
    return "nothing was refused";
}

std::chrono::milliseconds& field(client_options& o, std::string const& name)
{
    if (name == "timeouts.resolve") return o.timeouts.resolve;
    if (name == "timeouts.connect") return o.timeouts.connect;
    if (name == "timeouts.tls") return o.timeouts.tls;
    if (name == "timeouts.first_byte") return o.timeouts.first_byte;
    if (name == "timeouts.between_bytes") return o.timeouts.between_bytes;
    if (name == "timeouts.operation") return o.timeouts.operation;
    if (name == "pool.idle_timeout") return o.pool.idle_timeout;
    if (name == "pool.max_age") return o.pool.max_age;
    if (name == "retry.initial_backoff") return o.retry.initial_backoff;
    if (name == "retry.max_backoff") return o.retry.max_backoff;
    if (name == "retry.max_retry_after") return o.retry.max_retry_after;
    FAIL(name);
    return o.timeouts.resolve;
}

struct refused_value
{
    char const* message;
    std::function<void(client_options&)> set;
};

} // namespace

TEST_CASE("a duration is refused if negative, may be zero, and is a year at most")
{
    for (std::string const name :
         {"timeouts.resolve", "timeouts.connect", "timeouts.tls", "timeouts.first_byte",
          "timeouts.between_bytes", "timeouts.operation", "pool.idle_timeout", "pool.max_age",
          "retry.initial_backoff", "retry.max_backoff", "retry.max_retry_after"}) {
        client_options options;
        auto& value = field(options, name);
        value = -1ms;
        CHECK(refusal([&] { checked(options); }) == "client_options::" + name + " must not be negative");
        for (auto const kept : {0ms, 7ms, std::chrono::milliseconds(std::chrono::hours(24 * 365)) - 1ms}) {
            value = kept;
            auto result = checked(options);
            CHECK(field(result, name) == kept);
        }
        value = std::chrono::milliseconds::max();
        auto result = checked(options);
        CHECK(field(result, name) == std::chrono::hours(24 * 365));
    }
}

TEST_CASE("each field that is no duration is refused by its name")
{
    std::vector<refused_value> const rows{
        {"limits.header must not be zero", [](auto& o) { o.limits.header = 0; }},
        {"limits.console_body must not be zero", [](auto& o) { o.limits.console_body = 0; }},
        {"limits.listing_body must not be zero", [](auto& o) { o.limits.listing_body = 0; }},
        {"retry.max_attempts must not be zero", [](auto& o) { o.retry.max_attempts = 0; }},
        {"user_agent must hold", [](auto& o) { o.user_agent = "a\r\nHost: b"; }},
        {"user_agent must hold", [](auto& o) { o.user_agent = "a\tb"; }},
        {"user_agent must hold", [](auto& o) { o.user_agent = "a\x7f"; }},
        {"user_agent must hold", [](auto& o) { o.user_agent = "caf\xc3\xa9"; }},
        {"user_agent must hold", [](auto& o) { o.user_agent = std::string(1, '\0'); }},
        {"tls.key_file needs tls.certificate_file", [](auto& o) { o.tls.key_file = "/hush.pem"; }},
        {"proxy.url: ", [](auto& o) { o.proxy.mode = proxy_mode::url; }},
        {"proxy.mode must be proxy_mode::url", [](auto& o) { o.proxy.url = secret("hush"); }},
        {"proxy.user must not hold a colon", [](auto& o) { o.proxy.user = "hu:sh"; }},
        {"proxy.user must not hold a control", [](auto& o) { o.proxy.user = "hush\r\n"; }},
        {"proxy.password must not hold a control", [](auto& o) { o.proxy.password = secret("hush\n"); }},
        {"proxy.no_proxy must be a list", [](auto& o) { o.proxy.no_proxy = "hush,10.0.0.0/99"; }},
    };
    for (auto const& row : rows) {
        client_options options;
        row.set(options);
        auto const message = refusal([&] { checked(options); });
        CHECK_THAT(message, StartsWith(std::string("client_options::") + row.message));
        CHECK(message.find("hush") == std::string::npos);
    }
}

TEST_CASE("a proxy's url that cannot be used is refused, and not quoted")
{
    for (auto const* url : {"socks5://ann:hush@proxy", "https://hush@proxy", "http://proxy/hush"}) {
        INFO(url);
        client_options options;
        options.proxy.mode = proxy_mode::url;
        options.proxy.url = secret(url);
        auto const message = refusal([&] { checked(options); });
        CHECK_THAT(message, StartsWith("client_options::proxy.url: "));
        CHECK(message.find("hush") == std::string::npos);
    }
}

TEST_CASE("default options are valid, verify the server and ask the environment for a proxy")
{
    auto const options = checked(client_options());
    CHECK(options.tls.system_roots);
    CHECK_FALSE(options.tls.disable_verification_and_expose_all_secrets);
    CHECK(options.proxy.mode == proxy_mode::from_environment);
    CHECK_FALSE(options.credentials);
    CHECK(options.user_agent == "practicus-cpp");
}

TEST_CASE("a limit may be as large as a size can be, and a pool without a limit of connections")
{
    client_options options;
    options.limits.header = std::numeric_limits<std::size_t>::max();
    options.pool.max_connections = 0;
    options.user_agent = "program/1.0 (linux)";
    options.proxy.mode = proxy_mode::url;
    options.proxy.url = secret("http://ann:pw@proxy:3128");
    options.proxy.no_proxy = "a, 10.0.0.0/8";
    CHECK(checked(options).limits.header == std::numeric_limits<std::size_t>::max());
}

TEST_CASE("each member of a batch job is refused by its name")
{
    practicus::body_source const source = []() -> boost::asio::awaitable<std::string> { co_return ""; };
    practicus::body_sink const sink = [](std::string) -> boost::asio::awaitable<void> { co_return; };
    practicus::batch_job const valid(practicus::model_url("https://h/models/m/"), source, sink);
    using job = practicus::batch_job;
    std::vector<std::pair<std::string, std::function<void(job&)>>> const rows{
        {"source must not be empty", [](job& j) { j.source = nullptr; }},
        {"sink must not be empty", [](job& j) { j.sink = nullptr; }},
        {"max_rows must not be zero", [](job& j) { j.max_rows = 0; }},
        {"max_bytes must not be zero", [](job& j) { j.max_bytes = 0; }},
        {"in_flight must not be zero", [](job& j) { j.in_flight = 0; }},
        {"max_attempts must not be zero", [](job& j) { j.max_attempts = 0; }},
        {"retry_for must not be negative", [](job& j) { j.retry_for = -1ms; }},
    };
    for (auto const& [message, set] : rows) {
        auto wrong = valid;
        set(wrong);
        CHECK(refusal([&] { checked(wrong); }) == "batch_job::" + message);
    }
    auto patient = valid;
    patient.retry_for = std::chrono::milliseconds::max();
    CHECK(checked(patient).retry_for == std::chrono::hours(24 * 365));
}

TEST_CASE("each value of a single call is refused by its name")
{
    practicus::call_options call;
    CHECK(refusal([&] { call.timeout(-1ms); }) == "call_options::timeout must not be negative");
    CHECK(refusal([&] { call.min_validity(-1ms); }) == "call_options::min_validity must not be negative");
    for (auto const& [name, value] :
         {std::pair("two words", "x"), {"Accept", "x"}, {"traceparent", "hush\n"}}) {
        auto const message = refusal([&, n = name, v = value] { call.header(n, v); });
        CHECK_THAT(message, StartsWith("call_options::header: the "));
        CHECK(message.find("hush") == std::string::npos);
    }
    CHECK(refusal([&] { call.trusted_origin("ftp://a"); }, errc::invalid_url) != "nothing was refused");
    practicus::request what;
    for (char const* method : {"", "two words", "CONNECT", "TRACE", "GET\r\nX: 1", "get", "Post", "pROPFIND"})
        CHECK_THAT(refusal([&] { what.method(method); }), StartsWith("request::method must be a token"));
    for (char const* name : {"Authorization", "host", "Content-Length", "Accept", "Connection", "a b", ""})
        CHECK_THAT(refusal([&] { what.field(name, "x"); }), StartsWith("request::field: the "));
    CHECK_THAT(refusal([&] { what.field("x", "hush\n"); }),
               StartsWith("request::field: the value of 'x' must"));
    CHECK(refusal([&] { what.body(practicus::body_source()); }) ==
          "request::body: the source must not be empty");
    CHECK(refusal([&] { what.patience(-1ms); }) == "request::patience must not be negative");
    CHECK(refusal([&] { what.first_byte(-1ms); }) == "request::first_byte must not be negative");
    CHECK(refusal([&] { what.body_limit(0); }) == "request::body_limit must not be zero");
    CHECK_THAT(refusal([&] { what.content_type(""); }), StartsWith("request::content_type must not"));
    CHECK_THAT(refusal([&] { what.response_type("\n"); }), StartsWith("request::response_type must not"));
    CHECK_THAT(refusal([&] { what.accept(""); }), StartsWith("request::accept must not"));
    practicus::predict_options how;
    CHECK(refusal([&] { how.first_byte(-1ms); }) == "predict_options::first_byte must not be negative");
    CHECK(refusal([&] { how.body_limit(0); }) == "predict_options::body_limit must not be zero");
    CHECK_THAT(refusal([&] { how.content_type(""); }), StartsWith("predict_options::content_type must not"));
    CHECK_THAT(refusal([&] { how.response_type("a\r\nb: c"); }),
               StartsWith("predict_options::response_type must"));
}

TEST_CASE("a call's fields may not be those of the client, of the body or of the connection")
{
    for (char const* const name :
         {"User-Agent", "accept", "Accept-Encoding", "Authorization", "HOST", "Content-Type",
          "content-language", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
          "Expect", "Proxy-Connection", "Proxy-Authorization"}) {
        INFO(name);
        CHECK_THROWS_AS(practicus::call_options().header(name, "x"), practicus::error);
    }
    for (char const* const name : {"traceparent", "Accept-Language", "X-Host", "Cookie", "Hos", "Te-X"}) {
        INFO(name);
        auto const call = practicus::call_options().header(name, "x");
        CHECK(practicus::detail::settings(call).fields == "\r\n" + std::string(name) + ": x");
    }
}
