// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/batch/file_pieces.hpp>
#include <practicus/predict.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>

namespace practicus { inline namespace v1 {

/// A file as the source of a batch job. It is read in pieces of 256 KiB, and each read blocks. Copies share
/// one position. All functions throw `errc::file_error`.
class file_source
{
public:
    /// Opens the file.
    explicit file_source(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_RDONLY))
    {}

    /// Returns the size in bytes, for `batch_job::total_bytes`; 0 for a pipe.
    [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(file_->status().st_size); }

    /// Returns the source for one job. It continues at the end of the last piece.
    [[nodiscard]] body_source source() const
    {
        return [file = file_] { return detail::read_piece(file); };
    }

private:
    std::shared_ptr<detail::posix_file> file_;
};

/// Returns a source that gives the text as one piece.
[[nodiscard]] inline body_source string_source(std::string text)
{
    return [kept = std::make_shared<std::string>(std::move(text))] { return detail::take_text(kept); };
}

/// A file as the sink of a batch job, which appends to it. A run that may be resumed needs `batch_output`.
/// Copies write to the same file. All functions throw `errc::file_error`.
class file_sink
{
public:
    /// Opens the file; makes it if it is missing.
    explicit file_sink(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_WRONLY | O_CREAT | O_APPEND))
    {}

    /// Returns the sink of the job.
    [[nodiscard]] body_sink sink() const
    {
        return [file = file_](std::string text) { return detail::write_piece(file, std::move(text)); };
    }

private:
    std::shared_ptr<detail::posix_file> file_;
};

}} // namespace practicus::v1
