// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <memory>

namespace practicus::inline v1::detail {

/// A failure of which only the code is known. Allocates nothing, for code that must not throw.
template <auto Code>
std::shared_ptr<error_info const> fixed_error() noexcept
{
    static error_info const info = [] {
        error_info result;
        result.code = make_error_code(Code);
        return result;
    }();
    // It owns nothing, so it has no control block.
    return {std::shared_ptr<void>(), &info};
}

} // namespace practicus::inline v1::detail
