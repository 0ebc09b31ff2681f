// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/in_order.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using practicus::detail::in_order;

TEST_CASE("in_order: gives out what came, up to the first that is missing")
{
    in_order<std::string> values;
    CHECK(values.expected() == 0);
    CHECK_FALSE(values.next());
    values.put(2, "c");
    values.put(1, "b");
    CHECK(values.waiting() == 2);
    CHECK_FALSE(values.next());
    values.put(0, "a");
    CHECK(values.waiting() == 3);
    CHECK(values.next() == "a");
    CHECK(values.next() == "b");
    CHECK(values.expected() == 2);
    values.put(4, "e");
    CHECK(values.next() == "c");
    CHECK_FALSE(values.next());
    CHECK(values.waiting() == 1);
    values.put(3, "d");
    CHECK(values.next() == "d");
    CHECK(values.next() == "e");
    CHECK_FALSE(values.next());
    CHECK(values.waiting() == 0);
    CHECK(values.expected() == 5);
}

TEST_CASE("in_order: the numbers may begin anywhere, the values may be move-only")
{
    constexpr auto first = std::uint64_t{1} << 40;
    in_order<std::unique_ptr<int>> values(first);
    values.put(first + 1, std::make_unique<int>(1));
    CHECK_FALSE(values.next());
    values.put(first, std::make_unique<int>(0));
    for (int i = 0; i < 2; ++i) {
        auto const value = values.next();
        REQUIRE(value);
        REQUIRE(*value);
        CHECK(**value == i);
    }
    CHECK_FALSE(values.next());
}

TEST_CASE("in_order: an empty value is a value")
{
    in_order<std::unique_ptr<int>> values;
    values.put(0, nullptr);
    CHECK(values.waiting() == 1);
    CHECK(values.next().has_value());
}

TEST_CASE("in_order: all orders of 7, taken as soon as they may be")
{
    std::array<std::uint64_t, 7> order{};
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    do {
        in_order<std::uint64_t> values;
        std::vector<bool> came(order.size() + 1, false);
        std::uint64_t taken = 0;
        for (std::size_t put = 0; put < order.size(); ++put) {
            values.put(order[put], order[put]);
            came[order[put]] = true;
            for (; came[taken]; ++taken)
                if (values.next() != taken) FAIL("not the next");
            if (values.next() || values.waiting() != put + 1 - taken) FAIL("more than came");
        }
        if (taken != order.size()) FAIL("not all");
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("in_order: a long run within a window")
{
    for (unsigned seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        in_order<std::uint64_t> values;
        std::vector<std::uint64_t> flying;
        std::uint64_t started = 0;
        std::uint64_t taken = 0;
        while (taken < 10'000) {
            while (started < taken + 50)
                flying.push_back(started++);
            std::swap(flying[random() % flying.size()], flying.back());
            values.put(flying.back(), flying.back());
            flying.pop_back();
            while (auto value = values.next())
                if (*value != taken++) FAIL("out of order");
            if (values.waiting() != started - taken - flying.size()) FAIL("waiting");
        }
    }
}
