// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_queue.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The results of a run for its caller: predictions and rejected rows in the order of the rows, marks, and
/// the progress. The job outlives it.
class batch_results
{
public:
    batch_results(batch_job const& job, batch_format const& format, time_point began)
        : job_(job), format_(format), began_(began), header_(job.resume.header)
    {
        progress_.rows = job.resume.rows;
        progress_.failed_rows = job.resume.failed_rows;
    }

    batch_progress const& progress() const noexcept { return progress_; }

    /// Writes a batch, and gives its mark. A mark is at the end of a batch, also of one that was halved. A
    /// resumed run thus has the same marks as an uninterrupted one.
    asio::awaitable<failure> write(batch_sending const& batch)
    {
        for (auto const& part : batch.parts())
            if (auto failed = co_await write(part)) co_return failed;
        co_return mark(batch.digest());
    }

    /// Returns the time of the next progress report.
    time_point report_at() const noexcept { return job_.on_progress ? report_at_ : time_point::max(); }

    failure report(batch_counts const& now, time_point at, bool last)
    {
        report_at_ = at + std::chrono::milliseconds(200);
        progress_.bytes_in = now.bytes_in;
        progress_.in_flight = now.in_flight;
        progress_.limit = now.limit;
        progress_.waiting = now.waiting;
        progress_.last_error = now.last_error;
        progress_.retries = now.retries;
        progress_.bytes_done = last ? now.bytes_in : now.bytes_skipped + bytes_written_;
        progress_.elapsed = at - began_;
        auto const seconds = std::chrono::duration<double>(progress_.elapsed).count();
        auto const before = job_.resume.rows + job_.resume.failed_rows;
        auto const done = progress_.rows + progress_.failed_rows - before;
        progress_.rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
        progress_.left = time_left(seconds);
        return job_.on_progress ? call_back(job_.on_progress, progress_) : nullptr;
    }

private:
    asio::awaitable<failure> write(batch_part const& part)
    {
        bytes_written_ += part.batch.text.size() - part.batch.header_size;
        if (part.failure) co_return co_await reject(part);
        auto const& answer = part.result;
        std::string text;
        // A header alone may be there already.
        if (progress_.rows == 0 && header_.empty()) text.append(answer.header);
        if (header_.empty()) header_ = header_names(answer.header);
        text.append(answer.text);
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        progress_.bytes_out += text.size();
        if (!text.empty()) {
            auto const given = co_await call_back(job_.sink, std::move(text));
            if (!given) co_return given.error();
        }
        progress_.rows += part.batch.rows;
        ++progress_.batches;
        count_version(answer.version);
        co_return nullptr;
    }

    /// Counts a version. Their number is limited, because the server chooses them.
    void count_version(std::string const& version)
    {
        constexpr std::size_t most = 64;
        bool const is_known = progress_.versions.size() < most || progress_.versions.contains(version);
        ++progress_.versions[is_known ? version : "other"];
    }

    asio::awaitable<failure> reject(batch_part const& part)
    {
        auto const& batch = part.batch;
        auto const& why = *part.failure;
        auto const first = batch.first_row + 1;
        auto const last = batch.first_row + batch.rows;
        if (part.ends_run(true)) co_return with_rows(why, first, last);
        if (batch.rows == 0) co_return nullptr;
        batch_failure rejected;
        rejected.first_row = batch.first_row;
        rejected.rows = batch.rows;
        rejected.error = why;
        if (auto thrown = job_.on_failed ? call_back(job_.on_failed, rejected) : nullptr) co_return thrown;
        if (part.ends_run(static_cast<bool>(job_.rejected_rows))) co_return with_rows(why, first, last);
        auto text = format_.rejected(batch, why, progress_.failed_rows == 0);
        auto const given = co_await call_back(job_.rejected_rows, std::move(text));
        if (!given) co_return given.error();
        progress_.failed_rows += batch.rows;
        co_return nullptr;
    }

    /// Adds the numbers of the rows to a message, from 1 and without the header.
    failure with_rows(error_info info, std::uint64_t first, std::uint64_t last) const
    {
        auto place = std::string(format_.noun()).append(" ").append(std::to_string(first)).append(" to ");
        place.append(std::to_string(last));
        info.message =
            (last < first ? "the header alone" : place) + (info.message.empty() ? "" : ": " + info.message);
        return make_failure(std::move(info));
    }

    failure mark(std::string const& digest)
    {
        if (!job_.on_mark) return nullptr;
        batch_mark done;
        done.rows = progress_.rows;
        done.failed_rows = progress_.failed_rows;
        done.header = header_;
        done.digest = digest;
        return call_back(job_.on_mark, done);
    }

    std::chrono::nanoseconds time_left(double seconds) const
    {
        if (job_.total_bytes == 0 || bytes_written_ == 0 || seconds <= 0) return std::chrono::nanoseconds(-1);
        auto const left = job_.total_bytes - std::min(job_.total_bytes, progress_.bytes_done);
        auto const result = static_cast<double>(left) / static_cast<double>(bytes_written_) * seconds;
        return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(result, 3e8) * 1e9));
    }

    batch_job const& job_;
    batch_format const& format_;
    time_point const began_;
    batch_progress progress_;
    /// The predictions' header line.
    std::string header_;
    std::uint64_t bytes_written_ = 0;
    time_point report_at_{};
};

}}} // namespace practicus::v1::detail
