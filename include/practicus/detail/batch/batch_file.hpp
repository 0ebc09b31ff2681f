// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/batch/batch_journal.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the absolute path without links; of a missing file, the path unchanged.
inline std::string real_path(std::string const& path)
{
    std::unique_ptr<char, decltype(&std::free)> const real(::realpath(path.c_str(), nullptr), &std::free);
    return real ? std::string(real.get()) : path;
}

inline bool is_same_file(struct stat const& one, struct stat const& other) noexcept
{
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// Returns true if that is the name of a file with this status.
inline bool is_name_of(std::string const& path, struct stat const& file) noexcept
{
    struct stat found = {};
    return ::stat(path.c_str(), &found) == 0 && is_same_file(found, file);
}

/// Returns a text that identifies a file under any name. It has the inode, and the time of birth, because
/// inodes are reused (`statx`, Linux). Without that time, it has the device's number, which may change at a
/// reboot.
inline std::string identity_of(posix_file const& file)
{
    struct statx known = {};
    auto const is = file.status();
    auto const inode = std::to_string(is.st_ino);
    bool const has_birth = ::statx(file.descriptor(), "", AT_EMPTY_PATH, STATX_BTIME, &known) == 0 &&
                           (known.stx_mask & STATX_BTIME) != 0;
    if (!has_birth) return inode + " on " + std::to_string(is.st_dev);
    return inode + " of " + std::to_string(known.stx_btime.tv_sec) + '.' +
           std::to_string(known.stx_btime.tv_nsec);
}

/// Returns the size and the digest of the head of a file; empty if it is no file.
inline file_extent identify_input(posix_file const& input)
{
    constexpr std::size_t head = 64 * 1024;
    if (!S_ISREG(input.status().st_mode)) return {};
    sha256 digest;
    std::size_t read = 0;
    for (auto text = input.read(head); !text.empty() && read < head; text = input.read(head - read)) {
        digest.add(text);
        read += text.size();
        if (read == head) break;
    }
    return {static_cast<std::uint64_t>(input.status().st_size), digest.hex()};
}

/// A file that one run at a time appends to. Its required content is known by its digest. A character device
/// (`/dev/null`) takes all bytes and holds none; it has no lock and no extent.
class batch_file
{
public:
    /// Opens the file. A new file is removed again, unless `keep` is called.
    explicit batch_file(std::string path)
        : is_new_(::access(path.c_str(), F_OK) != 0), file_(std::move(path), O_RDWR | O_CREAT | O_APPEND),
          real_path_(detail::real_path(file_.path()))
    {}
    batch_file(batch_file const&) = delete;
    batch_file& operator=(batch_file const&) = delete;
    ~batch_file()
    {
        struct stat is = {};
        if (is_new_ && ::fstat(file_.descriptor(), &is) == 0 && is.st_size == 0 && is_name_of(real_path_, is))
            ::unlink(real_path_.c_str());
    }

    void keep() noexcept { is_new_ = false; }

    posix_file const& file() const noexcept { return file_; }
    std::string const& path() const noexcept { return file_.path(); }
    std::string const& real_path() const noexcept { return real_path_; }
    std::uint64_t size_on_disk() const { return static_cast<std::uint64_t>(file_.status().st_size); }
    bool is_device() const { return S_ISCHR(file_.status().st_mode); }

    /// Throws `errc::file_error` if another run has it. Without locks, `require_own` detects that.
    void lock()
    {
        if (is_device()) return;
        if (!S_ISREG(file_.status().st_mode)) refuse_files("'" + path() + "' is no file");
        auto const result = file_.lock();
        // Else it may be another run's.
        is_new_ = is_new_ && result == lock_result::taken;
        if (result == lock_result::held)
            throw error(errc::file_error, "'" + path() + "' is being written by another run");
    }

    /// Reads `size` bytes, or all if there are fewer.
    file_extent read(std::uint64_t size)
    {
        while (size_ < size && !is_device()) {
            auto const most = std::min<std::uint64_t>(size - size_, 1 << 20);
            auto const text = file_.read(static_cast<std::size_t>(most));
            if (text.empty()) break;
            add(text);
        }
        return extent();
    }

    /// Cuts off all bytes after those that were read and written.
    void cut() const
    {
        if (!is_device()) file_.truncate(size_);
    }

    void write(std::string_view text)
    {
        file_.write(text);
        if (!is_device()) add(text);
    }

    void sync() const
    {
        if (!is_device()) file_.sync();
    }

    /// Throws `errc::file_error` unless the file is still at its path. With `whole`, it must also hold
    /// exactly the bytes that this run has read and written.
    void require_own(bool whole) const
    {
        if (!is_name_of(real_path_, file_.status()))
            throw error(errc::file_error, "'" + path() +
                                              "' was moved, removed or replaced while a run writes it; what "
                                              "is there now is left as it is");
        if (whole && !is_device() && size_on_disk() != size_)
            throw error(errc::file_error, "'" + path() + "' has " + std::to_string(size_on_disk()) +
                                              " bytes, and not the " + std::to_string(size_) +
                                              " that this run has written: another one writes it");
    }

    file_extent extent() const { return {size_, digest_.hex()}; }

private:
    void add(std::string_view text)
    {
        digest_.add(text);
        size_ += text.size();
    }

    bool is_new_;
    posix_file file_;
    std::string real_path_;
    sha256 digest_;
    std::uint64_t size_ = 0;
};

}}} // namespace practicus::v1::detail
