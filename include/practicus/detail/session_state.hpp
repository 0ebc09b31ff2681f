// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/clock.hpp>
#include <practicus/detail/stored_value.hpp>
#include <practicus/detail/wire.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace practicus::inline v1::detail {

/// Who the client is, decided without I/O: by what an access token is got when there is none, and what of a
/// store is the same user's. Guarded by its owner's mutex.
class session_state
{
public:
    /// Credentials that nobody has shown to a region yet: whatever a store has of their user is as good.
    explicit session_state(std::optional<credentials> const& who = std::nullopt)
    {
        if (who) replace(*who, stored_time::min());
    }

    /// How a new access token is got.
    enum class source
    {
        refresh_token,
        password,
        none
    };

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

    /// From now on these, and nothing of `now` or before.
    void replace(credentials who, stored_time now)
    {
        forget();
        as_of_ = now;
        since_ = now;
        shares_ = who.type() != credentials::kind::access_token;
        if (who.type() != credentials::kind::password)
            username_ = read_jwt(who.value().reveal()).username.value_or(std::string());
        if (who.type() == credentials::kind::refresh_token) refresh_ = token(who.value());
        if (who.type() != credentials::kind::password) return;
        email_ = who.email();
        held_.emplace(std::move(who));
    }

    void forget()
    {
        ++generation_;
        refresh_ = token();
        held_.reset();
        username_.clear();
        email_.clear();
        shares_ = false;
    }

    /// Takes over what came beside an access token, which its flight keeps; asked for at `issued`. False if
    /// somebody logged in or out since `generation`.
    bool adopt(wire::new_tokens const& tokens, stored_time issued, std::uint64_t generation)
    {
        if (generation != generation_) return false;
        as_of_ = std::max(as_of_, issued);
        issued_ = issued;
        if (tokens.refresh) refresh_ = tokens.refresh;
        if (!tokens.username.empty()) username_ = tokens.username;
        if (username_.empty()) username_ = guess_username(tokens.access);
        // A one-time password is used up, and the password is nothing without one.
        if (held_ && (!held_->keeps_password() || held_->one_time_password())) held_.reset();
        return true;
    }

    /// Do others' tokens concern it, and others its own? Not after a logout, nor with a given access token.
    bool shares() const noexcept { return shares_; }

    /// Takes over what another process got by the same login. False if it is another user's, or older than
    /// what there is: a region that rotates refresh tokens has taken that one back.
    bool adopt_stored(stored_value const& kept)
    {
        if (!shares_ || kept.born < as_of_ || kept.born <= since_) return false;
        if (!email_.empty() && email_ != kept.login) return false;
        if (email_.empty() && !username_.empty() && username_ != kept.username) return false;
        as_of_ = kept.born;
        issued_ = kept.born;
        email_ = kept.login;
        if (kept.refresh) refresh_ = kept.refresh;
        if (!kept.username.empty()) username_ = kept.username;
        return true;
    }

    /// What others may find beside the access token; false if somebody logged in or out since `generation`.
    bool describe(stored_value& v, std::uint64_t generation) const
    {
        if (generation != generation_) return false;
        // What others compare with their own: not reckoned from the age, which takes two clocks.
        v.born = issued_;
        v.refresh = refresh_;
        v.username = username_;
        v.login = email_;
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

private:
    /// Some regions do not say (WIRE.md: the SDK then fails).
    std::string guess_username(token const& access) const
    {
        if (auto const& claimed = access.claims().username) return *claimed;
        return held_ ? held_->email().substr(0, held_->email().find('@')) : std::string();
    }

    token refresh_;
    std::optional<credentials> held_;
    std::string username_;
    // Of the login with a password that all this began with.
    std::string email_;
    // When what is there was asked for.
    stored_time as_of_ = stored_time::min();
    // The same, wherever the clock was put back.
    stored_time issued_ = stored_time::min();
    // The last explicit login. An answer of its own moment counts as older: it was on its way before.
    stored_time since_ = stored_time::min();
    bool shares_ = true;
    std::uint64_t generation_ = 0;
};

} // namespace practicus::inline v1::detail
