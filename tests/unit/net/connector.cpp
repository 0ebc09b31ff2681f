// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/connector.hpp>

#include "catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <dlfcn.h>

using namespace practicus::detail;

namespace {

/// How many exceptions were thrown in this program.
std::atomic<int> thrown{0};

} // namespace

// Compilers declare it themselves, and differently.
extern "C" void counted_throw(void* exception, void* type, void (*destroy)(void*)) __asm__("__cxa_throw");

extern "C" void counted_throw(void* exception, void* type, void (*destroy)(void*))
{
    ++thrown;
    auto const next = reinterpret_cast<decltype(&counted_throw)>(::dlsym(RTLD_NEXT, "__cxa_throw"));
    next(exception, type, destroy);
    std::terminate();
}

namespace {

/// What connecting to a port ends with where nothing listens.
connector::opened refused(practicus::client_options const& how, std::string const& scheme)
{
    asio::io_context io;
    auto const runtime = client_runtime::make(io.get_executor());
    connector connecting(runtime, std::make_shared<practicus::client_options const>(how));
    asio::ip::tcp::acceptor closed(io, {asio::ip::address_v4::loopback(), 0});
    auto const port = std::to_string(closed.local_endpoint().port());
    closed.close();
    std::optional<connector::opened> ended;
    {
        deadline_service::operation_guard const running(runtime->limits());
        auto opening = connecting.connect(practicus::url_origin(scheme + "://127.0.0.1:" + port),
                                          std::make_shared<tls_sessions>());
        asio::co_spawn(io, std::move(opening), [&](std::exception_ptr failed, connector::opened made) {
            CHECK_FALSE(failed);
            ended.emplace(std::move(made));
        });
        while (!ended && io.run_one() != 0) {
        }
    }
    io.run();
    REQUIRE(ended);
    return std::move(*ended);
}

} // namespace

TEST_CASE("connector: a refused connection throws nothing")
{
    CHECK_THROWS_AS(throw practicus::error(practicus::errc::connect_failed), practicus::error);
    CHECK(thrown != 0);
    for (std::string const scheme : {"http", "https"}) {
        auto const before = thrown.load();
        auto const ended = refused(practicus::client_options(), scheme);
        CHECK(thrown == before);
        REQUIRE(ended.has_error());
        CHECK(ended.error()->code == practicus::errc::connect_failed);
        CHECK(ended.error()->cause == asio::error::connection_refused);
    }
}
