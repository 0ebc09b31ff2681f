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

/// What may be done with something cached.
enum class freshness : std::uint8_t
{
    /// Get another one before anything else.
    expired,
    /// Use it, and get another one behind it.
    stale_while_revalidate,
    fresh
};

/// How early what is cached is renewed. Nothing may be negative.
struct freshness_limits
{
    /// Not handed out with less left than this, or than a quarter of its life if that is shorter.
    std::chrono::nanoseconds min_validity = std::chrono::seconds(30);
    /// Renewed behind its users within so much of its end, or a quarter of its life if that is shorter. Zero:
    /// never.
    std::chrono::nanoseconds window = std::chrono::minutes(60);
};

/// Session tokens live about 4 hours: an hour of window rides out an hour's outage. Access tokens live half
/// an hour, and a quarter of that would mean a fifth more refreshes.
inline constexpr freshness_limits session_token_limits{};
inline constexpr freshness_limits access_token_limits{std::chrono::seconds(30), std::chrono::minutes(5)};
/// An id has no end that the region would tell; it is asked for again after `model_id_lifetime`.
inline constexpr freshness_limits model_id_limits{std::chrono::seconds(0), std::chrono::seconds(0)};
inline constexpr std::chrono::hours model_id_lifetime{24};

/// How long a token lives that does not say.
inline constexpr std::chrono::minutes opaque_lifetime{15};

/// Returns how long a token lives that the region has just answered, from the sending of the request on; 0 if
/// it has expired.
///
/// Two values count: `exp - iat`, and `exp` less the answer's `Date`, which is shorter for a token that was
/// issued some time ago. The shorter one holds. Both are of the region's clocks, so a wrong local clock
/// changes nothing. A token with neither lives for `opaque_lifetime`.
///
/// The clock behind `Date` may be another one than the issuer's, a proxy's say, and ahead of it. A `Date`
/// past `exp` is therefore believed only if `here`, the local time of the sending, is past `exp` too.
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

/// From when to when something cached may be used, by the monotonic clock. Fixed when it is adopted, but for
/// `postpone_renewal`.
class lifespan
{
public:
    using duration = std::chrono::nanoseconds;

    /// Of nothing: ended since ever.
    lifespan() noexcept = default;

    /// `random` is from U(0, 1): it shortens the window by up to a fifth, and 3 minutes at most, so that not
    /// all that was got together is renewed together. (Of an hour's window 57 minutes stay: an outage of 50,
    /// plus a back-off of 5, plus a try.) `born` is when the request was sent.
    lifespan(time_point issued_at, duration life, freshness_limits const& limits, double random) noexcept
        : issued_at_(issued_at), last_use_(issued_at + life - std::min(limits.min_validity, life / 4)),
          ends_(issued_at + life)
    {
        if (limits.window == duration::zero()) return;
        auto const window = std::min(limits.window, life / 4);
        auto const jitter = std::min<duration>(window / 5, std::chrono::minutes(3));
        auto const shortened = window - fraction(jitter, random);
        // Before it must be fetched there is time to renew, however short it lives.
        renew_at_ = std::min(ends_ - shortened, last_use_ - shortened / 2);
    }

    /// Of what only a refusal ends: nobody knows when it was issued.
    static lifespan unlimited() noexcept
    {
        lifespan result;
        result.last_use_ = result.ends_ = time_point::max();
        return result;
    }

    /// `min_validity`, if a caller asks for one, stands for the limits', and is cut down to three quarters of
    /// the life: a caller who asks for more than the region issues would otherwise fetch each time. Zero or
    /// less means until the end.
    freshness at(time_point now, std::optional<duration> min_validity = std::nullopt) const noexcept
    {
        auto last_use = last_use_;
        if (min_validity)
            last_use = ends_ - std::clamp(*min_validity, duration::zero(), (ends_ - issued_at_) / 4 * 3);
        if (now >= last_use) return freshness::expired;
        return now < renew_at_ ? freshness::fresh : freshness::stale_while_revalidate;
    }

    bool has_ended(time_point now) const noexcept { return now >= ends_; }

    /// Is its first quarter not over yet, and neither its first half minute?
    bool is_young(time_point now) const noexcept
    {
        return now - issued_at_ < std::min<duration>((ends_ - issued_at_) / 4, std::chrono::seconds(30));
    }

    /// A renewal failed: not again before `at`, or before it must be fetched anyway.
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

/// How long to wait with the next renewal after so many that failed, one or more: 30 s times U(1, 2),
/// doubling to 5 min. `random` is from U(0, 1).
inline std::chrono::nanoseconds renewal_backoff(unsigned failures, double random) noexcept
{
    constexpr std::chrono::nanoseconds first = std::chrono::seconds(30);
    constexpr std::chrono::nanoseconds longest = std::chrono::minutes(5);
    auto const doubled = first * (1 << (std::clamp(failures, 1U, 5U) - 1U));
    return std::min(longest, doubled + lifespan::fraction(doubled, random));
}

/// For how long an error is replayed that would come again: U(1, 5) s. `random` is from U(0, 1).
inline std::chrono::nanoseconds replay_time(double random) noexcept
{
    return std::chrono::seconds(1) + lifespan::fraction(std::chrono::seconds(4), random);
}

/// What asking again would give after an error.
enum class retryability : std::uint8_t
{
    /// Perhaps another answer.
    transient,
    /// The same, most likely, for a while.
    permanent,
    /// The same for certain, and perhaps a locked account, until somebody logs in.
    needs_login
};

/// Overload, restarts, lost connections, pages of proxies and cancellations are passing.
inline retryability retryability_of(boost::system::error_code const& code) noexcept
{
    if (has_trait(code, errc_traits::until_login)) return retryability::needs_login;
    return has_trait(code, errc_traits::lasting) ? retryability::permanent : retryability::transient;
}

}}} // namespace practicus::v1::detail
