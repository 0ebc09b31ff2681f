// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/detail/wire/http_date.hpp>
#include <practicus/error.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// The retry budget of an origin: 500 tokens. A retry takes 5, and each successful response returns 1.
/// Without any success, all operations together stop after 100 retries. Thread safety: full; one atomic
/// integer.
class retry_budget
{
public:
    static constexpr int capacity = 500;
    static constexpr int cost = 5;

    explicit retry_budget(int tokens = capacity) noexcept : tokens_(std::clamp(tokens, 0, capacity)) {}

    bool withdraw() noexcept
    {
        int tokens = tokens_.load(std::memory_order_relaxed);
        while (tokens >= cost)
            if (tokens_.compare_exchange_weak(tokens, tokens - cost, std::memory_order_relaxed)) return true;
        return false;
    }

    /// Does not write while the budget is full.
    void deposit() noexcept
    {
        int tokens = tokens_.load(std::memory_order_relaxed);
        while (tokens < capacity &&
               !tokens_.compare_exchange_weak(tokens, tokens + 1, std::memory_order_relaxed)) {
        }
    }

    int tokens() const noexcept { return tokens_.load(std::memory_order_relaxed); }

private:
    std::atomic<int> tokens_;
};

/// The properties of a request that decide about retries.
struct request_facts
{
    /// The method is idempotent (RFC 9110 section 9.2.2).
    bool idempotent = false;
    /// The request may be resent although its method is not idempotent: a login, or as the caller states.
    bool safe_to_repeat = false;
    /// The body can be sent again from the start, and no part of a response reached the caller.
    bool replayable = true;
    /// Contains a one-time password: not resent once a byte was written.
    bool one_time_password = false;
    /// Contains a refresh token that the region may rotate: not resent unless it was certainly not used.
    bool rotating_refresh = false;
    /// Contains a renewable token: a 401 leads to one renewal.
    bool renewable_token = false;
};

/// Returns true if the request may be resent after its outcome is unknown.
inline bool may_be_repeated(request_facts const& request) noexcept
{
    return (request.idempotent || request.safe_to_repeat) && request.replayable &&
           !request.one_time_password && !request.rotating_refresh;
}

/// The end of one attempt: `error` (as the operation would fail) or `status`.
struct attempt_outcome
{
    boost::system::error_code error;
    /// The status of a complete response, else 0.
    unsigned status = 0;
    /// The connection was used or idle before.
    bool reused = false;
    /// A byte was passed to the socket. (A failed write may have written; under TLS, the written records
    /// count.)
    bool bytes_written = false;
    /// A byte of the response arrived.
    bool answer_begun = false;
    /// The response's `Retry-After` and `Date`; empty if missing.
    std::string_view retry_after;
    std::string_view date;
    /// The time for which a 503 of a model may still be waited out; empty for the retry options alone.
    std::optional<std::chrono::nanoseconds> patience;
};

enum class retry_action
{
    /// Return the outcome.
    stop,
    /// Resend at once, on a new connection.
    resend,
    /// Wait for `retry_decision::wait`, then resend.
    wait,
    /// Renew the token, then resend.
    renew
};

struct retry_decision
{
    retry_action action = retry_action::stop;
    std::chrono::nanoseconds wait{0};
};

/// Parses a `Retry-After`: seconds or a date. A date counts from the response's own `Date`, so that a wrong
/// local clock has no effect; without a `Date` it is ignored. Past dates give 0; the maximum is a year.
/// Returns nothing for invalid text.
inline std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                             std::string_view date) noexcept
{
    using std::chrono::seconds;
    constexpr seconds longest = std::chrono::hours(24 * 365);
    auto const trim = [](std::string_view s) {
        while (s.starts_with(' ') || s.starts_with('\t'))
            s.remove_prefix(1);
        while (s.ends_with(' ') || s.ends_with('\t'))
            s.remove_suffix(1);
        return s;
    };
    text = trim(text);
    if (text.empty()) return {};
    if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        seconds result{0};
        for (char c : text)
            result = std::min(result * 10 + seconds(c - '0'), longest);
        return result;
    }
    auto const until = parse_http_date(text);
    auto const from = parse_http_date(trim(date));
    if (!until || !from) return {};
    return std::clamp<seconds>(*until - *from, seconds(0), longest);
}

