// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/reserved_memory.hpp>
#include <practicus/detail/async/tick_timer.hpp>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/assert.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

namespace asio = boost::asio;
using boost::system::error_code;

class waiter_registry;

/// One coroutine that waits to be woken from anywhere: another thread, another io_context, a sweep, a
/// cancellation.
///
/// It suspends in the context of its own executor, where it is registered, and is woken by a post to that
/// executor. The first of wake, cancellation and the context's shutdown wins; the others do nothing. A wake
/// before the suspension is not lost. The waker does not own the coroutine, so a context that is destroyed
/// first takes its waiters along and leaks none.
class waiter : public boost::intrusive::list_base_hook<>
{
public:
    /// The coroutine that waits.
    struct suspension
    {
        virtual ~suspension() = default;
        /// Posts the end of the wait, and releases the executor. Has no effect if it throws.
        virtual void post(std::shared_ptr<suspension> self) = 0;

        error_code code;
        /// The hook in a list of dropped coroutines.
        std::shared_ptr<suspension> next;
    };

    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    ~waiter() { BOOST_ASSERT(!is_linked()); }

    /// Ends the wait with this code. Callable from any thread, but not under a lock that a coroutine's
    /// destructor takes. Returns true if this call was the first. If an allocation fails, it is tried again
    /// later.
    bool wake(error_code code) noexcept;

    /// Prepares waits on this executor that cannot fail to begin. Only `wake` ends such a wait, not a
    /// cancellation or `close()`. The waiter may be awaited again.
    template <class Executor>
    void reserve(Executor const& executor);

    bool is_reserved() const noexcept { return reserve_ != nullptr; }

private:
    friend class waiter_registry;
    template <class Enlist>
    friend struct wait_initiation;

    std::shared_ptr<waiter_registry> registry_;
    // Guarded by the registry's mutex.
    std::shared_ptr<suspension> suspension_;
    error_code code_;
    bool woken_ = false;
    std::shared_ptr<reserved_memory> reserve_;
};

/// An object that must release an execution context when that is destroyed.
class context_dependent
{
public:
    virtual void context_gone() noexcept = 0;

protected:
    ~context_dependent() = default;
};

/// The waiters and dependents of one execution context.
class waiter_registry : public std::enable_shared_from_this<waiter_registry>
{
public:
    explicit waiter_registry(asio::execution_context& context) : again_(std::in_place, context) {}

    /// Call before the first wait. Afterwards nothing else is needed for waits to end.
    void make_ready()
    {
        if (ready_.load(std::memory_order_relaxed)) return;
        std::lock_guard lock(mutex_);
        if (again_ && !retrying_) retry_after(std::chrono::milliseconds(0));
        ready_.store(true, std::memory_order_relaxed);
    }

    /// Drops the coroutine if the context is being destroyed. Afterwards the waiter may be destroyed.
    void add(waiter& w, std::shared_ptr<waiter::suspension> suspension) noexcept
    {
        std::lock_guard lock(mutex_);
        if (down_) return;
        w.suspension_ = std::move(suspension);
        if (w.woken_)
            resume(w);
        else
            waiters_.push_back(w);
    }

    bool wake(waiter& w, error_code code) noexcept
    {
        std::lock_guard lock(mutex_);
        if (std::exchange(w.woken_, true)) return false;
        w.code_ = code;
        if (!w.suspension_) return true;
        waiters_.erase(waiters_.iterator_to(w));
        resume(w);
        return true;
    }

    /// Lets a waiter wait again, once its last waker has released the memory of the wait.
    void renew(waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        w.woken_ = false;
    }

    /// Calls `f` while the context cannot be destroyed, unless its destruction has begun.
    template <class F>
    bool if_up(F f)
    {
        std::lock_guard lock(mutex_);
        if (!down_) f();
        return !down_;
    }

    void add_dependent(context_dependent& dependent)
    {
        std::lock_guard lock(dependents_mutex_);
        dependents_.push_back(&dependent);
    }

