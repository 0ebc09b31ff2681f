// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <string>

namespace practicus { inline namespace v1 {

/// The source of a client's proxy.
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
/// that the proxy cannot read; for http regions, the proxy forwards each request.
///
/// By default the environment decides, as it is when the client is made:
/// - https origins use `https_proxy` or `HTTPS_PROXY`, and http origins `http_proxy` or `HTTP_PROXY`. Without
///   these, both use `all_proxy` or `ALL_PROXY`. The name in lower case comes first, as for curl; an empty
///   value counts as not set. `HTTP_PROXY` is not read if `REQUEST_METHOD` is set: in a CGI program, it comes
///   from the client that sent the request.
/// - `no_proxy` or `NO_PROXY` lists origins that are reached directly, in the form of `no_proxy` below.
/// - `localhost` and loopback addresses are always reached directly, as by Go.
///
/// An invalid value of the environment, such as a SOCKS proxy, ends the operations that would use it with
/// `errc::invalid_argument`. They do not bypass the proxy.
struct proxy_options
{
    proxy_options() noexcept {}

    /// The source of the proxy. Default: the environment.
    proxy_mode mode = proxy_mode::from_environment;
    /// The proxy of `proxy_mode::url`: `http://user:password@host:3128` or `host:3128`. User and password are
    /// percent-encoded; the default port is 80. With it, the environment is not read, and loopback addresses
    /// go through the proxy as well. It is a secret because it may hold a password.
    secret url;
    /// The user (RFC 7617) for a proxy with no user in its url, also for the environment's. Must not hold a
    /// colon or a control character.
    std::string user;
    /// The user's password. Must not hold a control character.
    secret password;
    /// Hosts that are reached directly, such as `company.com, 10.0.0.0/8, [fd00::1]:8443, *`, in addition to
    /// the environment's list for its own proxies. A name includes all names below it, and is not resolved.
    std::string no_proxy;
};

}} // namespace practicus::v1
