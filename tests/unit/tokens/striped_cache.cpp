// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/tokens/striped_cache.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;

using cache = striped_cache<std::shared_ptr<std::string const>>;

constexpr std::string_view url = "https://practicus.company.com/models/practicus/diamond-price/";

struct fixture
{
    cache stripes{100, 4};
    time_point now{1000h};
    std::shared_ptr<lru_tick> use = std::make_shared<lru_tick>();

    lifespan life(std::chrono::nanoseconds length = 4h) const
    {
        return {now, length, session_token_limits, 0.0};
    }

    cache::handle find(std::string_view name = url) { return stripes.find(name, now).value; }

    void install(cache::handle const& value, std::string_view name = url)
    {
        stripes.install(name, value, life(), use, now);
    }
};

cache::handle make(char const* text)
{
    return std::make_shared<std::string const>(text);
}

// Runs something on a thread of its own, to its end.
void elsewhere(std::function<void()> const& f)
{
    std::thread(f).join();
}

} // namespace

TEST_CASE("striped_cache: a hit is the very value, in a handle that shares no count with the owner's")
{
    fixture f;
    CHECK(f.find() == nullptr);
    auto const value = make("v");
    f.install(value);
    auto const first = f.find();
    REQUIRE(first.get() == value.get());
    auto const count = value.use_count();
    auto const more = std::array{f.find(), f.find(), f.find()};
    CHECK(value.use_count() == count);
    // Alive, whatever becomes of the cache.
    f.stripes.clear();
    std::weak_ptr<std::string const> const watch = value;
    CHECK(f.find() == nullptr);
    CHECK(*first == "v");
}

TEST_CASE("striped_cache: each thread has its own copies")
{
    fixture f;
    auto const value = make("v");
    f.install(value);
    auto const mine = thread_index() % f.stripes.stripes();
    std::size_t others = 0;
    for (int i = 0; i < 8; ++i)
        elsewhere([&] {
            if (thread_index() % f.stripes.stripes() == mine) {
                CHECK(f.find().get() == value.get()); // the same stripe: threads may outnumber them
                return;
            }
            ++others;
            f.find();
        });
    CHECK(others == 6);
    CHECK(f.stripes.counters().size == 1);
    elsewhere([&] { f.install(value); });
}

TEST_CASE("striped_cache: an entry that is not fresh is a miss")
{
    fixture f;
    f.install(make("v"));
    auto const issued_at = f.now;
    f.now = issued_at + 3h - 1ns;
    CHECK_FALSE(f.stripes.find(url, f.now).renew);
    CHECK(f.stripes.find(url, f.now, 2h).value == nullptr);
    CHECK(f.stripes.find(url, f.now, 30min).value != nullptr);
    f.now = issued_at + 4h - 30s - 1ns;
    CHECK(f.find() != nullptr);
    f.now += 1ns;
    CHECK(f.find() == nullptr);
    CHECK(f.stripes.find(url, f.now, 0s).value != nullptr);
}

TEST_CASE("striped_cache: in the window it says so, once a second")
{
    fixture f;
    f.install(make("v"));
    f.now += 3h;
    auto const first = f.stripes.find(url, f.now);
    CHECK(first.value != nullptr);
    CHECK(first.renew);
    for (int i = 0; i < 3; ++i) {
        auto const next = f.stripes.find(url, f.now);
        CHECK(next.value != nullptr);
        CHECK_FALSE(next.renew);
    }
    f.now += 1s - 1ns;
    CHECK_FALSE(f.stripes.find(url, f.now).renew);
    f.now += 1ns;
    CHECK(f.stripes.find(url, f.now).renew);
    // The owner had a newer one already: it takes the place of the old one.
    f.now += 1s;
    CHECK(f.stripes.find(url, f.now).renew);
    auto const newer = make("newer");
    f.install(newer);
    CHECK(f.find().get() == newer.get());
    CHECK_FALSE(f.stripes.find(url, f.now).renew);
}

