// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/options.hpp>

#include <optional>
#include <string_view>
#include <utility>

/// Options as one expression: what `change` makes of `from`.
template <class Options = practicus::client_options, class Change>
[[nodiscard]] Options options_with(Change change, Options from = Options())
{
    change(from);
    return from;
}

/// Of a client that logs in by itself.
[[nodiscard]] inline practicus::client_options
options_as(std::optional<practicus::credentials> user,
           practicus::client_options from = practicus::client_options())
{
    from.credentials = std::move(user);
    return from;
}

/// Of a client that goes through this proxy.
[[nodiscard]] inline practicus::proxy_options proxy_at(std::string_view url)
{
    practicus::proxy_options result;
    result.mode = practicus::proxy_mode::url;
    result.url = practicus::secret(url);
    return result;
}
