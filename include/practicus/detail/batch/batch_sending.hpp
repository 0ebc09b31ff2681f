// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/batch/aimd_window.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_retry.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// A part of a batch that has ended: a result or a failure. (Not an aggregate, because g++ 12 destroys those
/// twice.)
struct batch_part
{
    batch_part() = default;

    batch_text batch;
    batch_result result;
    std::shared_ptr<error_info const> failure;
    /// Other rows may succeed.
    bool fault_of_rows = false;

    /// Returns true if the run ends with it. Rows at fault do not end it if they `may_fail`; a header alone
    /// has none.
    bool ends_run(bool may_fail) const noexcept
    {
        return failure && !(fault_of_rows && (may_fail || batch.rows == 0));
    }
};

/// A batch from its first attempt to its end, in several parts if it was halved. Thread safety: none.
class batch_sending
{
public:
    batch_sending(batch_text whole, std::uint64_t sequence, batch_retry const& policy)
        : digest_(std::move(whole.digest)), sequence_(sequence), fresh_(policy), policy_(policy)
    {
        left_.push_back(std::move(whole));
    }

    /// Returns the part that is sent next. Requires that `is_done()` is false.
    batch_text const& next() const noexcept { return left_.back(); }
    bool is_done() const noexcept { return left_.empty(); }
    /// Returns the parts that have ended, in the order of the rows.
    std::vector<batch_part> const& parts() const noexcept { return done_; }
    bool has_failed() const noexcept
    {
        return std::any_of(done_.begin(), done_.end(), [](batch_part const& p) { return p.failure; });
    }
    /// See `batch_part::ends_run`.
    bool ends_run(bool rows_may_fail) const noexcept
    {
        return std::any_of(done_.begin(), done_.end(),
                           [&](batch_part const& p) { return p.ends_run(rows_may_fail); });
    }
    /// Returns the `batch_text::digest` of the whole.
    std::string const& digest() const noexcept { return digest_; }
    /// Returns the place in the order of all batches, from 0.
    std::uint64_t sequence() const noexcept { return sequence_; }
    aimd_window::ticket ticket() const noexcept { return ticket_; }
    /// Returns the failure of the last attempt; null if none has failed.
    std::shared_ptr<error_info const> const& failure() const noexcept { return failure_; }

    /// Replaces the next part by its halves.
    void halve_next(std::pair<batch_text, batch_text> halves)
    {
        left_.back() = std::move(halves.second);
        left_.push_back(std::move(halves.first));
        begin_part();
    }

    /// Ends the next part with a result.
    void answered(batch_result result)
    {
        batch_part part;
        part.result = std::move(result);
        end_part(std::move(part));
    }

    /// Ends the next part without sending it, with its `batch_text::fault`.
    void refuse()
    {
        error_info info;
        info.code = errc::invalid_argument;
        info.message = next().fault;
        failure_ = std::make_shared<error_info const>(std::move(info));
        is_fault_of_rows_ = true;
        give_up();
    }

    /// Records a failed attempt of the next part. Returns the pause before it is sent again, or nothing.
    std::optional<std::chrono::nanoseconds> failed(error_info const& why, time_point began, time_point now,
                                                   double random, attempt_facts const& facts = {})
    {
        if (attempts_ == 0) began_ = began;
        attempts_ += why.attempts;
        auto all = why;
        all.attempts = attempts_;
        if (attempts_ != 0) all.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
        failure_ = std::make_shared<error_info const>(std::move(all));
        // A service gives a code for what it does not have; a proxy that has lost its route gives none.
        bool const is_missing = facts.own_url && why.code == errc::not_found && !why.server_code.empty();
        is_fault_of_rows_ =
            facts.reached_model && !facts.other_version && (is_missing || is_fault_of_rows(why.code));
        if (is_missing) return std::nullopt;
        return policy_.failed(why, now, random, facts);
    }

    /// Returns true if other rows may succeed, by the last attempt.
    bool are_rows_at_fault() const noexcept { return is_fault_of_rows_; }

    /// Ends the next part with its failure. Unless its rows are to blame, the parts after it end as well.
    void give_up()
    {
        batch_part part;
        part.failure = failure_;
        part.fault_of_rows = is_fault_of_rows_;
        end_part(std::move(part));
        if (!is_fault_of_rows_) left_.clear();
    }

    /// Records that it has a place. `answered`: see `batch_retry::sent_again`.
    void start(aimd_window::ticket ticket, time_point answered) noexcept
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

    /// The parts to send; the next one is the last element.
    std::vector<batch_text> left_;
    std::vector<batch_part> done_;
    std::string digest_;
    std::uint64_t sequence_;
    aimd_window::ticket ticket_;
    batch_retry fresh_;
    batch_retry policy_;
    unsigned attempts_ = 0; ///< Of the next part.
    time_point began_{};    ///< The first of them.
    std::shared_ptr<error_info const> failure_;
    bool is_fault_of_rows_ = false;
};

}}} // namespace practicus::v1::detail
