// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/assert.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

class waiter_registry;

/// One coroutine that waits to be woken from anywhere: another thread, another io_context, a sweep, a
/// cancellation.
///
/// It suspends in the context of its own executor, where it is registered, and is woken by a post to that
/// executor. The first of wake, cancellation and the context's shutdown wins; the others do nothing. Nobody
/// who wakes it holds on to the coroutine, so a context that is destroyed first takes its waiters along and
/// leaks none.
class waiter : public boost::intrusive::list_base_hook<>
{
public:
    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    ~waiter() { BOOST_ASSERT(!is_linked()); }

    /// Ends the wait with this code. Any thread; no lock of the caller's may be one that a coroutine's
    /// destructor takes. True if this call was the first.
    bool wake(error_code code);

private:
    friend class waiter_registry;
    template <class Enlist>
    friend struct wait_initiation;

    struct suspension
    {
        virtual ~suspension() = default;
        virtual void post(error_code code) = 0;
    };

    // Both are guarded by the registry's mutex once suspended.
    std::shared_ptr<waiter_registry> registry_;
    std::unique_ptr<suspension> suspension_;
};

/// What must end when an execution context is destroyed.
class context_dependent
{
public:
    virtual void context_gone() noexcept = 0;

protected:
    ~context_dependent() = default;
};

/// The waiters and dependents of one execution context.
class waiter_registry
{
public:
    /// False if the context is being destroyed: the wait never ends then, and the coroutine is dropped.
    bool add(waiter& w, std::unique_ptr<waiter::suspension> suspension)
    {
        std::lock_guard lock(mutex_);
        if (down_) return false;
        w.suspension_ = std::move(suspension);
        waiters_.push_back(w);
        return true;
    }

    bool wake(waiter& w, error_code code)
    {
        std::lock_guard lock(mutex_);
        if (!w.suspension_) return false;
        auto suspension = std::move(w.suspension_);
        waiters_.erase(waiters_.iterator_to(w));
        // Under the mutex, its work guard's end included: shutdown() can not pass while the executor is in
        // use.
        suspension->post(code);
        suspension.reset();
        return true;
    }

    /// Calls `f` while the context can not go away, unless it is already going.
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

    /// Lets go of the context, while it can not go away.
    void remove_dependent(context_dependent& dependent) noexcept
    {
        std::lock_guard lock(dependents_mutex_);
        if (std::erase(dependents_, &dependent) != 0) dependent.context_gone();
    }

    void shut_down() noexcept
    {
        std::vector<std::unique_ptr<waiter::suspension>> dropped;
        {
            std::lock_guard lock(mutex_);
            down_ = true;
            while (!waiters_.empty()) {
                dropped.push_back(std::move(waiters_.front().suspension_));
                waiters_.pop_front();
            }
        }
        {
            std::lock_guard lock(dependents_mutex_);
            for (auto* const dependent : std::exchange(dependents_, {}))
                dependent->context_gone();
        }
        // Without the mutex: the coroutines' destructors may wake others.
        dropped.clear();
    }

private:
    std::mutex mutex_;
    boost::intrusive::list<waiter> waiters_;
    // Held while a dependent lets go of the context, on whichever side that begins.
    std::mutex dependents_mutex_;
    std::vector<context_dependent*> dependents_;
    bool down_ = false;
};

inline bool waiter::wake(error_code code)
{
    return registry_ && registry_->wake(*this, code);
}

/// Holds the registry of a context, and empties it when the context is destroyed.
class waiter_service final : public asio::execution_context::service
{
public:
    static inline asio::execution_context::id id;

    explicit waiter_service(asio::execution_context& context)
        : service(context), registry_(std::make_shared<waiter_registry>())
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
    // Strands must outlive the waiters: a strand that is shut down destroys what is posted to it on the spot,
    // under the locks of whoever wakes. Services are shut down youngest first.
    if (!asio::has_service<waiter_service>(context)) (void)asio::make_strand(executor);
    return asio::use_service<waiter_service>(context).registry();
}

/// How a wait ended; a class of its own, since Asio would throw an error_code.
struct wakeup
{
    error_code code;
};

template <class Handler>
struct wait_completion
{
    Handler handler;
    error_code code;

    void operator()()
    {
        // On the coroutine's executor, where slots may be touched.
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        std::move(handler)(wakeup{code});
    }
};

/// Starts a wait: suspends, registers, listens for cancellation, then lets `enlist` tell those who may wake.
template <class Enlist>
struct wait_initiation
{
    std::shared_ptr<waiter> waiter_;
    Enlist enlist_;

    template <class Handler>
    void operator()(Handler handler)
    {
        struct suspended final : waiter::suspension
        {
            explicit suspended(Handler&& h)
                : handler(std::move(h)), work(asio::make_work_guard(asio::get_associated_executor(handler)))
            {}

            void post(error_code code) override
            {
                asio::post(work.get_executor(), wait_completion<Handler>{std::move(handler), code});
            }

            Handler handler;
            asio::executor_work_guard<asio::associated_executor_t<Handler>> work;
        };

        // Not here, for this lives in the coroutine, which another thread may resume as soon as it is
        // enlisted.
        auto const w = std::move(waiter_);
        auto enlist = std::move(enlist_);
        auto const slot = asio::get_associated_cancellation_slot(handler);
        w->registry_ = registry_of(asio::get_associated_executor(handler));
        // The slot first: once registered, others may end the wait on their threads.
        if (slot.is_connected()) {
            auto listening = slot;
            listening.assign([weak = std::weak_ptr<waiter>(w)](asio::cancellation_type type) {
                if (type == asio::cancellation_type::none) return;
                if (auto const self = weak.lock()) self->wake(asio::error::operation_aborted);
            });
        }
        if (w->registry_->add(*w, std::make_unique<suspended>(std::move(handler)))) enlist();
    }
};

/// An operation to be awaited once: it suspends the calling coroutine until `w` is woken, and gives the code
/// it was woken with; `operation_aborted` when the caller cancelled. `enlist` runs once suspended, and may
/// wake at once. Not a coroutine: of those who wait there may be many, and each frame of theirs counts.
template <class Enlist>
auto wait(std::shared_ptr<waiter> w, Enlist enlist)
{
    return asio::async_initiate<asio::deferred_t const, void(wakeup)>(
        wait_initiation<Enlist>{std::move(w), std::move(enlist)}, asio::deferred);
}

} // namespace practicus::inline v1::detail
