// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <practicus/secret.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#if __has_include(<format>)
#include <format>
#endif

using practicus::secret;

namespace {

template <class T>
concept streamable = requires(std::ostream& out, T const& value)
{
    out << value;
};
template <class T>
concept wide_streamable = requires(std::wostream& out, T const& value)
{
    out << value;
};

static_assert(streamable<std::string> && !streamable<secret> && !wide_streamable<secret>);
static_assert(!std::is_convertible_v<secret, std::string> &&
              !std::is_convertible_v<secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, secret> &&
              !std::is_constructible_v<std::string_view, secret>);
static_assert(!std::is_convertible_v<std::string, secret> && !std::is_convertible_v<char const*, secret>);
static_assert(!std::is_convertible_v<secret, bool>);
static_assert(std::is_nothrow_copy_constructible_v<secret> && std::is_nothrow_move_constructible_v<secret>);
#ifdef __cpp_lib_format
static_assert(!std::is_default_constructible_v<std::formatter<secret>>);
#endif

} // namespace

TEST_CASE("reveal returns the bytes of a secret")
{
    std::string_view const odd("a\0b\n", 4);
    secret const value(odd);
    CHECK(value.reveal() == odd);
    CHECK(value.size() == 4);
    CHECK_FALSE(value.empty());
    CHECK(static_cast<bool>(value));
    CHECK(secret("text").reveal() == "text");
    CHECK(secret(static_cast<char const*>(nullptr)).empty());
}

TEST_CASE("an empty secret converts to false")
{
    for (secret const& none : {secret(), secret(""), secret(std::string_view())}) {
        CHECK(none.empty());
        CHECK_FALSE(static_cast<bool>(none));
        CHECK(none.size() == 0);
        CHECK(none.reveal().empty());
        CHECK(none == secret());
    }
}

TEST_CASE("copies of a secret share its bytes and keep them alive")
{
    secret copy;
    char const* bytes = nullptr;
    {
        secret const value("hunter2");
        bytes = value.reveal().data();
        copy = value;
    }
    CHECK(copy.reveal().data() == bytes);
    CHECK(copy.reveal() == "hunter2");
    secret const moved = std::move(copy);
    CHECK(moved.reveal().data() == bytes);
    CHECK(copy.empty()); // NOLINT: what was moved from is empty
}

TEST_CASE("secrets are equal if their bytes are")
{
    CHECK(secret("hunter2") == secret("hunter2"));
    CHECK_FALSE(secret("hunter2") == secret("hunter3"));
    CHECK_FALSE(secret("hunter2") == secret("hunter22"));
    CHECK_FALSE(secret("hunter2") == secret());
    CHECK_FALSE(secret() == secret("hunter2"));
}

TEST_CASE("a secret wipes the string that it is taken from")
{
    for (std::size_t const size : {std::size_t(8), std::size_t(1000)}) {
        std::string source(size, 'x');
        char const* const bytes = source.data();
        secret const value = secret::take(std::move(source));
        CHECK(value.reveal() == std::string(size, 'x'));
        CHECK(source.empty()); // NOLINT: that it is empty is promised
#ifdef __GLIBCXX__
        CHECK(std::all_of(bytes, bytes + size, [](char c) { return c == '\0'; }));
#endif
    }
}

TEST_CASE("a secret is wiped when its last copy goes, and not before")
{
    auto value = std::make_unique<secret>("hunter2 and more");
    freed_memory const memory("hunter2 and more", value->reveal().data());
    auto copy = std::make_unique<secret>(*value);
    value.reset();
    CHECK_FALSE(memory.block_freed());
    CHECK(copy->reveal() == "hunter2 and more");
    copy.reset();
    CHECK(memory.block_freed());
    CHECK(memory.found() == 0);
}
