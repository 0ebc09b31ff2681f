// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Every order of events for two connections and three waiters, breadth first. The key of a state has no
// absolute times and no names of waiters and connections. A state is made again by replaying its events.

#include <practicus/detail/pool/pool_state.hpp>

#include "catch.hpp"
#include "unit/pool/pool_state_check.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;

constexpr std::size_t max_connections = 2;
constexpr std::size_t waiter_count = 3;
constexpr auto tick = 40s;

// In ticks: idle 1 is good and 2 is not; after a stale hit, for 2 ticks, 1 is not either. Age 3 is too old.
practicus::pool_options limits()
{
    practicus::pool_options result;
    result.max_connections = max_connections;
    result.idle_timeout = 60s;
    result.max_age = 100s;
    return result;
}

enum class event : std::uint8_t
{
    ask,
    ask_fresh,
    pick_up,
    cancel,
    give_back,
    give_back_short_lived,
    give_back_unused,
    give_back_broken,
    stale,
    connected,
    connect_failed,
    clock_tick,
    idle_timer,
    close_idle,
    shutdown
};

struct step
{
    event what;
    std::uint8_t caller;
};

char const* name(event e)
{
    constexpr std::array names{"ask",
                               "ask fresh",
                               "pick up",
                               "cancel",
                               "give back",
                               "give back (Keep-Alive)",
                               "give back unused",
                               "break",
                               "stale",
                               "connected",
                               "connect failed",
                               "tick",
                               "idle timer",
                               "close_idle",
                               "shutdown"};
    return names[static_cast<std::size_t>(e)];
}

void expect(bool holds, char const* what)
{
    if (!holds) throw std::logic_error(what);
}

struct connection : pool_connection
{
    time_point opened;
    time_point last_used;
    bool short_lived = false;
    int idle_since = 0; // 0: not idle; else the order of becoming idle
};

struct waiter : pool_waiter
{
    bool asked = false; // it has asked, and has not ended
    bool told = false;  // it was woken
    bool fresh = false;
    int ticket = 0;
    connection* holds = nullptr; // granted or picked up
    connection* served = nullptr;
};

// The driver, without I/O, and a model of what must be true.
class world
{
public:
    std::vector<step> enabled() const
    {
        std::vector<step> steps;
        for (std::uint8_t i = 0; i < waiter_count; ++i)
            add_steps(steps, i);
        if (connecting_ > 0) add(steps, {event::connected, event::connect_failed});
        add(steps, {event::clock_tick, event::idle_timer, event::close_idle});
        if (!shut_) add(steps, {event::shutdown});
        return steps;
    }

    void apply(step s)
    {
        auto& w = waiters_[s.caller];
        switch (s.what) {
        case event::ask:
        case event::ask_fresh: ask(w, s.what == event::ask_fresh); break;
        case event::pick_up: pick_up(w); break;
        case event::cancel: cancel(w); break;
        case event::give_back: give_back(w, true, false); break;
        case event::give_back_short_lived: give_back(w, true, true); break;
        case event::give_back_broken: give_back(w, false, false); break;
        case event::give_back_unused: perform(pool_.returned_unused(release(w), now_)); break;
        case event::stale: stale(w); break;
        case event::connected: connected(); break;
        case event::connect_failed: connect_failed(); break;
        case event::clock_tick: now_ += tick; break;
        case event::idle_timer: idle_timer(); break;
        case event::close_idle:
            perform(pool_.close_idle());
            expect(pool_.counters().idle == 0, "idle after close_idle");
            break;
        case event::shutdown: shutdown(); break;
        }
    }

