// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/lookup_threads.hpp>

#include "catch.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>

using practicus::detail::lookup_threads;

namespace {

/// Keeps what it is to run until the test does.
struct held_threads
{
    std::shared_ptr<lookup_threads> threads = std::make_shared<lookup_threads>();
    std::vector<std::function<void()>> started;

    held_threads()
    {
        threads->start_with([this](std::function<void()> f) { started.push_back(std::move(f)); });
    }
};

} // namespace

TEST_CASE("each job has a thread of its own up to a number; then it waits for the first that is free")
{
    held_threads held;
    std::size_t ran = 0;
    for (std::size_t i = 0; i != lookup_threads::most + 3; ++i)
        held.threads->run([&] { ++ran; });
    CHECK(held.started.size() == lookup_threads::most);
    CHECK(held.threads->running() == lookup_threads::most);
    // One hangs: the others do all the rest.
    held.started[1]();
    CHECK(ran == lookup_threads::most + 3);
    CHECK(held.threads->running() == lookup_threads::most - 1);
    held.started[0]();
    CHECK(held.threads->running() == lookup_threads::most - 2);
}

TEST_CASE("a thread takes a job that comes while it works, and a thread that has ended is made anew")
{
    held_threads held;
    int ran = 0;
    held.threads->run([&] { ++ran; });
    held.started.at(0)();
    CHECK(ran == 1);
    CHECK(held.threads->running() == 0);
    held.threads->run([&] { ++ran; });
    CHECK(held.started.size() == 2);
    held.started.at(1)();
    CHECK(ran == 2);
}

TEST_CASE("a job whose thread is refused does not run, and the next one does")
{
    auto const threads = std::make_shared<lookup_threads>();
    std::vector<std::function<void()>> started;
    bool refused = true;
    threads->start_with([&](std::function<void()> f) {
        if (refused) throw std::system_error(EAGAIN, std::generic_category());
        started.push_back(std::move(f));
    });
    int first = 0, second = 0;
    CHECK_THROWS_AS(threads->run([&] { ++first; }), std::system_error);
    CHECK(threads->running() == 0);
    refused = false;
    threads->run([&] { ++second; });
    started.at(0)();
    CHECK(first == 0);
    CHECK(second == 1);
}

TEST_CASE("a thread takes no signals, outlives its owner and lets go of the job")
{
    auto threads = std::make_shared<lookup_threads>();
    std::promise<bool> blocked;
    std::promise<void> go;
    auto const going = go.get_future().share();
    auto job_owns = std::make_shared<int>();
    std::weak_ptr<int> const job_alive = job_owns;
    threads->run([&blocked, going, owned = std::move(job_owns)] {
        going.wait();
        sigset_t mask;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        blocked.set_value(::sigismember(&mask, SIGINT) == 1 && ::sigismember(&mask, SIGTERM) == 1);
    });
    sigset_t mine;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mine);
    CHECK(::sigismember(&mine, SIGTERM) == 0);
    CHECK(threads->running() == 1);
    std::weak_ptr<lookup_threads> const alive = threads;
    threads.reset();
    CHECK_FALSE(alive.expired());
    go.set_value();
    CHECK(blocked.get_future().get());
    auto const end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!alive.expired() && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    CHECK(alive.expired());
    CHECK(job_alive.expired());
}
