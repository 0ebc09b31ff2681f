// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/user_identity.hpp>
#include <practicus/error.hpp>
#include <practicus/file_token_store.hpp>
#include <practicus/secret.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace practicus { inline namespace v1 { namespace detail {

/// Shares the tokens of a login from a region file between the processes of one user. The tokens are files in
/// a folder beside that file.
///
/// The shared login counts while the region file has it, or one that it has replaced (the file may lag). Any
/// other login in the file is new, for example from the SDK, and counts instead. A login from neither source
/// is not shared. If the file has no login any more, all processes are logged out. While the file cannot be
/// read, the shared login is used.
class region_store final : public token_store
{
public:
    /// Access to the login in the region file.
    struct login_file
    {
        /// Returns the login in the file, `issued_at` being the time of writing; or throws.
        std::function<std::optional<store_record>()> read;
        /// Replaces an older refresh token by a newer one, if that is possible without waiting.
        std::function<void(secret const& older, secret const& newer)> mend;
    };

    /// Throws `errc::file_error` if sharing is impossible: the folder cannot be made or is not private to
    /// this user, or locks are not supported.
    region_store(std::string const& file, std::string_view login, login_file in_file)
        : files_(made(file, login), patience), login_(std::move(in_file))
    {
        own_file const probe(folder(file, login) + "/probe.lock", O_RDWR | O_CREAT);
        (void)probe.try_lock();
    }

    awaitable<secret> load(std::string key) override
    {
        if (!key.starts_with(login_key)) co_return co_await files_.load(key);
        auto const shared = read_stored(co_await files_.load(key));
        auto const seen = co_await look_twice(shared);
        if (seen.failure && !shared) throw error(seen.failure);
        auto now = effective(seen, shared);
        if (!now) co_return secret();
        if (shared && seen.login && now->refresh == shared->refresh) {
            if (!(seen.login->refresh == now->refresh))
                login_.mend(seen.login->refresh.value(), now->refresh.value());
        } else if (seen.login) {
            now->issued_at = moment();
        }
        co_return write_stored(*now);
    }

    awaitable<void> save(std::string key, secret value) override
    {
        bool const is_login = key.starts_with(login_key);
        std::optional<store_record> v;
        if (is_login) {
            v = read_stored(value);
            auto merging = merged(key, std::move(v));
            v = co_await std::move(merging);
            if (!v) co_return;
            value = write_stored(*v);
        }
        // Checked between writing and committing: a later logout removes the written file as well. Afterwards
        // nothing can fail.
        auto staged = files_.stage(key, value);
        auto now = look();
        if (is_login && !now.login) now = co_await look_twice(v);
        if (!now.failure && !now.login) co_return;
        try {
            staged.commit();
        } catch (error const&) {
            if (!is_logged_out()) throw;
        }
    }

    awaitable<void> remove(std::string key) override { return files_.remove(std::move(key)); }

    awaitable<std::unique_ptr<lock>> acquire(std::string key) override
    {
        return files_.acquire(std::move(key));
    }

    /// Removes the shared tokens of a login. Locks stay: another process may wait for them. Throws
    /// `errc::file_error`.
    static void erase(std::string const& file, std::string_view login)
    {
        remove_tokens(folder(file, login), false);
    }

    /// Removes the shared tokens of all other logins, except locks that are held. Throws `errc::file_error`.
    static void erase_others(std::string const& file, std::vector<std::string> const& logins)
    {
        std::error_code failed;
        for (auto const& entry : std::filesystem::directory_iterator(above(file), failed)) {
            auto const is_this = [&](auto const& login) { return folder(file, login) == entry.path(); };
            if (entry.is_symlink() || !entry.is_directory() ||
                std::any_of(logins.begin(), logins.end(), is_this))
                continue;
            remove_tokens(entry.path(), true);
            // Fails while a held lock is left in the folder.
            std::error_code in_use;
            std::filesystem::remove(entry.path(), in_use);
        }
        check_emptied(failed, above(file));
    }

private:
    // Shorter than an operation's limit: a process can be suspended while holding the lock.
    static constexpr std::chrono::seconds patience{10};
    static constexpr int max_removals = 8;

