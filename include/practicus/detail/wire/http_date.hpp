// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string_view>

#include <locale.h>
#include <time.h>

namespace practicus { inline namespace v1 { namespace detail {

/// Parses a text that has exactly the format of `strftime`, in English.
inline std::optional<std::tm> parse_time(std::string_view text, char const* form) noexcept
{
    static ::locale_t const english = ::newlocale(LC_ALL_MASK, "C", nullptr);
    char copy[40] = {}, again[40] = {};
    std::tm parsed{};
    if (english == nullptr || text.size() >= sizeof copy) return std::nullopt;
    text.copy(copy, text.size());
    if (::strptime_l(copy, form, &parsed, english) == nullptr) return std::nullopt;
    // strptime is lenient with spaces, digits and case.
    auto const size = ::strftime_l(again, sizeof again, form, &parsed, english);
    return text == std::string_view(again, size) ? std::optional(parsed) : std::nullopt;
}

/// Parses an HTTP date (RFC 9110 section 5.6.7) in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT` (70 to 99 mean 19xx), `Sun Nov  6 08:49:37 1994`. Returns nothing for
/// other text, including impossible days; the weekday is not checked.
inline std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept
{
    using namespace std::chrono;
    auto parsed = parse_time(text, "%a, %d %b %Y %H:%M:%S GMT");
    if (!parsed) parsed = parse_time(text, "%a %b %e %H:%M:%S %Y");
    if (!parsed) {
        parsed = parse_time(text, "%A, %d-%b-%y %H:%M:%S GMT");
        if (parsed && parsed->tm_year < 70) parsed->tm_year += 100;
    }
    constexpr int first_of_four_digits = 1000 - 1900;
    if (!parsed || parsed->tm_sec > 60 || parsed->tm_year < first_of_four_digits) return std::nullopt;
    year_month_day const date(year(parsed->tm_year + 1900), month(static_cast<unsigned>(parsed->tm_mon + 1)),
                              day(static_cast<unsigned>(parsed->tm_mday)));
    if (!date.ok()) return std::nullopt;
    return sys_days(date) + hours(parsed->tm_hour) + minutes(parsed->tm_min) + seconds(parsed->tm_sec);
}

}}} // namespace practicus::v1::detail
