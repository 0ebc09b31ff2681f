// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Clients of many processes that share a Redis server. Each client stands for a worker: it has a store, and
// so a connection and a thread, of its own.

#include "forked.hpp"
#include "integration/fixture.hpp"
#include "redis/redis_server.hpp"

#include <practicus/redis_token_store.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using practicus::client_options;
using practicus::redis_token_store;
using practicus::redis_token_store_options;
using practicus::secret;
using practicus::token;
using namespace std::chrono_literals;

namespace {

/// Slow machines are no matter of these tests.
redis_token_store_options patient(std::string const& url)
{
    redis_token_store_options options;
    options.url = secret(url);
    options.connect_timeout = 1min;
    options.command_timeout = 1min;
    options.lock_life = 1min;
    return options;
}

client_options worker(std::string const& store)
{
    return options_with([&](auto& o) {
        o.credentials = fixture::password();
        o.store = std::make_shared<redis_token_store>(patient(store));
        o.timeouts.operation = 5min;
    });
}

/// Two pipes: the parent reads a byte of each child that is ready, and closes its end of the other one to let
/// all of them go on.
struct gate
{
    gate()
    {
        REQUIRE(::pipe(ready.data()) == 0);
        REQUIRE(::pipe(go.data()) == 0);
    }

    std::string text() const
    {
        std::string result = "PRACTICUS_TEST_GATE=";
        for (int const one : {ready[0], ready[1], go[0], go[1]})
            result += std::to_string(one) + ' ';
        return result;
    }

    /// In a child, of its environment.
    static void pass(std::string const& text)
    {
        std::array<int, 4> ends{};
        std::size_t at = 0;
        for (auto& one : ends) {
            std::size_t used = 0;
            one = std::stoi(text.substr(at), &used);
            at += used;
        }
        ::close(ends[3]);
        char byte = 0;
        if (::write(ends[1], &byte, 1) != 1) ::_exit(1);
        ::close(ends[1]);
        (void)!::read(ends[2], &byte, 1);
    }

    /// Returns false if a child has died.
    bool wait_for(int children)
    {
        ::close(ready[1]);
        char byte = 0;
        int count = 0;
        while (count != children && ::read(ready[0], &byte, 1) == 1)
            ++count;
        return count == children;
    }

    void open() { ::close(go[1]); }

    std::array<int, 2> ready{}, go{};
};

void allow_many_files()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// A client whose failures of the store are counted.
struct sharing : fixture
{
    practicus::client one(client_options options)
    {
        options.observer = [this](practicus::event const& e) {
            if (auto const* const failed = std::get_if<practicus::events::store_failed>(&e))
                failures.push_back(std::string(failed->message));
        };
        return client(std::move(options));
    }

    std::uint64_t logins() const { return server.count("POST auth/"); }
    std::uint64_t refreshes() const { return server.count("POST auth/refresh/"); }

    std::vector<std::string> failures;
};

} // namespace

// Is started by the tests below.
TEST_CASE("redis: some workers of many", "[.child]")
{
    auto const* const url = std::getenv("PRACTICUS_TEST_URL");
    auto const* const store = std::getenv("PRACTICUS_TEST_STORE");
    auto const* const count = std::getenv("PRACTICUS_TEST_COUNT");
    auto const* const phases = std::getenv("PRACTICUS_TEST_GATE");
    if (url == nullptr || store == nullptr || count == nullptr || phases == nullptr) return;
    allow_many_files();
    asio::io_context io;
    std::vector<practicus::client> all;
    for (int i = 0; i != std::atoi(count); ++i)
        all.emplace_back(io.get_executor(), url, worker(store));
    auto const model = std::string(url) + "/models/practicus/diamond-price/";
    int const most = static_cast<int>(all.size());
    std::vector<token> got;
    for (auto const& c : all)
        asio::co_spawn(io, c.session_token(model), [&](std::exception_ptr e, token t) {
            if (!e) got.push_back(t);
        });
    io.run();
    CHECK(static_cast<int>(got.size()) == most);
    gate::pass(phases);
    ends renewed, fetched;
    io.restart();
    for (auto const& c : all)
        asio::co_spawn(io, c.cluster_info(), renewed.handler());
    io.run();
    CHECK(renewed.served == most);
    io.restart();
    for (auto& c : all) {
        CHECK(c.invalidate_session_token(model, got.at(0)));
        asio::co_spawn(io, c.session_token(model), fetched.handler());
    }
    io.run();
    CHECK(fetched.served == most);
}

