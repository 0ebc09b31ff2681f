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
struct server_options
{
    // Keeps g++ 12 from destroying a temporary of it twice in a co_await expression.
    server_options() {}

    /// A loopback address, `127.0.0.1` or `::1`.
    std::string address = "127.0.0.1";
    /// 0: a free one.
    std::uint16_t port = 0;
    /// If set, TLS with a certificate that the server makes.
    std::optional<certificate_options> tls;
    /// If set, TLS with this certificate.
    std::optional<mock::certificate> certificate;
    /// The authority of `certificate`, returned by `server::ca_pem()`.
    std::string ca;
    /// If not empty, clients need a certificate of this authority (PEM).
    std::string client_ca;
    /// TLS 1.2 and nothing newer.
    bool tls12_only = false;
    /// A new session ticket for each handshake that resumes a session, with TLS 1.2 too, as of Go's net/http.
    bool renew_tickets = false;
    /// The largest request head, in bytes. A larger one is answered 431.
    std::uint32_t head_limit = 64 * 1024;
    /// The largest request body, in bytes. A larger one is answered 413.
    std::uint64_t body_limit = 256 * 1024 * 1024;
    /// The number of requests that `server::requests()` keeps, the newest; at most 64 MiB of bodies.
    std::size_t keep_requests = 1000;
};

}}} // namespace practicus::v1::mock
