// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

// Options are classes with chained setters, not aggregates: g++ 12 destroys an aggregate with non-trivial
// members twice when it is a temporary in a co_await expression. A setter is named like its getter.
// Thread safety: as a `std::string`; a client has copies of its own.

/// How TLS connections are made. The certificate is always verified against the host name, SNI is sent, and
/// the minimum version is TLS 1.2, unless `disable_verification_and_expose_all_secrets` was called.
class tls_options
{
public:
    tls_options() noexcept {}

    /// A PEM file of certificates to trust, beside the system's: of authorities, intermediate ones as well,
    /// or the server's own.
    tls_options& ca_file(std::string path) { return set(ca_file_, std::move(path)); }
    std::string const& ca_file() const noexcept { return ca_file_; }

    /// The same as PEM text.
    tls_options& ca_pem(std::string text) { return set(ca_pem_, std::move(text)); }
    std::string const& ca_pem() const noexcept { return ca_pem_; }

    /// Trust the system's certificate authorities as well. Default: on.
    tls_options& system_roots(bool on) { return set(system_roots_, on); }
    bool system_roots() const noexcept { return system_roots_; }

    /// A client certificate (PEM, with its chain) and its private key (PEM), for regions that ask for one.
    tls_options& client_certificate(std::string certificate_file, std::string key_file)
    {
        certificate_file_ = std::move(certificate_file);
        return set(key_file_, std::move(key_file));
    }
    /// The path that is set, or empty.
    std::string const& certificate_file() const noexcept { return certificate_file_; }
    /// The path that is set, or empty.
    std::string const& key_file() const noexcept { return key_file_; }

    /// Opens the private key, if that is encrypted. Without it, such a key is refused with
    /// `errc::file_error`.
    tls_options& key_password(secret password) { return set(key_password_, std::move(password)); }
    secret const& key_password() const noexcept { return key_password_; }

    /// Whoever answers is believed, and gets the password. For a machine without secrets only.
    tls_options& disable_verification_and_expose_all_secrets() { return set(verify_, false); }
    /// Is the server's certificate verified? Default: yes.
    bool verify() const noexcept { return verify_; }

private:
    template <class T>
    tls_options& set(T& field, T value)
    {
        field = std::move(value);
        return *this;
    }

    std::string ca_file_;
    std::string ca_pem_;
    std::string certificate_file_;
    std::string key_file_;
    secret key_password_;
    bool system_roots_ = true;
    bool verify_ = true;
};

/// How long each phase may take. Zero switches a limit off; nothing may be negative, and what is longer than
/// a year counts as a year. The limits end an operation at the tick after they have passed (20 ms).
class timeout_options
{
public:
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    timeout_options() noexcept {}

    /// Finding the host's addresses. Default: 5 s. A lookup that takes longer goes on, for later callers.
    timeout_options& resolve(duration d) { return set(resolve_, d); }
    duration resolve() const noexcept { return resolve_; }

    /// Connecting, over all addresses. Default: 10 s.
    timeout_options& connect(duration d) { return set(connect_, d); }
    duration connect() const noexcept { return connect_; }

    /// The TLS handshake. Default: 10 s.
    timeout_options& tls(duration d) { return set(tls_, d); }
    duration tls() const noexcept { return tls_; }

    /// From the request's last byte to the answer's first. Default: 30 s.
    timeout_options& first_byte(duration d) { return set(first_byte_, d); }
    duration first_byte() const noexcept { return first_byte_; }

    /// The pause between two pieces of a request or an answer. Default: 30 s.
    timeout_options& between_bytes(duration d) { return set(between_bytes_, d); }
    duration between_bytes() const noexcept { return between_bytes_; }

    /// An operation on the console as a whole: waits, token fetches, retries. Default: 30 s.
    timeout_options& operation(duration d) { return set(operation_, d); }
    duration operation() const noexcept { return operation_; }

private:
    timeout_options& set(duration& field, duration value)
    {
        if (value < duration::zero()) throw error(errc::invalid_argument, "a time limit is negative");
        // `duration::max()` is the way to say "for ever", and would overflow when added to a point in time.
        field = std::min<duration>(value, std::chrono::hours(24 * 365));
        return *this;
    }

