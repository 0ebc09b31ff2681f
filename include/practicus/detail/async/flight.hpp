// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

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

/// The part of a flight that does not depend on its value type. The first end counts.
class flight_base
{
public:
    flight_base() = default;
    flight_base(flight_base const&) = delete;
    flight_base& operator=(flight_base const&) = delete;

    void fail(failure why) noexcept
    {
        ended_.set([&] { failure_ = std::move(why); });
    }

protected:
    ~flight_base() = default;

    /// Returns the failure of the flight or of the wait; null if there is a value. Called after the wait.
    failure why_failed(wait_result const& ended) const
    {
        if (ended_.is_set()) return failure_;
        if (ended.early) return ended.early;
        return make_failure(errc::deadline_exceeded, "while waiting for what is fetched for several callers");
    }

    condition ended_;

private:
    friend class ended_flights;

    // Written once, before the waiters are woken.
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
        ended_.set([&] { value_.emplace(std::move(value)); });
    }

    /// Waits for the end of the work. Fails with the work's failure, `errc::client_closed`,
    /// `operation_aborted` when cancelled, or `errc::deadline_exceeded` at `at`.
    ///
    /// `start` is called as the wait begins. A wait `in_background` is also cancelled when the last operation
    /// ends.
    template <class Start = do_nothing>
    static asio::awaitable<result<T>> join(std::shared_ptr<flight> self,
                                           std::shared_ptr<deadline_service> owner, time_point at,
                                           Start start = {}, bool in_background = false)
    {
        auto w = std::make_shared<timed_waiter>();
        w->limit.in_background = in_background;
        condition_wait waiting(self->ended_, *owner, std::move(w));
        auto suspended = waiting.until(at, std::move(start));
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