    // What must be true between two events.
    void check() const
    {
        if (auto const* fault = pool_state_check::of(pool_)) throw std::logic_error(fault);
        auto const counters = pool_.counters();
        expect(counters.open == connections_.size(), "lost count of the connections");
        expect(counters.connecting == connecting_, "lost count of the connects");
        expect(counters.idle == idle().size(), "a connection is neither idle nor owned");
        expect(connections_.size() + connecting_ <= max_connections, "over the limit");
        std::size_t waiting = 0;
        for (auto const& w : waiters_) {
            auto const s = w.state();
            expect(w.asked == (s != pool_wait::none), "ended without a word, or not at all");
            expect(w.told == (s != pool_wait::none && s != pool_wait::waiting), "told, and waits");
            if (s == pool_wait::waiting) ++waiting;
        }
        expect(counters.waiting == waiting, "lost count of the waiters");
        // A waiter has a connect in progress, or all connections are in use.
        expect(waiting <= connecting_ ||
                   (connections_.size() + connecting_ == max_connections && idle().empty()),
               "waits for nothing");
    }

    std::string key() const
    {
        std::string k;
        std::vector<std::string> unordered;
        std::vector<waiter const*> queue;
        for (auto const& w : waiters_) {
            if (w.state() == pool_wait::waiting)
                queue.push_back(&w);
            else if (w.told)
                unordered.push_back(w.served ? attributes(*w.served).insert(0, 1, 'S') : outcome(w));
            else if (w.holds)
                unordered.push_back(attributes(*w.holds).insert(0, 1, 'H'));
        }
        std::sort(unordered.begin(), unordered.end());
        for (auto const& text : unordered)
            k += text;
        std::sort(queue.begin(), queue.end(), [](auto a, auto b) { return a->ticket < b->ticket; });
        for (auto const* w : queue)
            k += w->fresh ? 'f' : 'a';
        for (auto const* c : idle())
            k += 'I' + attributes(*c);
        k += 'd' + std::to_string(connecting_) + (shut_ ? "x" : "");
        if (pool_.idle_limit() != limits().idle_timeout)
            k += 'l' + std::to_string(pool_.idle_limit() / 1s) + '@' +
                 std::to_string(ticks_since(learned_at_));
        return k;
    }

private:
    static void add(std::vector<step>& steps, std::initializer_list<event> events, std::uint8_t caller = 0)
    {
        for (auto e : events)
            steps.push_back({e, caller});
    }

    void add_steps(std::vector<step>& steps, std::uint8_t i) const
    {
        auto const& w = waiters_[i];
        if (w.holds) {
            add(steps,
                {event::give_back, event::give_back_short_lived, event::give_back_broken,
                 event::give_back_unused},
                i);
            if (w.holds->reused()) add(steps, {event::stale}, i);
        } else if (w.state() == pool_wait::none) {
            add(steps, {event::ask, event::ask_fresh}, i);
        } else {
            add(steps, {event::cancel}, i);
            if (w.told) add(steps, {event::pick_up}, i);
        }
    }

    int ticks_since(time_point t) const
    {
        return static_cast<int>(std::min((now_ - t) / tick, std::int64_t{3}));
    }

    // All that can decide about a connection's future.
    std::string attributes(connection const& c) const
    {
        std::string text{c.reused() ? 'r' : 'n'};
        text += std::to_string(ticks_since(c.last_used)) + std::to_string(ticks_since(c.opened));
        if (c.short_lived) text += 'k';
        if (c.idle_since == 0) text += 'i' + std::to_string(std::min(c.idle_age() / tick, std::int64_t{3}));
        return text;
    }

    static std::string outcome(waiter const& w) { return w.state() == pool_wait::failed ? "F" : "C"; }

    std::vector<connection const*> idle() const
    {
        std::vector<connection const*> result;
        for (auto const& c : connections_)
            if (c->idle_since != 0) result.push_back(c.get());
        std::sort(result.begin(), result.end(), [](auto a, auto b) { return a->idle_since < b->idle_since; });
        return result;
    }

    bool has_owner(connection const& c) const
    {
        return std::any_of(waiters_.begin(), waiters_.end(),
                           [&](auto const& w) { return w.holds == &c || w.served == &c; });
    }

