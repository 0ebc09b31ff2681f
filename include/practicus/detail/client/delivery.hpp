// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/client/completion.hpp>
#include <practicus/detail/tokens/session.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Ends an operation of a completion token, with `terminal`: by itself, `co_spawn` lets only that through.
struct canceller
{
    explicit canceller(asio::any_io_executor const& executor) : runs_on(executor) {}

    /// The slot refers to nothing that must go before its context.
    static void listen(std::shared_ptr<canceller> const& self, asio::cancellation_slot slot)
    {
        if (!slot.is_connected()) return;
        slot.assign([weak = std::weak_ptr<canceller>(self)](asio::cancellation_type type) {
            auto const kept = weak.lock();
            if (!kept || type == asio::cancellation_type::none) return;
            asio::dispatch(kept->runs_on, [kept] {
                kept->signal.emit(asio::cancellation_type::terminal);
                // Asio may have posted what refers to the signal.
                asio::post(kept->runs_on, [kept] {});
            });
        });
    }

    asio::any_io_executor runs_on;
    asio::cancellation_signal signal;
};

template <class T>
asio::awaitable<T> delivery<T>::await(pending<T> operation)
{
    if (!operation.client) return throwing<T>(operation());
    auto const& home = operation.client.state().transport().home();
    auto const leaves = operation.leaves;
    if constexpr (std::is_void_v<T>)
        return throwing<T>(run_operation<nothing>(home, std::move(operation), leaves));
    else
        return run_operation<T, true>(home, std::move(operation), leaves);
}

template <class T>
void delivery<T>::start(asio::any_io_executor executor, pending<T> operation, completion<T> handler)
{
    using ended = result<value_of<T>>;
    // First: an erased handler's default would be a copy of an empty executor, which Boost 1.81 leaks.
    if (!executor) return;
    auto const ends_on = asio::get_associated_executor(handler, executor);
    if (!ends_on) return;
    auto const cancel = std::make_shared<canceller>(executor);
    canceller::listen(cancel, asio::get_associated_cancellation_slot(handler));
    auto done = [cancel, h = std::move(handler)](std::exception_ptr thrown, ended with) mutable {
        std::move(h)(thrown ? ended(as_failure(thrown)) : std::move(with));
    };
    auto running = operation.client ? run_operation<value_of<T>>(operation.client.state().transport().home(),
                                                                 operation, operation.leaves)
                                    : operation();
    asio::co_spawn(
        executor, std::move(running),
        asio::bind_executor(ends_on, asio::bind_cancellation_slot(cancel->signal.slot(), std::move(done))));
}

}}} // namespace practicus::v1::detail
