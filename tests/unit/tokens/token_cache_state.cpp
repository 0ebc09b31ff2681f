// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/tokens/token_cache_state.hpp>

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;
using practicus::secret;
using practicus::token;
using practicus::token_purpose;
using action = flight_action;

using cache = token_cache_state;

constexpr std::string_view url = "https://practicus.company.com/models/practicus/diamond-price/";
constexpr std::string_view alias = "https://practicus.company.com/models/other/diamond-price/";

std::shared_ptr<practicus::error_info const> info(errc code)
{
    return practicus::error(code).shared_info();
}

struct fixture
{
    cache state;
    time_point now{1000h};

    explicit fixture(std::size_t capacity = 100) : state(capacity) {}

    std::int64_t known_id(std::string_view name, std::int64_t id)
    {
        auto const entry = state.id_of(name, now);
        auto const d = entry->state.ask(now);
        if (d.action == action::fetch) entry->state.answer(d.ticket, id, cache::life_of_id(now), now, 0.5);
        return entry->state.ask(now).value.value();
    }

    token cached(token_key const& key, std::string_view name)
    {
        auto const entry = state.token_of(key, name, now);
        auto const d = entry->state.ask(now);
        token value(secret("t"));
        REQUIRE(d.action == action::fetch);
        entry->state.answer(d.ticket, value, {now, 4h, session_token_limits, 0.5}, now, 0.5);
        return value;
    }

    bool knows(std::string_view name) { return state.ids().find(name) != nullptr; }
};

} // namespace

TEST_CASE("token_cache_state: a url leads to an id, and an id with a purpose to a token")
{
    fixture f;
    CHECK(f.known_id(url, 42) == 42);
    CHECK(f.known_id(alias, 42) == 42);
    auto const value = f.cached({42}, url);
    // Another url of the same model is served.
    CHECK(f.state.token_of({42}, alias, f.now)->state.ask(f.now).value == value);
    CHECK(f.state.token_of({42, token_purpose::upload}, url, f.now)->state.ask(f.now).action ==
          action::fetch);
    CHECK(f.state.token_of({43}, url, f.now)->state.ask(f.now).action == action::fetch);
    CHECK(f.state.find({42})->names.urls() == std::vector<std::string>{std::string(url), std::string(alias)});
    CHECK(f.state.find({44}) == nullptr);
}

TEST_CASE("token_cache_state: an id is asked for again after a day")
{
    fixture f;
    f.known_id(url, 42);
    f.now += 24h - 1ns;
    CHECK(f.state.id_of(url, f.now)->state.ask(f.now).action == action::serve);
    f.now += 1ns;
    CHECK(f.state.id_of(url, f.now)->state.ask(f.now).action == action::fetch);
}

TEST_CASE("token_cache_state: a listing primes ids, and wakes waiters for one")
{
    fixture f;
    auto const primed = f.state.prime(url, 42, f.now);
    CHECK(primed.wake == nullptr);
    CHECK_FALSE(primed.moved);
    CHECK(f.state.id_of(url, f.now)->state.ask(f.now).value == 42);

    auto const waiting = f.state.id_of(alias, f.now);
    auto const ticket = waiting->state.ask(f.now).ticket;
    CHECK(f.state.prime(alias, 42, f.now).wake == waiting);
    CHECK(waiting->state.answer(ticket, 7, cache::life_of_id(f.now), f.now, 0.5).outcome ==
          flight_outcome::ignored);
    CHECK(waiting->state.ask(f.now).value == 42);
}

TEST_CASE("token_cache_state: a listing reports a url with a changed id")
{
    fixture f;
    f.known_id(url, 42);
    CHECK_FALSE(f.state.prime(url, 42, f.now).moved);
    CHECK(f.state.prime(url, 43, f.now).moved);
    CHECK(f.state.id_of(url, f.now)->state.ask(f.now).value == 43);
}

