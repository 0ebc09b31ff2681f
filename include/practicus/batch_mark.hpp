// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstdint>
#include <string>

namespace practicus { inline namespace v1 {

/// The position of a run, from which another run resumes it.
struct batch_mark
{
    /// The mark of a run that has not begun.
    batch_mark() {}

    /// Rows with predictions in the sink.
    std::uint64_t rows = 0;
    /// Rows in `batch_job::rejected_rows`.
    std::uint64_t failed_rows = 0;
    /// The header line of the predictions, without its line end; empty before the first prediction.
    std::string header;
    /// The SHA-256 of the source's header line and the rows done, in hexadecimal digits.
    std::string digest;

    /// Compares the values.
    bool operator==(batch_mark const&) const = default;
};

}} // namespace practicus::v1
