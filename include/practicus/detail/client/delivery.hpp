// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/async/waiter.hpp>
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

#include <atomic>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Ends an operation of a completion token, with `terminal`: by itself, `co_spawn` lets only that through. A
/// cancellation that is refused memory is tried again.
class canceller final : public waiter::suspension
{
public:
    explicit canceller(asio::any_io_executor const& executor) : runs_on_(executor) {}

    /// The slot refers to nothing that must go before its context.
    static void listen(std::shared_ptr<canceller> const& self, asio::cancellation_slot slot)
    {
        if (!slot.is_connected()) return;
        self->registry_ = registry_of(self->runs_on_);
        self->registry_->make_ready();
        slot.assign([weak = std::weak_ptr<canceller>(self)](asio::cancellation_type type) {
            auto const kept = weak.lock();
            if (!kept || type == asio::cancellation_type::none) return;
            try {
                asio::dispatch(kept->runs_on_, [kept] { emit(kept); });
            } catch (...) {
                retry(kept);
            }
        });
    }

    asio::cancellation_signal signal;

private:
    static void emit(std::shared_ptr<canceller> const& self) noexcept
    {
        try {
            self->signal.emit(asio::cancellation_type::terminal);
            // Asio may have posted what refers to the signal.
            asio::post(self->runs_on_, [self] {});
        } catch (...) {
            retry(self);
        }
    }

    static void retry(std::shared_ptr<canceller> const& self) noexcept
    {
        if (self->retries_.exchange(true)) return;
        self->registry_->add(self->later_, self);
        self->registry_->wake(self->later_, {});
    }

    void post(std::shared_ptr<suspension> self) override
    {
        asio::post(runs_on_, [kept = std::static_pointer_cast<canceller>(self)] {
            kept->retries_ = false;
            emit(kept);
        });
    }

    asio::any_io_executor runs_on_;
    std::shared_ptr<waiter_registry> registry_;
    waiter later_;
    std::atomic<bool> retries_{false};
};

template <class T>
asio::awaitable<T> delivery<T>::await(pending<T> operation)
{
    if (!operation.client) return throwing<T>(operation());
    auto const& runtime = operation.client.state().transport().runtime();
    auto const leaves = operation.leaves;
    if constexpr (std::is_void_v<T>)
        return throwing<T>(run_operation<nothing>(runtime, std::move(operation), leaves));
    else
        return run_operation<T, true>(runtime, std::move(operation), leaves);
}

template <class T>
void delivery<T>::start(asio::any_io_executor executor, pending<T> operation, completion<T> handler)
{
    using ended = result<value_of<T>>;
    // First: an erased handler's default would be a copy of an empty executor, which Boost 1.81 leaks.
    if (!executor) return;
    auto const ends_on = asio::get_associated_executor(handler, executor);
    // The executor of an erased handler is a copy, which is empty if it gets no memory.
    if (!ends_on) throw std::bad_alloc();
    auto const cancel = std::make_shared<canceller>(executor);
    canceller::listen(cancel, asio::get_associated_cancellation_slot(handler));
    auto done = [cancel, h = std::move(handler)](std::exception_ptr thrown, ended with) mutable {
        std::move(h)(thrown ? ended(as_failure(thrown)) : std::move(with));
    };
    auto begin = [&] {
        if (!operation.client) return operation();
        auto const& runtime = operation.client.state().transport().runtime();
        auto const leaves = operation.leaves;
        return run_operation<value_of<T>>(runtime, std::move(operation), leaves);
    };
    asio::co_spawn(
        executor, begin(),
        asio::bind_executor(ends_on, asio::bind_cancellation_slot(cancel->signal.slot(), std::move(done))));
}

}}} // namespace practicus::v1::detail
