// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The cost of a cached token, compared with the necessary minimum. That is a look-up in a hash map and a
// clock read, in a coroutine where one is used. Also the cost of waking, or cancelling, all waiters for a
// token.

#include "measure.hpp"
#include "numbers.hpp"
#include "series.hpp"

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using bench::cpu_time;
using bench::series;
using practicus::model_url;

struct settings
{
    std::size_t rounds = 15;
    std::size_t calls = 400'000;
    std::size_t models = 10'000;
    unsigned threads = 4;
    std::vector<std::size_t> waiters{1'000, 10'000, 100'000};
    bool json = false;
};

// Keeps the compiler from removing the result as unused.
std::atomic<std::uint64_t> sink{0};

/// A region with many models on a thread of its own, and a client that holds a token of each.
class region
{
public:
    explicit region(std::size_t models)
    {
        practicus::mock::prefix const prefix("models-many", "models/many");
        practicus::mock::deployment const deployment("d", "D");
        server_.region().add_demo().add_model_prefix(prefix);
        for (std::size_t i = 0; i != models; ++i) {
            auto const id = static_cast<std::int64_t>(1000 + i);
            auto const name = "model-" + std::to_string(i);
            server_.region().add(practicus::mock::model(
                id, name, prefix, {practicus::mock::version(100'000 + id, 1, deployment)}));
            urls_.push_back(client_.model_url("models/many", name));
        }
    }

    void fill()
    {
        for (auto const& url : urls_)
            asio::co_spawn(io_, client_.session_token(url), [](std::exception_ptr e, practicus::token) {
                if (e) std::rethrow_exception(e);
            });
        run();
    }

    void run()
    {
        io_.restart();
        io_.run();
    }

    asio::io_context& io() noexcept { return io_; }
    practicus::client const& client() const noexcept { return client_; }
    practicus::mock::server& server() noexcept { return server_; }
    std::vector<model_url> const& urls() const noexcept { return urls_; }

private:
    static practicus::client_options with_password()
    {
        practicus::client_options result;
        result.credentials = practicus::credentials::password("admin@company.com", "practicus");
        return result;
    }

    practicus::mock::server server_;
    asio::io_context io_;
    practicus::client client_{io_.get_executor(), server_.url(), with_password()};
    std::vector<model_url> urls_;
};

using table = std::unordered_map<std::string, std::uint64_t>;

std::uint64_t bare(table const& t, std::string const& key)
{
    auto const now = std::chrono::steady_clock::now().time_since_epoch().count();
    return t.find(key)->second + static_cast<std::uint64_t>(now);
}

asio::awaitable<int> bare_awaitable(table const& t, std::string const& key)
{
    co_return static_cast<int>(bare(t, key) & 0xff);
}

std::uint64_t weight(int value)
{
    return static_cast<std::uint64_t>(value);
}

std::uint64_t weight(practicus::token const& t)
{
    return t.empty() ? 0 : 1;
}

/// Nanoseconds of CPU that `f(i)` takes, over all calls.
template <class F>
double measure(std::size_t calls, F f)
{
    auto const begin = cpu_time::now();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i != calls; ++i)
        sum += f(i);
    sink += sum;
    return 1e3 * (cpu_time::now() - begin).total_us() / static_cast<double>(calls);
}

/// The same for coroutines.
template <class F>
double measure_awaited(asio::io_context& io, std::size_t calls, F f)
{
    double result = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            auto const begin = cpu_time::now();
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i != calls; ++i)
                sum += weight(co_await f(i));
            sink += sum;
            result = 1e3 * (cpu_time::now() - begin).total_us() / static_cast<double>(calls);
        },
        asio::detached);
    io.restart();
    io.run();
    return result;
}

json::value compare_hits(region& r, std::size_t keys, settings const& with)
{
    table t;
    for (std::size_t i = 0; i != keys; ++i)
        t.emplace(std::string(r.urls()[i].without_version()), i);
    std::vector<std::string> names;
    for (std::size_t i = 0; i != keys; ++i)
        names.emplace_back(r.urls()[i].without_version());
    auto const& client = r.client();
    // In an order that no cache line foresees.
    auto const at = [keys](std::size_t i) { return i * 7919 % keys; };
    series cached, bare_ns, ratio, awaited, bare_awaited, awaited_ratio;
    for (std::size_t round = 0; round != with.rounds; ++round) {
        auto const b = measure(with.calls, [&](std::size_t i) { return bare(t, names[at(i)]); });
        auto const c = measure(
            with.calls, [&](std::size_t i) { return weight(client.cached_session_token(r.urls()[at(i)])); });
        auto const ba = measure_awaited(r.io(), with.calls,
                                        [&](std::size_t i) { return bare_awaitable(t, names[at(i)]); });
        auto const ca =
            measure_awaited(r.io(), with.calls, [&](std::size_t i) -> asio::awaitable<practicus::token> {
                return client.session_token(r.urls()[at(i)]);
            });
        cached.add(c);
        bare_ns.add(b);
        ratio.add(c / b);
        awaited.add(ca);
        bare_awaited.add(ba);
        awaited_ratio.add(ca / ba);
    }
    if (!with.json)
        std::printf("%6zu keys: cached_session_token %5.0f ns, bare lookup and clock %5.0f ns, ratio %.2f; "
                    "co_await session_token %5.0f ns, bare awaitable %5.0f ns, ratio %.2f\n",
                    keys, cached.median(), bare_ns.median(), ratio.median(), awaited.median(),
                    bare_awaited.median(), awaited_ratio.median());
    return {{"cached_ns", cached.to_json()},
            {"bare_ns", bare_ns.to_json()},
            {"ratio", ratio.to_json()},
            {"awaited_ns", awaited.to_json()},
            {"bare_awaited_ns", bare_awaited.to_json()},
            {"awaited_ratio", awaited_ratio.to_json()}};
}

/// Hits a second of so many threads, on one key: from the first one's begin to the last one's end.
double throughput(region& r, unsigned threads, std::size_t calls)
{
    using clock = std::chrono::steady_clock;
    std::atomic<unsigned> ready{0};
    std::vector<std::thread> all;
    std::vector<clock::time_point> begun(threads), ended(threads);
    for (unsigned n = 0; n != threads; ++n)
        all.emplace_back([&, n] {
            auto const& url = r.urls().front();
            // So that the thread has it in its stripe.
            sink += weight(r.client().cached_session_token(url));
            ++ready;
            while (ready != threads)
                std::this_thread::yield();
            begun[n] = clock::now();
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i != calls; ++i)
                sum += weight(r.client().cached_session_token(url));
            ended[n] = clock::now();
            sink += sum;
        });
    for (auto& t : all)
        t.join();
    std::chrono::duration<double> const took =
        *std::max_element(ended.begin(), ended.end()) - *std::min_element(begun.begin(), begun.end());
    return threads * static_cast<double>(calls) / took.count();
}

