// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The store alone, against a server that we did not write; `redis-cli` says what the server has.

#include "forked.hpp"
#include "redis/redis_server.hpp"

#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/mock/certificate.hpp>
#include <practicus/redis_token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using practicus::errc;
using practicus::error;
using practicus::redis_token_store;
using practicus::redis_token_store_options;
using practicus::secret;
using practicus::token_store;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

using lock_ptr = std::unique_ptr<token_store::lock>;

template <class T>
T run(asio::awaitable<T> operation)
{
    asio::io_context io;
    std::exception_ptr failed;
    std::conditional_t<std::is_void_v<T>, int, T> result{};
    auto const ended = [&](std::exception_ptr const& e, auto&&... value) {
        failed = e;
        ((result = std::forward<decltype(value)>(value)), ...);
    };
    asio::co_spawn(io, std::move(operation), ended);
    io.run();
    if (failed) std::rethrow_exception(failed);
    if constexpr (!std::is_void_v<T>) return result;
}

template <class F>
practicus::error_info refused(F f)
{
    try {
        f();
    } catch (error const& e) {
        return e.info();
    }
    FAIL("nothing was thrown");
    return {};
}

redis_token_store_options at(std::string const& url)
{
    redis_token_store_options options;
    options.url = secret(url);
    return options;
}

/// Calls for a limited time until it does not throw this.
template <class F>
auto until_it_works(errc passing, F f)
{
    auto const end = std::chrono::steady_clock::now() + 1min;
    while (true) {
        try {
            return f();
        } catch (error const& e) {
            if (e.code() != passing || std::chrono::steady_clock::now() >= end) throw;
        }
        std::this_thread::yield();
    }
}

secret record(std::chrono::milliseconds lifetime, char const* refresh = "")
{
    practicus::detail::store_record v;
    v.value = practicus::token(secret("a-token"));
    v.issued_at = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    v.lifetime = lifetime;
    v.refresh = practicus::token(secret(refresh));
    return practicus::detail::write_stored(v);
}

std::string file_with(temporary_folder const& in, char const* name, std::string const& text)
{
    auto const path = (in.path / name).string();
    std::ofstream(path) << text;
    return path;
}

} // namespace

TEST_CASE("redis: a value is saved, replaced and removed; its key has no name")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    CHECK(run(store.load("session token of admin")).empty());
    std::string const binary("a\0b\r\n", 5);
    run(store.save("session token of admin", secret(binary)));
    CHECK(run(store.load("session token of admin")) == secret(binary));
    CHECK(server.key() == "practicus:" + practicus::detail::sha256_hex("session token of admin"));
    run(store.save("session token of admin", secret("next")));
    redis_token_store other(at(server.url()));
    CHECK(run(other.load("session token of admin")) == secret("next"));
    std::string const large(1 << 20, 'x');
    run(other.save("large", secret(large)));
    CHECK(run(store.load("large")) == secret(large));
    CHECK(refused([&] { run(store.save("larger", secret(large + 'x'))); }).code == errc::file_error);
    run(store.remove("session token of admin"));
    run(store.remove("session token of admin"));
    CHECK(run(other.load("session token of admin")).empty());
}

TEST_CASE("redis: a value ends with its token, or with the refresh token of its login")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    auto const left = [&] { return std::stoll(server.cli("pttl " + server.key())); };
    run(store.save("k", record(1h)));
    CHECK(left() <= 3'600'000);
    CHECK(left() > 3'000'000);
    run(store.save("k", record(1h, "opaque")));
    CHECK(left() > 29LL * 24 * 3'600'000);
    // Past its life.
    run(store.save("k", record(0ms)));
    CHECK(server.key().empty());
    run(store.save("k", secret("no record")));
    CHECK(left() <= 30LL * 24 * 3'600'000);
    CHECK(left() > 29LL * 24 * 3'600'000);
}

TEST_CASE("redis: a prefix and a database separate stores")
{
    redis_server server;
    auto options = at(server.url() + "/3");
    redis_token_store third(options);
    run(third.save("k", secret("third")));
    options.key_prefix = "other:";
    redis_token_store other(options), first(at(server.url()));
    CHECK(run(other.load("k")).empty());
    CHECK(run(first.load("k")).empty());
    CHECK(server.cli("-n 3 get practicus:" + practicus::detail::sha256_hex("k")) == "third");
}

