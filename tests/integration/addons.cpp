// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Add-ons: their list, and their session tokens from the cache.

#include "fixture.hpp"
#include "internals.hpp"

#include <practicus/format.hpp>

#include <vector>

using practicus::errc;
using practicus::token;
using namespace std::chrono_literals;

namespace {

constexpr char const* trade = "GET externalservice/externalservices/auth/";

/// A client in simulated time.
struct with_addons : fixture
{
    with_addons()
    {
        stopped_clock_of(caller);
        runtime_of(caller).random().fix(0);
    }

    void pass(std::chrono::seconds time)
    {
        server.region().advance(time);
        clock_of(caller).advance(time);
    }

    token get(std::string_view addon) { return run(caller.addon_session_token(addon)); }

    practicus::client caller = user();
};

} // namespace

TEST_CASE("add-ons are listed")
{
    with_addons f;
    CHECK(practicus::to_csv(f.run(f.caller.addons())) ==
          "key,name,service_type,url,oauth_key\n"
          "langflow,Langflow,LANGFLOW,https://langflow.company.com,langflow-oauth\n"
          "bare,,,,\n");
}

TEST_CASE("one token of an add-on serves its key and its urls")
{
    with_addons f;
    CHECK(f.caller.cached_addon_session_token("langflow").empty());
    auto const first = f.get("langflow");
    CHECK(first.lifetime() == 4h);
    auto const sent = f.server.requests().back();
    CHECK(sent.body == "ext_svc_key=langflow");
    CHECK(sent.headers["content-type"] == "application/x-www-form-urlencoded");
    CHECK(f.get("https://langflow.company.com/flow") == first);
    CHECK(f.caller.cached_addon_session_token("https://langflow.company.com") == first);
    CHECK(f.server.count(trade) == 1);

    CHECK(f.get("bare") != first);
    auto const stats = f.caller.stats();
    CHECK(stats.addon_tokens.entries == 2);
    CHECK(stats.addon_tokens.fetches == 2);
    CHECK(stats.addon_tokens.hits == 2);
    CHECK(stats.session_tokens.entries == 0);
    CHECK(stats.ids.entries == 0);
    CHECK(f.failure(f.caller.addon_session_token("")).code == errc::invalid_argument);
}

TEST_CASE("any number of callers share one fetch of an add-on's token")
{
    with_addons f;
    ends result;
    f.io.restart();
    for (int i = 0; i != 100; ++i)
        asio::co_spawn(f.io, f.caller.addon_session_token("langflow"), result.handler());
    f.io.run();
    CHECK(result.served == 100);
    CHECK(f.server.count(trade) == 1);
}

TEST_CASE("an add-on's token is renewed, invalidated and forgotten as a model's is")
{
    with_addons f;
    auto const first = f.get("langflow");
    f.pass(3h);
    CHECK(f.caller.cached_addon_session_token("langflow") == first);
    f.io.restart();
    f.io.run(); // the renewal behind it
    auto const second = f.caller.cached_addon_session_token("langflow");
    CHECK(second);
    CHECK(second != first);
    CHECK(f.caller.stats().addon_tokens.renewals == 1);

    CHECK_FALSE(f.caller.invalidate_addon_session_token("langflow", first));
    CHECK(f.caller.invalidate_addon_session_token("https://langflow.company.com/", second));
    CHECK(f.caller.cached_addon_session_token("langflow").empty());
    CHECK(f.get("langflow") != second);
    CHECK(f.server.count(trade) == 3);

    f.caller.logout();
    CHECK(f.caller.cached_addon_session_token("langflow").empty());
    CHECK(f.failure(f.caller.addon_session_token("langflow")).code == errc::login_required);
}

TEST_CASE("an unknown add-on is not asked for at each call")
{
    with_addons f;
    for (int i = 0; i != 10; ++i)
        CHECK(f.failure(f.caller.addon_session_token("unknown")).code == errc::not_found);
    CHECK(f.server.count(trade) == 1);
    f.pass(6s);
    f.server.region().add(practicus::mock::addon("unknown"));
    CHECK(f.get("unknown"));
}
