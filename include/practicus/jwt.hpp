// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 {

/// What a token's `token_type` claim says.
enum class token_type
{
    unknown, ///< No JWT, no such claim, or another text.
    access,  ///< For the console.
    refresh, ///< For new access tokens.
    session  ///< For one model or app.
};

/// What a token says of itself. Nothing is verified: only the region can do that. What is missing or makes no
/// sense is empty.
struct jwt_claims
{
    /// What it is for, as it says.
    token_type type = token_type::unknown;
    /// When it ends, by the region's clock. Whole seconds (a fraction is cut off); later than 1970 and
    /// earlier than 2262.
    std::optional<std::chrono::sys_seconds> expires_at;
    /// When it was issued, likewise.
    std::optional<std::chrono::sys_seconds> issued_at;
    /// The `username` claim; at most 256 bytes, no control characters.
    std::optional<std::string> username;
    /// The `user_id` claim, a number or a text, as a text; bounded likewise.
    std::optional<std::string> user_id;
    /// The `sub` claim, the user's e-mail in a region's tokens; bounded likewise.
    std::optional<std::string> sub;

    /// How long it lives from issue to end; empty unless both are known and in that order.
    std::optional<std::chrono::seconds> lifetime() const noexcept
    {
        if (!expires_at || !issued_at || *expires_at <= *issued_at) return std::nullopt;
        return *expires_at - *issued_at;
    }

    friend bool operator==(jwt_claims const&, jwt_claims const&) = default;
};

namespace detail {

/// A longer token is not looked into; no header that carries it would be accepted either.
inline constexpr std::size_t jwt_limit = 64 * 1024;

/// What stands between the first dot and the last. Of a token with more than three parts (an encrypted one
/// has five) that holds dots, and so is no base64url.
inline std::string_view jwt_payload(std::string_view token) noexcept
{
    auto const first = token.find('.');
    auto const last = token.rfind('.');
    if (token.size() > jwt_limit || first == 0 || first == last) return {};
    return token.substr(first + 1, last - first - 1);
}

/// RFC 4648 section 5, with or without its padding; empty if it is anything else.
inline std::string base64url_decoded(std::string_view text)
{
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    // OpenSSL skips white space at the ends, and stops at a sign of padding.
    if (text.size() % 4 == 1 || text.find_first_of("+/= \t\r\n") != text.npos) return {};
    std::string in(text);
    std::replace(in.begin(), in.end(), '-', '+');
    std::replace(in.begin(), in.end(), '_', '/');
    in.append((4 - in.size() % 4) % 4, 'A');
    std::string out(in.size() / 4 * 3, '\0');
    auto const decoded =
        ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                          reinterpret_cast<unsigned char const*>(in.data()), static_cast<int>(in.size()));
    out.resize(decoded < 0 ? 0 : text.size() * 3 / 4);
    return out;
}

/// RFC 7519 section 2, NumericDate: a JSON number, not necessarily whole. The upper bound keeps conversions
/// to the system clock's nanoseconds defined.
inline std::optional<std::chrono::sys_seconds> numeric_date(boost::json::value const* value) noexcept
{
    constexpr double last = 9'200'000'000.0;
    if (value == nullptr || !value->is_number()) return std::nullopt;
    double const seconds = value->is_double()   ? value->get_double()
                           : value->is_uint64() ? static_cast<double>(value->get_uint64())
                                                : static_cast<double>(value->get_int64());
    if (!(seconds >= 1.0 && seconds <= last)) return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(std::floor(seconds))));
}

inline std::optional<std::string> short_text(boost::json::value const* value)
{
    if (value == nullptr) return std::nullopt;
    if (value->is_int64()) return std::to_string(value->get_int64());
    if (value->is_uint64()) return std::to_string(value->get_uint64());
    // A whole number may be written with a point or an exponent.
    if (value->is_double() && std::abs(value->get_double()) < 9e15 &&
        value->get_double() == std::floor(value->get_double()))
        return std::to_string(static_cast<std::int64_t>(value->get_double()));
    if (!value->is_string()) return std::nullopt;
    std::string text(value->get_string().data(), value->get_string().size());
    if (text.empty() || text.size() > 256 || has_control(text)) return std::nullopt;
    return text;
}

inline jwt_claims claims_of(boost::json::object const& payload)
{
    jwt_claims claims;
    claims.expires_at = numeric_date(payload.if_contains("exp"));
    claims.issued_at = numeric_date(payload.if_contains("iat"));
    claims.username = short_text(payload.if_contains("username"));
    claims.user_id = short_text(payload.if_contains("user_id"));
    claims.sub = short_text(payload.if_contains("sub"));
    auto const type = short_text(payload.if_contains("token_type")).value_or(std::string());
    if (type == "access") claims.type = token_type::access;
    if (type == "refresh") claims.type = token_type::refresh;
    if (type == "session") claims.type = token_type::session;
    return claims;
}

} // namespace detail

/// Reads a token's claims. Anything but a JWT with a JSON object as its payload gives empty claims, and so
/// does a token longer than 64 KiB. Never throws.
inline jwt_claims read_jwt(std::string_view token) noexcept
try {
    std::string const payload = detail::base64url_decoded(detail::jwt_payload(token));
    std::array<unsigned char, 2048> buffer;
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code failed;
    boost::json::value const parsed = boost::json::parse(payload, failed, &memory, options);
    return !failed && parsed.is_object() ? detail::claims_of(parsed.get_object()) : jwt_claims();
} catch (...) { // out of memory: as good as unreadable
    return {};
}

}} // namespace practicus::v1
