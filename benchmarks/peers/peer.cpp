// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "peer.hpp"

#include "../measure.hpp"
#include "../numbers.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {
namespace {

namespace json = boost::json;

constexpr char usage[] =
    "--url URL          http://127.0.0.1:PORT or https://127.0.0.1:PORT\n"
    "--ca FILE          the authority to trust, PEM\n"
    "--work NAME        exchange (default), listing, predict, load, memory, or one of the peer's own\n"
    "--connections N    at once (1)\n"
    "--seconds S        how long (1)\n"
    "--exchanges N      how many in all, instead of how long\n"
    "--rate R           calls a second that arrive, for load (1000)\n"
    "--bytes N          of a request's body, for predict (1000); its answer has a quarter\n"
    "--encoding NAME    gzip, zlib, deflate or lz4, for predict\n";

template <class Number>
Number number(std::string_view text)
{
    auto const result = to_number<Number>(text);
    if (!result) throw std::invalid_argument(std::string(text) + " is no number");
    return *result;
}

std::string content(std::string const& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::invalid_argument(path + " cannot be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

command read_command(int argc, char** argv)
{
    command c;
    for (int i = 1; i < argc; i += 2) {
        std::string_view const name = argv[i];
        if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a value");
        std::string const value = argv[i + 1];
        if (name == "--url")
            c.url = value;
        else if (name == "--ca")
            c.ca_pem = content(value);
        else if (name == "--work")
            c.work = value;
        else if (name == "--connections")
            c.connections = number<std::size_t>(value);
        else if (name == "--seconds")
            c.seconds = number<double>(value);
        else if (name == "--exchanges")
            c.exchanges = number<std::size_t>(value);
        else if (name == "--rate")
            c.rate = number<double>(value);
        else if (name == "--bytes")
            c.bytes = number<std::size_t>(value);
        else if (name == "--encoding")
            c.encoding = value;
        else
            throw std::invalid_argument("there is no option " + std::string(name));
    }
    if (c.url.empty()) throw std::invalid_argument("--url is missing");
    if (c.connections == 0) throw std::invalid_argument("--connections is zero");
    return c;
}

std::string rows_of(std::size_t bytes)
{
    std::string text = "carat,cut,colour,clarity,depth,table,x,y,z\n";
    for (std::size_t i = 0; text.size() < bytes; ++i)
        text += "0." + std::to_string(20 + i % 79) + ",Ideal,E,SI2,6" + std::to_string(i % 7) + ".5,55,3." +
                std::to_string(100 + i * 31 % 899) + ",3.98,2.43\n";
    text.resize(bytes, '0');
    return text;
}

std::size_t wanted(command const& c, std::size_t done)
{
    return c.exchanges == 0 ? done : c.much().each * c.connections;
}

json::object exchange(loop& l, command const& c)
{
    l.exchange(c.warm_up());
    stopwatch const watch;
    auto const done = l.exchange(c.much());
    auto result = watch.stop(done);
    require_all(done, wanted(c, done));
    result["open"] = l.open();
    return result;
}

json::object predict(loop& l, command const& c)
{
    prediction_work const work{rows_of(c.bytes), c.bytes / 4, c.encoding};
    l.predict(work, c.warm_up());
    stopwatch const watch;
    auto const done = l.predict(work, c.much());
    auto result = watch.stop(done);
    require_all(done, wanted(c, done));
    result["bytes"] = work.body.size() + work.answer_size;
    return result;
}

json::object list(loop& l, command const& c)
{
    auto const models = l.list(1);
    stopwatch const watch;
    auto const much = c.much();
    std::size_t times = 0, listed = 0;
    for (; much.goes_on(times); ++times)
        listed += l.list(1);
    auto result = watch.stop(times);
    require_all(listed, models * times);
    result["models"] = models;
    return result;
}

json::object load(loop& l, command const& c)
{
    arrivals const when{
        c.rate, std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(c.seconds))};
    l.exchange(c.warm_up());
    histogram latency;
    stopwatch const watch;
    l.arrive(when, latency);
    auto result = watch.stop(latency.count());
    require_all(latency.count(), when.count());
    result["rate"] = c.rate;
    result["length"] = c.seconds;
    auto& percentiles = result["latency_us"].emplace_object();
    for (auto const* const p : {"50", "90", "99", "99.9"})
        percentiles[p] = static_cast<double>(latency.percentile(number<double>(p))) / 1e3;
    percentiles["max"] = static_cast<double>(latency.max()) / 1e3;
    return result;
}

/// The memory of an idle connection.
json::object memory(peer const& subject, command const& c)
{
    auto const heap = heap_in_use(), pages = resident();
    auto const l = subject.make_loop(c.loop());
    stopwatch const watch;
    std::size_t done = 0;
    // A pool opens fewer than it may, if the first are free again before the last are there.
    for (int i = 0; i < 3 || (i < 50 && l->open() != c.connections); ++i)
        done += l->exchange({.each = 1});
    auto result = watch.stop(done);
    require_all(l->open(), c.connections);
    auto const each = [&](std::size_t now, std::size_t before) {
        return (static_cast<double>(now) - static_cast<double>(before)) / static_cast<double>(c.connections);
    };
    result["heap_each"] = each(heap_in_use(), heap);
    result["resident_each"] = each(resident(), pages);
    return result;
}

json::object measure(peer const& subject, command const& c)
{
    if (auto const own = subject.own.find(c.work); own != subject.own.end()) return own->second(c);
    if (c.work == "memory") return memory(subject, c);
    auto const l = subject.make_loop(c.loop());
    if (c.work == "exchange") return exchange(*l, c);
    if (c.work == "predict") return predict(*l, c);
    if (c.work == "listing") return list(*l, c);
    if (c.work == "load") return load(*l, c);
    throw std::invalid_argument("there is no work " + c.work);
}

} // namespace

endpoint command::server() const
{
    auto const tls = url.starts_with("https://");
    std::string const begin = tls ? "https://127.0.0.1:" : "http://127.0.0.1:";
    if (!url.starts_with(begin)) throw std::invalid_argument("the url is none of 127.0.0.1 with a port");
    return {number<std::uint16_t>(std::string_view(url).substr(begin.size())), tls, ca_pem};
}

quota command::much() const
{
    if (exchanges != 0) return {.each = (exchanges + connections - 1) / connections};
    return {.until = steady::now() +
                     std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds))};
}

