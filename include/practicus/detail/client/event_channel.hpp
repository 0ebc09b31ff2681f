// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/child_group.hpp>
#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/async/wait.hpp>
#include <practicus/detail/async/waiter.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>
#include <practicus/event_parser.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Hands one piece of a response at a time from an operation in the client's context to a reader of events in
/// any context. Thread safety: full, with one operation and one reader.
class event_channel
{
public:
    using taken = result<std::optional<stream_event>>;

    event_channel(std::shared_ptr<child_group> operation, event_limits limits)
        : operation_(std::move(operation)), parser_(limits)
    {}
    event_channel(event_channel const&) = delete;
    event_channel& operator=(event_channel const&) = delete;

    /// Waits until all events of the piece were taken. Throws `operation_aborted` if no events are wanted.
    static asio::awaitable<void> give(std::shared_ptr<event_channel> self, std::string piece)
    {
        self->put(std::move(piece));
        auto const w = std::make_shared<waiter>();
        auto suspended = wait(w, [self, w] { self->await_reader(w); });
        auto const ended = co_await std::move(suspended);
        throw_if(failure_of(ended.code));
        throw_if(self->refusal());
    }

    /// Ends the operation with its next piece. For an operation that could not be cancelled.
    void abandon() noexcept
    {
        std::shared_ptr<waiter> giver;
        {
            std::lock_guard lock(mutex_);
            abandoned_ = true;
            rest_ = {};
            giver = std::move(giver_);
        }
        if (giver) giver->wake({});
    }

    /// Returns the next event, or nothing at the end. Fails once with the failure of the operation.
    static asio::awaitable<taken> next(std::shared_ptr<event_channel> self)
    {
        auto const before = co_await asio::this_coro::cancellation_state;
        while (true) {
            if (auto found = self->take()) co_return std::move(*found);
            // A cancellation does not reach a wait that has just ended.
            auto const now = co_await asio::this_coro::cancellation_state;
            if (now.cancelled() != before.cancelled())
                co_return fixed_error<asio::error::operation_aborted>();
            auto const w = std::make_shared<waiter>();
            auto suspended = wait(w, [self, w] { self->await_piece(w); });
            auto const ended = co_await std::move(suspended);
            if (ended.code) co_return failure_of(ended.code);
        }
    }

    /// Ends the stream. Null is success. A second end is ignored.
    void fail(failure why) noexcept
    {
        std::shared_ptr<waiter> reader;
        {
            std::lock_guard lock(mutex_);
            if (ended_) return;
            ended_ = true;
            failure_ = std::move(why);
            reader = std::move(reader_);
        }
        if (reader) reader->wake({});
    }

private:
    static failure failure_of(error_code code)
    {
        if (!code) return nullptr;
        error_info info;
        info.code = code;
        return make_failure(std::move(info));
    }

    failure refusal() const
    {
        std::lock_guard lock(mutex_);
        return abandoned_ ? fixed_error<asio::error::operation_aborted>() : nullptr;
    }

    void put(std::string piece) noexcept
    {
        std::shared_ptr<waiter> reader;
        {
            std::lock_guard lock(mutex_);
            if (abandoned_) return;
            piece_ = std::move(piece);
            rest_ = piece_;
            reader = std::move(reader_);
        }
        if (reader) reader->wake({});
    }

    /// Returns nothing if there is neither an event nor the end.
    std::optional<taken> take()
    {
        std::shared_ptr<waiter> giver;
        std::optional<taken> found;
        {
            std::lock_guard lock(mutex_);
            found = parse();
            if (rest_.empty()) {
                piece_ = std::string();
                giver = std::move(giver_);
            }
        }
        if (giver) giver->wake({});
        return found;
    }

    std::optional<taken> parse()
    {
        try {
            if (!rest_.empty())
                if (auto found = parser_.next(rest_)) return taken(std::move(found));
        } catch (...) {
            // Memory may be refused to a cancellation.
            abandoned_ = !operation_->cancel();
            ended_ = true;
            rest_ = {};
            failure_ = nullptr;
            return taken(as_failure(std::current_exception()));
        }
        if (!ended_) return std::nullopt;
        if (failure_) return taken(std::exchange(failure_, nullptr));
        return taken(std::nullopt);
    }

    void await_reader(std::shared_ptr<waiter> const& w)
    {
        {
            std::lock_guard lock(mutex_);
            if (!rest_.empty()) {
                giver_ = w;
                return;
            }
        }
        w->wake({});
    }

    void await_piece(std::shared_ptr<waiter> const& w)
    {
        {
            std::lock_guard lock(mutex_);
            if (rest_.empty() && !ended_) {
                reader_ = w;
                return;
            }
        }
        w->wake({});
    }

    std::shared_ptr<child_group> operation_;
    mutable std::mutex mutex_;
    event_parser parser_;
    std::string piece_;
    // The rest of the piece that the reader has not taken.
    std::string_view rest_;
    std::shared_ptr<waiter> giver_;
    std::shared_ptr<waiter> reader_;
    bool ended_ = false;
    // The operation was not cancelled, although no events are wanted.
    bool abandoned_ = false;
    failure failure_;
};

/// An operation that gives its response to a channel. It is cancelled with this object.
class event_source
{
public:
    using operation = std::function<asio::awaitable<void>(body_sink)>;

    event_source(std::shared_ptr<client_runtime> runtime, operation start, event_limits limits)
        : running_(std::move(runtime)), channel_(std::make_shared<event_channel>(running_.group(), limits))
    {
        auto const promise = std::make_shared<flight_promise<void, event_channel>>(channel_);
        auto begin = [promise, channel = channel_, op = std::move(start)] {
            return run(promise, op, [channel](std::string piece) {
                return event_channel::give(channel, std::move(piece));
            });
        };
        running_.group()->start(std::move(begin), store_exception_in(promise));
    }

    event_source(event_source const&) = delete;
    event_source& operator=(event_source const&) = delete;
    ~event_source()
    {
        if (!running_.group()->cancel()) channel_->abandon();
    }

    std::shared_ptr<event_channel> const& channel() const noexcept { return channel_; }

private:
    static asio::awaitable<void> run(std::shared_ptr<flight_promise<void, event_channel>> kept, operation op,
                                     body_sink sink)
    {
        auto& promise = *kept;
        failure why;
        try {
            auto running = op(std::move(sink));
            co_await std::move(running);
        } catch (error const& e) {
            why = e.shared_info();
        } catch (...) {
            why = callback_failure();
        }
        promise->fail(std::move(why));
    }

    children running_;
    std::shared_ptr<event_channel> channel_;
};

}}} // namespace practicus::v1::detail
