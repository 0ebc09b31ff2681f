// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/batch/aimd_window.hpp>
#include <practicus/error.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace {

using practicus::detail::aimd_window;
using tickets = std::vector<aimd_window::ticket>;

/// Starts as many as may be started.
tickets fill(aimd_window& window)
{
    tickets result;
    while (window.may_start())
        result.push_back(window.start());
    return result;
}

void succeed(aimd_window& window, tickets const& batches)
{
    for (auto batch : batches)
        window.succeeded(batch);
}

/// One that comes to nothing.
void overload(aimd_window& window, aimd_window::ticket batch)
{
    window.overloaded(batch);
    window.failed(batch);
}

enum class end
{
    success,
    overload,
    failure
};

/// The rules once more, over a history that forgets nothing.
class model
{
public:
    explicit model(std::size_t most) : most_(most), limit_(std::min<std::size_t>(most, 4)) {}

    void start()
    {
        started_.push_back({halvings_, false});
        flying_.insert(started_.size());
        if (flying_.size() == limit_)
            for (auto& earlier : started_)
                earlier.window_was_full = true;
    }

    void finish(std::uint64_t number, end how)
    {
        flying_.erase(number);
        auto const& ended = started_.at(number - 1);
        if (ended.halvings != halvings_ || how == end::failure) return;
        if (how == end::overload) {
            ++halvings_;
            limit_ = limit_ == 1 ? 1 : limit_ / 2;
            successes_ = 0;
        } else if (ended.window_was_full && limit_ < most_) {
            ++successes_;
            if (halvings_ > 0 && successes_ < limit_) return;
            ++limit_;
            successes_ = 0;
        }
    }

    bool agrees_with(aimd_window const& window) const
    {
        return window.limit() == limit_ && window.in_flight() == flying_.size() &&
               window.may_start() == (flying_.size() < limit_) && window.limit() >= 1 &&
               window.limit() <= most_;
    }

private:
    struct batch
    {
        unsigned halvings; // before it was started
        bool window_was_full;
    };

    std::size_t most_;
    std::size_t limit_;
    std::size_t successes_ = 0;
    unsigned halvings_ = 0;
    std::vector<batch> started_;
    std::set<std::uint64_t> flying_;
};

struct state
{
    aimd_window window;
    model expected;
    tickets flying;

    explicit state(std::size_t most) : window(most), expected(most) {}

    void start()
    {
        flying.push_back(window.start());
        expected.start();
        check();
    }

    void finish(std::size_t place, end how)
    {
        auto const ticket = flying[place];
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(place));
        if (how == end::success) window.succeeded(ticket);
        if (how == end::overload) overload(window, ticket);
        if (how == end::failure) window.failed(ticket);
        expected.finish(ticket.number, how);
        check();
    }

    void check() const
    {
        if (!expected.agrees_with(window))
            FAIL("limit " << window.limit() << ", in flight " << window.in_flight());
    }
};

constexpr end ends[] = {end::success, end::overload, end::failure};

/// Every history of so many events; returns how many.
std::size_t explore(state const& from, unsigned events)
{
    if (events == 0) return 1;
    std::size_t histories = 0;
    if (from.window.may_start()) {
        auto next = from;
        next.start();
        histories += explore(next, events - 1);
    }
    for (std::size_t i = 0; i < from.flying.size(); ++i)
        for (auto how : ends) {
            auto next = from;
            next.finish(i, how);
            histories += explore(next, events - 1);
        }
    return histories;
}

} // namespace

TEST_CASE("aimd_window: begins with 4, or less if no more are allowed")
{
    for (std::size_t most : {1U, 2U, 3U, 4U, 5U, 1000U}) {
        aimd_window window(most);
        CHECK(window.limit() == std::min<std::size_t>(most, 4));
        CHECK(window.in_flight() == 0);
        CHECK(fill(window).size() == window.limit());
        CHECK(window.in_flight() == window.limit());
    }
    try {
        aimd_window(0);
        FAIL("accepted");
    } catch (practicus::error const& e) {
        CHECK(e.code() == practicus::errc::invalid_argument);
        CHECK(e.info().message == "0 batches in flight");
    }
}

TEST_CASE("aimd_window: doubles in each round until the first overload, then adds 1 a round")
{
    aimd_window window(100);
    for (std::size_t limit : {4U, 8U, 16U, 32U, 64U, 100U, 100U}) {
        CHECK(window.limit() == limit);
        succeed(window, fill(window));
    }
    auto const round = fill(window);
    overload(window, round[0]);
    CHECK(window.limit() == 50);
    succeed(window, {round.begin() + 1, round.end()});
    for (std::size_t limit : {50U, 51U, 52U, 53U}) {
        CHECK(window.limit() == limit);
        succeed(window, fill(window));
    }
}

