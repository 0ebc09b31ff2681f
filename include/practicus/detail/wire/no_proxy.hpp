// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

namespace ip = boost::asio::ip;

/// Parses an address without brackets and zone. An IPv4-mapped IPv6 address counts as IPv4.
inline std::optional<ip::address> read_address(std::string_view text)
{
    error_code failed;
    auto const result = ip::make_address(text, failed);
    if (failed || text.find('%') != std::string_view::npos) return std::nullopt;
    if (!result.is_v6() || !result.to_v6().is_v4_mapped()) return result;
    return ip::make_address_v4(ip::v4_mapped, result.to_v6());
}

/// Returns true if the first `bits` bits are equal. There must be that many.
inline bool share_network(ip::address const& a, ip::address const& b, unsigned short bits)
{
    if (a.is_v4() && b.is_v4())
        return ip::network_v4(a.to_v4(), bits).canonical() == ip::network_v4(b.to_v4(), bits).canonical();
    return a.is_v6() && b.is_v6() &&
           ip::network_v6(a.to_v6(), bits).canonical() == ip::network_v6(b.to_v6(), bits).canonical();
}

/// Returns true for `localhost` and loopback addresses.
inline bool is_loopback_host(std::string_view host)
{
    if (equals_ignoring_case(host, "localhost")) return true;
    auto const address = read_address(host);
    return address && address->is_loopback();
}

/// The origins that are reached without a proxy, in the format of `NO_PROXY`. There is no standard. The rules
/// are those that curl, Go and Python share; where they differ, curl's:
///
/// - `*` matches every host;
/// - `company.com`, `.company.com` and `*.company.com` match that host and its subdomains;
/// - `10.1.2.3`, `::1`, `[::1]` match that address, `10.0.0.0/8`, `fd00::/8` a network; names are not
///   resolved;
/// - each but a network may end in `:port` and then matches only that port (IPv6 addresses in brackets).
///
/// Entries are separated by commas or white space. Case is ignored.
class no_proxy_list
{
public:
    no_proxy_list() = default;

    /// Skips invalid entries, as other programs do.
    explicit no_proxy_list(std::string_view text)
    {
        visit(text, [this](std::string_view entry) {
            if (auto r = read(entry)) rules_.push_back(std::move(*r));
        });
    }

    /// Returns the first invalid entry, or an empty text.
    static std::string_view refused(std::string_view text)
    {
        std::string_view result;
        visit(text, [&](std::string_view entry) {
            if (result.empty() && !read(entry)) result = entry;
        });
        return result;
    }

    bool matches(url_origin const& where) const
    {
        auto const address = read_address(where.host());
        return std::any_of(rules_.begin(), rules_.end(), [&](rule const& r) {
            if (r.port != 0 && r.port != where.port()) return false;
            if (r.everything) return true;
            if (r.network) return address && share_network(*address, *r.network, r.bits);
            return !address && is_below(where.host(), r.name);
        });
    }

private:
    struct rule
    {
        bool everything = false;
        std::string name;
        std::optional<ip::address> network;
        unsigned short bits = 0;
        std::uint16_t port = 0;
    };

    template <class Function>
    static void visit(std::string_view text, Function const& function)
    {
        constexpr std::string_view between = ", \t\r\n";
        while (true) {
            auto const first = text.find_first_not_of(between);
            if (first == std::string_view::npos) return;
            text.remove_prefix(first);
            auto const end = std::min(text.find_first_of(between), text.size());
            function(text.substr(0, end));
            text.remove_prefix(end);
        }
    }

    static unsigned short bits_of(ip::address const& a) noexcept { return a.is_v4() ? 32 : 128; }

    template <class Number>
    static bool read_number(std::string_view digits, Number& number)
    {
        auto const [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return code == std::errc() && end == digits.data() + digits.size();
    }

    static std::optional<rule> read(std::string_view entry)
    {
        rule r;
        if (auto const slash = entry.find('/'); slash != std::string_view::npos) {
            r.network = read_address(entry.substr(0, slash));
            if (!r.network || !read_number(entry.substr(slash + 1), r.bits) || r.bits > bits_of(*r.network))
                return std::nullopt;
            return r;
        }
        // An IPv6 address without brackets has no port.
        auto host = entry;
        if (!read_address(entry)) {
            auto const colon = entry.rfind(':');
            if (colon != std::string_view::npos && entry.find(']', colon) == std::string_view::npos) {
                if (!read_number(entry.substr(colon + 1), r.port) || r.port == 0) return std::nullopt;
                host = entry.substr(0, colon);
            }
        }
        if (host == "*") {
            r.everything = true;
            return r;
        }
        return read_host(host, r) ? std::optional<rule>(std::move(r)) : std::nullopt;
    }

    static bool read_host(std::string_view host, rule& r)
    {
        bool const bracketed = host.starts_with('[');
        if (bracketed && !host.ends_with(']')) return false;
        r.network = read_address(bracketed ? host.substr(1, host.size() - 2) : host);
        if (r.network) r.bits = bits_of(*r.network);
        if (r.network || bracketed) return r.network.has_value();
        if (host.starts_with("*.")) host.remove_prefix(1);
        if (host.starts_with('.')) host.remove_prefix(1);
        if (host.ends_with('.')) host.remove_suffix(1);
        r.name = host;
        return !host.empty() && host.find_first_of("*:[]@") == std::string_view::npos;
    }

    static bool is_below(std::string_view host, std::string_view name) noexcept
    {
        if (host.size() < name.size()) return false;
        auto const rest = host.size() - name.size();
        return equals_ignoring_case(host.substr(rest), name) && (rest == 0 || host[rest - 1] == '.');
    }

    std::vector<rule> rules_;
};

}}} // namespace practicus::v1::detail
