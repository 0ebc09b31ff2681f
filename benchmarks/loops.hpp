// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "histogram.hpp"

#include <practicus/observer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {

using steady = std::chrono::steady_clock;

/// The work of each connection: a number of exchanges, or those that begin before a time.
struct quota
{
    std::size_t each = std::numeric_limits<std::size_t>::max();
    steady::time_point until = steady::time_point::max();

    bool goes_on(std::size_t done) const
    {
        return done < each && (until == steady::time_point::max() || steady::now() < until);
    }
};

/// Calls that arrive at a fixed rate, independently of earlier ones (open loop).
struct arrivals
{
    /// A timer is set to this time before a call is due; nearer calls are polled between turns of the event
    /// loop. A timer for each of 50,000 calls a second would take a fifth of a virtual machine's processor.
    /// Each call would also begin late by the time to wake up.
    static constexpr std::chrono::microseconds ahead{50};

    double per_second;
    steady::duration length;

    std::size_t count() const
    {
        return static_cast<std::size_t>(per_second * std::chrono::duration<double>(length).count());
    }
    steady::duration at(std::size_t i) const
    {
        return std::chrono::duration_cast<steady::duration>(
            std::chrono::duration<double>(static_cast<double>(i) / per_second));
    }
};

/// A wrong response ends the run, because its cost means nothing.
inline void require_right(bool right)
{
    if (!right) throw std::runtime_error("a wrong answer");
}

struct prediction_work
{
    std::string body;
    std::size_t answer_size = 0;
    /// Empty, gzip, zlib, deflate or lz4.
    std::string encoding;

    std::string path() const { return "/models/lean/answer-" + std::to_string(answer_size) + '/'; }
};

/// A contender: exchanges requests and responses over many connections at once, on the calling thread.
/// Unsupported work throws.
class loop
{
public:
    virtual ~loop() = default;

    /// `clusterdefinition/` on each connection. Returns how many succeeded.
    virtual std::size_t exchange(quota const& much) = 0;

    /// Connections that are open.
    virtual std::size_t open() const { throw std::logic_error("does not tell its connections"); }

    /// Lists the models so often, one after the other. Returns how many models there were in all.
    virtual std::size_t list(std::size_t /*times*/) { throw std::logic_error("does not list"); }

    /// Predictions on each connection. Returns how many succeeded.
    virtual std::size_t predict(prediction_work const& /*work*/, quota const& /*much*/)
    {
        throw std::logic_error("does not predict");
    }

    /// The exchange as an open loop. Latency counts from the intended time, so that a delay by an earlier
    /// response is included.
    virtual void arrive(arrivals const& /*when*/, histogram& /*latency_ns*/)
    {
        throw std::logic_error("takes no load");
    }
};

struct endpoint
{
    /// Of 127.0.0.1.
    std::uint16_t port;
    bool tls;
    std::string ca_pem;

    std::string url() const
    {
        return (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port);
    }
};

struct loop_options
{
    endpoint server;
    std::size_t connections;
    /// The `Authorization` of each request.
    std::string bearer;
};

/// A client with default options, called from as many coroutines as there are connections.
class client_loop : public loop
{
public:
    virtual practicus::client_stats stats() const = 0;
};

std::unique_ptr<client_loop> make_client_loop(loop_options const& options);

enum class care
{
    /// As Beast's examples have it. Each exchange builds its request, as a function that makes a call does.
    usual,
    /// One request a connection, built before, and a buffer that takes a whole answer at once.
    great
};

/// A hand-written loop on Beast, as in Beast's own examples with coroutines. One coroutine a connection
/// writes a request and reads its response (`tcp_stream`, `expires_after` once an exchange, `string_body`).
/// It has no pool, no retries, and only Beast's own limits.
std::unique_ptr<loop> make_beast_loop(loop_options const& options, care taken);

/// libcurl's multi interface: an easy handle for each connection, used again for each exchange.
std::unique_ptr<loop> make_curl_loop(loop_options const& options);

} // namespace bench
