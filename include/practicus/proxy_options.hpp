// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <string>

namespace practicus { inline namespace v1 {

/// Where a client takes its proxy from.
enum class proxy_mode
{
    /// The environment, as it is when the client is made.
    from_environment,
    /// No proxy, whatever the environment says.
    direct,
    /// The proxy at `proxy_options::url`.
    url,
};

/// The HTTP proxy between this machine and the region. https regions are reached through a tunnel (`CONNECT`)
/// that the proxy cannot look into, http ones by asking the proxy for each request.
///
/// By default the environment decides, as it is when the client is made:
/// - `https_proxy` or `HTTPS_PROXY` for https origins, `http_proxy` or `HTTP_PROXY` for http ones, and
///   `all_proxy` or `ALL_PROXY` where that is not set: the name in lower case comes first, as for curl, and
///   an empty value counts as none. `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: in a CGI program,
///   it comes from the client that sent the request.
/// - `no_proxy` or `NO_PROXY` lists what is reached directly, as `no_proxy` below.
/// - `localhost` and loopback addresses are always reached directly, as by Go.
///
/// An invalid value of the environment, such as a SOCKS proxy, fails the operations that would need it with
/// `errc::invalid_argument`: they do not bypass a proxy that was asked for.
struct proxy_options
{
    proxy_options() noexcept {}

    /// Where the proxy comes from.
    proxy_mode mode = proxy_mode::from_environment;
    /// The proxy of `proxy_mode::url`, `http://user:password@host:3128` or `host:3128`; user and password
    /// percent-encoded, port 80 by default. The environment is not read then, and loopback addresses go
    /// through the proxy as well. A secret, because it may hold a password.
    secret url;
    /// The user (RFC 7617) for a proxy whose url names none, the environment's too. Must not hold a colon or
    /// a control character.
    std::string user;
    /// The user's password. Must not hold a control character.
    secret password;
    /// What is reached directly, beside what the environment lists for its own proxies:
    /// `company.com, 10.0.0.0/8, [fd00::1]:8443, *`. A name stands for itself and all below it, and is not
    /// resolved.
    std::string no_proxy;
};

}} // namespace practicus::v1
