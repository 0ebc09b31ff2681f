// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/clock.hpp>
#include <practicus/detail/wire.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace practicus::inline v1::detail {

/// Never hand out an access token with less left, or with a quarter of its life if that is shorter.
inline constexpr std::chrono::seconds use_slack{30};

/// How long a token lives that does not say.
inline constexpr std::chrono::minutes opaque_lifetime{15};

/// When a token that the region has just issued ends, by the monotonic clock. Its own `exp - iat` is best;
/// else its `exp` against the answer's `Date`: a local clock that is wrong changes nothing. `issued` is when
/// the request was sent.
inline time_point end_of_life(jwt_claims const& claims, std::optional<std::chrono::sys_seconds> date,
                              time_point issued)
{
    constexpr std::chrono::seconds longest = std::chrono::hours(24 * 366 * 10);
    auto lifetime = claims.lifetime();
    if (!lifetime && claims.exp && date) lifetime = *claims.exp - *date;
    return issued + std::clamp<std::chrono::seconds>(lifetime.value_or(opaque_lifetime),
                                                     std::chrono::seconds(0), longest);
}

/// Who the client is, decided without I/O: which token may be used, and what to do when there is none.
/// Guarded by its owner's mutex.
class session_state
{
public:
    explicit session_state(std::optional<credentials> const& who = std::nullopt)
    {
        if (who) replace(*who);
    }

    /// How a new access token is got.
    enum class source
    {
        refresh_token,
        password,
        none
    };

    /// May the access token be used as it is? `validity` is how long it must still live; negative: as long as
    /// is usual.
    bool is_fresh(time_point now,
                  std::chrono::milliseconds validity = std::chrono::milliseconds(-1)) const noexcept
    {
        return access_ && (validity >= validity.zero() ? now + validity < end_ : now < fresh_until_);
    }

    token const& access() const noexcept { return access_; }
    token const& refresh() const noexcept { return refresh_; }
    std::string const& username() const noexcept { return username_; }
    std::optional<credentials> const& held() const noexcept { return held_; }

    source fetch() const noexcept
    {
        if (refresh_) return source::refresh_token;
        return held_ ? source::password : source::none;
    }

    /// Changes whenever somebody logs in or out: what was asked for before must not be adopted after.
    std::uint64_t generation() const noexcept { return generation_; }

    /// From now on these, and nothing of before.
    void replace(credentials who)
    {
        forget();
        switch (who.type()) {
        case credentials::kind::password: held_.emplace(std::move(who)); break;
        case credentials::kind::refresh_token: refresh_ = token(who.value()); break;
        case credentials::kind::access_token:
            // Issued at an unknown time, perhaps by another clock: only the region can say when it ends.
            access_ = token(who.value());
            fresh_until_ = end_ = time_point::max();
            username_ = access_.claims().username.value_or(std::string());
            break;
        }
    }

    void forget()
    {
        ++generation_;
        access_ = refresh_ = token();
        held_.reset();
        username_.clear();
    }

    /// Takes over what the region answered. False if somebody logged in or out since `generation`.
    bool adopt(wire::new_tokens tokens, time_point issued, time_point end, std::uint64_t generation)
    {
        if (generation != generation_) return false;
        access_ = std::move(tokens.access);
        end_ = end;
        fresh_until_ = end - std::min<time_point::duration>(use_slack, (end - issued) / 4);
        if (tokens.refresh) refresh_ = std::move(tokens.refresh);
        if (!tokens.username.empty()) username_ = std::move(tokens.username);
        if (username_.empty()) username_ = guess_username();
        // A one-time password is used up, and the password is nothing without one.
        if (held_ && (!held_->keeps_password() || held_->one_time_password())) held_.reset();
        return true;
    }

    /// The region will not take this refresh token again.
    void refuse(token const& refresh) noexcept
    {
        if (refresh_ == refresh) refresh_ = token();
    }

    /// The region will not take this password.
    void refuse_password(std::uint64_t generation) noexcept
    {
        if (generation == generation_) held_.reset();
    }

    /// A 401 for this access token; one for an older token changes nothing.
    void reject(token const& access) noexcept
    {
        if (access_ == access) access_ = token();
    }

private:
    /// Some regions do not say (WIRE.md: the SDK then fails).
    std::string guess_username() const
    {
        if (auto const& claimed = access_.claims().username) return *claimed;
        return held_ ? held_->email().substr(0, held_->email().find('@')) : std::string();
    }

    token access_;
    time_point fresh_until_{};
    time_point end_{};
    token refresh_;
    std::optional<credentials> held_;
    std::string username_;
    std::uint64_t generation_ = 0;
};

} // namespace practicus::inline v1::detail
