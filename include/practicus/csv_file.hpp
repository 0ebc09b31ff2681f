// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/csv_cutter.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>

namespace practicus::inline v1 {

namespace detail {

inline boost::asio::awaitable<std::string> read_piece(std::shared_ptr<posix_file> from)
{
    co_return from->read(256 * 1024);
}

inline boost::asio::awaitable<void> write_piece(std::shared_ptr<posix_file> to, std::string text)
{
    to->write(text);
    co_return;
}

inline boost::asio::awaitable<std::string> take_text(std::shared_ptr<std::string> text)
{
    co_return std::exchange(*text, {});
}

} // namespace detail

/// The source of a batch job that reads a file, 256 KiB at a time: each of them blocks for as long as the
/// disk takes. Throws `errc::file_error`. Copies read on from the same place.
class csv_input
{
public:
    /// Opens the file.
    explicit csv_input(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_RDONLY))
    {}

    /// In bytes, for `batch_job::total_bytes`; 0 for a pipe.
    std::uint64_t size() const { return static_cast<std::uint64_t>(file_->status().st_size); }

    /// For one job: it reads on from where the last piece has ended.
    body_source source() const
    {
        return [file = file_] { return detail::read_piece(file); };
    }

private:
    std::shared_ptr<detail::posix_file> file_;
};

/// The source of a batch job that is a text.
inline body_source csv_text(std::string text)
{
    return [kept = std::make_shared<std::string>(std::move(text))] { return detail::take_text(kept); };
}

/// A file as the sink of a batch job, which may hold what an earlier run has written: `rows()` says where to
/// go on, and the sink's first piece cuts off a row that is not complete. A program that is killed loses
/// nothing that was written; a machine that loses its power may (there is no `fsync`). Throws
/// `errc::file_error`. Copies write to the same file.
class csv_output
{
public:
    /// Opens the file, or makes it, and reads it once, to count its rows.
    explicit csv_output(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_RDWR | O_CREAT | O_APPEND))
    {
        detail::csv_tail tail;
        for (auto text = file_->read(1 << 20); !text.empty(); text = file_->read(1 << 20)) {
            if (size_ == 0) header_ = text.substr(0, std::min(text.find_first_of("\r\n"), max_header));
            size_ += text.size();
            tail.push(text);
        }
        rows_ = tail.records() > 0 ? tail.records() - 1 : 0;
        // A header alone goes as well: it comes with the first row.
        complete_ = rows_ == 0 ? 0 : tail.complete_size();
    }

    /// Rows in the file when it was opened, without the header.
    std::uint64_t rows() const noexcept { return rows_; }

    /// Bytes in the file when it was opened.
    std::uint64_t size() const noexcept { return size_; }

    /// The file's first line when it was opened, at most 64 KiB of it, for `batch_job::resumed_header`.
    std::string const& header() const noexcept { return header_; }

    /// To be asked for once.
    body_sink sink() const
    {
        return [file = file_,
                cut = std::make_shared<std::optional<std::uint64_t>>(complete_)](std::string text) {
            if (*cut) file->truncate(**cut);
            cut->reset();
            return detail::write_piece(file, std::move(text));
        };
    }

private:
    static constexpr std::size_t max_header = 64 * 1024;

    std::shared_ptr<detail::posix_file> file_;
    std::uint64_t rows_ = 0;
    std::uint64_t complete_ = 0;
    std::uint64_t size_ = 0;
    std::string header_;
};

} // namespace practicus::inline v1
