// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Runs through nginx or HAProxy, started by proxies.sh, to a region that each test starts behind it.

#include "integration/fixture.hpp"
#include "interop/setting.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mock = practicus::mock;
using practicus::client_options;
using practicus::errc;
using namespace std::chrono_literals;

namespace {

mock::server_options region_options()
{
    mock::server_options result;
    result.port = static_cast<std::uint16_t>(std::stoi(setting("PRACTICUS_REGION_PORT")));
    return result;
}

/// A region behind the front.
struct behind : fixture
{
    behind() : fixture(region_options()) {}

    /// A client of one of the front's ports, that logs in by itself, again if need be.
    practicus::client user(char const* port, client_options options = client_options())
    {
        options.credentials = password().keep_password();
        options.tls.ca_file = setting("PRACTICUS_FRONT_CA");
        options.tls.system_roots = false;
        return {io.get_executor(), setting(port), std::move(options)};
    }
};

constexpr char const* plain = "PRACTICUS_FRONT_PLAIN";
constexpr char const* tls = "PRACTICUS_FRONT_TLS";
constexpr char const* busy = "PRACTICUS_FRONT_BUSY";
constexpr char const* shortly = "PRACTICUS_FRONT_SHORT";

/// The front's log of one client: connection and status of each request. The front writes lines late, so that
/// lines of other clients come at any time; the lines of this client are marked.
class front_log
{
public:
    front_log()
    {
        static int made = 0;
        name_ = "case-" + std::to_string(++made);
    }

    /// Of the client whose requests are counted.
    client_options options(client_options base = client_options()) const
    {
        return options_with([&](auto& o) { o.user_agent = name_; }, std::move(base));
    }

    /// Waits for that many lines; a front writes them after its answers.
    std::vector<std::string> lines(asio::io_context& io, std::size_t count) const
    {
        std::vector<std::string> result;
        poll_until(io, [&] {
            result.clear();
            std::istringstream in(read());
            for (std::string line; std::getline(in, line);)
                if (!in.eof() && line.ends_with(" {" + name_ + '}')) result.push_back(line);
            return result.size() >= count;
        });
        return result;
    }

