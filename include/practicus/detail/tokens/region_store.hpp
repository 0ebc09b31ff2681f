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

/// What the programs of one user share of a region that a file of regions knows: files in a folder of its
/// own, beside that file.
///
/// The login is the shared one if the file has that, or one that it has replaced (the file may lag); any
/// other in the file somebody else has brought, with the SDK say, and counts. A login that has not come from
/// either is another one, and is not shared. If the file has none any more, everybody is logged out; while
/// it cannot be read, all go on with what they share.
class region_store final : public token_store
{
public:
    /// The file's side of the login.
    struct login_file
    {
        /// What the file says now, `born` when it was written; or throws.
        std::function<std::optional<store_record>()> read;
        /// Puts a newer refresh token into the place of an older one, if that can be done at once.
        std::function<void(secret const& older, secret const& newer)> mend;
    };

    /// Throws `errc::file_error` where nothing can be shared: no folder, or not this user's alone, or no
    /// locks.
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
        if (!key.starts_with(login_key)) {
            if (is_logged_out()) co_return;
            co_await files_.save(key, value);
            // A logout removes what it finds.
            if (is_logged_out()) co_await files_.remove(key);
            co_return;
        }
        auto const before = co_await replaceable(key);
        auto const seen = co_await look_twice(before);
        auto v = read_stored(value);
        // A logout, or a login of this client that has not come from the file's.
        auto const whose = effective(seen, before);
        if (!v || !whose || !v->lineage.meets(whose->lineage)) co_return;
        auto lineage = whose->lineage;
        lineage.add(v->lineage);
        v->lineage = std::move(lineage);
        auto text = write_stored(*v);
        co_await files_.save(key, std::move(text));
        auto const after = co_await look_twice(v);
        if (!after.failure && !after.login) co_await files_.remove(key);
    }

    awaitable<void> remove(std::string key) override { return files_.remove(std::move(key)); }

    awaitable<std::shared_ptr<lock>> acquire(std::string key) override
    {
        return files_.acquire(std::move(key));
    }

    /// Removes what is shared of a login; not the locks, which another process may wait for. Throws
    /// `errc::file_error`.
    static void erase(std::string const& file, std::string_view login)
    {
        remove_tokens(folder(file, login), false);
    }

    /// Removes what is shared of all other logins, but for locks that are held. Throws `errc::file_error`.
    static void erase_others(std::string const& file, std::vector<std::string> const& logins)
    {
        std::error_code failed;
        for (auto const& entry : std::filesystem::directory_iterator(above(file), failed)) {
            auto const is_this = [&](auto const& login) { return folder(file, login) == entry.path(); };
            if (entry.is_symlink() || !entry.is_directory() ||
                std::any_of(logins.begin(), logins.end(), is_this))
                continue;
            remove_tokens(entry.path(), true);
            // Not while a lock is held in it.
            std::error_code in_use;
            std::filesystem::remove(entry.path(), in_use);
        }
        check_emptied(failed, above(file));
    }

private:
    // Less than an operation has: somebody may have been stopped with a lock in his hands.
    static constexpr std::chrono::seconds patience{10};

    /// What the file says, or why it could not be read.
    struct sight
    {
        std::optional<store_record> login;
        std::shared_ptr<error_info const> failure;
    };

    static void remove_tokens(std::filesystem::path const& from, bool locks)
    {
        std::error_code failed;
        for (auto const& entry : std::filesystem::directory_iterator(from, failed)) {
            if (entry.path().extension() == ".lock" && (!locks || is_held(entry.path()))) continue;
            std::error_code one;
            std::filesystem::remove(entry.path(), one);
            if (one) failed = one;
        }
        check_emptied(failed, from);
    }

    static bool is_held(std::filesystem::path const& lock)
    {
        try {
            own_file const file(lock.string(), O_RDWR);
            return file.is_open() && !file.try_lock();
        } catch (error const&) {
            // No lock of ours.
            return false;
        }
    }

    static void check_emptied(std::error_code failed, std::filesystem::path const& folder)
    {
        if (failed && failed != std::errc::no_such_file_or_directory)
            throw error(errc::file_error, "'" + folder.string() + "' cannot be emptied: " + failed.message());
    }

    /// What is shared now. An entry that cannot be read is replaced.
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
            if (result.login) result.login->lineage.add(result.login->refresh);
        } catch (error const& e) {
            result.failure = e.shared_info();
        }
        return result;
    }

    awaitable<sight> look_twice(std::optional<store_record> const& shared) const
    {
        auto result = look();
        if (result.failure || is_surprising(result.login, shared)) {
            // Perhaps it is being written, by somebody who does not rename.
            boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
            timer.expires_after(std::chrono::milliseconds(100));
            co_await timer.async_wait(boost::asio::use_awaitable);
            result = look();
        }
        co_return result;
    }

    /// The login that counts: the shared one while the file has that, or one that it has replaced.
    static std::optional<store_record> effective(sight const& seen, std::optional<store_record> const& shared)
    {
        if (seen.failure) return shared;
        if (!seen.login || !shared || !shared->lineage.has(seen.login->refresh)) return seen.login;
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
        return shared && !shared->lineage.has(now->refresh) &&
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
