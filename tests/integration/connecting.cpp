// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "black_hole.hpp"
#include "fixture.hpp"
#include "internals.hpp"
#include "scripted_names.hpp"

#include <practicus/detail/net/connect_race.hpp>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <vector>

using practicus::client_options;
using practicus::errc;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// Lets some sweeps pass.
void tick(asio::io_context& io)
{
    for (int i = 0; i != 16; ++i)
        io.run_one_for(1s);
}

std::ptrdiff_t open_files()
{
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

asio::ip::address address(char const* text)
{
    return asio::ip::make_address(text);
}

/// A client of a region whose name has these addresses.
struct named : fixture
{
    explicit named(std::vector<std::string> const& found, client_options options = client_options())
        : caller(io.get_executor(), "http://region.test:" + std::to_string(server.port()),
                 options_as(password(), std::move(options)))
    {
        names.set("region.test", found);
        names.serve(caller, io);
    }

    scripted_names names;
    practicus::client caller;
};

} // namespace

TEST_CASE("an address that drops packets costs a moment, and not the whole limit")
{
    named f({"127.0.0.2", "127.0.0.1"});
    black_hole const hole({address("127.0.0.2"), f.server.port()});
    auto& clock = stopped_clock_of(f.caller);
    ends result;
    asio::co_spawn(f.io, f.caller.cluster_info(), result.handler());
    tick(f.io);
    clock.advance(249ms);
    tick(f.io);
    CHECK(f.server.connections() == 0);
    clock.advance(1ms);
    f.io.run_for(1min);
    CHECK(result.served == 1);
    CHECK(f.server.connections() == 1);
    CHECK(f.caller.stats().connections.open == 1);
}

TEST_CASE("when one address has answered, nothing is left of the others")
{
    named f({"127.0.0.2", "127.0.0.1"});
    black_hole const hole({address("127.0.0.2"), f.server.port()});
    auto& clock = stopped_clock_of(f.caller);
    practicus::mock::gate gate;
    f.server.expect("POST", "/console/api/auth/").hold(gate);
    ends result;
    auto const before = open_files();
    asio::co_spawn(f.io, f.caller.cluster_info(), result.handler());
    tick(f.io);
    CHECK(open_files() == before + 1);
    clock.advance(250ms);
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    // One end of the connection is the region's.
    for (int i = 0; i != 1000 && open_files() != before + 2; ++i)
        f.io.run_one_for(10ms);
    CHECK(open_files() == before + 2);
    gate.open();
    f.io.run_for(1min);
    CHECK(result.served == 1);
}

TEST_CASE("an address that refuses costs no time")
{
    named f({"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"});
    stopped_clock_of(f.caller); // it stands still
    ends result;
    asio::co_spawn(f.io, f.caller.cluster_info(), result.handler());
    f.io.run_for(1min);
    CHECK(result.served == 1);
}

TEST_CASE("no address answers: connecting has a limit over all of them")
{
    named f({"127.0.0.2", "127.0.0.3"},
            options_with([&](auto& o) { o.timeouts.connect = 3s; }, fixture::once()));
    black_hole const one({address("127.0.0.2"), f.server.port()});
    black_hole const two({address("127.0.0.3"), f.server.port()});
    auto& clock = stopped_clock_of(f.caller);
    std::optional<practicus::error_info> info;
    asio::co_spawn(f.io, f.caller.login("admin@company.com", "practicus"), [&](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (practicus::error const& failed) {
            info = failed.info();
        }
    });
    tick(f.io);
    clock.advance(250ms);
    tick(f.io);
    clock.advance(2749ms);
    tick(f.io);
    CHECK_FALSE(info);
    clock.advance(1ms);
    f.io.run_for(1min);
    REQUIRE(info);
    CHECK(info->code == errc::connect_timeout);
    CHECK(f.caller.stats().connections.connect_failures == 1);
}

TEST_CASE("all addresses refuse: the last reason is reported, and the name is looked up again")
{
    named f({"127.0.0.2", "127.0.0.3"}, fixture::once());
    auto const info = f.failure(f.caller.cluster_info());
    CHECK(info.code == errc::connect_failed);
    CHECK(info.cause == asio::error::connection_refused);
    f.names.fail("region.test", asio::error::host_not_found);
    CHECK(f.failure(f.caller.cluster_info()).code == errc::resolve_failed);
    CHECK(f.names.lookups("region.test") == 2);
}

TEST_CASE("a context is destroyed while addresses are tried")
{
    fixture f;
    black_hole const one({address("127.0.0.2"), f.server.port()});
    black_hole const two({address("127.0.0.3"), f.server.port()});
    scripted_names names;
    names.set("region.test", {"127.0.0.2", "127.0.0.3"});
    ends result;
    std::optional<practicus::client> client;
    {
        asio::io_context io;
        client.emplace(io.get_executor(), "http://region.test:" + std::to_string(f.server.port()),
                       options_as(fixture::password()));
        names.serve(*client, io);
        asio::co_spawn(io, client->cluster_info(), result.handler());
        io.run_for(300ms);
        CHECK(client->stats().connections.connecting == 1);
    }
    CHECK(result.served + result.aborted + result.closed + result.other == 0);
}

TEST_CASE("families take turns")
{
    using practicus::detail::interleaved;
    auto const a = address("::1"), b = address("::2"), c = address("::3"), x = address("127.0.0.1"),
               y = address("127.0.0.2");
    CHECK(interleaved({a, b, c, x, y}) == practicus::detail::addresses{a, x, b, y, c});
    CHECK(interleaved({x, a, b}) == practicus::detail::addresses{x, a, b});
    CHECK(interleaved({}).empty());
}

TEST_CASE("a name is asked for once, however many connect, and kept for a while")
{
    fixture f;
    scripted_names names;
    names.set("region.test", {"127.0.0.1"});
    std::size_t asked = 0, connected = 0;
    practicus::client client(f.io.get_executor(), "http://region.test:" + std::to_string(f.server.port()),
                             options_with([&](auto& o) {
                                 o.observer = [&](practicus::event const& e) {
                                     if (auto const* r = std::get_if<practicus::events::resolved>(&e))
                                         asked += r->took > 0ns;
                                     if (auto const* d = std::get_if<practicus::events::connected>(&e))
                                         connected += !d->error;
                                 };
                             }));
    names.serve(client, f.io);
    ends result;
    for (int i = 0; i != 8; ++i)
        asio::co_spawn(f.io, client.login("admin@company.com", "practicus"), result.handler());
    f.io.run();
    CHECK(result.served == 8);
    CHECK(connected >= 2);
    CHECK(asked == connected);
    CHECK(names.lookups("region.test") == 1);
}

TEST_CASE("a TLS session is resumed")
{
    auto const old = server_with([](auto& o) { o.tls12_only = true; }, https_options());
    auto const renewed = server_with([](auto& o) { o.renew_tickets = true; }, old);
    for (auto const& options : {https_options(), old, renewed}) {
        fixture f{options};
        auto client = f.user(options_with([&](auto& o) { o.tls.ca_pem = f.server.ca_pem(); }));
        for (int i = 0; i != 4; ++i) {
            f.run(client.models());
            client.close_idle();
        }
        CHECK(f.server.connections() == 4);
        CHECK(f.server.resumed_sessions() == 3);
        CHECK(client.stats().connections.resumptions == 3);
    }
}
