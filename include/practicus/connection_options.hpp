// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace practicus { inline namespace v1 {

/// How TLS connections are made. The certificate is verified against the host name, SNI is sent, and the
/// minimum version is TLS 1.2.
struct tls_options
{
    tls_options() noexcept {}

    /// A PEM file of certificates to trust, beside the system's: of authorities, intermediate ones as well,
    /// or the server's own.
    std::string ca_file;
    /// The same as PEM text.
    std::string ca_pem;
    /// Trust the system's certificate authorities as well.
    bool system_roots = true;
    /// A client certificate with its chain, a PEM file, for regions that ask for one.
    std::string certificate_file;
    /// The private key of `certificate_file`, which must be set too. A PEM file; empty: the key is in
    /// `certificate_file`.
    std::string key_file;
    /// Opens the private key, if that is encrypted. Without it, such a key is refused with
    /// `errc::file_error`.
    secret key_password;
    /// Trusts any server, which then receives the password. For a machine without secrets only.
    bool disable_verification_and_expose_all_secrets = false;
};

/// How long each phase may take. Zero switches a limit off. A limit must not be negative, and one longer than
/// a year counts as a year. The limits end an operation at the tick after they have passed (20 ms).
struct timeout_options
{
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    timeout_options() noexcept {}

    /// Finding the host's addresses. A lookup that takes longer goes on, for later callers.
    duration resolve{5'000};
    /// Connecting, over all addresses.
    duration connect{10'000};
    /// The TLS handshake.
    duration tls{10'000};
    /// From the request's last byte to the answer's first.
    duration first_byte{30'000};
    /// The pause between two pieces of a request or an answer.
    duration between_bytes{30'000};
    /// An operation on the console as a whole: waits, token fetches, retries.
    duration operation{30'000};
};

/// How many bytes of an answer are read before it is refused. No limit may be zero.
struct limit_options
{
    limit_options() noexcept {}

    /// An answer's status line and fields. Default: 64 KiB.
    std::size_t header = 64 * 1024;
    /// A console answer's body, decoded as well. Default: 16 MiB.
    std::size_t console_body = 16 * 1024 * 1024;
    /// A listing's body (models, apps, deployments, prefixes), decoded as well. Default: 256 MiB.
    std::size_t listing_body = 256 * 1024 * 1024;
};

/// Connections to each origin. Zero switches a limit off. A time must not be negative, and one longer than a
/// year counts as a year.
struct pool_options
{
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    pool_options() noexcept {}

    /// Connections at once, connects included; further operations wait their turn.
    std::size_t max_connections = 64;
    /// How long a connection may lie unused. A server that closes earlier is adapted to. Default: 60 s.
    duration idle_timeout{60'000};
    /// How old a connection may get, times U(0.9, 1.1), so that a changed address is seen. Default: 10 min.
    duration max_age{600'000};
};

/// Sending again after a transient failure: connecting failed, the connection was lost, no answer came in
/// time, 408, 425, 429, 502, 503 or 504. Only what may be repeated is: GETs, logins, and any request of which
/// nothing was written or that was refused with 408, 425 or 429. An origin has a budget of 100 retries,
/// refilled by success. The deadline stands above it all. A time must not be negative, and one longer than a
/// year counts as a year.
struct retry_options
{
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    retry_options() noexcept {}

    /// How often an operation's request is sent, the first time included. 1 is no retry; zero is refused.
    unsigned max_attempts = 3;
    /// The pause before the first retry is U(0, 1) times this. It doubles with each retry.
    duration initial_backoff{100};
    /// To at most this.
    duration max_backoff{5'000};
    /// How much longer a pause may get because the server asks for it (`Retry-After`). A longer one ends the
    /// operation.
    duration max_retry_after{5'000};
};

}} // namespace practicus::v1
