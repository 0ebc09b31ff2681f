// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/completion_token.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/client/handle.hpp>
#include <practicus/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

/// The adapter of a completion token to an operation. The operation's body is compiled once for all tokens.
namespace practicus { inline namespace v1 { namespace detail {

enum class parting;

/// An operation that has not begun. It owns its arguments and the client's state.
template <class T>
struct pending
{
    using body_type = std::function<boost::asio::awaitable<result<value_of<T>>>(handle const&)>;

    pending(handle const& h, body_type what, parting how) : client(h), body(std::move(what)), leaves(how) {}

    auto operator()() { return body(client); }

    /// Empty: the body has its result already, and runs anywhere.
    handle client;
    /// Apart from the client: without arguments it allocates nothing.
    body_type body;
    parting leaves;
};

template <class T>
using completion = boost::asio::any_completion_handler<void(result<value_of<T>>)>;

/// Ends operations for their callers. Not defined here: it is compiled with the operations.
template <class T>
struct delivery
{
    /// For a caller without a completion token.
    static boost::asio::awaitable<T> await(pending<T> operation);

    /// Runs the operation on the executor, and then posts the handler to its own.
    static void start(boost::asio::any_io_executor executor, pending<T> operation, completion<T> handler);
};

/// Memory that is refused costs the details, and throws nothing in a handler.
inline void store_error_info(error_info& target, failure const& failed) noexcept
{
    target = error_info();
    if (!failed) return;
    try {
        target = *failed;
    } catch (std::bad_alloc const&) {
        target.code = failed->code;
    }
}

/// Gives a caller's handler what it asks for.
template <class T, class Handler>
class code_handler
{
public:
    explicit code_handler(Handler&& handler) : inner(std::move(handler)) {}

    void operator()(result<value_of<T>> ended)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(inner);
        if (slot.is_connected()) slot.clear();
        failure const failed = ended.has_error() ? ended.error() : nullptr;
        error_info* const none = nullptr;
        if (auto* const info = associated_error_info<Handler, error_info*>::get(inner, none))
            store_error_info(*info, failed);
        auto const code = failed ? failed->code : error_code();
        if constexpr (std::is_void_v<T>)
            std::move(inner)(code);
        else
            std::move(inner)(code, failed ? T() : std::move(*ended));
    }

    Handler inner;
};

/// Starts what `make()` returns. Not an aggregate: g++ 12 destroys one twice inside a `co_await` expression
/// (GCC PR 107288).
template <class T, class Make>
class initiation
{
public:
    using executor_type = boost::asio::any_io_executor;

    initiation(executor_type executor, Make make) : executor_(std::move(executor)), make_(std::move(make)) {}

    executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using kept = std::decay_t<Handler>;
        auto const own = boost::asio::get_associated_executor(handler, executor_);
        code_handler<T, kept> coded(std::forward<Handler>(handler));
        delivery<T>::start(runs_on(own), make_(), completion<T>(std::move(coded)));
    }

private:
    /// Returns the handler's executor, which has a context unless its type is erased to what handlers need.
    template <class Executor>
    executor_type runs_on(Executor const& own) const
    {
        if constexpr (std::convertible_to<Executor const&, executor_type>) {
            return own;
        } else {
            if (executor_) return boost::asio::make_strand(executor_);
            // As a handler of a known type: its context has gone.
            if constexpr (requires { static_cast<bool>(own); })
                if (!own) return {};
            return boost::asio::system_executor();
        }
    }

    executor_type executor_;
    Make make_;
};

/// The result of a pending operation, as its handler gets it.
template <class Pending>
struct pending_value;

template <class T>
struct pending_value<pending<T>>
{
    using type = T;
};

/// Starts `begin(h, args...)`, now or later, as the token says. A session token that is in the cache is ready
/// at once, and without a completion token that takes one coroutine: `begin.await`.
template <class Handle, class Token, class Begin, class... Args>
auto initiate(Handle const& h, Token&& token, Begin begin, Args&&... args)
{
    using T = typename pending_value<std::invoke_result_t<Begin, Handle const&, Args...>>::type;
    if constexpr (!std::same_as<std::remove_cvref_t<Token>, await_token>) {
        auto make = [h, begin, ... as = std::decay_t<Args>(std::forward<Args>(args))]() mutable {
            return begin(h, std::move(as)...);
        };
        using kept = std::decay_t<Token>;
        kept own(std::forward<Token>(token));
        return boost::asio::async_initiate<kept, typename completion_signature<T>::type>(
            initiation<T, decltype(make)>(executor_of(h), std::move(make)), own);
    } else if constexpr (requires { begin.await(h, std::forward<Args>(args)...); }) {
        return begin.await(h, std::forward<Args>(args)...);
    } else {
        return delivery<T>::await(begin(h, std::forward<Args>(args)...));
    }
}

}}} // namespace practicus::v1::detail

namespace boost::asio {

template <template <class, class> class Associator, class T, class Handler, class Candidate>
struct associator<Associator, practicus::detail::code_handler<T, Handler>, Candidate>
    : Associator<Handler, Candidate>
{
    static decltype(auto) get(practicus::detail::code_handler<T, Handler> const& h) noexcept
    {
        return Associator<Handler, Candidate>::get(h.inner);
    }

    static decltype(auto) get(practicus::detail::code_handler<T, Handler> const& h,
                              Candidate const& otherwise) noexcept
    {
        return Associator<Handler, Candidate>::get(h.inner, otherwise);
    }
};

} // namespace boost::asio
