// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/url_text.hpp>
#include <practicus/error.hpp>

#include <boost/url/authority_view.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>

// Rules of all types in this header.
//
// A url is a value: immutable, compared, ordered and hashed by its text, safe to read from any thread. A view
// that it returns lives as long as the url.
//
// Text is parsed as RFC 3986 says and kept in normal form. Scheme and host are in lower case, a default port
// is left out, hex digits are in upper case, and unreserved characters are not encoded. There is one slash at
// the end, except after a path (see `hosted_url`). Letters beyond ASCII in a path are percent-encoded; a host
// must be in its ASCII form (xn--...). The limit is 8 KiB.
//
// Anything else throws `errc::invalid_url`: another scheme, credentials, a query or fragment, a missing host,
// a port outside 1 to 65535. So do spaces, control characters, an empty segment, `.` and `..`, encoded or
// not. The message says what is wrong and never quotes the url, which may hold a secret.

namespace practicus { inline namespace v1 {

/// Scheme, host and port: the scope of a connection and of a credential. The rules of all urls are at the
/// head of practicus/url.hpp.
class url_origin
{
public:
    /// From a url without a path, such as `https://models.company.com:8443`.
    explicit url_origin(std::string_view text) : url_origin(detail::split_url(text), true) {}

    /// Returns the text: `https://practicus.company.com`, `http://[::1]:8080`.
    std::string const& str() const noexcept { return text_; }
    /// Returns `http` or `https`.
    std::string_view scheme() const noexcept { return secure_ ? "https" : "http"; }
    /// Returns true if the scheme is https.
    bool secure() const noexcept { return secure_; }
    /// Returns the host to resolve and to verify; an IPv6 address has no brackets.
    std::string_view host() const noexcept
    {
        auto const host = host_header().substr(0, host_size_);
        return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    }
    /// Returns the port; by default that of the scheme (443, 80).
    std::uint16_t port() const noexcept { return port_; }
    /// Returns the value of the `Host` field: with brackets, and with a port that is not the scheme's
    /// default.
    std::string_view host_header() const noexcept { return std::string_view(text_).substr(secure_ ? 8 : 7); }

    friend bool operator==(url_origin const& a, url_origin const& b) noexcept { return a.text_ == b.text_; }
    friend std::strong_ordering operator<=>(url_origin const& a, url_origin const& b) noexcept
    {
        return a.text_ <=> b.text_;
    }

private:
    friend class service_url;
    template <class Kind>
    friend class hosted_url;

