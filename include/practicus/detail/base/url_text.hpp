// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>

#include <boost/url/authority_view.hpp>
#include <boost/url/grammar/hexdig_chars.hpp>
#include <boost/url/host_type.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// Rules for the text of urls, independent of the types that store them.
namespace practicus { inline namespace v1 { namespace detail {

inline constexpr std::size_t url_limit = 8 * 1024;

/// Throws `errc::invalid_url`. Messages never quote the url: each of its parts may contain a password or a
/// token.
[[noreturn]] inline void refuse_url(std::string message)
{
    throw error(errc::invalid_url, std::move(message));
}

inline void check_size(std::string_view url)
{
    if (url.size() > url_limit) refuse_url("it is longer than " + std::to_string(url_limit) + " bytes");
}

/// Decodes the `%XX` at this position; returns -1 if there is none.
inline int percent_byte(std::string_view text, std::size_t at) noexcept
{
    if (text[at] != '%' || text.size() - at < 3) return -1;
    int const high = boost::urls::grammar::hexdig_value(text[at + 1]);
    int const low = boost::urls::grammar::hexdig_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Decodes percent-encoded text. Two hexadecimal digits must follow each `%`.
inline std::string percent_decoded(std::string_view text)
{
    return boost::urls::pct_string_view(text).decode();
}

/// Decodes the user or the password of a url. Throws `errc::invalid_url` if two hexadecimal digits do not
/// follow each `%`.
inline std::string decoded_credential(std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '%' && percent_byte(text, i) < 0)
            refuse_url("a percent sign without two hexadecimal digits; write %25 for the sign itself");
    return percent_decoded(text);
}

/// Returns true for `.` and `..` segments, also within `..%2F..`: some servers and proxies decode before they
/// resolve dots.
inline bool has_dot_segment(std::string_view decoded)
{
    while (true) {
        auto const end = decoded.find_first_of("/\\");
        auto const piece = decoded.substr(0, end);
        if (piece == "." || piece == "..") return true;
        if (end == std::string_view::npos) return false;
        decoded.remove_prefix(end + 1);
    }
}

/// The form of a segment: percent-encoded as in a url, or plain as in a listing.
enum class segment_form
{
    encoded,
    plain
};

/// Decodes the percent-encoded byte at `at`.
inline char escaped_byte(std::string_view segment, std::size_t at)
{
    int const byte = percent_byte(segment, at);
    if (byte < 0) refuse_url("a percent sign without two hexadecimal digits; write %25 for the sign itself");
    return static_cast<char>(byte);
}

/// Appends one byte of a segment in normal form. `escaped`: it was percent-encoded. `raw`: it stands in the
/// text of a url.
inline void append_path_byte(std::string& out, char c, bool escaped, bool raw)
{
    if (is_control(c)) refuse_url("the path holds a control character; leave it out");
    auto const byte = static_cast<unsigned char>(c);
    bool const literal = boost::urls::pchars(byte);
    if (raw && !literal && byte < 0x80)
        refuse_url("the path holds a character that a url may not; write it percent-encoded");
    bool const kept = escaped ? boost::urls::unreserved_chars(byte) : literal;
    out += kept ? c : '%';
    if (!kept) append_hex(out, c, "0123456789ABCDEF");
}

/// Appends one segment in normal form (RFC 3986 section 6.2.2: upper-case hex, unreserved characters plain)
/// and a slash. Every path, and so every request target, is built by this function.
inline void append_segment(std::string& out, std::string_view segment, segment_form form)
{
    if (segment.empty()) refuse_url("a segment of the path is empty; write one slash between two names");
    bool const encoded = form == segment_form::encoded;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        bool const escaped = encoded && segment[i] == '%';
        char const c = escaped ? escaped_byte(segment, i) : segment[i];
        append_path_byte(out, c, escaped, encoded && !escaped);
        if (escaped) i += 2;
    }
    bool const escapes = encoded && segment.find('%') != std::string_view::npos;
    if (has_dot_segment(escapes ? std::string_view(percent_decoded(segment)) : segment))
        refuse_url("the path holds `.` or `..`; write the path that is meant");
    out += '/';
}

/// Appends all segments of a path. One leading and one trailing slash are ignored.
inline void append_path(std::string& out, std::string_view path, segment_form form)
{
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    while (true) {
        auto const end = path.find('/');
        append_segment(out, path.substr(0, end), form);
        if (end == std::string_view::npos) return;
        path.remove_prefix(end + 1);
    }
}

/// The parts of a url's text. None contains a character that is forbidden in urls.
struct url_parts
{
    bool secure = false;
    std::string_view authority;
    std::string_view path; ///< Empty, or begins with a slash.
};

inline void check_authority(std::string_view authority)
{
    if (authority.find('@') != std::string_view::npos)
        refuse_url("it holds credentials; leave out all before the host, and log in instead");
    if (authority.empty() || authority.front() == ':')
        refuse_url("it has no host; write https://practicus.company.com");
    for (char const c : authority) {
        if (static_cast<unsigned char>(c) >= 0x80)
            refuse_url("the host holds letters beyond ASCII; write its ASCII form (xn--...)");
        if (c == '%')
            refuse_url(
                "the host holds a percent sign; write the plain host name, or an address without a zone");
    }
}

/// Rejects bytes that are forbidden anywhere in a url. The message says where.
inline void check_bytes(std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_control(text[i])) refuse_url("a control character at byte " + std::to_string(i));
        if (text[i] == ' ')
            refuse_url("a space at byte " + std::to_string(i) + "; leave it out, or write %20");
        if (text[i] == '\\')
            refuse_url("a backslash at byte " + std::to_string(i) + "; write / between names");
    }
}

