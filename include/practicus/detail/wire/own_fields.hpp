// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// The fields that the client writes into requests. Each begins with the end of the preceding line.
namespace own_field {

inline constexpr std::string_view accept = "\r\nAccept: ";
inline constexpr std::string_view accept_encoding = "\r\nAccept-Encoding: ";
inline constexpr std::string_view bearer = "\r\nAuthorization: Bearer ";
inline constexpr std::string_view authorization = bearer.substr(0, bearer.rfind('B'));
inline constexpr std::string_view content_encoding = "\r\nContent-Encoding: ";
inline constexpr std::string_view content_length = "\r\nContent-Length: ";
inline constexpr std::string_view content_type = "\r\nContent-Type: ";
inline constexpr std::string_view host = "\r\nHost: ";
inline constexpr std::string_view proxy_authorization = "\r\nProxy-Authorization: ";
inline constexpr std::string_view transfer_encoding = "\r\nTransfer-Encoding: ";
inline constexpr std::string_view user_agent = "\r\nUser-Agent: ";

/// All of these fields.
inline constexpr std::array all{
    accept, accept_encoding,     authorization,     content_encoding, content_length, content_type,
    host,   proxy_authorization, transfer_encoding, user_agent};

/// Other fields that concern only the connection or the framing (RFC 9110 sections 7.6.1 and 10.1.1).
inline constexpr std::array<std::string_view, 6> hop_by_hop{"Connection", "Expect",  "Keep-Alive",
                                                            "TE",         "Trailer", "Upgrade"};

} // namespace own_field

/// Returns true if callers must not set this field: the client writes it, or it describes the body or the
/// connection.
inline bool is_own_field(std::string_view name) noexcept
{
    auto const begins = [&](std::string_view prefix) {
        return name.size() >= prefix.size() && equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    auto const is_name = [&](std::string_view taken) { return equals_ignoring_case(name, taken); };
    auto const is_written = [&](std::string_view written) {
        return is_name(written.substr(2, written.size() - 4));
    };
    return begins("Content-") || begins("Proxy-") ||
           std::any_of(own_field::hop_by_hop.begin(), own_field::hop_by_hop.end(), is_name) ||
           std::any_of(own_field::all.begin(), own_field::all.end(), is_written);
}

/// Appends a caller's field, as it is written into a request. `setter` is what the caller has called. Throws
/// `errc::invalid_argument`.
inline void append_field(std::string& out, std::string_view setter, std::string_view name,
                         std::string_view value)
{
    auto const refuse = [&](std::string_view why) {
        throw error(errc::invalid_argument, std::string(setter).append(": ").append(why));
    };
    if (!is_token(name)) refuse("the name must be a token (RFC 9110 section 5.6.2)");
    if (is_own_field(name))
        refuse("the client writes '" + std::string(name).append("' itself; leave it out"));
    if (has_control(value))
        refuse("the value of '" + std::string(name).append("' must not hold a control character"));
    out.append("\r\n").append(name).append(": ").append(value);
}

}}} // namespace practicus::v1::detail
