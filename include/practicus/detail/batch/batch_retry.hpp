// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/error.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns true if the rows caused the failure. Any other failure would happen with every other batch as
/// well.
inline bool is_fault_of_rows(boost::system::error_code const& code) noexcept
{
    return has_trait(code, errc_traits::fault_of_rows);
}

/// What is known of a failed attempt beside its failure.
struct attempt_facts
{
    /// The failure is not one on the way to the model, such as that of its token.
    bool reached_model = true;
    /// A version of the model has responded that may not: that decides nothing.
    bool other_version = false;
    /// Other batches, which were answered, are sent elsewhere.
    bool own_url = false;
};

/// Decides how long a batch is retried. Failures on the way to the model (no connection, 429, 503, time-outs)
/// are retried for a while, because pods restart and are moved, as late as the server asks (`Retry-After`).
/// Failures of the model itself, a 404 and a refusal of a new token included, are retried a few times: it may
/// have just started. A response of another version is retried as long as a failure on the way, with short
/// pauses: no server is overloaded. The rest fails at once.
class batch_retry
{
public:
    /// The first pause is half of `base` at least, `base` at most: of a failure on the way. Each doubles.
    batch_retry(std::size_t tries, std::chrono::nanoseconds patience, std::chrono::milliseconds base)
        : tries_(tries), patience_(patience), base_(std::max(base, std::chrono::milliseconds(1)))
    {}

    /// Returns the pause before the batch is sent again, or no value if it is given up. `random` is from 0
    /// to 1. A failure before the model was reached, of its token for example, is on the way, even if it is a
    /// 5xx.
    std::optional<std::chrono::nanoseconds> failed(error_info const& why, time_point now, double random,
                                                   attempt_facts const& facts = {})
    {
        if (!first_failure_) first_failure_ = now;
        retry_options pauses;
        pauses.max_backoff = std::chrono::seconds(facts.other_version ? 1 : 30);
        std::chrono::nanoseconds asked{0};
        if (facts.other_version || is_retryable(why.code) ||
            (!facts.reached_model && why.code == errc::server_error)) {
            auto const borne = now - *first_failure_;
            asked = why.retry_after.value_or(std::chrono::seconds(0));
            if (borne >= patience_ || asked > patience_ - borne) return std::nullopt;
            pauses.initial_backoff = base_;
        } else if (facts.reached_model && has_trait(why.code, errc_traits::of_model)) {
            if (++answered_ >= tries_) return std::nullopt;
            pauses.initial_backoff = std::chrono::milliseconds(500);
        } else {
            return std::nullopt;
        }
        // Not from 0 on: the sum of many pauses must reach the patience.
        auto const pause = std::max(asked, full_jitter(pauses, pauses_++, 0.5 + random / 2));
        due_ = now + pause;
        return pause;
    }

    /// Records that the batch is sent again. The wait until `answered`, the last response to another batch,
    /// does not count: the model responds.
    void sent_again(time_point answered) noexcept
    {
        if (first_failure_ && answered > due_) *first_failure_ += answered - due_;
    }

private:
    std::size_t tries_;
    std::chrono::nanoseconds patience_;
    std::chrono::milliseconds base_;
    std::size_t answered_ = 0;
    unsigned pauses_ = 0;
    std::optional<time_point> first_failure_; ///< Later by what the batch waited for a place.
    time_point due_{};                        ///< When the last pause ends.
};

}}} // namespace practicus::v1::detail
