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

/// Told of new tokens: see `client_options::on_tokens`.
using tokens_callback = std::function<boost::asio::awaitable<void>(issued_tokens)>;

/// Everything about a client that is decided when it is made. The client validates its copy:
/// `errc::invalid_argument` names the field.
///
///     practicus::client_options options;
///     options.pool.max_connections = 8;
// The default constructors are declared because g++ 12 destroys an aggregate with non-trivial members twice
// when it is a temporary in a co_await expression (GCC PR 107288).
struct client_options
{
    client_options() noexcept {}

    /// How TLS connections are made.
    tls_options tls;
    /// How long each phase may take.
    timeout_options timeouts;
    /// How much of an answer is read.
    limit_options limits;
    /// How many connections there are, and how long they are kept.
    pool_options pool;
    /// What is sent again, and when.
    retry_options retry;
    /// The proxy between this machine and the region.
    proxy_options proxy;

    /// Is told what happens: see `practicus::observer`.
    practicus::observer observer;

    /// Called with what a login or a refresh brought, before any operation gets the new token: to store a
    /// refresh token that the region replaces with each use. Not with what another client left in a `store`.
    /// It runs in the client's context and may take 5 s; if it throws or takes longer, the tokens are in use
    /// all the same, and the observer hears of it. It must not wait for an operation of this client that
    /// needs a token: that waits for it.
    tokens_callback on_tokens;

    /// Searched before the region is asked for a token, and given what the region answers; all clients that
    /// share the store are one login. Null: each client for itself.
    std::shared_ptr<token_store> store;

    /// Log in with these at the first operation that needs it; all callers then wait for the one login.
    /// Empty: `client::login` is called later.
    std::optional<practicus::credentials> credentials;

    /// More origins (`https://models.company.com`) that are the region's own: tokens may be sent there. The
    /// service url's origin always is.
    std::vector<origin> trusted_origins;

    /// Sent as `User-Agent`. Must hold visible ASCII characters and spaces only.
    std::string user_agent = "practicus-cpp";

    /// Fails a listing with `errc::unexpected_json` because of an entry that lacks what each must have (an
    /// id, a name, a prefix, a key, a version's number). By default such an entry is left out, and the
    /// observer is told (`events::entries_left_out`).
    bool strict_listings = false;
};

}} // namespace practicus::v1
