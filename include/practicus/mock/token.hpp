// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

/// The purpose of a token.
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
    /// For one add-on.
    addon_session,
    /// For all gateways.
    gateway,
};

/// The value of the `token_type` claim. All but refresh and access tokens say `session`.
inline std::string_view to_string(token_type type) noexcept
{
    switch (type) {
    case token_type::refresh: return "refresh";
    case token_type::access: return "access";
    default: return "session";
    }
}

/// The form of tokens. The region recognises its own tokens in any form.
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
    std::string result((bytes.size() * 4 + 2) / 3, '\0');
    auto const byte = [&](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(bytes[at])}; };
    char* to = result.data();
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        auto const bits = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
        for (unsigned shift = 24; shift != 0;)
            *to++ = digits[bits >> (shift -= 6) & 63];
    }
    if (auto const left = bytes.size() - at; left != 0) {
        auto const bits = byte(at) << 16 | (left == 2 ? byte(at + 1) << 8 : 0);
        *to++ = digits[bits >> 18 & 63];
        *to++ = digits[bits >> 12 & 63];
        if (left == 2) *to++ = digits[bits >> 6 & 63];
    }
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

/// HMAC with SHA-256, of many texts with one key.
class hmac_sha256
{
public:
    explicit hmac_sha256(std::string_view key)
    {
        std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> const mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                                    &EVP_MAC_free);
        keyed_.reset(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
        char digest[] = "SHA256";
        OSSL_PARAM const parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                         OSSL_PARAM_construct_end()};
        check(keyed_ && EVP_MAC_init(keyed_.get(), reinterpret_cast<unsigned char const*>(key.data()),
                                     key.size(), parameters) == 1);
    }

    std::string operator()(std::string_view text) const
    {
        // OpenSSL before 3.0.3 cannot restart with the same key.
        context const copy(EVP_MAC_CTX_dup(keyed_.get()), &EVP_MAC_CTX_free);
        std::string result(32, '\0');
        std::size_t size = 0;
        check(copy != nullptr);
        check(EVP_MAC_update(copy.get(), reinterpret_cast<unsigned char const*>(text.data()), text.size()) ==
              1);
        check(EVP_MAC_final(copy.get(), reinterpret_cast<unsigned char*>(result.data()), &size,
                            result.size()) == 1 &&
              size == result.size());
        return result;
    }

private:
    using context = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;

    static void check(bool done)
    {
        if (!done) throw std::runtime_error("OpenSSL cannot compute an HMAC");
    }

    context keyed_{nullptr, &EVP_MAC_CTX_free};
};

/// The record of an issued token.
struct token_record
{
    token_type type = token_type::access;
    std::string email;
    std::int64_t subject = 0;
    bool upload = false;
    std::chrono::system_clock::time_point expires{};
    bool revoked = false;
};

/// Issues tokens and recognises them by their whole text: a changed signature or claim makes a token unknown.
/// Not thread-safe.
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
        return text + '.' + base64url(hmac_(text));
    }

    /// Removes expired tokens at an amortised cost of O(1).
    void forget_expired(time_point now)
    {
        if (known_.size() < sweep_at_) return;
        std::erase_if(
            known_, [now](auto const& entry) { return entry.second.expires + std::chrono::hours(1) < now; });
        sweep_at_ = 4096 + 2 * known_.size();
    }

    hmac_sha256 hmac_{random_bytes(32)};
    std::unordered_map<std::string, token_record> known_;
    std::size_t sweep_at_ = 4096;
};

} // namespace detail

}}} // namespace practicus::v1::mock
