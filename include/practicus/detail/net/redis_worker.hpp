// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/wait.hpp>
#include <practicus/detail/base/random.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/net/host_lookup.hpp>
#include <practicus/detail/net/lookup_threads.hpp>
#include <practicus/detail/net/redis_connection.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

struct redis_settings
{
    redis_url server;
    /// Null for a plain connection.
    std::shared_ptr<boost::asio::ssl::context> tls;
    std::chrono::milliseconds connect_timeout{0};
    std::chrono::milliseconds command_timeout{0};
};

/// A connection to a Redis server, and the thread that uses it, so that no execution context waits. Commands
/// are executed in their order. After a failed connect, commands fail at once for a while. Each command must
/// have the same effect if it is executed twice. Thread safety: full.
class redis_worker : public std::enable_shared_from_this<redis_worker>
{
    using steady = std::chrono::steady_clock;

public:
    class job
    {
    public:
        /// `is_optional`: it is not executed once nothing waits for it.
        explicit job(redis_command words, bool is_optional = false)
            : words_(std::move(words)), is_optional_(is_optional)
        {}

    private:
        friend class redis_worker;

        redis_command words_;
        bool is_optional_;
        std::atomic<bool> is_abandoned_{false};
        // The server may have it.
        bool is_sent_ = false;
        redis_reply reply_;
        failure why_;
        // Null for a posted job.
        std::shared_ptr<waiter> end_;
        // Of a posted job: the job that it reverts, and its own end.
        std::shared_ptr<job const> reverted_;
        steady::time_point until_;
    };

    /// A job in a list of one: queueing it needs no memory.
    using prepared = std::list<std::shared_ptr<job>>;

    explicit redis_worker(redis_settings settings) : settings_(std::move(settings)) { fork_delay::prepare(); }
    redis_worker(redis_worker const&) = delete;
    redis_worker& operator=(redis_worker const&) = delete;

    /// Returns the response to a command. Throws `error`.
    static boost::asio::awaitable<redis_reply> call(std::shared_ptr<redis_worker> self,
                                                    std::shared_ptr<job> made)
    {
        abandoning const guard{made};
        made->end_ = std::make_shared<waiter>();
        // A wait loses the exception of its beginning.
        auto suspended = wait(made->end_, [self, made] {
            try {
                self->add(prepared{made});
            } catch (...) {
                made->why_ = as_failure(std::current_exception());
                made->end_->wake({});
            }
        });
        auto const ended = co_await std::move(suspended);
        error_info info;
        info.code = ended.code;
        if (ended.code) throw error(std::move(info));
        throw_if(made->why_);
        co_return std::move(made->reply_);
    }

    /// Reverts a job: executes `one` if that was sent. Without a connection, `one` waits for the next one, at
    /// most for its `life`.
    void post(prepared one, std::shared_ptr<job const> reverted, std::chrono::milliseconds life) noexcept
    {
        if (is_forked()) return;
        one.front()->reverted_ = std::move(reverted);
        one.front()->until_ = steady::now() + life;
        std::lock_guard lock(mutex_);
        if (!thread_ || stopping_) return;
        jobs_.splice(jobs_.end(), one);
        added_.notify_one();
    }

    /// Ends the thread, after the posted commands. A forked child has no such thread, and leaves everything
    /// as it is.
    static void stop(std::shared_ptr<redis_worker> self) noexcept
    {
        if (self->is_forked()) {
            // The destructor of the condition variable would wait for the parent's thread.
            static_cast<void>(new std::shared_ptr<redis_worker>(self));
            return;
        }
        std::unique_lock lock(self->mutex_);
        self->stopping_ = true;
        self->added_.notify_one();
        auto const thread = std::move(self->thread_);
        lock.unlock();
        if (!thread) return;
        // The thread itself, when it drops the last coroutine that owns the store.
        if (thread->get_id() == std::this_thread::get_id())
            thread->detach();
        else
            thread->join();
    }

private:
    struct abandoning
    {
        std::shared_ptr<job> made;
        ~abandoning() { made->is_abandoned_ = true; }
    };

