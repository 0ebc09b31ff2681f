// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/clock.hpp>
#include <practicus/detail/freshness.hpp>
#include <practicus/detail/wire.hpp>
#include <practicus/token.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace practicus::inline v1::detail {

/// Who the client is, decided without I/O: by what an access token is got when there is none. Guarded by its
/// owner's mutex.
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
            username_ = read_jwt(who.value().reveal()).username.value_or(std::string());
            break;
        }
    }

    void forget()
    {
        ++generation_;
        refresh_ = token();
        held_.reset();
        username_.clear();
    }

    /// Takes over what came beside an access token, which its flight keeps. False if somebody logged in or
    /// out since `generation`.
    bool adopt(wire::new_tokens const& tokens, std::uint64_t generation)
    {
        if (generation != generation_) return false;
        if (tokens.refresh) refresh_ = tokens.refresh;
        if (!tokens.username.empty()) username_ = tokens.username;
        if (username_.empty()) username_ = guess_username(tokens.access);
        // A one-time password is used up, and the password is nothing without one.
        if (held_ && (!held_->keeps_password() || held_->one_time_password())) held_.reset();
        return true;
    }

    /// Takes over what another process got by the same login.
    bool adopt_stored(token const& refresh, std::string const& username)
    {
        if (refresh) refresh_ = refresh;
        if (!username.empty()) username_ = username;
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
    std::uint64_t generation_ = 0;
};

} // namespace practicus::inline v1::detail
