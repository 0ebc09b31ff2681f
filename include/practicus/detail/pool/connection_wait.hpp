// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/async/waiter.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/pool.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// A wait for a connection, within the coroutine that needs it: a coroutine of its own would cost a frame per
/// waiter.
///
///     connection_wait waiting(pool);
///     auto suspended = waiting.until(deadline, fresh);
///     auto const got = waiting.end(co_await std::move(suspended));
class connection_wait
{
public:
    explicit connection_wait(std::shared_ptr<pool> from)
        : from_(std::move(from)), place_(std::make_shared<pool::queued>()),
          limit_(*from_->runtime().limits(), place_)
    {}
    connection_wait(connection_wait const&) = delete;
    connection_wait& operator=(connection_wait const&) = delete;
    ~connection_wait() { from_->leave(*place_); }

    /// Returns the operation to await. With `fresh`, only a new connection is accepted.
    auto until(time_point deadline, bool fresh)
    {
        if (from_->observer()) from_->observer()(events::waiting{from_->where().str()});
        deadline_ = deadline;
        return limit_.until(deadline, [this, fresh] { from_->enlist(*place_, fresh); });
    }

    /// Returns the connection. Fails with the error of connecting, `errc::deadline_exceeded`,
    /// `errc::client_closed`, or `operation_aborted` when cancelled.
    result<lease> end(wakeup with)
    {
        auto const ended = limit_.end(with);
        if (ended.early) return ended.early;
        auto const [assigned, why] = from_->picked_up(*place_);
        if (assigned != nullptr) return lease(from_, *assigned);
        return why ? why : timeout_failure(phase::wait, deadline_, deadline_);
    }

private:
    std::shared_ptr<pool> from_;
    std::shared_ptr<pool::queued> place_;
    timed_wait limit_;
    time_point deadline_{};
};

}}} // namespace practicus::v1::detail
