// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Reads a text from left to right; once something does not fit, all that follows fails as well.
class http_date_reader
{
public:
    explicit http_date_reader(std::string_view text) noexcept : rest_(text) {}

    bool literal(std::string_view expected) noexcept
    {
        if (!rest_.starts_with(expected)) return fail();
        rest_.remove_prefix(expected.size());
        return ok_;
    }

    /// Exactly so many digits; a leading space may stand for a zero in asctime's day.
    unsigned number(std::size_t digits, bool space_padded = false) noexcept
    {
        if (rest_.size() < digits) return fail();
        unsigned value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            char const c = rest_[i];
            bool const padding = space_padded && i == 0 && c == ' ';
            if (!padding && (c < '0' || c > '9')) return fail();
            value = value * 10 + (padding ? 0 : static_cast<unsigned>(c - '0'));
        }
        rest_.remove_prefix(digits);
        return value;
    }

    /// The place, from 1, of the name that stands here.
    template <std::size_t N>
    unsigned one_of(std::array<std::string_view, N> const& names) noexcept
    {
        for (unsigned i = 0; i < N; ++i)
            if (rest_.starts_with(names[i])) {
                rest_.remove_prefix(names[i].size());
                return i + 1;
            }
        return fail();
    }

    bool next_is(char c) const noexcept { return rest_.starts_with(c); }
    bool finished() const noexcept { return ok_ && rest_.empty(); }

private:
    bool fail() noexcept
    {
        rest_ = {};
        return ok_ = false;
    }

    std::string_view rest_;
    bool ok_ = true;
};

/// A date of HTTP (RFC 9110, 5.6.7) in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT` (70 to 99 are of the last century), `Sun Nov  6 08:49:37 1994`. Empty for
/// anything else, a day that no month has included; whether the weekday is the right one is not asked.
inline std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept
{
    static constexpr std::array<std::string_view, 14> days{
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
        "Mon",    "Tue",     "Wed",       "Thu",      "Fri",    "Sat",      "Sun"};
    static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    http_date_reader in(text);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    bool const long_name = in.one_of(days) <= 7;
    bool const asctime = !in.next_is(',');
    if (asctime) {
        in.literal(" ");
        month = in.one_of(months);
        in.literal(" ");
        day = in.number(2, true);
        in.literal(" ");
    } else {
        auto const separator = long_name ? "-" : " ";
        in.literal(", ");
        day = in.number(2);
        in.literal(separator);
        month = in.one_of(months);
        in.literal(separator);
        year = in.number(long_name ? 2 : 4);
        if (long_name) year += year < 70 ? 2000 : 1900;
        in.literal(" ");
    }
    unsigned const hour = in.number(2);
    in.literal(":");
    unsigned const minute = in.number(2);
    in.literal(":");
    unsigned const second = in.number(2);
    in.literal(asctime ? " " : " GMT");
    if (asctime) year = in.number(4);
    if (!in.finished() || (asctime && long_name) || hour > 23 || minute > 59 || second > 60) return {};

    std::chrono::year_month_day const date(std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(month), std::chrono::day(day));
    if (!date.ok()) return {};
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

}}} // namespace practicus::v1::detail