    /// Releases the context, which cannot be destroyed meanwhile.
    void remove_dependent(context_dependent& dependent) noexcept
    {
        std::lock_guard lock(dependents_mutex_);
        if (std::erase(dependents_, &dependent) != 0) dependent.context_gone();
    }

    void shut_down() noexcept
    {
        std::shared_ptr<waiter::suspension> dropped;
        {
            std::lock_guard lock(mutex_);
            down_ = true;
            again_.reset();
            waiters_.splice(waiters_.end(), owed_);
            while (!waiters_.empty()) {
                auto suspension = std::move(waiters_.front().suspension_);
                waiters_.pop_front();
                suspension->next = std::move(dropped);
                dropped = std::move(suspension);
            }
        }
        {
            std::lock_guard lock(dependents_mutex_);
            for (auto* const dependent : std::exchange(dependents_, {}))
                dependent->context_gone();
        }
        // Without the mutex: the coroutines' destructors may wake others. One by one: there may be many.
        while (dropped)
            dropped = std::exchange(dropped->next, nullptr);
    }

private:
    static constexpr std::chrono::milliseconds retry_interval{20};

    /// Requires the mutex until the executor is released: shutdown() must not pass while it is in use.
    void resume(waiter& w) noexcept
    {
        // Before the post: afterwards the waiter may be destroyed.
        auto const suspension = std::move(w.suspension_);
        suspension->code = w.code_;
        try {
            suspension->post(suspension);
        } catch (...) {
            w.suspension_ = suspension;
            owed_.push_back(w);
            retry_later();
        }
    }

    /// Once `make_ready` has succeeded, it needs no memory.
    void retry_later() noexcept
    {
        if (retrying_ || !again_) return;
        try {
            retry_after(retry_interval);
        } catch (...) {
        }
    }

    void retry_after(std::chrono::milliseconds wait)
    {
        again_->call_after(wait, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) self->retry();
        });
        retrying_ = true;
    }

    void retry() noexcept
    {
        std::lock_guard lock(mutex_);
        retrying_ = false;
        boost::intrusive::list<waiter> due;
        due.swap(owed_);
        while (!due.empty()) {
            auto& w = due.front();
            due.pop_front();
            resume(w);
        }
    }

    std::mutex mutex_;
    boost::intrusive::list<waiter> waiters_;
    /// Waiters that could not be woken for lack of memory.
    boost::intrusive::list<waiter> owed_;
    std::optional<tick_timer<waiter_registry>> again_;
    bool retrying_ = false;
    std::atomic<bool> ready_{false};
    // Held while a dependent releases the context, from either side.
    std::mutex dependents_mutex_;
    std::vector<context_dependent*> dependents_;
    bool down_ = false;
};

inline bool waiter::wake(error_code code) noexcept
{
    return registry_ && registry_->wake(*this, code);
}

/// Holds the registry of a context, and empties it when the context is destroyed.
class waiter_service final : public asio::execution_context::service
{
public:
    static inline asio::execution_context::id id;

    explicit waiter_service(asio::execution_context& context)
        : service(context), registry_(std::make_shared<waiter_registry>(context))
    {}

    std::shared_ptr<waiter_registry> const& registry() const noexcept { return registry_; }

private:
    void shutdown() noexcept override { registry_->shut_down(); }

    std::shared_ptr<waiter_registry> registry_;
};

template <class Executor>
asio::execution_context& context_of(Executor const& executor)
{
    return asio::query(executor, asio::execution::context);
}

template <class Executor>
std::shared_ptr<waiter_registry> const& registry_of(Executor const& executor)
{
    auto& context = context_of(executor);
    // Strands must outlive the waiters: a strand that is shut down destroys posted handlers at once, under
    // the locks of the waker. Services are shut down youngest first.
    if (!asio::has_service<waiter_service>(context)) (void)asio::make_strand(executor);
    return asio::use_service<waiter_service>(context).registry();
}

template <class Executor>
void waiter::reserve(Executor const& executor)
{
    registry_ = registry_of(executor);
    registry_->make_ready();
    reserve_ = std::make_shared<reserved_memory>();
}

}}} // namespace practicus::v1::detail
