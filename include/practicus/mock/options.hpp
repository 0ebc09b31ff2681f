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

/// How a mock server listens. Default: plain HTTP on a free port of 127.0.0.1.
class server_options
{
public:
    server_options() = default;

    /// A loopback address, `127.0.0.1` or `::1`.
    server_options& address(std::string_view value) { return address_ = value, *this; }

    /// 0: a free one.
    server_options& port(std::uint16_t value) { return port_ = value, *this; }

    /// TLS, with a certificate that the server makes.
    server_options& tls(certificate_options const& value = certificate_options())
    {
        certificate_options_ = value;
        return *this;
    }

    /// TLS, with this certificate; `ca` is what `server::ca_pem()` answers.
    server_options& tls(certificate const& value, std::string_view ca)
    {
        certificate_ = value;
        ca_ = ca;
        return *this;
    }

    /// Clients need a certificate of this authority.
    server_options& client_ca(std::string_view pem) { return client_ca_ = pem, *this; }

    /// TLS 1.2 and nothing newer.
    server_options& tls12_only(bool on = true) { return tls12_only_ = on, *this; }

    /// A new session ticket for each handshake that resumes a session, with TLS 1.2 too, as of Go's net/http.
    server_options& renew_tickets(bool on = true) { return renew_tickets_ = on, *this; }

    /// The largest request head and body. Default: 64 KiB and 256 MiB. More is answered 431 and 413.
    server_options& limits(std::uint32_t head, std::uint64_t body)
    {
        head_limit_ = head;
        body_limit_ = body;
        return *this;
    }

    /// How many requests `server::requests()` keeps, the newest: 1,000 by default, and 64 MiB of bodies.
    server_options& keep_requests(std::size_t count) { return keep_ = count, *this; }

    /// The value that is set, or the default.
    std::string const& address() const noexcept { return address_; }
    /// The value that is set, or the default.
    std::uint16_t port() const noexcept { return port_; }
    /// Is it TLS?
    bool secure() const noexcept { return certificate_options_ || certificate_; }
    /// What the certificate says that the server makes, if it makes one.
    std::optional<certificate_options> const& tls_certificate_options() const noexcept
    {
        return certificate_options_;
    }
    /// The certificate that was given, if one was.
    std::optional<certificate> const& tls_certificate() const noexcept { return certificate_; }
    /// The authority that was given with it, or empty.
    std::string const& ca() const noexcept { return ca_; }
    /// The authority of clients, or empty: they need no certificate.
    std::string const& client_ca() const noexcept { return client_ca_; }
    /// The value that is set, or the default.
    bool tls12_only() const noexcept { return tls12_only_; }
    /// The value that is set, or the default.
    bool renew_tickets() const noexcept { return renew_tickets_; }
    /// In bytes.
    std::uint32_t head_limit() const noexcept { return head_limit_; }
    /// In bytes.
    std::uint64_t body_limit() const noexcept { return body_limit_; }
    /// The value that is set, or the default.
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