TEST_CASE("redis: an encrypted value opens with its key and under its name only")
{
    redis_server server;
    auto options = at(server.url());
    options.encryption_key = secret(std::string(32, 'k'));
    redis_token_store store(options);
    run(store.save("k", secret("my token")));
    CHECK(run(store.load("k")) == secret("my token"));
    auto const first = server.cli("get " + server.key());
    CHECK(first.find("token") == first.npos);
    run(store.save("k", secret("my token")));
    CHECK(server.cli("get " + server.key()) != first);

    redis_token_store const plain(at(server.url()));
    auto reading = at(server.url());
    redis_token_store without(reading);
    CHECK_THAT(refused([&] { run(without.load("k")); }).message, ContainsSubstring("is encrypted"));
    auto const before = server.cli("get " + server.key());
    CHECK_THAT(refused([&] { run(without.save("k", secret("my token"))); }).message,
               ContainsSubstring("encryption_key is empty"));
    CHECK(server.cli("get " + server.key()) == before);
    options.encryption_key = secret(std::string(32, 'l'));
    redis_token_store otherwise(options);
    CHECK_THAT(refused([&] { run(otherwise.load("k")); }).message, ContainsSubstring("cannot be decrypted"));

    auto const moved = "practicus:" + practicus::detail::sha256_hex("j");
    CHECK(server.cli("rename " + server.key() + ' ' + moved) == "OK");
    CHECK_THAT(refused([&] { run(store.load("j")); }).message, ContainsSubstring("cannot be decrypted"));
    // It is replaced.
    run(store.save("j", secret("next")));
    CHECK(run(store.load("j")) == secret("next"));
    for (auto const* const garbage : {"x", "practicus:aes256gcm:", "practicus:aes256gcm:0123456789ab"}) {
        server.cli("set " + moved + ' ' + garbage);
        CHECK(refused([&] { run(store.load("j")); }).code == errc::file_error);
    }
}

TEST_CASE("redis: an ACL user with a password needs five commands; a refusal quotes nothing")
{
    redis_server server({"user default off",
                         "user sharing on >p%40ss ~practicus:* +get +set +del +eval +select",
                         "user reading on >reads ~practicus:* +get"});
    redis_token_store store(at(server.url("sharing:p%2540ss@") + "/1"));
    run(store.save("k", secret("v")));
    CHECK(run(store.load("k")) == secret("v"));
    run(store.acquire("k")).reset();
    run(store.acquire("k")).reset();
    run(store.remove("k"));

    auto options = at(server.url());
    options.user = "reading";
    options.password = secret("reads");
    redis_token_store reading(options);
    CHECK(run(reading.load("k")).empty());
    auto const failed = refused([&] { run(reading.save("k", secret("my-token"))); });
    CHECK_THAT(failed.message, ContainsSubstring("SET was refused: NOPERM"));
    CHECK(failed.message.find("my-token") == std::string::npos);
    // The connection is still good.
    CHECK(run(reading.load("k")).empty());

    redis_token_store wrong(at(server.url("sharing:guess@")));
    CHECK_THAT(refused([&] { run(wrong.load("k")); }).message,
               ContainsSubstring("AUTH was refused: WRONGPASS"));
    redis_token_store anonymous(at(server.url()));
    CHECK_THAT(refused([&] { run(anonymous.load("k")); }).message,
               ContainsSubstring("GET was refused: NOAUTH"));
}

TEST_CASE("redis: TLS verifies the server's name, and can show a certificate")
{
    temporary_folder folder;
    practicus::mock::certificate_options elsewhere;
    elsewhere.names = "DNS:elsewhere.company.com";
    practicus::mock::certificate_authority const authority;
    bool const is_other = GENERATE(false, true);
    auto const made = is_other ? authority.issue(elsewhere) : authority.issue();
    auto const cert = file_with(folder, "cert.pem", made.pem());
    auto const key = file_with(folder, "key.pem", made.key_pem());
    auto const ca = file_with(folder, "ca.pem", authority.pem());
    std::vector<std::string> const lines{"tls-cert-file " + cert, "tls-key-file " + key,
                                         "tls-ca-cert-file " + ca};
    redis_server const server(lines, true);
    auto options = at(server.url());
    options.tls.ca_file = ca;
    redis_token_store anonymous(options);
    options.tls.certificate_file = cert;
    options.tls.key_file = key;
    redis_token_store store(options);
    if (is_other) {
        CHECK(refused([&] { run(store.load("k")); }).code == errc::certificate_host_mismatch);
        return;
    }
    run(store.save("k", secret("v")));
    CHECK(run(store.load("k")) == secret("v"));
    std::string const large(1 << 20, 'x');
    run(store.save("large", secret(large)));
    CHECK(run(store.load("large")) == secret(large));
    // The server asks for a certificate.
    CHECK(practicus::is_retryable(refused([&] { run(anonymous.load("k")); }).code));
    redis_token_store untrusting(at(server.url()));
    CHECK(refused([&] { run(untrusting.load("k")); }).code == errc::certificate_untrusted);
    auto const plain = "redis" + server.url().substr(6);
    CHECK(refused([&] { run(redis_token_store(at(plain)).load("k")); }).code != errc::deadline_exceeded);
}

