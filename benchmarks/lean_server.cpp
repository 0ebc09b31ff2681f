// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "lean_server.hpp"
#include "lean_service.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace bench {

lean_server::lean_server() : authority_(), certificate_(authority_.issue())
{
    std::array<int, 2> up{}, down{};
    if (::pipe(up.data()) != 0 || ::pipe(down.data()) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("no process");
    if (process_ == 0) {
        ::close(up[0]);
        ::close(down[1]);
        serve(up[1], down[0]);
        ::_exit(0);
    }
    ::close(up[1]);
    ::close(down[0]);
    held_ = down[1];
    if (::read(up[0], ports_.data(), sizeof ports_) != sizeof ports_) throw std::runtime_error("no server");
    ::close(up[0]);
}

lean_server::~lean_server()
{
    ::close(held_);
    ::waitpid(process_, nullptr, 0);
}

void lean_server::serve(int up, int down)
{
    boost::asio::io_context io{1};
    lean_service const service(io, certificate_, 0);
    std::array<std::uint16_t, 2> const ports{service.port(false), service.port(true)};
    if (::write(up, ports.data(), sizeof ports) != sizeof ports) return;
    ::close(up);
    // Ends with the process that it serves, however that ends.
    boost::asio::posix::stream_descriptor parent(io, down);
    char ignored = 0;
    parent.async_read_some(boost::asio::buffer(&ignored, 1), [&](auto, std::size_t) { io.stop(); });
    io.run();
}

} // namespace bench
