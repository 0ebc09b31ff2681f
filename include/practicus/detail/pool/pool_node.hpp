// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <chrono>
#include <cstdint>

namespace practicus { inline namespace v1 { namespace detail {

class pool_state;
class pool_state_check;

/// Has its own tag, because the driver's types may be in other lists as well.
using pool_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<pool_state>,
                                                   boost::intrusive::link_mode<boost::intrusive::safe_link>>;

template <class Node>
using pool_list = boost::intrusive::list<Node, boost::intrusive::base_hook<pool_hook>>;

/// The pool's data of a connection. The driver derives from it and owns it; the address must not change while
/// the connection is open.
class pool_connection : public pool_hook
{
public:
    pool_connection() = default;
    pool_connection(pool_connection const&) = delete;
    pool_connection& operator=(pool_connection const&) = delete;

    /// Returns true if it was idle or used: the server may have closed it meanwhile, and the resend rules
    /// apply. Read it while the connection is leased.
    bool reused() const noexcept { return reused_; }

    /// Returns how long it had been unused when it was leased.
    std::chrono::nanoseconds idle_age() const noexcept { return idle_age_; }

protected:
    ~pool_connection() = default;

private:
    friend class pool_state;
    friend class pool_state_check;
    enum class place : std::uint8_t
    {
        outside,
        leased,
        idle
    };

    time_point last_used_{};
    time_point retire_at_{};
    std::chrono::nanoseconds keep_alive_{};
    std::chrono::nanoseconds idle_age_{};
    place place_ = place::outside;
    bool reused_ = false;
};

/// The waiter is woken once, with `served`, `failed` or `closed`. `picked_up` or `cancelled` ends that state.
enum class pool_wait : std::uint8_t
{
    none,
    waiting,
    /// A connection is assigned but not picked up.
    served,
    /// A connect failed.
    failed,
    /// The pool was shut down.
    closed
};

/// A queued request for a connection. Owned by the driver, like `pool_connection`; it may be destroyed in
/// state `none` only.
class pool_waiter : public pool_hook
{
public:
    pool_waiter() = default;
    pool_waiter(pool_waiter const&) = delete;
    pool_waiter& operator=(pool_waiter const&) = delete;

    pool_wait state() const noexcept { return state_; }

protected:
    ~pool_waiter() = default;

private:
    friend class pool_state;
    friend class pool_state_check;

    pool_connection* connection_ = nullptr;
    std::uint64_t ticket_ = 0;
    pool_wait state_ = pool_wait::none;
    bool fresh_ = false;
};

/// The actions of the driver after an event, once it has unlocked. An event wakes at most one waiter, and
/// starts at most one connect.
struct pool_actions
{
    /// The caller's own connection. Set only by `take`.
    pool_connection* granted = nullptr;
    /// The waiter to wake: served, failed or closed. Valid until it is picked up or cancelled, possibly by
    /// another thread right after unlocking.
    pool_waiter* wake = nullptr;
    /// Start one connect. It ends with `connected` or `connect_failed`, independently of the waiters.
    bool connect = false;
    /// Connections that have left the pool, to close and free. They have no other references.
    pool_list<pool_connection> close;
};

}}} // namespace practicus::v1::detail
