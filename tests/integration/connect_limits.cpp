// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "scripted_names.hpp"
#include "slow_operation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using practicus::client_options;
using practicus::errc;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// A port of an address that accepts no more connections, without refusing them: its queue is full.
class full_port
{
public:
    full_port(asio::io_context& io, std::string const& address) : acceptor_(io)
    {
        asio::ip::tcp::endpoint const here(asio::ip::make_address(address), 0);
        acceptor_.open(here.protocol());
        acceptor_.bind(here);
        acceptor_.listen(0);
        while (!full()) {
            auto& next = queued_.emplace_back(io);
            next.open(here.protocol());
            next.non_blocking(true);
            boost::system::error_code ignored;
            next.connect(acceptor_.local_endpoint(), ignored);
            REQUIRE(queued_.size() < 1000);
        }
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    /// Of a listening socket, Linux tells how many connections wait and how many may.
    bool full()
    {
        tcp_info info{};
        socklen_t size = sizeof info;
        REQUIRE(::getsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
        return info.tcpi_unacked > info.tcpi_sacked;
    }

    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> queued_;
};

} // namespace

TEST_CASE("a connect to an address that never answers ends with its limit or with the operation's deadline")
{
    bool const deadline = GENERATE(false, true);
    auto const limit = deadline ? 5s : 7s;
    asio::io_context io;
    full_port const port(io, "127.0.0.1");
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(port.port()),
                             options_with(
                                 [&](auto& o) {
                                     o.timeouts.connect = 7s;
                                     if (deadline) o.timeouts.operation = limit;
                                 },
                                 fixture::once()));
    slow_operation login(io, client);
    login.pass(0s);
    login.pass(limit - 1ms);
    CHECK_FALSE(login.ended);
    login.pass(1ms);
    io.run_for(1min);
    REQUIRE(login.ended);
    CHECK(login.info.code == (deadline ? errc::deadline_exceeded : errc::connect_timeout));
    CHECK(login.info.request == "POST /console/api/auth/");
    CHECK(practicus::is_retryable(login.info.code));
    if (deadline) CHECK(login.info.message == "while waiting for a connection");
}

TEST_CASE("close() and a cancellation end a connect at once")
{
    bool const close = GENERATE(true, false);
    asio::io_context io;
    full_port const port(io, "127.0.0.1");
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(port.port()));
    asio::cancellation_signal cancel;
    ends result;
    asio::co_spawn(io, client.login("admin@company.com", "practicus"),
                   asio::bind_cancellation_slot(cancel.slot(), result.handler()));
    for (int i = 0; i != 3; ++i)
        io.run_one();
    CHECK(result.closed + result.aborted == 0);
    if (close)
        client.close();
    else
        cancel.emit(asio::cancellation_type::terminal);
    io.run_for(1min);
    CHECK(result.closed == (close ? 1 : 0));
    CHECK(result.aborted == (close ? 0 : 1));
}

TEST_CASE("an address that never answers leaves time for the next")
{
    // The same port of two addresses; the kernel may have given it away on one of them.
    asio::io_context io;
    std::optional<full_port> port;
    std::optional<fixture> found;
    for (int i = 0; i != 100 && !found; ++i) {
        port.emplace(io, "127.0.0.1");
        try {
            found.emplace(server_with([&](auto& o) {
                o.address = "127.0.0.2";
                o.port = port->port();
            }));
        } catch (boost::system::system_error const&) {
        }
    }
    REQUIRE(found);
    auto& f = *found;
    scripted_names names;
    names.set("two.practicus.test", {"127.0.0.1", "127.0.0.2"});
    // Connecting alone has a limit, of more steps than a connection takes.
    auto const limits = options_with<timeout_options>([&](auto& o) {
        o.resolve = 0ms;
        o.connect = 1000s;
        o.first_byte = 0ms;
        o.between_bytes = 0ms;
        o.operation = 0ms;
    });
    practicus::client client(f.io.get_executor(),
                             "http://two.practicus.test:" + std::to_string(f.server.port()),
                             options_with([&](auto& o) { o.timeouts = limits; }, fixture::once()));
    names.serve(client, f.io);
    slow_operation login(f.io, client);
    for (int i = 0; i != 1000 && !login.ended; ++i)
        login.pass(100s);
    REQUIRE(login.ended);
    CHECK_FALSE(login.info.code);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a connection is not inherited by other programs, sends at once and is kept alive")
{
    fixture f;
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    ends result;
    asio::co_spawn(f.io, f.client().login("admin@company.com", "practicus"), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    int found = 0;
    for (int descriptor = 0; descriptor != 1024; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != f.server.port()) continue;
        ++found;
        CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
        auto const option = [&](int level, int name) {
            int value = 0;
            socklen_t length = sizeof value;
            CHECK(::getsockopt(descriptor, level, name, &value, &length) == 0);
            return value;
        };
        CHECK(option(IPPROTO_TCP, TCP_NODELAY) != 0);
        CHECK(option(SOL_SOCKET, SO_KEEPALIVE) != 0);
    }
    CHECK(found == 1);
    gate.open();
    f.io.run();
    CHECK(result.served == 1);
}
