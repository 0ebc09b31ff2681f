// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/detail/base/url_text.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <boost/url/rfc/unreserved_chars.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Removes `.` and `..` from a path that begins with a slash (RFC 3986 section 5.2.4). Percent-encoded text
/// is unchanged.
inline std::string without_dot_segments(std::string_view path)
{
    std::string result;
    while (!path.empty()) {
        auto const segment = path.substr(0, path.find('/', 1));
        path.remove_prefix(segment.size());
        if (segment == "/.." || segment == "/.") {
            if (segment == "/..") result.resize(result.empty() ? 0 : result.find_last_of('/'));
            if (path.empty()) result += '/';
        } else {
            result += segment;
        }
    }
    return result;
}

/// Returns true if all characters are valid in a reference (RFC 3986 section 2).
inline bool is_reference(std::string_view text) noexcept
{
    constexpr std::string_view reserved = ":/?#[]@!$&'()*+,;=";
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '%'
                ? percent_byte(text, i) < 0
                : !boost::urls::unreserved_chars(text[i]) && reserved.find(text[i]) == std::string_view::npos)
            return false;
    }
    return true;
}

/// Returns the scheme of a reference without its colon; empty if it is relative.
inline std::string_view scheme_of(std::string_view reference) noexcept
{
    auto const end = reference.find_first_of(":/?#");
    return end == std::string_view::npos || reference[end] != ':' ? std::string_view()
                                                                  : reference.substr(0, end);
}

/// Returns whether the reference has the origin `here`; nothing for an invalid authority.
inline std::optional<bool> is_origin(url_origin const& here, std::string const& scheme,
                                     std::string_view authority)
{
    if (authority.find('@') != std::string_view::npos) return false;
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
    try {
        return url_origin(scheme + "://" + std::string(authority)) == here;
    } catch (error const&) {
        return std::nullopt;
    }
}

/// Returns path and query of a redirect's target, resolved against the request (RFC 3986 section 5.2). The
/// origin must stay the same: a token must not be redirected to another server. Fails with `errc::redirected`
/// and `errc::untrusted_origin`.
inline result<std::string> redirect_target(url_origin const& here, std::string_view target,
                                           std::string_view location)
{
    auto const no_url = [] { return make_failure(errc::redirected, "to a location that is no url"); };
    if (!is_reference(location)) return no_url();
    auto rest = location.substr(0, location.find('#'));
    auto scheme = std::string(scheme_of(rest));
    if (!scheme.empty()) {
        rest.remove_prefix(scheme.size() + 1);
        if (!rest.starts_with("//")) return no_url();
    }
    bool const elsewhere = rest.starts_with("//");
    if (elsewhere) {
        rest.remove_prefix(2);
        auto const authority = rest.substr(0, rest.find_first_of("/?"));
        rest.remove_prefix(authority.size());
        if (scheme.empty()) scheme = here.secure() ? "https" : "http";
        auto const same = is_origin(here, scheme, authority);
        if (!same) return no_url();
        if (!*same)
            return make_failure(errc::untrusted_origin, "the response is a redirect to another origin");
    }
    auto const base = target.substr(0, target.find('?'));
    if (!elsewhere && rest.empty()) return std::string(target);
    auto path = std::string(rest.substr(0, rest.find('?')));
    auto const query = std::string(rest.substr(path.size()));
    if (path.empty())
        path = elsewhere ? std::string_view("/") : base;
    else if (!path.starts_with('/'))
        path.insert(0, base.substr(0, base.find_last_of('/') + 1));
    path = without_dot_segments(path);
    return path + query;
}

}}} // namespace practicus::v1::detail
