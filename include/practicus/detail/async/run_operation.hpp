// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/child_group.hpp>
#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/base/result.hpp>
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

/// An operation that has not begun. The function owns what the coroutine refers to.
template <class T>
using operation_body = std::function<asio::awaitable<T>()>;

/// The type of a body's result without `result<>`.
template <class R>
struct body_value
{
    using type = value_of<R>;
};

template <class T>
struct body_value<result<T>>
{
    using type = T;
};

template <class R>
using body_value_t = typename body_value<R>::type;

/// Runs `body` and stores its result in the promise of a flight. The promise exists before anything is
/// posted, so that work that is dropped unstarted ends as well.
template <class Promise, class Body>
asio::awaitable<void> run_into(std::shared_ptr<Promise> kept, std::shared_ptr<deadline_service> owner,
                               Body body)
{
    using R = typename decltype(body())::value_type;
    auto& promise = *kept;
    deadline_service::operation_guard const running(std::move(owner));
    try {
        if constexpr (std::is_void_v<R>) {
            co_await body();
            promise->succeed({});
        } else {
            result<body_value_t<R>> ended = co_await body();
            ended ? promise->succeed(std::move(*ended)) : promise->fail(ended.error());
        }
    } catch (...) {
        promise->fail(as_failure(std::current_exception()));
    }
}

/// Stores the exception of work that cannot be started in its promise.
template <class Promise>
auto store_exception_in(std::shared_ptr<Promise> promise)
{
    return [kept = std::move(promise)](std::exception_ptr const& thrown) {
        if (thrown) (*kept)->fail(as_failure(thrown));
    };
}

/// Runs `body` in the client's context and stores its result in the promise of a flight, or the reason why it
/// cannot be started.
template <class Promise, class Body>
void spawn_into(client_runtime& runtime, std::shared_ptr<Promise> promise, Body body)
{
    runtime.spawn([promise, owner = runtime.limits(), body] { return run_into(promise, owner, body); },
                  store_exception_in(promise));
}

/// Runs an operation in the client's context to its end, even if the caller leaves.
template <class T>
asio::awaitable<result<T>> run_to_end(std::shared_ptr<client_runtime> runtime, operation_body<result<T>> op)
{
    auto const outcome = std::make_shared<flight<T>>();
    auto waiting = flight<T>::join(outcome, runtime->limits(), time_point::max());
    spawn_into(*runtime, std::make_shared<flight_promise<T>>(outcome), std::move(op));
    return waiting;
}

/// The time at which a cancelled caller in another context resumes.
enum class parting
{
    at_once,
    /// After the operation has ended, which refers to the caller's source, sink or callbacks.
    with_operation
};

/// Awaits `running`, and then `ending`: that of its children, which refer to objects of the caller.
template <class T>
asio::awaitable<result<T>> with_children(asio::awaitable<result<T>> running, asio::awaitable<void> ending)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    auto guarded = no_throw(std::move(running));
    auto ended = co_await std::move(guarded);
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await std::move(ending);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return ended;
}

/// Runs an operation in the client's context; the caller waits until `end` at most. Cancels the operation if
/// the caller is destroyed.
template <class R>
asio::awaitable<result<body_value_t<R>>> run_on_client_executor(std::shared_ptr<client_runtime> runtime,
                                                                operation_body<R> op, time_point end,
                                                                parting leaves = parting::at_once)
{
    using shared = flight<body_value_t<R>>;
    children const one(runtime);
    auto const outcome = std::make_shared<shared>();
    auto start = [&] {
        auto const promise = std::make_shared<flight_promise<body_value_t<R>>>(outcome);
        auto const failed = store_exception_in(promise);
        try {
            one.group()->start(
                [promise, owner = runtime->limits(), op] { return run_into(promise, owner, op); }, failed);
        } catch (...) {
            failed(std::current_exception());
        }
    };
    auto joined = shared::join(outcome, runtime->limits(), end, std::move(start));
    if (leaves == parting::at_once) co_return co_await std::move(joined);
    auto ending = child_group::end(one.group(), co_await asio::this_coro::executor);
    auto both = with_children(std::move(joined), std::move(ending));
    co_return co_await std::move(both);
}

/// Returns the exception of a caller's callback as a failure that rethrows it unchanged, or the plain failure
/// for a cancellation. Must be called in a `catch` block.
inline std::shared_ptr<error_info const> callback_failure()
{
    auto thrown = std::current_exception();
    auto known = as_failure(thrown);
    if (known->code == asio::error::operation_aborted) return known;
    auto info = *known;
    info.code = errc::callback_failed;
    if (!info.cause) info.cause = known->code;
    info.exception = std::move(thrown);
    return std::make_shared<error_info const>(std::move(info));
}

/// Awaits a caller's callback. An exception becomes the failure. The callback's `throw_if_cancelled` setting
/// ends with it.
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

/// Calls a callback that is no coroutine.
template <class Arg>
failure call_back(std::function<void(Arg const&)> const& f, Arg const& arg)
{
    try {
        f(arg);
        return nullptr;
    } catch (...) {
        return callback_failure();
    }
}

/// Runs an operation in the client's context: in this coroutine if the caller's executor belongs to it, else
/// there while the caller waits. Calls `body()` once and keeps `body` until its awaitable of a result has
/// ended. Turns an exception into a failure. With `Throws`, throws the failure, without a second coroutine.
template <class T, bool Throws = false, class Body>
asio::awaitable<std::conditional_t<Throws, T, result<T>>>
run_operation(std::shared_ptr<client_runtime> runtime, Body body, parting leaves = parting::at_once)
{
    if (auto refused = runtime->refusal()) {
        if constexpr (Throws)
            throw error(std::move(refused));
        else
            co_return refused;
    }
    // A cancellation does not reach a wait that has just ended, so the next one must throw, even if the
    // caller has disabled that. A caller that was cancelled before may still start an operation.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    auto const caller = co_await asio::this_coro::cancellation_state;
    if (caller.cancelled() == asio::cancellation_type::none)
        co_await asio::this_coro::throw_if_cancelled(true);
    std::optional<result<T>> ended;
    try {
        std::optional<deadline_service::operation_guard> running;
        bool const here = runtime->owns(co_await asio::this_coro::executor);
        if (here) running.emplace(runtime->limits());
        // `body` stays here with the client's handle: dropping the last one elsewhere could close the client
        // before this caller has its failure.
        auto operation =
            here ? body() : run_on_client_executor<result<T>>(runtime, body, time_point::max(), leaves);
        ended.emplace(co_await std::move(operation));
    } catch (...) {
        ended.emplace(as_failure(std::current_exception()));
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if constexpr (Throws)
        co_return std::move(ended->value());
    else
        co_return std::move(*ended);
}

/// Throws the failure of an operation, for a caller without a completion token.
template <class T>
asio::awaitable<T> throwing(asio::awaitable<result<value_of<T>>> operation)
{
    auto ended = co_await std::move(operation);
    if constexpr (std::is_void_v<T>)
        std::move(ended).value();
    else
        co_return std::move(ended).value();
}

}}} // namespace practicus::v1::detail
