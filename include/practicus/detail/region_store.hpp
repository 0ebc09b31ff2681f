// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/login_lineage.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/sha256.hpp>
#include <practicus/detail/stored_value.hpp>
#include <practicus/detail/user_identity.hpp>
#include <practicus/error.hpp>
#include <practicus/file_token_store.hpp>
#include <practicus/secret.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus::inline v1::detail {

/// What the programs of one user share of a region that a file of regions knows: files in a folder of its
/// own, beside that file.
///
/// The login is the shared one if the file has that, or one that it has replaced (the file may lag); any
/// other in the file somebody else has brought, with the SDK say, and counts. If the file has none any more,
/// everybody is logged out; while it can not be read, all go on with what they share.
class region_store final : public token_store
{
public:
    /// The file's side of the login.
    struct login_file
    {
        /// What the file says now, `born` when it was written; or throws.
        std::function<std::optional<stored_value>()> read;
        /// Puts a newer refresh token into the place of an older one, if that can be done at once.
        std::function<void(secret const& older, secret const& newer)> mend;
    };

    /// `used` gets the refresh tokens that are taken from here. Throws `errc::file_error` where nothing can
    /// be shared: no folder, or not this user's alone, or no locks.
    region_store(std::string const& file, std::string_view login, login_file in_file,
                 std::shared_ptr<login_lineage> used)
        : files_(made(file, login), patience), login_(std::move(in_file)), used_(std::move(used))
    {
        require_private(above(file));
        require_private(folder(file, login));
        posix_file const probe(folder(file, login) + "/probe.lock", O_RDWR | O_CREAT, 0600);
        if (::flock(probe.descriptor(), LOCK_SH | LOCK_NB) != 0 && errno != EWOULDBLOCK)
            throw_file_error(probe.path(), "can not be locked");
    }

    awaitable<secret> load(std::string key) override
    {
        if (!key.starts_with(login_key)) co_return co_await files_.load(key);
        auto const shared = split(co_await files_.load(key));
        auto const seen = co_await look_twice(shared);
        if (seen.failure && !shared.value) throw error(seen.failure);
        auto now = seen.failure ? shared.value : seen.login;
        if (!now) co_return secret();
        if (shared.value && shared.has(now->refresh) && !differ(*shared.value, *now)) {
            used_->add_digests(shared.replaced);
            if (!(now->refresh == shared.value->refresh))
                login_.mend(now->refresh.value(), shared.value->refresh.value());
            now->value = shared.value->value;
            now->life = shared.value->life;
            now->refresh = shared.value->refresh;
            now->born = shared.value->born;
            for (auto const& one : shared.replaced)
                now->lineage.add_digest(one);
        } else {
            now->born = moment();
        }
        used_->add(now->refresh.reveal());
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
        auto const before = split(co_await files_.load(key));
        auto const seen = co_await look_twice(before);
        auto const v = read_stored(value);
        // Somebody logged out, or this client in as somebody else.
        auto const& whose = seen.failure ? before.value : seen.login;
        if (!v || !whose || differ(*whose, *v)) co_return;
        login_lineage replaced;
        replaced.add_digests(before.replaced);
        if (before.value) replaced.add(before.value->refresh.reveal());
        replaced.add_digests(used_->digests());
        auto const own = sha256_hex(v->refresh.reveal());
        std::string text;
        for (auto const& one : replaced.digests())
            if (one != own) text.append(one).append(" ");
        text.append("\n").append(value.reveal());
        auto both = secret::take(std::move(text));
        co_await files_.save(key, std::move(both));
        used_->add(v->refresh.reveal());
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

    /// What is shared of a login: a line with the digests of what it has replaced, and the value.
    struct shared_login
    {
        std::vector<std::string> replaced;
        std::optional<stored_value> value;

        bool has(token const& refresh) const
        {
            return value->refresh == refresh || std::find(replaced.begin(), replaced.end(),
                                                          sha256_hex(refresh.reveal())) != replaced.end();
        }
    };

    static shared_login split(secret const& text)
    {
        shared_login result;
        auto const all = text.reveal();
        auto const end = all.find('\n');
        if (end == all.npos) return result;
        std::istringstream digests{std::string(all.substr(0, end))};
        for (std::string one; digests >> one;)
            result.replaced.push_back(one);
        result.value = read_stored(secret(all.substr(end + 1)));
        return result;
    }

    /// What the file says, or why it could not be read.
    struct sight
    {
        std::optional<stored_value> login;
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
        posix_file const file(lock.string(), std::nothrow, O_RDWR);
        return file.is_open() && ::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0;
    }

    static void check_emptied(std::error_code failed, std::filesystem::path const& folder)
    {
        if (failed && failed != std::errc::no_such_file_or_directory)
            throw error(errc::file_error, "'" + folder.string() + "' cannot be emptied: " + failed.message());
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
        } catch (error const& e) {
            result.failure = e.shared_info();
        }
        return result;
    }

    awaitable<sight> look_twice(shared_login const& shared) const
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

    static bool differ(stored_value const& a, stored_value const& b)
    {
        return are_different(user_of(a), user_of(b));
    }

    static stored_time moment()
    {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }

    static bool is_surprising(std::optional<stored_value> const& now, shared_login const& shared)
    {
        if (!now) return true;
        return shared.value && !shared.has(now->refresh) && moment() - now->born < std::chrono::seconds(1);
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
        if (::mkdir(above(file).c_str(), 0700) != 0 && errno != EEXIST)
            throw_file_error(above(file), "can not be made");
        return folder(file, login);
    }

    static void require_private(std::string const& path)
    {
        struct stat is = {};
        if (::lstat(path.c_str(), &is) != 0) throw_file_error(path, "can not be looked at");
        if (!S_ISDIR(is.st_mode) || is.st_uid != ::geteuid() || (is.st_mode & 077) != 0)
            throw error(errc::file_error, "'" + path + "' must be a folder of yours, with mode 700");
    }

    file_token_store files_;
    login_file login_;
    std::shared_ptr<login_lineage> used_;
};

} // namespace practicus::inline v1::detail
