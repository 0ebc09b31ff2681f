// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/url_text.hpp>
#include <practicus/error.hpp>

#include <boost/url/authority_view.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

// What holds for every type here. They are values: immutable, compared, ordered and hashed by their text,
// safe to read from any thread. Views that they return live as long as the object.
//
// Text comes in as RFC 3986 has it and is kept in normal form: scheme and host in lower case, a default port
// left out, upper-case hex, unreserved characters plain, one slash at the end. Letters beyond ASCII in a path
// are percent-encoded; a host takes its ASCII form (xn--...). At most 8 KiB.
//
// `errc::invalid_url` is thrown for anything else: another scheme, credentials, a query or fragment, spaces,
// control characters (percent-encoded too), an empty segment, `.` and `..` (percent-encoded too), a missing
// host, a port outside 1 to 65535. The message says what is wrong and never quotes the url, which may hold a
// secret.

namespace practicus::inline v1 {

/// Scheme, host and port: what a connection and a credential belong to. What holds for all urls stands at the
/// head of practicus/url.hpp.
class origin
{
public:
    /// From a url without a path, such as `https://models.company.com:8443`.
    explicit origin(std::string_view text) : origin(detail::split_url(text), true) {}

    /// `https://practicus.company.com`, `http://[::1]:8080`.
    std::string const& str() const noexcept { return text_; }
    /// `http` or `https`.
    std::string_view scheme() const noexcept { return secure_ ? "https" : "http"; }
    /// Is it https?
    bool secure() const noexcept { return secure_; }
    /// To resolve, and to look for in the certificate: an IPv6 address has no brackets here.
    std::string_view host() const noexcept
    {
        auto const host = host_header().substr(0, host_size_);
        return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    }
    /// The port, the scheme's own (443, 80) where the text names none.
    std::uint16_t port() const noexcept { return port_; }
    /// The value of the `Host` field: with brackets, and with the port unless it is the scheme's own.
    std::string_view host_header() const noexcept { return std::string_view(text_).substr(secure_ ? 8 : 7); }

    friend bool operator==(origin const& a, origin const& b) noexcept { return a.text_ == b.text_; }
    friend std::strong_ordering operator<=>(origin const& a, origin const& b) noexcept
    {
        return a.text_ <=> b.text_;
    }

private:
    friend class service_url;
    friend class deployed_url;

    origin(detail::url_parts const& parts, bool alone) : secure_(parts.secure)
    {
        if (alone && parts.path.size() > 1)
            detail::refuse_url("it has a path; leave out all from the slash on");
        auto const authority = boost::urls::parse_authority(parts.authority);
        if (!authority)
            detail::refuse_url("host and port can not be read; write host, host:port or [IPv6]:port");
        auto const host = detail::read_host(*authority);
        port_ = detail::read_port({authority->port().data(), authority->port().size()}, secure_);
        host_size_ = host.size();
        text_ = std::string(scheme()) + "://" + host;
        if (port_ != detail::default_port(secure_)) text_ += ':' + std::to_string(port_);
    }

    std::string text_;
    std::size_t host_size_ = 0;
    std::uint16_t port_ = 0;
    bool secure_ = false;
};

/// Where a region is: `https://practicus.company.com`, with a path of its own if it has one. The console's
/// API is under `<service url>/console/api/`; leave that part out. What holds for all urls stands at the head
/// of practicus/url.hpp.
class service_url
{
public:
    /// From a whole url.
    service_url(std::string_view text) : service_url(detail::split_url(text)) {}
    /// From a whole url.
    service_url(std::string const& text) : service_url(std::string_view(text)) {}
    /// A null pointer counts as empty: `std::getenv` answers one.
    service_url(char const* text) : service_url(std::string_view(text != nullptr ? text : "")) {}

    /// The whole, with a slash at its end.
    std::string const& str() const noexcept { return text_; }
    /// Its scheme, host and port.
    class origin const& origin() const noexcept { return origin_; }
    /// As in `origin`.
    std::string_view scheme() const noexcept { return origin_.scheme(); }
    /// As in `origin`.
    bool secure() const noexcept { return origin_.secure(); }
    /// As in `origin`.
    std::string_view host() const noexcept { return origin_.host(); }
    /// As in `origin`.
    std::uint16_t port() const noexcept { return origin_.port(); }
    /// As in `origin`.
    std::string_view host_header() const noexcept { return origin_.host_header(); }
    /// Its path, `/` if it has none of its own; begins and ends with a slash.
    std::string_view path() const noexcept { return std::string_view(text_).substr(origin_.str().size()); }