/// A quarter of the time, or ten exchanges on each connection. That number does not grow with `exchanges`, so
/// the difference of two counts is free of it.
quota command::warm_up() const
{
    if (exchanges != 0) return {.each = 10};
    return {.until = steady::now() + std::chrono::duration_cast<steady::duration>(
                                         std::chrono::duration<double>(seconds / 4))};
}

/// The token is as long as a real one.
loop_options command::loop() const
{
    return {server(), connections, std::string(300, 'a')};
}

stopwatch::stopwatch()
{
    auto const now = cpu_time::of_all();
    user_ = now.user_us;
    system_ = now.system_us;
}

json::object stopwatch::stop(std::size_t exchanges) const
{
    auto const now = cpu_time::of_all();
    std::chrono::duration<double> const took = steady::now() - began_;
    return {{"exchanges", exchanges},
            {"seconds", took.count()},
            {"cpu_user", (now.user_us - user_) / 1e6},
            {"cpu_system", (now.system_us - system_) / 1e6}};
}

void require_all(std::size_t succeeded, std::size_t wanted)
{
    if (succeeded != wanted)
        throw std::runtime_error(std::to_string(succeeded) + " of " + std::to_string(wanted) + " succeeded");
}

json::object library_versions()
{
    return {{"boost", BOOST_LIB_VERSION}, {"compiler", __VERSION__}};
}

int run(peer const& subject, int argc, char** argv)
try {
    auto const c = read_command(argc, argv);
    raise_descriptor_limit();
    json::object line{{"name", subject.name},
                      {"versions", subject.versions},
                      {"work", c.work},
                      {"tls", c.url.starts_with("https")},
                      {"connections", c.connections}};
    for (auto& figure : measure(subject, c))
        line[figure.key()] = std::move(figure.value());
    std::cout << json::serialize(line) << '\n';
    return 0;
} catch (std::invalid_argument const& e) {
    std::cerr << subject.name << ": " << e.what() << "\n\n" << usage;
    return 2;
} catch (std::exception const& e) {
    std::cerr << subject.name << ": " << e.what() << '\n';
    return 1;
}

} // namespace bench
