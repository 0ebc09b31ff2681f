// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/url_text.hpp>
#include <practicus/url.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace practicus { inline namespace v1 {

namespace detail {

inline url_origin const& origin_of(url_origin const& of) noexcept
{
    return of;
}

template <class Kind>
url_origin const& origin_of(hosted_url<Kind> const& of) noexcept
{
    return of.origin();
}

} // namespace detail

/// The url of a call with its query: a model, an app, a path of these, or a path of the service. It is made
/// by `hosted_url::at` and `service_url::at`, or from the url of a model or an app. Equal urls are of one
/// kind. The rules of all urls are at the head of practicus/url.hpp.
class call_url
{
public:
    /// From a model's url.
    call_url(model_url url) : hosted_(std::move(url)) {}
    /// From an app's url: its page, or its api.
    call_url(app_url url) : hosted_(std::move(url)) {}

    /// Returns the whole text, with the query.
    [[nodiscard]] std::string str() const
    {
        return std::visit([&](auto const& url) { return url.str() + path_ + query_; }, hosted_);
    }
    /// Returns the scheme, host and port.
    url_origin const& origin() const noexcept
    {
        return std::visit(
            [](auto const& url) -> auto const& { return detail::origin_of(url); }, hosted_);
    }
    /// Returns the request target, with the query.
    [[nodiscard]] std::string target() const { return str().substr(origin().str().size()); }
    /// Returns the query with its question mark, or an empty text.
    std::string const& query() const noexcept { return query_; }
    /// Returns the url of the model or the app with the path, without the query. For a path of the service
    /// itself, returns the origin.
    std::variant<model_url, app_url, url_origin> const& hosted() const noexcept { return hosted_; }

    /// Returns the url with one more parameter. Name and value are percent-encoded here.
    [[nodiscard]] call_url with_query(std::string_view name, std::string_view value) const
    {
        using boost::urls::unreserved_chars;
        call_url result(*this);
        char const last = query_.empty() ? ' ' : query_.back();
        result.query_.append(last == ' '                    ? "?"
                             : query_ == "?" || last == '&' ? ""
                                                            : "&")
            .append(boost::urls::encode(name, unreserved_chars))
            .append("=")
            .append(boost::urls::encode(value, unreserved_chars));
        detail::check_size(result.str());
        return result;
    }

    friend bool operator==(call_url const& a, call_url const& b) noexcept = default;
    friend std::strong_ordering operator<=>(call_url const& a, call_url const& b) noexcept = default;

private:
    friend class service_url;
    template <class Kind>
    friend class hosted_url;

    /// `own` is the path of a service.
    call_url(std::variant<model_url, app_url, url_origin> of, std::string own, std::string_view query)
        : hosted_(std::move(of)), path_(std::move(own)), query_(query)
    {
        detail::check_query(query_);
        detail::check_size(str());
    }

    std::variant<model_url, app_url, url_origin> hosted_;
    std::string path_;
    std::string query_;
};

inline call_url service_url::at(std::string_view path) const
{
    auto const end = std::min(path.find('?'), path.size());
    std::string whole(this->path());
    detail::append_written_path(whole, path.substr(0, end));
    return {origin_, std::move(whole), path.substr(end)};
}

template <class Kind>
call_url hosted_url<Kind>::at(std::string_view path) const
{
    auto const end = std::min(path.find('?'), path.size());
    return {with_path(path.substr(0, end)), std::string(), path.substr(end)};
}

}} // namespace practicus::v1

template <>
struct std::hash<practicus::call_url> : practicus::detail::text_hash
{};
