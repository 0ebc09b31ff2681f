// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/net/host_lookup.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Interleaves the address families, beginning with that of the first address (RFC 8305 section 4).
inline addresses interleaved(addresses const& found)
{
    addresses one, other, result;
    for (auto const& a : found)
        (a.is_v6() == found.front().is_v6() ? one : other).push_back(a);
    for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
        if (i < one.size()) result.push_back(one[i]);
        if (i < other.size()) result.push_back(other[i]);
    }
    return result;
}

/// Decides when the next address is tried: after `stagger`, or as soon as an attempt fails (RFC 8305 section
/// 5). Each failure starts one attempt at most.
class race_pace
{
public:
    static constexpr std::chrono::milliseconds stagger{250};

    explicit race_pace(std::size_t count) noexcept : count_(count) {}

    /// Returns true if the next attempt starts now, and counts it. `ended` attempts have failed.
    bool starts(std::size_t ended, time_point now) noexcept
    {
        if (started_ == count_ || (ended <= ended_ && now < due_)) return false;
        ended_ = ended;
        due_ = ++started_ == count_ ? time_point::max() : now + stagger;
        return true;
    }

    /// The number of attempts that were started.
    std::size_t started() const noexcept { return started_; }

    /// Returns when the next one is due, if none fails before.
    time_point due() const noexcept { return due_; }

private:
    std::size_t count_;
    std::size_t started_ = 0;
    std::size_t ended_ = 0;
    time_point due_ = time_point::min();
};

/// Tries the addresses of a host and keeps the first connection (RFC 8305 section 5). The next address is
/// tried after `stagger`, or as soon as an attempt fails. An address that drops packets therefore costs 250
/// ms, not the whole limit.
class connect_race : public std::enable_shared_from_this<connect_race>
{
public:
    explicit connect_race(std::shared_ptr<client_runtime> runtime) : runtime_(std::move(runtime)) {}

    /// Fails with `errc::connect_failed` and the last cause if no address was reached by `end`. Fails with
    /// `errc::client_closed`, or `operation_aborted` when the attempt is cancelled because no request needs
    /// it.
    asio::awaitable<result<std::unique_ptr<connection>>> run(addresses found, std::uint16_t port,
                                                             time_point end)
    {
        auto const self = shared_from_this();
        auto const tried = interleaved(found);
        if (tried.size() == 1) {
            auto made = std::make_unique<connection>(runtime_, co_await asio::this_coro::executor);
            auto connecting = made->connect({tried.front(), port}, end);
            if (auto why = co_await std::move(connecting)) co_return why;
            co_return std::move(made);
        }
        // Stops the other attempts however this coroutine ends, its destruction included.
        struct finally
        {
            connect_race* race;
            ~finally() { race->stop(); }
        };
        finally const on_exit{this};
        runners_.resize(tried.size());
        race_pace pace(tried.size());
        std::size_t ended = 0;
        while (ended != tried.size()) {
            auto const i = pace.started();
            if (pace.starts(ended, runtime_->time().now())) start(i, {tried[i], port}, end);
            condition_wait waiting(news_, *runtime_->limits());
            auto suspended = waiting.until(std::min(end, pace.due()));
            auto const woken = waiting.end(co_await std::move(suspended));
            if (woken.early) co_return woken.early;
            news_.clear();
            std::lock_guard lock(mutex_);
            ended = ended_;
            if (winner_ || runtime_->time().now() >= end) break;
        }
        std::lock_guard lock(mutex_);
        if (winner_) co_return std::move(winner_);
        co_return ended_by_ ? ended_by_ : last_;
    }

private:
    void start(std::size_t i, asio::ip::tcp::endpoint address, time_point end)
    {
        auto const due = std::make_shared<attempt_end>(shared_from_this());
        runtime_->spawn([due, i, address, end] { return due->race->compete(due, i, address, end); });
    }

    /// RAII: counts an attempt as ended, also if its coroutine is discarded before it runs.
    struct attempt_end
    {
        explicit attempt_end(std::shared_ptr<connect_race> r) noexcept : race(std::move(r)) {}
        attempt_end(attempt_end const&) = delete;
        attempt_end& operator=(attempt_end const&) = delete;
        ~attempt_end()
        {
            {
                std::lock_guard lock(race->mutex_);
                ++race->ended_;
            }
            race->news_.set();
        }

        std::shared_ptr<connect_race> race;
    };

    /// `kept` keeps `this` alive.
    asio::awaitable<void> compete(std::shared_ptr<attempt_end> kept, std::size_t i,
                                  asio::ip::tcp::endpoint address, time_point end)
    {
        auto const counted = std::move(kept);
        deadline_service::background_guard const running(runtime_->limits());
        auto made = std::make_unique<connection>(runtime_, co_await asio::this_coro::executor);
        auto* const mine = made.get();
        {
            std::lock_guard lock(mutex_);
            if (over_) co_return;
            runners_[i] = std::move(made);
        }
        auto connecting = no_throw(mine->connect(address, end));
        auto const why = co_await std::move(connecting);
        std::lock_guard lock(mutex_);
        if (why)
            (why->code == errc::connect_failed ? last_ : ended_by_) = why;
        else if (!over_ && !winner_)
            winner_ = std::move(runners_[i]);
        runners_[i].reset();
    }

    void stop() noexcept
    {
        std::lock_guard lock(mutex_);
        over_ = true;
        for (auto const& runner : runners_)
            if (runner) runner->expire();
    }

    std::shared_ptr<client_runtime> runtime_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> runners_;
    std::unique_ptr<connection> winner_;
    failure ended_by_;
    // Stays if no attempt could be started.
    failure last_ = make_failure(errc::connect_failed,
                                 make_error_code(boost::system::errc::resource_unavailable_try_again));
    std::size_t ended_ = 0;
    bool over_ = false;
    condition news_;
};

}}} // namespace practicus::v1::detail
