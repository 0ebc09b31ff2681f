// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "loops.hpp"

#include <practicus/mock/certificate.hpp>

#include <array>
#include <cstdint>

#include <sys/types.h>

namespace bench {

/// An HTTP/1.1 server that parses little more than the ends of heads, so that it is no bottleneck. It runs in
/// a process of its own, so that its time is not counted.
class lean_server
{
public:
    /// Before any thread is started.
    lean_server();
    lean_server(lean_server const&) = delete;
    lean_server& operator=(lean_server const&) = delete;
    ~lean_server();

    endpoint at(bool tls) const { return {ports_[tls ? 1 : 0], tls, authority_.pem()}; }

private:
    void serve(int up, int down);

    practicus::mock::certificate_authority authority_;
    practicus::mock::certificate certificate_;
    std::array<std::uint16_t, 2> ports_{};
    pid_t process_ = 0;
    int held_ = -1;
};

} // namespace bench
