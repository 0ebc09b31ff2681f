// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/shared_patience.hpp>
#include <practicus/detail/tokens/flight_state.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The result of a flight.
template <class Handle>
struct fetch_result
{
    Handle value{};
    lifespan life;
};

/// The work of the flight with this ticket, run in the client's context. `rejected_value` is the value to
/// replace, perhaps empty; another process may still have it.
template <class Handle>
struct flight_work : std::function<asio::awaitable<result<fetch_result<Handle>>>(flight_ticket, Handle)>
{
    using flight_work::function::function;

    /// Of a flight that a patient caller began; else null.
    std::shared_ptr<shared_patience> patience;
};

/// The result of a lookup: a `value`, a flight to wait for (`joined`), or an `error`.
template <class Handle>
class lookup
{
public:
    lookup() = default;
    lookup(flight_decision<Handle>&& d, std::shared_ptr<flight<Handle>> wait)
        : value(std::move(d.value)), joined(std::move(wait)), error(std::move(d.error))
    {}

    Handle value{};
    std::shared_ptr<flight<Handle>> joined;
    /// Of the joined flight, if a patient caller began it.
    std::shared_ptr<shared_patience> patience;
    failure error;
};

/// Returns the value, waiting for it until `at`.
template <class Handle>
asio::awaitable<result<Handle>> wait_for(lookup<Handle> found, std::shared_ptr<deadline_service> owner,
                                         time_point at)
{
    if (found.error) co_return found.error;
    if (found.value) co_return std::move(found.value);
    co_return co_await flight<Handle>::join(found.joined, std::move(owner), at);
}

/// Adds the counters and entries of another cache.
inline cache_stats& operator+=(cache_stats& all, cache_stats const& more)
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
    return all;
}

/// Adds one entry to a snapshot.
template <class Handle>
void accumulate(cache_stats& all, flight_state<Handle> const& one, time_point now)
{
    if (!one.value() || one.life().has_ended(now)) return;
    ++all.entries;
    if (one.life().ends() == time_point::max()) return;
    cache_stats it;
    it.age = now - one.life().issued_at();
    it.remaining = one.life().ends() - now;
    all += it;
}

/// Executes the decisions of `flight_state` for one kind of value: starts flights in the client's context and
/// wakes waiters. A flight has its own limit and outlives the caller that caused it. Each flight ends, if
/// memory runs out with that error.
///
/// The mutex belongs to the owner and guards the entries and the counters. `Entry` is `flight_entry` or
/// derived from it. Each `work` keeps the owner alive.
template <class Entry>
class flight_driver
{
public:
    using handle = typename Entry::handle;
    using entry_ptr = std::shared_ptr<Entry>;
    using work_ptr = std::shared_ptr<flight_work<handle> const>;

    flight_driver(std::shared_ptr<client_runtime> runtime, std::mutex& mutex)
        : runtime_(std::move(runtime)), mutex_(mutex)
    {}
    flight_driver(flight_driver const&) = delete;
    flight_driver& operator=(flight_driver const&) = delete;

    /// Called under the mutex after a flight that was not void has ended and the entry was updated. Must not
    /// throw.
    std::function<void(entry_ptr const&, flight_end const&)> on_complete;

    /// Calls `find()` for the entry and `decide(state)` for the action under one lock, so that
    /// the key cannot get another entry in between. Calls `make()` for the work if a flight is to be started.
    template <class Find, class Decide, class Make>
    lookup<handle> ask(Find find, Decide decide, Make make)
    {
        started begun(*this);
        std::unique_lock lock(mutex_);
        auto const& e = find();
        flight_decision<handle> d = decide(e->state);
        bool const starting = starts(d);
        if (starting) begun.arm(e, d.ticket);
        count(d);
        auto waiters = waiters_of(*e, d);
        lookup<handle> result(std::move(d), std::move(waiters));
        if (starting) {
            e->work = std::make_shared<flight_work<handle> const>(make());
            begun.prepare();
        }
        if (result.joined && e->work) result.patience = e->work->patience;
        lock.unlock();
        begun.launch();
        return result;
    }

    /// Starts the flight that replaces a void one, if it is still current.
    void restart(entry_ptr const& e, flight_ticket ticket) noexcept
    {
        started begun(*this);
        {
            std::lock_guard lock(mutex_);
            if (!e->state.is_current(ticket)) return;
            ++counts_.fetches;
            begun.arm(e, ticket);
            begun.prepare();
        }
        begun.launch();
    }

    /// Handles a login or a logout, under the mutex; the flight becomes void. With `again` and waiting
    /// callers, returns the ticket for `restart`, at most `most_restarts` times in a row: callbacks may log
    /// in. Otherwise adds the waiters to `ended` and returns 0.
    flight_ticket credentials_changed(Entry& e, bool keep, bool again, ended_flights& ended) noexcept
    {
        // Only waiters share its ownership.
        bool const is_wanted = e.waiters && e.waiters.use_count() > 1;
        auto const ticket =
            e.state.credentials_changed(keep, again && is_wanted && e.restarts < most_restarts);
        if (ticket != 0)
            ++e.restarts;
        else
            ended.add(take_waiters(e));
        return ticket;
    }

    /// Detaches the waiters when their value came from elsewhere. Call under the mutex; call `succeed` on the
    /// result after unlocking.
    static std::shared_ptr<flight<handle>> take_waiters(Entry& e) noexcept
    {
        e.work = nullptr;
        e.restarts = 0;
        return std::exchange(e.waiters, nullptr);
    }

