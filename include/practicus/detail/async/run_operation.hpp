// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/child_group.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/runtime.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, nothing, T>;

/// An operation that has not begun. The function owns what the coroutine refers to.
template <class T>
using operation_body = std::function<asio::awaitable<T>()>;

/// Runs an operation and leaves its end in a flight. The promise is made before anything is posted: what is
/// dropped before it has begun must end as well.
template <class T>
asio::awaitable<void> run_into(std::shared_ptr<flight_promise<value_of<T>>> kept,
                               std::shared_ptr<deadline_service> owner, operation_body<T> body)
{
    auto& promise = *kept;
    deadline_service::operation_guard const running(std::move(owner));
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

/// Runs an operation in the client's context, as a child of a caller who waits until `end` at most.
template <class T>
asio::awaitable<T> run_child(std::shared_ptr<runtime> home, std::shared_ptr<child_group> children,
                             operation_body<T> op, time_point end)
{
    auto const landed = std::make_shared<flight<value_of<T>>>();
    auto start = [children, landed, owner = home->limits(), op] {
        auto const promise = std::make_shared<flight_promise<value_of<T>>>(landed);
        children->start([promise, owner, op] { return run_into<T>(promise, owner, op); });
    };
    auto joined = flight<value_of<T>>::join(landed, home->limits(), end, std::move(start));
    auto ended = co_await std::move(joined);
    if (!ended) throw error(ended.error());
    if constexpr (!std::is_void_v<T>) co_return std::move(*ended);
}

/// Runs an operation in the client's context, by itself; the caller waits, until `end` at most. Cancels it if
/// the caller goes: it must refer to nothing of the caller's.
template <class T>
asio::awaitable<T> run_on_client_executor(std::shared_ptr<runtime> home, operation_body<T> op, time_point end)
{
    children const one(home);
    auto running = run_child<T>(std::move(home), one.group(), std::move(op), end);
    if constexpr (std::is_void_v<T>)
        co_await std::move(running);
    else
        co_return co_await std::move(running);
}

/// What one of the caller's own callbacks threw, to reach the caller as it is; but a cancellation is the
/// operation's. In a handler.
inline std::shared_ptr<error_info const> callback_failure()
{
    auto known = current_error_info();
    if (known->code == asio::error::operation_aborted) return known;
    auto info = *known;
    info.exception = std::current_exception();
    return std::make_shared<error_info const>(std::move(info));
}

/// Awaits what a callback of the caller returns. What it throws is the failure; what it says
/// about cancellation holds no longer than itself.
template <class T, class... Args>
asio::awaitable<result<value_of<T>>> call_back(std::function<asio::awaitable<T>(Args...)> const& f,
                                               std::type_identity_t<Args>... args)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    std::optional<result<value_of<T>>> ended;
    try {
        auto called = f(std::move(args)...);
        if constexpr (std::is_void_v<T>) {
            co_await std::move(called);
            ended.emplace(nothing());
        } else {
            ended.emplace(co_await std::move(called));
        }
    } catch (...) {
        ended.emplace(callback_failure());
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return std::move(*ended);
}

/// The same for a callback that is no coroutine.
template <class Arg>
void call_back(std::function<void(Arg const&)> const& f, Arg const& arg)
{
    try {
        f(arg);
    } catch (...) {
        throw error(callback_failure());
    }
}

/// When a caller in another context may go who is cancelled.
enum class parting
{
    at_once,
    /// Once the operation has ended: it refers to the caller's source, sink or callbacks.
    with_operation
};

/// Runs an operation where the client lives: right here if the caller's executor belongs to the client's
/// context, else there, and the caller waits. Every failure leaves as `practicus::error`, or as what a
/// callback of the caller threw. `body()` gives an `awaitable<T>`, once, and lives until that has ended.
template <class T, class Body>
asio::awaitable<T> run_operation(std::shared_ptr<runtime> home, Body body, parting leaves = parting::at_once)
{
    home->check();
    // A wait that has ended already hears of no cancellation: then the next one must throw, also for a caller
    // who has switched that off; but who was cancelled before may do something all the same.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    auto const caller = co_await asio::this_coro::cancellation_state;
    if (caller.cancelled() == asio::cancellation_type::none)
        co_await asio::this_coro::throw_if_cancelled(true);
    std::optional<value_of<T>> result;
    std::shared_ptr<error_info const> failed;
    std::optional<children> apart;
    std::optional<asio::awaitable<void>> ending;
    try {
        std::optional<deadline_service::operation_guard> running;
        auto const executor = co_await asio::this_coro::executor;
        if (home->owns(executor))
            running.emplace(home->limits());
        else
            apart.emplace(home);
        if (apart && leaves == parting::with_operation)
            ending.emplace(child_group::end(apart->group(), executor));
        // `body` stays here in any case, with the client's handle: else what is dropped there could close the
        // client before it has told this caller why.
        auto operation =
            running ? body() : run_child<T>(home, apart->group(), operation_body<T>(body), time_point::max());
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            result.emplace();
        } else {
            result.emplace(co_await std::move(operation));
        }
    } catch (...) {
        failed = current_error_info();
    }
    if (ending) {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await std::move(*ending);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failed && failed->exception) std::rethrow_exception(failed->exception);
    if (failed) throw error(std::move(failed));
    if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

}}} // namespace practicus::v1::detail