    duration resolve_{5'000};
    duration connect_{10'000};
    duration tls_{10'000};
    duration first_byte_{30'000};
    duration between_bytes_{30'000};
    duration operation_{30'000};
};

/// How much of an answer is read before it is refused.
class limit_options
{
public:
    limit_options() noexcept {}

    /// An answer's status line and fields, in bytes. Default: 64 KiB.
    limit_options& header(std::size_t bytes) { return set(header_, bytes); }
    std::size_t header() const noexcept { return header_; }

    /// A console answer's body, in bytes, decoded as well. Default: 16 MiB.
    limit_options& console_body(std::size_t bytes) { return set(console_body_, bytes); }
    std::size_t console_body() const noexcept { return console_body_; }

    /// A listing's body (models, apps, deployments, prefixes), in bytes, decoded as well. Default: 256 MiB.
    limit_options& listing_body(std::size_t bytes) { return set(listing_body_, bytes); }
    std::size_t listing_body() const noexcept { return listing_body_; }

private:
    limit_options& set(std::size_t& field, std::size_t value)
    {
        if (value == 0) throw error(errc::invalid_argument, "a size limit is zero");
        field = value;
        return *this;
    }

    std::size_t header_ = 64 * 1024;
    std::size_t console_body_ = 16 * 1024 * 1024;
    std::size_t listing_body_ = 256 * 1024 * 1024;
};

/// Connections to each origin. Zero switches a limit off.
class pool_options
{
public:
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    pool_options() noexcept {}

    /// Connections at once, connects included; further operations wait their turn. Default: 64.
    pool_options& max_connections(std::size_t n)
    {
        max_connections_ = n;
        return *this;
    }
    std::size_t max_connections() const noexcept { return max_connections_; }

    /// How long a connection may lie unused. A server that closes earlier is adapted to. Default: 60 s.
    pool_options& idle(duration d) { return set(idle_, d); }
    duration idle() const noexcept { return idle_; }

    /// How old a connection may get, times U(0.9, 1.1), so that a changed address is seen. Default: 10 min.
    pool_options& age(duration d) { return set(age_, d); }
    duration age() const noexcept { return age_; }

private:
    pool_options& set(duration& field, duration value)
    {
        if (value < duration::zero()) throw error(errc::invalid_argument, "a pool's time limit is negative");
        field = std::min<duration>(value, std::chrono::hours(24 * 365));
        return *this;
    }

    std::size_t max_connections_ = 64;
    duration idle_{60'000};
    duration age_{600'000};
};

/// Sending again after a passing failure: connecting failed, the connection was lost, no answer came in time,
/// 408, 425, 429, 502, 503 or 504. Only what may be repeated is: GETs, logins, and any request of which
/// nothing was written or that was refused with 408, 425 or 429. An origin has a budget of 100 retries,
/// refilled by success. The deadline stands above it all.
class retry_options
{
public:
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    retry_options() noexcept {}

    /// How often an operation's request is sent, the first time included. 1 is no retry. Default: 3.
    retry_options& attempts(unsigned n)
    {
        if (n == 0) throw error(errc::invalid_argument, "attempts is zero; 1 is no retry");
        attempts_ = n;
        return *this;
    }
    unsigned attempts() const noexcept { return attempts_; }

    /// The pause before the first retry is U(0, 1) times this, and doubles with each. Default: 100 ms.
    retry_options& base(duration d) { return set(base_, d); }
    duration base() const noexcept { return base_; }

    /// To at most this. Default: 5 s.
    retry_options& cap(duration d) { return set(cap_, d); }
    duration cap() const noexcept { return cap_; }

    /// How much longer a pause may get because the server asks for it (`Retry-After`). A longer one ends the
    /// operation. Default: 5 s.
    retry_options& patience(duration d) { return set(patience_, d); }
    duration patience() const noexcept { return patience_; }

private:
    retry_options& set(duration& field, duration value)
    {
        if (value < duration::zero()) throw error(errc::invalid_argument, "a pause is negative");
        field = std::min<duration>(value, std::chrono::hours(24));
        return *this;
    }

    unsigned attempts_ = 3;
    duration base_{100};
    duration cap_{5'000};
    duration patience_{5'000};
};

/// Told of new tokens: see `client_options::on_tokens`.
using tokens_callback = std::function<boost::asio::awaitable<void>(issued_tokens)>;

/// Everything about a client that is decided when it is made. Constant from then on.
class client_options
{
public:
    client_options() noexcept {}

    /// How TLS connections are made.
    client_options& tls(tls_options value) { return set(tls_, std::move(value)); }
    tls_options const& tls() const noexcept { return tls_; }

    /// How long each phase may take.
    client_options& timeouts(timeout_options value) { return set(timeouts_, value); }
    timeout_options const& timeouts() const noexcept { return timeouts_; }

    /// How much of an answer is read.
    client_options& limits(limit_options value) { return set(limits_, value); }
    limit_options const& limits() const noexcept { return limits_; }

    /// How many connections there are, and how long they are kept.
    client_options& pool(pool_options value) { return set(pool_, value); }
    pool_options const& pool() const noexcept { return pool_; }

    /// What is sent again, and when.
    client_options& retry(retry_options value) { return set(retry_, value); }
    retry_options const& retry() const noexcept { return retry_; }

    /// The proxy between this machine and the region. Default: what the environment says.
    client_options& proxy(proxy_options value) { return set(proxy_, std::move(value)); }
    proxy_options const& proxy() const noexcept { return proxy_; }

    /// Is told what happens: see `practicus::observer`. Default: none.
    client_options& observer(practicus::observer value) { return set(observer_, std::move(value)); }
    practicus::observer const& observer() const noexcept { return observer_; }

    /// Called with what a login or a refresh brought, before any operation gets the new token: to store a
    /// refresh token that the region replaces with each use. Not with what another client left in a `store`.
    /// It runs in the client's context and may take 5 s; if it throws or takes longer, the tokens are in use
    /// all the same, and the observer hears of it. It must not wait for an operation of this client that
    /// needs a token: that waits for it. Default: none.
    client_options& on_tokens(tokens_callback value) { return set(on_tokens_, std::move(value)); }
    tokens_callback const& on_tokens() const noexcept { return on_tokens_; }

    /// Looks here before it asks the region for a token, and keeps here what the region answers; all who
    /// share the store are one login. Default: none, each client for itself.
    client_options& store(std::shared_ptr<token_store> value) { return set(store_, std::move(value)); }
    std::shared_ptr<token_store> const& store() const noexcept { return store_; }

    /// Log in with these at the first operation that needs it; all callers then wait for the one login.
    /// Default: none.
    client_options& credentials(practicus::credentials value)
    {
        credentials_.emplace(std::move(value));
        return *this;
    }
    std::optional<practicus::credentials> const& credentials() const noexcept { return credentials_; }

    /// Without credentials, the default: somebody logs in later.
    client_options& without_credentials()
    {
        credentials_.reset();
        return *this;
    }

    /// One more origin (`https://models.company.com`) that is the region's own: tokens may be sent there. The
    /// service url's origin always is. Throws `errc::invalid_url`.
    client_options& trusted_origin(std::string_view url)
    {
        trusted_origins_.push_back(service_url(url).origin());
        return *this;
    }
    /// Those that were added, in order.
    std::vector<origin> const& trusted_origins() const noexcept { return trusted_origins_; }

    /// Whether a listing fails with `errc::unexpected_json` because of an entry that lacks what each must
    /// have (an id, a name, a prefix, a key, a version's number). Default: no, such an entry is left out, and
    /// the observer is told (`events::entries_left_out`).
    client_options& strict_listings(bool on = true)
    {
        strict_listings_ = on;
        return *this;
    }
    bool strict_listings() const noexcept { return strict_listings_; }

    /// Sent as `User-Agent`. Default: `practicus-cpp`. Throws `errc::invalid_argument` on a control
    /// character.
    client_options& user_agent(std::string value)
    {
        if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }))
            throw error(errc::invalid_argument, "user_agent holds a character that no header has");
        return set(user_agent_, std::move(value));
    }
    std::string const& user_agent() const noexcept { return user_agent_; }

private:
    template <class T>
    client_options& set(T& field, T value)
    {
        field = std::move(value);
        return *this;
    }

    tls_options tls_;
    timeout_options timeouts_;
    limit_options limits_;
    pool_options pool_;
    retry_options retry_;
    proxy_options proxy_;
    practicus::observer observer_;
    tokens_callback on_tokens_;
    std::shared_ptr<token_store> store_;
    std::optional<practicus::credentials> credentials_;
    std::vector<origin> trusted_origins_;
    std::string user_agent_ = "practicus-cpp";
    bool strict_listings_ = false;
};

}} // namespace practicus::v1
