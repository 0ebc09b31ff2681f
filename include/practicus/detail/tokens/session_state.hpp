// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/user_identity.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The identity of the client, without I/O: the source of the next access token, and the stored tokens of the
/// same user. Guarded by its owner's mutex.
class session_state
{
public:
    /// Starts with unused credentials: stored tokens of their user may be adopted.
    explicit session_state(std::optional<credentials> const& user = std::nullopt)
    {
        if (user) replace(*user, stored_time::min());
    }

    /// The source of a new access token.
    enum class source
    {
        refresh_token,
        password,
        none
    };

    token const& refresh() const noexcept { return refresh_; }
    user_identity const& user() const noexcept { return user_; }
    refresh_token_history const& history() const noexcept { return history_; }

    /// Returns the user's name for display: the region's, else the local part of the e-mail (WIRE.md). Never
    /// identifies a user. Empty before a successful login, unless a token states it.
    std::string username() const
    {
        if (!user_.name.empty() || !proven_) return user_.name;
        return user_.email.substr(0, user_.email.find('@'));
    }

    /// Returns the user's part of a store's keys. Without a name from the region and an e-mail, each login
    /// counts as a separate user. Empty if nothing is known.
    std::string store_identity() const
    {
        auto result = user_.text();
        if (result.empty() && !history_.empty()) result = "login " + history_.root();
        return result;
    }

    std::optional<credentials> const& held() const noexcept { return held_; }

    source fetch() const noexcept
    {
        if (refresh_) return source::refresh_token;
        return held_ ? source::password : source::none;
    }

    /// Changes with each login and logout: tokens requested before must not be adopted afterwards.
    std::uint64_t generation() const noexcept { return generation_; }

    /// Replaces the credentials. Tokens from `now` or before are no longer adopted.
    void replace(credentials user, stored_time now)
    {
        session_state next;
        next.as_of_ = next.since_ = now;
        next.shares_ =
            user.type() == credentials::kind::password || user.type() == credentials::kind::refresh_token;
        if (user.type() != credentials::kind::password) next.user_.learn(read_jwt(user.value().reveal()));
        if (user.type() == credentials::kind::refresh_token) next.refresh_ = token(user.value());
        next.history_.add(next.refresh_);
        if (user.type() == credentials::kind::password) {
            next.user_.email = user.email();
            next.held_.emplace(std::move(user));
        }
        next.generation_ = generation_ + 1;
        next.former_user_ = user_;
        next.former_history_ = history_;
        next.join_former();
        *this = std::move(next);
    }

    void forget() noexcept
    {
        ++generation_;
        refresh_ = token();
        held_.reset();
        user_ = user_identity();
        history_ = former_history_ = refresh_token_history();
        proven_ = false;
        shares_ = false;
        challenged_ = false;
    }

    /// Adopts the refresh token and names that came with an access token, requested at `issued`. Returns
    /// false after a login or logout since `generation`. If memory is refused, it adopts the refresh token
    /// alone: the region may have revoked the former one.
    bool adopt(console_api::new_tokens const& tokens, stored_time issued, std::uint64_t generation)
    {
        if (generation != generation_) return false;
        accepted_at(issued);
        if (tokens.refresh) refresh_ = tokens.refresh;
        auto next = *this;
        next.history_.add(tokens.refresh);
        if (!tokens.username.empty()) next.user_.name = tokens.username;
        next.user_.learn(tokens.refresh.claims());
        next.user_.learn(tokens.access.claims());
        next.join_former();
        // A one-time password is used up, and the password is useless without one.
        if (held_ && (!held_->is_password_kept() || held_->one_time_password())) next.held_.reset();
        *this = std::move(next);
        return true;
    }

    /// Returns true if tokens are shared with other processes. False after a logout, and with a given access
    /// or session token.
    bool shares() const noexcept { return shares_; }

    /// Adopts the tokens that another process got by the same login. Returns false for another user's tokens,
    /// and for older ones, which a region that rotates refresh tokens has revoked.
    bool adopt_stored(store_record const& kept)
    {
        if (!shares_ || !is_mine(kept) || !is_newer(kept)) return false;
        auto next = *this;
        next.accepted_at(kept.issued_at);
        next.user_.learn(user_of(kept));
        next.history_ = kept.history;
        next.history_.add(refresh_);
        if (kept.refresh) next.refresh_ = kept.refresh;
        next.history_.add(next.refresh_);
        *this = std::move(next);
        return true;
    }

    /// Adds the data that is stored beside the access token. Returns false after a login or logout since
    /// `generation`.
    bool annotate(store_record& v, std::uint64_t generation) const
    {
        if (generation != generation_) return false;
        // Other processes compare this time with theirs. Computing it from the age would need two clocks.
        v.issued_at = issued_;
        v.refresh = refresh_;
        v.username = user_.name;
        v.login = user_.email;
        v.history = history_;
        return true;
    }

    /// Drops a refresh token that the region has refused.
    void refuse(token const& refresh) noexcept
    {
        if (refresh_ == refresh) refresh_ = token();
    }

    /// Drops a refused password. If `challenged`, the region requires a one-time password: repeated logins
    /// without one would lock the account.
    void refuse_password(std::uint64_t generation, bool challenged = false) noexcept
    {
        if (generation != generation_) return;
        held_.reset();
        challenged_ = challenged_ || challenged;
    }

    /// Returns true if the last password was refused because a one-time password was missing.
    bool was_challenged() const noexcept { return challenged_; }

private:
    /// Records that the region has accepted these credentials, in a request of this time.
    void accepted_at(stored_time issued) noexcept
    {
        as_of_ = std::max(as_of_, issued);
        issued_ = issued;
        proven_ = true;
        challenged_ = false;
    }

    /// Continues the history of the login before, if both are known to belong to one account.
    void join_former()
    {
        if (former_history_.empty() || !are_same(former_user_, user_)) return;
        auto both = former_history_;
        both.add(history_);
        history_ = std::move(both);
        former_history_ = refresh_token_history();
    }

    /// Returns true for a record of the same user. Either no credentials were given, or one login descends
    /// from the other, or both are known to have one user. Two opaque logins without a common token are not
    /// the same.
    bool is_mine(store_record const& kept) const
    {
        if (history_.empty() && user_.empty()) return true;
        return history_.meets(kept.history) || are_same(user_, user_of(kept));
    }

    bool is_newer(store_record const& kept) const
    {
        // Descent needs no clock: those of other processes may be wrong.
        if (refresh_ && !(kept.refresh == refresh_)) {
            if (kept.history.has(refresh_)) return true;
            if (history_.has(kept.refresh)) return false;
        }
        return kept.issued_at >= as_of_ && kept.issued_at > since_;
    }

    token refresh_;
    std::optional<credentials> held_;
    user_identity user_;
    refresh_token_history history_;
    // The identity of the login before.
    user_identity former_user_;
    refresh_token_history former_history_;
    // The region or another process has accepted these credentials.
    bool proven_ = false;
    // The request time of the newest tokens.
    stored_time as_of_ = stored_time::min();
    // As `as_of_`, but also set back with the clock.
    stored_time issued_ = stored_time::min();
    // The last explicit login. A response to a request of the same moment counts as older.
    stored_time since_ = stored_time::min();
    bool shares_ = true;
    bool challenged_ = false;
    std::uint64_t generation_ = 0;
};

static_assert(std::is_nothrow_move_assignable_v<session_state>);

}}} // namespace practicus::v1::detail
