// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// `errc::file_error` for what `errno` says: `'/a/b' cannot be read: No such file or directory`.
[[noreturn]] inline void throw_file_error(std::string const& path, char const* what)
{
    error_info info;
    info.cause = boost::system::error_code(errno, boost::system::system_category());
    info.code = errc::file_error;
    info.message = "'" + path + "' " + what + ": " + info.cause.message();
    throw error(std::move(info));
}

enum class lock_result
{
    taken,
    /// Another descriptor, mostly of another process, has it.
    held,
    /// The file system has no locks; `errno` says so.
    unsupported
};

/// An open file, close-on-exec. Errors name it.
class posix_file
{
public:
    posix_file(std::string path, int flags, ::mode_t mode = 0666)
        : posix_file(std::move(path), std::nothrow, flags, mode)
    {
        if (!is_open()) throw_file_error(path_, "cannot be opened");
    }

    /// Looks whether it `is_open()` instead; `errno` says why it is not.
    posix_file(std::string path, std::nothrow_t const&, int flags, ::mode_t mode = 0666)
        : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, mode))
    {}

    /// A new file beside `path`, with mode 0600.
    static posix_file beside(std::string const& path)
    {
        auto name = path + ".XXXXXX";
        int const descriptor = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor < 0) throw_file_error(path, "cannot be written");
        return posix_file(descriptor, std::move(name));
    }

    posix_file(posix_file const&) = delete;
    posix_file& operator=(posix_file const&) = delete;
    ~posix_file()
    {
        if (is_open()) ::close(descriptor_);
    }

    bool is_open() const noexcept { return descriptor_ >= 0; }
    int descriptor() const noexcept { return descriptor_; }
    std::string const& path() const noexcept { return path_; }

    struct stat status() const
    {
        struct stat found = {};
        if (::fstat(descriptor_, &found) != 0) throw_file_error(path_, "cannot be looked at");
        return found;
    }

    /// The next bytes, at most so many; an empty text is the end.
    std::string read(std::size_t most) const
    {
        std::string text(most, '\0');
        ssize_t n = 0;
        do {
            n = ::read(descriptor_, text.data(), text.size());
        } while (n < 0 && errno == EINTR);
        if (n < 0) throw_file_error(path_, "cannot be read");
        text.resize(static_cast<std::size_t>(n));
        return text;
    }

    void write(std::string_view text) const
    {
        while (!text.empty()) {
            auto const n = ::write(descriptor_, text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw_file_error(path_, "cannot be written");
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    void truncate(std::uint64_t size) const
    {
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) throw_file_error(path_, "cannot be cut");
    }

    /// Locks the file without blocking. The lock goes with the descriptor, also when the process ends.
    lock_result lock() const
    {
        while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) return lock_result::held;
            if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return lock_result::unsupported;
            if (errno != EINTR) throw_file_error(path_, "cannot be locked");
        }
        return lock_result::taken;
    }

    void sync() const
    {
        if (::fsync(descriptor_) != 0) throw_file_error(path_, "cannot be written");
    }

private:
    posix_file(int descriptor, std::string path) : path_(std::move(path)), descriptor_(descriptor) {}

    std::string path_;
    int descriptor_;
};

/// Returns a path as a shell reads it.
inline std::string shell_quoted(std::string_view path)
{
    std::string result = "'";
    for (char const c : path)
        c == '\'' ? result.append("'\\''") : result.append(1, c);
    return result += '\'';
}

/// Returns that other users have access to a file or folder, and the command that mends it; else an empty
/// text.
inline std::string exposure(std::string const& path, struct stat const& is, ::mode_t forbidden = 077)
{
    if ((is.st_mode & forbidden) == 0) return {};
    // A folder that is not theirs to write they may still look into.
    auto const mode = S_ISDIR(is.st_mode) ? (forbidden == 022 ? "go-w " : "700 ") : "600 ";
    return "other users have access to '" + path + "': chmod " + mode + shell_quoted(path);
}

/// Throws `errc::file_error` if others have access.
inline void require_private(std::string const& path, struct stat const& is)
{
    if (auto text = exposure(path, is); !text.empty()) throw error(errc::file_error, std::move(text));
}

/// Throws `errc::file_error` unless it is of this type (`S_IFREG`, `S_IFDIR`) and this user's.
inline void require_own(std::string const& path, struct stat const& is, ::mode_t type)
{
    auto const refuse = [&](char const* why) { throw error(errc::file_error, "'" + path + "' " + why); };
    if (S_ISLNK(is.st_mode)) refuse("is a link");
    if ((is.st_mode & S_IFMT) != type) refuse(type == S_IFDIR ? "is no folder" : "is no regular file");
    if (is.st_uid != ::geteuid()) refuse("belongs to another user");
}

/// A regular file of this user, and no link to one. Opening it never blocks.
class own_file : public posix_file
{
public:
    /// Without `O_CREAT` a file that does not exist is not open. Throws `errc::file_error`.
    own_file(std::string name, int flags)
        : posix_file(std::move(name), std::nothrow, flags | O_NOFOLLOW | O_NONBLOCK, 0600)
    {
        if (!is_open() && errno == ENOENT && (flags & O_CREAT) == 0) return;
        if (!is_open() && errno == ELOOP) throw error(errc::file_error, "'" + path() + "' is a link");
        if (!is_open()) throw_file_error(path(), "cannot be opened");
        require_own(path(), status(), S_IFREG);
    }

    /// Returns false if another process has the lock. Throws `errc::file_error`, also where there are no
    /// locks: what is shared under one cannot be shared without.
    bool try_lock() const
    {
        auto const result = lock();
        if (result == lock_result::unsupported) throw_file_error(path(), "cannot be locked");
        return result == lock_result::taken;
    }
};

/// Makes a folder with mode 0700 if it is not there; not its parents. Throws `errc::file_error`.
inline void ensure_directory(std::string const& path)
{
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_file_error(path, "cannot be made");
}

/// Makes a folder that is this user's alone, if it is not there; not its parents. Throws `errc::file_error`,
/// also for one that others have access to.
inline void ensure_private_directory(std::string const& path)
{
    ensure_directory(path);
    struct stat is = {};
    if (::lstat(path.c_str(), &is) != 0) throw_file_error(path, "cannot be looked at");
    require_own(path, is, S_IFDIR);
    require_private(path, is);
}

enum class durability
{
    /// Outlives the process.
    process,
    /// Outlives the machine's loss of power.
    machine
};

/// Writes a path's name to the disk; where its folder cannot be synced, that is done a little later.
inline void sync_folder_of(std::string const& path)
{
    auto const slash = path.rfind('/');
    posix_file const folder(slash == path.npos ? "." : path.substr(0, slash + 1), std::nothrow,
                            O_RDONLY | O_DIRECTORY);
    if (folder.is_open()) ::fsync(folder.descriptor());
}

/// Puts a file that is written in the place of `path`.
inline void put_in_place(std::string const& written, std::string const& path, durability d)
{
    if (::rename(written.c_str(), path.c_str()) != 0) throw_file_error(path, "cannot be replaced");
    if (d == durability::machine) sync_folder_of(path);
}

/// Puts a file with mode 0600 in the place of `path`, so that nobody ever reads half of one.
inline void replace_file(std::string const& path, std::string_view text, durability d)
{
    auto const to = posix_file::beside(path);
    try {
        to.write(text);
        if (d == durability::machine) to.sync();
        put_in_place(to.path(), path, d);
    } catch (...) {
        ::unlink(to.path().c_str());
        throw;
    }
}

}}} // namespace practicus::v1::detail