inline void check_path(std::string_view path)
{
    if (path.find('?') != std::string_view::npos) refuse_url("it has a query; leave out all from the ? on");
    if (path.find('#') != std::string_view::npos)
        refuse_url("it has a fragment; leave out all from the # on");
}

/// Appends a path of a caller's, which ends in a slash only if it was written with one. An empty one adds
/// nothing.
inline void append_written_path(std::string& out, std::string_view path)
{
    check_bytes(path);
    check_path(path);
    if (path.empty() || path == "/") return;
    append_path(out, path, segment_form::encoded);
    if (!path.ends_with('/')) out.pop_back();
}

inline url_parts split_url(std::string_view text)
{
    if (text.empty()) refuse_url("it is empty; write https://practicus.company.com");
    check_size(text);
    check_bytes(text);
    auto const colon = text.find("://");
    if (colon == std::string_view::npos) refuse_url("it has no scheme; begin it with https:// (or http://)");
    auto const scheme = text.substr(0, colon);
    url_parts parts;
    parts.secure = equals_ignoring_case(scheme, "https");
    if (!parts.secure && !equals_ignoring_case(scheme, "http"))
        refuse_url("its scheme is neither https nor http; begin it with https:// (or http://)");
    auto const rest = text.substr(colon + 3);
    auto const authority_size = std::min(rest.find_first_of("/?#"), rest.size());
    parts.authority = rest.substr(0, authority_size);
    check_authority(parts.authority);
    parts.path = rest.substr(authority_size);
    check_path(parts.path);
    return parts;
}

inline std::uint16_t default_port(bool secure) noexcept
{
    return secure ? 443 : 80;
}

inline std::uint16_t read_port(std::string_view digits, bool secure)
{
    if (digits.empty()) return default_port(secure);
    std::uint16_t port = 0;
    auto const [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (code != std::errc() || end != digits.data() + digits.size() || port == 0)
        refuse_url("the port is not a number from 1 to 65535");
    return port;
}

/// Returns the host in lower case, an IPv6 address in brackets. Rejects hosts that DNS cannot represent.
inline std::string read_host(boost::urls::authority_view const& authority)
{
    if (authority.host_type() == boost::urls::host_type::ipv6)
        return '[' + authority.host_ipv6_address().to_string() + ']';
    if (authority.host_type() == boost::urls::host_type::ipvfuture)
        refuse_url("the host is an address of an unknown kind; write a name, an IPv4 or an [IPv6] address");
    std::string host(authority.encoded_host().data(), authority.encoded_host().size());
    if (host.size() > 253) refuse_url("the host is longer than 253 bytes");
    char previous = '.';
    for (char& c : host) {
        c = to_lower(c);
        bool const allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!allowed) refuse_url("the host holds a character that no host name may");
        if (c == '.' && previous == '.')
            refuse_url("the host has an empty label; write one dot between two names");
        previous = c;
    }
    if (previous == '.') refuse_url("the host ends in a dot; leave it out");
    return host;
}

