// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>

namespace practicus { inline namespace v1 {

/// How long an exchange's phases took.
struct exchange_timings
{
    /// For a connection: in the pool's queue, and for a connect if it needed one.
    std::chrono::nanoseconds wait{0};
    /// Until the request's last byte was handed to the system.
    std::chrono::nanoseconds write{0};
    /// From there to the answer's first byte: the server's own time.
    std::chrono::nanoseconds first_byte{0};
    /// From there to the answer's last byte.
    std::chrono::nanoseconds body{0};

    /// All four.
    std::chrono::nanoseconds total() const noexcept { return wait + write + first_byte + body; }
};

/// What an observer is told. Texts live as long as the callback runs; none holds a secret: a request is named
/// by method and path, without its query.
namespace events {

/// A host's addresses were asked for.
struct resolved
{
    /// The name that was asked for.
    std::string_view host;
    /// How many came back.
    std::size_t addresses = 0;
    /// How long it took.
    std::chrono::nanoseconds took{0};
    /// Why it failed, if it did.
    boost::system::error_code error;
};

/// A connection was opened, or failed to be.
struct connected
{
    /// Such as `https://practicus.company.com`.
    std::string_view origin;
    /// The address that was connected to, such as `10.0.0.7:443` or `[::1]:443`; empty on failure.
    std::string_view address;
    /// The proxy in between, host and port, or empty.
    std::string_view proxy;
    /// `TLSv1.3`, or empty.
    std::string_view tls_version;
    /// The TLS session of an earlier connection was resumed.
    bool resumed = false;
    /// Resolving, connecting and the TLS handshake.
    std::chrono::nanoseconds took{0};
    /// Why it failed, if it did.
    boost::system::error_code error;
};

/// An operation waits for a connection: all are in use, or must be connected first.
struct waiting
{
    /// Where to.
    std::string_view origin;
};

/// A connection is used again.
struct reused
{
    /// Where to.
    std::string_view origin;
    /// For how long nobody used it.
    std::chrono::nanoseconds idle{0};
};

/// A connection that was to be used again had been closed by the server.
struct stale
{
    /// Where to.
    std::string_view origin;
    /// For how long nobody had used it.
    std::chrono::nanoseconds idle{0};
};

/// A request was sent and answered, or failed.
struct exchanged
{
    /// Where to.
    std::string_view origin;
    /// Such as `GET /console/api/modelhost/models/`.
    std::string_view request;
    /// Which sending of the operation it was, from 1.
    unsigned attempt = 0;
    /// 0 if there was no whole answer.
    unsigned status = 0;
    /// Why it failed, if it did.
    boost::system::error_code error;
    /// How long each phase took.
    exchange_timings timings;
    /// Head and body of the request, without TLS.
    std::uint64_t bytes_sent = 0;
    /// Head and body of the answer, without TLS.
    std::uint64_t bytes_received = 0;
};

/// A request is going to be sent again.
struct retried
{
    /// Where to.
    std::string_view origin;
    /// As in `exchanged`.
    std::string_view request;
    /// How often it was sent so far.
    unsigned attempts = 0;
    /// Why: the answer's status, or 0 if there was none.
    unsigned status = 0;
    /// The error of the attempt, if there was no answer, or a success that was none.
    boost::system::error_code error;
    /// After this pause; 0 if at once, for a connection was stale.
    std::chrono::nanoseconds pause{0};
};

/// A token was fetched, or failed to be.
struct token_fetched
{
    /// `access`, `session`, `app` or `addon`.
    std::string_view kind;
    /// How long it took, retries included.
    std::chrono::nanoseconds took{0};
    /// Why it failed, if it did.
    boost::system::error_code error;
};

/// The callback `on_tokens` failed, or took too long. The tokens are in use all the same.
struct tokens_not_taken
{
    /// Why: `errc::deadline_exceeded` if it took too long.
    boost::system::error_code error;
    /// What it threw says. It is the callback's text.
    std::string_view message;
};

/// The store of `client_options::store` failed. The client went on without it.
struct store_failed
{
    /// Why.
    boost::system::error_code error;
    /// What it threw says. It is the store's text.
    std::string_view message;
};

/// Entries of a listing, or versions of an entry, lacked what each must have, and are not in the result. See
/// `client_options::strict_listings`.
struct entries_left_out
{
    /// As in `exchanged`.
    std::string_view request;
    /// How many.
    std::size_t count = 0;
    /// Where the first one is, or the entry that it is in: 0 is the listing's first entry.
    std::size_t index = 0;
    /// Why the first one is left out, such as `'[17].id' is missing`.
    std::string_view reason;
};

} // namespace events

/// What happened: one of the types in `events`.
using event = std::variant<events::resolved, events::connected, events::waiting, events::reused,
                           events::stale, events::exchanged, events::retried, events::token_fetched,
                           events::tokens_not_taken, events::store_failed, events::entries_left_out>;

/// Called for every event, on whichever thread it happens and perhaps on several at once, under no lock. It
/// must not block: the operation goes on when it returns. What it throws is ignored.
using observer = std::function<void(event const&)>;

/// What has become of one kind of things that a client caches.
struct cache_stats
{
    /// Kept now.
    std::size_t entries = 0;
    /// The oldest one's age; empty if nothing is kept, or if nobody knows (an access token that the caller
    /// gave).
    std::optional<std::chrono::nanoseconds> age;
    /// The shortest time that one still lives; empty likewise.
    std::optional<std::chrono::nanoseconds> remaining;

