// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/sweeper.hpp>
#include <practicus/error.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace practicus::inline v1::detail {

/// Stands for the value of an operation that has none.
struct nothing
{};

/// What the exception in flight says, in a form that several threads may throw again.
inline std::shared_ptr<error_info const> current_error_info()
{
    error_info info;
    try {
        throw;
    } catch (error const& e) {
        return e.shared_info();
    } catch (boost::system::system_error const& e) {
        info.code = e.code();
    } catch (std::bad_alloc const&) {
        info.code = make_error_code(boost::system::errc::not_enough_memory);
    } catch (std::exception const& e) {
        info.code = make_error_code(boost::system::errc::state_not_recoverable);
        info.message = e.what();
    }
    return std::make_shared<error_info const>(std::move(info));
}

[[noreturn]] inline void throw_aborted()
{
    error_info info;
    info.code = asio::error::operation_aborted;
    throw error(std::move(info));
}

/// Work that is done once, and the coroutines that wait for it, in any context. Each gets a copy of the
/// value, or an exception of its own with the shared information. A waiter may leave at any time; the work
/// goes on.
template <class T>
class flight
{
public:
    flight() = default;
    flight(flight const&) = delete;
    flight& operator=(flight const&) = delete;

    void succeed(T value) { finish(std::optional<T>(std::move(value)), nullptr); }
    void fail(std::shared_ptr<error_info const> failure) { finish(std::nullopt, std::move(failure)); }

    /// Waits for the end. Throws the work's error; `operation_aborted` when cancelled; `errc::client_closed`;
    /// `errc::deadline_exceeded` at `at`.
    static asio::awaitable<T> join(std::shared_ptr<flight> self, std::shared_ptr<sweeper> owner,
                                   time_point at)
    {
        return join(std::move(self), std::move(owner), at, [] {});
    }

    /// The same; `start` is called once suspended.
    template <class Start>
    static asio::awaitable<T> join(std::shared_ptr<flight> self, std::shared_ptr<sweeper> owner,
                                   time_point at, Start start)
    {
        struct leaving
        {
            flight* from;
            timed_waiter* w;
            ~leaving() { from->leave(*w); }
        };
        struct enlisting
        {
            std::shared_ptr<flight> into;
            Start start;
            void operator()(std::shared_ptr<timed_waiter> const& w)
            {
                start();
                into->enlist(*w);
            }
        };
        auto w = std::make_shared<timed_waiter>();
        leaving const on_exit{self.get(), w.get()};
        enlisting enlist{self, std::move(start)};
        auto const ended = co_await timed_wait(*owner, w, at, std::move(enlist));
        if (auto value = self->result()) co_return std::move(*value);
        if (ended.code == asio::error::operation_aborted) throw_aborted();
        if (ended.why == expiry::closed) throw error(errc::client_closed);
        throw error(errc::deadline_exceeded);
    }

private:
    void enlist(timed_waiter& w)
    {
        std::lock_guard lock(mutex_);
        if (w.left) return;
        if (done_)
            w.wake({});
        else
            waiters_.push_back(w);
    }

    void leave(timed_waiter& w) noexcept
    {
        std::lock_guard lock(mutex_);
        w.left = true;
        if (w.queue_hook.is_linked()) waiters_.erase(waiters_.iterator_to(w));
    }

    void finish(std::optional<T> value, std::shared_ptr<error_info const> failure)
    {
        std::lock_guard lock(mutex_);
        if (done_) return;
        done_ = true;
        value_ = std::move(value);
        failure_ = std::move(failure);
        while (!waiters_.empty()) {
            auto& w = waiters_.front();
            waiters_.pop_front();
            w.wake({});
        }
    }

    std::optional<T> result()
    {
        std::lock_guard lock(mutex_);
        if (failure_) throw error(failure_);
        return value_;
    }

    std::mutex mutex_;
    waiter_queue waiters_;
    bool done_ = false;
    std::optional<T> value_;
    std::shared_ptr<error_info const> failure_;
};

/// Ends a flight whatever happens to the coroutine that does its work: one that is destroyed with its context
/// leaves `operation_aborted` behind.
template <class T>
class flight_promise
{
public:
    explicit flight_promise(std::shared_ptr<flight<T>> target) : target_(std::move(target)) {}
    flight_promise(flight_promise const&) = delete;
    flight_promise& operator=(flight_promise const&) = delete;

    ~flight_promise()
    {
        error_info info;
        info.code = asio::error::operation_aborted;
        target_->fail(std::make_shared<error_info const>(std::move(info)));
    }

    flight<T>& operator*() const noexcept { return *target_; }
    flight<T>* operator->() const noexcept { return target_.get(); }

private:
    std::shared_ptr<flight<T>> target_;
};

} // namespace practicus::inline v1::detail
