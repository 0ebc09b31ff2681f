// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/pool/idle_limit.hpp>
#include <practicus/detail/pool/pool_node.hpp>
#include <practicus/observer.hpp>

#include <boost/assert.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The policy of one origin's pool: which waiter gets which connection, when to connect, and which
/// connections to close. Does no I/O, reads no clock, allocates nothing and never throws. Every event is
/// O(1), except for `stale` and those that close many connections.
///
/// Rules:
/// - Idle connections are leased youngest first; a returned one goes directly to the oldest waiter.
/// - A connect starts only while waiters outnumber connects and there is room. It belongs to the pool, not to
///   the waiter that caused it. If that waiter leaves or gets a returned connection, the new one goes to the
///   oldest waiter, or becomes idle.
/// - A failed connect fails only the oldest waiter. The waiter's operation decides about a retry within its
///   budget. The others keep their places; if they again outnumber the connects, another starts. So an origin
///   that is down fails all waiters, with at most `max_connections` connects at a time.
/// - A waiter may request a `fresh` connection, never used or idle (the resend after a stale hit). It keeps
///   its place in the queue. If it is the oldest and has no connect, the next returned connection is closed
///   to make room for one.
/// - A cancelled waiter that was already served passes its connection on like a returned one.
/// - Idle connections are closed at their `idle_limit`, or earlier at the server's `Keep-Alive: timeout`. A
///   stale hit also evicts connections that were idle for as long.
///
/// Thread safety: none. The driver holds a mutex over each call, and acts after unlocking. Time need not be
/// exact, and may step back a little between threads. The state must be destroyed before the nodes that it
/// links.
class pool_state
{
public:
    using duration = std::chrono::nanoseconds;

    /// A learned idle limit doubles, up to the option's, after `recovery` without a stale hit.
    explicit pool_state(pool_options const& limits, duration recovery = std::chrono::minutes(10)) noexcept
        : max_(limits.max_connections != 0 ? limits.max_connections
                                           : std::numeric_limits<std::size_t>::max()),
          age_(limits.max_age < std::chrono::hours(24 * 365) ? limits.max_age : duration::zero()),
          idle_limit_(limits.idle_timeout.count() != 0 ? limits.idle_timeout : duration::max(), recovery)
    {}

    pool_state(pool_state const&) = delete;
    pool_state& operator=(pool_state const&) = delete;

    /// Grants an idle connection immediately, or none.
    [[nodiscard]] pool_actions take(time_point now) noexcept
    {
        pool_actions actions;
        if (!shut_) grant_idle(now, actions);
        if (actions.granted != nullptr) ++reuses_;
        return actions;
    }

    /// Requests a connection: queues `waiter`, or wakes it at once, with an idle connection or as the pool is
    /// shut down.
    [[nodiscard]] pool_actions ask(pool_waiter& waiter, time_point now, bool fresh = false) noexcept
    {
        BOOST_ASSERT(waiter.state_ == pool_wait::none);
        pool_actions actions;
        if (shut_) {
            waiter.state_ = pool_wait::closed;
            actions.wake = &waiter;
            return actions;
        }
        if (fresh)
            evict_unusable(now, actions);
        else
            grant_idle(now, actions);
        if (actions.granted != nullptr) {
            serve(waiter, *std::exchange(actions.granted, nullptr), actions);
            return actions;
        }
        waiter.state_ = pool_wait::waiting;
        waiter.ticket_ = ++tickets_;
        waiter.fresh_ = fresh;
        queue_of(waiter).push_back(waiter);
        connect_if_needed(actions);
        return actions;
    }

    /// Records a successful connect. `jitter` is from U(0, 1).
    [[nodiscard]] pool_actions connected(pool_connection& connection, time_point now, double jitter) noexcept
    {
        BOOST_ASSERT(connecting_ > 0 && connection.place_ == pool_connection::place::outside);
        pool_actions actions;
        --connecting_;
        ++open_;
        connection.place_ = pool_connection::place::leased;
        connection.reused_ = false;
        connection.last_used_ = now;
        connection.keep_alive_ = duration::max();
        connection.retire_at_ = age_ == duration::zero() ? time_point::max() : now + jittered(age_, jitter);
        offer(connection, now, actions);
        return actions;
    }

    /// Records a failed connect. `wake` is the waiter that gets the error, if there is one.
    [[nodiscard]] pool_actions connect_failed() noexcept
    {
        BOOST_ASSERT(connecting_ > 0);
        pool_actions actions;
        --connecting_;
        ++connect_failures_;
        if (auto* waiter = oldest()) {
            leave_queue(*waiter, pool_wait::failed);
            actions.wake = waiter;
        }
        connect_if_needed(actions);
        return actions;
    }