    /// The login in the file, or the error of reading it.
    struct sight
    {
        std::optional<store_record> login;
        std::shared_ptr<error_info const> failure;
    };

    static void remove_tokens(std::filesystem::path const& from, bool locks)
    {
        // Twice at least: a reading may miss a file that is renamed meanwhile.
        for (int i = 0; remove_once(from, locks) || i == 0; ++i)
            if (i == max_removals) break;
    }

    /// Returns true if it has removed any file.
    static bool remove_once(std::filesystem::path const& from, bool locks)
    {
        bool any = false;
        std::error_code failed;
        for (auto const& entry : std::filesystem::directory_iterator(from, failed)) {
            if (entry.path().extension() == ".lock" && (!locks || is_held(entry.path()))) continue;
            std::error_code one;
            any = std::filesystem::remove(entry.path(), one) || any;
            if (one) failed = one;
        }
        check_emptied(failed, from);
        return any;
    }

    static bool is_held(std::filesystem::path const& lock)
    {
        try {
            own_file const file(lock.string(), O_RDWR);
            return file.is_open() && !file.try_lock();
        } catch (error const&) {
            // The file is not a lock of this user.
            return false;
        }
    }

    static void check_emptied(std::error_code failed, std::filesystem::path const& folder)
    {
        if (failed && failed != std::errc::no_such_file_or_directory)
            throw error(errc::file_error, "'" + folder.string() + "' cannot be emptied: " + failed.message());
    }

    /// Returns the record with the history of the login that it replaces. Returns nothing if it is not
    /// shared: after a logout, or if it does not descend from the file's login.
    awaitable<std::optional<store_record>> merged(std::string key, std::optional<store_record> v)
    {
        auto const before = co_await replaceable(std::move(key));
        auto const seen = co_await look_twice(before);
        auto const present = effective(seen, before);
        if (!v || !present || !v->history.meets(present->history)) co_return std::nullopt;
        auto history = present->history;
        history.add(v->history);
        v->history = std::move(history);
        co_return v;
    }

    /// Returns the shared login. One that cannot be read is treated as missing, and so replaced.
    awaitable<std::optional<store_record>> replaceable(std::string key)
    {
        try {
            co_return read_stored(co_await files_.load(key));
        } catch (error const&) {
        }
        co_return std::nullopt;
    }

    bool is_logged_out() const
    {
        auto const now = look();
        return !now.failure && !now.login;
    }

    sight look() const
    {
        sight result;
        try {
            result.login = login_.read();
            if (result.login) result.login->history.add(result.login->refresh);
        } catch (error const& e) {
            result.failure = e.shared_info();
        }
        return result;
    }

    awaitable<sight> look_twice(std::optional<store_record> const& shared) const
    {
        auto result = look();
        if (result.failure || is_surprising(result.login, shared)) {
            // A program that does not rename may be writing the file.
            boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
            timer.expires_after(std::chrono::milliseconds(100));
            co_await timer.async_wait(boost::asio::use_awaitable);
            result = look();
        }
        co_return result;
    }

    /// Returns the login that counts: the shared one while the file has it, or one that it has replaced.
    static std::optional<store_record> effective(sight const& seen, std::optional<store_record> const& shared)
    {
        if (seen.failure) return shared;
        if (!seen.login || !shared || !shared->history.has(seen.login->refresh)) return seen.login;
        auto result = shared;
        result->login = seen.login->login;
        return result;
    }

    static stored_time moment()
    {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }

    static bool is_surprising(std::optional<store_record> const& now,
                              std::optional<store_record> const& shared)
    {
        if (!now) return true;
        return shared && !shared->history.has(now->refresh) &&
               moment() - now->issued_at < std::chrono::seconds(1);
    }

    static std::string above(std::string const& file)
    {
        return (std::filesystem::path(file).parent_path() / "tokens").string();
    }

    static std::string folder(std::string const& file, std::string_view login)
    {
        return above(file) + '/' + sha256_hex(login);
    }

    static std::string made(std::string const& file, std::string_view login)
    {
        ensure_private_directory(above(file));
        return folder(file, login);
    }

    file_token_store files_;
    login_file login_;
};

}}} // namespace practicus::v1::detail
