// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_url.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Splits a text in pieces into batches. Thread safety: none.
class batch_splitter
{
public:
    virtual ~batch_splitter() = default;

    /// Makes a batch end after the first `count` rows, as in the run that is resumed. Must be called before
    /// the first `push`.
    virtual void cut_behind(std::uint64_t count) noexcept = 0;
    /// Adds `piece` to the text; copies it.
    virtual void push(std::string_view piece) = 0;
    /// Ends the text.
    virtual void finish() = 0;
    /// Returns the next full batch, and after `finish` also the last one. Empty if there is none yet.
    virtual std::optional<batch_text> next() = 0;
    /// Returns the text's error, `errc::invalid_argument`, if no batch is left before it; else null.
    virtual failure fault() const = 0;
    /// Returns the number of bytes that were pushed and not given out, without a header.
    virtual std::size_t buffered() const noexcept = 0;
    /// Returns the number of complete rows.
    virtual std::uint64_t rows() const noexcept = 0;
};

/// The request of a batch.
struct batch_request
{
    call_url to;
    std::string body;
};

/// The output of a believed response.
struct batch_result
{
    batch_result() = default;

    /// The header line with its line end; empty if the form has none.
    std::string header;
    /// The results of the rows. A line end may be missing at the end.
    std::string text;
    /// The version of the model that responded.
    std::string version;
};

/// The form of a job's text. It decides the splitting, the requests, and which responses are believed. Pure.
/// Thread safety: full.
class batch_format
{
public:
    virtual ~batch_format() = default;

    virtual std::unique_ptr<batch_splitter> make_splitter() const = 0;
    /// Returns the word for several rows.
    virtual std::string_view noun() const noexcept = 0;
    /// Returns the media type of requests, and by default of responses.
    virtual std::string_view media_type() const noexcept = 0;
    virtual batch_request request(batch_text const& batch) const = 0;
    /// Returns the error of a response that is invalid for the batch; otherwise sets `to`.
    virtual std::optional<error_info> read(batch_text const& batch, batch_answer const& answer,
                                           batch_result& to) const = 0;
    /// Returns two batches that are `whole` together, of half its rows each. It has at least 2 rows.
    virtual std::pair<batch_text, batch_text> halve(batch_text const& whole) const = 0;
    /// Returns the text for the sink of rejected rows. `is_first` is true if nothing was rejected before.
    virtual std::string rejected(batch_text const& batch, error_info const& why, bool is_first) const = 0;
};

}}} // namespace practicus::v1::detail