    /// Takes a connection back after an exchange. `reusable` only after a complete response that leaves the
    /// connection open and no bytes behind. `keep_alive` is the response's `Keep-Alive: timeout`; a second
    /// less is used, or half of a short one.
    [[nodiscard]] pool_actions
    returned(pool_connection& connection, bool reusable, time_point now,
             std::optional<std::chrono::seconds> keep_alive = std::nullopt) noexcept
    {
        BOOST_ASSERT(connection.place_ == pool_connection::place::leased);
        pool_actions actions;
        if (!reusable) {
            drop(connection, actions);
            connect_if_needed(actions);
            return actions;
        }
        connection.reused_ = true;
        connection.last_used_ = now;
        if (keep_alive) connection.keep_alive_ = idle_limit::below(*keep_alive);
        offer(connection, now, actions);
        return actions;
    }

    /// Takes an untouched connection back: nothing was written or read.
    [[nodiscard]] pool_actions returned_unused(pool_connection& connection, time_point now) noexcept
    {
        BOOST_ASSERT(connection.place_ == pool_connection::place::leased);
        pool_actions actions;
        offer(connection, now, actions);
        return actions;
    }

    /// Records a stale hit: the server had closed a reused connection before the exchange or before the first
    /// byte of the response.
    [[nodiscard]] pool_actions stale(pool_connection& connection, time_point now) noexcept
    {
        BOOST_ASSERT(connection.place_ == pool_connection::place::leased && connection.reused_);
        pool_actions actions;
        ++stale_hits_;
        idle_limit_.learn(connection.idle_age_, now);
        evict_if(actions, [&](pool_connection const& c) { return c.last_used_ <= connection.last_used_; });
        drop(connection, actions);
        connect_if_needed(actions);
        return actions;
    }

    /// Removes a waiter in any state, after a cancellation or its deadline. Afterwards it is in state `none`.
    /// If it was served, its connection is passed on.
    [[nodiscard]] pool_actions cancelled(pool_waiter& waiter, time_point now) noexcept
    {
        pool_actions actions;
        auto const state = waiter.state_;
        if (state == pool_wait::waiting) leave_queue(waiter, pool_wait::none);
        waiter.state_ = pool_wait::none;
        if (state == pool_wait::served) offer(*std::exchange(waiter.connection_, nullptr), now, actions);
        return actions;
    }

    /// Takes the result of a woken waiter: its connection, or null. The reason is `state()`, read before.
    /// Afterwards the waiter is in state `none`.
    pool_connection* picked_up(pool_waiter& waiter) noexcept
    {
        BOOST_ASSERT(waiter.state_ != pool_wait::none && waiter.state_ != pool_wait::waiting);
        waiter.state_ = pool_wait::none;
        auto* const connection = std::exchange(waiter.connection_, nullptr);
        if (connection != nullptr && connection->reused_) ++reuses_;
        return connection;
    }

    /// Closes idle connections past their idle limit or age. For a timer.
    [[nodiscard]] pool_actions sweep(time_point now) noexcept
    {
        pool_actions actions;
        idle_limit_.recover(now);
        evict_if(actions, [&](pool_connection const& c) { return !usable(c, now); });
        return actions;
    }

    /// Closes all idle connections. Leased ones are unaffected, and may become idle later.
    [[nodiscard]] pool_actions close_idle() noexcept
    {
        pool_actions actions;
        evict_if(actions, [](pool_connection const&) { return true; });
        return actions;
    }

    /// Refuses all later requests, and closes idle and returned connections. Waiters get state `closed`, the
    /// oldest of each kind first, and are passed to `notify(waiter)`. This happens under the driver's lock: a
    /// cancellation must not interfere. Served waiters may still pick up. Idempotent.
    template <class Notify>
    [[nodiscard]] pool_actions shutdown(Notify&& notify)
    {
        shut_ = true;
        for (auto* queue : {&any_, &fresh_})
            while (!queue->empty()) {
                auto& waiter = queue->front();
                leave_queue(waiter, pool_wait::closed);
                notify(waiter);
            }
        return close_idle();
    }

    bool is_shut() const noexcept { return shut_; }

    /// Returns the learned idle limit of the origin; `duration::max()` means none.
    duration idle_limit() const noexcept { return idle_limit_.present(); }

    connection_stats counters() const noexcept
    {
        return {open_, idle_.size(), waiting(),   connecting_, connects_, connect_failures_,
                0,     reuses_,      stale_hits_, evictions_};
    }

private:
    friend class pool_state_check;

    static duration jittered(duration d, double jitter) noexcept
    {
        return duration(static_cast<duration::rep>(static_cast<double>(d.count()) * (0.9 + 0.2 * jitter)));
    }

    std::size_t waiting() const noexcept { return any_.size() + fresh_.size(); }

