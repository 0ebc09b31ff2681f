// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The callback that is given what a region issued.

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/steady_timer.hpp>

#include <stdexcept>
#include <variant>
#include <vector>

using practicus::client_options;
using practicus::issued_tokens;
using practicus::mock::token_type;
using namespace std::chrono_literals;

namespace {

/// What the callback was given, and what an observer heard of its failures.
struct told
{
    client_options options()
    {
        return options_with([&](auto& o) {
            o.on_tokens = [this](issued_tokens t) { return take(std::move(t)); };
            o.observer = [this](practicus::event const& e) {
                if (auto const* const failed = std::get_if<practicus::events::tokens_not_taken>(&e))
                    failures.push_back(failed->error.message() + "; " + std::string(failed->message));
            };
        });
    }

    asio::awaitable<void> take(issued_tokens t)
    {
        given.push_back(std::move(t));
        if (then) co_await then();
    }

    std::vector<issued_tokens> given;
    std::vector<std::string> failures;
    std::function<asio::awaitable<void>()> then;
};

} // namespace

TEST_CASE("on_tokens: receives the tokens of a login and a rotating refresh before any caller")
{
    fixture f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    told t;
    auto client = f.client(t.options());
    f.run(client.login("admin@company.com", "practicus"));
    REQUIRE(t.given.size() == 1);
    CHECK(t.given[0].username == "admin");
    CHECK(t.given[0].access.claims().type == practicus::token_type::access);
    CHECK(t.given[0].refresh.claims().type == practicus::token_type::refresh);

    ends result;
    int served_before = -1;
    t.then = [&]() -> asio::awaitable<void> {
        served_before = result.served;
        co_return;
    };
    f.server.region().revoke(token_type::access);
    f.io.restart();
    for (int i = 0; i != 10; ++i)
        asio::co_spawn(f.io, client.cluster_info(), result.handler());
    f.io.run();
    CHECK(result.served == 10);
    CHECK(served_before == 0);
    REQUIRE(t.given.size() == 2);
    CHECK(t.given[1].refresh != t.given[0].refresh);
    // Another process could go on with it.
    practicus::client other(f.io.get_executor(), f.server.url());
    f.run(other.login(practicus::credentials::refresh_token(t.given[1].refresh.reveal())));
    CHECK(t.failures.empty());
}

TEST_CASE("on_tokens: an exception affects no caller, and is reported to the observer")
{
    fixture f;
    told t;
    t.then = []() -> asio::awaitable<void> {
        throw std::runtime_error("the disk is full");
        co_return;
    };
    auto client = f.user(t.options());
    f.run(client.cluster_info());
    f.run(client.cluster_info());
    CHECK(f.server.count("POST auth/") == 1);
    REQUIRE(t.failures.size() == 1);
    CHECK(t.failures[0].ends_with("the disk is full"));
}

TEST_CASE("on_tokens: a callback that does not return is abandoned after 5 s")
{
    fixture f;
    told t;
    auto client = f.user(t.options());
    auto& clock = stopped_clock_of(client);
    bool began = false, cancelled = false;
    t.then = [&]() -> asio::awaitable<void> {
        asio::steady_timer never(f.io, asio::steady_timer::time_point::max());
        began = true;
        try {
            co_await never.async_wait(asio::use_awaitable);
        } catch (boost::system::system_error const&) {
            cancelled = true;
            throw;
        }
    };
    ends result;
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return began; });
    CHECK(result.served == 0);
    clock.advance(5s);
    f.io.run();
    CHECK(result.served == 1);
    CHECK(cancelled);
    CHECK(t.failures.size() == 1);
}