    /// The request target of a console call: `modelhost/models/` gives `/console/api/modelhost/models/`.
    /// Throws `errc::invalid_argument` if the call holds anything but a path.
    std::string console_path(std::string_view call) const
    {
        if (!detail::is_path_text(call)) throw error(errc::invalid_argument, "the console call is no path");
        constexpr std::string_view api = "console/api/";
        std::string result;
        result.reserve(path().size() + api.size() + call.size());
        result.append(path()).append(api).append(call);
        return result;
    }

    friend bool operator==(service_url const& a, service_url const& b) noexcept { return a.text_ == b.text_; }
    friend std::strong_ordering operator<=>(service_url const& a, service_url const& b) noexcept
    {
        return a.text_ <=> b.text_;
    }

private:
    explicit service_url(detail::url_parts const& parts) : origin_(parts, false), text_(origin_.str() + '/')
    {
        if (parts.path.size() > 1) detail::append_path(text_, parts.path, detail::segment_form::encoded);
        detail::check_size(text_);
        if (path().ends_with("/console/") || path().find("/console/api/") != std::string_view::npos)
            detail::refuse_url("it goes into the console's API; leave out all from /console on");
    }

    class origin origin_;
    std::string text_;
};

/// Where a model or an app is served: `<service url>/<prefix>/<name>/[<version>/]`. The prefix may hold
/// slashes; a version is `v<N>`, `latest`, `production` or `staging`.
///
/// A text does not say where the name is. The last segment is read as a version if it looks like one and two
/// or more segments stand before it; then the one before is the name, and all before that the prefix. Where
/// that is wrong (a model named `latest`), write the parts. Urls of equal text are equal, however they were
/// written. What holds for all urls stands at the head of practicus/url.hpp.
class deployed_url
{
public:
    /// The whole, with a slash at its end.
    std::string const& str() const noexcept { return text_; }
    /// Its scheme, host and port.
    class origin const& origin() const noexcept { return origin_; }
    /// The request target: the path, in normal form.
    std::string_view target() const noexcept { return std::string_view(text_).substr(origin_.str().size()); }
    /// The prefix without slashes at its ends, decoded. Of a text read without its service url, it begins
    /// with the service url's own path.
    std::string prefix() const { return detail::percent_decoded(between(prefix_pos_, name_pos_)); }
    /// The name, decoded.
    std::string name() const { return detail::percent_decoded(between(name_pos_, version_pos_)); }
    /// `v3`, `latest`, `production`, `staging`, or empty.
    std::string_view version() const noexcept { return between(version_pos_, text_.size()); }
    /// The beginning of `str()` that all versions have in common: a token for one serves them all.
    std::string_view without_version() const noexcept
    {
        return std::string_view(text_).substr(0, version_pos_);
    }

    friend bool operator==(deployed_url const& a, deployed_url const& b) noexcept
    {
        return a.text_ == b.text_;
    }
    friend std::strong_ordering operator<=>(deployed_url const& a, deployed_url const& b) noexcept
    {
        return a.text_ <=> b.text_;
    }

protected:
    explicit deployed_url(std::string_view text) : deployed_url(detail::split_url(text)) {}

    deployed_url(service_url const& service, std::string_view text)
        : deployed_url(text.find("://") != std::string_view::npos ? deployed_url(text)
                                                                  : deployed_url(service, text, relative{}))
    {
        if (text_.starts_with(service.str())) split(service.str().size());
    }

    deployed_url(service_url const& service, std::string_view prefix, std::string_view name,
                 std::string_view version)
        : origin_(service.origin()), text_(service.str())
    {
        if (prefix.empty() || prefix == "/")
            detail::refuse_url("the prefix is empty; write one of the listing's");
        if (name.empty()) detail::refuse_url("the name is empty; write one of the listing's");
        prefix_pos_ = text_.size();
        detail::append_path(text_, prefix, detail::segment_form::plain);
        name_pos_ = text_.size();
        detail::append_segment(text_, name, detail::segment_form::plain);
        version_pos_ = text_.size();
        if (!version.empty()) text_ += detail::version_segment(version) + '/';
        detail::check_size(text_);
    }

