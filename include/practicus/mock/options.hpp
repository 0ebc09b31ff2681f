// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/certificate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

/// The options of a mock server. Default: plain HTTP on a free port of 127.0.0.1.
class server_options
{
public:
    server_options() = default;

    /// Sets the loopback address, `127.0.0.1` or `::1`.
    server_options& address(std::string_view value) { return address_ = value, *this; }

    /// Sets the port. Default: 0, a free one.
    server_options& port(std::uint16_t value) { return port_ = value, *this; }

    /// Enables TLS with a certificate that the server makes.
    server_options& tls(certificate_options const& value = certificate_options())
    {
        certificate_options_ = value;
        return *this;
    }

    /// Enables TLS with this certificate. `ca` is the result of `server::ca_pem()`.
    server_options& tls(certificate const& value, std::string_view ca)
    {
        certificate_ = value;
        ca_ = ca;
        return *this;
    }

    /// Requires a client certificate of this authority.
    server_options& client_ca(std::string_view pem) { return client_ca_ = pem, *this; }

    /// Limits TLS to version 1.2.
    server_options& tls12_only(bool on = true) { return tls12_only_ = on, *this; }

    /// Sends a new session ticket in each handshake that resumes a session, with TLS 1.2 too, as Go's
    /// net/http does.
    server_options& renew_tickets(bool on = true) { return renew_tickets_ = on, *this; }

    /// Limits a request's head and body, in bytes. A larger one gets a 431 or 413. Default: 64 KiB and 256
    /// MiB.
    server_options& limits(std::uint32_t head, std::uint64_t body)
    {
        head_limit_ = head;
        body_limit_ = body;
        return *this;
    }

    /// Sets how many of the newest requests `server::requests()` keeps. Default: 1,000. Their bodies are
    /// limited to 64 MiB in all.
    server_options& keep_requests(std::size_t count) { return keep_ = count, *this; }

    /// Returns the address.
    std::string const& address() const noexcept { return address_; }
    /// Returns the port.
    std::uint16_t port() const noexcept { return port_; }
    /// Returns true with TLS.
    bool secure() const noexcept { return certificate_options_ || certificate_; }
    /// Returns the options of the certificate that the server makes, if it makes one.
    std::optional<certificate_options> const& tls_certificate_options() const noexcept
    {
        return certificate_options_;
    }
    /// Returns the certificate that was given, if any.
    std::optional<certificate> const& tls_certificate() const noexcept { return certificate_; }
    /// Returns the authority that was given with it, or an empty text.
    std::string const& ca() const noexcept { return ca_; }
    /// Returns the authority of clients. Empty: clients need no certificate.
    std::string const& client_ca() const noexcept { return client_ca_; }
    /// Returns true if TLS is limited to version 1.2.
    bool tls12_only() const noexcept { return tls12_only_; }
    /// Returns true if tickets are renewed.
    bool renew_tickets() const noexcept { return renew_tickets_; }
    /// Returns the limit of a request's head, in bytes.
    std::uint32_t head_limit() const noexcept { return head_limit_; }
    /// Returns the limit of a request's body, in bytes.
    std::uint64_t body_limit() const noexcept { return body_limit_; }
    /// Returns how many requests are kept.
    std::size_t keep_requests() const noexcept { return keep_; }

private:
    std::string address_ = "127.0.0.1";
    std::uint16_t port_ = 0;
    std::optional<certificate_options> certificate_options_;
    std::optional<certificate> certificate_;
    std::string ca_;
    std::string client_ca_;
    bool tls12_only_ = false;
    bool renew_tickets_ = false;
    std::uint32_t head_limit_ = 64 * 1024;
    std::uint64_t body_limit_ = 256 * 1024 * 1024;
    std::size_t keep_ = 1000;
};

}}} // namespace practicus::v1::mock