TEST_CASE("redis: an option that cannot be used is named, and not quoted")
{
    auto const named = [](auto set) {
        auto options = at("redis://127.0.0.1");
        set(options);
        auto const failed = refused([&] { redis_token_store const store(options); });
        CHECK(failed.code == errc::invalid_argument);
        CHECK(failed.message.find("pass") == failed.message.find("password"));
        return failed.message;
    };
    for (auto const* const url :
         {"", "127.0.0.1", "http://h", "redis://", "redis://user:pass@", "redis://h:x", "redis://h:70000",
          "redis://h/x", "redis://h/-1", "redis://h/1/2", "redis://user:pass%@h", "redis://us er:pass@h"}) {
        INFO(url);
        CHECK_THAT(named([&](auto& o) { o.url = secret(url); }), ContainsSubstring("options::url"));
    }
    CHECK_THAT(named([](auto& o) { o.user = "u"; }), ContainsSubstring("password"));
    CHECK_THAT(named([](auto& o) {
                   o.url = secret("redis://:p@h");
                   o.password = secret("p");
               }),
               ContainsSubstring("options::password"));
    CHECK_THAT(named([](auto& o) { o.key_prefix = "a b"; }), ContainsSubstring("key_prefix"));
    CHECK_THAT(named([](auto& o) { o.encryption_key = secret("short"); }),
               ContainsSubstring("encryption_key"));
    CHECK_THAT(named([](auto& o) { o.connect_timeout = 0ms; }), ContainsSubstring("connect_timeout"));
    CHECK_THAT(named([](auto& o) { o.command_timeout = -1ms; }), ContainsSubstring("command_timeout"));
    CHECK_THAT(named([](auto& o) { o.lock_life = 0ms; }), ContainsSubstring("lock_life"));
    CHECK_THAT(named([](auto& o) { o.tls.ca_file = "ca.pem"; }), ContainsSubstring("rediss://"));
    auto options = at("rediss://127.0.0.1");
    options.tls.ca_file = "/nowhere/ca.pem";
    CHECK_THAT(refused([&] { redis_token_store const store(options); }).message,
               ContainsSubstring("redis_token_store_options::tls.ca_file"));
}

