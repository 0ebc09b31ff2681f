// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace practicus { inline namespace v1 {

namespace detail {

class region_store;

/// Calls `try_it` until it returns true, with pauses that double from 2 to 50 ms. Returns false if `end`
/// comes first. `try_it` refers to what its caller keeps.
template <class Try>
boost::asio::awaitable<bool> async_poll(Try try_it, std::chrono::steady_clock::time_point end)
{
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    for (auto pause = std::chrono::milliseconds(2); !try_it();
         pause = std::min(2 * pause, std::chrono::milliseconds(50))) {
        if (std::chrono::steady_clock::now() >= end) co_return false;
        timer.expires_after(pause);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return true;
}

} // namespace detail

/// A store in files of one directory, for the processes of one user on one machine. A file has mode 0600 and
/// is replaced by renaming: readers see the old value or the new one. Links, files that are not regular and
/// files that other users can read are refused. Locks are `flock`s, requested repeatedly without blocking;
/// the system releases those of a process that ends. File names are digests. The file system must support
/// `flock`. Thread safety: full.
class file_token_store final : public token_store
{
public:
    /// Makes the directory with mode 0700 if it is missing, but not its parents. It must be private to this
    /// user, and no link. `patience` limits the wait for a lock, to a day at most; a client waits no longer
    /// than in `token_store::acquire`. Throws `errc::file_error`.
    explicit file_token_store(std::string directory,
                              std::chrono::milliseconds patience = std::chrono::seconds(40))
        : directory_(std::move(directory)),
          patience_(std::min<std::chrono::milliseconds>(patience, std::chrono::hours(24)))
    {
        detail::ensure_private_directory(directory_);
    }

    [[nodiscard]] awaitable<secret> load(std::string key) override
    {
        detail::own_file const from(path_of(key, ".json"), O_RDONLY);
        if (!from.is_open()) co_return secret();
        auto const is = from.status();
        detail::require_private(from.path(), is);
        if (is.st_size > largest) throw error(errc::file_error, "'" + from.path() + "' is too large");
        co_return secret::take(from.read(static_cast<std::size_t>(is.st_size)));
    }

    [[nodiscard]] awaitable<void> save(std::string key, secret value) override
    {
        stage(key, value).commit();
        co_return;
    }

    [[nodiscard]] awaitable<void> remove(std::string key) override
    {
        auto const path = path_of(key, ".json");
        if (::unlink(path.c_str()) != 0 && errno != ENOENT)
            detail::throw_file_error(path, "cannot be removed");
        co_return;
    }

    [[nodiscard]] awaitable<std::unique_ptr<lock>> acquire(std::string key) override
    {
        auto taken = std::make_unique<held>(path_of(key, ".lock"));
        auto locking = detail::async_poll([&file = taken->file] { return file.try_lock(); },
                                          std::chrono::steady_clock::now() + patience_);
        if (!co_await std::move(locking))
            throw error(errc::file_error, "another process holds the lock '" + taken->file.path() + "'");
        co_return std::move(taken);
    }

private:
    friend class detail::region_store;

    static constexpr off_t largest = 1 << 20;

    // The lock goes with the descriptor.
    struct held final : lock
    {
        explicit held(std::string path) : file(std::move(path), O_RDWR | O_CREAT) {}
        detail::own_file file;
    };

    /// Writes a value that its commit saves.
    detail::staged_file stage(std::string_view key, secret const& value) const
    {
        return detail::staged_file(path_of(key, ".json"), value.reveal(), detail::durability::process);
    }

    std::string path_of(std::string_view key, char const* ending) const
    {
        return directory_ + '/' + detail::sha256_hex(key) + ending;
    }

    std::string directory_;
    std::chrono::milliseconds patience_;
};

}} // namespace practicus::v1
