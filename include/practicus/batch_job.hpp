// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_mark.hpp>
#include <practicus/error.hpp>
#include <practicus/predict.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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
class batch_job
{
public:
    /// Throws `errc::invalid_argument` for a source or a sink that is none.
    batch_job(model_url url, body_source source, body_sink sink)
        : url_(std::move(url)), source_(std::move(source)), sink_(std::move(sink))
    {
        if (!source_ || !sink_) throw error(errc::invalid_argument, "a batch job needs a source and a sink");
    }

    /// The model's url.
    model_url const& url() const noexcept { return url_; }
    /// Where the text comes from, piece by piece: cut anywhere, not only between rows.
    body_source const& source() const noexcept { return source_; }
    /// Where the predictions go, as CSV with one header; a piece ends with a row's end.
    body_sink const& sink() const noexcept { return sink_; }

    /// A batch's rows, at most. Default: 1,000. As below, zero throws `errc::invalid_argument`.
    batch_job& rows(std::size_t n) { return set(rows_, n, "rows"); }
    std::size_t rows() const noexcept { return rows_; }

    /// A batch's bytes, its header line included, at most; a longer row is a batch of its own. Default: 1
    /// MiB.
    batch_job& bytes(std::size_t n) { return set(bytes_, n, "bytes"); }
    std::size_t bytes() const noexcept { return bytes_; }

    /// Batches at once, at most; how many there are adapts to what the model can take. Default: 64.
    batch_job& in_flight(std::size_t n) { return set(in_flight_, n, "in_flight"); }
    std::size_t in_flight() const noexcept { return in_flight_; }

    /// How often a batch is tried that the model answers with 5xx, another number of rows, another header
    /// line or type, or by refusing the token. Default: 5.
    batch_job& tries(std::size_t n) { return set(tries_, n, "tries"); }
    std::size_t tries() const noexcept { return tries_; }

    /// For how long a batch is tried that does not get through: no connection, 408, 425, 429, 502 to 504, a
    /// time-out, and any 5xx of the console, which gives the token. Waiting for a place does not count while
    /// other batches are answered. The pauses double from `retry_options::initial_backoff` of the client to
    /// 30 s (those of `tries` from 0.5 s), or are as long as the server asks (`Retry-After`) if that is
    /// longer; meanwhile other batches take its place. With 429 and 503, what the server asks holds for all
    /// batches, until one that was sent later is answered. The other `retry_options` are for single calls.
    /// When the patience ends, or when the server asks for more than is left, the run ends, and can be
    /// resumed. Default: 15 minutes. Throws `errc::invalid_argument` if negative.
    batch_job& patience(std::chrono::milliseconds d)
    {
        if (d < d.zero()) throw error(errc::invalid_argument, "patience is negative");
        patience_ = std::min<std::chrono::milliseconds>(d, std::chrono::hours(24 * 365));
        return *this;
    }
    std::chrono::milliseconds patience() const noexcept { return patience_; }

    /// How each batch is sent: an encoding, say. Its sink is not used. A batch is always safe to repeat. A
    /// batch that is too large for a server on the way (413) is halved, as often as it takes. An answer
    /// without a content type is judged by its lines, not by `answer_type`. To one row, or a header alone, it
    /// is an error until the header line is known: from another answer, or the results that are there.
    batch_job& calls(predict_options how)
    {
        calls_ = std::move(how);
        return *this;
    }
    predict_options const& calls() const noexcept { return calls_; }

    /// Rows that a model refuses for good (400 and other 4xx of that kind, 5xx, another number of rows, JSON
    /// once other batches were answered, a body that is too large) go here, in the form of the source, and
    /// the run goes on. Default: the first of them ends the run, as does in any case what would fail with all
    /// rows: a wrong url, a refused login, any error of the console. Behind the batch that ends the run, none
    /// is sent any more.
    batch_job& failed_to(body_sink side)
    {
        failed_to_ = std::move(side);
        return *this;
    }
    body_sink const& failed_to() const noexcept { return failed_to_; }

    /// Told of each batch that failed for good. Default: none.
    batch_job& on_failed(std::function<void(batch_failure const&)> f)
    {
        on_failed_ = std::move(f);
        return *this;
    }
    /// The callback that is set, or none.
    std::function<void(batch_failure const&)> const& on_failed() const noexcept { return on_failed_; }

    /// Told how far it is, about five times a second, and at the end. Default: none.
    batch_job& on_progress(std::function<void(batch_progress const&)> f)
    {
        on_progress_ = std::move(f);
        return *this;
    }
    /// The callback that is set, or none.
    std::function<void(batch_progress const&)> const& on_progress() const noexcept { return on_progress_; }

    /// The source's length, for the time that is left. Default: unknown.
    batch_job& total_bytes(std::uint64_t n)
    {
        total_bytes_ = n;
        return *this;
    }
    std::uint64_t total_bytes() const noexcept { return total_bytes_; }

    /// Resumes the run that `on_mark` was told of: its rows are read, but not sent. A source that has fewer
    /// rows, or others, ends the run with `errc::invalid_argument` before the sink is given any; predictions
    /// with another header line end it, after `tries`, with `errc::unexpected_answer`. (`batch_output` keeps
    /// marks in a file.)
    batch_job& resume(batch_mark mark)
    {
        resumed_ = std::move(mark);
        return *this;
    }
    /// What `resume` was told; by default, nothing is done.
    batch_mark const& resumed() const noexcept { return resumed_; }

    /// Called after each batch with how far the run is. The sink and `failed_to` have all that the mark says,
    /// and nothing beyond it. Default: none.
    batch_job& on_mark(std::function<void(batch_mark const&)> f)
    {
        on_mark_ = std::move(f);
        return *this;
    }
    /// The callback that is set, or none.
    std::function<void(batch_mark const&)> const& on_mark() const noexcept { return on_mark_; }

private:
    friend class detail::batch_run;

    batch_job& set(std::size_t& field, std::size_t n, char const* name)
    {
        if (n == 0) throw error(errc::invalid_argument, std::string("a batch job's '") + name + "' is zero");
        field = n;
        return *this;
    }

    model_url url_;
    body_source source_;
    body_sink sink_;
    body_sink failed_to_;
    predict_options calls_;
    std::function<void(batch_failure const&)> on_failed_;
    std::function<void(batch_progress const&)> on_progress_;
    std::size_t rows_ = 1000;
    std::size_t bytes_ = 1024 * 1024;
    std::size_t in_flight_ = 64;
    std::size_t tries_ = 5;
    std::chrono::milliseconds patience_ = std::chrono::minutes(15);
    std::uint64_t total_bytes_ = 0;
    batch_mark resumed_;
    std::function<void(batch_mark const&)> on_mark_;
    std::shared_ptr<std::atomic<bool>> begun_ = std::make_shared<std::atomic<bool>>(false);
};

}} // namespace practicus::v1
