// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/error.hpp>
#include <practicus/jwt.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace practicus { inline namespace v1 { namespace detail {

/// The freshness of a cached value (RFC 5861).
enum class freshness : std::uint8_t
{
    /// Must be replaced before use.
    expired,
    /// May be used while it is renewed in the background.
    stale_while_revalidate,
    fresh
};

/// The limits for the renewal of a cached value. They must not be negative.
struct freshness_limits
{
    /// A value with less validity left counts as expired. At most a quarter of the lifetime.
    std::chrono::nanoseconds min_validity = std::chrono::seconds(30);
    /// A value this close to its end is renewed in the background. At most a quarter of the lifetime; zero
    /// disables renewal.
    std::chrono::nanoseconds window = std::chrono::minutes(60);
};

/// Session tokens live about 4 hours: a window of one hour survives an outage of nearly an hour. Access
/// tokens live half an hour: a window of a quarter of that would cost a tenth more refreshes.
inline constexpr freshness_limits session_token_limits{};
inline constexpr freshness_limits access_token_limits{std::chrono::seconds(30), std::chrono::minutes(5)};
/// The region states no lifetime for an id; it is looked up again after `model_id_lifetime`.
inline constexpr freshness_limits model_id_limits{std::chrono::seconds(0), std::chrono::seconds(0)};
inline constexpr std::chrono::hours model_id_lifetime{24};

/// The assumed lifetime of a token that does not state one.
inline constexpr std::chrono::minutes opaque_lifetime{15};

/// Returns the lifetime of a newly issued token, counted from the sending of the request; 0 if it is expired.
///
/// The lifetime is the shorter of `exp - iat` and `exp - Date`. The latter is shorter for a token that was
/// issued some time ago. All three are times of the region, so a wrong local clock has no effect. A token
/// without these values lives for `opaque_lifetime`.
///
/// `Date` may come from another clock that is ahead of the issuer's, such as a proxy's. A `Date` after `exp`
/// is therefore accepted only if `here`, the local time of sending, is after `exp` too.
inline std::chrono::seconds remaining_life(jwt_claims const& claims,
                                           std::optional<std::chrono::sys_seconds> date,
                                           std::chrono::sys_seconds here) noexcept
{
    using std::chrono::seconds;
    constexpr seconds longest = std::chrono::hours(24 * 366 * 10);
    auto life = claims.lifetime();
    if (claims.expires_at && date) {
        auto const by_date = *claims.expires_at - *date, by_here = *claims.expires_at - here;
        if (by_date > seconds(0) || by_here <= seconds(0))
            life = std::min(life.value_or(longest), by_date);
        else if (!life)
            life = std::min<seconds>(opaque_lifetime, by_here);
    }
    return std::clamp<seconds>(life.value_or(opaque_lifetime), seconds(0), longest);
}

/// The time in which a cached value may be used, by the monotonic clock. Immutable except for
/// `postpone_renewal`.
class lifespan
{
public:
    using duration = std::chrono::nanoseconds;

    /// An empty lifespan; always expired.
    lifespan() noexcept = default;

    /// `issued_at` is the time at which the request was sent. `random` is from U(0, 1) and shortens the
    /// window by at most a fifth and at most 3 minutes. The jitter spreads renewals of values that were
    /// fetched together. (A window of an hour keeps 57 minutes: an outage of 50, a back-off of 5, and a try.)
    lifespan(time_point issued_at, duration life, freshness_limits const& limits, double random) noexcept
        : issued_at_(issued_at), last_use_(issued_at + life - std::min(limits.min_validity, life / 4)),
          ends_(issued_at + life)
    {
        if (limits.window == duration::zero()) return;
        auto const window = std::min(limits.window, life / 4);
        auto const jitter = std::min<duration>(window / 5, std::chrono::minutes(3));
        auto const shortened = window - fraction(jitter, random);
        // Leaves time for a renewal before the value expires, however short its life is.
        renew_at_ = std::min(ends_ - shortened, last_use_ - shortened / 2);
    }

    /// Returns the lifespan of a value without a known issue time, which only a refusal ends.
    static lifespan unlimited() noexcept
    {
        lifespan result;
        result.last_use_ = result.ends_ = time_point::max();
        return result;
    }

    /// `min_validity`, if set, replaces that of the limits. It is capped at three quarters of the lifetime: a
    /// caller that asks for more than the region issues would otherwise fetch each time. Zero or less means
    /// until the end.
    freshness at(time_point now, std::optional<duration> min_validity = std::nullopt) const noexcept
    {
        auto last_use = last_use_;
        if (min_validity)
            last_use = ends_ - std::clamp(*min_validity, duration::zero(), (ends_ - issued_at_) / 4 * 3);
        if (now >= last_use) return freshness::expired;
        return now < renew_at_ ? freshness::fresh : freshness::stale_while_revalidate;
    }

    bool has_ended(time_point now) const noexcept { return now >= ends_; }

    /// Returns true within the first quarter of the lifetime, and at most for 30 s.
    bool is_young(time_point now) const noexcept
    {
        return now - issued_at_ < std::min<duration>((ends_ - issued_at_) / 4, std::chrono::seconds(30));
    }

    /// Postpones the renewal to `at`, but not beyond the time at which the value counts as expired.
    void postpone_renewal(time_point at) noexcept { renew_at_ = std::min(at, last_use_); }

    time_point issued_at() const noexcept { return issued_at_; }
    time_point renew_at() const noexcept { return renew_at_; }
    time_point last_use() const noexcept { return last_use_; }
    time_point ends() const noexcept { return ends_; }

    static duration fraction(duration whole, double part) noexcept
    {
        return duration(static_cast<duration::rep>(static_cast<double>(whole.count()) * part));
    }

private:
    time_point issued_at_{};
    time_point renew_at_ = time_point::max();
    time_point last_use_{};
    time_point ends_{};
};

/// Returns the delay before the next renewal after `failures` (at least one) failed: 30 s times U(1, 2),
/// doubling to 5 min. `random` is from U(0, 1).
inline std::chrono::nanoseconds renewal_backoff(unsigned failures, double random) noexcept
{
    constexpr std::chrono::nanoseconds first = std::chrono::seconds(30);
    constexpr std::chrono::nanoseconds longest = std::chrono::minutes(5);
    auto const doubled = first * (1 << (std::clamp(failures, 1U, 5U) - 1U));
    return std::min(longest, doubled + lifespan::fraction(doubled, random));
}

/// Returns how long a permanent error is replayed (negative caching): U(1, 5) s. `random` is from U(0, 1).
inline std::chrono::nanoseconds replay_time(double random) noexcept
{
    return std::chrono::seconds(1) + lifespan::fraction(std::chrono::seconds(4), random);
}

/// The expected result of a repeated fetch after an error.
enum class retryability : std::uint8_t
{
    /// Perhaps another result.
    transient,
    /// Probably the same for a while.
    permanent,
    /// The same until the next login; a repetition may lock the account.
    needs_login
};

/// Transient: overload, restarts, lost connections, error pages of proxies, cancellations.
inline retryability retryability_of(boost::system::error_code const& code) noexcept
{
    if (has_trait(code, errc_traits::until_login)) return retryability::needs_login;
    return has_trait(code, errc_traits::permanent) ? retryability::permanent : retryability::transient;
}

}}} // namespace practicus::v1::detail
