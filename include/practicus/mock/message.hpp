// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/gate.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

inline char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool iequals(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

} // namespace detail

/// Header fields in the order they were sent or are to be sent, duplicates kept. Names compare without case.
class header_list
{
public:
    /// A field's name and its value.
    using value_type = std::pair<std::string, std::string>;

    /// One more field, at the end.
    void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }

    /// Replaces every field of this name by one.
    void set(std::string_view name, std::string_view value)
    {
        erase(name);
        add(name, value);
    }

    /// Removes every field of this name.
    void erase(std::string_view name)
    {
        std::erase_if(fields_, [name](value_type const& f) { return detail::iequals(f.first, name); });
    }

    /// Returns the number of fields of this name.
    std::size_t count(std::string_view name) const noexcept
    {
        return static_cast<std::size_t>(
            std::count_if(fields_.begin(), fields_.end(),
                          [name](value_type const& f) { return detail::iequals(f.first, name); }));
    }

    /// Returns true if there is a field of this name.
    bool contains(std::string_view name) const noexcept { return count(name) != 0; }

    /// The first field's value, or empty. The view lives until the list changes.
    std::string_view operator[](std::string_view name) const noexcept
    {
        for (auto const& [n, v] : fields_)
            if (detail::iequals(n, name)) return v;
        return {};
    }

    /// The first field.
    auto begin() const noexcept { return fields_.begin(); }
    /// Past the last field.
    auto end() const noexcept { return fields_.end(); }
    /// Returns the number of fields.
    std::size_t size() const noexcept { return fields_.size(); }

private:
    std::vector<value_type> fields_;
};

/// A request as the region got it: credentials are kept as received.
class request
{
public:
    request() = default;
    /// Without fields or a body.
    request(std::string_view verb, std::string_view to) : method(verb), target(to) {}

    /// One more field.
    request& header(std::string_view name, std::string_view value)
    {
        headers.add(name, value);
        return *this;
    }

    /// Authorization: Bearer.
    request& bearer(std::string_view token)
    {
        return header("Authorization", "Bearer " + std::string(token));
    }

    /// The body, with its content type and length.
    request& content(std::string_view type, std::string_view text)
    {
        body = text;
        headers.set("Content-Type", type);
        headers.set("Content-Length", std::to_string(text.size()));
        return *this;
    }

    /// As `content`, of the type `application/json`.
    request& json(std::string_view text) { return content("application/json", text); }
    /// As `content`, of the type `application/x-www-form-urlencoded`.
    request& form(std::string_view text) { return content("application/x-www-form-urlencoded", text); }

    /// The target up to its query.
    std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }

    /// The target after its first question mark; empty if there is none.
    std::string_view query() const noexcept
    {
        auto at = target.find('?');
        return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
    }

    /// In upper case, as on the request line.
    std::string method;
    /// As on the request line, percent-encoded, with the query.
    std::string target;
    /// In their order.
    header_list headers;
    /// Without its chunked coding, if it had one; still compressed.
    std::string body;
    /// The number of its connection to the server, counted from 1; 0 without a connection.
    std::uint64_t connection = 0;
};

/// The response of a region.
class response
{
public:
    /// Without a body.
    explicit response(unsigned code = 200) : status(code) {}
    /// With a body of this type.
    response(unsigned code, std::string_view type, std::string text) : status(code), body(std::move(text))
    {
        headers.add("Content-Type", type);
    }

    /// Replaces every field of this name by one.
    response& header(std::string_view name, std::string_view value)
    {
        headers.set(name, value);
        return *this;
    }

    /// The HTTP status.
    unsigned status;
    /// Without Content-Length and Transfer-Encoding: the server writes those.
    header_list headers;
    /// Whole, also if it goes out in pieces.
    std::string body;
    /// The body goes out chunked, split at these offsets, each piece in a write of its own.
    bool chunked = false;
    /// The offsets at which `body` is split, in bytes.
    std::vector<std::size_t> pieces;
    /// The first piece waits for the first gate, and so on.
    std::vector<gate> gates;
    /// The time before the head is sent.
    std::chrono::milliseconds delay{0};
    /// The first piece waits for the first time, and so on.
    std::vector<std::chrono::milliseconds> pauses;
};

namespace detail {

/// The time as a Date field has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
inline std::string http_date(std::chrono::system_clock::time_point when)
{
    static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    using namespace std::chrono;
    auto day = floor<std::chrono::days>(when);
    year_month_day date{day};
    hh_mm_ss time{floor<seconds>(when - day)};
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", days[weekday{day}.c_encoding()],
                  static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                  static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    return text;
}

} // namespace detail

}}} // namespace practicus::v1::mock
