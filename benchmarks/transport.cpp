// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The cost of an exchange: `practicus::client` with default options beside a hand-written loop on
// Boost.Beast. Both send the same kind of request over 64 connections to the same server, on one thread, in
// interleaved rounds. The measure is the processor time of that thread, user and system.

#include "lean_server.hpp"
#include "loops.hpp"
#include "measure.hpp"
#include "numbers.hpp"
#include "series.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bench;
namespace json = boost::json;

constexpr std::size_t connections = 64;

struct settings
{
    std::size_t rounds = 15;
    std::size_t exchanges = 32'000; ///< a round
    std::size_t soak = 0;
    bool json = false;
    bool smoke = false;
    std::string_view parts;
    std::string_view only;

    bool part(std::string_view name) const noexcept { return parts.empty() || parts == name; }
};

struct contender
{
    char const* name;
    loop* runs;
    series cpu_us{}, user_us{}, per_second{};
    double allocations_each = 0;
};

void require(bool ok, std::string const& what)
{
    if (!ok) throw std::runtime_error(what);
}

void check_count(std::size_t done, std::size_t asked)
{
    require(done == asked, std::to_string(done) + " of " + std::to_string(asked) + " exchanges succeeded");
}

void measure_round(contender& c, std::size_t each)
{
    using clock = std::chrono::steady_clock;
    auto const began = clock::now();
    auto const before = cpu_time::now();
    auto const done = c.runs->exchange({.each = each});
    auto const used = cpu_time::now() - before;
    std::chrono::duration<double> const took = clock::now() - began;
    check_count(done, each * connections);
    auto const n = static_cast<double>(done);
    c.cpu_us.add(used.total_us() / n);
    c.user_us.add(used.user_us / n);
    c.per_second.add(n / took.count());
}

void count_allocations(contender& c, std::size_t each)
{
    allocations::begin();
    auto const done = c.runs->exchange({.each = each});
    allocations::counting = false;
    check_count(done, each * connections);
    c.allocations_each = static_cast<double>(allocations::count) / static_cast<double>(done);
}

void measure(std::vector<contender*> const& contenders, settings const& with)
{
    auto const each = std::max<std::size_t>(with.exchanges / connections, 1);
    for (auto* c : contenders)
        check_count(c->runs->exchange({.each = each / 4 + 1}), (each / 4 + 1) * connections);
    for (std::size_t i = 0; i != with.rounds; ++i)
        for (auto* c : contenders)
            measure_round(*c, each);
    for (auto* c : contenders)
        count_allocations(*c, each / 4 + 1);
}

/// One's processor time divided by the other's, round by round.
series ratio(contender const& a, contender const& b)
{
    series result;
    for (std::size_t i = 0; i != a.cpu_us.values.size(); ++i)
        result.add(a.cpu_us.values[i] / b.cpu_us.values[i]);
    return result;
}

json::object to_json(contender const& c)
{
    return {{"cpu_us", c.cpu_us.to_json()},
            {"user_us", c.user_us.to_json()},
            {"per_second", c.per_second.to_json()},
            {"allocations", c.allocations_each}};
}

void print(contender const& c)
{
    std::printf("  %-20s %6.2f us CPU an exchange (%.2f to %.2f; user %.2f), %6.0f exchanges/s, %4.1f "
                "allocations each\n",
                c.name, c.cpu_us.median(), c.cpu_us.at(0), c.cpu_us.at(1), c.user_us.median(),
                c.per_second.median(), c.allocations_each);
}

void print(char const* name, series const& r)
{
    std::printf("  practicus : %-20s %.3f (%.3f to %.3f)\n", name, r.median(), r.at(0), r.at(1));
}

json::value run_comparison(loop_options const& options, settings const& with)
{
    auto const client = make_client_loop(options);
    auto const usual = make_beast_loop(options, care::usual);
    auto const check_liveness = make_beast_loop(options, care::great);
    contender ours{"practicus", client.get()};
    contender beast{"Beast", usual.get()};
    contender tuned{"Beast, tuned", check_liveness.get()};
    if (with.only == "practicus") {
        measure({&ours}, with);
        return {{"practicus", to_json(ours)}};
    }
    if (with.only == "beast") {
        measure({&beast}, with);
        return {{"beast", to_json(beast)}};
    }
    measure({&ours, &beast, &tuned}, with);

    auto const stats = client->stats();
    require(stats.connections.open <= connections, "more connections than coroutines");
    require(stats.retries == 0 && stats.connections.stale_hits == 0, "requests were sent again");
    auto const to_beast = ratio(ours, beast);
    auto const to_tuned = ratio(ours, tuned);
    if (!with.json) {
        std::printf("%s, %zu connections, %zu rounds of %zu exchanges; CPU is user and system time of the "
                    "client's thread\n",
                    options.server.tls ? "TLS" : "plain", connections, with.rounds, with.exchanges);
        for (auto const* c : {&ours, &beast, &tuned})
            print(*c);
        print(beast.name, to_beast);
        print(tuned.name, to_tuned);
    }
    auto figures = to_json(ours);
    figures["ratio_to_beast"] = to_beast.to_json();
    figures["ratio_to_beast_tuned"] = to_tuned.to_json();
    return {{"practicus", figures}, {"beast", to_json(beast)}, {"beast_tuned", to_json(tuned)}};
}

