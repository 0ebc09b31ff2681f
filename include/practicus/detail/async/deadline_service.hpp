// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/tick_timer.hpp>
#include <practicus/detail/async/timing_wheel.hpp>
#include <practicus/detail/async/waiter.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/require.hpp>
#include <boost/assert.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <sys/socket.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// The reason for which a deadline ended a wait or a socket.
enum class expiry
{
    none,
    /// The time limit passed.
    expired,
    /// The client was closed.
    closed,
    /// The last operation ended, so that the result is not needed.
    abandoned
};

/// A deadline for one socket or one waiter. Arming is an atomic store, disarming an exchange; no strand is
/// needed. The deadline service marks it and shuts the socket down. The owner finds the mark when its call
/// fails.
class deadline : public timing_wheel_hook
{
public:
    deadline() = default;
    deadline(deadline const&) = delete;
    deadline& operator=(deadline const&) = delete;
    ~deadline() { BOOST_ASSERT(!is_linked()); }

    /// For a wait in background work, which ends with the last operation. Set before the wait begins.
    bool in_background = false;

private:
    friend class deadline_service;

    static constexpr std::int64_t disarmed = 0;
    static constexpr std::int64_t marked_expired = -1;
    static constexpr std::int64_t marked_closed = -2;
    static constexpr std::int64_t marked_abandoned = -3;

    // Nanoseconds of the clock while armed.
    std::atomic<std::int64_t> state_{disarmed};
    int descriptor_ = -1;
    // Guarded by the deadline service's mutex.
    waiter* waiter_ = nullptr;
};

/// Enforces the time limits of all connections and waits of a client with one timer. The timer runs only
/// while an operation is in flight: an idle client does not keep `run()` from returning. Background work, a
/// connect for example, is ended with the last operation.
class deadline_service : public std::enable_shared_from_this<deadline_service>
{
public:
    static constexpr std::chrono::milliseconds tick{20};

    /// The minimum interval between calls of `on_second`.
    static constexpr std::chrono::seconds second{1};

    explicit deadline_service(asio::any_io_executor const& executor) : bound_(std::in_place, executor) {}

    /// Sets a function that is called about once a second while an operation is in flight, on a thread that
    /// runs the context. `f` must not throw. Set once, before anything runs.
    void on_second(std::function<void()> f) { on_second_ = std::move(f); }

    clock& time() noexcept { return time_; }

    /// Registers an open socket. Until `remove`, the deadline service may shut its descriptor down.
    void add(deadline& d, int descriptor)
    {
        std::lock_guard lock(mutex_);
        d.descriptor_ = descriptor;
        watched_.push_back(d);
    }

    /// Registers a wait and arms it. Both must live until `remove`.
    void add(deadline& d, waiter& w, time_point at)
    {
        std::lock_guard lock(mutex_);
        d.waiter_ = &w;
        auto const end = nanoseconds(at);
        bool const closed = closed_ && !w.is_reserved();
        d.state_.store(closed ? deadline::marked_closed : end);
        if (d.in_background)
            watched_.push_back(d);
        else
            waits_.add(d, end);
        if (closed) w.wake({});
    }

    /// Must be called before the socket is closed: a reused descriptor must not be shut down.
    void remove(deadline& d) noexcept
    {
        std::lock_guard lock(mutex_);
        if (d.is_linked()) d.unlink();
    }

    /// Returns false if the client is closed. `time_point::max()` is no limit, but `close()` still ends it.
    bool arm(deadline& d, time_point at) noexcept
    {
        d.state_.store(nanoseconds(at));
        return !closed_.load();
    }

    /// Disarms. Returns the reason if it was ended while armed.
    expiry disarm(deadline& d) noexcept
    {
        auto const state = d.state_.exchange(deadline::disarmed);
        switch (state) {
        case deadline::marked_expired: return expiry::expired;
        case deadline::marked_closed: return expiry::closed;
        case deadline::marked_abandoned: return expiry::abandoned;
        default: return expiry::none;
        }
    }

    /// Expires a registered deadline at once. Callable from any thread.
    void expire(deadline& d) noexcept
    {
        std::lock_guard lock(mutex_);
        auto state = d.state_.load();
        if (state > 0 && d.state_.compare_exchange_strong(state, deadline::marked_expired)) expire_now(d);
    }

    /// Ends all armed deadlines, present and later ones, with `expiry::closed`.
    void close() noexcept
    {
        closed_.store(true);
        sweep();
    }

    bool closed() const noexcept { return closed_.load(); }

    /// Returns true if more than one operation is in flight.
    bool has_concurrent_operations() const noexcept
    {
        return operations_.load(std::memory_order_relaxed) > 1;
    }

    /// Called when the context is being destroyed.
    void drop_timer() noexcept
    {
        std::optional<executor_bound> dropped;
        std::lock_guard lock(mutex_);
        bound_.swap(dropped);
        closed_.store(true);
    }

    /// Ends all deadlines that are due.
    void sweep() noexcept
    {
        auto const now = nanoseconds(time_.now());
        bool const closed = closed_.load();
        std::lock_guard lock(mutex_);
        // Sockets are armed without the mutex, so each one is checked. Repeated at each tick until the owner
        // has seen the mark: a shutdown between two calls of a connect has no effect.
        for (auto& d : watched_)
            if (mark(d, now, closed, operations_ == 0) || d.state_.load() < 0) expire_now(d);
        // A timing wheel, because there may be 100,000 waits. (None is abandoned: a caller in another context
        // waits before its operation begins here.)
        auto const look = [&](deadline& d) {
            if (mark(d, now, closed, false)) expire_now(d);
        };
        if (closed)
            waits_.for_each(look);
        else
            waits_.turn(now, look);
    }