/// On one key, which shows any contention between threads.
json::object compare_threads(region& r, settings const& with)
{
    json::object result;
    series one;
    for (unsigned threads = 1; threads <= with.threads; ++threads) {
        series rates, ratios;
        for (std::size_t round = 0; round != with.rounds; ++round) {
            rates.add(throughput(r, threads, with.calls));
            if (threads == 1) one.add(rates.values.back());
            ratios.add(rates.values.back() / one.values[round]);
        }
        auto const name = std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        if (!with.json)
            std::printf("%s on one key: %6.2f million hits a second, %.2f times those of one%s\n",
                        name.c_str(), rates.median() / 1e6, ratios.median(),
                        threads > std::thread::hardware_concurrency() ? " (there are fewer processors)" : "");
        result[name] = {{"per_second", rates.to_json()}, {"ratio_to_one", ratios.to_json()}};
    }
    return result;
}

/// Callers wait for one token that the region holds back; then they are woken or cancelled.
json::value wake_or_cancel(std::size_t waiters, bool cancel, settings const& with)
{
    region r(0);
    practicus::mock::gate gate;
    r.server().expect("GET", "/console/api/modelhost/model-auth/").hold(gate);
    model_url const url = r.client().model_url("models/practicus", "diamond-price");
    std::deque<asio::cancellation_signal> signals(waiters);
    std::size_t ended = 0;
    for (auto& s : signals)
        asio::co_spawn(r.io(), r.client().session_token(url),
                       asio::bind_cancellation_slot(
                           s.slot(), [&](std::exception_ptr, practicus::token const&) { ++ended; }));
    while (gate.waiting() == 0)
        r.io().poll();
    r.io().poll();
    if (!cancel) gate.open();
    auto const begin = cpu_time::now();
    if (cancel)
        for (auto& s : signals)
            s.emit(asio::cancellation_type::terminal);
    while (ended != waiters) {
        r.io().restart();
        r.io().poll();
    }
    auto const took = (cpu_time::now() - begin).total_us();
    auto const each = took / static_cast<double>(waiters);
    if (!with.json)
        std::printf("%s %6zu waiters: %7.2f ms, %.2f us each\n", cancel ? "cancelling" : "waking    ",
                    waiters, took / 1e3, each);
    if (cancel) gate.open();
    r.run();
    return {{"ms", took / 1e3}, {"us_each", each}};
}

bool read_arguments(int argc, char** argv, settings& into)
{
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        if (word == "--smoke") {
            into.rounds = 1;
            into.calls = 1000;
            into.models = 100;
            into.waiters = {100};
        } else if (word == "--quick") {
            into.rounds = 3;
            into.calls = 100'000;
            into.models = 1000;
            into.waiters = {1'000, 10'000};
        } else if (word == "--json") {
            into.json = true;
        } else if (word == "--rounds" && i + 1 < argc) {
            into.rounds = bench::to_number<std::size_t>(argv[++i]).value_or(0);
        } else {
            return false;
        }
    }
    return into.rounds != 0;
}

} // namespace

int main(int argc, char** argv)
try {
    settings with;
    if (!read_arguments(argc, argv, with)) {
        std::cerr << "tokens [--smoke | --quick] [--rounds N] [--json]\n";
        return 2;
    }
    json::object hits, threads, waking, cancelling;
    {
        region r(with.models);
        r.fill();
        for (auto const keys : {std::size_t(1), std::size_t(100), std::size_t(10'000)})
            if (keys <= with.models)
                hits[std::to_string(keys) + (keys == 1 ? " key" : " keys")] = compare_hits(r, keys, with);
        threads = compare_threads(r, with);
    }
    for (bool const cancel : {false, true})
        for (auto const n : with.waiters)
            (cancel ? cancelling : waking)[std::to_string(n) + " waiters"] = wake_or_cancel(n, cancel, with);
    json::object const figures{
        {"hits", hits}, {"hits on one key", threads}, {"waking", waking}, {"cancelling", cancelling}};
    if (with.json) std::cout << json::serialize(figures) << '\n';
} catch (std::exception const& e) {
    std::cerr << "tokens: " << e.what() << '\n';
    return 1;
}
