// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// In place of Asio's header of this name, for ThreadSanitizer alone. It does not know fences, and takes the
// end of an object shared by two threads for a race (GCC: -Wtsan). An order that is part of the operation
// says the same.

#include <atomic>

namespace boost::asio::detail {

using atomic_count = std::atomic<long>;

inline void increment(atomic_count& a, long b)
{
    a += b;
}

inline void decrement(atomic_count& a, long b)
{
    a -= b;
}

inline void ref_count_up(atomic_count& a)
{
    a.fetch_add(1, std::memory_order_relaxed);
}

inline bool ref_count_down(atomic_count& a)
{
    return a.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

} // namespace boost::asio::detail
