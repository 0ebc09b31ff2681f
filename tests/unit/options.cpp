// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/batch.hpp>
#include <practicus/call_options.hpp>
#include <practicus/options.hpp>

#include "catch.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace std::chrono_literals;
using practicus::client_options;
using practicus::errc;
using practicus::limit_options;
using practicus::timeout_options;
using practicus::tls_options;

// An aggregate in a co_await expression is destroyed twice by g++ 12.
static_assert(!std::is_aggregate_v<tls_options> && !std::is_aggregate_v<timeout_options>);
static_assert(!std::is_aggregate_v<limit_options> && !std::is_aggregate_v<client_options>);
static_assert(!std::is_aggregate_v<practicus::credentials>);

std::string refusal(std::function<void()> const& make, errc expected)
{
    try {
        make();
    } catch (practicus::error const& e) {
        CHECK(e.code() == expected);
        return e.info().message;
    }
    return "nothing was refused";
}

using time_setter = timeout_options& (timeout_options::*)(timeout_options::duration);
using time_getter = timeout_options::duration (timeout_options::*)() const noexcept;

struct time_limit
{
    time_setter set;
    time_getter get;
    timeout_options::duration usual;
};

time_limit const time_limits[] = {
    {&timeout_options::resolve, &timeout_options::resolve, 5s},
    {&timeout_options::connect, &timeout_options::connect, 10s},
    {&timeout_options::tls, &timeout_options::tls, 10s},
    {&timeout_options::first_byte, &timeout_options::first_byte, 30s},
    {&timeout_options::between_bytes, &timeout_options::between_bytes, 30s},
    {&timeout_options::operation, &timeout_options::operation, 30s},
};

using size_setter = limit_options& (limit_options::*)(std::size_t);
using size_getter = std::size_t (limit_options::*)() const noexcept;

struct size_limit
{
    size_setter set;
    size_getter get;
    std::size_t usual;
};

size_limit const size_limits[] = {
    {&limit_options::header, &limit_options::header, 64U << 10},
    {&limit_options::console_body, &limit_options::console_body, 16U << 20},
    {&limit_options::listing_body, &limit_options::listing_body, 256U << 20},
};

} // namespace

TEST_CASE("each time limit has its default, is set alone, and may be off")
{
    for (auto const& limit : time_limits) {
        timeout_options options;
        CHECK((options.*limit.get)() == limit.usual);
        CHECK(&(options.*limit.set)(7ms) == &options);
        for (auto const& other : time_limits)
            CHECK((options.*other.get)() == (other.get == limit.get ? 7ms : other.usual));
        CHECK(((options.*limit.set)(0ms).*limit.get)() == 0ms);
        CHECK(refusal([&] { (options.*limit.set)(-1ms); }, errc::invalid_argument) ==
              "a time limit is negative");
        CHECK((options.*limit.get)() == 0ms);
    }
}

TEST_CASE("a time limit can be added to any point in time")
{
    timeout_options options;
    options.operation(timeout_options::duration::max());
    CHECK(options.operation() == std::chrono::hours(24 * 365));
    options.operation(std::chrono::hours(24 * 365) - 1ms);
    CHECK(options.operation() == std::chrono::hours(24 * 365) - 1ms);
}

TEST_CASE("a patience without an end is one that can be added to any point in time")
{
    practicus::body_source const source = []() -> boost::asio::awaitable<std::string> { co_return ""; };
    practicus::body_sink const sink = [](std::string) -> boost::asio::awaitable<void> { co_return; };
    practicus::batch_job job(practicus::model_url("https://h/models/m/"), source, sink);
    job.patience(std::chrono::milliseconds::max());
    CHECK(job.patience() == std::chrono::hours(24 * 365));
    practicus::retry_options retry;
    CHECK(retry.patience(practicus::retry_options::duration::max()).patience() == std::chrono::hours(24));
}

TEST_CASE("each size limit has its default, is set alone, and is never zero")
{
    for (auto const& limit : size_limits) {
        limit_options options;
        CHECK((options.*limit.get)() == limit.usual);
        CHECK(&(options.*limit.set)(1) == &options);
        for (auto const& other : size_limits)
            CHECK((options.*other.get)() == (other.get == limit.get ? 1 : other.usual));
        CHECK(refusal([&] { (options.*limit.set)(0); }, errc::invalid_argument) == "a size limit is zero");
        CHECK((options.*limit.get)() == 1);
        constexpr auto most = std::numeric_limits<std::size_t>::max();
        CHECK(((options.*limit.set)(most).*limit.get)() == most);
    }
}

TEST_CASE("tls options verify unless the option with the long name is set")
{
    tls_options options;
    CHECK(options.verify());
    CHECK(options.system_roots());
    CHECK(options.ca_file().empty());
    CHECK(options.ca_pem().empty());
    CHECK(options.certificate_file().empty());
    CHECK(options.key_file().empty());
    options.ca_file("ca.pem").ca_pem("PEM").system_roots(false).client_certificate("c.pem", "k.pem");
    CHECK(options.verify());
    CHECK_FALSE(options.system_roots());
    CHECK(options.ca_file() == "ca.pem");
    CHECK(options.ca_pem() == "PEM");
    CHECK(options.certificate_file() == "c.pem");
    CHECK(options.key_file() == "k.pem");
    CHECK_FALSE(options.disable_verification_and_expose_all_secrets().verify());
}

TEST_CASE("client options keep their values")
{
    client_options options;
    CHECK_FALSE(options.credentials());
    CHECK(options.trusted_origins().empty());
    CHECK(options.user_agent() == "practicus-cpp");
    options.tls(tls_options().ca_file("ca.pem"))
        .timeouts(timeout_options().resolve(1ms))
        .limits(limit_options().header(100))
        .credentials(practicus::credentials::refresh_token("r"))
        .user_agent("program/1.0 (linux)");
    CHECK(options.tls().ca_file() == "ca.pem");
    CHECK(options.timeouts().resolve() == 1ms);
    CHECK(options.limits().header() == 100);
    REQUIRE(options.credentials());
    CHECK(options.credentials()->value().reveal() == "r");
    CHECK(options.user_agent() == "program/1.0 (linux)");
}

TEST_CASE("a trusted origin is a url of which only the origin counts")
{
    client_options options;
    options.trusted_origin("https://Models.company.com/any/path/").trusted_origin("http://[::1]:8000");
    REQUIRE(options.trusted_origins().size() == 2);
    CHECK(options.trusted_origins()[0].str() == "https://models.company.com");
    CHECK(options.trusted_origins()[1].str() == "http://[::1]:8000");
    for (auto const* bad : {"", "models.company.com", "ftp://a", "https://user@a", "https://a/?q"})
        CHECK(refusal([&] { options.trusted_origin(bad); }, errc::invalid_url) != "nothing was refused");
    CHECK(options.trusted_origins().size() == 2);
}

TEST_CASE("a user agent cannot end its line")
{
    client_options options;
    for (auto const& bad : std::vector<std::string>{"a\r\nHost: b", "a\n", "a\tb", "a\x7f", "caf\xc3\xa9",
                                                    std::string(1, '\0')})
        CHECK(refusal([&] { options.user_agent(bad); }, errc::invalid_argument) ==
              "user_agent holds a character that no header has");
    CHECK(options.user_agent() == "practicus-cpp");
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
        CHECK_FALSE(practicus::call_options().header(name, "x").headers().empty());
    }
}
