// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/flight.hpp>
#include <practicus/detail/random.hpp>
#include <practicus/detail/sweeper.hpp>
#include <practicus/detail/waiter.hpp>
#include <practicus/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace practicus::inline v1::detail {

/// Where a client lives: its executor and context, its time, and whether both still stand. Thread safety:
/// full.
class runtime final : public context_dependent
{
public:
    static std::shared_ptr<runtime> make(asio::any_io_executor executor)
    {
        std::shared_ptr<runtime> self(new runtime(std::move(executor)));
        self->registry_->add_dependent(*self);
        return self;
    }

    std::shared_ptr<sweeper> const& limits() const noexcept { return sweeper_; }
    clock& time() const noexcept { return sweeper_->time(); }

    ~runtime() { registry_->remove_dependent(*this); }

    /// May an operation of this executor do its I/O right there?
    bool owns(asio::any_io_executor const& executor) const noexcept
    {
        return &context_of(executor) == context_;
    }

    /// Throws `errc::client_closed`, or `operation_aborted` when the context is gone.
    void check() const
    {
        if (gone_.load()) throw_aborted();
        if (sweeper_->closed()) throw error(errc::client_closed);
    }

    /// Would `check` throw?
    bool is_closed() const noexcept { return gone_.load() || sweeper_->closed(); }

    /// Calls `f(executor)` while the context can not go away. False if it is gone.
    template <class F>
    bool with_executor(F f)
    {
        return registry_->if_up([&] { f(executor_); });
    }

    /// Starts `make()` in the client's context; drops it if that is gone.
    void spawn(std::function<asio::awaitable<void>()> make)
    {
        with_executor([&](asio::any_io_executor const& executor) {
            // Posted, for it must not begin under the registry's mutex.
            asio::post(executor, [executor, make = std::move(make)]() mutable {
                asio::co_spawn(executor, make(), [](std::exception_ptr) {});
            });
        });
    }

    /// For jitter.
    random_source& random() noexcept { return random_; }

    /// `f` is called when the context is being destroyed, before its services are: sockets that wait for
    /// nothing must go. Set once, before anything runs.
    void on_gone(std::function<void()> f) { on_gone_ = std::move(f); }

    /// Ends all that runs with `errc::client_closed`, and all that comes.
    void close() noexcept { sweeper_->close(); }

private:
    explicit runtime(asio::any_io_executor executor)
        : executor_(std::move(executor)), context_(&context_of(executor_)), registry_(registry_of(executor_)),
          sweeper_(std::make_shared<sweeper>(executor_))
    {}

    void context_gone() noexcept override
    {
        gone_.store(true);
        sweeper_->drop_timer();
        if (on_gone_) on_gone_();
        // Nothing of the context may be touched from now on, its executor's destructor included where it
        // counts work.
        executor_ = {};
    }

    asio::any_io_executor executor_;
    asio::execution_context* context_;
    std::shared_ptr<waiter_registry> registry_;
    std::shared_ptr<sweeper> sweeper_;
    std::atomic<bool> gone_{false};
    std::function<void()> on_gone_;
    random_source random_;
};

template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, nothing, T>;

/// An operation that has not begun. The function owns what the coroutine refers to.
template <class T>
using operation_body = std::function<asio::awaitable<T>()>;

/// Runs an operation and leaves its end in a flight. The promise is made before anything is posted: what is
/// dropped before it has begun must end as well.
template <class T>
asio::awaitable<void> run_into(std::shared_ptr<flight_promise<value_of<T>>> kept,
                               std::shared_ptr<sweeper> owner, operation_body<T> body)
{
    auto& promise = *kept;
    sweeper::activity const running(std::move(owner));
    try {
        if constexpr (std::is_void_v<T>) {
            co_await body();
            promise->succeed({});
        } else {
            promise->succeed(co_await body());
        }
    } catch (...) {
        promise->fail(current_error_info());
    }
}

/// A coroutine in the client's context that a caller in another may cancel: on a strand, for its slot.
class remote_call
{
public:
    explicit remote_call(std::shared_ptr<runtime> home) : home_(std::move(home)) {}
    remote_call(remote_call const&) = delete;
    remote_call& operator=(remote_call const&) = delete;

    /// Cancels what still runs.
    ~remote_call()
    {
        home_->with_executor([&](auto const&) {
            if (auto const running = running_.lock())
                asio::post(running->strand,
                           [running] { running->signal.emit(asio::cancellation_type::terminal); });
        });
    }

    /// Drops `make` if the client's context is gone.
    void start(std::function<asio::awaitable<void>()> make)
    {
        home_->with_executor([&](asio::any_io_executor const& executor) {
            auto const running = std::make_shared<inside>(executor);
            running_ = running;
            asio::post(running->strand, [running, make = std::move(make)] {
                auto done =
                    asio::bind_cancellation_slot(running->signal.slot(), [running](std::exception_ptr) {});
                asio::co_spawn(running->strand, make(), std::move(done));
            });
        });
    }

private:
    // Lives and dies in the client's context: a strand must not outlive its own.
    struct inside
    {
        explicit inside(asio::any_io_executor const& executor) : strand(asio::make_strand(executor)) {}

        asio::strand<asio::any_io_executor> strand;
        asio::cancellation_signal signal;
    };

    std::shared_ptr<runtime> home_;
    std::weak_ptr<inside> running_;
};

/// Runs an operation in the client's context, by itself; the caller waits, until `end` at most. Cancels it if
/// the caller goes.
template <class T>
asio::awaitable<T> run_apart(std::shared_ptr<runtime> home, operation_body<T> op, time_point end)
{
    auto const landed = std::make_shared<flight<value_of<T>>>();
    auto const call = std::make_shared<remote_call>(home);
    auto start = [call, landed, owner = home->limits(), op] {
        auto const promise = std::make_shared<flight_promise<value_of<T>>>(landed);
        call->start([promise, owner, op] { return run_into<T>(promise, owner, op); });
    };
    auto joined = flight<value_of<T>>::join(landed, home->limits(), end, std::move(start));
    if constexpr (std::is_void_v<T>)
        co_await std::move(joined);
    else
        co_return co_await std::move(joined);
}

/// Runs an operation where the client lives: right here if the caller's executor belongs to the client's
/// context, else there, and the caller waits. Every failure leaves as `practicus::error`. `body()` gives an
/// `awaitable<T>`, once, and lives until that has ended.
template <class T, class Body>
asio::awaitable<T> run_operation(std::shared_ptr<runtime> home, Body body)
{
    home->check();
    // A wait that has ended already hears of no cancellation: then the next one must throw, also for a caller
    // who has switched that off; but who was cancelled before may do something all the same.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    auto const caller = co_await asio::this_coro::cancellation_state;
    if (caller.cancelled() == asio::cancellation_type::none)
        co_await asio::this_coro::throw_if_cancelled(true);
    std::optional<value_of<T>> result;
    std::shared_ptr<error_info const> failure;
    try {
        bool const here = home->owns(co_await asio::this_coro::executor);
        std::optional<sweeper::activity> running;
        if (here) running.emplace(home->limits());
        // `body` stays here in any case, with the client's handle: else what is dropped there could close the
        // client before it has told this caller why.
        auto operation = here ? body() : run_apart<T>(home, operation_body<T>(body), time_point::max());
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            result.emplace();
        } else {
            result.emplace(co_await std::move(operation));
        }
    } catch (...) {
        failure = current_error_info();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failure) throw error(std::move(failure));
    if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

} // namespace practicus::inline v1::detail
