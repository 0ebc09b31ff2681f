// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <memory>
#include <new>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns a failure that has only a code. Allocates nothing, for code that must not throw.
template <auto Code>
std::shared_ptr<error_info const> fixed_error() noexcept
{
    // Never destroyed: threads may still fail during the destruction of static objects.
    alignas(error_info) static unsigned char room[sizeof(error_info)];
    static error_info const* const info = [] {
        auto* const made = new (room) error_info();
        made->code = make_error_code(Code);
        return made;
    }();
    // Aliases an empty owner, so it needs no control block.
    return {std::shared_ptr<void>(), info};
}

}}} // namespace practicus::v1::detail
