// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/host_lookup.hpp>

#include "catch.hpp"

#include <cerrno>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

using namespace practicus::detail;

TEST_CASE("addresses and localhost need no lookup")
{
    for (auto const* text : {"127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"}) {
        auto const found = known_addresses(text);
        REQUIRE(found);
        CHECK(*found == addresses{asio::ip::make_address(text)});
    }
    for (auto const* text : {"localhost", "LocalHost", "localhost."}) {
        auto const found = known_addresses(text);
        REQUIRE(found);
        CHECK(*found == addresses{asio::ip::make_address("127.0.0.1"), asio::ip::make_address("::1")});
    }
    for (auto const* text : {"", ".", "localhost.company.com", "my.localhost", "127.0.0", "1"})
        CHECK_FALSE(known_addresses(text));
}

TEST_CASE("each reason of a failed lookup has its own code, different from a cancellation's")
{
    using asio::error::host_not_found;
    CHECK(lookup_error(EAI_NONAME, 0) == host_not_found);
#ifdef EAI_NODATA
    CHECK(lookup_error(EAI_NODATA, 0) == host_not_found);
#endif
#ifdef EAI_ADDRFAMILY
    CHECK(lookup_error(EAI_ADDRFAMILY, 0) == host_not_found);
#endif
    CHECK(lookup_error(EAI_AGAIN, 0) == asio::error::host_not_found_try_again);
    CHECK(lookup_error(EAI_FAIL, 0) == asio::error::no_recovery);
    CHECK(lookup_error(EAI_FAMILY, ECANCELED) == asio::error::no_recovery);
    CHECK(lookup_error(EAI_MEMORY, 0) == asio::error::no_memory);
    CHECK(lookup_error(EAI_SYSTEM, EMFILE) == boost::system::errc::too_many_files_open);
    CHECK(lookup_error(EAI_SYSTEM, 0) == asio::error::no_recovery);
    CHECK(lookup_error(12345, 0) == asio::error::no_recovery);
}

TEST_CASE("an address that is listed twice is used once, and a list without one is a name that is not found")
{
    asio::ip::tcp::endpoint four(asio::ip::make_address("192.0.2.7"), 0);
    asio::ip::tcp::endpoint six(asio::ip::make_address("2001:db8::7"), 0);
    addrinfo entries[4] = {};
    for (std::size_t i = 0; i != 4; ++i) {
        auto& of = i == 1 ? six : four;
        entries[i].ai_addr = of.data();
        entries[i].ai_addrlen = static_cast<socklen_t>(of.size());
        entries[i].ai_next = i == 3 ? nullptr : &entries[i + 1];
    }
    // Of a family that is longer than any that can be connected to.
    entries[2].ai_addrlen = sizeof(sockaddr_storage) + 1;
    auto const all = addresses_of(entries);
    CHECK_FALSE(all.failed);
    CHECK(all.found == addresses{four.address(), six.address()});
    entries[2].ai_next = nullptr;
    for (auto const* const none : {static_cast<addrinfo const*>(nullptr), &std::as_const(entries[2])}) {
        CHECK(addresses_of(none).failed == asio::error::host_not_found);
        CHECK(addresses_of(none).found.empty());
    }
}

TEST_CASE("the C library's addresses come each once, and its refusal as a code")
{
    auto const here = look_up_host("127.0.0.1");
    CHECK_FALSE(here.failed);
    CHECK(here.found == addresses{asio::ip::make_address("127.0.0.1")});
    auto const six = look_up_host("::1");
    CHECK_FALSE(six.failed);
    CHECK(six.found == addresses{asio::ip::make_address("::1")});
    // From a file or by itself, in whatever order.
    auto const local = look_up_host("localhost");
    CHECK_FALSE(local.failed);
    CHECK_FALSE(local.found.empty());
    CHECK(std::set(local.found.begin(), local.found.end()).size() == local.found.size());
    for (auto const& a : local.found)
        CHECK(a.is_loopback());
    auto const none = look_up_host("practicus.invalid");
    CHECK(none.failed);
    CHECK(none.found.empty());
}
