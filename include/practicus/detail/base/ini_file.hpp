// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ini_text.hpp>
#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace practicus { inline namespace v1 { namespace detail {

/// A file that contains an INI text. Thread safety: as a `std::string`.
class ini_file : public ini_text
{
public:
    /// Reads the file; a missing one counts as empty. Throws `errc::file_error`, also for text that Python's
    /// configparser rejects.
    explicit ini_file(std::string path) : path_(std::move(path))
    {
        // Links are followed; opening a FIFO must not block.
        posix_file const from(path_, std::nothrow, O_RDONLY | O_NONBLOCK);
        if (!from.is_open() && (errno == ENOENT || errno == ENOTDIR)) return;
        if (!from.is_open()) throw_file_error(path_, "cannot be read");
        auto const is = from.status();
        if (!S_ISREG(is.st_mode)) throw error(errc::file_error, "'" + path_ + "' is no regular file");
        auto const size = static_cast<std::size_t>(is.st_size);
        if (size > largest) throw error(errc::file_error, "'" + path_ + "' is too large");
        wiped_text const text{from.read(size)};
        static_cast<ini_text&>(*this) = ini_parser::read(text.value, path_);
    }

    std::string const& path() const noexcept { return path_; }

    /// Replaces the file atomically, with mode 0600. A link stays, and its target is replaced. Throws
    /// `errc::file_error`.
    void save() const { replace_file(behind_links(path_), write().reveal(), durability::machine); }

private:
    static constexpr std::size_t largest = 1 << 20;

    struct wiped_text
    {
        std::string value;
        ~wiped_text() { wipe(value.data(), value.size()); }
    };

    /// Resolves links, also if the target does not exist yet.
    static std::string behind_links(std::filesystem::path path)
    {
        constexpr int most = 40;
        std::error_code none;
        for (int i = 0; i != most && std::filesystem::is_symlink(path, none); ++i)
            path = path.parent_path() / std::filesystem::read_symlink(path, none);
        return path.string();
    }

    std::string path_;
};

}}} // namespace practicus::v1::detail
