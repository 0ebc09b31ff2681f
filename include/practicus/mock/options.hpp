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
struct server_options
{
    // Without it, g++ 12 destroys a temporary in a co_await expression twice.
    server_options() {}

    /// The loopback address, `127.0.0.1` or `::1`.
    std::string address = "127.0.0.1";
    /// The port; 0 is a free one.
    std::uint16_t port = 0;
    /// If set, TLS with a certificate that the server makes.
    std::optional<certificate_options> tls;
    /// If set, TLS with this certificate.
    std::optional<mock::certificate> certificate;
    /// The authority of `certificate`, returned by `server::ca_pem()`.
    std::string ca;
    /// If not empty, clients need a certificate of this authority, as PEM.
    std::string client_ca;
    /// True if TLS is limited to version 1.2.
    bool tls12_only = false;
    /// True if each handshake that resumes a session sends a new session ticket. This includes TLS 1.2, as in
    /// Go's net/http.
    bool renew_tickets = false;
    /// The largest request head, in bytes. A larger one gets a 431. Default: 64 KiB.
    std::uint32_t head_limit = 64 * 1024;
    /// The largest request body, in bytes. A larger one gets a 413. Default: 256 MiB.
    std::uint64_t body_limit = 256 * 1024 * 1024;
    /// The number of newest requests that `server::requests()` keeps. Their bodies are limited to 64 MiB in
    /// all.
    std::size_t keep_requests = 1000;
};

}}} // namespace practicus::v1::mock
