// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_mark.hpp>
#include <practicus/error.hpp>
#include <practicus/predict.hpp>
#include <practicus/url.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail {
class batch_run;
} // namespace detail

/// How far a run over many batches is.
struct batch_progress
{
    /// Nothing is done.
    batch_progress() {}

    /// Rows whose predictions the sink has, those of runs before included.
    std::uint64_t rows = 0;
    /// Rows that failed for good.
    std::uint64_t failed_rows = 0;
    /// Batches whose predictions the sink has.
    std::uint64_t batches = 0;
    /// Of CSV: read from the source.
    std::uint64_t bytes_in = 0;
    /// Of predictions, as CSV: given to the sink.
    std::uint64_t bytes_out = 0;
    /// How much of the source is done: up to its total, what was skipped included.
    std::uint64_t bytes_done = 0;
    /// Batches on their way.
    std::size_t in_flight = 0;
    /// Batches that wait for their next try.
    std::size_t waiting = 0;
    /// The failure of the waiting batch with the earliest next try; null if none waits.
    std::shared_ptr<error_info const> last_error;
    /// How many batches there may be on their way at the moment: fewer after a 429 or 503, then more again.
    std::size_t limit = 0;
    /// How often a batch, or a part of one that was halved, was sent again: at once, or after a pause, which
    /// counts when it begins. The first try of a half does not count.
    std::uint64_t retries = 0;
    /// Since the run began.
    std::chrono::nanoseconds elapsed{0};
    /// Rows a second of this run.
    double rate = 0;
    /// Until the end, if `batch_job::total_bytes` is known and something has been done; else negative.
    std::chrono::nanoseconds left{-1};
};

/// Rows that failed for good. Rows are counted from 0, without the header.
struct batch_failure
{
    /// The number of the first.
    std::uint64_t first_row = 0;
    /// How many there are.
    std::size_t rows = 0;
    /// Why: as the operation would have thrown it.
    error_info error;
};

/// What `predict_batches` does: reads a CSV text from a source, sends it in batches through a model,
/// and gives the predictions to a sink, in the order of the rows, under one header. Of the text, however long
/// it is, at most twice `in_flight` batches are held, each with its answer if it has one, and one that is
/// read ahead.
///
/// The text is UTF-8 and read as Python's `csv` does: lines end with LF, CRLF or CR, and a quote opens only
/// at the start of a cell. NUL bytes and UTF-16 are refused. A header without rows is sent alone: its
/// answer's header is all that the sink gets. If the model refuses that (400, 5xx), the sink gets nothing,
/// and the run is complete. An answer of another type than `text/csv`, or of none, is an error.
///
/// A job runs once, its copies included: its source is read by then, and its sink may have results. Another
/// run needs another job, with `resume` if it is to go on.
///
/// A batch is sent again after every failure that may pass, also when the model may have seen it: a model
/// must be safe to call twice. Source, sink and callbacks run in the client's context, each one call at a
/// time; the source may run beside the others. What they throw ends the run; after the source has thrown, the
/// sink still gets what was read before.
///
/// The run validates the job when it begins: `errc::invalid_argument` names the member.
struct batch_job
{
    /// A job with default limits.
    batch_job(model_url to, body_source from, body_sink results)
        : url(std::move(to)), source(std::move(from)), sink(std::move(results))
    {}

    /// The model's url.
    model_url url;
    /// Where the text comes from, piece by piece: cut anywhere, not only between rows.
    body_source source;
    /// Where the predictions go, as CSV with one header; a piece ends with a row's end.
    body_sink sink;

    /// A batch's rows, at most. Must not be zero, as the three below.
    std::size_t max_rows = 1000;
    /// A batch's bytes, its header line included, at most; a longer row is a batch of its own. Default: 1
    /// MiB.
    std::size_t max_bytes = 1024 * 1024;
    /// Batches at once, at most; how many there are adapts to what the model can take.
    std::size_t in_flight = 64;
    /// How often a batch is sent that the model answers with 5xx, another number of rows, another header
    /// line or type, or by refusing the token.
    std::size_t max_attempts = 5;

    /// For how long a batch is tried that does not get through: no connection, 408, 425, 429, 502 to 504, a
    /// time-out, and any 5xx of the console, which gives the token. Waiting for a place does not count while
    /// other batches are answered. The pauses double from `retry_options::initial_backoff` of the client to
    /// 30 s (those of `max_attempts` from 0.5 s), or are as long as the server asks (`Retry-After`) if that
    /// is longer; meanwhile other batches take its place. With 429 and 503, what the server asks holds for
    /// all batches, until one that was sent later is answered. The other `retry_options` are for single
    /// calls. When the time is over, or when the server asks for more than is left, the run ends, and can be
    /// resumed. Must not be negative.
    std::chrono::milliseconds retry_for = std::chrono::minutes(15);

    /// How each batch is sent: an encoding, say. Its sink is not used. A batch is always idempotent. A batch
    /// that is too large for a server on the way (413) is halved, as often as it takes. An answer without a
    /// content type is judged by its lines, not by `answer_type`. To one row, or a header alone, it is an
    /// error until the header line is known: from another answer, or the results that are there.
    predict_options request_options;

    /// Rows that a model refuses for good (400 and other 4xx of that kind, 5xx, another number of rows, JSON
    /// once other batches were answered, a body that is too large) go here, in the form of the source, and
    /// the run goes on. Default: the first of them ends the run, as does in any case what would fail with all
    /// rows: a wrong url, a refused login, any error of the console. Behind the batch that ends the run, none
    /// is sent any more.
    body_sink rejected_rows;

    /// Told of each batch that failed for good.
    std::function<void(batch_failure const&)> on_failed;
    /// Told how far it is, about five times a second, and at the end.
    std::function<void(batch_progress const&)> on_progress;
    /// The source's length, for the time that is left. Zero: unknown.
    std::uint64_t total_bytes = 0;

    /// Resumes the run that `on_mark` was told of: its rows are read, but not sent. A source that has fewer
    /// rows, or others, ends the run with `errc::invalid_argument` before the sink is given any; predictions
    /// with another header line end it, after `max_attempts`, with `errc::unexpected_answer`.
    /// (`batch_output` keeps marks in a file.) By default, nothing is done.
    batch_mark resume;
    /// Called after each batch with how far the run is. The sink and `rejected_rows` have all that the mark
    /// says, and nothing beyond it.
    std::function<void(batch_mark const&)> on_mark;

private:
    friend class detail::batch_run;

    std::shared_ptr<std::atomic<bool>> begun_ = std::make_shared<std::atomic<bool>>(false);
};

}} // namespace practicus::v1
