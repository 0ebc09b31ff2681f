// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/pool/shared_patience.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

namespace practicus { inline namespace v1 { namespace detail {

/// The state of one operation: its deadline, its attempts, and the details of its error.
struct operation
{
    time_point began{};
    time_point deadline = time_point::max();
    retry_policy retries;
    std::shared_ptr<call_options const> with;
    /// Shared by several callers: the call that caused it lends its trusted origins, but not its fields.
    bool shared = false;
    /// The validity that a token must have left; negative for the default.
    std::chrono::milliseconds min_validity{-1};
    /// Returns `min_validity` for the token cache; empty for the default.
    std::optional<std::chrono::nanoseconds> validity() const noexcept
    {
        return min_validity < min_validity.zero() ? std::nullopt
                                                  : std::optional(std::chrono::nanoseconds(min_validity));
    }
    /// A 503 is waited out until then; empty for the retry options alone.
    std::optional<time_point> patient_until;
    /// In place of that time, for a fetch that a patient caller began; else null.
    std::shared_ptr<shared_patience> fetch_patience;
    /// Returns the rest of that time, or nothing. Called after a 503.
    std::optional<std::chrono::nanoseconds> patience_left(time_point now) const noexcept
    {
        if (fetch_patience && fetch_patience->ends_fetch()) return std::chrono::nanoseconds(0);
        return patient_until ? std::optional<std::chrono::nanoseconds>(*patient_until - now) : std::nullopt;
    }
    bool is_patient() const noexcept { return patient_until || fetch_patience; }
    /// Returns the limit for the first byte of a response. A proxy may hold a request back until the model is
    /// up, as long as the patience lasts.
    std::chrono::milliseconds first_byte(std::chrono::milliseconds usual) const noexcept
    {
        if (!patient_until || usual == usual.zero()) return usual;
        return std::max(usual, std::chrono::duration_cast<std::chrono::milliseconds>(*patient_until - began));
    }
    /// True if bytes of the last request were written to a socket.
    bool written = false;
    /// The last response is a 401 that another token may fix.
    bool renew = false;
};

}}} // namespace practicus::v1::detail
