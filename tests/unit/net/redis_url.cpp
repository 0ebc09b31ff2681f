// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/redis_url.hpp>

#include "catch.hpp"

#include <string>

using practicus::detail::read_redis_url;

TEST_CASE("redis_url: its parts")
{
    auto const least = read_redis_url("redis://Store");
    CHECK_FALSE(least.secure);
    CHECK(least.user.empty());
    CHECK(least.password.empty());
    CHECK(least.host == "store");
    CHECK(least.port == 6379);
    CHECK(least.database == 0);
    auto const all = read_redis_url("REDISS://a%3Ab:c%40d:e@[::1]:7000/15");
    CHECK(all.secure);
    CHECK(all.user == "a:b");
    CHECK(all.password.reveal() == "c@d:e");
    CHECK(all.host == "::1");
    CHECK(all.port == 7000);
    CHECK(all.database == 15);
    auto const without_user = read_redis_url("redis://:p@10.0.0.1/");
    CHECK(without_user.user.empty());
    CHECK(without_user.password.reveal() == "p");
    CHECK(without_user.host == "10.0.0.1");
}

TEST_CASE("redis_url: other texts are refused, and not quoted")
{
    for (auto const* const text : {"",
                                   "store",
                                   "http://pass",
                                   "redis:/pass",
                                   "redis://",
                                   "redis://pass@",
                                   "redis://:1",
                                   "redis://h:x",
                                   "redis://h:0",
                                   "redis://h:70000",
                                   "redis://h/x",
                                   "redis://h/-1",
                                   "redis://h/1/2",
                                   "redis://h/1?a",
                                   "redis://h/99999999999",
                                   "redis://u:pass%4@h",
                                   "redis://u:pa ss@h",
                                   "redis://h h",
                                   "redis://h.",
                                   "redis://[::1",
                                   "redis://u:p/ass@h"}) {
        INFO(text);
        try {
            read_redis_url(text);
            FAIL("it was read");
        } catch (practicus::error const& e) {
            CHECK(e.code() == practicus::errc::invalid_url);
            CHECK(std::string(e.what()).find("pass") == std::string::npos);
        }
    }
}