    pool_list<pool_waiter>& queue_of(pool_waiter const& w) noexcept { return w.fresh_ ? fresh_ : any_; }

    bool fresh_is_older() const noexcept
    {
        return !fresh_.empty() && (any_.empty() || fresh_.front().ticket_ < any_.front().ticket_);
    }

    pool_waiter* oldest() noexcept
    {
        if (fresh_is_older()) return &fresh_.front();
        return any_.empty() ? nullptr : &any_.front();
    }

    void leave_queue(pool_waiter& waiter, pool_wait state) noexcept
    {
        auto& queue = queue_of(waiter);
        queue.erase(queue.iterator_to(waiter));
        waiter.state_ = state;
    }

    bool usable(pool_connection const& c, time_point now) const noexcept
    {
        return now < c.retire_at_ && now - c.last_used_ < std::min(idle_limit_.present(), c.keep_alive_);
    }

    void evict_unusable(time_point now, pool_actions& actions) noexcept
    {
        idle_limit_.recover(now);
        while (!idle_.empty() && !usable(idle_.front(), now))
            evict(idle_.front(), actions);
    }

    void grant_idle(time_point now, pool_actions& actions) noexcept
    {
        evict_unusable(now, actions);
        while (!idle_.empty() && actions.granted == nullptr) {
            auto& connection = idle_.back();
            if (!usable(connection, now)) {
                evict(connection, actions);
                continue;
            }
            idle_.pop_back();
            lease(connection, now);
            actions.granted = &connection;
        }
    }

    void lease(pool_connection& connection, time_point now) noexcept
    {
        connection.place_ = pool_connection::place::leased;
        connection.idle_age_ = std::max(now - connection.last_used_, duration::zero());
    }

    static void serve(pool_waiter& waiter, pool_connection& connection, pool_actions& actions) noexcept
    {
        waiter.state_ = pool_wait::served;
        waiter.connection_ = &connection;
        actions.wake = &waiter;
    }

    /// Assigns an unused connection to a waiter or to the idle list, or closes it.
    void offer(pool_connection& connection, time_point now, pool_actions& actions) noexcept
    {
        if (shut_ || !usable(connection, now)) {
            if (!shut_) ++evictions_;
            drop(connection, actions);
            connect_if_needed(actions);
            return;
        }
        bool const owed_a_connect = fresh_is_older() && connecting_ < fresh_.size();
        auto* const waiter = !connection.reused_ ? oldest() : any_.empty() ? nullptr : &any_.front();
        if (connection.reused_ && owed_a_connect) {
            ++evictions_;
            drop(connection, actions);
            connect_if_needed(actions);
        } else if (waiter != nullptr) {
            leave_queue(*waiter, pool_wait::none);
            lease(connection, now);
            serve(*waiter, connection, actions);
        } else {
            connection.place_ = pool_connection::place::idle;
            connection.reused_ = true;
            idle_.push_back(connection);
        }
    }

    /// With an idle connection present, only `fresh` waiters wait. The longest idle connection makes room for
    /// their connect.
    void connect_if_needed(pool_actions& actions) noexcept
    {
        if (waiting() <= connecting_) return;
        if (open_ + connecting_ >= max_) {
            if (idle_.empty()) return;
            evict(idle_.front(), actions);
        }
        ++connecting_;
        ++connects_;
        actions.connect = true;
    }

    void drop(pool_connection& connection, pool_actions& actions) noexcept
    {
        BOOST_ASSERT(open_ > 0);
        --open_;
        connection.place_ = pool_connection::place::outside;
        actions.close.push_back(connection);
    }

    void evict(pool_connection& connection, pool_actions& actions) noexcept
    {
        idle_.erase(idle_.iterator_to(connection));
        ++evictions_;
        drop(connection, actions);
    }

    template <class Predicate>
    void evict_if(pool_actions& actions, Predicate predicate) noexcept
    {
        for (auto it = idle_.begin(); it != idle_.end();) {
            auto& connection = *it++;
            if (predicate(connection)) evict(connection, actions);
        }
    }

    std::size_t const max_;
    duration const age_;
    detail::idle_limit idle_limit_;
    pool_list<pool_connection> idle_; // longest idle first
    pool_list<pool_waiter> any_;      // oldest first
    pool_list<pool_waiter> fresh_;    // waiters for a new connection
    std::size_t open_ = 0;
    std::size_t connecting_ = 0;
    std::uint64_t tickets_ = 0;
    std::uint64_t connects_ = 0;
    std::uint64_t connect_failures_ = 0;
    std::uint64_t reuses_ = 0;
    std::uint64_t evictions_ = 0;
    std::uint64_t stale_hits_ = 0;
    bool shut_ = false;
};

}}} // namespace practicus::v1::detail