/// Returns U(0, 1) of the backoff: the initial one doubled `retries` times, capped at the longest.
inline std::chrono::nanoseconds full_jitter(retry_options const& limits, unsigned retries,
                                            double random) noexcept
{
    std::chrono::nanoseconds const cap = limits.max_backoff;
    auto most = std::min<std::chrono::nanoseconds>(limits.initial_backoff, cap);
    for (; retries > 0 && most.count() > 0 && most < cap; --retries)
        most = most > cap / 2 ? cap : most * 2;
    return std::chrono::nanoseconds(
        static_cast<std::chrono::nanoseconds::rep>(static_cast<double>(most.count()) * random));
}

/// Decides after each attempt of an operation whether and how its request is resent:
///
/// 1. **renew**, once a request: a 401, if the token is renewable. The request was refused, so any method.
/// 2. **resend** at once, once a request: a reused connection was lost before the first byte of the response.
///    If bytes were written, the request must be repeatable.
/// 3. **wait**, with full jitter: a transient failure, if an attempt, a token of the budget and enough time
///    are left. A `Retry-After` extends the wait; one beyond `max_retry_after` means **stop**.
///    - The connect failed or nothing was written: any request.
///    - 408, 425, 429: any request (it was not processed), except with a one-time password.
///    - A lost connection, a late response, 502, 503, 504: only a repeatable request.
///    - With patience, a 503: any request with a renewable token, and any idempotent one. It was not
///      processed, because the model is not up. Neither attempts nor the budget limit this wait.
/// 4. **stop**: everything else.
///
/// A request is repeatable if its method is idempotent or it is marked as safe. It must not contain a
/// one-time password or a refresh token that rotates. A body that cannot be sent again allows a retry only
/// after a failed connect.
///
/// `attempts()` counts every sending, over all requests of the operation. All requests together have
/// `max_attempts - 1` waiting retries. A resend and a renewal per request come in addition: otherwise a stale
/// connection could use up the last attempt. So no request is sent more than `max_attempts + 2` times. Only
/// waiting retries cost budget: the other two do not indicate load.
class retry_policy
{
public:
    explicit retry_policy(retry_options const& limits = retry_options()) noexcept : limits_(limits) {}

    /// Call when the operation continues with another request.
    void next_request() noexcept { resent_ = renewed_ = false; }

    /// Call once after each attempt. `left` is the time to the deadline (`max()` for none), `random` is from
    /// U(0, 1), and `budget` is the one of the origin. No decision waits until the deadline or beyond.
    retry_decision decide(request_facts const& request, attempt_outcome const& outcome, retry_budget& budget,
                          std::chrono::nanoseconds left, double random) noexcept
    {
        ++attempts_;
        bool const transient = is_transient(outcome);
        if (!transient && is_served(outcome.status)) budget.deposit();
        if (left <= std::chrono::nanoseconds(0)) return {};
        if (outcome.status == 401 && may_renew(request)) {
            renewed_ = true;
            return {retry_action::renew};
        }
        if (is_cold_start(request, outcome)) return wait_for_start(outcome, left, random);
        if (!transient || !may_send_again(request, outcome)) return {};
        if (is_stale(outcome) && !resent_) {
            resent_ = true;
            return {retry_action::resend};
        }
        if (retries_ + 1 >= limits_.max_attempts) return {};
        auto const wait = wait_for(outcome, random);
        if (!wait || *wait >= left || !budget.withdraw()) return {};
        ++retries_;
        return {retry_action::wait, *wait};
    }

