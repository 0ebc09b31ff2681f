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

/// The retry budget of an origin: 500 tokens; a retry takes 5, and each successful response returns 1. A
/// client whose requests all fail stops retrying after 100 retries, over all operations, until a request
/// succeeds. Thread safety: full; one atomic integer.
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

    /// Writes nothing while the budget is full.
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
    /// Its method is idempotent (RFC 9110, 9.2.2): GET, say.
    bool idempotent = false;
    /// It may be sent twice although its method is not idempotent: a login, or the caller says so.
    bool safe_to_repeat = false;
    /// Its body can be sent again from the start, and nothing of an answer was given to the caller yet.
    bool replayable = true;
    /// It holds a one-time password: never sent twice once a byte of it was written.
    bool one_time_password = false;
    /// It holds a refresh token that the region may replace: not sent twice, unless it was surely not used.
    bool rotating_refresh = false;
    /// It holds a token that can be renewed: a 401 leads to one renewal.
    bool renewable_token = false;
};

/// Returns true if the request may be resent after its outcome is unknown.
inline bool may_be_repeated(request_facts const& request) noexcept
{
    return (request.idempotent || request.safe_to_repeat) && request.replayable &&
           !request.one_time_password && !request.rotating_refresh;
}

/// The end of one attempt: `error` (an `errc`, as the operation would throw it) or `status`.
struct attempt_outcome
{
    boost::system::error_code error;
    /// The answer's status if it was complete; else 0.
    unsigned status = 0;
    /// The connection had been used or idle before.
    bool reused = false;
    /// A byte was handed to the socket. (A failed write may have written; under TLS, count what left.)
    bool bytes_written = false;
    /// A byte of the answer arrived.
    bool answer_begun = false;
    /// The answer's `Retry-After` and `Date`, empty if missing.
    std::string_view retry_after;
    std::string_view date;
};

enum class retry_action
{
    /// The outcome stands.
    stop,
    /// Send again at once, on a connection that was never used.
    resend,
    /// Wait for `retry_decision::wait`, then send again.
    wait,
    /// Renew the token, then send again.
    renew
};

struct retry_decision
{
    retry_action action = retry_action::stop;
    std::chrono::nanoseconds wait{0};
};

/// How long an answer asks to wait: a number of seconds, or a date, which counts from the answer's own `Date`
/// (a wrong clock on this machine changes nothing; without a `Date` such a date says nothing). A date in the
/// past is 0, more than a year is a year. Empty for garbage.
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

/// U(0, 1) of the initial backoff doubled `retries` times, at most of the longest.
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

/// Decides for one operation, after each attempt, whether and how the request is sent again.
///
/// 1. 401, and the token can be renewed: **renew**, once a request. The request was refused, so any
/// method.
/// 2. The connection was lost, it was a reused one, and no byte of the answer had come: **resend** at once,
/// once
///    a request; any method if nothing was written, else only what may be repeated.
/// 3. A passing failure: **wait**, with full jitter, if the request may be sent again, an attempt, a token of
///    the budget and enough time are left.
///    - Connecting failed or nothing was written: any request.
///    - 408, 425, 429: any request (it was refused before it was processed), but none with a one-time
///      password.
///    - The connection was lost, or the answer did not come in time; 502, 503, 504: only what may be
///      repeated.
///    - A `Retry-After` makes the wait longer; one beyond `max_retry_after` leaves the outcome as it is.
/// 4. Everything else: **stop**.
///
/// What may be repeated: an idempotent method, or marked so, without a one-time password or a refresh token
/// that rotates. A body that cannot be sent again rules out all but a failed connecting.
///
/// There is one counter, `attempts()`; every sending counts, over all requests of the operation. It has
/// `max_attempts - 1` waiting retries in all, whichever request needs them; a resend and a renewal are had
/// once a request beside them, or an operation's last attempt would depend on an idle connection's luck. So
/// no request is sent more than `max_attempts + 2` times. Only waiting retries cost budget: the other two
/// say nothing about load.
class retry_policy
{
public:
    explicit retry_policy(retry_options const& limits = retry_options()) noexcept : limits_(limits) {}

    /// The operation goes on with another request.
    void next_request() noexcept { resent_ = renewed_ = false; }

    /// To be called once after each attempt. `left` is the time to the deadline (`max()` for none), `random`
    /// is from U(0, 1), the budget that of the request's origin. No decision waits until the deadline or
    /// beyond.
    retry_decision decide(request_facts const& request, attempt_outcome const& outcome, retry_budget& budget,
                          std::chrono::nanoseconds left, double random) noexcept
    {
        ++attempts_;
        if (outcome.status != 0 && outcome.status < 500 && !is_transient(outcome)) budget.deposit();
        if (left <= std::chrono::nanoseconds(0)) return {};
        if (outcome.status == 401 && request.renewable_token && request.replayable && !renewed_) {
            renewed_ = true;
            return {retry_action::renew};
        }
        if (!is_transient(outcome) || !may_send_again(request, outcome)) return {};
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

    /// The number of attempts to send the request.
    unsigned attempts() const noexcept { return attempts_; }

private:
    static bool is_connect_error(boost::system::error_code const& error) noexcept
    {
        return has_trait(error, errc_traits::unreached);
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

    /// The server says that it has not begun with the request (RFC 9110 section 15.5.9, RFC 8470 section 5.2,
    /// RFC 6585 section 4).
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

    /// Returns no value if the server asks for a longer pause than is allowed; it must not be shortened.
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
    bool resent_ = false;
    bool renewed_ = false;
};

}}} // namespace practicus::v1::detail
