// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/timed_wait.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/intrusive/list.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Coroutines that a parent in any context has started in the client's context. Each has its own strand, for
/// its cancellation slot. Thread safety: full.
class child_group : public std::enable_shared_from_this<child_group>
{
public:
    using start_failed = std::function<void(std::exception_ptr const&)>;

    explicit child_group(std::shared_ptr<client_runtime> runtime) : runtime_(std::move(runtime)) {}
    child_group(child_group const&) = delete;
    child_group& operator=(child_group const&) = delete;

    /// Starts `make()`, which is destroyed after its coroutine. Discards it after `cancel`, or if the
    /// client's context is gone. Calls `failed`, which must not throw, if it cannot be started later.
    void start(std::function<asio::awaitable<void>()> make, start_failed failed = do_nothing())
    {
        // Must not be destroyed under the registry's mutex.
        auto const kept = std::make_shared<child>(shared_from_this(), std::move(make), std::move(failed));
        runtime_->with_executor([&](asio::any_io_executor const& executor) {
            auto const running = std::make_shared<inside>(executor);
            if (!add(*kept, running)) return;
            asio::post(running->strand, [running, kept] {
                // Destroyed after the coroutine.
                auto done = [running, kept](std::exception_ptr const& thrown) {
                    if (thrown) kept->failed(thrown);
                };
                client_runtime::begin(running->strand, kept->make,
                                      asio::bind_cancellation_slot(running->signal.slot(), std::move(done)));
            });
        });
    }

    /// Cancels all children; later ones are not started. Returns false if memory ran out; then call it again.
    [[nodiscard]] bool cancel() noexcept
    {
        bool all = true;
        bool const up = runtime_->with_executor([&](asio::any_io_executor const&) {
            std::lock_guard lock(mutex_);
            over_ = true;
            for (auto& c : running_)
                all = c.cancel() && all;
        });
        return all || !up;
    }

    /// Cancels all children and waits for their end; afterwards none refers to objects of the caller. Neither
    /// a cancellation nor `close()` shortens the wait.
    ///
    /// Create it before the first child is started: afterwards it cannot fail. Await it on `executor`, with
    /// `throw_if_cancelled(false)`.
    static asio::awaitable<void> end(std::shared_ptr<child_group> self, asio::any_io_executor const& executor)
    {
        auto last = std::make_shared<timed_waiter>();
        last->reserve(executor);
        return end_by(std::move(self), std::move(last));
    }

private:
    static asio::awaitable<void> end_by(std::shared_ptr<child_group> self, std::shared_ptr<timed_waiter> last)
    {
        while (true) {
            // Set already if the group was empty before its last child.
            self->empty_.clear();
            bool const cancelled = self->cancel();
            if (self->is_empty()) co_return;
            auto const at =
                cancelled ? time_point::max() : self->runtime_->time().now() + deadline_service::tick;
            condition_wait waiting(self->empty_, *self->runtime_->limits(), last);
            auto suspended = waiting.until(at);
            waiting.end(co_await std::move(suspended));
        }
    }

    // Created and destroyed in the client's context: a strand must not outlive its execution context.
    struct inside
    {
        explicit inside(asio::any_io_executor const& executor) : strand(asio::make_strand(executor)) {}

        asio::strand<asio::any_io_executor> strand;
        asio::cancellation_signal signal;
    };

    struct child : boost::intrusive::list_base_hook<>
    {
        child(std::shared_ptr<child_group> p, std::function<asio::awaitable<void>()> m, start_failed f)
            : parent(std::move(p)), make(std::move(m)), failed(std::move(f))
        {}
        child(child const&) = delete;
        child& operator=(child const&) = delete;
        ~child()
        {
            make = nullptr;
            failed = nullptr;
            parent->remove(*this);
        }

        bool cancel() noexcept
        {
            try {
                auto const self = running.lock();
                if (self)
                    asio::post(self->strand,
                               [self] { self->signal.emit(asio::cancellation_type::terminal); });
                running.reset();
                return true;
            } catch (...) {
                return false;
            }
        }

        std::shared_ptr<child_group> parent;
        std::function<asio::awaitable<void>()> make;
        start_failed failed;
        // Guarded by the group's mutex. Empty after a cancellation.
        std::weak_ptr<inside> running;
    };

    bool add(child& c, std::shared_ptr<inside> const& running) noexcept
    {
        std::lock_guard lock(mutex_);
        if (over_) return false;
        c.running = running;
        running_.push_back(c);
        return true;
    }

    void remove(child& c) noexcept
    {
        bool last = false;
        {
            std::lock_guard lock(mutex_);
            if (c.is_linked()) running_.erase(running_.iterator_to(c));
            last = running_.empty();
        }
        if (last) empty_.set();
    }

    bool is_empty() const noexcept
    {
        std::lock_guard lock(mutex_);
        return running_.empty();
    }

    std::shared_ptr<client_runtime> runtime_;
    mutable std::mutex mutex_;
    boost::intrusive::list<child> running_;
    // Set whenever no child is left. Not cleared by `add`, which runs under the registry's mutex.
    condition empty_;
    bool over_ = false;
};

/// RAII: cancels a parent's children. Children that refer to objects of the caller must have ended before
/// (`child_group::end`). A child that is refused the memory for its cancellation runs on to its own end.
class children
{
public:
    explicit children(std::shared_ptr<client_runtime> runtime)
        : group_(std::make_shared<child_group>(std::move(runtime)))
    {}
    children(children const&) = delete;
    children& operator=(children const&) = delete;
    ~children() { (void)group_->cancel(); }

    std::shared_ptr<child_group> const& group() const noexcept { return group_; }

private:
    std::shared_ptr<child_group> group_;
};

}}} // namespace practicus::v1::detail
