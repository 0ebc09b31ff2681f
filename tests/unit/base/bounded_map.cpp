// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/base/bounded_map.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;

constexpr time_point now{1000h};

struct entry
{
    explicit entry(last_use_period u, bool p = false, time_point e = time_point::max())
        : used(u), pinned(p), ends(e)
    {}

    bool is_in_flight() const { return pinned; }
    bool is_expired(time_point t) const { return t >= ends; }
    last_use_period last_use() const { return used; }

    last_use_period used;
    bool pinned;
    time_point ends;
};

using map = bounded_map<std::string, entry, text_key_hash>;

std::string name(std::size_t i)
{
    return "key " + std::to_string(i);
}

bool has(map& m, std::size_t i)
{
    return m.find(name(i)) != nullptr;
}

} // namespace

TEST_CASE("bounded_map: finds an entry by a view of its key")
{
    map m(10);
    std::string_view const key = "https://practicus.company.com/models/practicus/diamond-price/";
    CHECK(m.find(key) == nullptr);
    auto const [made, is_new] = m.get(key, now, 7U);
    CHECK(is_new);
    CHECK(m.find(key) == made);
    auto const [again, is_newer] = m.get(key, now, 8U);
    CHECK_FALSE(is_newer);
    CHECK(again == made);
    CHECK(again->used == 7);
    CHECK(m.erase(key));
    CHECK_FALSE(m.erase(key));
    CHECK(m.find(key) == nullptr);
}

TEST_CASE("bounded_map: when full, evicts the least recently used eighth")
{
    map m(80);
    for (std::size_t i = 0; i < 80; ++i)
        m.get(name(i), now, static_cast<last_use_period>((i * 37) % 80)); // in no order
    CHECK(m.size() == 80);
    CHECK(m.evictions() == 0);
    m.get(name(80), now, 1000U);
    CHECK(m.size() == 70);
    CHECK(m.evictions() == 11);
    for (std::size_t i = 0; i < 80; ++i)
        CHECK(has(m, i) == ((i * 37) % 80 >= 11));
    CHECK(has(m, 80));
}

TEST_CASE("bounded_map: evicts expired entries first, however recently used")
{
    map m(80);
    for (std::size_t i = 0; i < 80; ++i)
        m.get(name(i), now, static_cast<last_use_period>(i), false, i >= 60 ? now : time_point::max());
    m.get(name(80), now, 1000U);
    for (std::size_t i = 0; i < 80; ++i)
        CHECK(has(m, i) == (i < 60));
    CHECK(m.evictions() == 20);
}

TEST_CASE("bounded_map: of entries used in the same period, evicts no more than needed")
{
    map m(80);
    for (std::size_t i = 0; i < 80; ++i)
        m.get(name(i), now, 5U);
    m.get(name(80), now, 5U);
    CHECK(m.size() == 70);
    CHECK(has(m, 80));
}

TEST_CASE("bounded_map: entries in flight stay beyond the capacity, and are counted once")
{
    map m(16);
    for (std::size_t i = 0; i < 1000; ++i)
        m.get(name(i), now, 0U, true, now);
    CHECK(m.size() == 1000);
    m.get(name(1000), now, 9U);
    m.for_each([](auto const&, entry& e) { e.pinned = false; });
    // At the next trim it is back within its bounds.
    for (std::size_t i = 0; i < 4; ++i)
        m.get(name(2000 + i), now, 9U);
    CHECK(m.size() <= 16);
    CHECK(has(m, 2003));
}

TEST_CASE("bounded_map: capacities of one and zero")
{
    for (std::size_t capacity : {0U, 1U}) {
        map m(capacity);
        for (std::size_t i = 0; i < 5; ++i) {
            m.get(name(i), now, 0U);
            CHECK(m.size() == 1);
            CHECK(has(m, i));
        }
    }
}

TEST_CASE("last_use_period: grows with time, every 17 seconds or so")
{
    CHECK(last_use_period_of(now + 18s) > last_use_period_of(now));
    CHECK(last_use_period_of(now + 18s) - last_use_period_of(now) <= 2);
    CHECK(last_use_period_of(now + 24h * 366) > last_use_period_of(now));
}

TEST_CASE("bounded_map: entries beyond the capacity go with the burst that added them")
{
    constexpr std::size_t capacity = 1000, crowd = 10'000;
    map m(capacity);
    for (std::size_t i = 0; i != crowd; ++i)
        m.get(name(i), now, last_use_period(i), true);
    CHECK(m.size() == crowd);
    for (std::size_t i = 0; i != crowd; ++i) {
        m.find(name(i))->pinned = false;
        m.unpinned(now);
    }
    CHECK(m.size() <= capacity);
    CHECK(has(m, crowd - 1));
}