    static constexpr char const* destroyed = "the token store is destroyed";
    static constexpr std::chrono::milliseconds first_pause{500};
    static constexpr std::chrono::milliseconds longest_pause{30'000};

    bool is_forked() const noexcept { return process_ != ::getpid(); }

    /// Throws if no thread can be started, if it was started before a fork, and after `stop`.
    void add(prepared one)
    {
        if (is_forked()) {
            if (thread_) throw error(errc::client_closed, "the token store was used before the fork");
            process_ = ::getpid();
        }
        std::lock_guard lock(mutex_);
        if (stopping_) throw error(errc::client_closed, destroyed);
        if (!thread_) {
            signals_blocked const here;
            thread_ = std::make_unique<std::thread>([self = shared_from_this()] { self->run(); });
        }
        jobs_.splice(jobs_.end(), one);
        added_.notify_one();
    }

    void run() noexcept
    {
        std::unique_lock lock(mutex_);
        while (true) {
            added_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (jobs_.empty()) break;
            prepared next;
            next.splice(next.end(), jobs_, jobs_.begin());
            bool const last = stopping_;
            lock.unlock();
            if (next.front()->end_)
                execute(*next.front(), last);
            else if (!revert(*next.front()))
                owed_.splice(owed_.end(), next);
            next.clear();
            drop_owed_before(steady::now());
            lock.lock();
        }
        connection_.reset();
    }

    void execute(job& one, bool last) noexcept
    {
        if (one.is_optional_ && one.is_abandoned_) return;
        try {
            if (last) throw error(errc::client_closed, destroyed);
            prepare();
            one.is_sent_ = true;
            one.reply_ = exchange(one.words_);
        } catch (...) {
            one.why_ = as_failure(std::current_exception());
        }
        fork_delay const here;
        one.end_->wake({});
    }

    /// Returns false if the posted job is still to be executed.
    bool revert(job& one) noexcept
    {
        if (!one.reverted_->is_sent_) return true;
        if (!is_connected()) return false;
        try {
            (void)exchange(one.words_);
        } catch (...) {
            return is_connected();
        }
        return true;
    }

    void drop_owed_before(steady::time_point now) noexcept
    {
        while (!owed_.empty() && owed_.front()->until_ <= now)
            owed_.pop_front();
    }

    bool is_connected() noexcept { return connection_ && connection_->is_usable(); }

    /// Connects unless there is a connection. Throws the last failure during the pause after it.
    void prepare()
    {
        if (is_connected()) return;
        connection_.reset();
        if (steady::now() < next_try_) throw error(last_failure_);
        connect();
    }

    void connect()
    try {
        auto const end = steady::now() + settings_.connect_timeout;
        auto const found = addresses_of_server(end);
        connection_.emplace(settings_.server, found, settings_.tls.get(), end);
        for (drop_owed_before(steady::now()); !owed_.empty(); owed_.pop_front())
            pay(*owed_.front());
    } catch (...) {
        fail(std::current_exception());
    }

    void pay(job const& owed)
    try {
        (void)connection_->call(owed.words_, steady::now() + settings_.command_timeout);
    } catch (error const&) {
        if (!connection_->is_usable()) throw;
    }

    /// Sends a command once more if the connection worked before and was lost: it may have been so for long.
    redis_reply exchange(redis_command const& words)
    {
        for (bool again = connection_->has_answered();; again = false) {
            try {
                auto reply = connection_->call(words, steady::now() + settings_.command_timeout);
                failures_ = 0;
                return reply;
            } catch (...) {
                auto const thrown = std::current_exception();
                if (connection_->is_usable()) throw error(named(thrown));
                if (!again || as_failure(thrown)->code != errc::connection_lost) fail(thrown);
            }
            connection_.reset();
            connect();
        }
    }

    /// Begins the pause after a failure, and throws it.
    [[noreturn]] void fail(std::exception_ptr const& thrown)
    {
        last_failure_ = named(thrown);
        connection_.reset();
        auto pause = first_pause;
        for (unsigned i = 0; i != failures_ && pause < longest_pause; ++i)
            pause *= 2;
        ++failures_;
        auto const part = 0.5 + random_.next() / 2;
        next_try_ = steady::now() +
                    std::chrono::duration_cast<steady::duration>(part * std::min(pause, longest_pause));
        throw error(last_failure_);
    }

    /// Returns the failure with the server's name.
    failure named(std::exception_ptr const& thrown) const
    {
        auto info = *as_failure(thrown);
        auto const& to = settings_.server;
        bool const is_address = to.host.find(':') != std::string::npos;
        auto const text = info.message.empty() ? info.code.message() : info.message;
        info.message = "the token store " + (is_address ? '[' + to.host + ']' : to.host) + ':' +
                       std::to_string(to.port) + ": " + text;
        return std::make_shared<error_info const>(std::move(info));
    }

    /// Looks the server up on another thread: a lookup cannot be interrupted.
    addresses addresses_of_server(steady::time_point end) const
    {
        auto const& host = settings_.server.host;
        if (auto const known = known_addresses(host)) return *known;
        auto const promise = std::make_shared<std::promise<lookup_result>>();
        auto looked_up = promise->get_future();
        lookups_->run([promise, host] {
            try {
                promise->set_value(look_up_host(host));
            } catch (...) {
                promise->set_exception(std::current_exception());
            }
        });
        if (looked_up.wait_until(end) != std::future_status::ready) throw error(errc::resolve_timeout);
        auto result = looked_up.get();
        if (!result.failed) return std::move(result.found);
        throw error(errc::resolve_failed, result.failed.message());
    }

    redis_settings settings_;
    std::atomic<pid_t> process_{::getpid()};
    std::shared_ptr<lookup_threads> lookups_ = std::make_shared<lookup_threads>();

    std::mutex mutex_;
    std::condition_variable added_;
    prepared jobs_;
    std::unique_ptr<std::thread> thread_;
    bool stopping_ = false;

    // Of the thread. Without a connection, `owed_` waits for one, in the order of its ends.
    prepared owed_;
    std::optional<redis_connection> connection_;
    random_source random_;
    failure last_failure_;
    unsigned failures_ = 0;
    steady::time_point next_try_ = steady::time_point::min();
};

}}} // namespace practicus::v1::detail
