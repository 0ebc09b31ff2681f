// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/reserved_memory.hpp>
#include <practicus/detail/async/waiter.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <variant>

namespace practicus { inline namespace v1 { namespace detail {

/// The end of a wait. A class of its own, because Asio would throw an error_code.
struct wakeup
{
    error_code code;
};

/// Returns an executor that posts, and counts as outstanding work. Made once for each wait: a strand in an
/// `any_io_executor` takes memory for each conversion.
template <class Executor>
auto posting(Executor const& executor)
{
    return asio::prefer(asio::require(executor, asio::execution::blocking.never),
                        asio::execution::outstanding_work.tracked);
}

template <class Executor>
using posting_executor = decltype(posting(std::declval<Executor const&>()));

/// A suspended coroutine. Allocated before it takes the handler: an exception must leave the handler alone.
template <class Handler>
class suspended final : public waiter::suspension
{
public:
    explicit suspended(asio::associated_executor_t<Handler> const& executor)
        : executor_(std::in_place_index<plain>, executor)
    {
        try {
            executor_.template emplace<tracked>(posting(executor));
        } catch (...) {
            // A wait with reserved memory must begin all the same. Its end tries again.
        }
    }

    void take(Handler&& handler) noexcept { handler_.emplace(std::move(handler)); }

private:
    static constexpr std::size_t none = 0, plain = 1, tracked = 2;

    void post(std::shared_ptr<waiter::suspension> self) override
    {
        auto done = [kept = std::move(self)]() mutable { complete(std::move(kept)); };
        if (auto* const made = std::get_if<tracked>(&executor_))
            made->execute(std::move(done));
        else
            posting(std::get<plain>(executor_)).execute(std::move(done));
        executor_.template emplace<none>();
    }

    // Runs on the coroutine's executor, where slots may be used.
    static void complete(std::shared_ptr<waiter::suspension> kept)
    {
        auto handler = std::move(*static_cast<suspended&>(*kept).handler_);
        auto const code = kept->code;
        // Its memory may be a reserve, which the next wait needs.
        kept.reset();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        std::move(handler)(wakeup{code});
    }

    std::optional<Handler> handler_;
    std::variant<std::monostate, asio::associated_executor_t<Handler>,
                 posting_executor<asio::associated_executor_t<Handler>>>
        executor_;
};

/// Returns the code of a wait that could not begin, for the current exception.
inline error_code refusal_code() noexcept
{
    try {
        throw;
    } catch (std::bad_alloc const&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(boost::system::errc::resource_unavailable_try_again);
    }
}

/// Starts a wait: listens for cancellation, calls `enlist`, from where it may be woken, and suspends.
template <class Enlist>
struct wait_initiation
{
    std::shared_ptr<waiter> waiter_;
    Enlist enlist_;

    template <class Handler>
    void operator()(Handler handler)
    {
        std::shared_ptr<suspended<Handler>> made;
        error_code refused;
        try {
            made = prepare(*waiter_, handler);
            listen(waiter_, handler);
            enlist_();
        } catch (...) {
            refused = refusal_code();
        }
        // Thrown from here, it would leave `run()`, and the coroutine would never end.
        if (refused) return refuse(std::move(handler), refused);
        made->take(std::move(handler));
        // Another thread may resume the coroutine meanwhile, which owns `this`.
        auto const registry = waiter_->registry_;
        registry->add(*waiter_, std::move(made));
    }

private:
    template <class Handler>
    static std::shared_ptr<suspended<Handler>> prepare(waiter& w, Handler const& handler)
    {
        using made = suspended<Handler>;
        static_assert(sizeof(made) + sizeof(std::shared_ptr<void>[4]) <= reserved_memory::size);
        auto const executor = asio::get_associated_executor(handler);
        if (w.reserve_) {
            w.registry_->renew(w);
            return std::allocate_shared<made>(reserved_allocator<made>(w.reserve_), executor);
        }
        w.registry_ = registry_of(executor);
        w.registry_->make_ready();
        return std::make_shared<made>(executor);
    }

    template <class Handler>
    static void listen(std::shared_ptr<waiter> const& w, Handler const& handler)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (w->is_reserved() || !slot.is_connected()) return;
        slot.assign([weak = std::weak_ptr<waiter>(w)](asio::cancellation_type type) {
            if (type == asio::cancellation_type::none) return;
            if (auto const self = weak.lock()) self->wake(asio::error::operation_aborted);
        });
    }

    template <class Handler>
    static void refuse(Handler&& handler, error_code why)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        std::forward<Handler>(handler)(wakeup{why});
    }
};

/// Returns an operation to be awaited once. It suspends the calling coroutine until `w` is woken, and returns
/// the code of its end. That is `operation_aborted` after a cancellation, and the `refusal_code` if the wait
/// could not begin. `enlist` runs before the coroutine can be resumed, and may wake at once. It is no
/// coroutine, because there may be many waiters, and each frame takes memory.
template <class Enlist>
auto wait(std::shared_ptr<waiter> w, Enlist enlist)
{
    return asio::async_initiate<asio::deferred_t const, void(wakeup)>(
        wait_initiation<Enlist>{std::move(w), std::move(enlist)}, asio::deferred);
}

}}} // namespace practicus::v1::detail
