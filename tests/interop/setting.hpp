// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

/// Returns a variable of the environment that the script which starts the server or the front has set.
inline std::string setting(char const* name)
{
    auto const* value = std::getenv(name);
    if (value == nullptr)
        throw std::runtime_error(std::string(name) + " is not set: run the test by its script");
    return value;
}