TEST_CASE("token_cache_state: a listing shows the part of a url that is a model")
{
    fixture f;
    std::string const base = "https://h/models/a/";
    f.known_id(base, 41);
    CHECK(f.state.listed_part(base + "b/c/") == 0);
    f.state.prime(base, 41, f.now);
    f.state.prime("https://h/models/a/b/c/", 43, f.now);
    CHECK(f.state.listed_part(base) == base.size());
    CHECK(f.state.listed_part(base + "b/") == base.size());
    CHECK(f.state.listed_part(base + "b/c/") == base.size() + 4);
    CHECK(f.state.listed_part(base + "b/c/d/e/") == base.size() + 4);
    // The id is asked for anew after its day; the model is still listed.
    f.now += 25h;
    CHECK(f.state.listed_part(base + "b/") == base.size());
    for (char const* other : {"https://h/models/ab/c/", "https://h/models/", "https://h/", "//", "/", ""})
        CHECK(f.state.listed_part(other) == 0);
    f.state.drop_id(41);
    CHECK(f.state.listed_part(base + "b/") == 0);
}

TEST_CASE("token_cache_state: a long listing leaves room, and keeps used entries")
{
    fixture f;
    f.known_id(url, 42);
    for (int i = 0; i < 1000; ++i)
        f.state.prime("https://practicus.company.com/models/practicus/m" + std::to_string(i) + "/", i + 100,
                      f.now);
    CHECK(f.state.ids().size() == 75);
    CHECK(f.state.ids().evictions() == 0);
    CHECK(f.knows(url));
    // What is known already is refreshed all the same.
    f.now += 23h;
    f.state.prime(url, 42, f.now);
    f.now += 23h;
    CHECK(f.state.id_of(url, f.now)->state.ask(f.now).value == 42);
}

TEST_CASE("token_cache_state: an id that is gone is forgotten with its urls and tokens, and nothing else")
{
    fixture f;
    f.known_id(url, 42);
    f.known_id(alias, 42);
    f.known_id("third", 43);
    f.cached({42}, url);
    f.cached({42, token_purpose::upload}, "fourth");
    f.cached({43}, "third");
    auto urls = f.state.drop_id(42);
    REQUIRE(urls.has_value());
    std::sort(urls->begin(), urls->end());
    CHECK(*urls == std::vector<std::string>{"fourth", std::string(alias), std::string(url)});
    CHECK_FALSE(f.knows(url));
    CHECK_FALSE(f.knows(alias));
    CHECK(f.knows("third"));
    CHECK(f.state.find({42}) == nullptr);
    CHECK(f.state.find({42, token_purpose::upload}) == nullptr);
    CHECK(f.state.find({43}) != nullptr);
    CHECK(f.state.drop_id(42)->empty());
}

TEST_CASE("token_cache_state: a token may go by a name alone")
{
    fixture f;
    auto const named = [](std::string name) {
        token_key key;
        key.name = std::move(name);
        return key;
    };
    auto const first = f.cached(named("langflow"), "langflow");
    f.cached(named("flow"), "flow"); // fetches one of its own
    CHECK(f.state.find({0}) == nullptr);
    CHECK(f.state.find(named("langflow"))->state.ask(f.now).value == first);
    auto const urls = f.state.drop_id(0, "langflow");
    REQUIRE(urls);
    CHECK(*urls == std::vector<std::string>{"langflow"});
    CHECK(f.state.find(named("langflow")) == nullptr);
    CHECK(f.state.find(named("flow")) != nullptr);
}

TEST_CASE("token_cache_state: a service with a dead id does not cause a token request for each call")
{
    fixture f;
    f.known_id(url, 42);
    auto const entry = f.state.token_of({42}, url, f.now);
    entry->state.failed(entry->state.ask(f.now).ticket, info(errc::not_found), f.now, 0.5);
    f.state.drop_id(42);
    CHECK(f.known_id(url, 42) == 42); // asked for again
    CHECK(f.state.token_of({42}, url, f.now)->state.ask(f.now).error->code == errc::not_found);
    f.now += 3s;
    CHECK(f.state.token_of({42}, url, f.now)->state.ask(f.now).action == action::fetch);
}

