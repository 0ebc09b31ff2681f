// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/http_date.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

using practicus::detail::parse_http_date;

TEST_CASE("parse_http_date: three forms, and nothing else")
{
    using namespace std::chrono;
    sys_seconds const expected = sys_days(1994y / November / 6) + 8h + 49min + 37s;
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == expected);
    CHECK(parse_http_date("Sun Nov 16 08:49:37 1994") == expected + days(10));
    CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == sys_seconds{});
    CHECK(parse_http_date("Tue, 29 Feb 2028 00:00:00 GMT") == sys_days(2028y / February / 29));
    CHECK(parse_http_date("Friday, 06-Nov-26 00:00:00 GMT") == sys_days(2026y / November / 6));
    CHECK(parse_http_date("Friday, 31-Dec-69 00:00:00 GMT") == sys_days(2069y / December / 31));
    CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == sys_days(1970y / January / 1));
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == sys_days(2017y / January / 1)); // a leap second

    for (auto text : {"",
                      "Sun",
                      "Sun,",
                      "Sun, ",
                      "06 Nov 1994 08:49:37 GMT",
                      "Sun, 6 Nov 1994 08:49:37 GMT",
                      "Sun, 06 nov 1994 08:49:37 GMT",
                      "Sun, 06 Nov 94 08:49:37 GMT",
                      "Sun, 06 Nov 1994 08:49:37",
                      "Sun, 06 Nov 1994 08:49:37 UTC",
                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                      "Sun, 06 Nov 1994 8:49:37 GMT",
                      "Sun, 06 Nov 1994 24:00:00 GMT",
                      "Sun, 06 Nov 1994 08:60:00 GMT",
                      "Sun, 06 Nov 1994 08:49:61 GMT",
                      "Sun, 31 Nov 1994 08:49:37 GMT",
                      "Sun, 00 Nov 1994 08:49:37 GMT",
                      "Sun, 29 Feb 2026 08:49:37 GMT",
                      "Sun, 06-Nov-94 08:49:37 GMT",
                      "Sunday, 06 Nov 1994 08:49:37 GMT",
                      "Sunday Nov  6 08:49:37 1994",
                      "Sun Nov 6 08:49:37 1994",
                      "Sun Nov  6 08:49:37 19",
                      "Sun Nov  6 08:49:37 1994 GMT",
                      "Sun Nov  0 08:49:37 1994",
                      "Xyz, 06 Nov 1994 08:49:37 GMT",
                      "1994-11-06T08:49:37Z"}) {
        INFO(text);
        CHECK(parse_http_date(text) == std::nullopt);
    }
}

TEST_CASE("parse_http_date: every prefix and every byte out of place is refused")
{
    for (std::string const text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
        for (std::size_t n = 0; n < text.size(); ++n) {
            CHECK_FALSE(parse_http_date(text.substr(0, n)));
            for (int byte = 0; byte < 256; ++byte) {
                auto changed = text;
                changed[n] = static_cast<char>(byte);
                bool const is_digit = byte >= '0' && byte <= '9';
                if (changed != text && !is_digit && parse_http_date(changed))
                    FAIL(text << " at " << n << ": " << byte);
            }
        }
}