namespace {

/// All of them start cold, then renew what the region has revoked.
void run_workers(int processes, int workers)
{
    allow_many_files();
    redis_server redis;
    fixture f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    gate phases;
    std::vector<pid_t> children;
    for (int i = 0; i != processes; ++i)
        children.push_back(
            start_test("redis: some workers of many",
                       {"PRACTICUS_TEST_URL=" + f.server.url(), "PRACTICUS_TEST_STORE=" + redis.url(),
                        "PRACTICUS_TEST_COUNT=" + std::to_string(workers), phases.text()}));
    CHECK(phases.wait_for(processes));
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("GET model-meta") == 1);
    CHECK(f.server.count("GET modelhost/model-auth/") == 1);
    f.server.region().revoke(practicus::mock::token_type::access);
    phases.open();
    int failed = 0;
    for (auto const child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        failed += status != 0;
    }
    CHECK(failed == 0);
    CHECK(f.server.count("POST auth/refresh/") == 1);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("GET model-meta") == 1);
    CHECK(f.server.count("GET modelhost/model-auth/") == 2);
}

} // namespace

TEST_CASE("redis: workers of two processes log in once, fetch each token once and renew once")
{
    run_workers(2, 1);
    run_workers(2, 20);
}

TEST_CASE("redis: a thousand workers log in once, fetch each token once and renew once", "[.soak]")
{
    run_workers(10, 100);
}

TEST_CASE("redis: a lock of a killed worker delays another by its life")
{
    redis_server redis;
    sharing f;
    f.run(f.one(worker(redis.url())).cluster_info());
    auto const login = redis.key();
    REQUIRE(login.starts_with("practicus:"));
    REQUIRE(login.find('\n') == login.npos);
    f.server.region().revoke(practicus::mock::token_type::access);
    auto const begin = std::chrono::steady_clock::now();
    REQUIRE(redis.cli("set " + login + ":lock killed px 700") == "OK");
    f.run(f.one(worker(redis.url())).cluster_info());
    // The server's clock has milliseconds, and its own rounding.
    CHECK(std::chrono::steady_clock::now() - begin >= 690ms);
    CHECK(redis.cli("exists " + login + ":lock") == "0");
    CHECK(f.refreshes() == 1);
    CHECK(f.failures.empty());
}

TEST_CASE("redis: a client goes on without a store that is down, is told, and shares again after a restart")
{
    redis_server redis;
    sharing f;
    auto const first = f.run(f.one(worker(redis.url())).session_token(f.model()));
    redis.stop();
    auto alone = f.one(worker(redis.url()));
    CHECK(f.run(alone.session_token(f.model())) != first);
    CHECK(f.logins() == 2);
    REQUIRE_FALSE(f.failures.empty());
    for (auto const& text : f.failures)
        CHECK(text.starts_with("the token store 127.0.0.1:"));
    f.failures.clear();
    redis.start();
    redis.wait_until_loaded();
    // It kept what it had.
    CHECK(f.run(f.one(worker(redis.url())).session_token(f.model())) == first);
    CHECK(f.logins() == 2);
    CHECK(f.failures.empty());
}

TEST_CASE("redis: a store that was restarted empty costs one login")
{
    redis_server redis;
    sharing f;
    auto one = f.one(worker(redis.url())), other = f.one(worker(redis.url()));
    auto const first = f.run(one.session_token(f.model()));
    CHECK(f.run(other.session_token(f.model())) == first);
    REQUIRE(redis.cli("flushall") == "OK");
    CHECK(f.run(one.session_token(f.model())) == first);
    f.run(f.one(worker(redis.url())).cluster_info());
    f.run(f.one(worker(redis.url())).cluster_info());
    CHECK(f.logins() == 2);
    CHECK(f.failures.empty());
}

TEST_CASE("redis: clients without a password share a rotating refresh token; an empty store ends their login")
{
    redis_server redis;
    sharing f;
    f.server.region().configure([](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const first = f.server.region().issue(practicus::mock::token_type::refresh, "admin@company.com");
    auto const one = [&] {
        auto options = worker(redis.url());
        options.credentials = practicus::credentials::refresh_token(first);
        return f.one(std::move(options));
    };
    auto const running = one();
    f.run(running.cluster_info());
    f.run(one().cluster_info());
    CHECK(f.refreshes() == 1);
    REQUIRE(redis.cli("flushall") == "OK");
    CHECK(f.failure(one().cluster_info()).code == practicus::errc::login_required);
    f.run(running.cluster_info());
}

TEST_CASE("redis: a value that does not decrypt is told to the observer, and replaced")
{
    redis_server redis;
    sharing f;
    auto const encrypted = [&](char k) {
        auto options = worker(redis.url());
        auto store = patient(redis.url());
        store.encryption_key = secret(std::string(32, k));
        options.store = std::make_shared<redis_token_store>(store);
        return f.one(options);
    };
    f.run(encrypted('k').cluster_info());
    f.run(encrypted('k').cluster_info());
    CHECK(f.logins() == 1);
    CHECK(f.failures.empty());
    f.run(encrypted('l').cluster_info());
    CHECK(f.logins() == 2);
    REQUIRE(f.failures.size() == 1);
    CHECK(f.failures[0].find("cannot be decrypted") != std::string::npos);
    f.run(encrypted('l').cluster_info());
    CHECK(f.logins() == 2);
    CHECK(f.failures.size() == 1);
}
