// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/console.hpp>
#include <practicus/mock/expectation.hpp>
#include <practicus/mock/options.hpp>

#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// Something that `server::stop()` ends: the listener, a connection.
class stoppable
{
public:
    virtual ~stoppable() = default;

    /// Called from any thread.
    virtual void stop() = 0;
    virtual bool is_connection() const noexcept = 0;
};

/// The state shared by server, listener and connections. It holds no I/O object: coroutines own those.
struct server_state
{
    explicit server_state(server_options o) : options(std::move(o)) {}

    region console;
    server_options const options;
    std::shared_ptr<script> faults = std::make_shared<script>();
    std::shared_ptr<boost::asio::ssl::context> tls;
    std::atomic<std::int64_t> idle_limit_ms{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> handshakes{0};
    std::atomic<std::uint64_t> failed_handshakes{0};
    std::atomic<std::uint64_t> resumed{0};
    std::atomic<std::uint64_t> stalls{0};
    std::atomic<std::uint64_t> open{0};

    void enlist(stoppable const* key, std::weak_ptr<stoppable> item)
    {
        std::unique_lock lock(mutex_);
        members_[key] = std::move(item);
        if (!stopped_) return;
        auto late = members_[key].lock();
        lock.unlock();
        if (late) late->stop();
    }

    void dismiss(stoppable const* key)
    {
        std::lock_guard lock(mutex_);
        members_.erase(key);
    }

    void stop()
    {
        {
            std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        // The listener last: while it listens, a caller's executor has work, and runs what is posted to it.
        auto const all = members();
        for (bool const connections : {true, false})
            for (auto const& item : all)
                if (item->is_connection() == connections) item->stop();
    }

    void stop_connections()
    {
        for (auto const& item : members())
            if (item->is_connection()) item->stop();
    }

    void note(request const& r)
    {
        std::function<void(request const&)> hook;
        {
            std::lock_guard lock(mutex_);
            requests_.push_back(r);
            kept_bytes_ += r.body.size();
            while (requests_.size() > options.keep_requests ||
                   (kept_bytes_ > std::size_t(64) * 1024 * 1024 && requests_.size() > 1)) {
                kept_bytes_ -= requests_.front().body.size();
                requests_.pop_front();
            }
            ++seen_;
            hook = on_request_;
        }
        changed_.notify_all();
        if (hook) hook(r);
    }

    /// Counts the end of a connection.
    void end(stoppable const* key, std::uint64_t connection, std::uint64_t bytes)
    {
        {
            std::lock_guard lock(mutex_);
            members_.erase(key);
            bytes_[connection] = bytes;
            if (bytes_.size() > 4096) bytes_.erase(bytes_.begin());
            --open;
        }
        changed_.notify_all();
    }

    bool wait_for_end(std::chrono::milliseconds limit)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return open == 0; });
    }

    std::uint64_t bytes(std::uint64_t connection) const
    {
        std::lock_guard lock(mutex_);
        auto at = bytes_.find(connection);
        return at == bytes_.end() ? 0 : at->second;
    }

    void note_server_name(std::string name)
    {
        std::lock_guard lock(mutex_);
        if (server_names_.size() < 1000) server_names_.push_back(std::move(name));
    }

    std::vector<std::string> server_names() const
    {
        std::lock_guard lock(mutex_);
        return server_names_;
    }

    void on_request(std::function<void(request const&)> hook)
    {
        std::lock_guard lock(mutex_);
        on_request_ = std::move(hook);
    }

    std::vector<request> requests() const
    {
        std::lock_guard lock(mutex_);
        return {requests_.begin(), requests_.end()};
    }

    void clear_requests()
    {
        std::lock_guard lock(mutex_);
        requests_.clear();
        kept_bytes_ = 0;
    }

    bool wait_for_requests(std::uint64_t count, std::chrono::milliseconds limit)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return seen_ >= count; });
    }

private:
    std::vector<std::shared_ptr<stoppable>> members() const
    {
        std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<stoppable>> result;
        for (auto const& [key, item] : members_)
            if (auto alive = item.lock()) result.push_back(std::move(alive));
        return result;
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<stoppable const*, std::weak_ptr<stoppable>> members_;
    bool stopped_ = false;
    std::deque<request> requests_;
    std::size_t kept_bytes_ = 0;
    std::uint64_t seen_ = 0;
    std::map<std::uint64_t, std::uint64_t> bytes_;
    std::vector<std::string> server_names_;
    std::function<void(request const&)> on_request_;
};

}}}} // namespace practicus::v1::mock::detail