    bool good(connection const& c) const
    {
        auto limit = std::min<std::chrono::nanoseconds>(pool_.idle_limit(), c.short_lived ? 30s : 60s);
        return now_ - c.last_used < limit && now_ - c.opened < limits().max_age;
    }

    void ask(waiter& w, bool fresh)
    {
        expect(!w.asked && !w.told, "asks twice");
        auto candidates = idle();
        w.asked = true;
        w.fresh = fresh;
        w.ticket = ++tickets_;
        auto actions = pool_.ask(w, now_, fresh);
        expect(actions.wake == (w.state() == pool_wait::waiting ? nullptr : &w), "neither waits nor ends");
        expect((w.state() == pool_wait::closed) == shut_, "refused, and not shut down");
        std::erase_if(candidates, [this](auto const* c) { return !good(*c); });
        bool const served = w.state() == pool_wait::served;
        expect(fresh || shut_ || candidates.empty() || served, "passes by a good idle connection");
        if (std::exchange(actions.wake, nullptr)) {
            w.asked = false;
            auto* const c = pool_.picked_up(w);
            expect((c != nullptr) == served, "served without a connection");
            if (served) {
                expect(!fresh, "a fresh one from the idle ones");
                expect(c == candidates.back(), "not the youngest good one");
                w.holds = &hand_out(own(*c));
            }
        }
        perform(std::move(actions));
    }

    void pick_up(waiter& w)
    {
        expect(w.asked && w.told, "was not told");
        w.asked = w.told = false;
        auto* c = pool_.picked_up(w);
        expect(c == w.served, "picks up another connection");
        w.holds = std::exchange(w.served, nullptr);
        expect(w.state() == pool_wait::none, "not done after picking up");
    }

    void cancel(waiter& w)
    {
        expect(w.asked, "ended before");
        w.asked = w.told = false;
        w.served = nullptr;
        perform(pool_.cancelled(w, now_));
        expect(w.state() == pool_wait::none, "not done after a cancellation");
    }

    connection& release(waiter& w) { return *std::exchange(w.holds, nullptr); }

    void give_back(waiter& w, bool reusable, bool short_lived)
    {
        auto& c = release(w);
        if (reusable) c.last_used = now_;
        if (short_lived) c.short_lived = true;
        auto timeout = short_lived ? std::optional(31s) : std::nullopt;
        perform(pool_.returned(c, reusable, now_, timeout));
    }

    void stale(waiter& w)
    {
        auto& c = release(w);
        auto const last_used = c.last_used;
        if (c.idle_age() >= tick) learned_at_ = now_;
        perform(pool_.stale(c, now_));
        for (auto const* other : idle())
            expect(other->last_used > last_used, "keeps an elder of a stale one");
    }

    void connected()
    {
        --connecting_;
        connections_.push_back(std::make_unique<connection>());
        auto& c = *connections_.back();
        c.opened = c.last_used = now_;
        perform(pool_.connected(c, now_, 0.5));
    }

    void connect_failed()
    {
        --connecting_;
        auto const* oldest = next(true);
        auto actions = pool_.connect_failed();
        expect(actions.wake == oldest, "the failed one is not the oldest");
        perform(std::move(actions));
    }

    void idle_timer()
    {
        perform(pool_.sweep(now_));
        for (auto const* c : idle())
            expect(good(*c), "swept, but kept");
    }

    void shutdown()
    {
        shut_ = true;
        perform(pool_.shutdown([](pool_waiter& told) {
            auto& w = static_cast<waiter&>(told);
            expect(w.state() == pool_wait::closed && w.asked && !w.told, "told twice");
            w.told = true;
        }));
        for (auto const& w : waiters_)
            expect(w.state() != pool_wait::waiting, "waits after the shutdown");
    }

    connection& own(pool_connection& c)
    {
        for (auto const& mine : connections_)
            if (mine.get() == &c) return *mine;
        throw std::logic_error("a connection that was closed");
    }