TEST_CASE("striped_cache: a renewed value takes the place of the old one in every stripe that has it, and "
          "only there")
{
    fixture f;
    f.install(make("old"));
    std::vector<std::size_t> have{thread_index() % 4};
    elsewhere([&] {
        have.push_back(thread_index() % 4);
        f.install(make("old"));
    });
    auto const size = f.stripes.counters().size;
    auto const value = make("new");
    f.stripes.replace(url, value, f.life(), f.use, f.now);
    CHECK(f.stripes.counters().size == size);
    CHECK(f.find().get() == value.get());
    for (int i = 0; i < 4; ++i)
        elsewhere([&] {
            auto const has = std::find(have.begin(), have.end(), thread_index() % 4) != have.end();
            CHECK(f.find().get() == (has ? value.get() : nullptr));
        });
}

TEST_CASE("striped_cache: an erased or cleared entry is gone from every stripe, and freed")
{
    fixture f;
    auto value = make("v");
    std::weak_ptr<std::string const> const watch = value;
    for (int i = 0; i < 4; ++i)
        elsewhere([&] {
            f.install(value);
            f.install(make("other"), "other");
        });
    CHECK(f.stripes.counters().size == 8);
    value.reset();
    SECTION("one name")
    {
        f.stripes.erase(url);
        CHECK(f.stripes.counters().size == 4);
    }
    SECTION("all")
    {
        f.stripes.clear();
        CHECK(f.stripes.counters().size == 0);
    }
    CHECK(watch.expired());
}

TEST_CASE("striped_cache: counts hits and misses, and reports uses to the owner")
{
    fixture f;
    f.find();
    f.install(make("v")); // after one miss
    f.use->touch(0);
    for (int i = 0; i < 5; ++i)
        f.find();
    elsewhere([&] { f.find("nothing"); });
    auto counters = f.stripes.counters();
    CHECK(counters.hits == 5);
    CHECK(counters.misses == 2);
    CHECK(counters.evictions == 0);
    CHECK(f.use->last() == 0); // in the period of the install, nothing is told
    f.now += 18s;
    f.find();
    CHECK(f.use->last() == last_use_period_of(f.now));
}

TEST_CASE("striped_cache: each stripe is bounded, and keeps used entries")
{
    fixture f;
    for (int i = 0; i < 600; ++i) {
        f.install(make("v"), "url " + std::to_string(i));
        f.now += 20s;
        CHECK(f.find("url 0") != nullptr);
    }
    CHECK(f.stripes.counters().size <= 100);
    CHECK(f.stripes.counters().evictions >= 500);
    CHECK(f.find("url 599") != nullptr);
}

TEST_CASE("striped_cache: the last entry that was requested is evicted like the others")
{
    fixture f;
    f.install(make("v"), "url");
    CHECK(f.find("url") != nullptr);
    for (int i = 0; i < 200; ++i) {
        f.now += 20s;
        f.install(make("v"), "url " + std::to_string(i));
    }
    CHECK(f.find("url") == nullptr);
}

TEST_CASE("striped_cache: as many stripes as threads, a power of two")
{
    CHECK(cache(10, 1).stripes() == 1);
    CHECK(cache(10, 3).stripes() == 4);
    CHECK(cache(10, 1000).stripes() == 64);
    CHECK(cache(10).stripes() >= 1);
}

// The owner changes its value and drops it, under its mutex, while threads look it up: after a drop no thread
// finds the dropped value.
TEST_CASE("striped_cache: threads never find an entry that was dropped before")
{
    struct owner
    {
        std::mutex mutex;
        std::shared_ptr<int const> value = std::make_shared<int const>(0);
    };
    striped_cache<std::shared_ptr<int const>> stripes(100, 4);
    owner master;
    std::atomic<int> dropped{-1}; // every value up to this one
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    time_point const now{1000h};
    lifespan const life(now, 4h, session_token_limits, 0.0);
    auto const use = std::make_shared<lru_tick>();
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            while (!stop) {
                int const before = dropped;
                auto const found = stripes.find(url, now);
                auto value = found.value;
                if (!value) {
                    std::lock_guard lock(master.mutex);
                    value = master.value;
                    stripes.install(url, value, life, use, now);
                }
                if (*value <= before) ++wrong;
            }
        });
    for (int i = 1; i <= 2000; ++i) {
        {
            std::lock_guard lock(master.mutex);
            master.value = std::make_shared<int const>(i);
            stripes.erase(url);
        }
        dropped = i - 1;
        if (i % 16 == 0) std::this_thread::yield();
    }
    stop = true;
    for (auto& reader : readers)
        reader.join();
    CHECK(wrong == 0);
    CHECK(stripes.counters().misses > 0);
}
