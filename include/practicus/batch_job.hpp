// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_mark.hpp>
#include <practicus/error.hpp>
#include <practicus/json_lines.hpp>
#include <practicus/predict.hpp>
#include <practicus/url.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail {
class batch_run;
} // namespace detail

/// The progress of a run.
struct batch_progress
{
    /// The progress of a run that has not begun.
    batch_progress() {}

    /// Rows with predictions in the sink, including those of earlier runs.
    std::uint64_t rows = 0;
    /// Rows that failed permanently, including those of earlier runs.
    std::uint64_t failed_rows = 0;
    /// Batches with predictions in the sink; each part of a halved batch counts.
    std::uint64_t batches = 0;
    /// Responses with predictions in the sink, by the version of the model (`served_by::model_version`), of
    /// this run. A response that names none counts under an empty text. After 64 versions, others count
    /// under `other`.
    std::map<std::string, std::uint64_t> versions;
    /// Bytes of the source that were cut into batches.
    std::uint64_t bytes_in = 0;
    /// Bytes of predictions given to the sink.
    std::uint64_t bytes_out = 0;
    /// Bytes of the source that are done, including skipped ones; its total at the end.
    std::uint64_t bytes_done = 0;
    /// Batches in flight.
    std::size_t in_flight = 0;
    /// Batches that wait for their next attempt.
    std::size_t waiting = 0;
    /// The failure of the waiting batch with the earliest next attempt; null if none waits.
    std::shared_ptr<error_info const> last_error;
    /// The current limit of batches in flight. It falls after a 429 or 503, and then rises again.
    std::size_t limit = 0;
    /// Repeated attempts of batches or their halves. A retry after a pause counts when the pause begins.
    /// The first attempt of a half does not count.
    std::uint64_t retries = 0;
    /// The time since the run began.
    std::chrono::nanoseconds elapsed{0};
    /// Rows done per second in this run, including failed ones.
    double rate = 0;
    /// The estimated time left. Negative unless `batch_job::total_bytes` is known and some rows are done.
    std::chrono::nanoseconds left{-1};
};

/// Rows that failed permanently. Rows count from 0, without the header.
struct batch_failure
{
    /// The number of the first row.
    std::uint64_t first_row = 0;
    /// The number of rows.
    std::size_t rows = 0;
    /// The reason, as the operation would throw it.
    error_info error;
};

/// The input of `predict_batches`, which reads a CSV text from a source and sends it in batches through a
/// model. The sink gets the predictions in the order of the rows, under one header. At most twice
/// `in_flight` batches, with any responses, and one batch that is read ahead are held in memory.
///
/// The text is CSV, or JSON Lines (`json_lines`), where each line is a row and no header exists.
///
/// CSV is UTF-8 and is read as Python's `csv` reads it. Lines end with LF, CRLF or CR, and a quote
/// opens only at the start of a cell. NUL bytes and UTF-16 are refused. A header without rows is sent
/// alone, and the sink gets the header of its response. If the model refuses that (400, 5xx), the sink gets
/// nothing and the run is complete. The type of a response must be `text/csv`, or
/// `predict_options::response_type` if set.
///
/// A batch is sent again after every transient failure, also when the model may have seen it. A model must
/// be safe to call twice.
///
/// A job runs once, including its copies: a second run ends with `errc::invalid_argument`. Another run
/// needs another job; `resume` continues the earlier one.
///
/// Source, sink and callbacks run in the client's context, one call of each at a time. The source may run
/// beside the others. Their exceptions end the run; after an exception of the source, the sink still gets
/// the rows read before.
///
/// The run validates the job when it begins: `errc::invalid_argument` names the member.
struct batch_job
{
    /// Sets the required members.
    batch_job(model_url to, body_source from, body_sink results)
        : url(std::move(to)), source(std::move(from)), sink(std::move(results))
    {}

    /// The url of the model.
    model_url url;
    /// The source of the text, in pieces that may end anywhere, also inside a row.
    body_source source;
    /// The sink of the predictions: CSV with one header, or JSON Lines. Each piece ends with a complete row.
    body_sink sink;

