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

/// The durations of an exchange's phases.
struct exchange_timings
{
    /// The wait for a connection: in the pool's queue, and for a connect if one was needed.
    std::chrono::nanoseconds wait{0};
    /// From there until the request's last byte was handed to the operating system.
    std::chrono::nanoseconds write{0};
    /// From there until the response's first byte: the server's own time.
    std::chrono::nanoseconds first_byte{0};
    /// From there until the response's last byte.
    std::chrono::nanoseconds body{0};

    /// Returns the sum of all four.
    std::chrono::nanoseconds total() const noexcept { return wait + write + first_byte + body; }
};

/// The events that an observer receives. Texts live as long as the callback runs. They hold no secret: a
/// request is named by method and path, without its query.
namespace events {

/// A host name was resolved, or resolving it failed.
struct resolved
{
    /// The host name.
    std::string_view host;
    /// The number of addresses found.
    std::size_t addresses = 0;
    /// The duration.
    std::chrono::nanoseconds took{0};
    /// The error of a failure.
    boost::system::error_code error;
};

/// A connection was opened, or opening it failed.
struct connected
{
    /// The origin, such as `https://practicus.company.com`.
    std::string_view origin;
    /// The connected address, such as `10.0.0.7:443` or `[::1]:443`; empty on failure.
    std::string_view address;
    /// Host and port of the proxy, or empty.
    std::string_view proxy;
    /// The TLS version, such as `TLSv1.3`, or empty.
    std::string_view tls_version;
    /// True if the TLS session of an earlier connection was resumed.
    bool resumed = false;
    /// The duration of resolving, connecting and the TLS handshake.
    std::chrono::nanoseconds took{0};
    /// The error of a failure.
    boost::system::error_code error;
};

/// An operation waits for a connection: all are in use, or one must be connected first.
struct waiting
{
    /// The origin of the connection.
    std::string_view origin;
};

/// A connection is reused.
struct reused
{
    /// The origin of the connection.
    std::string_view origin;
    /// The time that the connection was idle.
    std::chrono::nanoseconds idle{0};
};

/// A connection that was to be reused had been closed by the server.
struct stale
{
    /// The origin of the connection.
    std::string_view origin;
    /// The time that the connection had been idle.
    std::chrono::nanoseconds idle{0};
};

/// An attempt to send a request ended, with a response or a failure.
struct exchanged
{
    /// The origin of the request.
    std::string_view origin;
    /// The request, such as `GET /console/api/modelhost/models/`.
    std::string_view request;
    /// The number of the attempt within the operation, from 1.
    unsigned attempt = 0;
    /// The status of the response, or 0 without a complete response.
    unsigned status = 0;
    /// The error of a failure.
    boost::system::error_code error;
    /// The durations of the phases.
    exchange_timings timings;
    /// The size of the request's head and body in bytes, without TLS.
    std::uint64_t bytes_sent = 0;
    /// The size of the response's head and body in bytes, without TLS.
    std::uint64_t bytes_received = 0;
};

/// A request will be sent again.
struct retried
{
    /// The origin of the request.
    std::string_view origin;
    /// The request; see `exchanged::request`.
    std::string_view request;
    /// The number of attempts so far.
    unsigned attempts = 0;
    /// The status of the last response, or 0 without one.
    unsigned status = 0;
    /// The error of the attempt, without a response or with an unusable successful one.
    boost::system::error_code error;
    /// The pause before the next attempt; 0 after a stale connection.
    std::chrono::nanoseconds pause{0};
};

/// A token was fetched, or fetching it failed.
struct token_fetched
{
    /// `access`, `session`, `app` or `addon`.
    std::string_view kind;
    /// The duration, retries included.
    std::chrono::nanoseconds took{0};
    /// The error of a failure.
    boost::system::error_code error;
};

/// `client_options::on_tokens` failed, or took longer than 5 s. The client uses the tokens regardless.
struct tokens_not_taken
{
    /// The error: `errc::deadline_exceeded` after the time limit.
    boost::system::error_code error;
    /// The message of the callback's exception. The callback wrote this text.
    std::string_view message;
};

/// The store of `client_options::store` failed. The client continued without it.
struct store_failed
{
    /// The error.
    boost::system::error_code error;
    /// The message of the store's exception. The store wrote this text.
    std::string_view message;
};

/// Entries of a listing, or versions of an entry, lacked a required field and were left out; see
/// `client_options::strict_listings`.
struct entries_left_out
{
    /// The request; see `exchanged::request`.
    std::string_view request;
    /// The number left out.
    std::size_t count = 0;
    /// The position in the listing, from 0, of the first one or of the entry that holds it.
    std::size_t index = 0;
    /// The reason for leaving out the first one, such as `'[17].id' is missing`.
    std::string_view reason;
};

} // namespace events

