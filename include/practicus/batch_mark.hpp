// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstdint>
#include <string>

namespace practicus { inline namespace v1 {

/// How far a run over many batches has come: what another run needs to resume it.
struct batch_mark
{
    /// Nothing is done.
    batch_mark() {}

    /// Rows that the sink has predictions of.
    std::uint64_t rows = 0;
    /// Rows that `batch_job::rejected_rows` has.
    std::uint64_t failed_rows = 0;
    /// The predictions' header line, without its line end; empty before the first prediction.
    std::string header;
    /// The SHA-256 of the source's header line and of the rows that are done, in hexadecimal digits.
    std::string digest;

    /// Compares the values.
    bool operator==(batch_mark const&) const = default;
};

}} // namespace practicus::v1
