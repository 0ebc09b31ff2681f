// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/no_proxy.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// The HTTP proxy between this machine and the region. https regions are reached through a tunnel (`CONNECT`)
/// that the proxy cannot look into, http ones by asking the proxy for each request.
///
/// By default the environment decides, as it is when the client is made:
/// - `https_proxy` or `HTTPS_PROXY` for https origins, `http_proxy` or `HTTP_PROXY` for http ones, and
///   `all_proxy` or `ALL_PROXY` where that is not set: the name in lower case comes first, as for curl, and
///   an empty value counts as none. `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: in a CGI program,
///   it comes from whoever sent the request.
/// - `no_proxy` or `NO_PROXY` lists what is reached directly, as `no_proxy` below.
/// - `localhost` and loopback addresses are always reached directly, as by Go.
///
/// A value that cannot be used, such as a SOCKS proxy, fails the operations that would need it with
/// `errc::invalid_argument`: they do not go round a proxy that somebody asked for.
class proxy_options
{
public:
    proxy_options() noexcept {}

    /// The proxy to use, `http://user:password@host:3128` or `host:3128`; user and password percent-encoded,
    /// the port 80 unless it is named. The environment is not asked then, its `NO_PROXY` neither, and
    /// loopback addresses go through the proxy as well. Throws `errc::invalid_argument`.
    proxy_options& url(std::string_view value)
    {
        detail::proxy const readable(value);
        url_ = secret(value);
        direct_ = false;
        return *this;
    }
    /// A secret, for it may hold a password.
    secret const& url() const noexcept { return url_; }

    /// User and password (RFC 7617) for a proxy whose url names none, the environment's too. Throws
    /// `errc::invalid_argument` for a colon in the user's name and for control characters.
    proxy_options& credentials(std::string_view user, std::string_view password)
    {
        detail::basic_authorization(user, password);
        user_ = user;
        password_ = secret(password);
        has_credentials_ = true;
        return *this;
    }
    /// Are user and password set?
    bool has_credentials() const noexcept { return has_credentials_; }
    /// The user that is set, or empty.
    std::string const& user() const noexcept { return user_; }
    /// The password that is set, or an empty secret.
    secret const& password() const noexcept { return password_; }

    /// Look into the environment? Default: on.
    proxy_options& environment(bool on)
    {
        environment_ = on;
        return *this;
    }
    bool environment() const noexcept { return environment_; }

    /// What is reached directly, beside what the environment lists for its own proxies:
    /// `company.com, 10.0.0.0/8, [fd00::1]:8443, *`. A name stands for itself and all below it, and is not
    /// resolved. Throws `errc::invalid_argument` for an entry that cannot be read.
    proxy_options& no_proxy(std::string_view list)
    {
        if (auto const entry = detail::no_proxy_list::refused(list); !entry.empty())
            throw error(errc::invalid_argument, "an entry of no_proxy cannot be read; write a name, an "
                                                "address or a network, with :port or without");
        no_proxy_ = list;
        return *this;
    }
    std::string const& no_proxy() const noexcept { return no_proxy_; }

    /// No proxy at all, whatever the environment says. Undoes `url`, and is undone by it.
    proxy_options& direct()
    {
        direct_ = true;
        url_ = secret();
        return *this;
    }
    /// Was `direct` called last?
    bool is_direct() const noexcept { return direct_; }

private:
    secret url_;
    std::string user_;
    secret password_;
    std::string no_proxy_;
    bool has_credentials_ = false;
    bool environment_ = true;
    bool direct_ = false;
};

}} // namespace practicus::v1
