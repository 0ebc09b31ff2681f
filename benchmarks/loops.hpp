// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "lean_server.hpp"

#include <practicus/observer.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace bench {

/// Something that exchanges requests and answers over many connections at once, on the thread that calls it.
class loop
{
public:
    virtual ~loop() = default;

    /// So many exchanges on each connection. Returns how many succeeded.
    virtual std::size_t exchange(std::size_t each) = 0;
};

struct loop_options
{
    bool tls;
    std::size_t connections;
    /// The `Authorization` of each request.
    std::string bearer;
};

/// `client.cluster()` of a client as a user has it, from as many coroutines; everything on.
class client_loop : public loop
{
public:
    virtual practicus::client_stats stats() const = 0;
};

std::unique_ptr<client_loop> make_client_loop(lean_server const& server, loop_options const& options);

enum class care
{
    /// As Beast's examples have it. Each exchange builds its request, as a function that makes a call does.
    usual,
    /// One request a connection, built before, and a buffer that takes a whole answer at once.
    great
};

/// What a user of Beast writes by hand: one coroutine a connection that writes a request and reads its
/// answer, as in Beast's own examples with coroutines (`tcp_stream`, `expires_after` once an exchange,
/// `string_body`). No pool, no retry, no bound beside Beast's own.
std::unique_ptr<loop> make_beast_loop(lean_server const& server, loop_options const& options, care taken);

} // namespace bench