    /// Call under the mutex.
    cache_stats const& counts() const noexcept { return counts_; }

private:
    static bool starts(flight_decision<handle> const& d) noexcept
    {
        return d.action == flight_action::fetch || d.action == flight_action::serve_and_renew;
    }

    void count(flight_decision<handle> const& d) noexcept
    {
        if (d.action == flight_action::serve || d.action == flight_action::serve_and_renew) ++counts_.hits;
        if (d.action == flight_action::fetch || d.action == flight_action::join) ++counts_.misses;
        if (d.action == flight_action::fetch) ++counts_.fetches;
        if (d.action == flight_action::serve_and_renew) ++counts_.renewals;
        if (d.action == flight_action::fail) ++counts_.replays;
    }

    static std::shared_ptr<flight<handle>> waiters_of(Entry& e, flight_decision<handle> const& d)
    {
        if (d.action != flight_action::fetch && d.action != flight_action::join) return nullptr;
        if (!e.waiters) e.waiters = std::make_shared<flight<handle>>();
        return e.waiters;
    }

    /// Ends a flight: `decide(state)` returns its effect, under the mutex. Waiters are woken after unlocking.
    template <class Decide>
    void complete(entry_ptr const& e, Decide decide) noexcept
    {
        std::shared_ptr<flight<handle>> waiters;
        // Destroyed after unlocking: it may hold the last reference to the owner of the mutex.
        work_ptr done;
        flight_end end;
        handle value;
        {
            std::lock_guard lock(mutex_);
            end = decide(e->state, runtime_->time().now(), runtime_->random().next());
            if (end.outcome == flight_outcome::ignored) return;
            done = std::move(e->work);
            waiters = take_waiters(*e);
            value = e->state.value();
            if (end.outcome == flight_outcome::failed) {
                ++counts_.failures;
                counts_.last_error = end.error->code;
            }
            if (on_complete) on_complete(e, end);
        }
        if (!waiters) return;
        if (end.outcome == flight_outcome::served)
            waiters->succeed(std::move(value));
        else
            waiters->fail(std::move(end.error));
    }

    void fail(entry_ptr const& e, flight_ticket ticket, failure why) noexcept
    {
        complete(e, [&](flight_state<handle>& state, time_point now, double random) noexcept {
            return state.failed(ticket, std::move(why), now, random);
        });
    }

    /// A running flight.
    class target
    {
    public:
        target(flight_driver& driver, entry_ptr e, flight_ticket ticket, work_ptr todo,
               handle rejected_value) noexcept
            : driver_(driver), entry_(std::move(e)), ticket_(ticket), work_(std::move(todo)),
              rejected_(std::move(rejected_value))
        {}

        asio::awaitable<result<fetch_result<handle>>> begin() const { return (*work_)(ticket_, rejected_); }

        void succeed(fetch_result<handle> const& got) noexcept
        {
            driver_.complete(entry_,
                             [&](flight_state<handle>& state, time_point now, double random) noexcept {
                                 return state.answer(ticket_, got.value, got.life, now, random);
                             });
        }

        /// Has no effect on a flight that has ended.
        void fail(failure why) noexcept { driver_.fail(entry_, ticket_, std::move(why)); }

    private:
        flight_driver& driver_;
        entry_ptr entry_;
        flight_ticket ticket_;
        // Keeps the driver's owner alive.
        work_ptr work_;
        handle rejected_;
    };

    using completion = flight_promise<handle, target>;

    /// RAII: a flight that its entry has begun fails if its coroutine cannot be started.
    class started
    {
    public:
        explicit started(flight_driver& driver) noexcept : driver_(driver) {}
        started(started const&) = delete;
        started& operator=(started const&) = delete;

        ~started()
        {
            if (entry_) driver_.fail(entry_, ticket_, fixed_error<boost::system::errc::not_enough_memory>());
        }

        /// Call under the mutex.
        void arm(entry_ptr e, flight_ticket ticket) noexcept
        {
            entry_ = std::move(e);
            ticket_ = ticket;
        }

        /// Call under the mutex, once the entry has its work.
        void prepare() noexcept
        {
            work_ = entry_->work;
            rejected_ = entry_->state.rejected_value();
        }

        /// Starts the coroutine if `arm` was called. Call after unlocking.
        void launch() noexcept
        {
            // Without work, memory was refused for it: the destructor reports that.
            if (!entry_ || !work_) return;
            std::shared_ptr<completion> end;
            try {
                // Made before anything is posted: a discarded coroutine must also end the flight.
                end = std::make_shared<completion>(
                    std::make_shared<target>(driver_, entry_, ticket_, work_, rejected_));
                spawn_into(*driver_.runtime_, end, [end] { return (*end)->begin(); });
                entry_.reset();
            } catch (...) {
                // Before the destruction of `end`, which fails the flight as aborted.
                driver_.fail(entry_, ticket_, as_failure(std::current_exception()));
            }
        }

    private:
        flight_driver& driver_;
        entry_ptr entry_;
        flight_ticket ticket_ = 0;
        work_ptr work_;
        handle rejected_{};
    };

    // Ample for any program. Without a limit, a callback that logs in could make callers wait forever.
    static constexpr std::uint8_t most_restarts = 8;

    std::shared_ptr<client_runtime> runtime_;
    std::mutex& mutex_;
    cache_stats counts_;
};

}}} // namespace practicus::v1::detail
