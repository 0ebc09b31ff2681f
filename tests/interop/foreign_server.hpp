// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "interop/setting.hpp"

#include <practicus/connection_options.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

inline constexpr char const* plain = "PRACTICUS_SERVER_PLAIN";
inline constexpr char const* tls12 = "PRACTICUS_SERVER_TLS12";
inline constexpr char const* tls13 = "PRACTICUS_SERVER_TLS13";

/// Options that trust the server alone.
inline practicus::tls_options trusting()
{
    practicus::tls_options result;
    result.ca_file = setting("PRACTICUS_SERVER_FILES") + "/ca.pem";
    result.system_roots = false;
    return result;
}

inline practicus::tls_options with_certificate()
{
    auto const folder = setting("PRACTICUS_SERVER_FILES");
    auto result = trusting();
    result.certificate_file = folder + "/client.pem";
    result.key_file = folder + "/client.key";
    return result;
}

inline constexpr std::size_t many = 1024;

/// Returns a piece of 32 KiB that contains its position.
inline std::string piece(std::size_t index)
{
    auto result = std::to_string(index);
    result.resize(32 * 1024, 'x');
    return result;
}

/// All pieces, 32 MiB.
inline std::string const& all_pieces()
{
    static std::string const all = [] {
        std::string result;
        for (std::size_t i = 0; i != many; ++i)
            result += piece(i);
        return result;
    }();
    return all;
}

/// A source of all pieces, which counts its calls.
struct pieces
{
    std::size_t asked = 0;

    boost::asio::awaitable<std::string> next()
    {
        auto const index = asked++;
        co_return index < many ? piece(index) : std::string();
    }

    practicus::body_source source()
    {
        return [this] { return next(); };
    }
};