    /// The form of the text. Default: CSV. Otherwise JSON Lines: a row is a line, and each line is a batch of
    /// its own, unless lines are packed; `max_rows` has no effect.
    std::optional<json_lines_options> json_lines;

    /// The limit of a batch's rows. Must not be zero, as the next three.
    std::size_t max_rows = 1000;
    /// The limit of a batch's bytes, including its header line. A longer row is a batch of its own.
    /// Default: 1 MiB.
    std::size_t max_bytes = 1024 * 1024;
    /// The limit of batches in flight. The actual number adapts to the model's capacity.
    std::size_t in_flight = 64;
    /// The limit of attempts of a batch that fails in the model. Such failures are 404, other 5xx, a wrong
    /// number of rows, another header line or type, malformed HTTP, and a refused token.
    std::size_t max_attempts = 5;

    /// The time for which other failures of a batch are retried. These are failed or lost connections, 408,
    /// 425, 429, 502 to 504, timeouts, any 5xx of the console, which issues the token, and responses of
    /// another version (`model_version`). Waiting for a place does not count while other batches are
    /// answered. Must not be negative.
    ///
    /// Pauses double from `retry_options::initial_backoff` of the client to 30 s, or 1 s after another
    /// version; those of `max_attempts` start from 0.5 s. A longer `Retry-After` replaces the pause.
    /// Meanwhile, other batches take the place. The `Retry-After` of a 429 or 503 holds for all batches,
    /// until a batch that was sent later is answered. The other `retry_options` are for single calls.
    ///
    /// When the time is over, or `Retry-After` is longer than the time left, the run ends and can be
    /// resumed.
    std::chrono::milliseconds retry_for = std::chrono::minutes(15);

    /// The options of each batch's request, such as an encoding. Its sink is not used, and a batch is
    /// always idempotent.
    ///
    /// A batch that is too large for a server (413) is halved until it is accepted. A response without a
    /// content type is judged by its lines instead of `response_type`. For a batch of at most one row it is
    /// an error until the header line is known, from another response or from existing results.
    predict_options request_options;

    /// The only version of the model that may respond; `2` is `v2`. See `served_by`. A response of
    /// another version decides nothing, a refusal as well. The batch is sent again for `retry_for`, or
    /// `max_attempts` times after a result that names no version. Then `errc::unexpected_response` ends the
    /// run and names both versions. A url with a version asks for one. Default: any version.
    std::string model_version;

    /// The sink of rows that a model permanently refuses, in the form of the source, or of OpenAI's error
    /// file with `json_lines_options::openai`. The run then continues. Refusals are 400 and other 4xx of that
    /// kind, 5xx, a wrong number of rows, and a request or response body that is too large. JSON is one as
    /// well, once other batches were answered.
    ///
    /// Default: the first refused rows end the run. Failures that would affect all rows always end it: a
    /// wrong url, a refused login, or any error of the console. No batch after the one that ends the run is
    /// sent.
    body_sink rejected_rows;

    /// Called for each batch, or part of a halved one, that the model permanently refuses.
    std::function<void(batch_failure const&)> on_failed;
    /// Called with the progress about five times a second, and at the end.
    std::function<void(batch_progress const&)> on_progress;
    /// The length of the source in bytes, for `batch_progress::left`. Zero: unknown.
    std::uint64_t total_bytes = 0;

    /// The mark of the run to resume: its rows are read, but not sent. Default: no earlier run.
    /// `batch_output` keeps marks in a file.
    ///
    /// A source with fewer or different rows ends the run with `errc::invalid_argument` before the sink
    /// gets any. Predictions with another header line end it, after `max_attempts`, with
    /// `errc::unexpected_response`.
    batch_mark resume;
    /// Called with a mark after each batch. The sink and `rejected_rows` have received exactly the rows of
    /// the mark.
    std::function<void(batch_mark const&)> on_mark;

private:
    friend class detail::batch_run;

    std::shared_ptr<std::atomic<bool>> begun_ = std::make_shared<std::atomic<bool>>(false);
};

}} // namespace practicus::v1
