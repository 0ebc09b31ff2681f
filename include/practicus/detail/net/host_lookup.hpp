// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <netdb.h>
#include <sys/socket.h>

namespace practicus { inline namespace v1 { namespace detail {

namespace asio = boost::asio;

using addresses = std::vector<asio::ip::address>;

/// The addresses of a host, shared by all connects to it. Null or not empty.
using address_list = std::shared_ptr<addresses const>;

/// The result of a lookup: an error, or at least one address.
struct lookup_result
{
    boost::system::error_code failed;
    addresses found;
};

/// Returns the addresses of a host that needs no lookup, or null: of an IP address, and of `localhost` by RFC
/// 6761 section 6.3.
inline address_list known_addresses(std::string const& host)
{
    using namespace asio::ip;
    boost::system::error_code code;
    if (auto const literal = make_address(host, code); !code)
        return std::make_shared<addresses const>(1, literal);
    std::string_view name = host;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (!equals_ignoring_case(name, "localhost")) return nullptr;
    addresses const both{address_v4::loopback(), address_v6::loopback()};
    return std::make_shared<addresses const>(both);
}

/// Converts an error of `getaddrinfo`. All its codes for an unknown name become
/// `asio::error::host_not_found`.
inline boost::system::error_code lookup_error(int result, int error_number) noexcept
{
    switch (result) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return asio::error::host_not_found;
    case EAI_AGAIN: return asio::error::host_not_found_try_again;
    case EAI_MEMORY: return asio::error::no_memory;
    case EAI_SYSTEM:
        if (error_number != 0) return {error_number, asio::error::get_system_category()};
        break;
    default: break;
    }
    return asio::error::no_recovery;
}

/// Returns the addresses of a list without duplicates.
inline lookup_result addresses_of(addrinfo const* first)
{
    lookup_result result;
    for (auto const* one = first; one != nullptr; one = one->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (one->ai_addrlen > endpoint.capacity()) continue;
        endpoint.resize(one->ai_addrlen);
        std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
        auto const address = endpoint.address();
        if (std::find(result.found.begin(), result.found.end(), address) == result.found.end())
            result.found.push_back(address);
    }
    if (result.found.empty()) result.failed = asio::error::host_not_found;
    return result;
}

/// Calls `getaddrinfo`, which may block for a long time.
inline lookup_result look_up_host(std::string const& host)
{
    struct release
    {
        void operator()(addrinfo* all) const noexcept { ::freeaddrinfo(all); }
    };
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    errno = 0;
    auto const code = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
    if (code != 0) return {lookup_error(code, errno), {}};
    std::unique_ptr<addrinfo, release> const all(first);
    return addresses_of(first);
}

}}} // namespace practicus::v1::detail