    static std::set<std::string> connections(std::vector<std::string> const& lines)
    {
        std::set<std::string> result;
        for (auto const& line : lines)
            result.insert(line.substr(0, line.find(' ')));
        return result;
    }

private:
    static std::string read()
    {
        std::ifstream in(setting("PRACTICUS_FRONT_LOG"), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

    std::string name_;
};

} // namespace

TEST_CASE("the whole flow goes through the front, over one connection")
{
    for (auto const* port : {plain, tls}) {
        INFO(port);
        behind f;
        front_log const log;
        auto client = f.user(port, log.options());
        f.run(client.login("admin@company.com", "practicus"));
        CHECK(client.username() == "admin");
        CHECK(f.run(client.cluster_info()).region_name == "mock");
        auto const prefixes = f.run(client.model_prefixes());
        REQUIRE(prefixes.size() == 3);
        auto const models = f.run(client.models());
        REQUIRE(models.size() == 5);
        CHECK(models[0].name == "diamond-price");
        CHECK(f.run(client.model_deployments()).size() == 3);
        CHECK(f.run(client.apps()).size() == 2);
        auto const url = client.model_url("models/practicus", "diamond-price", "production");
        CHECK(f.run(client.model_id(url)) == 42);
        f.run(client.refresh());
        // A GET with a body: the next request on the connection shows that all parties agree on its end.
        CHECK(!f.run(client.session_token(url)).value().empty());
        CHECK(!f.run(client.session_token(client.app_url("apps/tools", "viewer"))).value().empty());
        CHECK(f.run(client.models()).size() == 5);

        int bodies = 0;
        for (auto const& r : f.server.requests())
            if (r.method == "GET" && !r.body.empty()) ++bodies;
        CHECK(bodies == 2);
        auto const stats = client.stats();
        CHECK(stats.connections.connects == 1);
        CHECK(stats.connections.reuses + 1 == stats.exchanges);
        CHECK(stats.retries + stats.connections.stale_hits == 0);
        auto const lines = log.lines(f.io, stats.exchanges);
        CHECK(lines.size() == stats.exchanges);
        CHECK(front_log::connections(lines).size() == 1);
        CHECK(f.server.count() == stats.exchanges);
    }
}

TEST_CASE("a large listing comes whole through the front")
{
    // More than the fronts keep in memory for an answer.
    constexpr std::int64_t first = 1000, count = 10'000;
    for (auto const* port : {plain, tls}) {
        INFO(port);
        behind f;
        for (auto id = first; id != first + count; ++id)
            f.server.region().add(mock::model(id, "model-" + std::to_string(id),
                                              mock::prefix("models-practicus", "models/practicus")));
        auto client = f.user(port);
        auto const models = f.run(client.models());
        REQUIRE(models.size() == 5 + count);
        CHECK(models.back().name == "model-10999");
        CHECK(f.run(client.cluster_info()).region_name == "mock");
        CHECK(client.stats().bytes_received > (1u << 20));
        CHECK(client.stats().connections.connects == 1);
    }
}

TEST_CASE("a front's errors are the region's to it")
{
    behind f;
    auto client = f.user(plain);
    CHECK(f.failure(client.model_id(client.model_url("models/practicus", "nothing"))).code ==
          errc::not_found);
    f.server.expect("GET", cluster_path).reply(403, R"({"detail":"No."})");
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::forbidden);
    CHECK(info.server_message == "No.");
    CHECK(client.stats().connections.connects == 1);
}

TEST_CASE("a second connection resumes the front's TLS session")
{
    behind f;
    auto client = f.user(tls);
    f.run(client.cluster_info());
    CHECK(client.stats().connections.resumptions == 0);
    client.close_idle();
    f.run(client.cluster_info());
    CHECK(client.stats().connections.connects == 2);
    CHECK(client.stats().connections.resumptions == 1);
}

TEST_CASE("a front that closes its connections now and then gives no error")
{
    behind f;
    front_log const log;
    f.run(f.user(shortly).cluster_info()); // is not counted
    auto client = f.user(shortly, log.options());
    for (int i = 0; i != 11; ++i)
        f.run(client.cluster_info());
    auto const stats = client.stats();
    CHECK(stats.exchanges == 12);
    CHECK(stats.connections.stale_hits + stats.retries == 0);
    auto const seen = front_log::connections(log.lines(f.io, 12));
    CHECK(seen.size() == stats.connections.connects);
    // nginx closes after 4 requests, HAProxy after each.
    CHECK((stats.connections.connects == 3 || stats.connections.connects == 12));
}

TEST_CASE("many operations at once share the connections")
{
    for (auto const* port : {plain, tls}) {
        INFO(port);
        behind f;
        front_log const log;
        auto client = f.user(port, log.options(options_with([&](auto& o) { o.pool.max_connections = 8; })));
        f.run(client.cluster_info());
        ends result;
        f.io.restart();
        for (int i = 0; i != 200; ++i) {
            asio::co_spawn(f.io, client.models(), result.handler());
            asio::co_spawn(f.io, client.session_token(client.model_url("models/practicus", "diamond-price")),
                           result.handler());
        }
        f.io.run();
        CHECK(result.served == 400);
        auto const stats = client.stats();
        CHECK(stats.connections.connects <= 8);
        CHECK(stats.retries == 0);
        CHECK(front_log::connections(log.lines(f.io, stats.exchanges)).size() == stats.connections.connects);
    }
}

TEST_CASE("a region that is down is reported, with the front's status and all attempts")
{
    behind f;
    auto client = f.user(plain);
    f.run(client.cluster_info());
    f.server.stop();
    auto const info = f.failure(client.cluster_info());
    CHECK(info.code == errc::unavailable);
    // nginx and HAProxy.
    CHECK((info.status == 502 || info.status == 503));
    CHECK(info.attempts == 3);
}

TEST_CASE("a region may restart behind the front")
{
    for (auto const* port : {plain, tls}) {
        INFO(port);
        behind f;
        std::optional<mock::server> second;
        std::function<void()> on_retry;
        auto client = f.user(port, options_with([&](auto& o) {
                                 o.observer = [&](practicus::event const& e) {
                                     if (std::holds_alternative<practicus::events::retried>(e) && on_retry)
                                         std::exchange(on_retry, nullptr)();
                                 };
                             }));
        auto const url = client.model_url("models/practicus", "diamond-price");
        f.run(client.session_token(url));
        f.server.stop();
        // The region is back after the first failed attempt, with new keys: all old tokens are invalid.
        on_retry = [&] {
            second.emplace(region_options());
            second->region().add_demo();
        };
        CHECK(f.run(client.models()).size() == 5);
        REQUIRE(second);
        CHECK(client.stats().retries > 0);
        CHECK(f.run(client.model_prefixes()).size() == 3);
        f.run(client.session_token(url));

        // A restart between two operations causes no error.
        auto const before = client.stats();
        second->stop();
        second.emplace(region_options());
        second->region().add_demo();
        CHECK(f.run(client.models()).size() == 5);
        CHECK(second->problems() == std::vector<std::string>());
        CHECK(client.stats().connections.connects - before.connections.connects <= 1);
    }
}

TEST_CASE("a front that is overloaded is asked again when it says")
{
    behind f;
    mock::gate gate;
    std::vector<practicus::events::retried> retries;
    auto client = f.user(busy, options_with([&](auto& o) {
                             o.observer = [&](practicus::event const& e) {
                                 if (auto const* r = std::get_if<practicus::events::retried>(&e)) {
                                     retries.push_back(*r);
                                     gate.open();
                                 }
                             };
                         }));
    f.run(client.cluster_info());
    f.server.expect("GET", cluster_path).hold(gate);
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.cluster_info(), result.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    asio::co_spawn(f.io, client.model_prefixes(), result.handler());
    f.io.run();
    CHECK(result.served == 2);
    REQUIRE(retries.size() == 1);
    CHECK(retries[0].status == 429);
    CHECK(retries[0].pause >= 1s);
    CHECK(f.server.count("GET modelhost/model-prefixes/") == 1);
}
