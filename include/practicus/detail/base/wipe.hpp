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

/// Overwrites a secret so that the compiler cannot remove the writes. `OPENSSL_cleanse` writes eight bytes at
/// a time, which cost a seventh of an exchange.
inline void wipe(void* bytes, std::size_t size) noexcept
{
    if (size == 0) return;
#if defined(__GNUC__)
    std::memset(bytes, 0, size);
    // The compiler must assume that this reads the zeros.
    asm volatile("" : : "r"(bytes) : "memory");
#else
    OPENSSL_cleanse(bytes, size);
#endif
}

/// Reserves room for `more` bytes without leaving a copy of the text in freed memory.
inline void make_room(std::string& text, std::size_t more)
{
    if (text.capacity() - text.size() >= more) return;
    std::string larger;
    larger.reserve(2 * text.size() + more);
    larger = text;
    // Before the swap: the swap would leave part of a short text, which is stored inside the string object.
    wipe(text.data(), text.size());
    text.swap(larger);
}

}}} // namespace practicus::v1::detail