    /// Callers that were served at once, since the client was made, as all below.
    std::uint64_t hits = 0;
    /// Callers that had to wait: for a fetch that they caused, or for one that was under way.
    std::uint64_t misses = 0;
    /// Begun because there was nothing to hand out.
    std::uint64_t fetches = 0;
    /// Begun behind a value that was handed out meanwhile.
    std::uint64_t renewals = 0;
    /// Fetches and renewals that failed.
    std::uint64_t failures = 0;
    /// Callers that were given the error of a moment ago.
    std::uint64_t replays = 0;
    /// Given up for want of room.
    std::uint64_t evictions = 0;
    /// Of the last fetch or renewal that failed; empty if none did.
    boost::system::error_code last_error;
};

/// Counters of a client, over all its origins. A snapshot: each figure is right, but not all are of one
/// moment.
struct client_stats
{
    /// Connections that are open now, idle ones included.
    std::size_t open = 0;
    /// Connections that nobody uses now.
    std::size_t idle = 0;
    /// Operations that wait for a connection now.
    std::size_t waiting = 0;
    /// Connections that are being opened now.
    std::size_t connecting = 0;

    /// Connections that were begun to be opened, since the client was made, as all below.
    std::uint64_t connects = 0;
    /// How many of them failed.
    std::uint64_t connect_failures = 0;
    /// TLS handshakes that resumed an earlier session.
    std::uint64_t resumptions = 0;
    /// How often a connection was used again.
    std::uint64_t reuses = 0;
    /// How often one that was to be used again had been closed by the server.
    std::uint64_t stale_hits = 0;
    /// Idle connections closed for their time or age.
    std::uint64_t evictions = 0;
    /// Requests sent, the repeated ones included.
    std::uint64_t exchanges = 0;
    /// Requests sent again, after a pause or at once.
    std::uint64_t retries = 0;
    /// Payload of requests: heads and bodies, without TLS.
    std::uint64_t bytes_sent = 0;
    /// Payload of answers: heads and bodies, without TLS.
    std::uint64_t bytes_received = 0;

    /// The one access token.
    cache_stats access_tokens;
    /// Ids of models and apps.
    cache_stats ids;
    /// Session tokens of models.
    cache_stats session_tokens;
    /// Session tokens of apps.
    cache_stats app_tokens;
    /// Session tokens of add-ons.
    cache_stats addon_tokens;
};

}} // namespace practicus::v1
