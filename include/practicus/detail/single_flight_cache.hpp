// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/flight.hpp>
#include <practicus/detail/flight_state.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace practicus::inline v1::detail {

/// What a flight brings.
template <class Handle>
struct brought
{
    Handle value{};
    lifespan life;
};

/// Does the work of the flight that has this ticket, in the client's context. `unwanted` is the value that it
/// shall bring another for, perhaps empty: another process may have that still.
template <class Handle>
using flight_work = std::function<asio::awaitable<brought<Handle>>(flight_ticket, Handle unwanted)>;

/// What is kept beside a key's `flight_state`.
template <class Handle>
struct flight_extra
{
    /// Null while nobody waits.
    std::shared_ptr<flight<Handle>> waiters;
    /// Only while a flight is under way: it holds the client's state, which holds this.
    flight_work<Handle> work;
};

/// A key's state where there is one key only; in the shape of `keyed_flights::entry`.
template <class Handle>
struct single_entry
{
    flight_state<Handle> state;
    flight_extra<Handle> extra;
};

/// What to do for somebody who asked; `value` is there, or `joined` is to be waited for, or `error` thrown.
template <class Handle>
class asked
{
public:
    asked() = default;
    asked(flight_decision<Handle> const& d, std::shared_ptr<flight<Handle>> wait)
        : value(d.value), joined(std::move(wait)), error(d.error)
    {}

    /// The value, or empty if it is to be waited for. Throws an error that is replayed.
    Handle const& served() const
    {
        if (error) throw practicus::error(error);
        return value;
    }

    Handle value{};
    std::shared_ptr<flight<Handle>> joined;
    std::shared_ptr<error_info const> error;
};

/// Adds the counters and the entries of another cache.
inline void add(cache_stats& all, cache_stats const& more)
{
    all.entries += more.entries;
    all.hits += more.hits;
    all.misses += more.misses;
    all.fetches += more.fetches;
    all.renewals += more.renewals;
    all.failures += more.failures;
    all.replays += more.replays;
    all.evictions += more.evictions;
    if (more.age) all.age = std::max(all.age.value_or(*more.age), *more.age);
    if (more.remaining) all.remaining = std::min(all.remaining.value_or(*more.remaining), *more.remaining);
    if (more.last_error) all.last_error = more.last_error;
}

/// Adds an entry to a snapshot.
template <class Handle>
void see(cache_stats& all, flight_state<Handle> const& one, time_point now)
{
    if (!one.value() || one.life().has_ended(now)) return;
    ++all.entries;
    if (one.life().ends() == time_point::max()) return;
    cache_stats it;
    it.age = now - one.life().born();
    it.remaining = one.life().ends() - now;
    add(all, it);
}

/// Does what `flight_state` decides for one kind of thing: starts flights in the client's context, and wakes
/// those who wait. A flight is the client's: it has a limit of its own, and survives who caused it.
///
/// The mutex is its owner's, and guards the entries and the counters. `Entry` has `state` and `extra` (or
/// something with the members of `flight_extra`). Each `work` keeps the owner alive.
template <class Entry, class Handle>
class flight_driver
{
public:
    using entry_ptr = std::shared_ptr<Entry>;
    using work = flight_work<Handle>;

    flight_driver(std::shared_ptr<runtime> home, std::mutex& mutex) : home_(std::move(home)), mutex_(mutex) {}
    flight_driver(flight_driver const&) = delete;
    flight_driver& operator=(flight_driver const&) = delete;

    /// Called under the mutex when a flight that counts has ended and the entry's state is what it is now.
    std::function<void(entry_ptr const&, flight_end const&)> on_landed;

    /// `find()` gives the entry and `decide(state)` says what to do, both under one hold of the mutex:
    /// between the two, the key must not get another entry. `make()` gives the work, where a flight is to be
    /// started.
    template <class Find, class Decide, class Make>
    asked<Handle> ask(Find find, Decide decide, Make make)
    {
        flight_decision<Handle> d;
        asked<Handle> result;
        entry_ptr e;
        work todo;
        Handle unwanted{};
        {
            std::lock_guard lock(mutex_);
            e = find();
            d = decide(e->state);
            count(d);
            result = asked<Handle>(d, waiters_of(*e, d));
            if (starts(d)) {
                todo = e->extra.work = make();
                unwanted = e->state.unwanted();
            }
        }
        if (todo) launch(e, d.ticket, std::move(todo), std::move(unwanted));
        return result;
    }

    /// Starts the flight that takes the place of one that is void.
    void restart(entry_ptr const& e, flight_ticket ticket)
    {
        work todo;
        {
            std::lock_guard lock(mutex_);
            if (!e->state.is_current(ticket)) return;
            ++counts_.fetches;
            todo = e->extra.work;
        }
        launch(e, ticket, std::move(todo), Handle());
    }

