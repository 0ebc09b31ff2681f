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

/// Standard input or output, for pieces of text. A pipe or terminal is waited for without holding up what
/// else the context does, on a description of its own: whoever shares the stream must not find it
/// non-blocking. A file is read and written as it is.
class standard_stream
{
public:
    standard_stream(boost::asio::io_context& io, int descriptor)
        : standard_stream(io, descriptor, "/proc/self/fd/" + std::to_string(descriptor))
    {}

    /// A pipe that has a name, in the place of standard input.
    standard_stream(boost::asio::io_context& io, std::string const& path)
        : standard_stream(io, STDIN_FILENO, path)
    {}

    /// An empty text is the end.
    boost::asio::awaitable<std::string> read()
    {
        std::string text(256 * 1024, '\0');
        if (waited_for_) {
            boost::system::error_code failed;
            auto reading = waited_for_->async_read_some(
                boost::asio::buffer(text), boost::asio::redirect_error(boost::asio::use_awaitable, failed));
            auto const n = co_await std::move(reading);
            if (failed && failed != boost::asio::error::eof)
                throw std::system_error(failed, "standard input can not be read");
            text.resize(n);
            co_return text;
        }
        ssize_t n = 0;
        do {
            n = ::read(descriptor_, text.data(), text.size());
        } while (n < 0 && errno == EINTR);
        if (n < 0) throw_errno("can not be read");
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
            if (n < 0) throw_errno("can not be written");
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
    }

private:
    standard_stream(boost::asio::io_context& io, int descriptor, std::string const& path)
        : descriptor_(descriptor)
    {
        struct stat is = {};
        if (::stat(path.c_str(), &is) != 0) throw_errno("can not be used");
        if (!S_ISFIFO(is.st_mode) && !S_ISCHR(is.st_mode)) return;
        int const own = ::open(path.c_str(), (descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
        if (own < 0) return;
        boost::system::error_code failed;
        waited_for_.emplace(io);
        waited_for_->assign(own, failed);
        // /dev/null, say, can not be waited for.
        if (failed) {
            ::close(own);
            waited_for_.reset();
        }
    }

    [[noreturn]] void throw_errno(char const* what) const
    {
        auto const name = descriptor_ == STDIN_FILENO ? "standard input " : "standard output ";
        throw std::system_error(errno, std::system_category(), std::string(name) + what);
    }

    int descriptor_;
    std::optional<boost::asio::posix::stream_descriptor> waited_for_;
};

} // namespace cli
