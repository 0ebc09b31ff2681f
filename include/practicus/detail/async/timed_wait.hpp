// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/wait.hpp>
#include <practicus/detail/async/waiter.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/system/errc.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

struct do_nothing
{
    template <class... Args>
    void operator()(Args const&...) const noexcept
    {}
};

class condition;

using condition_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<condition>>;

/// A waiter with a deadline, for one condition at most.
class timed_waiter : public waiter, public condition_hook
{
public:
    deadline limit;
};

struct wait_result
{
    /// The reason if the wait was interrupted or could not begin. Null if it was woken or timed out.
    failure early;
    expiry why;
};

/// A wait that ends when its waiter is woken, the time limit passes, the client is closed or the caller
/// cancels. The owner must outlive the coroutine that waits:
///
///     timed_wait waiting(owner);
///     auto suspended = waiting.until(at, enlist);
///     auto const ended = waiting.end(co_await std::move(suspended));
class timed_wait
{
public:
    explicit timed_wait(deadline_service& owner,
                        std::shared_ptr<timed_waiter> w = std::make_shared<timed_waiter>())
        : owner_(owner), waiter_(std::move(w))
    {}
    timed_wait(timed_wait const&) = delete;
    timed_wait& operator=(timed_wait const&) = delete;
    ~timed_wait() { owner_.remove(waiter_->limit); }

    /// Returns the operation to await. `enlist` runs before the coroutine can be resumed.
    template <class Enlist = do_nothing>
    auto until(time_point at, Enlist enlist = {})
    {
        return wait(waiter_, [this, at, then = std::move(enlist)] {
            owner_.add(waiter_->limit, *waiter_, at);
            then();
        });
    }

    /// Finishes the wait and returns the reason for its end.
    wait_result end(wakeup with) noexcept
    {
        auto const why = owner_.disarm(waiter_->limit);
        if (with.code == boost::system::errc::not_enough_memory)
            return {fixed_error<boost::system::errc::not_enough_memory>(), why};
        if (with.code == boost::system::errc::resource_unavailable_try_again)
            return {fixed_error<boost::system::errc::resource_unavailable_try_again>(), why};
        return {interruption(with.code, why), why};
    }

protected:
    timed_waiter& waiter() const noexcept { return *waiter_; }

private:
    deadline_service& owner_;
    std::shared_ptr<timed_waiter> waiter_;
};

/// A flag, and the coroutines in any context that wait until it is set. A wait for a flag that is set ends at
/// once. Allocates nothing. Thread safety: full.
class condition
{
public:
    condition() = default;
    condition(condition const&) = delete;
    condition& operator=(condition const&) = delete;

    /// Calls `change()`, sets the flag and wakes all waiters; has no effect if the flag is set. `change` is
    /// called under the condition's mutex and must not throw.
    template <class Change = do_nothing>
    void set(Change change = {}) noexcept
    {
        std::lock_guard lock(mutex_);
        if (set_) return;
        set_ = true;
        change();
        while (!waiters_.empty()) {
            auto& w = waiters_.front();
            waiters_.pop_front();
            w.wake({});
        }
    }

    void clear() noexcept
    {
        std::lock_guard lock(mutex_);
        set_ = false;
    }

    bool is_set() const noexcept
    {
        std::lock_guard lock(mutex_);
        return set_;
    }

private:
    friend class condition_wait;

    void enlist(timed_waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        if (set_)
            w.wake({});
        else
            waiters_.push_back(w);
    }

    void leave(timed_waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        if (w.condition_hook::is_linked()) waiters_.erase(waiters_.iterator_to(w));
    }

    mutable std::mutex mutex_;
    boost::intrusive::list<timed_waiter, boost::intrusive::base_hook<condition_hook>> waiters_;
    bool set_ = false;
};

/// A `timed_wait` for a condition, which must outlive it.
class condition_wait : public timed_wait
{
public:
    template <class... Waiter>
    condition_wait(condition& on, deadline_service& owner, Waiter&&... w)
        : timed_wait(owner, std::forward<Waiter>(w)...), on_(on)
    {}
    ~condition_wait() { on_.leave(waiter()); }

    /// Returns the operation to await. `begin` runs before the coroutine can be resumed.
    template <class Begin = do_nothing>
    auto until(time_point at, Begin begin = {})
    {
        return timed_wait::until(at, [this, first = std::move(begin)] {
            first();
            on_.enlist(waiter());
        });
    }

private:
    condition& on_;
};

}}} // namespace practicus::v1::detail