/// The memory of a connection: idle, and at most while all run.
json::value run_memory(loop_options options, settings const& with)
{
    std::size_t const many = with.smoke ? 100 : 1000;
    options.connections = many;
    auto const client = make_client_loop(options);
    auto const before = heap_in_use();
    allocations::begin();
    check_count(client->exchange({.each = 1}), many);
    // A pool opens fewer than it may, if the first are free again before the last are there.
    for (int i = 0; i == 0 || (i < 50 && client->stats().connections.open != many); ++i)
        check_count(client->exchange({.each = 2}), many * 2);
    allocations::counting = false;
    auto const idle = static_cast<double>(heap_in_use() - before) / static_cast<double>(many);
    auto const peak = static_cast<double>(allocations::peak) / static_cast<double>(many);
    require(client->stats().connections.open == many, "not all connections are open");
    if (!with.json)
        std::printf(
            "%s, %zu connections: %.1f KiB each on the heap, at most %.1f KiB of operator new in use\n",
            options.server.tls ? "TLS" : "plain", many, idle / 1024, peak / 1024);
    return {{"connections", many}, {"heap_bytes_each", idle}, {"peak_new_bytes_each", peak}};
}

/// Checks that no memory grows.
json::value run_soak(loop_options const& options, settings const& with)
{
    constexpr std::size_t slices = 10;
    auto const client = make_client_loop(options);
    auto const each = with.soak / slices / connections + 1;
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i != slices; ++i) {
        check_count(client->exchange({.each = each}), each * connections);
        sizes.push_back(resident());
    }
    auto const growth = static_cast<double>(sizes.back()) - static_cast<double>(sizes.front());
    if (!with.json)
        std::printf("%zu exchanges: %.1f MiB resident after a tenth, %.1f MiB at the end\n",
                    each * connections * slices, static_cast<double>(sizes.front()) / 1048576,
                    static_cast<double>(sizes.back()) / 1048576);
    require(growth <= 256 * 1024, "resident memory grew by " + std::to_string(growth) + " bytes");
    return {{"exchanges", each * connections * slices},
            {"first_bytes", sizes.front()},
            {"last_bytes", sizes.back()}};
}

int usage()
{
    std::fputs(
        "transport [--rounds N] [--exchanges N] [--soak N] [--json] [--smoke] [--part NAME] [--only NAME]\n\n"
        "  --rounds N     rounds of each contender (15)\n"
        "  --exchanges N  exchanges a round (32000)\n"
        "  --soak N       so many exchanges more, over which memory must not grow (0; 1000000 is a "
        "good number)\n"
        "  --json         the figures as a line of JSON: of each part, of each row of it\n"
        "  --smoke        a few hundred exchanges of each: does it work at all?\n"
        "  --part NAME    only plain, tls, memory, or none\n"
        "  --only NAME    only practicus or beast, without a comparison: for a profiler\n",
        stderr);
    return 2;
}

bool read_arguments(int argc, char** argv, settings& into)
{
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        std::size_t* const number = word == "--rounds"      ? &into.rounds
                                    : word == "--exchanges" ? &into.exchanges
                                    : word == "--soak"      ? &into.soak
                                                            : nullptr;
        std::string_view* const text = word == "--part"   ? &into.parts
                                       : word == "--only" ? &into.only
                                                          : nullptr;
        if (word == "--json")
            into.json = true;
        else if (text != nullptr && i + 1 < argc)
            *text = argv[++i];
        else if (word == "--smoke")
            into.smoke = true;
        else if (number != nullptr && i + 1 < argc) {
            auto const value = to_number<std::size_t>(argv[++i]);
            if (!value) return false;
            *number = *value;
        } else
            return false;
    }
    if (into.smoke) {
        into.rounds = 2;
        into.exchanges = 5 * connections;
        into.soak = 0;
    }
    return into.rounds != 0;
}

} // namespace

int main(int argc, char** argv)
try {
    settings with;
    if (!read_arguments(argc, argv, with)) return usage();
    raise_descriptor_limit();
    lean_server const server;
    // As long as a real one.
    std::string const bearer(300, 'a');
    loop_options const plain{server.at(false), connections, bearer};
    loop_options const tls{server.at(true), connections, bearer};

    json::object figures;
    if (with.part("plain")) figures["plain"] = run_comparison(plain, with);
    if (with.part("tls")) figures["tls"] = run_comparison(tls, with);
    if (with.part("memory"))
        figures["memory"] = {{"plain", run_memory(plain, with)}, {"tls", run_memory(tls, with)}};
    if (with.soak != 0) figures["soak"] = {{"plain", run_soak(plain, with)}};
    if (with.json) std::cout << json::serialize(figures) << '\n';
} catch (std::exception const& e) {
    std::cerr << "transport: " << e.what() << '\n';
    return 1;
}
