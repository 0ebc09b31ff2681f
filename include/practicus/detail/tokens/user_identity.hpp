// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/sha256.hpp>
#include <practicus/jwt.hpp>
#include <practicus/token.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The known identity of a region's user: the region's own claims, else the e-mail of the login. A name
/// guessed from an e-mail is not part of it.
struct user_identity
{
    /// The `user_id` claim.
    std::string id;
    /// The `sub` claim.
    std::string subject;
    /// The e-mail of a login with a password.
    std::string email;
    /// The region's name of the user: `username` of its response, else the claim. For display only: several
    /// users may have one name.
    std::string name;

    bool empty() const { return text().empty(); }

    /// Adopts newer claims of the region. A known name stays: a response takes precedence over a claim.
    void learn(jwt_claims const& claims)
    {
        if (claims.user_id) id = *claims.user_id;
        if (claims.sub) subject = *claims.sub;
        if (claims.username && name.empty()) name = *claims.username;
    }

    /// Adds the known facts of the same user.
    void learn(user_identity const& other)
    {
        for (auto const& p : parts)
            if (!(other.*p.member).empty()) this->*p.member = other.*p.member;
        if (!other.name.empty()) name = other.name;
    }

    /// Returns a text that no other user of the region has, or an empty one.
    std::string text() const
    {
        for (auto const& p : parts)
            if (auto const& value = this->*p.member; !value.empty()) return p.label + value;
        return {};
    }

    /// Returns true if both are known to be one user, by the strongest evidence that both have.
    friend bool are_same(user_identity const& a, user_identity const& b) noexcept
    {
        for (auto const& part : parts)
            if (!(a.*part.member).empty() && !(b.*part.member).empty())
                return a.*part.member == b.*part.member;
        return false;
    }

private:
    struct part
    {
        std::string user_identity::*member;
        char const* label;
    };

    // In order of strength.
    static part const parts[3];
};

inline constexpr user_identity::part user_identity::parts[3] = {
    {&user_identity::id, "id "}, {&user_identity::subject, "sub "}, {&user_identity::email, "email "}};

/// The digests of a login's refresh tokens, oldest first. A common digest proves that two logins are one,
/// where the region does not name its users: one has refreshed the other's token.
class refresh_token_history
{
public:
    refresh_token_history() = default;

    /// Takes stored digests. A malformed text gives an empty history.
    explicit refresh_token_history(std::string digests) : digests_(std::move(digests))
    {
        if (digests_.size() % entry != 0 || digests_.size() > most * entry) digests_.clear();
    }

    bool empty() const noexcept { return digests_.empty(); }
    std::string const& text() const noexcept { return digests_; }

    /// Returns the first digest, or an empty text.
    std::string root() const { return digests_.substr(0, digits); }

    bool has(token const& refresh) const
    {
        return refresh && digests_.find(sha256_hex(refresh.reveal())) != digests_.npos;
    }

    /// Returns true if both have a token in common.
    bool meets(refresh_token_history const& other) const noexcept
    {
        for (std::size_t at = 0; at < digests_.size(); at += entry)
            if (other.digests_.find(digests_.data() + at, 0, entry) != digests_.npos) return true;
        return false;
    }

    void add(token const& refresh)
    {
        if (refresh) add_digest(sha256_hex(refresh.reveal()));
    }

    void add(refresh_token_history const& other)
    {
        for (std::size_t at = 0; at < other.digests_.size(); at += entry)
            add_digest(other.digests_.substr(at, digits));
    }

    /// Drops digests from the middle; keeps the first and the last ones.
    void add_digest(std::string const& digest)
    {
        if (digest.size() != digits || digests_.find(digest) != digests_.npos) return;
        digests_ += digest + ' ';
        if (digests_.size() > most * entry) digests_.erase(entry, digests_.size() - most * entry);
    }

private:
    static constexpr std::size_t digits = 64;
    static constexpr std::size_t entry = digits + 1;
    static constexpr std::size_t most = 32;

    std::string digests_;
};

}}} // namespace practicus::v1::detail
