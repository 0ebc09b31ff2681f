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
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
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
    /// The coroutine that waits.
    struct suspension
    {
        virtual ~suspension() = default;
        /// Has no effect if it throws.
        virtual void post(std::shared_ptr<suspension> self) = 0;
        /// The executor is not needed any more.
        virtual void let_go() noexcept = 0;

        error_code code;
        /// `wake` was called and failed.
        bool owed = false;
        /// In a list of those that are dropped.
        std::shared_ptr<suspension> next;
    };

    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    ~waiter() { BOOST_ASSERT(!is_linked()); }

    /// Ends the wait with this code. Any thread; no lock of the caller's may be one that a coroutine's
    /// destructor takes. True if this call was the first. If memory is refused, the wait goes on until
    /// `retry`.
    bool wake(error_code code) noexcept;

    /// Ends the wait if a call of `wake` could not. Any thread, under the same rules.
    void retry() noexcept;

    /// How many waits of the process only wait for memory.
    static std::size_t owed() noexcept { return owed_.load(std::memory_order_relaxed); }

private:
    friend class waiter_registry;
    template <class Enlist>
    friend struct wait_initiation;

    static inline std::atomic<std::size_t> owed_{0};

    // Both are guarded by the registry's mutex once suspended.
    std::shared_ptr<waiter_registry> registry_;
    std::shared_ptr<suspension> suspension_;
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
    bool add(waiter& w, std::shared_ptr<waiter::suspension> suspension)
    {
        std::lock_guard lock(mutex_);
        if (down_) return false;
        w.suspension_ = std::move(suspension);
        waiters_.push_back(w);
        return true;
    }

    bool wake(waiter& w, error_code code) noexcept
    {
        std::lock_guard lock(mutex_);
        if (!w.suspension_ || w.suspension_->owed) return false;
        w.suspension_->code = code;
        resume(w);
        return true;
    }

    void retry(waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        if (!w.suspension_ || !w.suspension_->owed) return;
        forget_owed(*w.suspension_);
        resume(w);
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
        std::shared_ptr<waiter::suspension> dropped;
        {
            std::lock_guard lock(mutex_);
            down_ = true;
            while (!waiters_.empty()) {
                auto suspension = std::move(waiters_.front().suspension_);
                waiters_.pop_front();
                forget_owed(*suspension);
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
    /// Under the mutex, its work guard's end included: shutdown() can not pass while the executor is in use.
    void resume(waiter& w) noexcept
    {
        // Before it is posted: then the waiter may be gone.
        auto const suspension = std::move(w.suspension_);
        waiters_.erase(waiters_.iterator_to(w));
        try {
            suspension->post(suspension);
            suspension->let_go();
        } catch (...) {
            suspension->owed = true;
            waiter::owed_.fetch_add(1, std::memory_order_relaxed);
            w.suspension_ = suspension;
            waiters_.push_back(w);
        }
    }

    static void forget_owed(waiter::suspension& s) noexcept
    {
        if (std::exchange(s.owed, false)) waiter::owed_.fetch_sub(1, std::memory_order_relaxed);
    }

    std::mutex mutex_;
    boost::intrusive::list<waiter> waiters_;
    // Held while a dependent lets go of the context, on whichever side that begins.
    std::mutex dependents_mutex_;
    std::vector<context_dependent*> dependents_;
    bool down_ = false;
};

inline bool waiter::wake(error_code code) noexcept
{
    return registry_ && registry_->wake(*this, code);
}

inline void waiter::retry() noexcept
{
    if (registry_) registry_->retry(*this);
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

/// A suspended coroutine. Made before it takes the handler: what throws must leave that alone.
template <class Handler>
class suspended final : public waiter::suspension
{
public:
    explicit suspended(asio::associated_executor_t<Handler> const& executor)
        : work_(asio::make_work_guard(executor))
    {}

    void take(Handler&& handler) noexcept { handler_.emplace(std::move(handler)); }

private:
    void post(std::shared_ptr<waiter::suspension> self) override
    {
        asio::post(work_.get_executor(),
                   [kept = std::move(self)] { static_cast<suspended&>(*kept).complete(); });
    }

    void let_go() noexcept override { work_.reset(); }

    // On the coroutine's executor, where slots may be touched.
    void complete()
    {
        auto handler = std::move(*handler_);
        handler_.reset();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        std::move(handler)(wakeup{code});
    }

    std::optional<Handler> handler_;
    asio::executor_work_guard<asio::associated_executor_t<Handler>> work_;
};

/// The code of a wait that could not begin, for the exception in flight.
inline error_code refusal_code() noexcept
{
    try {
        throw;
    } catch (std::bad_alloc const&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(boost::system::errc::resource_unavailable_try_again);
    }
}

/// Starts a wait: suspends, registers, listens for cancellation, then lets `enlist` tell those who may wake.
template <class Enlist>
struct wait_initiation
{
    std::shared_ptr<waiter> waiter_;
    Enlist enlist_;

    template <class Handler>
    void operator()(Handler handler)
    {
        // Not here, for this lives in the coroutine, which another thread may resume as soon as it is
        // enlisted.
        auto const w = std::move(waiter_);
        auto enlist = std::move(enlist_);
        std::shared_ptr<suspended<Handler>> made;
        error_code refused;
        try {
            made = prepare(*w, handler);
            listen(w, handler);
        } catch (...) {
            refused = refusal_code();
        }
        // Thrown from here, it would leave `run()`, and the coroutine would never end.
        if (refused) return refuse(std::move(handler), refused);
        made->take(std::move(handler));
        auto const registry = w->registry_;
        if (!registry->add(*w, std::move(made))) return;
        try {
            enlist();
        } catch (...) {
            w->wake(refusal_code());
        }
    }

private:
    template <class Handler>
    static std::shared_ptr<suspended<Handler>> prepare(waiter& w, Handler const& handler)
    {
        auto const executor = asio::get_associated_executor(handler);
        w.registry_ = registry_of(executor);
        return std::make_shared<suspended<Handler>>(executor);
    }

    // Before it is registered: from then on, others may end the wait on their threads.
    template <class Handler>
    static void listen(std::shared_ptr<waiter> const& w, Handler const& handler)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([weak = std::weak_ptr<waiter>(w)](asio::cancellation_type type) {
            if (type == asio::cancellation_type::none) return;
            if (auto const self = weak.lock()) self->wake(asio::error::operation_aborted);
        });
    }

    template <class Handler>
    static void refuse(Handler&& handler, error_code why)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        std::forward<Handler>(handler)(wakeup{why});
    }
};

/// An operation to be awaited once: it suspends the calling coroutine until `w` is woken, and gives the code
/// it was woken with; `operation_aborted` when the caller cancelled, or the `refusal_code` of a wait that
/// could not begin. `enlist` runs once suspended, and may wake at once. Not a coroutine: of those who wait
/// there may be many, and each frame of theirs counts.
template <class Enlist>
auto wait(std::shared_ptr<waiter> w, Enlist enlist)
{
    return asio::async_initiate<asio::deferred_t const, void(wakeup)>(
        wait_initiation<Enlist>{std::move(w), std::move(enlist)}, asio::deferred);
}

} // namespace practicus::inline v1::detail
