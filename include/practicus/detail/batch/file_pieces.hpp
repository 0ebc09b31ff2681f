// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/posix_file.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

inline boost::asio::awaitable<std::string> read_piece(std::shared_ptr<posix_file> from)
{
    co_return from->read(256 * 1024);
}

/// `File` is a `posix_file` or `batch_files`.
template <class File>
boost::asio::awaitable<void> write_piece(std::shared_ptr<File> to, std::string text)
{
    to->write(text);
    co_return;
}

inline boost::asio::awaitable<std::string> take_text(std::shared_ptr<std::string> text)
{
    co_return std::exchange(*text, {});
}

}}} // namespace practicus::v1::detail
