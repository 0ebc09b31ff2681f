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

/// The source of a batch job that reads a file, 256 KiB at a time: each of them blocks for as long as the
/// disk takes. Throws `errc::file_error`. Copies read on from the same place.
class file_source
{
public:
    /// Opens the file.
    explicit file_source(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_RDONLY))
    {}

    /// In bytes, for `batch_job::total_bytes`; 0 for a pipe.
    [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(file_->status().st_size); }

    /// For one job: it reads on from where the last piece has ended.
    [[nodiscard]] body_source source() const
    {
        return [file = file_] { return detail::read_piece(file); };
    }

private:
    std::shared_ptr<detail::posix_file> file_;
};

/// The source of a batch job that is a text.
[[nodiscard]] inline body_source string_source(std::string text)
{
    return [kept = std::make_shared<std::string>(std::move(text))] { return detail::take_text(kept); };
}

/// A file as the sink of a batch job; appends to what the file holds. For a run that may be resumed, use
/// `batch_output`. Throws `errc::file_error`. Copies write to the same file.
class file_sink
{
public:
    /// Opens the file, or makes it.
    explicit file_sink(std::string path)
        : file_(std::make_shared<detail::posix_file>(std::move(path), O_WRONLY | O_CREAT | O_APPEND))
    {}

    /// The job's sink.
    [[nodiscard]] body_sink sink() const
    {
        return [file = file_](std::string text) { return detail::write_piece(file, std::move(text)); };
    }

private:
    std::shared_ptr<detail::posix_file> file_;
};

}} // namespace practicus::v1
