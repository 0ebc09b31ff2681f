// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/url_text.hpp>
#include <practicus/url.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace practicus { inline namespace v1 {

/// The url of a call: of a model or an app, of a path of it, and with a query. Made by `hosted_url::at`, or
/// from the url of a model or an app. The rules of all urls are at the head of practicus/url.hpp.
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
        return std::visit([&](auto const& url) { return url.str() + query_; }, hosted_);
    }
    /// Returns the scheme, host and port.
    url_origin const& origin() const noexcept
    {
        return std::visit(
            [](auto const& url) -> auto const& { return url.origin(); }, hosted_);
    }
    /// Returns the request target, with the query.
    [[nodiscard]] std::string target() const { return str().substr(origin().str().size()); }
    /// Returns the query with its question mark, or an empty text.
    std::string const& query() const noexcept { return query_; }
    /// Returns the url without the query, of the model or the app.
    std::variant<model_url, app_url> const& hosted() const noexcept { return hosted_; }

    /// Returns the url with one more parameter. Name and value are percent-encoded here.
    [[nodiscard]] call_url with_query(std::string_view name, std::string_view value) const
    {
        using boost::urls::unreserved_chars;
        call_url result(*this);
        result.query_.append(query_.empty() ? "?" : "&")
            .append(boost::urls::encode(name, unreserved_chars))
            .append("=")
            .append(boost::urls::encode(value, unreserved_chars));
        detail::check_size(result.str());
        return result;
    }

    /// Writes `str()`.
    template <class Traits>
    friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                                        call_url const& url)
    {
        return out << url.str();
    }

    friend bool operator==(call_url const& a, call_url const& b) noexcept = default;

private:
    template <class Kind>
    friend class hosted_url;

    std::variant<model_url, app_url> hosted_;
    std::string query_;
};

template <class Kind>
call_url hosted_url<Kind>::at(std::string_view path) const
{
    auto const end = path.find('?');
    call_url result(with_path(path.substr(0, end)));
    if (end != std::string_view::npos) result.query_ = path.substr(end);
    detail::check_query(result.query_);
    detail::check_size(result.str());
    return result;
}

}} // namespace practicus::v1
