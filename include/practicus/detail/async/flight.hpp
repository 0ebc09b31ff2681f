// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

struct do_nothing
{
    template <class... Args>
    void operator()(Args const&...) const noexcept
    {}
};

/// Awaits `of` and returns an exception from it as a failure, such as `std::bad_alloc` or one of Asio's.
/// Wraps work that is not awaited by a coroutine that may throw.
template <class Result>
asio::awaitable<Result> no_throw(asio::awaitable<Result> of)
{
    failure caught;
    try {
        co_return co_await std::move(of);
    } catch (...) {
        caught = as_failure(std::current_exception());
    }
    co_return caught;
}

/// The part of a flight that does not depend on its value type: its end and its waiters.
class flight_base
{
public:
    flight_base() = default;
    flight_base(flight_base const&) = delete;
    flight_base& operator=(flight_base const&) = delete;

    void fail(failure why) noexcept
    {
        finish([&] { failure_ = std::move(why); });
    }

protected:
    ~flight_base() = default;

    /// Ends the flight and wakes all waiters; a second end is ignored. `set` stores the outcome and must not
    /// throw.
    template <class Set>
    void finish(Set set) noexcept
    {
        std::lock_guard lock(mutex_);
        if (done_) return;
        done_ = true;
        set();
        while (!waiters_.empty()) {
            auto& w = waiters_.front();
            waiters_.pop_front();
            w.wake({});
        }
    }

    /// RAII: the waiter leaves the flight when its coroutine is destroyed.
    class place
    {
    public:
        place(flight_base& in, bool in_background) : in_(in), waiter_(std::make_shared<timed_waiter>())
        {
            waiter_->limit.in_background = in_background;
        }
        place(place const&) = delete;
        place& operator=(place const&) = delete;
        ~place() { in_.leave(*waiter_); }

        std::shared_ptr<timed_waiter> const& waiter() const noexcept { return waiter_; }

    private:
        flight_base& in_;
        std::shared_ptr<timed_waiter> waiter_;
    };

    /// Returns the failure of the flight or of the wait; null if there is a value. Called after the wait.
    failure why_failed(wait_result const& ended)
    {
        {
            std::lock_guard lock(mutex_);
            if (done_) return failure_;
        }
        if (ended.early) return ended.early;
        return make_failure(errc::deadline_exceeded, "while waiting for what is fetched for several callers");
    }

    void enlist(timed_waiter& w)
    {
        std::lock_guard lock(mutex_);
        if (w.left) return;
        if (done_)
            w.wake({});
        else
            waiters_.push_back(w);
    }

private:
    friend class ended_flights;

    void leave(timed_waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        w.left = true;
        if (w.queue_hook.is_linked()) waiters_.erase(waiters_.iterator_to(w));
    }

    std::mutex mutex_;
    waiter_queue waiters_;
    bool done_ = false;
    failure failure_;
    // Links the flights of an `ended_flights`.
    std::shared_ptr<flight_base> next_;
};

/// A collection of flights that will not complete, gathered under a mutex and failed after unlocking.
/// Allocates nothing.
class ended_flights
{
public:
    /// `one` may be null; it must not be in another collection.
    void add(std::shared_ptr<flight_base> one) noexcept
    {
        if (!one) return;
        one->next_ = std::move(first_);
        first_ = std::move(one);
    }

    void fail(failure const& why) noexcept
    {
        while (first_) {
            auto next = std::move(first_->next_);
            first_->fail(why);
            first_ = std::move(next);
        }
    }

private:
    std::shared_ptr<flight_base> first_;
};

/// Work that runs once, and the coroutines that wait for it, in any context. Each waiter gets a copy of the
/// value, or the shared failure. A waiter may leave at any time; the work continues.
template <class T>
class flight final : public flight_base
{
public:
    void succeed(T value) noexcept
    {
        static_assert(std::is_nothrow_move_constructible_v<T>);
        finish([&] { value_.emplace(std::move(value)); });
    }

    /// Waits for the end of the work. Fails with the work's failure, `errc::client_closed`,
    /// `operation_aborted` when cancelled, or `errc::deadline_exceeded` at `at`.
    ///
    /// `start` is called once the coroutine is suspended. It must own what it uses: a close() on another
    /// thread may end the wait before `start` has run. A wait `in_background` is also cancelled when the last
    /// operation ends.
    template <class Start = do_nothing>
    static asio::awaitable<result<T>> join(std::shared_ptr<flight> self,
                                           std::shared_ptr<deadline_service> owner, time_point at,
                                           Start start = {}, bool in_background = false)
    {
        place const here(*self, in_background);
        timed_wait waiting(*owner, here.waiter());
        auto suspended = waiting.until(at, [self, w = here.waiter().get(), begin = std::move(start)] {
            begin();
            self->enlist(*w);
        });
        auto const ended = waiting.end(co_await std::move(suspended));
        if (auto why = self->why_failed(ended)) co_return why;
        co_return *self->value_;
    }

private:
    // Written once, before the waiters are woken.
    std::optional<T> value_;
};

/// RAII: fails the flight with `operation_aborted` if the working coroutine is destroyed before its end, for
/// example with its context.
template <class T, class Target = flight<T>>
class flight_promise
{
public:
    explicit flight_promise(std::shared_ptr<Target> target) : target_(std::move(target)) {}
    flight_promise(flight_promise const&) = delete;
    flight_promise& operator=(flight_promise const&) = delete;

    ~flight_promise() { target_->fail(fixed_error<asio::error::operation_aborted>()); }

    Target& operator*() const noexcept { return *target_; }
    Target* operator->() const noexcept { return target_.get(); }

private:
    std::shared_ptr<Target> target_;
};

}}} // namespace practicus::v1::detail
