// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/answer_check.hpp>
#include <practicus/detail/batch_retry.hpp>
#include <practicus/detail/batch_window.hpp>
#include <practicus/detail/clock.hpp>
#include <practicus/detail/csv_cutter.hpp>
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
#include <vector>

namespace practicus::inline v1::detail {

/// A part of a batch that has come to its end: an answer, as CSV, or a failure. (No aggregate: g++ 12
/// destroys those twice.)
struct batch_part
{
    batch_part() = default;

    csv_batch batch;
    std::string answer;
    std::shared_ptr<error_info const> failure;
};

/// A batch from its first try to its end: in several parts if it was halved. Thread safety: none.
class batch_sending
{
public:
    batch_sending(csv_batch whole, std::uint64_t sequence, batch_retry const& policy)
        : digest_(std::move(whole.digest)), sequence_(sequence), fresh_(policy), policy_(policy)
    {
        left_.push_back(std::move(whole));
    }

    /// The part that is to be sent next; only unless `is_done()`.
    csv_batch const& next() const noexcept { return left_.back(); }
    bool is_done() const noexcept { return left_.empty(); }
    /// The parts that have ended, in the order of the rows.
    std::vector<batch_part> const& parts() const noexcept { return done_; }
    bool has_failed() const noexcept
    {
        return std::any_of(done_.begin(), done_.end(), [](batch_part const& p) { return p.failure; });
    }
    /// `csv_batch::digest` of the whole.
    std::string const& digest() const noexcept { return digest_; }
    /// The place in the order of all batches, from 0.
    std::uint64_t sequence() const noexcept { return sequence_; }
    batch_window::ticket ticket() const noexcept { return ticket_; }
    /// Of the last try; null if none has failed.
    std::shared_ptr<error_info const> const& failure() const noexcept { return failure_; }

    void halve_next()
    {
        auto halves = halve(left_.back());
        left_.back() = std::move(halves.second);
        left_.push_back(std::move(halves.first));
        begin_part();
    }

    /// The next part was answered.
    void answered(std::string csv)
    {
        batch_part part;
        part.answer = std::move(csv);
        end_part(std::move(part));
    }

    /// A try of the next part, which began then, has failed. Returns how long to wait before it is sent
    /// again; nothing if it is not.
    std::optional<std::chrono::nanoseconds> failed(error_info const& why, time_point began, time_point now,
                                                   double random)
    {
        if (attempts_ == 0) began_ = began;
        attempts_ += why.attempts;
        auto all = why;
        all.attempts = attempts_;
        if (attempts_ != 0) all.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
        failure_ = std::make_shared<error_info const>(std::move(all));
        return policy_.failed(why, now, random);
    }

    /// The next part has failed for good; if its rows are not to blame, the parts behind it as well.
    void give_up()
    {
        batch_part part;
        part.failure = failure_;
        end_part(std::move(part));
        if (!is_fault_of_rows(failure_->code)) left_.clear();
    }

    /// It has got a place. `answered`: see `batch_retry::sent_again`.
    void start(batch_window::ticket ticket, time_point answered) noexcept
    {
        ticket_ = ticket;
        policy_.sent_again(answered);
    }

private:
    void end_part(batch_part part)
    {
        part.batch = std::move(left_.back());
        left_.pop_back();
        done_.push_back(std::move(part));
        begin_part();
    }

    void begin_part()
    {
        policy_ = fresh_;
        attempts_ = 0;
    }

    /// The next part last.
    std::vector<csv_batch> left_;
    std::vector<batch_part> done_;
    std::string digest_;
    std::uint64_t sequence_;
    batch_window::ticket ticket_;
    batch_retry fresh_;
    batch_retry policy_;
    unsigned attempts_ = 0; ///< Of the next part.
    time_point began_{};    ///< The first of them.
    std::shared_ptr<error_info const> failure_;
};

/// What bounds a run.
struct batch_bounds
{
    /// Batches in flight, at most.
    std::size_t in_flight = 1;
    /// See `batch_retry`.
    std::size_t tries = 1;
    std::chrono::nanoseconds patience{0};
    std::chrono::nanoseconds pause{0};
};

/// How far a queue is, at one moment.
struct batch_counts
{
    std::uint64_t bytes_in = 0;
    /// What stands in the source before the first batch that was read.
    std::uint64_t bytes_skipped = 0;
    std::size_t in_flight = 0;
    std::size_t limit = 0;
    std::size_t waiting = 0;
    std::uint64_t retries = 0;
    /// Why the last of those that wait has failed.
    std::shared_ptr<error_info const> last_error;
};

/// The batches of a run: the one that was read ahead, those in flight, those that wait for their next try,
/// and those that wait for their turn. Decides which is next. Thread safety: full.
class batch_queue
{
public:
    /// `header` is the one of the results that are there already; empty if there are none.
    batch_queue(batch_bounds const& bounds, std::string header)
        : bounds_(bounds), window_(bounds.in_flight), has_results_(!header.empty()),
          header_(std::move(header))
    {}

    /// The next batch in the order of the rows, if it has come to its end. It is not held any more.
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

