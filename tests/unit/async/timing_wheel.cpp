// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/async/timing_wheel.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

namespace {

using practicus::detail::timing_wheel;

struct node : practicus::detail::timing_wheel_hook
{
    explicit node(std::int64_t t) : at(t) {}

    std::int64_t at;
};

using wheel = timing_wheel<node>;

constexpr std::int64_t tick = 20;

/// Turns it, takes away what is due, and says how many were looked at.
std::size_t turn(wheel& w, std::int64_t now)
{
    std::vector<node*> due;
    std::size_t looked = 0;
    w.turn(now, [&](node& n) {
        ++looked;
        if (n.at <= now) due.push_back(&n);
    });
    for (auto* n : due)
        n->unlink();
    return looked;
}

} // namespace

TEST_CASE("a timing wheel finds every due element in time")
{
    std::mt19937 random(4711);
    wheel w(tick);
    std::vector<std::unique_ptr<node>> nodes;
    std::int64_t now = 1'000'000;
    for (int round = 0; round != 3000; ++round) {
        // In the past, soon, within a round of the wheel, beyond it, and never.
        std::int64_t const ahead[] = {-500, 0, 1, 19, 20, 21, 700, 5119, 5120, 5121, 30'000};
        for (int i = 0; i != 3; ++i) {
            auto const at =
                i == 2 && round % 50 == 0 ? wheel::never : now + ahead[random() % std::size(ahead)];
            nodes.push_back(std::make_unique<node>(at));
            w.add(*nodes.back(), at);
        }
        std::int64_t const steps[] = {0, 1, 20, 20, 20, 25, 61, 6000};
        now += steps[random() % (round % 100 == 0 ? std::size(steps) : std::size(steps) - 1)];
        turn(w, now);
        std::erase_if(nodes, [](auto const& n) { return !n->is_linked(); });
        CHECK(std::none_of(nodes.begin(), nodes.end(), [&](auto const& n) { return n->at <= now; }));
        std::size_t found = 0;
        w.for_each([&](node&) { ++found; });
        CHECK(found == nodes.size());
    }
    CHECK(nodes.size() > 60);
    for (auto const& n : nodes)
        n->unlink();
}

TEST_CASE("a timing wheel visits few of many elements")
{
    wheel w(tick);
    std::int64_t now = 1'000'000;
    turn(w, now);
    std::vector<node> nodes;
    nodes.reserve(25'600);
    // As calls arrive: some in each tick, all for the same time.
    std::size_t looked = 0;
    for (int i = 0; i != 256; ++i, now += tick) {
        for (int n = 0; n != 100; ++n) {
            nodes.emplace_back(now + 30'000);
            w.add(nodes.back(), nodes.back().at);
        }
        looked += turn(w, now);
    }
    // Two slots a turn, of 256.
    CHECK(looked <= 2 * nodes.size());
    for (auto& n : nodes)
        n.unlink();
}
