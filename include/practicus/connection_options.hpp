// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace practicus { inline namespace v1 {

/// The options of TLS connections. The certificate is verified against the host name, SNI is sent, and the
/// minimum version is TLS 1.2.
struct tls_options
{
    tls_options() noexcept {}

    /// A PEM file of trusted certificates, in addition to the system's: of root or intermediate
    /// authorities, or the server's own.
    std::string ca_file;
    /// Trusted certificates as PEM text.
    std::string ca_pem;
    /// True if the system's certificate authorities are trusted.
    bool system_roots = true;
    /// A PEM file with the client certificate and its chain, for regions that require one.
    std::string certificate_file;
    /// A PEM file with the private key of `certificate_file`, which must be set too. Empty: the key is in
    /// `certificate_file`.
    std::string key_file;
    /// The password of an encrypted private key. Without it, such a key is refused with `errc::file_error`.
    secret key_password;
    /// Any server is trusted and receives the password. For a machine without secrets only.
    bool disable_verification_and_expose_all_secrets = false;
};

/// The time limits of each phase. Zero is no limit. A limit must not be negative; it is at most a year. An
/// operation ends at the first tick (20 ms) after its limit.
struct timeout_options
{
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    timeout_options() noexcept {}

    /// Resolving the host name. A slower lookup continues for later callers.
    duration resolve{5'000};
    /// Connecting, over all addresses.
    duration connect{10'000};
    /// The TLS handshake.
    duration tls{10'000};
    /// The time from the request's last byte to the response's first.
    duration first_byte{30'000};
    /// The pause between two pieces of a request or response. The body of a response to a call that is only
    /// an error has this time as a whole: what comes later is left out.
    duration between_bytes{30'000};
    /// A whole console operation, including waits, token fetches and retries.
    duration operation{30'000};
};

/// The size limits of a response, in bytes. A larger response is refused. No limit may be zero.
struct limit_options
{
    limit_options() noexcept {}

    /// The status line and the fields. Default: 64 KiB.
    std::size_t header = 64 * 1024;
    /// The body of a console response, also when decoded. Default: 16 MiB.
    std::size_t console_body = 16 * 1024 * 1024;
    /// The body of a listing, also when decoded. Default: 256 MiB.
    std::size_t listing_body = 256 * 1024 * 1024;
};

/// The limits of connections, for each origin. Zero is no limit. A time must not be negative; it is at most
/// a year.
struct pool_options
{
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    pool_options() noexcept {}

    /// The number of connections, including those being opened. Further operations wait.
    std::size_t max_connections = 64;
    /// The time that a connection may be idle. The client adapts to a server that closes earlier. Default:
    /// 60 s.
    duration idle_timeout{60'000};
    /// The age of a connection, times U(0.9, 1.1), so that a changed address is noticed. Default: 10 min.
    duration max_age{600'000};
};

/// The retries after a transient failure: a failed connect, a lost connection, a timeout, 408, 425, 429,
/// 502, 503 or 504.
///
/// Only requests that may be repeated are sent again. These are GETs, logins, idempotent predictions,
/// requests of which nothing was written, and requests refused with 408, 425 or 429. Each origin has a
/// budget of 100 retries, refilled by success. No retry exceeds the operation's deadline. A time must not
/// be negative; it is at most a year.
struct retry_options
{
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    retry_options() noexcept {}

    /// The number of attempts of an operation's request, including the first. 1 is no retry; zero is
    /// refused.
    unsigned max_attempts = 3;
    /// The pause before the first retry is U(0, 1) times this. It doubles with each retry.
    duration initial_backoff{100};
    /// The limit of the doubled pause, before U(0, 1) applies.
    duration max_backoff{5'000};
    /// The time by which `Retry-After` may lengthen a pause. A longer one ends the operation.
    duration max_retry_after{5'000};
};

}} // namespace practicus::v1
