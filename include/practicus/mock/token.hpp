// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace practicus::inline v1::mock {

/// What a token of a region is for.
enum class token_type
{
    /// For new access tokens.
    refresh,
    /// For the console.
    access,
    /// For the API of one model.
    session,
    /// For the API of one app.
    app_session,
};

/// What the `token_type` claim says. Session tokens of models and of apps both say `session`.
inline std::string_view to_string(token_type type) noexcept
{
    switch (type) {
    case token_type::refresh: return "refresh";
    case token_type::access: return "access";
    default: return "session";
    }
}

/// What tokens look like from outside. The region knows its own tokens whatever they look like.
enum class token_shape
{
    /// A JWT, signed with HS256.
    jwt,
    /// A random string that is no JWT, so that nothing can be read in it.
    opaque,
};

namespace detail {

inline std::string base64url(std::string_view bytes)
{
    static constexpr char const* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string result;
    result.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6)
            result += digits[(bits >> (held - 6)) & 63];
    }
    if (held != 0) result += digits[(bits << (6 - held)) & 63];
    return result;
}

inline std::string random_bytes(std::size_t count)
{
    std::string result(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(result.data()), static_cast<int>(count)) != 1)
        throw std::runtime_error("OpenSSL has no random bytes");
    return result;
}

inline std::string random_hex(std::size_t bytes)
{
    static constexpr char const* digits = "0123456789abcdef";
    std::string result;
    for (char c : random_bytes(bytes)) {
        auto byte = static_cast<unsigned char>(c);
        result += digits[byte >> 4];
        result += digits[byte & 15];
    }
    return result;
}

inline std::string hmac_sha256(std::string_view key, std::string_view text)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<unsigned char const*>(text.data()), text.size(), mac, &size) == nullptr)
        throw std::runtime_error("OpenSSL can not compute an HMAC");
    return {reinterpret_cast<char const*>(mac), size};
}

/// What the region knows of a token that it issued.
struct token_record
{
    token_type type = token_type::access;
    std::string email;
    std::int64_t subject = 0;
    bool upload = false;
    std::chrono::system_clock::time_point expires;
    bool revoked = false;
};

/// Issues tokens and knows them again, by their whole text: a changed signature or claim makes a stranger of
/// a token. Not thread-safe.
class token_mint
{
public:
    using time_point = std::chrono::system_clock::time_point;
    using claims_hook = std::function<void(token_type, boost::json::object&)>;

    std::string issue(token_record record, boost::json::object claims, time_point now,
                      std::chrono::seconds lifetime)
    {
        using std::chrono::floor;
        using std::chrono::seconds;
        forget_expired(now);
        record.expires = floor<seconds>(now) + lifetime;
        auto jti = random_hex(16);
        claims["token_type"] = to_string(record.type);
        claims["exp"] = record.expires.time_since_epoch() / seconds(1);
        claims["iat"] = floor<seconds>(now).time_since_epoch() / seconds(1);
        claims["jti"] = jti;
        if (hook) hook(record.type, claims);
        auto text = shape == token_shape::opaque ? "prt" + jti + random_hex(24) : sign(claims);
        known_.insert_or_assign(text, std::move(record));
        return text;
    }

    /// The record of a token that this mint issued, or null; also of expired and revoked ones.
    token_record* find(std::string_view text)
    {
        auto at = known_.find(std::string(text));
        return at == known_.end() ? nullptr : &at->second;
    }

    template <class Predicate>
    void revoke_if(Predicate predicate)
    {
        for (auto& [text, record] : known_)
            if (predicate(std::as_const(record))) record.revoked = true;
    }

    token_shape shape = token_shape::jwt;
    claims_hook hook;

private:
    std::string sign(boost::json::object const& claims) const
    {
        auto text =
            base64url(R"({"alg":"HS256","typ":"JWT"})") + '.' + base64url(boost::json::serialize(claims));
        return text + '.' + base64url(hmac_sha256(key_, text));
    }

    /// Keeps the table as large as what is alive, at an amortised cost of O(1).
    void forget_expired(time_point now)
    {
        if (known_.size() < sweep_at_) return;
        std::erase_if(
            known_, [now](auto const& entry) { return entry.second.expires + std::chrono::hours(1) < now; });
        sweep_at_ = 4096 + 2 * known_.size();
    }

    std::string key_ = random_bytes(32);
    std::unordered_map<std::string, token_record> known_;
    std::size_t sweep_at_ = 4096;
};

} // namespace detail

} // namespace practicus::inline v1::mock