TEST_CASE("aimd_window: the overloads of one round halve it once")
{
    aimd_window window(16);
    succeed(window, fill(window));
    succeed(window, fill(window));
    REQUIRE(window.limit() == 16);

    auto const first = fill(window);
    for (std::size_t i = 0; i < 9; ++i)
        overload(window, first[i]);
    CHECK(window.limit() == 8);
    CHECK(window.in_flight() == 7);
    CHECK(window.may_start());
    auto const second = fill(window); // one, beside seven of the first round
    REQUIRE(second.size() == 1);
    overload(window, first[9]);
    CHECK(window.limit() == 8);
    overload(window, second[0]);
    CHECK(window.limit() == 4);
    CHECK(window.in_flight() == 6);
    CHECK_FALSE(window.may_start());
    succeed(window, {first.begin() + 10, first.end()});
    CHECK(window.limit() == 4);
    CHECK(window.in_flight() == 0);
    for (std::size_t limit : {2U, 1U, 1U, 1U}) {
        auto const batches = fill(window);
        for (auto batch : batches)
            overload(window, batch);
        CHECK(window.limit() == limit);
    }
    for (std::size_t limit : {2U, 3U}) {
        succeed(window, fill(window));
        CHECK(window.limit() == limit);
    }
}

TEST_CASE("aimd_window: later overloads of one slow batch are ignored")
{
    aimd_window window(16);
    succeed(window, fill(window));
    auto const round = fill(window);
    REQUIRE(window.limit() == 8);
    for (int i = 0; i != 3; ++i)
        window.overloaded(round[0]);
    CHECK(window.limit() == 4);
    CHECK(window.in_flight() == 8);
    succeed(window, round);
    CHECK(window.limit() == 4);
    CHECK(window.in_flight() == 0);
}

TEST_CASE("aimd_window: successes prove nothing while the window is not full")
{
    aimd_window window(100);
    for (int i = 0; i < 10; ++i) {
        tickets const batches{window.start(), window.start(), window.start()};
        succeed(window, batches);
    }
    CHECK(window.limit() == 4);
    succeed(window, fill(window));
    CHECK(window.limit() == 8);
}

TEST_CASE("aimd_window: a failure frees a place and changes no limit")
{
    aimd_window window(100);
    for (auto batch : fill(window))
        window.failed(batch);
    CHECK(window.limit() == 4);
    CHECK(window.in_flight() == 0);
}

TEST_CASE("aimd_window: every history of 9 events")
{
    std::size_t histories = 0;
    for (std::size_t most = 1; most <= 6; ++most)
        histories += explore(state(most), 9);
    CHECK(histories > 100'000);
}

TEST_CASE("aimd_window: random histories")
{
    for (unsigned seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        auto const up_to = [&](std::size_t most) {
            return std::uniform_int_distribution<std::size_t>(0, most)(random);
        };
        state s(1 + up_to(up_to(60)));
        auto const overload_one_in = 1 + up_to(60);
        for (int event = 0; event < 500; ++event)
            if (s.flying.empty() || (s.window.may_start() && up_to(4) != 0))
                s.start();
            else
                s.finish(up_to(s.flying.size() - 1), up_to(overload_one_in) == 0 ? end::overload
                                                     : up_to(9) == 0             ? end::failure
                                                                                 : end::success);
    }
}

TEST_CASE("aimd_window: a batch that waits for its next try gives its place to another")
{
    aimd_window window(4);
    auto const first = window.start();
    window.overloaded(first);
    REQUIRE(window.limit() == 2);
    window.paused(first);
    CHECK(window.in_flight() == 0);
    CHECK(window.waiting() == 1);
    auto const others = fill(window);
    CHECK(others.size() == 2);
    CHECK_FALSE(window.may_start());
    // It needs a place, and is a batch of the present round then.
    window.succeeded(others[0]);
    REQUIRE(window.may_start());
    auto const again = window.start_again();
    CHECK(window.waiting() == 0);
    window.overloaded(again);
    CHECK(window.limit() == 1);
    window.failed(again);
    window.failed(others[1]);
    CHECK(window.in_flight() == 0);
}

TEST_CASE("aimd_window: batches that wait for a retry are held beside the others, with the same bound")
{
    for (std::size_t const most : {1, 2, 7}) {
        aimd_window window(most);
        // All that is sent fails, and waits.
        std::size_t held = 0;
        for (; window.has_room(); ++held)
            window.paused(window.start());
        CHECK(held == 2 * most);
        CHECK(window.waiting() == held);
        // What is answered out of turn is held until it is written.
        for (std::size_t i = 0; i != most; ++i)
            window.succeeded(window.start_again());
        CHECK_FALSE(window.has_room());
        window.released();
        CHECK(window.has_room());
    }
    aimd_window window(3);
    for (std::size_t i = 0; i != 3; ++i)
        window.succeeded(window.start());
    CHECK_FALSE(window.has_room());
}
