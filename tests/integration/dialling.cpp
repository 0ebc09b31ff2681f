// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using practicus::client_options;
using practicus::errc;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// Names that only this program knows.
class names
{
public:
    static names& instance()
    {
        static names all;
        return all;
    }

    void set(std::string name, std::vector<std::string> addresses)
    {
        std::lock_guard lock(mutex_);
        known_[std::move(name)] = std::move(addresses);
    }

    /// Nobody gets an answer from now on.
    void hold()
    {
        std::lock_guard lock(mutex_);
        held_ = true;
    }

    void release()
    {
        std::lock_guard lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }

    int waiting()
    {
        std::lock_guard lock(mutex_);
        return waiting_;
    }

    /// The addresses, once they may be told; none for other names.
    std::vector<std::string> find(std::string const& name)
    {
        std::unique_lock lock(mutex_);
        auto const found = known_.find(name);
        if (found == known_.end()) return {};
        ++waiting_;
        changed_.wait(lock, [&] { return !held_; });
        --waiting_;
        return found->second;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::vector<std::string>> known_;
    bool held_ = false;
    int waiting_ = 0;
};

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

/// Holds a client's time, and runs one operation of it.
struct slow_operation
{
    slow_operation(asio::io_context& context, practicus::client const& of) : io(context), clock(clock_of(of))
    {
        clock.simulate(clock.now(), clock.system_now());
        asio::co_spawn(io, of.login("admin@company.com", "practicus"), [this](std::exception_ptr e) {
            ended = true;
            try {
                if (e) std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                info = failed.info();
            }
        });
    }

    /// Lets so much time pass, and three sweeps see it.
    void pass(std::chrono::nanoseconds time)
    {
        clock.advance(time);
        for (int i = 0; i != 3 && !ended; ++i)
            io.run_one();
    }

    asio::io_context& io;
    practicus::detail::clock& clock;
    bool ended = false;
    practicus::error_info info;
};

} // namespace

/// Takes the C library's place for what the resolver asks.
extern "C" int getaddrinfo(char const* name, char const* service, addrinfo const* hints, addrinfo** result)
{
    using function = int (*)(char const*, char const*, addrinfo const*, addrinfo**);
    static auto const real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    auto const addresses = name ? names::instance().find(name) : std::vector<std::string>();
    if (addresses.empty()) return real(name, service, hints, result);
    addrinfo** end = result;
    for (auto const& address : addresses) {
        if (auto const code = real(address.c_str(), service, hints, end)) return code;
        while (*end)
            end = &(*end)->ai_next;
    }
    return 0;
}

TEST_CASE("an address that never answers has a limit")
{
    asio::io_context io;
    full_port const port(io, "127.0.0.1");
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(port.port()),
                             fixture::once().timeouts(timeout_options().connect(7s)));
    slow_operation login(io, client);
    login.pass(0s);
    login.pass(7s - 1ms);
    CHECK_FALSE(login.ended);
    login.pass(1ms);
    io.run_for(1min);
    REQUIRE(login.ended);
    CHECK(login.info.code == errc::connect_timeout);
    CHECK(login.info.request == "POST /console/api/auth/");
    CHECK(practicus::is_retryable(login.info.code));
}

TEST_CASE("an operation's deadline ends a connect as well")
{
    asio::io_context io;
    full_port const port(io, "127.0.0.1");
    practicus::client client(io.get_executor(), "http://127.0.0.1:" + std::to_string(port.port()),
                             fixture::once().timeouts(timeout_options().connect(7s).operation(5s)));
    slow_operation login(io, client);
    login.pass(0s);
    login.pass(5s - 1ms);
    CHECK_FALSE(login.ended);
    login.pass(1ms);
    io.run_for(1min);
    REQUIRE(login.ended);
    CHECK(login.info.code == errc::deadline_exceeded);
    CHECK(login.info.message == "while waiting for a connection");
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
            found.emplace(practicus::mock::server_options().address("127.0.0.2").port(port->port()));
        } catch (boost::system::system_error const&) {
        }
    }
    REQUIRE(found);
    auto& f = *found;
    names::instance().set("two.practicus.test", {"127.0.0.1", "127.0.0.2"});
    // Connecting alone has a limit, of more steps than a connection takes.
    auto const limits = timeout_options().resolve(0ms).first_byte(0ms).between_bytes(0ms).operation(0ms);
    practicus::client client(f.io.get_executor(),
                             "http://two.practicus.test:" + std::to_string(f.server.port()),
                             fixture::once().timeouts(timeout_options(limits).connect(1000s)));
    slow_operation login(f.io, client);
    for (int i = 0; i != 1000 && !login.ended; ++i)
        login.pass(100s);
    REQUIRE(login.ended);
    CHECK_FALSE(login.info.code);
    CHECK(f.server.count("POST auth/") == 1);
}

TEST_CASE("a name that is never resolved has a limit")
{
    auto& all = names::instance();
    all.set("slow.practicus.test", {"127.0.0.1"});
    all.hold();
    bool const whole = GENERATE(false, true);
    {
        asio::io_context io;
        auto limits = timeout_options().resolve(7s);
        if (whole) limits.resolve(8s).operation(7s);
        practicus::client client(io.get_executor(), "http://slow.practicus.test",
                                 fixture::once().timeouts(limits));
        slow_operation login(io, client);
        poll_until(io, [&] { return all.waiting() == 1; });
        login.pass(7s - 1ms);
        CHECK_FALSE(login.ended);
        login.pass(1ms);
        for (int i = 0; i != 5 && !login.ended; ++i)
            io.run_one();
        REQUIRE(login.ended);
        CHECK(login.info.code == (whole ? errc::deadline_exceeded : errc::resolve_timeout));
        CHECK(login.info.message == (whole ? "while waiting for a connection" : ""));
        CHECK(login.info.request == "POST /console/api/auth/");
        // getaddrinfo can not be interrupted; the context's destructor waits for it.
        all.release();
    }
    CHECK(all.waiting() == 0);
}

TEST_CASE("a cancellation ends the wait for a name at once")
{
    auto& all = names::instance();
    all.set("slow.practicus.test", {"127.0.0.1"});
    all.hold();
    asio::io_context io;
    practicus::client client(io.get_executor(), "http://slow.practicus.test");
    asio::cancellation_signal cancel;
    ends result;
    asio::co_spawn(io, client.login("admin@company.com", "practicus"),
                   asio::bind_cancellation_slot(cancel.slot(), result.handler()));
    poll_until(io, [&] { return all.waiting() == 1; });
    cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(result.aborted == 1);
    all.release();
    io.run(); // for the resolver alone
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
