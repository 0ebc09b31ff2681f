// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <openssl/evp.h>

#include <array>
#include <string>
#include <string_view>

namespace practicus::inline v1::detail {

/// In hexadecimal digits: a file's name that says nothing of what it is made from.
inline std::string sha256_hex(std::string_view text)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr) != 1)
        throw error(errc::file_error, "no SHA-256 here");
    constexpr char hex[] = "0123456789abcdef";
    std::string result;
    for (unsigned i = 0; i != size; ++i) {
        result += hex[digest[i] >> 4];
        result += hex[digest[i] & 15];
    }
    return result;
}

} // namespace practicus::inline v1::detail
