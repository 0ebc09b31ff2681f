// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/json_value.hpp>

#include "catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using practicus::errc;

bool is_json(std::string_view text)
{
    try {
        parse_json(text);
        return true;
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::not_json);
        CHECK(e.info().cause);
        CHECK(e.info().message.empty());
        return false;
    }
}

} // namespace

TEST_CASE("text that is no JSON")
{
    CHECK(is_json("{}"));
    CHECK(is_json(" [1]\r\n"));
    for (std::string_view const bad : {"", " ", "{", "[1,]", "{\"a\":1}x", "<html>", "nul", "'a'",
                                       "{\"a\":\"\x01\"}", "\"\xff\"", "NaN"}) {
        INFO(bad);
        CHECK_FALSE(is_json(bad));
    }
    CHECK_FALSE(is_json(std::string_view("\0", 1)));
}

TEST_CASE("JSON is read up to its depth and no deeper")
{
    auto const nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_json(nested(max_json_depth)));
    CHECK_FALSE(is_json(nested(max_json_depth + 1)));
    CHECK_FALSE(is_json(nested(100'000)));
    CHECK_FALSE(is_json(std::string(100'000, '[')));
}
