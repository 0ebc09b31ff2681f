// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"
#include "test_proxy.hpp"

#include <cstdlib>
#include <vector>

using practicus::client_options;
using practicus::errc;
using practicus::proxy_options;
using practicus::timeout_options;
using namespace std::chrono_literals;

namespace {

/// A region behind a proxy.
struct proxied : fixture
{
    explicit proxied(bool secure) : fixture(https_options_if(secure)), tls(secure) {}

    practicus::client through(proxy_options const& options, client_options base = once())
    {
        if (tls) base.tls.ca_pem = server.ca_pem();
        return user(options_with([&](auto& o) { o.proxy = options; }, std::move(base)));
    }

    practicus::error_info fault(proxy_fault const& happens, std::string const& credentials = {})
    {
        proxy.fail_next(happens);
        return failure(through(proxy_at(proxy.url(credentials))).cluster_info());
    }

    bool tls;
    test_proxy proxy;
};

} // namespace

TEST_CASE("an https region is reached through a tunnel, an http one by asking the proxy")
{
    for (bool const tls : {false, true}) {
        proxied f(tls);
        std::vector<std::string> named;
        auto client = f.through(proxy_at(f.proxy.url("user:p%40ss")), options_with([&](auto& o) {
                                    o.observer = [&](practicus::event const& e) {
                                        if (auto const* d = std::get_if<practicus::events::connected>(&e))
                                            named.emplace_back(d->proxy);
                                    };
                                }));
        f.proxy.require("Basic dXNlcjpwQHNz");
        f.run(client.session_token(f.model()));
        CHECK(f.run(client.models()).size() == 5);
        CHECK(f.proxy.connections() == 1);
        CHECK(f.proxy.tunnels() == (tls ? 1 : 0));
        CHECK(f.proxy.forwarded() == (tls ? 0 : 4));
        CHECK(named == std::vector<std::string>{f.proxy.authority()});
        auto const heads = f.proxy.heads();
        REQUIRE_FALSE(heads.empty());
        if (tls)
            CHECK(heads[0].starts_with("CONNECT " + f.server.authority() + " HTTP/1.1\r\n"));
        else
            CHECK(heads[0].starts_with("POST " + f.server.url() + "/console/api/auth/ HTTP/1.1\r\n"));
        // What is for the proxy stays with it.
        for (auto const& r : f.server.requests())
            CHECK(r.headers.count("Proxy-Authorization") == 0);
    }
}

TEST_CASE("a proxy that refuses")
{
    for (bool const tls : {false, true}) {
        proxied f(tls);
        f.proxy.require("Basic dXNlcjpwQHNz");
        auto info = f.failure(f.through(proxy_at(f.proxy.url("user:wrong"))).cluster_info());
        CHECK(info.code == errc::proxy_refused);
        CHECK(info.status == 407);
        CHECK(std::string(practicus::error(info).what()).find("wrong") == std::string::npos);
        CHECK(f.server.count() == 0);
    }
    proxied f(true);
    for (unsigned const status : {400U, 403U, 500U, 302U}) {
        auto const info = f.fault(proxy_fault::refuse(status));
        CHECK(info.code == errc::proxy_refused);
        CHECK(info.status == status);
    }
    for (unsigned const status : {502U, 503U, 504U})
        CHECK(f.fault(proxy_fault::refuse(status)).code == errc::connect_failed);
    CHECK(f.server.connections() == 0);
}

TEST_CASE("a proxy that is away for a moment is tried again")
{
    proxied f(true);
    auto client = f.through(proxy_at(f.proxy.url()), client_options());
    runtime_of(client).random().fix(0);
    f.proxy.fail_next(proxy_fault::refuse(503), 2);
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.proxy.connections() == 3);
}

TEST_CASE("a proxy whose answer is broken")
{
    proxied f(true);
    CHECK(f.fault(proxy_fault::garbage()).code == errc::malformed_response);
    CHECK(f.fault(proxy_fault::cut()).code == errc::connection_lost);
    CHECK(f.fault(proxy_fault::closed()).code == errc::connection_lost);
    CHECK(f.fault(proxy_fault::endless()).code == errc::malformed_response);
    CHECK(f.fault(proxy_fault::oversized(70'000)).code == errc::header_too_large);
    CHECK(f.fault(proxy_fault::with_extra()).code == errc::malformed_response);
    for (auto const& fine : {proxy_fault::with_content_length(), proxy_fault::with_chunked(),
                             proxy_fault::with_interim(), proxy_fault::oversized(60'000)}) {
        f.proxy.fail_next(fine);
        CHECK(f.run(f.through(proxy_at(f.proxy.url())).models()).size() == 5);
    }
}

TEST_CASE("a proxy that does not answer has the limit of connecting")
{
    for (auto const& silent : {proxy_fault::stalled(), proxy_fault::stalled_in_head()}) {
        proxied f(true);
        auto client = f.through(proxy_at(f.proxy.url()),
                                options_with([&](auto& o) { o.timeouts.connect = 7s; }, f.once()));
        auto& clock = stopped_clock_of(client);
        f.proxy.fail_next(silent);
        std::optional<practicus::error_info> info;
        asio::co_spawn(f.io, client.login("admin@company.com", "practicus"), [&](std::exception_ptr e) {
            try {
                std::rethrow_exception(e);
            } catch (practicus::error const& failed) {
                info = failed.info();
            }
        });
        poll_until(f.io, [&] { return f.proxy.faults() == 1; });
        clock.advance(6999ms);
        for (int i = 0; i != 5; ++i)
            f.io.run_one_for(1s);
        CHECK_FALSE(info);
        clock.advance(1ms);
        f.io.run_for(1min);
        REQUIRE(info);
        CHECK(info->code == errc::connect_timeout);
    }
}

TEST_CASE("an unreachable proxy, a bypassed proxy, and an unusable proxy")
{
    proxied f(false);
    asio::io_context io;
    asio::ip::tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
    auto const port = std::to_string(taken.local_endpoint().port());
    taken.close();
    auto const info = f.failure(f.through(proxy_at("127.0.0.1:" + port)).cluster_info());
    CHECK(info.code == errc::connect_failed);
    CHECK(info.message == "the proxy 127.0.0.1:" + port);
    // By the list, or by a loopback address where the environment decides.
    CHECK(f.run(f.through(options_with<proxy_options>([&](auto& o) {
                     o.mode = practicus::proxy_mode::url;
                     o.url = practicus::secret("127.0.0.1:" + port);
                     o.no_proxy = "127.0.0.0/8";
                 })).models())
              .size() == 5);

    ::setenv("https_proxy", f.proxy.url().c_str(), 1);
    ::setenv("http_proxy", "socks5://127.0.0.1", 1);
    proxied tls(true);
    CHECK(tls.run(tls.through(proxy_options()).models()).size() == 5);
    CHECK(f.proxy.connections() == 0);
    f.proxy.route("region.test:443", tls.server.port());
    f.proxy.route("127.0.0.1:443", tls.server.port());
    practicus::client secure(tls.io.get_executor(), "https://region.test", f.once());
    practicus::client plain(tls.io.get_executor(), "http://region.test", f.once());
    ::unsetenv("https_proxy");
    ::unsetenv("http_proxy");
    // The proxy was asked; what the server's certificate says is another matter.
    auto const refused = tls.failure(secure.login("admin@company.com", "practicus")).code;
    CHECK((refused == errc::certificate_untrusted || refused == errc::certificate_host_mismatch));
    CHECK(f.proxy.tunnels() == 1);
    CHECK(tls.failure(plain.login("admin@company.com", "practicus")).code == errc::invalid_argument);
}