/// One of the types in `events`.
using event = std::variant<events::resolved, events::connected, events::waiting, events::reused,
                           events::stale, events::exchanged, events::retried, events::token_fetched,
                           events::tokens_not_taken, events::store_failed, events::entries_left_out>;

/// A callback for every event. It is called on the thread of the event, possibly on several threads at
/// once, under no lock. It must not block: the operation continues after it returns. Its exceptions are
/// ignored.
using observer = std::function<void(event const&)>;

/// Counters of one kind of cached values. The first three members are current; the others count from the
/// client's creation.
struct cache_stats
{
    /// The number of valid entries.
    std::size_t entries = 0;
    /// The age of the oldest entry. Empty without entries, or if no age is known, as of an access token
    /// that the caller provided.
    std::optional<std::chrono::nanoseconds> age;
    /// The shortest remaining lifetime of an entry; empty as `age`.
    std::optional<std::chrono::nanoseconds> remaining;

    /// Requests served from the cache.
    std::uint64_t hits = 0;
    /// Requests that waited for a fetch, either new or already in progress.
    std::uint64_t misses = 0;
    /// Fetches that started without a usable value.
    std::uint64_t fetches = 0;
    /// Renewals that started while the cached value was still served.
    std::uint64_t renewals = 0;
    /// Failed fetches and renewals.
    std::uint64_t failures = 0;
    /// Requests that received the cached error of a recent fetch.
    std::uint64_t replays = 0;
    /// Entries removed because the cache was full.
    std::uint64_t evictions = 0;
    /// The error of the last failed fetch or renewal; empty if none failed.
    boost::system::error_code last_error;
};

/// Counters of connections, over all origins of a client. The first four are current; the others count from
/// the client's creation.
struct connection_stats
{
    /// Open connections, idle ones included.
    std::size_t open = 0;
    /// Idle connections.
    std::size_t idle = 0;
    /// Operations that wait for a connection.
    std::size_t waiting = 0;
    /// Connections that are being opened.
    std::size_t connecting = 0;

    /// Started connects.
    std::uint64_t connects = 0;
    /// Failed connects.
    std::uint64_t connect_failures = 0;
    /// TLS handshakes that resumed an earlier session.
    std::uint64_t resumptions = 0;
    /// Reuses of a connection.
    std::uint64_t reuses = 0;
    /// Reuses that failed because the server had closed the connection.
    std::uint64_t stale_hits = 0;
    /// Connections that the pool closed for idle time or age, to make room, or as older than a stale one.
    std::uint64_t evictions = 0;
};

/// Counters of a client, over all its origins, from its creation. Each figure is exact, but they are not
/// taken at one moment.
struct client_stats
{
    /// Counters of connections.
    connection_stats connections;

    /// Sent requests, including retries.
    std::uint64_t exchanges = 0;
    /// Retries, with or without a pause.
    std::uint64_t retries = 0;
    /// Bytes of request heads and bodies, without TLS.
    std::uint64_t bytes_sent = 0;
    /// Bytes of response heads and bodies, without TLS.
    std::uint64_t bytes_received = 0;

    /// The access token.
    cache_stats access_tokens;
    /// The ids of models and apps.
    cache_stats ids;
    /// The session tokens of models.
    cache_stats session_tokens;
    /// The session tokens of apps.
    cache_stats app_tokens;
    /// The session tokens of add-ons.
    cache_stats addon_tokens;
};

}} // namespace practicus::v1
