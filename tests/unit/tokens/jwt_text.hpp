// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

inline std::string base64url(std::string_view text)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (char const c : text) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6)
            out += digits[bits >> (held - 6) & 63];
    }
    if (held > 0) out += digits[bits << (6 - held) & 63];
    return out;
}

/// A token with this payload, and nonsense around it.
inline std::string jwt_text(std::string_view payload)
{
    return "h." + base64url(payload) + ".s";
}