    url_origin(detail::url_parts const& parts, bool alone) : secure_(parts.secure)
    {
        if (alone && parts.path.size() > 1)
            detail::refuse_url("it has a path; leave out all from the slash on");
        auto const authority = boost::urls::parse_authority(parts.authority);
        if (!authority)
            detail::refuse_url("host and port cannot be read; write host, host:port or [IPv6]:port");
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

class call_url;

/// The url of a region: `https://practicus.company.com`, with a path if the region has one. The console's API
/// is under `<service url>/console/api/`; leave that part out. The rules of all urls are at the head of
/// practicus/url.hpp.
class service_url
{
public:
    /// From a whole url.
    service_url(std::string_view text) : service_url(detail::split_url(text)) {}
    /// From a whole url.
    service_url(std::string const& text) : service_url(std::string_view(text)) {}
    /// From a whole url. A null pointer counts as empty, as `std::getenv` may return.
    service_url(char const* text) : service_url(std::string_view(text != nullptr ? text : "")) {}

    /// Returns the text, with a slash at its end.
    std::string const& str() const noexcept { return text_; }
    /// Returns the scheme, host and port.
    url_origin const& origin() const noexcept { return origin_; }
    /// Returns the path, which begins and ends with a slash; `/` if the url has none.
    std::string_view path() const noexcept { return std::string_view(text_).substr(origin_.str().size()); }

    /// Returns the request target of a console call: `modelhost/models/` gives
    /// `/console/api/modelhost/models/`. Throws `errc::invalid_argument` if the call is anything but a path.
    [[nodiscard]] std::string console_path(std::string_view call) const
    {
        if (!detail::is_path_text(call))
            throw error(
                errc::invalid_argument,
                "service_url::console_path: the call must be a path, percent-encoded, without a query");
        constexpr std::string_view api = "console/api/";
        std::string result;
        result.reserve(path().size() + api.size() + call.size());
        result.append(path()).append(api).append(call);
        return result;
    }

    /// Returns the url of a path of the service itself, such as `at("v1/chat/completions")` of a gateway. Its
    /// calls need `credentials::session_token`. The rules are those of `hosted_url::at`.
    [[nodiscard]] call_url at(std::string_view path) const;

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

    url_origin origin_;
    std::string text_;
};

/// The kind of a `model_url`.
struct model_kind
{};

/// The kind of an `app_url`.
struct app_kind
{};

/// The url of a model or an app, and of a path of it:
///
/// - `<service url>/<prefix>/<name>/[<version>/][<path>]`: a model, or the page of an app;
/// - `<service url>/<prefix>/<name>/api/[<version>/][<path>]`: the api of an app, whose path is an endpoint.
///
/// The prefix may hold slashes. A version is `v<N>`, `latest`, `prod`, `production` or `staging`. A path
/// keeps its form: it ends in a slash if it was written with one. Everything before the path ends in a slash.
///
/// A text does not say where the name ends. The first segment that looks like a version ends the name. In an
/// app's url, `api` after two or more segments ends it as well. The rest is the path. Without such a segment,
/// the last segment is the name, and there is no path.
///
/// Three cases are misread, and must be made of their parts and `at`. These are a name, or a third or later
/// segment of the prefix, like a version; and a path after a name without a version. A client
/// that has listed its models or apps reads them right: it uses the listed entry with the longest matching
/// url. An app's url with `api` as its second segment is refused, because it has no prefix.
///
/// Urls are equal if their texts are. Ids and tokens belong to `without_version()`. The rules of all urls are
/// at the head of practicus/url.hpp.
template <class Kind>
class hosted_url
{
public:
    /// From a whole url.
    hosted_url(std::string_view text) : hosted_url(detail::split_url(text), nullptr) {}
    /// From a whole url.
    hosted_url(std::string const& text) : hosted_url(std::string_view(text)) {}
    /// From a whole url; a null pointer counts as empty.
    hosted_url(char const* text) : hosted_url(std::string_view(text != nullptr ? text : "")) {}

    /// From a whole url, or from the part after the service url (`models/practicus/diamond-price/v3`),
    /// percent-encoded. The prefix of a whole url that begins with the service url starts after it. In a
    /// part, a plain number ends the name as `v<N>` does, and is a version:
    /// `models/practicus/diamond-price/3` is `v3`, and so is `apps/my-app/api/3/say-hello/`. Numbers after a
    /// version, or deeper in a path, are unchanged.
    hosted_url(service_url const& service, std::string_view text)
        : hosted_url(text.find("://") != std::string_view::npos
                         ? hosted_url(detail::split_url(text), &service)
                         : hosted_url(service, text, relative{}))
    {}

    /// From names as listed, not percent-encoded: characters that a url cannot hold are encoded, also a slash
    /// in the name. The version is a tag or a plain number (`3` for `v3`). For an app, this is the page.
    hosted_url(service_url const& service, std::string_view prefix, std::string_view name,
               std::string_view version = {})
        : origin_(service.origin()), text_(service.str()), exact_(true)
    {
        if (prefix.empty() || prefix == "/")
            detail::refuse_url("the prefix is empty; write one of the listing's");
        if (name.empty()) detail::refuse_url("the name is empty; write one of the listing's");
        own_ = text_.size();
        detail::append_path(text_, prefix, detail::segment_form::plain);
        at_.name = text_.size();
        detail::append_segment(text_, name, detail::segment_form::plain);
        at_.name_end = text_.size();
        if (!version.empty()) text_ += detail::version_segment(version) + '/';
        finish();
    }

    /// Returns the whole text.
    std::string const& str() const noexcept { return text_; }
    /// Returns the scheme, host and port.
    url_origin const& origin() const noexcept { return origin_; }
    /// Returns the request target, in normal form.
    std::string_view target() const noexcept { return std::string_view(text_).substr(origin_.str().size()); }
    /// Returns the prefix, decoded, without slashes at its ends. If the text was parsed without its service
    /// url, it begins with the path of that url.
    [[nodiscard]] std::string prefix() const { return detail::percent_decoded(between(own_, at_.name)); }
    /// Returns the name, decoded.
    [[nodiscard]] std::string name() const
    {
        return detail::percent_decoded(between(at_.name, at_.name_end));
    }
    /// Returns `v3`, `latest`, `prod`, `production`, `staging`, or an empty text.
    std::string_view version() const noexcept { return between(at_.version, at_.path); }
    /// Returns the path after name and version, percent-encoded, without a slash in front:
    /// `chat/completions`. May be empty. For an app's api, it is the endpoint.
    std::string_view path() const noexcept { return std::string_view(text_).substr(at_.path); }
    /// Returns the beginning of `str()` up to the name. All versions and paths share it: a token for one
    /// serves all.
    std::string_view without_version() const noexcept
    {
        return std::string_view(text_).substr(0, at_.name_end);
    }
    /// Returns true if it is certain where the name ends. Otherwise a listing may decide it: see `read_as`.
    bool is_exact() const noexcept { return exact_; }

    /// Returns the url of a path of the model or of the app's api, in the same version:
    /// `at("chat/completions")`, or `at("sensor/?table_name=t")` for an app. Path and query are
    /// percent-encoded; a slash at the path's end is kept, and none is added. An empty path gives the model
    /// or the api itself. Throws `errc::invalid_url`. Needs practicus/call_url.hpp.
    ///
    /// A path never changes `version()`. After a url without a version, a region may read the path's first
    /// segment as one, as in `at("v1/chat/completions")`. A url with a version excludes it.
    [[nodiscard]] call_url at(std::string_view path) const;

    /// Returns the url of the model or of the app's api itself, in the same version.
    [[nodiscard]] hosted_url root() const { return with_path({}); }

    /// Returns the same text, parsed so that its name ends where `base` does. `base` is the
    /// `without_version()` of the result, from a listing. Throws `errc::invalid_argument` if `str()`, with a
    /// slash at its end, does not begin with `base`.
    [[nodiscard]] hosted_url read_as(std::string_view base) const
    {
        auto const name = base.size() > own_ + 2 ? base.rfind('/', base.size() - 2) + 1 : 0;
        hosted_url result(*this);
        if (!text_.ends_with('/')) result.text_ += '/';
        if (name <= own_ || !base.ends_with('/') || !result.text_.starts_with(base))
            throw error(errc::invalid_argument, "hosted_url::read_as: base must be a beginning of the url "
                                                "that ends in a slash, with the whole name");
        result.exact_ = true;
        result.at_.name = name;
        result.at_.name_end = base.size();
        result.finish();
        return result;
    }

    /// Returns true for an app's api, false for its page.
    bool is_api() const noexcept requires(std::is_same_v<Kind, app_kind>) { return at_.api; }
    /// Returns the url of the app's page, in the same version.
    [[nodiscard]] hosted_url page() const requires(std::is_same_v<Kind, app_kind>)
    {
        hosted_url result(*this);
        result.text_ = detail::without_path(text_, at_, false);
        result.finish();
        return result;
    }

    friend bool operator==(hosted_url const& a, hosted_url const& b) noexcept { return a.text_ == b.text_; }
    friend std::strong_ordering operator<=>(hosted_url const& a, hosted_url const& b) noexcept
    {
        return a.text_ <=> b.text_;
    }

private:
    static constexpr bool is_app = std::is_same_v<Kind, app_kind>;

    struct relative
    {};

    hosted_url(detail::url_parts const& parts, service_url const* service)
        : origin_(parts, false), text_(origin_.str() + '/'), open_(!parts.path.ends_with('/'))
    {
        own_ = text_.size();
        if (parts.path.size() > 1) detail::append_path(text_, parts.path, detail::segment_form::encoded);
        if (service != nullptr && text_.starts_with(service->str())) own_ = service->str().size();
        at_ = detail::find_name(text_, own_, is_app);
        finish();
    }

    hosted_url(service_url const& service, std::string_view path, relative)
        : origin_(service.origin()), text_(service.str()), open_(!path.ends_with('/'))
    {
        own_ = text_.size();
        detail::check_path(path);
        detail::append_path(text_, path, detail::segment_form::encoded);
        at_ = detail::find_name(text_, own_, is_app, true);
        detail::read_behind_name(text_, is_app, at_);
        if (detail::is_digits(detail::segment_at(text_, at_.version))) text_.insert(at_.version, 1, 'v');
        finish();
    }

    hosted_url with_path(std::string_view path) const
    {
        hosted_url result(*this);
        result.exact_ = true;
        result.open_ = !path.ends_with('/');
        result.text_ = detail::without_path(text_, at_, is_app);
        auto const added = result.text_.size() - at_.path;
        result.at_.api = is_app;
        result.at_.version += added;
        result.at_.path += added;
        detail::append_written_path(result.text_, path);
        detail::check_size(result.text_);
        return result;
    }

    /// Parses the text after the name; until then the text ends in a slash.
    void finish()
    {
        detail::read_behind_name(text_, is_app, at_);
        if (open_ && at_.path < text_.size()) text_.pop_back();
        detail::check_size(text_);
    }

    /// Returns the segments between two positions, without the slash at their end.
    std::string_view between(std::size_t first, std::size_t end) const noexcept
    {
        return end > first ? std::string_view(text_).substr(first, end - first - 1) : std::string_view();
    }

    url_origin origin_;
    std::string text_;
    std::size_t own_ = 0;
    detail::hosted_parts at_;
    bool exact_ = false;
    /// The text was written without a slash at its end.
    bool open_ = false;
};

/// The url of a model.
using model_url = hosted_url<model_kind>;

/// The url of an app: its page, or its api.
using app_url = hosted_url<app_kind>;

namespace detail {

template <class Url>
concept printed_url = std::is_same_v<Url, url_origin> || std::is_same_v<Url, service_url> ||
    std::is_same_v<Url, model_url> || std::is_same_v<Url, app_url> || std::is_same_v<Url, call_url>;

struct text_hash
{
    template <class Url>
    std::size_t operator()(Url const& url) const noexcept(noexcept(url.str()))
    {
        return std::hash<std::string>{}(url.str());
    }
};

} // namespace detail

/// Writes `str()`.
template <class Traits, detail::printed_url Url>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, Url const& url)
{
    return out << url.str();
}

}} // namespace practicus::v1

template <>
struct std::hash<practicus::url_origin> : practicus::detail::text_hash
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
