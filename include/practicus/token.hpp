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

class token;

namespace detail {

class refresh_token_history;

/// Returns the same value with a reference count of its own. Copies of the result and of `of` share no
/// written memory.
template <class T>
std::shared_ptr<T> with_own_refcount(std::shared_ptr<T> const& of)
{
    auto const held = std::make_shared<std::shared_ptr<T> const>(of);
    return std::shared_ptr<T>(held, held->get());
}

token with_own_refcount(token const& of);

/// Records that a service has accepted the token.
void mark_accepted(token const& used) noexcept;

/// Returns true if `mark_accepted` was called for any copy.
bool was_accepted(token const& used) noexcept;

/// Access to the refresh tokens that a login has had: null unless a client issued the tokens.
struct refresh_history
{
    template <class Tokens>
    static auto& of(Tokens& issued) noexcept
    {
        return issued.history_;
    }
};

} // namespace detail

/// A token with its unverified claims. Immutable. A copy costs a reference count and shares the bytes,
/// which are wiped when the last copy is destroyed. Like a `secret`, it cannot be streamed or formatted.
/// Thread safety: as `std::shared_ptr`.
class token
{
public:
    /// An empty token.
    token() noexcept = default;

    /// Reads the claims of `value`. An empty secret makes an empty token.
    explicit token(secret value)
        : state_(value.empty() ? nullptr : std::make_shared<state const>(std::move(value)))
    {}

    /// Returns true if empty.
    [[nodiscard]] bool empty() const noexcept { return state_ == nullptr; }
    /// Returns true if not empty.
    explicit operator bool() const noexcept { return !empty(); }

    /// Returns the bytes, for an `Authorization: Bearer` field. They live as long as any copy of this
    /// token.
    [[nodiscard]] std::string_view reveal() const noexcept
    {
        return state_ ? state_->value.reveal() : std::string_view();
    }

    /// Returns the token as a secret.
    secret value() const noexcept { return state_ ? state_->value : secret(); }

    /// Returns the unverified claims. They live as long as any copy of this token.
    jwt_claims const& claims() const noexcept
    {
        static jwt_claims const none;
        return state_ ? state_->claims : none;
    }

    /// Returns the expiry by the region's clock, or empty if the token holds none.
    std::optional<std::chrono::system_clock::time_point> expires_at() const noexcept
    {
        return claims().expires_at;
    }

    /// Returns the time from issue to expiry, or empty if the token does not hold both.
    std::optional<std::chrono::seconds> lifetime() const noexcept { return claims().lifetime(); }

    /// Compares the bytes in a time that does not depend on the position of a difference.
    friend bool operator==(token const& a, token const& b) noexcept
    {
        return a.state_ == b.state_ || a.value() == b.value();
    }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                                        token const&) = delete;

private:
    friend token detail::with_own_refcount(token const& of);
    friend void detail::mark_accepted(token const& used) noexcept;
    friend bool detail::was_accepted(token const& used) noexcept;

    struct state
    {
        explicit state(secret v) noexcept : value(std::move(v)), claims(read_jwt(value.reveal())) {}

        secret value;
        jwt_claims claims;
        // Written once, and read by all threads.
        mutable std::atomic<bool> accepted{false};
    };

    std::shared_ptr<state const> state_;
};

/// The tokens that a region issued, for a program that stores them itself. Thread safety: as `std::string`.
struct issued_tokens
{
    issued_tokens() noexcept {}

    /// The new access token.
    token access;
    /// The refresh token; empty if the region issued none, or the previous one if the region did not replace
    /// it.
    token refresh;
    /// The username; empty if unknown.
    std::string username;
    /// The user's e-mail, if the login provided it; otherwise empty.
    std::string email;

private:
    friend detail::refresh_history;

    std::shared_ptr<detail::refresh_token_history const> history_;
};

inline token detail::with_own_refcount(token const& of)
{
    token result;
    if (of) result.state_ = with_own_refcount(of.state_);
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

/// The purpose of a session token.
enum class token_purpose
{
    /// Calls of the model or app.
    predict,
    /// Calls, and uploads of versions.
    upload
};

}} // namespace practicus::v1
