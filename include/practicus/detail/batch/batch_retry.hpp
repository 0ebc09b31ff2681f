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
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns true if the rows caused the failure. Any other failure would happen with every other batch as
/// well.
inline bool is_fault_of_rows(boost::system::error_code const& code) noexcept
{
    return has_trait(code, errc_traits::fault_of_rows);
}

/// The facts about a failed attempt beside its failure.
struct attempt_facts
{
    /// False if the failure is on the way to the model, such as that of its token.
    bool reached_model = true;
    /// Another version of the model has responded than the required one. Its response decides nothing.
    bool other_version = false;
    /// The batch has a url of its own, and other batches were answered.
    bool own_url = false;
};

/// Decides about the retries of a batch. Failures on the way to the model (no connection, 429, 503,
/// time-outs) are retried for a while, because pods restart and are moved. `Retry-After` lengthens the pause.
/// Failures of the model itself are retried a few times, because it may have just started. So are a 404 and a
/// refusal of a new token. A response of another version is retried as long as a failure on the way, with
/// short pauses, because no server is overloaded. Other failures are final.
class batch_retry
{
public:
    /// The first pause after a failure on the way is U(0.5, 1) times `base`. Each further one doubles.
    batch_retry(std::size_t max_attempts, std::chrono::nanoseconds retry_for, std::chrono::milliseconds base)
        : max_attempts_(max_attempts), retry_for_(retry_for),
          base_(std::max(base, std::chrono::milliseconds(1)))
    {}

    /// Returns the pause before the batch is sent again, or nothing if it has failed. `random` is from 0 to
    /// 1. A failure before the model was reached, such as that of its token, is on the way, even if it is a
    /// 5xx.
    std::optional<std::chrono::nanoseconds> failed(error_info const& why, time_point now, double random,
                                                   attempt_facts const& facts = {})
    {
        if (!std::exchange(has_failed_, true)) first_failure_ = now;
        retry_options pauses;
        pauses.max_backoff = std::chrono::seconds(facts.other_version ? 1 : 30);
        auto& made = facts.other_version ? short_pauses_ : pauses_;
        std::chrono::nanoseconds asked{0};
        if (facts.other_version || is_retryable(why.code) ||
            (!facts.reached_model && why.code == errc::server_error)) {
            auto const borne = now - first_failure_;
            asked = why.retry_after.value_or(std::chrono::seconds(0));
            if (borne >= retry_for_ || asked > retry_for_ - borne) return std::nullopt;
            pauses.initial_backoff = base_;
        } else if (facts.reached_model && has_trait(why.code, errc_traits::of_model)) {
            if (++answered_ >= max_attempts_) return std::nullopt;
            pauses.initial_backoff = std::chrono::milliseconds(500);
        } else {
            return std::nullopt;
        }
        // Not from 0 on: the sum of many pauses must reach the patience.
        auto const pause = std::max(asked, full_jitter(pauses, made++, 0.5 + random / 2));
        due_ = now + pause;
        return pause;
    }

    /// Records that the batch is sent again. The wait until `answered`, the last response to another batch,
    /// does not count: the model responds.
    void sent_again(time_point answered) noexcept
    {
        if (has_failed_ && answered > due_) first_failure_ += answered - due_;
    }

private:
    std::size_t max_attempts_;
    std::chrono::nanoseconds retry_for_;
    std::chrono::milliseconds base_;
    std::size_t answered_ = 0;
    unsigned pauses_ = 0;
    unsigned short_pauses_ = 0; ///< After responses of another version.
    // No std::optional: g++ 12 warns of its value without a cause.
    bool has_failed_ = false;
    time_point first_failure_{}; ///< Later by what the batch waited for a place.
    time_point due_{};           ///< When the last pause ends.
};

}}} // namespace practicus::v1::detail