TEST_CASE("redis: a lock is for one, ends with its holder, and is not taken from another")
{
    redis_server server;
    redis_token_store one(at(server.url())), two(at(server.url()));
    auto held = run(one.acquire("k"));
    auto const lock = server.key();
    CHECK(lock == "practicus:" + practicus::detail::sha256_hex("k") + ":lock");
    auto const left = std::stoll(server.cli("pttl " + lock));
    CHECK(left > 0);
    CHECK(left <= 10'000);

    asio::io_context io;
    lock_ptr next;
    bool done = false;
    asio::co_spawn(io, two.acquire("k"), [&](std::exception_ptr e, lock_ptr taken) {
        done = !e;
        next = std::move(taken);
    });
    for (int i = 0; i != 100; ++i)
        io.poll();
    CHECK_FALSE(done);
    held.reset();
    io.run();
    CHECK(done);

    // The life of the second one is over, and another has it now.
    CHECK(server.cli("set " + lock + " other") == "OK");
    next.reset();
    run(two.load("k"));
    CHECK(server.cli("get " + lock) == "other");
}

TEST_CASE("redis: a cancelled wait for a lock, and a store that is destroyed, leave no lock")
{
    redis_server server;
    {
        redis_token_store store(at(server.url()));
        run(store.load("k"));
        asio::io_context io;
        for (bool const polls : {false, true}) {
            asio::cancellation_signal cancel;
            bool ended = false;
            auto const end = [&](std::exception_ptr, lock_ptr) { ended = true; };
            server.send(SIGSTOP);
            io.restart();
            asio::co_spawn(io, store.acquire("k"), asio::bind_cancellation_slot(cancel.slot(), end));
            if (polls) io.poll();
            cancel.emit(asio::cancellation_type::terminal);
            server.send(SIGCONT);
            io.run();
            CHECK(ended);
            run(store.load("k"));
            CHECK(server.key().empty());
        }
        auto const held = run(store.acquire("k"));
        CHECK_FALSE(server.key().empty());
    }
    CHECK(server.key().empty());
}

// Is started by the test below.
TEST_CASE("redis: the holder of a lock", "[.child]")
{
    auto const* const url = std::getenv("PRACTICUS_TEST_STORE");
    if (url == nullptr) return;
    auto options = at(url);
    options.lock_life = 500ms;
    redis_token_store store(options);
    auto const held = run(store.acquire("k"));
    ::raise(SIGKILL);
}

TEST_CASE("redis: the lock of a killed process ends with its life")
{
    redis_server server;
    auto const child = start_test("redis: the holder of a lock", {"PRACTICUS_TEST_STORE=" + server.url()});
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    redis_token_store store(at(server.url()));
    auto const held = run(store.acquire("k"));
    CHECK(std::stoll(server.cli("pttl " + server.key())) > 500);
}

TEST_CASE("redis: a store that is down fails at once after the first failure, and is tried again later")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    run(store.save("k", secret("v")));
    server.stop();
    CHECK_THAT(refused([&] { run(store.load("k")); }).message,
               ContainsSubstring("the token store 127.0.0.1:" + std::to_string(server.port)));
    for (int i = 0; i != 100; ++i)
        CHECK(refused([&] { run(store.load("k")); }).code == errc::connect_failed);
    server.start();
    server.wait_until_loaded();
    CHECK(until_it_works(errc::connect_failed, [&] { return run(store.load("k")); }) == secret("v"));
    // An idle connection that a restart has closed is noticed before it is used.
    server.stop();
    server.start();
    server.wait_until_loaded();
    CHECK(run(store.load("k")) == secret("v"));
}

TEST_CASE("redis: a silent server costs the time limit once, and no connection more during the pause")
{
    silent_server const silent;
    auto options = at("redis://127.0.0.1:" + std::to_string(silent.port));
    options.command_timeout = 50ms;
    redis_token_store store(options);
    CHECK(refused([&] { run(store.load("k")); }).code == errc::stalled);
    for (int i = 0; i != 20; ++i)
        CHECK(refused([&] { run(store.save("k", secret("v"))); }).code == errc::stalled);
    silent.do_not_block();
    CHECK(silent.accepted() <= 2);
}

TEST_CASE("redis: a server that hangs blocks no context")
{
    redis_server server;
    auto options = at(server.url());
    options.command_timeout = 1min;
    redis_token_store store(options);
    run(store.save("k", secret("v")));
    server.send(SIGSTOP);
    asio::io_context io;
    std::optional<secret> loaded;
    asio::co_spawn(io, store.load("k"), [&](std::exception_ptr, secret value) { loaded = value; });
    io.poll();
    CHECK_FALSE(loaded);
    server.send(SIGCONT);
    io.run();
    CHECK(loaded == secret("v"));
}

TEST_CASE("redis: a command on a connection that was lost is sent once more")
{
    scripted_server const server({"+OK\r\n", "", "$1\r\nv\r\n", "", ""});
    redis_token_store store(at("redis://127.0.0.1:" + std::to_string(server.port)));
    run(store.save("k", secret("v")));
    CHECK(run(store.load("k")) == secret("v"));
    CHECK(refused([&] { run(store.load("k")); }).code == errc::connection_lost);
    // Without a new connection during the pause.
    CHECK(refused([&] { run(store.load("k")); }).code == errc::connection_lost);
}

TEST_CASE("redis: a lock that is taken twice by the same holder is taken")
{
    redis_server const server;
    auto const take = [&](std::string const& value) {
        return server.cli("eval \"" + std::string(practicus::detail::redis_acquire) + "\" 1 lock " + value +
                          " 60000");
    };
    CHECK(take("one") == "OK");
    CHECK(take("one") == "OK");
    CHECK(take("two").empty());
}

