// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Rows of a text that can be sent by themselves. It has constructors because g++ 12 destroys an aggregate
/// twice when it is a temporary in a co_await expression.
struct batch_text
{
    batch_text() noexcept {}

    batch_text(std::string rows_text, std::uint64_t first, std::size_t count, std::size_t header = 0) noexcept
        : text(std::move(rows_text)), first_row(first), rows(count), header_size(header)
    {}

    /// The header line, if the text has one, then the rows, each with its line end.
    std::string text;
    /// The place of the first of them in the whole text, from 0.
    std::uint64_t first_row = 0;
    /// The number of rows; 0 only for a text that is a header alone.
    std::size_t rows = 0;
    /// The size of the header line and its line end: the position of the rows in `text`.
    std::size_t header_size = 0;
    /// The digest of the whole text up to the last row, for a `batch_mark`; empty if not wanted.
    std::string digest;
    /// The reason for which the row is not sent; empty for rows that are. Such a row is a batch of its own.
    std::string fault;
};

}}} // namespace practicus::v1::detail