    connection& hand_out(connection& c)
    {
        expect(!has_owner(c), "handed out twice");
        expect(good(c), "handed out past its limits");
        c.idle_since = 0;
        return c;
    }

    // The oldest waiter, of those that take a used connection or of all.
    waiter const* next(bool all) const
    {
        waiter const* result = nullptr;
        for (auto const& w : waiters_)
            if (w.asked && !w.told && (all || !w.fresh) && (!result || w.ticket < result->ticket))
                result = &w;
        return result;
    }

    void perform(pool_actions actions)
    {
        if (actions.connect) expect(pool_.counters().waiting >= ++connecting_, "a connect without a waiter");
        while (!actions.close.empty()) {
            auto& c = own(actions.close.front());
            actions.close.pop_front();
            expect(!has_owner(c), "closed under its owner");
            std::erase_if(connections_, [&](auto const& mine) { return mine.get() == &c; });
        }
        if (actions.wake) wake(static_cast<waiter&>(*actions.wake));
        for (auto const& c : connections_)
            if (c->idle_since == 0 && !has_owner(*c)) c->idle_since = ++idles_;
    }

    void wake(waiter& w)
    {
        expect(w.asked && !w.told, "told twice, or after its end");
        if (w.state() == pool_wait::served) {
            // Its connection is the one without an owner that was not idle before.
            for (auto const& c : connections_)
                if (c->idle_since == 0 && !has_owner(*c)) {
                    expect(w.served == nullptr, "a connection is lost");
                    expect(&w == next(!c->reused()), "overtaken");
                    expect(!w.fresh || !c->reused(), "a used one for a caller that wants a fresh one");
                    w.served = &hand_out(*c);
                }
            expect(w.served != nullptr, "served with nothing");
        } else {
            expect(w.state() == pool_wait::failed, "woken for nothing");
        }
        w.told = true;
    }

    // The nodes outlive the state that links them.
    std::vector<std::unique_ptr<connection>> connections_;
    std::array<waiter, waiter_count> waiters_;
    pool_state pool_{limits(), 2 * tick};
    time_point now_{1h};
    time_point learned_at_{};
    std::size_t connecting_ = 0;
    int tickets_ = 0;
    int idles_ = 0;
    bool shut_ = false;
};

struct visited
{
    std::uint32_t parent;
    step last;
};

std::vector<step> path_to(std::vector<visited> const& states, std::uint32_t state)
{
    std::vector<step> path;
    for (; state != 0; state = states[state].parent)
        path.push_back(states[state].last);
    std::reverse(path.begin(), path.end());
    return path;
}

std::string describe(std::vector<step> const& path)
{
    std::string text;
    for (auto const& s : path)
        text += std::string(name(s.what)) + ' ' + std::to_string(s.caller) + "; ";
    return text;
}

} // namespace

TEST_CASE("pool_state: every order of events for 2 connections and 3 waiters")
{
    std::vector<visited> states{{0, {}}};
    std::unordered_set<std::string> known{world().key()};
    std::size_t transitions = 0;
    std::size_t depth = 0;
    for (std::uint32_t at = 0; at < states.size(); ++at) {
        auto path = path_to(states, at);
        depth = path.size();
        auto replayed = [&] {
            auto w = std::make_unique<world>();
            for (auto s : path)
                w->apply(s);
            return w;
        };
        for (auto s : replayed()->enabled()) {
            auto w = replayed();
            ++transitions;
            try {
                w->apply(s);
                w->check(); // the steps before were checked when their states were found
            } catch (std::exception const& e) {
                path.push_back(s);
                FAIL(e.what() << " after: " << describe(path));
            }
            if (known.insert(w->key()).second) states.push_back({at, s});
        }
    }
    std::cout << "pool_state: " << states.size() << " states, " << transitions << " transitions, depth "
              << depth << '\n';
    CHECK(states.size() > 1000);
}
