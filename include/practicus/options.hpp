// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/credentials.hpp>
#include <practicus/observer.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace practicus { inline namespace v1 {

/// A callback for new tokens: see `client_options::on_tokens`.
using tokens_callback = std::function<boost::asio::awaitable<void>(issued_tokens)>;

/// The options of a client. The client validates its copy: `errc::invalid_argument` names the field.
///
///     practicus::client_options options;
///     options.pool.max_connections = 8;
// The default constructors are declared because of GCC PR 107288: g++ 12 destroys a temporary aggregate in a
// co_await expression twice.
struct client_options
{
    client_options() noexcept {}

    /// The options of TLS connections.
    tls_options tls;
    /// The time limits of each phase.
    timeout_options timeouts;
    /// The size limits of a response.
    limit_options limits;
    /// The limits of connections.
    pool_options pool;
    /// The retries after transient failures.
    retry_options retry;
    /// The proxy between this machine and the region.
    proxy_options proxy;

    /// Receives events: see `practicus::observer`.
    practicus::observer observer;

    /// Called with the tokens of each login and refresh, before any operation uses the new token. It can
    /// store a refresh token that the region replaces with each use. It is not called for tokens that another
    /// client left in a `store`. It runs in the client's context, for at most 5 s. If it throws or takes
    /// longer, the tokens are used anyway, and the observer is notified. It must not wait for an operation of
    /// this client that needs a token, because that waits for the callback.
    tokens_callback on_tokens;

    /// A store that is searched before the client asks the region for a token, and that receives the region's
    /// tokens. All clients of one store share one login. Default: null, the client shares nothing.
    std::shared_ptr<token_store> store;

    /// Credentials for a login at the first operation that needs it; all callers wait for that one login.
    /// Empty: the program calls `client::login`.
    std::optional<practicus::credentials> credentials;

    /// Further origins of the region (`https://models.company.com`), to which tokens may be sent. The service
    /// url's origin is always trusted.
    std::vector<url_origin> trusted_origins;

    /// The value of the field `User-Agent`. Must hold visible ASCII characters and spaces only.
    std::string user_agent = "practicus-cpp";

    /// Fails a listing with `errc::unexpected_json` for an entry without a required member (an id, a name, a
    /// prefix, a key, a version's number). By default, such an entry is left out and the observer is notified
    /// (`events::entries_left_out`).
    bool strict_listings = false;
};

}} // namespace practicus::v1
