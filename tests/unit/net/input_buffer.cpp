// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/input_buffer.hpp>

#include "catch.hpp"

#include "../freed_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

using practicus::detail::input_buffer;

namespace {

constexpr std::size_t small_size = 8 * 1024;

void receive(input_buffer& in, std::string_view bytes, bool in_head = false)
{
    in.grow(0);
    REQUIRE(in.room_size() >= bytes.size());
    std::copy(bytes.begin(), bytes.end(), in.room());
    in.add(bytes.size(), in_head);
}

int left_in_freed_memory(bool secret, bool in_head)
{
    input_buffer in;
    in.begin(secret);
    receive(in, "0123456789 the-token-itself", in_head);
    in.remove(in.view().size());
    // The next piece is shorter, and lies at the beginning.
    receive(in, "next");
    in.remove(4);
    freed_memory const freed("the-token-itself");
    in.end(true);
    return freed.found();
}

} // namespace

TEST_CASE("input_buffer: what remains after a parsed part comes before the next read")
{
    input_buffer in;
    in.begin(false);
    CHECK(in.empty());
    receive(in, "abcdef");
    CHECK(in.view() == "abcdef");
    in.remove(4);
    CHECK(in.view() == "ef");
    receive(in, "gh");
    CHECK(in.view() == "efgh");
    in.begin(false);
    CHECK(in.empty());
}

TEST_CASE("input_buffer: all bytes of a secret response are wiped, also those of earlier pieces")
{
    CHECK(left_in_freed_memory(true, false) == 0);
    CHECK(left_in_freed_memory(false, true) == 0);
    CHECK(left_in_freed_memory(false, false) == 1);
}

TEST_CASE("input_buffer: a filled buffer and a long response get more room, up to a limit")
{
    input_buffer in;
    in.begin(false);
    in.grow(0);
    CHECK(in.room_size() == small_size);
    in.add(small_size, false);
    in.grow(0);
    CHECK(in.room_size() == small_size);
    in.remove(small_size);
    in.grow(1 << 30);
    CHECK(in.room_size() == 8 * small_size);
    in.grow(1 << 30);
    CHECK(in.room_size() == 8 * small_size);
}

TEST_CASE("input_buffer: a kept buffer is small, and the next one has the size of the last response")
{
    input_buffer in;
    in.begin(false);
    in.end(false);
    in.grow(0);
    CHECK(in.room_size() == small_size);
    in.grow(20'000);
    in.add(20'000, false);
    in.end(false);
    in.begin(false);
    CHECK(in.room_size() == 20'000);
}