    /// Returns the pause before the next attempt at a model that is not up, at least a second. The last one
    /// ends with the patience. Returns nothing if no patience is left, or if the server asks for more.
    std::optional<std::chrono::nanoseconds> wait_out(std::chrono::nanoseconds patience,
                                                     std::optional<std::chrono::seconds> asked,
                                                     double random) noexcept
    {
        using std::chrono::nanoseconds;
        auto const least = std::max(asked.value_or(std::chrono::seconds(0)), std::chrono::seconds(1));
        if (patience <= nanoseconds(0) || (asked && *asked > patience)) return std::nullopt;
        auto const own = full_jitter(limits_, waits_++, random);
        return std::min<nanoseconds>(patience, std::max<nanoseconds>(own, least));
    }

    /// Counts an attempt that no other one follows.
    void count() noexcept { ++attempts_; }

    /// The number of attempts to send the request.
    unsigned attempts() const noexcept { return attempts_; }

private:
    static bool is_connect_error(boost::system::error_code const& error) noexcept
    {
        return has_trait(error, errc_traits::unreached);
    }

    static bool is_served(unsigned status) noexcept { return status != 0 && status < 500; }

    /// Returns true if a model that is not up is waited for.
    static bool is_cold_start(request_facts const& request, attempt_outcome const& outcome) noexcept
    {
        return outcome.status == 503 && outcome.patience && request.replayable &&
               (request.renewable_token || request.idempotent);
    }

    retry_decision wait_for_start(attempt_outcome const& outcome, std::chrono::nanoseconds left,
                                  double random) noexcept
    {
        auto const asked = parse_retry_after(outcome.retry_after, outcome.date);
        auto const wait = wait_out(*outcome.patience, asked, random);
        return wait && *wait < left ? retry_decision{retry_action::wait, *wait} : retry_decision();
    }

    bool may_renew(request_facts const& request) const noexcept
    {
        return request.renewable_token && request.replayable && !renewed_;
    }

    static bool is_transient(attempt_outcome const& outcome) noexcept
    {
        switch (outcome.status) {
        case 0: return has_trait(outcome.error, errc_traits::unreached | errc_traits::broken_off);
        case 502:
        case 503:
        case 504: return true;
        default: return is_unprocessed(outcome.status);
        }
    }

    /// Returns true for statuses of requests that were not processed (RFC 9110 section 15.5.9, RFC 8470
    /// section 5.2, RFC 6585 section 4).
    static bool is_unprocessed(unsigned status) noexcept
    {
        return status == 408 || status == 425 || status == 429;
    }

    static bool is_stale(attempt_outcome const& outcome) noexcept
    {
        return outcome.status == 0 && outcome.error == errc::connection_lost && outcome.reused &&
               !outcome.answer_begun;
    }

    static bool may_send_again(request_facts const& request, attempt_outcome const& outcome) noexcept
    {
        if (is_connect_error(outcome.error)) return true;
        if (!request.replayable) return false;
        if (outcome.status == 0 && !outcome.bytes_written) return true;
        if (request.one_time_password) return false;
        if (is_unprocessed(outcome.status)) return true;
        return may_be_repeated(request);
    }

    /// Returns nothing if the server asks for a longer pause than allowed; a pause must not be shortened.
    std::optional<std::chrono::nanoseconds> wait_for(attempt_outcome const& outcome,
                                                     double random) const noexcept
    {
        auto const own = full_jitter(limits_, retries_, random);
        auto const asked = parse_retry_after(outcome.retry_after, outcome.date);
        if (asked && *asked - own > limits_.max_retry_after) return std::nullopt;
        return std::max<std::chrono::nanoseconds>(own, asked.value_or(std::chrono::seconds(0)));
    }

    retry_options limits_;
    unsigned attempts_ = 0;
    unsigned retries_ = 0;
    unsigned waits_ = 0;
    bool resent_ = false;
    bool renewed_ = false;
};

}}} // namespace practicus::v1::detail
