// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#if !defined(__GNUC__)
#include <openssl/crypto.h>
#endif

#include <cstddef>
#include <cstring>

namespace practicus::inline v1::detail {

/// Overwrites what held a secret, also where nobody reads it any more. `OPENSSL_cleanse` does the same eight
/// bytes at a time, which was a seventh of all that an exchange costs.
inline void wipe(void* bytes, std::size_t size) noexcept
{
    if (size == 0) return;
#if defined(__GNUC__)
    std::memset(bytes, 0, size);
    // For all that the compiler knows, the zeros are read here.
    asm volatile("" : : "r"(bytes) : "memory");
#else
    OPENSSL_cleanse(bytes, size);
#endif
}

} // namespace practicus::inline v1::detail
