// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "options.hpp"

#include <practicus/mock/options.hpp>

#include <chrono>
#include <string_view>
#include <utility>

/// Of a server with TLS and a certificate that it makes.
[[nodiscard]] inline practicus::mock::server_options
https_options(practicus::mock::certificate_options of = practicus::mock::certificate_options())
{
    practicus::mock::server_options result;
    result.tls = std::move(of);
    return result;
}

[[nodiscard]] inline practicus::mock::server_options https_options_if(bool on)
{
    return on ? https_options() : practicus::mock::server_options();
}

/// What `change` makes of `from`.
template <class Change>
[[nodiscard]] practicus::mock::server_options
server_with(Change change, practicus::mock::server_options from = practicus::mock::server_options())
{
    return options_with(change, std::move(from));
}

/// Of a server with this certificate.
[[nodiscard]] inline practicus::mock::server_options https_options(practicus::mock::certificate of,
                                                                   std::string_view authority_pem)
{
    practicus::mock::server_options result;
    result.certificate = std::move(of);
    result.ca = authority_pem;
    return result;
}

[[nodiscard]] inline practicus::mock::certificate_options
certificate_for(std::string_view names,
                practicus::mock::certificate_options from = practicus::mock::certificate_options())
{
    from.names = names;
    return from;
}

[[nodiscard]] inline practicus::mock::certificate_options valid_from(std::chrono::hours begin)
{
    practicus::mock::certificate_options result;
    result.not_before = begin;
    result.not_after = begin + std::chrono::hours(24);
    return result;
}
inline constexpr std::chrono::hours two_days_ago{-48}, tomorrow{24};