TEST_CASE("redis: an idle connection is probed after a minute")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    run(store.load("k"));
    std::ifstream table("/proc/self/net/tcp");
    int found = 0;
    for (std::string line, word; std::getline(table, line);) {
        std::istringstream words(line);
        std::vector<std::string> columns;
        while (words >> word)
            columns.push_back(word);
        // The client's end, if it is connected.
        if (columns[3] != "01" || std::stoi(columns[2].substr(9), nullptr, 16) != server.port) continue;
        ++found;
        // A timer for probes, in hundredths of a second.
        CHECK(columns[5].starts_with("02:"));
        CHECK(std::stol(columns[5].substr(3), nullptr, 16) <= 6000);
    }
    CHECK(found == 1);
}

TEST_CASE("redis: a lock whose response was lost is released after the next connect")
{
    redis_server server;
    auto options = at(server.url());
    options.command_timeout = 100ms;
    options.lock_life = 1min;
    redis_token_store store(options);
    until_it_works(errc::stalled, [&] { return run(store.load("other")); });
    server.send(SIGSTOP);
    CHECK(refused([&] { run(store.acquire("k")); }).code == errc::stalled);
    server.send(SIGCONT);
    auto const end = std::chrono::steady_clock::now() + 30s;
    while (server.key().empty() && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    CHECK_FALSE(server.key().empty());
    until_it_works(errc::stalled, [&] { return run(store.load("other")); });
    CHECK(server.key().empty());
}

TEST_CASE("redis: a server that became a replica is left")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    run(store.save("k", secret("v")));
    REQUIRE(server.cli("replicaof 127.0.0.1 1") == "OK");
    CHECK_THAT(refused([&] { run(store.save("k", secret("next"))); }).message,
               ContainsSubstring("SET was refused: READONLY"));
    // The only one left is `redis-cli`.
    auto const end = std::chrono::steady_clock::now() + 30s;
    auto const clients = [&] { return server.cli("client list type normal"); };
    auto all = clients();
    for (; all.find('\n') != all.npos && std::chrono::steady_clock::now() < end; all = clients()) {
    }
    CHECK(all.find('\n') == all.npos);
    REQUIRE(server.cli("replicaof no one") == "OK");
    until_it_works(errc::server_error, [&] { run(store.save("k", secret("next"))); });
    CHECK(run(store.load("k")) == secret("next"));
}

TEST_CASE("redis: calls that were cancelled are not executed, except for those that write")
{
    redis_server server;
    auto options = at(server.url());
    options.command_timeout = 1min;
    redis_token_store store(options);
    run(store.load("k"));
    server.send(SIGSTOP);
    asio::io_context io;
    asio::co_spawn(io, store.load("k"), [](std::exception_ptr, secret) {});
    asio::cancellation_signal loading, saving, locking;
    int cancelled = 0;
    auto const end = [&](std::exception_ptr e, auto&&...) { cancelled += e != nullptr; };
    asio::co_spawn(io, store.load("k"), asio::bind_cancellation_slot(loading.slot(), end));
    asio::co_spawn(io, store.save("k", secret("v")), asio::bind_cancellation_slot(saving.slot(), end));
    asio::co_spawn(io, store.acquire("k"), asio::bind_cancellation_slot(locking.slot(), end));
    io.poll();
    for (auto* const one : {&loading, &saving, &locking})
        one->emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(cancelled == 3);
    server.send(SIGCONT);
    io.run();
    CHECK(run(store.load("k")) == secret("v"));
    auto const done = server.cli("info commandstats");
    CHECK_THAT(done, ContainsSubstring("cmdstat_get:calls=3,"));
    CHECK_THAT(done, ContainsSubstring("cmdstat_set:calls=1,"));
    CHECK(done.find("cmdstat_eval") == done.npos);
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) // which keep memory of their own