    ~deployed_url() = default;
    deployed_url(deployed_url const&) = default;
    deployed_url(deployed_url&&) noexcept = default;
    deployed_url& operator=(deployed_url const&) = default;
    deployed_url& operator=(deployed_url&&) noexcept = default;

private:
    struct relative
    {};

    deployed_url(service_url const& service, std::string_view path, relative)
        : origin_(service.origin()), text_(service.str())
    {
        auto const own = text_.size();
        detail::check_path(path);
        detail::append_path(text_, path, detail::segment_form::encoded);
        detail::check_size(text_);
        split(own);
    }

    explicit deployed_url(detail::url_parts const& parts) : origin_(parts, false), text_(origin_.str() + '/')
    {
        auto const own = text_.size();
        if (parts.path.size() > 1) detail::append_path(text_, parts.path, detail::segment_form::encoded);
        detail::check_size(text_);
        split(own);
    }

    /// Finds prefix, name and version behind the first `own` bytes.
    void split(std::size_t own)
    {
        auto const segment_before = [&](std::size_t end) {
            if (end <= own) detail::refuse_url("it has no name; write <service url>/<prefix>/<name>/");
            return std::max(text_.rfind('/', end - 2) + 1, own);
        };
        std::size_t end = text_.size();
        std::size_t last = segment_before(end);
        std::size_t before = segment_before(last);
        if (before > own && detail::is_version_tag(between(last, end))) {
            end = last;
            last = before;
        }
        prefix_pos_ = own;
        name_pos_ = last;
        version_pos_ = end;
    }

    /// The segments from one position to the next, without the slash at their end.
    std::string_view between(std::size_t first, std::size_t end) const noexcept
    {
        return end > first ? std::string_view(text_).substr(first, end - first - 1) : std::string_view();
    }

    class origin origin_;
    std::string text_;
    std::size_t prefix_pos_ = 0;
    std::size_t name_pos_ = 0;
    std::size_t version_pos_ = 0;
};

/// A model's url.
class model_url : public deployed_url
{
public:
    /// From a whole url.
    model_url(std::string_view text) : deployed_url(text) {}
    /// From a whole url.
    model_url(std::string const& text) : model_url(std::string_view(text)) {}
    /// From a whole url; the pointer must not be null.
    model_url(char const* text) : model_url(std::string_view(text)) {}

    /// A whole url, or the path behind the service url (`models/practicus/diamond-price/v3`),
    /// percent-encoded. If it is the service's, the prefix begins behind the service url.
    model_url(service_url const& service, std::string_view text) : deployed_url(service, text) {}

    /// From names as the listing has them, not percent-encoded: what a url can not hold is encoded, a slash
    /// in the name too. The version is a tag or a plain number (`3` for `v3`).
    model_url(service_url const& service, std::string_view prefix, std::string_view name,
              std::string_view version = {})
        : deployed_url(service, prefix, name, version)
    {}
};

/// An app's url; written as a model's.
class app_url : public deployed_url
{
public:
    /// From a whole url.
    app_url(std::string_view text) : deployed_url(text) {}
    /// From a whole url.
    app_url(std::string const& text) : app_url(std::string_view(text)) {}
    /// From a whole url; the pointer must not be null.
    app_url(char const* text) : app_url(std::string_view(text)) {}
    /// As a model's.
    app_url(service_url const& service, std::string_view text) : deployed_url(service, text) {}
    /// As a model's.
    app_url(service_url const& service, std::string_view prefix, std::string_view name,
            std::string_view version = {})
        : deployed_url(service, prefix, name, version)
    {}
};

namespace detail {

struct text_hash
{
    template <class Url>
    std::size_t operator()(Url const& url) const noexcept
    {
        return std::hash<std::string>{}(url.str());
    }
};

} // namespace detail
} // namespace practicus::inline v1

template <>
struct std::hash<practicus::origin> : practicus::detail::text_hash
{};
template <>
struct std::hash<practicus::service_url> : practicus::detail::text_hash
{};
template <>
struct std::hash<practicus::model_url> : practicus::detail::text_hash
{};
template <>
struct std::hash<practicus::app_url> : practicus::detail::text_hash
{};
