// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/aimd_window.hpp>
#include <practicus/detail/batch/batch_retry.hpp>
#include <practicus/detail/batch/batch_sending.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The limits of a run.
struct batch_bounds
{
    /// The limit of batches in flight.
    std::size_t in_flight = 1;
    /// See `batch_retry`.
    std::size_t max_attempts = 1;
    std::chrono::nanoseconds retry_for{0};
    std::chrono::milliseconds pause{0};
    /// The run continues after rows that fail.
    bool rows_may_fail = false;
};

/// The progress of a queue, at one moment.
struct batch_counts
{
    std::uint64_t bytes_in = 0;
    /// The bytes of the source before the first batch that was read.
    std::uint64_t bytes_skipped = 0;
    std::size_t in_flight = 0;
    std::size_t limit = 0;
    std::size_t waiting = 0;
    std::uint64_t retries = 0;
    /// The failure of the waiting batch with the earliest next attempt; null if none waits.
    std::shared_ptr<error_info const> last_error;
};

/// The batches of a run: one that was read ahead, those in flight, and those that wait for their next attempt
/// or for their turn. Decides which is next. Thread safety: full.
class batch_queue
{
public:
    /// `header` is the header of the existing results; empty if there are none, or they have none.
    /// `has_believed` is true if an earlier run has results.
    batch_queue(batch_bounds const& bounds, std::string header, bool has_believed = false)
        : bounds_(bounds), window_(bounds.in_flight), has_results_(!header.empty()),
          has_believed_(has_results_ || has_believed), header_(std::move(header))
    {}

    /// Returns the next batch in the order of the rows, if it has ended, and no longer holds it.
    std::shared_ptr<batch_sending> take_ended()
    {
        std::lock_guard lock(mutex_);
        auto const first = ended_.begin();
        if (first == ended_.end() || first->first != taken_) return nullptr;
        auto const result = std::move(first->second);
        ended_.erase(first);
        ++taken_;
        window_.released();
        return result;
    }

    /// Returns a batch that has waited for its next attempt, if there is a place. It comes before new ones.
    std::shared_ptr<batch_sending> take_due(time_point now)
    {
        std::lock_guard lock(mutex_);
        auto const first = first_paused();
        if (first == paused_.end() || first->first > now || !may_start(now)) return nullptr;
        auto const due = std::move(first->second);
        paused_.erase(first);
        due->start(window_.start_again(), answered_at_);
        return due;
    }

    /// Returns the batch that was read ahead, if there is a place and room. A header alone is tried once,
    /// because its refusal loses no row.
    std::shared_ptr<batch_sending> take_read(time_point now)
    {
        std::lock_guard lock(mutex_);
        if (!next_ || is_ending() || !may_start(now) || !window_.has_room()) return nullptr;
        batch_retry const policy(next_->rows == 0 ? 1 : bounds_.max_attempts, bounds_.retry_for,
                                 bounds_.pause);
        auto const taken = std::make_shared<batch_sending>(std::move(*next_), started_, policy);
        next_.reset();
        ++started_;
        taken->start(window_.start(), answered_at_);
        return taken;
    }

    /// Returns true if a batch is to be read ahead, until `has_read`.
    bool begin_reading()
    {
        std::lock_guard lock(mutex_);
        if (is_reading_ || next_ || read_all_ || is_ending()) return false;
        return is_reading_ = true;
    }

    /// Records that a batch was read, or that no more follow, also because of a failure.
    void has_read(result<std::optional<batch_text>> batch) noexcept
    {
        std::lock_guard lock(mutex_);
        is_reading_ = false;
        source_failure_ = batch.error();
        next_ = batch ? std::move(*batch) : std::nullopt;
        read_all_ = !next_;
    }

    /// Returns the failure of the source, or null.
    failure source_failure() const
    {
        std::lock_guard lock(mutex_);
        return source_failure_;
    }

    /// Returns true if the run is not complete.
    bool is_waiting() const
    {
        std::lock_guard lock(mutex_);
        return is_reading_ || next_ || taken_ != started_;
    }

    /// Returns the time at which a batch may be sent: one that waits for its next attempt, or the one that
    /// was read ahead. Without a free place, the end of another batch decides.
    time_point next_try() const
    {
        std::lock_guard lock(mutex_);
        if (!window_.may_start()) return time_point::max();
        auto const first = first_paused();
        auto const due = first == paused_.end() ? time_point::max() : first->first;
        if (!held_until_) return due;
        bool const has_more = next_ && !is_ending() && window_.has_room();
        return has_more ? *held_until_ : std::max(due, *held_until_);
    }

    /// Lets the batch wait for its next attempt, and frees its place. While an overloaded server asks to wait
    /// (`Retry-After`), none is sent, until one that was sent later is answered.
    void pause(std::shared_ptr<batch_sending> batch, time_point now, std::chrono::nanoseconds wait)
    {
        auto const& kept = *batch;
        auto const& why = *kept.failure();
        std::lock_guard lock(mutex_);
        paused_.emplace(now + wait, std::move(batch));
        window_.paused(kept.ticket());
        ++retries_;
        bool const overloaded = why.status == 429 || why.status == 503;
        if (!overloaded || !why.retry_after || kept.ticket().number < last_answered_) return;
        last_refused_ = std::max(last_refused_, kept.ticket().number);
        held_until_ = std::max(held_until_.value_or(now), now + *why.retry_after);
    }