namespace {

/// Returns the number of runs of at least 512 such bytes in this process's memory.
int runs_in_memory(char wanted)
{
    std::ifstream maps("/proc/self/maps"), memory("/proc/self/mem", std::ios::binary);
    std::vector<char> piece(1 << 16);
    int found = 0;
    for (std::string line; std::getline(maps, line);) {
        if (line.find(" rw-p ") == line.npos) continue;
        auto const dash = line.find('-');
        auto const last = std::stoull(line.substr(dash + 1), nullptr, 16);
        int run = 0;
        for (auto at = std::stoull(line.substr(0, dash), nullptr, 16); at < last; at += piece.size()) {
            memory.clear();
            memory.seekg(static_cast<std::streamoff>(at));
            memory.read(piece.data(),
                        static_cast<std::streamsize>(std::min<std::size_t>(piece.size(), last - at)));
            for (std::streamsize i = 0; i != memory.gcount(); ++i) {
                run = piece[static_cast<std::size_t>(i)] == wanted ? run + 1 : 0;
                found += run == 512;
            }
            std::fill(piece.begin(), piece.end(), '\0');
        }
    }
    return found;
}

} // namespace

TEST_CASE("redis: nothing of a value is left in memory once it was destroyed")
{
    redis_server server;
    redis_token_store store(at(server.url()));
    auto const key = "practicus:" + practicus::detail::sha256_hex("k");
    // The text is of the server alone.
    server.cli("eval \"redis.call('set', KEYS[1], string.rep(string.char(167), 5000))\" 1 " + key);
    auto value = run(store.load("k"));
    CHECK(value.size() == 5000);
    CHECK(runs_in_memory('\xa7') == 1);
    value = {};
    CHECK(runs_in_memory('\xa7') == 0);
}

#endif

TEST_CASE("redis: a context, and a store, may be destroyed during a call")
{
    redis_server server;
    auto store = std::make_unique<redis_token_store>(at(server.url()));
    run(store->save("k", secret("v")));
    server.send(SIGSTOP);
    {
        asio::io_context io;
        asio::co_spawn(io, store->load("k"), [](std::exception_ptr, secret) {});
        io.poll();
    }
    asio::io_context io;
    std::exception_ptr failed;
    asio::co_spawn(io, store->load("k"), [&](std::exception_ptr e, secret) { failed = e; });
    io.poll();
    server.send(SIGCONT);
    store.reset();
    io.run();
}

TEST_CASE("redis: a call may outlive its store")
{
    redis_server server;
    auto options = at(server.url());
    options.encryption_key = secret(std::string(32, 'k'));
    auto store = std::make_unique<redis_token_store>(options);
    run(store->save("k", secret("v")));
    auto const held = run(store->acquire("k"));
    server.send(SIGSTOP);
    asio::io_context io;
    std::exception_ptr lost, unlocked;
    secret loaded;
    asio::co_spawn(io, store->load("k"), [&](std::exception_ptr e, secret v) {
        lost = e;
        loaded = std::move(v);
    });
    asio::co_spawn(io, store->acquire("k"), [&](std::exception_ptr e, lock_ptr) { unlocked = e; });
    io.poll();
    auto later = store->load("k");
    server.send(SIGCONT);
    store.reset();
    io.run();
    // The thread may have begun it, or not.
    if (lost) CHECK(refused([&] { std::rethrow_exception(lost); }).code == errc::client_closed);
    if (!lost) CHECK(loaded == secret("v"));
    REQUIRE(unlocked);
    CHECK(refused([&] { std::rethrow_exception(unlocked); }).code == errc::client_closed);
    CHECK(refused([&] { run(std::move(later)); }).code == errc::client_closed);
}

TEST_CASE("redis: a forked child destroys its copy of a store, and can use one that was not used before")
{
    redis_server server;
    redis_token_store used(at(server.url())), fresh(at(server.url()));
    auto held = run(used.acquire("k"));
    auto const status = run_forked([&] {
        held.reset();
        bool refused = false;
        try {
            run(used.load("k"));
        } catch (error const& e) {
            refused = e.code() == errc::client_closed;
        }
        used.~redis_token_store();
#if !defined(__SANITIZE_THREAD__) // which allows no thread in such a child
        run(fresh.save("child", secret("v")));
#endif
        fresh.~redis_token_store();
        ::_exit(refused ? 0 : 1);
    });
    CHECK(status == 0);
#if !defined(__SANITIZE_THREAD__)
    CHECK(run(used.load("child")) == secret("v"));
    CHECK(run(fresh.load("child")) == secret("v"));
#endif
    CHECK(server.cli("exists practicus:" + practicus::detail::sha256_hex("k") + ":lock") == "1");
}
