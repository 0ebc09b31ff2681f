// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cli {

/// Standard input or output, for pieces of text. A pipe or terminal is waited for asynchronously. It has an
/// open file description of its own, because it must stay blocking for other processes. A file is read and
/// written directly.
class standard_stream
{
public:
    /// Standard input or output.
    standard_stream(boost::asio::io_context& io, int descriptor)
        : descriptor_(descriptor), name_(descriptor == STDIN_FILENO ? "standard input " : "standard output ")
    {
        auto const mode = ::fcntl(descriptor, F_GETFL);
        if (mode < 0 || (mode & O_ACCMODE) == (descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)) {
            errno = EBADF;
            throw_errno("cannot be used");
        }
        // Does not wait for the other end of a named pipe.
        auto const path = "/proc/self/fd/" + std::to_string(descriptor);
        open(io, path, (descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) | O_NONBLOCK);
    }

    /// A named pipe or a device in the place of standard input or output. A file behind `/dev/stdout`, for
    /// example, is appended to.
    standard_stream(boost::asio::io_context& io, int descriptor, std::string const& path)
        : descriptor_(descriptor), name_("'" + path + "' ")
    {
        open(io, path, descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
        if (own_ < 0) own_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
        if (!waited_for_) descriptor_ = own_;
        if (descriptor_ < 0) throw_errno("cannot be opened");
    }

    standard_stream(standard_stream const&) = delete;
    standard_stream& operator=(standard_stream const&) = delete;
    ~standard_stream()
    {
        if (!waited_for_ && own_ >= 0) ::close(own_);
    }

    /// An empty text is the end.
    boost::asio::awaitable<std::string> read()
    {
        std::string text(256 * 1024, '\0');
        if (waited_for_) {
            boost::system::error_code failed;
            auto reading = waited_for_->async_read_some(
                boost::asio::buffer(text), boost::asio::redirect_error(boost::asio::use_awaitable, failed));
            auto const n = co_await std::move(reading);
            if (failed == boost::asio::error::operation_aborted) throw boost::system::system_error(failed);
            if (failed && failed != boost::asio::error::eof)
                throw std::system_error(failed, name_ + "cannot be read");
            text.resize(n);
            co_return text;
        }
        ssize_t n = 0;
        do {
            n = ::read(descriptor_, text.data(), text.size());
        } while (n < 0 && errno == EINTR);
        if (n < 0) throw_errno("cannot be read");
        text.resize(static_cast<std::size_t>(n));
        co_return text;
    }

    boost::asio::awaitable<void> write(std::string text)
    {
        if (waited_for_) {
            auto writing =
                boost::asio::async_write(*waited_for_, boost::asio::buffer(text), boost::asio::use_awaitable);
            co_await std::move(writing);
            co_return;
        }
        for (std::string_view rest = text; !rest.empty();) {
            auto const n = ::write(descriptor_, rest.data(), rest.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw_errno("cannot be written");
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
    }

private:
    void open(boost::asio::io_context& io, std::string const& path, int flags)
    {
        struct stat is = {};
        if (::stat(path.c_str(), &is) != 0) throw_errno("cannot be used");
        if (S_ISREG(is.st_mode)) return;
        own_ = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY);
        // A socket has no name to be opened by, and another user's pipe cannot be: then it is shared.
        if (own_ < 0 && descriptor_ >= 0 && path.starts_with("/proc/self/fd/"))
            own_ = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
        if (own_ < 0) return;
        boost::system::error_code failed;
        waited_for_.emplace(io);
        waited_for_->assign(own_, failed);
        // /dev/null, say, cannot be waited for.
        if (failed) waited_for_.reset();
    }

    [[noreturn]] void throw_errno(char const* what) const
    {
        throw std::system_error(errno, std::system_category(), name_ + what);
    }

    int descriptor_;
    std::string name_;
    int own_ = -1;
    std::optional<boost::asio::posix::stream_descriptor> waited_for_;
};

} // namespace cli