TEST_CASE("token_cache_state: of a token with very many urls, all stripes are cleared")
{
    token_names names;
    for (std::size_t i = 0; i < token_names::limit; ++i)
        for (int twice = 0; twice < 2; ++twice)
            names.add("url " + std::to_string(i));
    CHECK_FALSE(names.too_many());
    CHECK(names.urls().size() == token_names::limit);
    names.add("one more");
    CHECK(names.too_many());
    fixture f;
    f.cached({7}, "x");
    CHECK(f.state.drop_id(7).has_value());
    f.cached({7}, "x");
    f.state.find({7})->names = names;
    CHECK_FALSE(f.state.drop_id(7).has_value());
}

TEST_CASE("token_cache_state: another user's login drops all entries except those with waiters")
{
    fixture f;
    f.known_id(url, 42);
    f.cached({42}, url);
    auto const id = f.state.id_of(alias, f.now);
    auto const first = id->state.ask(f.now).ticket;
    auto const waiting = f.state.token_of({43}, "w", f.now);
    auto const second = waiting->state.ask(f.now).ticket;
    std::vector<std::string> started;
    bool keep = false;
    auto const change_id = [&](std::string const& name, cache::id_entry const& entry) {
        auto const ticket = entry->state.credentials_changed(keep);
        if (ticket == 0) return ticket;
        CHECK(entry == id);
        CHECK(ticket != first);
        started.push_back(name);
        return ticket;
    };
    auto const change_token = [&](token_key const& key, cache::token_entry const& entry) {
        auto const ticket = entry->state.credentials_changed(keep);
        if (ticket == 0) return ticket;
        CHECK(key.id == 43);
        CHECK(entry == waiting);
        CHECK(ticket != second);
        started.push_back("43");
        return ticket;
    };
    SECTION("another user")
    {
        f.state.credentials_changed(keep, change_id, change_token);
        CHECK(f.state.ids().size() == 1);
        CHECK(f.state.tokens().size() == 1);
    }
    SECTION("the same user")
    {
        keep = true;
        f.state.credentials_changed(keep, change_id, change_token);
        CHECK(f.state.ids().size() == 2);
        CHECK(f.state.tokens().size() == 2);
        CHECK(f.state.find({42})->state.ask(f.now).action == action::serve);
    }
    CHECK(started == std::vector<std::string>{std::string(alias), "43"});
}

TEST_CASE("token_cache_state: a flight is not evicted, and an evicted entry is notified by itself")
{
    fixture f(16);
    auto const flying = f.state.token_of({1}, url, f.now);
    auto const ticket = flying->state.ask(f.now).ticket;
    f.now += 1h;
    auto const used = f.cached({2}, url);
    for (int i = 3; i < 200; ++i) {
        f.now += 18s;
        f.state.token_of({2}, url, f.now); // a use
        f.cached({i}, url);
    }
    CHECK(f.state.tokens().size() <= 16);
    CHECK(f.state.find({1}) == flying);
    CHECK(f.state.find({2})->state.ask(f.now).value == used);
    CHECK(f.state.find({3}) == nullptr);
    f.state.tokens().erase(token_key{1});
    CHECK(flying->state.answer(ticket, used, {f.now, 4h, session_token_limits, 0.5}, f.now, 0.5).outcome ==
          flight_outcome::served);
    CHECK(f.state.find({1}) == nullptr);
}

TEST_CASE("token_cache_state: a use reported by a stripe counts")
{
    fixture f(16);
    f.cached({1}, url);
    auto const use = f.state.find({1})->use;
    for (int i = 2; i < 100; ++i) {
        f.now += 18s;
        use->touch(last_use_period_of(f.now)); // without a lock
        f.cached({i}, url);
    }
    CHECK(f.state.find({1}) != nullptr);
}
