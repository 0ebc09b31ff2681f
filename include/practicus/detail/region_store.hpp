// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/sha256.hpp>
#include <practicus/detail/stored_value.hpp>
#include <practicus/error.hpp>
#include <practicus/file_token_store.hpp>
#include <practicus/secret.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace practicus::inline v1::detail {

/// What the programs of one user share of a region that a file of regions knows: files in a folder of its
/// own, beside that file. The login is the file's if somebody has logged in there since.
class region_store final : public token_store
{
public:
    /// `login` reads what the file says now, or throws. Throws `errc::file_error` if the folder can not be
    /// made.
    region_store(std::string const& file, std::string_view region,
                 std::function<std::optional<stored_value>()> login)
        : files_(made(file, region)), login_(std::move(login))
    {}

    awaitable<secret> load(std::string key) override
    {
        auto const kept = co_await files_.load(key);
        if (!key.starts_with(login_key)) co_return kept;
        auto const now = login_();
        // Logged out.
        if (!now) co_return secret();
        auto const stored = read_stored(kept);
        bool const is_newest = stored && (stored->refresh == now->refresh || stored->born > now->born);
        co_return is_newest ? kept : write_stored(*now);
    }

    awaitable<void> save(std::string key, secret value) override
    {
        return files_.save(std::move(key), std::move(value));
    }

    awaitable<void> remove(std::string key) override { return files_.remove(std::move(key)); }

    awaitable<std::shared_ptr<lock>> acquire(std::string key) override
    {
        return files_.acquire(std::move(key));
    }

    /// Removes what is shared. Throws `errc::file_error`.
    static void erase(std::string const& file, std::string_view region)
    {
        std::error_code failed;
        std::filesystem::remove_all(folder(file, region), failed);
        if (failed)
            throw error(errc::file_error,
                        "'" + folder(file, region) + "' can not be removed: " + failed.message());
    }

private:
    static std::string above(std::string const& file)
    {
        return (std::filesystem::path(file).parent_path() / "tokens").string();
    }

    static std::string folder(std::string const& file, std::string_view region)
    {
        return above(file) + '/' + sha256_hex(region);
    }

    static std::string made(std::string const& file, std::string_view region)
    {
        if (::mkdir(above(file).c_str(), 0700) != 0 && errno != EEXIST)
            throw_file_error(above(file), "can not be made");
        return folder(file, region);
    }

    file_token_store files_;
    std::function<std::optional<stored_value>()> login_;
};

} // namespace practicus::inline v1::detail
