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
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// Throws `errc::file_error` for `errno`: `'/a/b' cannot be read: No such file or directory`.
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
    /// Another descriptor holds it, usually of another process.
    held,
    /// The file system does not support locks; see `errno`.
    unsupported
};

/// An open file, close-on-exec. Errors contain its path.
class posix_file
{
public:
    posix_file(std::string path, int flags, ::mode_t mode = 0666)
        : posix_file(std::move(path), std::nothrow, flags, mode)
    {
        if (!is_open()) throw_file_error(path_, "cannot be opened");
    }

    /// Does not throw if the file cannot be opened: check `is_open()` and `errno`.
    posix_file(std::string path, std::nothrow_t const&, int flags, ::mode_t mode = 0666)
        : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, mode))
    {}

    /// Creates a temporary file in the folder of `path`, with mode 0600.
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

    /// Reads at most `most` bytes; returns an empty text at the end of the file.
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

    /// Takes an exclusive lock without blocking. Closing the descriptor releases it, also when the process
    /// ends.
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

/// Quotes a path for a POSIX shell.
inline std::string shell_quoted(std::string_view path)
{
    std::string result = "'";
    for (char const c : path)
        c == '\'' ? result.append("'\\''") : result.append(1, c);
    return result += '\'';
}

/// Returns a warning that other users have access to a file or folder, with the command that fixes it.
/// Returns an empty text if they have not.
inline std::string exposure(std::string const& path, struct stat const& is, ::mode_t forbidden = 077)
{
    if ((is.st_mode & forbidden) == 0) return {};
    // Where only writing is forbidden, other users may keep their read access.
    auto const mode = S_ISDIR(is.st_mode) ? (forbidden == 022 ? "go-w " : "700 ") : "600 ";
    return "other users have access to '" + path + "': chmod " + mode + shell_quoted(path);
}

/// Throws `errc::file_error` if other users have access.
inline void require_private(std::string const& path, struct stat const& is)
{
    if (auto text = exposure(path, is); !text.empty()) throw error(errc::file_error, std::move(text));
}

/// Throws `errc::file_error` unless the type is `type` (`S_IFREG`, `S_IFDIR`) and this user owns it.
inline void require_own(std::string const& path, struct stat const& is, ::mode_t type)
{
    auto const refuse = [&](char const* why) { throw error(errc::file_error, "'" + path + "' " + why); };
    if (S_ISLNK(is.st_mode)) refuse("is a link");
    if ((is.st_mode & S_IFMT) != type) refuse(type == S_IFDIR ? "is no folder" : "is no regular file");
    if (is.st_uid != ::geteuid()) refuse("belongs to another user");
}

/// A regular file owned by this user; never a symbolic link. Opening it never blocks.
class own_file : public posix_file
{
public:
    /// Throws `errc::file_error`. A missing file without `O_CREAT` is no error: `is_open()` is false.
    own_file(std::string name, int flags)
        : posix_file(std::move(name), std::nothrow, flags | O_NOFOLLOW | O_NONBLOCK, 0600)
    {
        if (!is_open() && errno == ENOENT && (flags & O_CREAT) == 0) return;
        if (!is_open() && errno == ELOOP) throw error(errc::file_error, "'" + path() + "' is a link");
        if (!is_open()) throw_file_error(path(), "cannot be opened");
        require_own(path(), status(), S_IFREG);
    }

    /// Returns false if another process holds the lock. Throws `errc::file_error`, also if the file system
    /// does not support locks: sharing the file would be unsafe.
    bool try_lock() const
    {
        auto const result = lock();
        if (result == lock_result::unsupported) throw_file_error(path(), "cannot be locked");
        return result == lock_result::taken;
    }
};

/// Creates a folder with mode 0700 if it is missing, without its parents. Throws `errc::file_error`.
inline void ensure_directory(std::string const& path)
{
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_file_error(path, "cannot be made");
}

/// Creates a folder with mode 0700 if it is missing, without its parents. Throws `errc::file_error`, also if
/// another user owns it or has access.
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
    /// Survives the end of the process.
    process,
    /// Survives a power failure.
    machine
};

/// The folder that contains a file, to be synced. Errors are ignored: the kernel writes the names a little
/// later anyway.
class folder_of
{
public:
    folder_of(std::string const& path, durability d)
    {
        auto const slash = path.rfind('/');
        if (d == durability::machine)
            folder_.emplace(slash == path.npos ? "." : path.substr(0, slash + 1), std::nothrow,
                            O_RDONLY | O_DIRECTORY);
    }

    void sync() const noexcept
    {
        if (folder_ && folder_->is_open()) ::fsync(folder_->descriptor());
    }

private:
    std::optional<posix_file> folder_;
};

inline void sync_folder_of(std::string const& path)
{
    folder_of(path, durability::machine).sync();
}

/// Replaces `path` by a file that is already written. Strong guarantee.
inline void put_in_place(std::string const& written, std::string const& path, durability d)
{
    // Opened first: afterwards nothing may fail.
    folder_of const folder(path, d);
    if (::rename(written.c_str(), path.c_str()) != 0) throw_file_error(path, "cannot be replaced");
    folder.sync();
}

/// A file with mode 0600 that is written beside `path`, to replace it atomically: readers see the old text or
/// the new one. It is removed unless it is committed.
class staged_file
{
public:
    staged_file(std::string path, std::string_view text, durability d) : staged_file(std::move(path), d)
    {
        file_.write(text);
        if (durability_ == durability::machine) file_.sync();
    }
    staged_file(staged_file const&) = delete;
    staged_file& operator=(staged_file const&) = delete;
    ~staged_file()
    {
        if (!committed_) ::unlink(file_.path().c_str());
    }

    /// Throws `errc::file_error`. Strong guarantee.
    void commit()
    {
        put_in_place(file_.path(), path_, durability_);
        committed_ = true;
    }

private:
    staged_file(std::string path, durability d)
        : path_(std::move(path)), file_(posix_file::beside(path_)), durability_(d)
    {}

    std::string path_;
    posix_file file_;
    durability durability_;
    bool committed_ = false;
};

/// Replaces `path` atomically, as a `staged_file`. Strong guarantee.
inline void replace_file(std::string const& path, std::string_view text, durability d)
{
    staged_file(path, text, d).commit();
}

}}} // namespace practicus::v1::detail
