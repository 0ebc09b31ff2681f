// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>

#include <boost/json/value.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Longer tokens are not parsed; no header field with one would be accepted either.
inline constexpr std::size_t jwt_limit = 64 * 1024;

/// Returns the text between the first dot and the last. For a token with more than three parts (an encrypted
/// one has five) it contains dots, and so is invalid base64url.
inline std::string_view jwt_payload(std::string_view token) noexcept
{
    auto const first = token.find('.');
    auto const last = token.rfind('.');
    if (token.size() > jwt_limit || first == 0 || first == last) return {};
    return token.substr(first + 1, last - first - 1);
}

/// Decodes base64url (RFC 4648 section 5), with or without padding. Returns an empty text for anything else.
inline std::string base64url_decoded(std::string_view text)
{
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    // OpenSSL skips white space at the ends and stops at a padding character.
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

/// Reads a NumericDate (RFC 7519 section 2): a JSON number, perhaps with a fraction. The upper bound keeps
/// conversions to the system clock's nanoseconds defined.
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
    // An integer may be written with a decimal point or an exponent.
    if (value->is_double() && std::abs(value->get_double()) < 9e15 &&
        value->get_double() == std::floor(value->get_double()))
        return std::to_string(static_cast<std::int64_t>(value->get_double()));
    if (!value->is_string()) return std::nullopt;
    std::string text(value->get_string().data(), value->get_string().size());
    if (text.empty() || text.size() > 256 || has_control(text)) return std::nullopt;
    return text;
}

}}} // namespace practicus::v1::detail