    /// Ends the batch. After one that ends the run, only those before it are sent.
    void end(std::shared_ptr<batch_sending> batch, time_point now)
    {
        auto const& kept = *batch;
        std::lock_guard lock(mutex_);
        ended_.emplace(kept.sequence(), std::move(batch));
        if (kept.has_failed())
            window_.failed(kept.ticket());
        else
            succeeded(kept.ticket());
        if (kept.ends_run(bounds_.rows_may_fail)) ends_at_ = std::min(ends_at_, kept.sequence());
        answered_at_ = now;
    }

    void overloaded(aimd_window::ticket ticket)
    {
        std::lock_guard lock(mutex_);
        window_.overloaded(ticket);
    }

    /// Counts batches that were sent again without a pause.
    void resent(std::uint64_t times)
    {
        std::lock_guard lock(mutex_);
        retries_ += times;
    }

    /// Returns true if such a size was refused (413) and fewer rows can be sent.
    bool is_too_large(batch_text const& batch) const
    {
        std::lock_guard lock(mutex_);
        return batch.rows > 1 && batch.text.size() >= refused_size_;
    }

    /// Records a size that was refused. Returns false for a batch that cannot be halved.
    bool note_too_large(batch_text const& batch)
    {
        std::lock_guard lock(mutex_);
        if (batch.rows > 1) refused_size_ = std::min(refused_size_, batch.text.size());
        return batch.rows > 1;
    }

    /// Returns true once a response was believed, or if there are results with a header line already.
    bool has_believed() const
    {
        std::lock_guard lock(mutex_);
        return has_believed_;
    }

    /// Records a response that is believed except for its header line, if it has one. Returns the error of a
    /// header that differs from the earlier one.
    std::optional<error_info> check_header(std::string_view header)
    {
        std::lock_guard lock(mutex_);
        has_believed_ = true;
        if (header_.empty()) header_ = header;
        if (header_ == header) return std::nullopt;
        return other_header(header_, header, has_results_);
    }

    /// Counts bytes that were read, and those of a batch that was taken; `buffered` were not taken yet.
    void count(std::size_t read, std::size_t taken, std::size_t buffered)
    {
        std::lock_guard lock(mutex_);
        bytes_in_ += read;
        if (taken != 0 && !bytes_skipped_)
            bytes_skipped_ = bytes_in_ - std::min<std::uint64_t>(bytes_in_, buffered + taken);
    }

    batch_counts counts() const
    {
        std::lock_guard lock(mutex_);
        batch_counts now;
        now.bytes_in = bytes_in_;
        now.bytes_skipped = bytes_skipped_.value_or(bytes_in_);
        now.in_flight = window_.in_flight();
        now.limit = window_.limit();
        now.waiting = window_.waiting();
        now.retries = retries_;
        if (!paused_.empty()) now.last_error = paused_.begin()->second->failure();
        return now;
    }

private:
    using paused_batches = std::multimap<time_point, std::shared_ptr<batch_sending>>;

    bool is_ending() const noexcept { return ends_at_ != std::numeric_limits<std::uint64_t>::max(); }

    bool may_start(time_point now)
    {
        if (held_until_ && *held_until_ <= now) held_until_.reset();
        return !held_until_ && window_.may_start();
    }

    /// Returns the first one that is still to be sent.
    paused_batches::const_iterator first_paused() const
    {
        return std::find_if(paused_.begin(), paused_.end(),
                            [this](auto const& p) { return p.second->sequence() < ends_at_; });
    }

    void succeeded(aimd_window::ticket batch)
    {
        window_.succeeded(batch);
        last_answered_ = std::max(last_answered_, batch.number);
        if (last_answered_ > last_refused_) held_until_.reset();
    }

    batch_bounds const bounds_;
    mutable std::mutex mutex_;
    aimd_window window_;
    std::uint64_t started_ = 0;
    std::uint64_t taken_ = 0;
    std::optional<batch_text> next_;
    bool is_reading_ = false;
    bool read_all_ = false;
    failure source_failure_;
    /// The batches that wait for their turn, by their place in the order.
    std::map<std::uint64_t, std::shared_ptr<batch_sending>> ended_;
    /// The batches that wait for their next attempt, by its time.
    paused_batches paused_;
    time_point answered_at_{}; ///< When a batch last was.
    /// The first batch that ends the run.
    std::uint64_t ends_at_ = std::numeric_limits<std::uint64_t>::max();
    /// See `pause`.
    std::optional<time_point> held_until_;
    std::uint64_t last_refused_ = 0;  ///< The last ticket that was refused so.
    std::uint64_t last_answered_ = 0; ///< The last ticket with an answer.
    /// The size before encoding, because the encoded size is not known in advance.
    std::size_t refused_size_ = std::numeric_limits<std::size_t>::max();
    bool const has_results_;
    bool has_believed_;
    std::string header_;
    std::uint64_t bytes_in_ = 0;
    std::optional<std::uint64_t> bytes_skipped_;
    std::uint64_t retries_ = 0;
};

}}} // namespace practicus::v1::detail
