// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/jwt.hpp>
#include <practicus/secret.hpp>

#include <atomic>
#include <chrono>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

class issued_tokens;
class token;

namespace detail {

class refresh_lineage;

/// The same value, with a reference count of its own: who copies it shares nothing that is written with who
/// copies the other one.
template <class T>
std::shared_ptr<T> apart(std::shared_ptr<T> const& of)
{
    auto const held = std::make_shared<std::shared_ptr<T> const>(of);
    return std::shared_ptr<T>(held, held->get());
}

token apart(token const& of);

/// A service has accepted the token.
void mark_accepted(token const& used) noexcept;

/// Returns true if `mark_accepted` was called for any copy.
bool was_accepted(token const& used) noexcept;

/// Adds the refresh tokens that the login has had.
void set_lineage(issued_tokens& of, std::shared_ptr<refresh_lineage const> lineage) noexcept;

/// Null unless a client issued them.
refresh_lineage const* lineage_of(issued_tokens const& of) noexcept;

} // namespace detail

/// A token as the client hands it out: the secret, and what it says of itself. Immutable; a copy costs a
/// reference count and shares the bytes, which are wiped when the last copy goes. As `secret`, it cannot be
/// streamed or formatted. Thread safety: as `std::shared_ptr`.
class token
{
public:
    /// No token.
    token() noexcept = default;

    /// Reads the claims. An empty secret gives no token.
    explicit token(secret value)
        : state_(value.empty() ? nullptr : std::make_shared<state const>(std::move(value)))
    {}

    /// Is it no token?
    [[nodiscard]] bool empty() const noexcept { return state_ == nullptr; }
    /// Is it a token?
    explicit operator bool() const noexcept { return !empty(); }

    /// The bytes, for an `Authorization: Bearer` field. They live as long as any copy of this token.
    [[nodiscard]] std::string_view reveal() const noexcept
    {
        return state_ ? state_->value.reveal() : std::string_view();
    }

    /// The bytes still wrapped.
    secret value() const noexcept { return state_ ? state_->value : secret(); }

    /// What it says of itself, unverified. Lives as long as any copy of this token.
    jwt_claims const& claims() const noexcept
    {
        static jwt_claims const none;
        return state_ ? state_->claims : none;
    }

    /// When it ends by the region's clock; empty if it does not say.
    std::optional<std::chrono::system_clock::time_point> expires_at() const noexcept
    {
        return claims().expires_at;
    }

    /// From issue to end; empty if it does not say.
    std::optional<std::chrono::seconds> lifetime() const noexcept { return claims().lifetime(); }

    /// Same bytes. Takes time that does not depend on where they differ.
    friend bool operator==(token const& a, token const& b) noexcept
    {
        return a.state_ == b.state_ || a.value() == b.value();
    }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                                        token const&) = delete;

private:
    friend token detail::apart(token const& of);
    friend void detail::mark_accepted(token const& used) noexcept;
    friend bool detail::was_accepted(token const& used) noexcept;

    struct state
    {
        explicit state(secret v) noexcept : value(std::move(v)), claims(read_jwt(value.reveal())) {}

        secret value;
        jwt_claims claims;
        // Written once: all threads read this line.
        mutable std::atomic<bool> accepted{false};
    };

    std::shared_ptr<state const> state_;
};

/// What a region issued, for a program that keeps tokens itself. Thread safety: as a string.
class issued_tokens
{
public:
    /// Takes all as they are.
    issued_tokens(token access, token refresh, std::string username, std::string email = {})
        : access_(std::move(access)), refresh_(std::move(refresh)), username_(std::move(username)),
          email_(std::move(email))
    {}

    /// The new access token.
    token const& access() const noexcept { return access_; }
    /// Empty if the region issued none; the one of before if it did not replace it.
    token const& refresh() const noexcept { return refresh_; }
    /// Empty if nobody knows.
    std::string const& username() const noexcept { return username_; }
    /// The user's e-mail, if the login has told it; empty otherwise.
    std::string const& email() const noexcept { return email_; }

private:
    friend void detail::set_lineage(issued_tokens& of,
                                    std::shared_ptr<detail::refresh_lineage const> lineage) noexcept;
    friend detail::refresh_lineage const* detail::lineage_of(issued_tokens const& of) noexcept;

    token access_;
    token refresh_;
    std::string username_;
    std::string email_;
    std::shared_ptr<detail::refresh_lineage const> lineage_;
};

inline void detail::set_lineage(issued_tokens& of, std::shared_ptr<refresh_lineage const> lineage) noexcept
{
    of.lineage_ = std::move(lineage);
}

inline detail::refresh_lineage const* detail::lineage_of(issued_tokens const& of) noexcept
{
    return of.lineage_.get();
}

inline token detail::apart(token const& of)
{
    token result;
    if (of) result.state_ = apart(of.state_);
    return result;
}

inline void detail::mark_accepted(token const& used) noexcept
{
    if (used && !was_accepted(used)) used.state_->accepted.store(true, std::memory_order_relaxed);
}

inline bool detail::was_accepted(token const& used) noexcept
{
    return used && used.state_->accepted.load(std::memory_order_relaxed);
}

/// What a session token is for.
enum class token_purpose
{
    /// Calling the model or the app.
    predict,
    /// Uploading a version as well.
    upload
};

}} // namespace practicus::v1
