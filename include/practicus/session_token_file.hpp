// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/base/posix_file.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace practicus { inline namespace v1 {
namespace detail {

/// Returns true if `text` is no complete successor of the JWT `last`. Then it does not have three parts, or
/// it has the same header and a shorter signature.
inline bool is_cut_jwt(std::string_view text, std::string_view last)
{
    if (std::count(last.begin(), last.end(), '.') != 2) return false;
    if (std::count(text.begin(), text.end(), '.') != 2) return true;
    return text.substr(0, text.find('.')) == last.substr(0, last.find('.')) &&
           text.size() - text.rfind('.') < last.size() - last.rfind('.');
}

/// A token in a file that other programs replace. Thread safety: full.
class token_file
{
public:
    explicit token_file(std::string path) : path_(std::move(path)) { read({}); }

    /// Returns the token; reads the file again if it has changed, or if `refused` is its token. A file that
    /// cannot be read, or not completely, has not changed.
    secret operator()(secret const& refused)
    {
        std::lock_guard lock(mutex_);
        bool const anew = !refused.empty() && refused == value_;
        struct stat now = {};
        if (!anew && (::stat(path_.c_str(), &now) != 0 || is_same(now, seen_))) return value_;
        try {
            read(anew ? std::string_view() : value_.reveal());
        } catch (error const&) {
            // The last token stays in use; the file is read again at the next use.
        }
        return value_;
    }

private:
    static constexpr std::size_t largest = 64 * 1024;

    // The change time as well: a copy may keep size and modification time.
    static bool is_same(struct stat const& a, struct stat const& b) noexcept
    {
        auto const equal = [](timespec const& x, timespec const& y) {
            return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
        };
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
               equal(a.st_mtim, b.st_mtim) && equal(a.st_ctim, b.st_ctim);
    }

    void read(std::string_view last)
    {
        posix_file const from(path_, O_RDONLY | O_NONBLOCK);
        auto const before = from.status();
        if (!S_ISREG(before.st_mode)) throw error(errc::file_error, "'" + path_ + "' is no regular file");
        auto const text = secret::take(from.read(largest + 1));
        if (text.size() > largest) throw error(errc::file_error, "'" + path_ + "' is too large for a token");
        auto next = credentials::session_token(text.reveal()).value();
        if (is_cut_jwt(next.reveal(), last) || !is_same(before, from.status())) return;
        value_ = std::move(next);
        seen_ = before;
    }

    std::string const path_;
    std::mutex mutex_;
    secret value_;
    struct stat seen_ = {};
};

} // namespace detail

/// Makes credentials of a session token in a file, such as a mounted secret. White space at both ends is
/// removed. Each use of the token reads the file again if it has changed, also by a renamed file or link. A
/// 401 always reads it again. The last token stays in use while the file is missing, empty, or not written
/// completely. Throws `errc::file_error` if the file cannot be read now or is larger than 64 KiB, and
/// `errc::invalid_credentials` if it holds no token.
[[nodiscard]] inline credentials session_token_file(std::string path)
{
    auto file = std::make_shared<detail::token_file>(std::move(path));
    return credentials::session_token([file](secret const& refused) { return (*file)(refused); });
}

}} // namespace practicus::v1
