// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"

#include <practicus/error.hpp>

#include <string>

/// The message of the `invalid_argument` that `act` throws; empty if it throws nothing.
template <class F>
std::string refusal(F const& act)
{
    try {
        act();
    } catch (practicus::error const& e) {
        CHECK(e.code() == practicus::errc::invalid_argument);
        return e.info().message;
    }
    return "";
}
