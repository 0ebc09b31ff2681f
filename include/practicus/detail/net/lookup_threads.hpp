// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace practicus { inline namespace v1 { namespace detail {

/// Delays `fork()` during its lifetime. A background thread holds one while it takes locks: a forked child
/// would find them locked forever. Allocates nothing.
class fork_delay
{
public:
    fork_delay() noexcept : lock_(mutex_) {}
    fork_delay(fork_delay const&) = delete;
    fork_delay& operator=(fork_delay const&) = delete;

    /// Call before the first `fork_delay`.
    static void prepare()
    {
        static int const registered = ::pthread_atfork(lock, unlock, unlock);
        static_cast<void>(registered);
    }

private:
    static void lock() noexcept { mutex_.lock(); }
    static void unlock() noexcept { mutex_.unlock(); }

    // Its destructor is trivial: threads may outlive the program's static objects.
    static inline std::mutex mutex_;
    std::lock_guard<std::mutex> lock_;
};

/// RAII: blocks signals, which are left to the program's own threads.
class signals_blocked
{
public:
    signals_blocked() noexcept
    {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    signals_blocked(signals_blocked const&) = delete;
    signals_blocked& operator=(signals_blocked const&) = delete;
    ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

/// Runs jobs that may hang, each on a new thread up to `most` threads. A thread ends when no job is left.
/// Threads are never joined: each owns what it uses. Thread safety: full. The destructor takes no lock, so a
/// forked child, which has no threads, can destroy its copy.
class lookup_threads : public std::enable_shared_from_this<lookup_threads>
{
public:
    /// A job must not throw.
    using job = std::function<void()>;
    using starter = std::function<void(job)>;

    static constexpr std::size_t most = 8;

    lookup_threads() { fork_delay::prepare(); }

    /// Throws `std::system_error` if no thread can be started. Then the job does not run.
    void run(job next)
    {
        std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(next));
        if (running_ == most) return;
        try {
            start_([self = shared_from_this()] { self->work(); });
        } catch (...) {
            jobs_.pop_back();
            throw;
        }
        ++running_;
    }

    /// Replaces the function that starts a thread. For tests; set before the first job.
    void start_with(starter f) { start_ = std::move(f); }

    std::size_t running() const
    {
        std::lock_guard lock(mutex_);
        return running_;
    }

private:
    static void start_thread(job f)
    {
        signals_blocked const here;
        std::thread(std::move(f)).detach();
    }

    void work() noexcept
    {
        std::unique_lock lock(mutex_);
        while (!jobs_.empty()) {
            auto next = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            next();
            next = nullptr;
            lock.lock();
        }
        --running_;
    }

    mutable std::mutex mutex_;
    std::deque<job> jobs_;
    std::size_t running_ = 0;
    starter start_ = start_thread;
};

}}} // namespace practicus::v1::detail