    /// Counts an operation in flight, or background work that ends with the last operation. Keeps the timer
    /// running. RAII.
    template <bool Operation>
    class guard
    {
    public:
        explicit guard(std::shared_ptr<deadline_service> owner) : owner_(std::move(owner))
        {
            owner_->begin(Operation);
        }
        guard(guard const&) = delete;
        guard& operator=(guard const&) = delete;
        ~guard() { owner_->end(Operation); }

    private:
        std::shared_ptr<deadline_service> owner_;
    };
    using operation_guard = guard<true>;
    using background_guard = guard<false>;

private:
    static std::int64_t nanoseconds(time_point at) noexcept
    {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
    }

    /// Marks the deadline with the reason for which it ends now. Returns false if there is none, or if it is
    /// not armed. Requires the mutex.
    static bool mark(deadline& d, std::int64_t now, bool closed, bool alone) noexcept
    {
        auto state = d.state_.load();
        if (state <= 0) return false;
        bool const ends = closed && !(d.waiter_ && d.waiter_->is_reserved());
        if (!ends && !alone && state > now) return false;
        auto const reason = ends    ? deadline::marked_closed
                            : alone ? deadline::marked_abandoned
                                    : deadline::marked_expired;
        return d.state_.compare_exchange_strong(state, reason);
    }

    // Hot path: only the first and the last operation in flight take the mutex.
    void begin(bool operation)
    {
        if (operation) ++operations_;
        if (active_.fetch_add(1) != 0 && running_) return;
        try {
            std::lock_guard lock(mutex_);
            if (!running_) start();
        } catch (...) {
            // Others may rely on the timer.
            end(operation);
            throw;
        }
    }

    // Keeps the timer until the ready handlers have run. A sequential caller begins its next call there, and
    // setting a timer costs a system call.
    void end(bool operation) noexcept
    {
        if (operation) --operations_;
        bool const last = active_.fetch_sub(1) == 1;
        if (!last && running_) return;
        std::lock_guard lock(mutex_);
        if (!last) return restart();
        if (!bound_ || stop_posted_) return;
        try {
            bound_->posts.execute([weak = weak_from_this()] {
                if (auto const self = weak.lock()) self->stop_if_idle();
            });
            stop_posted_ = true;
        } catch (...) {
            stop();
        }
    }

    void stop_if_idle() noexcept
    {
        look_at_second();
        std::lock_guard lock(mutex_);
        stop_posted_ = false;
        stop();
    }

    /// Stops the timer unless an operation has begun meanwhile. Requires the mutex.
    void stop() noexcept
    {
        if (active_ != 0 || !bound_) return;
        bool const ran = running_.exchange(false);
        // An operation that has begun meanwhile may have found the timer running.
        if (active_ != 0)
            running_ = ran;
        else
            bound_->timer.cancel();
    }

    /// Requires the mutex and a registered deadline.
    void expire_now(deadline& d) noexcept
    {
        if (d.waiter_)
            d.waiter_->wake({});
        else if (::getpid() == process_)
            ::shutdown(d.descriptor_, SHUT_RDWR);
    }

    /// Requires the mutex. Strong guarantee.
    void start()
    {
        if (!bound_) return;
        bound_->timer.call_after(tick, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) self->ticked();
        });
        running_ = true;
    }

    /// Also called by operations, because each of them may be shorter than a tick.
    void look_at_second() noexcept
    {
        auto const now = time_.now();
        auto last = second_at_.load();
        if (on_second_ && now - last >= second && second_at_.compare_exchange_strong(last, now)) on_second_();
    }

    void ticked() noexcept
    {
        sweep();
        look_at_second();
        std::lock_guard lock(mutex_);
        running_ = false;
        restart();
    }

    /// Starts the timer. If memory is refused, the next operation that begins or ends tries again. Requires
    /// the mutex.
    void restart() noexcept
    {
        try {
            if (!running_ && active_ != 0) start();
        } catch (...) {
        }
    }

    /// The state that belongs to the context.
    struct executor_bound
    {
        explicit executor_bound(asio::any_io_executor const& e)
            : posts(asio::require(e, asio::execution::blocking.never)), timer(context_of(e))
        {}

        // `asio::post` would find out each time how to.
        asio::any_io_executor posts;
        tick_timer<deadline_service> timer;
    };

    clock time_;
    pid_t const process_ = ::getpid();
    std::atomic<bool> closed_{false};
    std::mutex mutex_;
    // Sockets and waits of background work.
    boost::intrusive::list<deadline, boost::intrusive::constant_time_size<false>> watched_;
    timing_wheel<deadline> waits_{nanoseconds(time_point(tick))};
    std::optional<executor_bound> bound_;
    // The timer's state; written under the mutex.
    std::atomic<bool> running_{false};
    bool stop_posted_ = false;
    std::atomic<std::size_t> active_{0};
    std::atomic<std::size_t> operations_{0};
    std::atomic<time_point> second_at_{time_.now()};
    std::function<void()> on_second_;
};

/// Returns why a call was ended from outside: cancelled, abandoned, or the client closed. Null if it was not.
inline failure interruption(error_code const& code, expiry why) noexcept
{
    if (why == expiry::closed) return fixed_error<errc::client_closed>();
    if (why == expiry::abandoned || code == asio::error::operation_aborted)
        return fixed_error<asio::error::operation_aborted>();
    return nullptr;
}

}}} // namespace practicus::v1::detail
