// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/waiter.hpp>
#include <practicus/detail/base/random.hpp>
#include <practicus/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The environment of a client: its executor, execution context, clock and deadlines, and whether client and
/// context still exist. Thread safety: full.
class client_runtime final : public context_dependent
{
public:
    static std::shared_ptr<client_runtime> make(asio::any_io_executor executor)
    {
        std::shared_ptr<client_runtime> self(new client_runtime(std::move(executor)));
        self->registry_->add_dependent(*self);
        return self;
    }

    std::shared_ptr<deadline_service> const& limits() const noexcept { return deadlines_; }
    clock& time() const noexcept { return deadlines_->time(); }

    ~client_runtime() { registry_->remove_dependent(*this); }

    /// Returns true if an operation on this executor may do its I/O directly.
    bool owns(asio::any_io_executor const& executor) const noexcept
    {
        return &context_of(executor) == context_;
    }

    /// Returns the reason why no operation may begin, or null: `errc::client_closed`, or `operation_aborted`
    /// after the context was destroyed.
    failure refusal() const noexcept
    {
        if (gone_.load()) return fixed_error<asio::error::operation_aborted>();
        if (deadlines_->closed()) return fixed_error<errc::client_closed>();
        return nullptr;
    }

    bool is_closed() const noexcept { return gone_.load() || deadlines_->closed(); }

    /// Returns the client's executor; empty after its context was destroyed.
    asio::any_io_executor executor()
    {
        asio::any_io_executor result;
        with_executor([&](asio::any_io_executor const& current) { result = current; });
        return result;
    }

    /// Calls `f(executor)` while the context is kept from being destroyed. Returns false if it is gone.
    template <class F>
    bool with_executor(F f)
    {
        return registry_->if_up([&] { f(executor_); });
    }

    /// Starts `make()` in the client's context. Returns false and discards it if the context is gone.
    /// Otherwise calls `done(exception_ptr)`, which must not throw, after its end, or if it cannot be
    /// started, for lack of memory for example.
    template <class Make, class Done = do_nothing>
    bool spawn(Make make, Done done = {})
    {
        // The callables must not be called or destroyed under the registry's mutex.
        auto const kept = std::make_shared<std::pair<Make, Done> const>(std::move(make), std::move(done));
        return with_executor([&](asio::any_io_executor const& executor) {
            asio::post(executor, [executor, kept] { begin(executor, kept->first, kept->second); });
        });
    }

    /// Starts `make()`, or calls `done` with the exception: in a handler it would leave `run()`.
    template <class Executor, class Make, class Done>
    static void begin(Executor const& executor, Make const& make, Done const& done) noexcept
    {
        try {
            asio::co_spawn(executor, make(), Done(done));
        } catch (...) {
            done(std::current_exception());
        }
    }

    /// Randomness for jitter.
    random_source& random() noexcept { return random_; }

    /// Sets a callback for the destruction of the context, called before its services are destroyed. It must
    /// close sockets without a pending operation. Call once, before anything runs.
    void on_gone(std::function<void()> f) { on_gone_ = std::move(f); }

    /// Ends all running operations with `errc::client_closed` and refuses new ones.
    void close() noexcept { deadlines_->close(); }

private:
    explicit client_runtime(asio::any_io_executor executor)
        : executor_(std::move(executor)), context_(&context_of(executor_)), registry_(registry_of(executor_)),
          deadlines_(std::make_shared<deadline_service>(executor_))
    {}

    void context_gone() noexcept override
    {
        gone_.store(true);
        deadlines_->drop_timer();
        if (on_gone_) on_gone_();
        // From here on nothing of the context may be used. The destructor of a work-tracking executor would.
        executor_ = {};
    }

    asio::any_io_executor executor_;
    asio::execution_context* context_;
    std::shared_ptr<waiter_registry> registry_;
    std::shared_ptr<deadline_service> deadlines_;
    std::atomic<bool> gone_{false};
    std::function<void()> on_gone_;
    random_source random_;
};

}}} // namespace practicus::v1::detail