inline bool is_version_tag(std::string_view segment) noexcept
{
    return segment == "latest" || segment == "prod" || segment == "production" || segment == "staging" ||
           (segment.starts_with('v') && is_digits(segment.substr(1)));
}

/// Returns the path segment of a caller's version: a tag unchanged, a plain number with a leading `v`.
inline std::string version_segment(std::string_view version)
{
    if (is_version_tag(version)) return std::string(version);
    if (is_digits(version)) return 'v' + std::string(version);
    refuse_url("the version is neither v<number> nor latest, prod, production or staging");
}

/// Offsets into the text of a model's or an app's url. Each part includes its trailing slash.
struct hosted_parts
{
    std::size_t name = 0;
    std::size_t name_end = 0;
    std::size_t version = 0; ///< After `api/`, if present.
    std::size_t path = 0;
    bool api = false;
};

/// Returns the segment that begins at `at`, without its slash.
inline std::string_view segment_at(std::string_view text, std::size_t at)
{
    return text.substr(at, text.find('/', at) - at);
}

/// Finds the name after the first `own` bytes of a text that ends in a slash. With `numbers`, a plain number
/// ends the name as a version does.
inline hosted_parts find_name(std::string_view text, std::size_t own, bool of_app, bool numbers = false)
{
    hosted_parts at;
    at.name_end = own;
    std::size_t before = 0;
    for (; at.name_end < text.size(); ++before) {
        auto const segment = segment_at(text, at.name_end);
        bool const is_api = of_app && segment == "api";
        if (before >= 2 && (is_api || is_version_tag(segment) || (numbers && is_digits(segment)))) break;
        if (before == 1 && is_api && segment_at(text, at.name_end + segment.size() + 1) != "api")
            refuse_url("it has no prefix; write <service url>/<prefix>/<name>/api/");
        at.name = at.name_end;
        at.name_end += segment.size() + 1;
    }
    if (before < 2) refuse_url("it has no name; write <service url>/<prefix>/<name>/");
    return at;
}

/// Finds the api, version and path after the name, in a text that ends in a slash.
inline void read_behind_name(std::string_view text, bool of_app, hosted_parts& at)
{
    constexpr std::string_view api = "api";
    at.api = of_app && segment_at(text, at.name_end) == api;
    at.version = at.name_end + (at.api ? api.size() + 1 : 0);
    auto const tag = segment_at(text, at.version);
    at.path = at.version + (is_version_tag(tag) ? tag.size() + 1 : 0);
    if (of_app && !at.api && at.path > at.version && segment_at(text, at.path) == api)
        refuse_url("the version of an app's api stands behind it; write <prefix>/<name>/api/<version>/");
}

/// Returns the text up to and including the version, with or without `api/`.
inline std::string without_path(std::string_view text, hosted_parts const& at, bool api)
{
    std::string result(text.substr(0, at.name_end));
    if (api) result += "api/";
    return result.append(text.substr(at.version, at.path - at.version));
}

/// Rejects what is invalid in a query (RFC 3986 section 3.4).
inline void check_query(std::string_view query)
{
    for (std::size_t i = 0; i < query.size(); ++i) {
        auto const byte = static_cast<unsigned char>(query[i]);
        bool const escape = query[i] == '%' && percent_byte(query, i) >= 0;
        if (!escape && !boost::urls::pchars(byte) && byte != '/' && byte != '?')
            refuse_url("the query holds a character that a url may not; write it percent-encoded");
    }
}

/// Returns true if the text consists of characters of a normalized path.
inline bool is_path_text(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '/' || boost::urls::pchars(static_cast<unsigned char>(c)); });
}

/// Returns the url without its scheme, as the vendor's SDK does it: in lower case only.
constexpr std::string_view without_scheme(std::string_view url) noexcept
{
    for (std::string_view const scheme : {"https://", "http://"})
        if (url.starts_with(scheme)) return url.substr(scheme.size());
    return url;
}

}}} // namespace practicus::v1::detail
