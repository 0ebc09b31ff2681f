// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/jwt_payload.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 {

/// The kind of a token, by its `token_type` claim.
enum class token_type
{
    unknown, ///< No JWT, no such claim, or another text.
    access,  ///< For the console.
    refresh, ///< For new access tokens.
    session  ///< For one model or app.
};

/// The claims of a token. They are unverified: only the region can verify them. A missing or invalid claim is
/// empty.
struct jwt_claims
{
    /// The `token_type` claim.
    token_type type = token_type::unknown;
    /// The expiry (`exp`) by the region's clock, without fractions of a second. Later than 1970 and earlier
    /// than 2262.
    std::optional<std::chrono::sys_seconds> expires_at;
    /// The time of issue (`iat`), within the same limits.
    std::optional<std::chrono::sys_seconds> issued_at;
    /// The `username` claim; at most 256 bytes, no control characters.
    std::optional<std::string> username;
    /// The `user_id` claim, a number or a text, as a text; within the same limits.
    std::optional<std::string> user_id;
    /// The `sub` claim, the user's e-mail in a region's tokens; within the same limits.
    std::optional<std::string> sub;

    /// Returns the time from issue to expiry; empty unless both are known and in that order.
    std::optional<std::chrono::seconds> lifetime() const noexcept
    {
        if (!expires_at || !issued_at || *expires_at <= *issued_at) return std::nullopt;
        return *expires_at - *issued_at;
    }

    friend bool operator==(jwt_claims const&, jwt_claims const&) = default;
};

/// Returns the claims of a token. They are empty unless the token is a JWT of at most 64 KiB with a JSON
/// object as its payload. Never throws.
[[nodiscard]] inline jwt_claims read_jwt(std::string_view token) noexcept
try {
    std::string const payload = detail::base64url_decoded(detail::jwt_payload(token));
    std::array<unsigned char, 2048> buffer;
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code failed;
    boost::json::value const parsed = boost::json::parse(payload, failed, &memory, options);
    jwt_claims claims;
    if (failed || !parsed.is_object()) return claims;
    auto const& object = parsed.get_object();
    claims.expires_at = detail::numeric_date(object.if_contains("exp"));
    claims.issued_at = detail::numeric_date(object.if_contains("iat"));
    claims.username = detail::short_text(object.if_contains("username"));
    claims.user_id = detail::short_text(object.if_contains("user_id"));
    claims.sub = detail::short_text(object.if_contains("sub"));
    auto const type = detail::short_text(object.if_contains("token_type"));
    if (type == "access") claims.type = token_type::access;
    if (type == "refresh") claims.type = token_type::refresh;
    if (type == "session") claims.type = token_type::session;
    return claims;
} catch (...) { // out of memory: as good as unreadable
    return {};
}

}} // namespace practicus::v1