    /// A batch that has waited for its next try, if there is a place; before those that are new.
    std::shared_ptr<batch_sending> take_due(time_point now)
    {
        std::lock_guard lock(mutex_);
        auto const first = paused_.begin();
        if (first == paused_.end() || first->first > now || !window_.may_start()) return nullptr;
        auto const due = std::move(first->second);
        paused_.erase(first);
        due->start(window_.start_again(), answered_at_);
        return due;
    }

    /// The batch that was read ahead, if there is a place and room. A header alone loses no row when it is
    /// refused: it is tried once.
    std::shared_ptr<batch_sending> take_read()
    {
        std::lock_guard lock(mutex_);
        if (!next_ || !window_.may_start() || !window_.has_room()) return nullptr;
        batch_retry const policy(next_->rows == 0 ? 1 : bounds_.tries, bounds_.patience, bounds_.pause);
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
        if (is_reading_ || next_ || read_all_) return false;
        return is_reading_ = true;
    }

    /// A batch was read, or there is none any more, also because of a failure.
    void has_read(std::optional<csv_batch> batch, std::shared_ptr<error_info const> failure) noexcept
    {
        std::lock_guard lock(mutex_);
        is_reading_ = false;
        read_all_ = !batch;
        next_ = std::move(batch);
        source_failure_ = std::move(failure);
    }

    /// Null unless the source has failed.
    std::shared_ptr<error_info const> source_failure() const
    {
        std::lock_guard lock(mutex_);
        return source_failure_;
    }

    /// Returns true if something is still to come.
    bool is_waiting() const
    {
        std::lock_guard lock(mutex_);
        return is_reading_ || next_ || taken_ != started_;
    }

    /// When a batch has waited; of one that has and finds no place, another one's end tells.
    time_point next_try() const
    {
        std::lock_guard lock(mutex_);
        return paused_.empty() || !window_.may_start() ? time_point::max() : paused_.begin()->first;
    }

    /// The batch waits until then for its next try; its place is for others.
    void pause(std::shared_ptr<batch_sending> batch, time_point until)
    {
        auto const& kept = *batch;
        std::lock_guard lock(mutex_);
        paused_.emplace(until, std::move(batch));
        window_.paused(kept.ticket());
        last_error_ = kept.failure();
        ++retries_;
    }

    /// The batch has come to its end.
    void end(std::shared_ptr<batch_sending> batch, time_point now)
    {
        auto const& kept = *batch;
        std::lock_guard lock(mutex_);
        ended_.emplace(kept.sequence(), std::move(batch));
        if (kept.has_failed())
            window_.failed(kept.ticket());
        else
            window_.succeeded(kept.ticket());
        answered_at_ = now;
    }

    void overloaded(batch_window::ticket ticket)
    {
        std::lock_guard lock(mutex_);
        window_.overloaded(ticket);
    }

    /// Batches were sent again without a pause.
    void resent(std::uint64_t times)
    {
        std::lock_guard lock(mutex_);
        retries_ += times;
    }

    /// Such a size was refused (413), and fewer rows may be taken.
    bool is_too_large(csv_batch const& batch) const
    {
        std::lock_guard lock(mutex_);
        return batch.rows > 1 && batch.text.size() >= refused_size_;
    }

    /// Returns false for what cannot be halved.
    bool note_too_large(csv_batch const& batch)
    {
        std::lock_guard lock(mutex_);
        if (batch.rows > 1) refused_size_ = std::min(refused_size_, batch.text.size());
        return batch.rows > 1;
    }

    /// Returns true once an answer was believed, or if there are results already.
    bool has_header() const
    {
        std::lock_guard lock(mutex_);
        return !header_.empty();
    }

    /// An answer is believed but for its header line. Returns the error of another one than before.
    std::optional<error_info> check_header(std::string_view header)
    {
        std::lock_guard lock(mutex_);
        if (header_.empty()) header_ = header;
        if (header_ == header) return std::nullopt;
        return other_header(header_, header, has_results_);
    }

    /// So many bytes were read, and the rows of a batch taken off them; `buffered` were not.
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
        now.last_error = paused_.empty() ? nullptr : last_error_;
        return now;
    }

private:
    batch_bounds const bounds_;
    mutable std::mutex mutex_;
    batch_window window_;
    std::uint64_t started_ = 0;
    std::uint64_t taken_ = 0;
    std::optional<csv_batch> next_;
    bool is_reading_ = false;
    bool read_all_ = false;
    std::shared_ptr<error_info const> source_failure_;
    /// What waits for its turn, by its place in the order.
    std::map<std::uint64_t, std::shared_ptr<batch_sending>> ended_;
    /// What waits for its next try, by when that is.
    std::multimap<time_point, std::shared_ptr<batch_sending>> paused_;
    std::shared_ptr<error_info const> last_error_;
    time_point answered_at_{}; ///< When a batch last was.
    /// Of the text before it is encoded: how large that gets is not known before.
    std::size_t refused_size_ = std::numeric_limits<std::size_t>::max();
    bool const has_results_;
    std::string header_;
    std::uint64_t bytes_in_ = 0;
    std::optional<std::uint64_t> bytes_skipped_;
    std::uint64_t retries_ = 0;
};

} // namespace practicus::inline v1::detail
