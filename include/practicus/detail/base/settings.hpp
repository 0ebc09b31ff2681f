// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

namespace practicus { inline namespace v1 { namespace detail {

/// A friend of the classes that keep their settings from users.
struct settings_access
{
    template <class Class>
    static auto& of(Class& object) noexcept
    {
        return object.settings_;
    }
};

/// Returns the settings of an options object or a request.
template <class Class>
auto& settings(Class& of) noexcept
{
    return settings_access::of(of);
}

}}} // namespace practicus::v1::detail
