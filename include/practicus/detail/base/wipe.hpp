// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#if !defined(__GNUC__)
#include <openssl/crypto.h>
#endif

#include <cstddef>
#include <cstring>
#include <string>

namespace practicus { inline namespace v1 { namespace detail {

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

/// Makes room for `more` bytes behind a text, without leaving a copy of it behind.
inline void make_room(std::string& text, std::size_t more)
{
    if (text.capacity() - text.size() >= more) return;
    std::string larger;
    larger.reserve(2 * text.size() + more);
    larger = text;
    // Before the swap: of a short text, which stands in the string itself, a part would stay behind.
    wipe(text.data(), text.size());
    text.swap(larger);
}

}}} // namespace practicus::v1::detail
