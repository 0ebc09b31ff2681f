// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <boost/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace practicus { inline namespace v1 { namespace detail {

/// Decides the number of batches that may be in flight, by additive increase and multiplicative decrease as
/// in TCP. Also decides the number that may be held. The driver decides about retries.
///
/// Rules:
/// - It begins with 4, or `most` if that is less.
/// - Until the first overload, each success raises the limit by 1, which doubles it in each round. Later, it
///   takes as many successes as the limit.
/// - An overload (429, 503) halves it, to 1 at least.
/// - A change shows only after a round trip. A batch that was started before the last halving therefore
///   changes nothing more. Otherwise, many overloads in flight at once would halve it to 1.
/// - A success counts only if the window was full when the batch was started or later. A limit that was never
///   reached proves nothing, and would rise to `most` while the file is read slowly.
/// - A failure of another kind, such as a refused batch, does not count.
///
/// - A batch that waits for its next attempt gives its place to others. It gets another place, with a new
///   ticket, when the wait is over and one is free.
/// - A new batch is sent only while those in flight and those that were answered out of turn are fewer than
///   `most`. Batches that wait for their next attempt do not count there, and may be answered out of turn
///   later. At most twice `most` are held.
///
/// Each ticket ends once, by `succeeded`, `failed` or `paused`; the batch is then no longer in flight. An
/// overload is no end.
///
/// Thread safety: none. Only the constructor throws; every call is O(1).
class aimd_window
{
public:
    static constexpr std::size_t first_limit = 4;

    /// The identifier of a started batch.
    struct ticket
    {
        std::uint64_t number = 0;
    };

    /// Limits the batches in flight to `most`. Throws `errc::invalid_argument` if that is 0.
    explicit aimd_window(std::size_t most) : most_(most), limit_(std::min(most, first_limit))
    {
        if (most == 0) throw error(errc::invalid_argument, "0 batches in flight");
    }

    /// Returns the number that may be in flight: 1 to `most`. For a while after a halving, more are.
    std::size_t limit() const noexcept { return limit_; }

    std::size_t in_flight() const noexcept { return in_flight_; }

    /// Returns true if there is a place in flight.
    bool may_start() const noexcept { return in_flight_ < limit_; }

    /// Returns true if one more batch may be held.
    bool has_room() const noexcept { return held_ - paused_ < most_ && held_ < 2 * most_; }

    /// Returns the number of batches that wait for their next attempt.
    std::size_t waiting() const noexcept { return paused_; }

    /// Starts a batch. Requires `may_start()`.
    [[nodiscard]] ticket start() noexcept
    {
        ++held_;
        return take_place();
    }

    /// Restarts a paused batch. Requires `may_start()`.
    [[nodiscard]] ticket start_again() noexcept
    {
        BOOST_ASSERT(paused_ > 0);
        --paused_;
        return take_place();
    }

    /// Pauses a failed batch until its next attempt.
    void paused(ticket batch) noexcept
    {
        end(batch);
        ++paused_;
    }

    /// Releases a batch that has ended; it is no longer held.
    void released() noexcept
    {
        BOOST_ASSERT(held_ > 0);
        --held_;
    }

    /// Ends a batch with a response.
    void succeeded(ticket batch) noexcept
    {
        end(batch);
        if (batch.number <= halved_at_ || batch.number > full_at_ || limit_ == most_) return;
        if (halved_at_ != 0 && ++successes_ < limit_) return;
        successes_ = 0;
        ++limit_;
    }

    /// Reports an overload of the model, or of a server in front of it. May be called any number of times
    /// while the batch is in flight.
    void overloaded(ticket batch) noexcept
    {
        BOOST_ASSERT(in_flight_ > 0);
        if (batch.number <= halved_at_) return;
        halved_at_ = started_;
        successes_ = 0;
        limit_ = std::max<std::size_t>(limit_ / 2, 1);
    }

    /// Ends a batch that failed for another reason than the load, or was abandoned.
    void failed(ticket batch) noexcept { end(batch); }

private:
    ticket take_place() noexcept
    {
        BOOST_ASSERT(may_start());
        ++started_;
        if (++in_flight_ == limit_) full_at_ = started_;
        return {started_};
    }

    void end([[maybe_unused]] ticket batch) noexcept
    {
        BOOST_ASSERT(in_flight_ > 0 && batch.number > 0 && batch.number <= started_);
        --in_flight_;
    }

    std::size_t most_;
    std::size_t limit_;
    std::size_t in_flight_ = 0;
    std::size_t held_ = 0;
    std::size_t paused_ = 0;
    std::size_t successes_ = 0;   ///< Since the limit last changed; counted from the first halving on.
    std::uint64_t started_ = 0;   ///< The last ticket's number; they count from 1.
    std::uint64_t full_at_ = 0;   ///< The last ticket that made the window full.
    std::uint64_t halved_at_ = 0; ///< The last ticket at the last halving; 0 before the first.
};

}}} // namespace practicus::v1::detail
