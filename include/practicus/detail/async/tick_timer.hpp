// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/reserved_memory.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/wait_traits.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

namespace asio = boost::asio;

/// An executor that runs functions inline.
class in_place_executor
{
public:
    explicit in_place_executor(asio::execution_context& context) noexcept : context_(&context) {}

    template <class F>
    void execute(F f) const
    {
        std::move(f)();
    }

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }

    friend bool operator==(in_place_executor const& a, in_place_executor const& b) noexcept
    {
        return a.context_ == b.context_;
    }
    friend bool operator!=(in_place_executor const& a, in_place_executor const& b) noexcept
    {
        return !(a == b);
    }

private:
    asio::execution_context* context_;
};

/// Calls a function after a time, on a thread that runs the context. It uses no executor of a caller, because
/// that may throw. A restart needs no memory, unless a timer of another owner with this `Tag` has taken its
/// place in Asio's queue meanwhile. Thread safety: none.
template <class Tag>
class tick_timer
{
public:
    explicit tick_timer(asio::execution_context& context)
        : memory_(std::make_shared<reserved_memory>()), timer_(in_place_executor(context))
    {}

    /// Starts the timer. `f` must not throw. Strong guarantee.
    template <class F>
    void call_after(std::chrono::milliseconds wait, F f)
    {
        timer_.expires_after(wait);
        timer_.async_wait(handler<F>{memory_, std::move(f)});
    }

    void cancel() { timer_.cancel(); }

private:
    // A type of its own gives it a queue of its own.
    struct traits : asio::wait_traits<std::chrono::steady_clock>
    {};

    template <class F>
    struct handler
    {
        using allocator_type = reserved_allocator<void>;

        allocator_type get_allocator() const noexcept { return allocator_type(memory); }

        void operator()(boost::system::error_code code)
        {
            if (!code) f();
        }

        // Copied, because Asio frees with the original handler after having moved it.
        std::shared_ptr<reserved_memory> const memory;
        F f;
    };

    std::shared_ptr<reserved_memory> memory_;
    asio::basic_waitable_timer<std::chrono::steady_clock, traits, in_place_executor> timer_;
};

}}} // namespace practicus::v1::detail