    /// Something else brought the value that they wait for. Under the mutex; `succeed` what it returns after.
    static std::shared_ptr<flight<Handle>> take_waiters(Entry& e)
    {
        e.extra.work = nullptr;
        return std::exchange(e.extra.waiters, nullptr);
    }

    /// Under the mutex.
    cache_stats const& counts() const noexcept { return counts_; }

private:
    static bool starts(flight_decision<Handle> const& d) noexcept
    {
        return d.action == flight_action::fetch || d.action == flight_action::serve_and_renew;
    }

    void count(flight_decision<Handle> const& d) noexcept
    {
        if (d.action == flight_action::serve || d.action == flight_action::serve_and_renew) ++counts_.hits;
        if (d.action == flight_action::fetch || d.action == flight_action::join) ++counts_.misses;
        if (d.action == flight_action::fetch) ++counts_.fetches;
        if (d.action == flight_action::serve_and_renew) ++counts_.renewals;
        if (d.action == flight_action::fail) ++counts_.replays;
    }

    static std::shared_ptr<flight<Handle>> waiters_of(Entry& e, flight_decision<Handle> const& d)
    {
        if (d.action != flight_action::fetch && d.action != flight_action::join) return nullptr;
        if (!e.extra.waiters) e.extra.waiters = std::make_shared<flight<Handle>>();
        return e.extra.waiters;
    }

    /// Ends a flight whatever becomes of its coroutine: one that is destroyed with its context leaves
    /// `operation_aborted` behind.
    class landing
    {
    public:
        landing(flight_driver& driver, entry_ptr e, flight_ticket ticket, work todo, Handle unwanted)
            : driver_(driver), entry_(std::move(e)), ticket_(ticket), work_(std::move(todo)),
              unwanted_(std::move(unwanted))
        {}
        landing(landing const&) = delete;
        landing& operator=(landing const&) = delete;

        ~landing()
        {
            error_info info;
            info.code = asio::error::operation_aborted;
            if (!landed_) fail(std::make_shared<error_info const>(std::move(info)));
        }

        asio::awaitable<brought<Handle>> begin() const { return work_(ticket_, unwanted_); }

        void succeed(brought<Handle> const& got)
        {
            land([&](flight_state<Handle>& state, time_point now, double random) {
                return state.answer(ticket_, got.value, got.life, now, random);
            });
        }

        void fail(std::shared_ptr<error_info const> why)
        {
            land([&](flight_state<Handle>& state, time_point now, double random) {
                return state.failed(ticket_, std::move(why), now, random);
            });
        }

    private:
        template <class Decide>
        void land(Decide decide)
        {
            landed_ = true;
            std::shared_ptr<flight<Handle>> waiters;
            // Let go after the mutex: it may hold the last handle on its owner.
            work done;
            flight_end end;
            Handle value;
            {
                std::lock_guard lock(driver_.mutex_);
                end = decide(entry_->state, driver_.home_->time().now(), driver_.home_->random().next());
                if (end.outcome == flight_outcome::ignored) return;
                done = std::move(entry_->extra.work);
                waiters = take_waiters(*entry_);
                value = entry_->state.value();
                if (end.outcome == flight_outcome::failed) {
                    ++driver_.counts_.failures;
                    driver_.counts_.last_error = end.error->code;
                }
                if (driver_.on_landed) driver_.on_landed(entry_, end);
            }
            if (!waiters) return;
            if (end.outcome == flight_outcome::served)
                waiters->succeed(std::move(value));
            else
                waiters->fail(std::move(end.error));
        }

        flight_driver& driver_;
        entry_ptr entry_;
        flight_ticket ticket_;
        // Keeps the driver's owner alive.
        work work_;
        Handle unwanted_;
        bool landed_ = false;
    };

    void launch(entry_ptr const& e, flight_ticket ticket, work todo, Handle unwanted)
    {
        // Before anything is posted: what is dropped before it has begun must end as well.
        auto const end = std::make_shared<landing>(*this, e, ticket, std::move(todo), std::move(unwanted));
        home_->spawn([end, owner = home_->limits()] { return run(end, owner); });
    }

    static asio::awaitable<void> run(std::shared_ptr<landing> end, std::shared_ptr<sweeper> owner)
    {
        sweeper::activity const running(std::move(owner));
        std::shared_ptr<error_info const> failure;
        try {
            auto const got = co_await end->begin();
            end->succeed(got);
        } catch (...) {
            failure = current_error_info();
        }
        if (failure) end->fail(std::move(failure));
    }

    std::shared_ptr<runtime> home_;
    std::mutex& mutex_;
    cache_stats counts_;
};

} // namespace practicus::inline v1::detail
