// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_queue.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Reads a job's source and cuts it into batches, without those of an earlier run. The job, its format and
/// the queue, which counts the bytes, outlive it. Thread safety: none.
class batch_reader
{
public:
    batch_reader(batch_job const& job, batch_format const& format, batch_queue& queue)
        : job_(job), format_(format), queue_(queue), splitter_(format.make_splitter())
    {
        splitter_->cut_behind(rows_before());
        if (job.on_mark || !job.resume.digest.empty()) digest_.emplace();
    }

    /// Returns the next batch; nothing at the end. One call at a time.
    asio::awaitable<result<std::optional<batch_text>>> read()
    {
        auto batch = take_cut();
        while (batch && !*batch && !is_done_) {
            if (rest_.empty()) {
                auto piece = co_await call_back(job_.source);
                if (!piece) co_return piece.error();
                piece_ = std::move(*piece);
                rest_ = piece_;
            }
            auto const size = cut();
            batch = take_cut();
            if (!batch) break;
            auto const& taken = *batch;
            queue_.count(size, taken ? taken->text.size() - taken->header_size : 0, splitter_->buffered());
            // A file is read without a pause, and a run that goes on may skip much of it.
            auto others = asio::post(asio::deferred);
            if (!taken) co_await std::move(others);
        }
        co_return batch;
    }

    /// Returns the failure of a source that has ended before the rows of an earlier run.
    failure check_end() const
    {
        if (splitter_->rows() >= rows_before()) return nullptr;
        return make_failure(errc::invalid_argument,
                            "the source has " + std::to_string(splitter_->rows()) + ' ' +
                                std::string(format_.noun()) + ", fewer than the " +
                                std::to_string(rows_before()) +
                                " that are done already: it is another source, or these are not its results");
    }

private:
    /// The limit of the work of a turn, and of the batches that are cut before they are wanted.
    static constexpr std::size_t slice = 64 * 1024;

    std::uint64_t rows_before() const noexcept { return job_.resume.rows + job_.resume.failed_rows; }

    /// Gives the next slice of the piece to the splitter, or its end. Returns the size.
    std::size_t cut()
    {
        is_done_ = rest_.empty();
        if (is_done_) splitter_->finish();
        auto const part = rest_.substr(0, slice);
        if (!is_done_) splitter_->push(part);
        rest_.remove_prefix(part.size());
        if (rest_.empty()) std::string().swap(piece_);
        return part.size();
    }

    /// Returns the next batch that no earlier run has done.
    result<std::optional<batch_text>> take_cut()
    {
        while (auto batch = splitter_->next()) {
            if (digest_) add_to_digest(*batch);
            auto const end = batch->first_row + batch->rows;
            if (end > rows_before() || rows_before() == 0) return batch;
            auto const& done = job_.resume.digest;
            if (end == rows_before() && !done.empty() && done != digest_->hex())
                return make_failure(errc::invalid_argument,
                                    "the source is not the one of the run that is resumed: its first " +
                                        std::to_string(end) + ' ' + std::string(format_.noun()) +
                                        ", or its header line, are others");
        }
        if (auto fault = splitter_->fault()) return fault;
        return std::nullopt;
    }

    void add_to_digest(batch_text& batch)
    {
        auto const text = std::string_view(batch.text);
        digest_->add(batch.first_row == 0 ? text : text.substr(batch.header_size));
        if (job_.on_mark) batch.digest = digest_->hex();
    }

    batch_job const& job_;
    batch_format const& format_;
    batch_queue& queue_;
    std::unique_ptr<batch_splitter> const splitter_;
    /// The rest of the last piece of the source.
    std::string piece_;
    std::string_view rest_;
    bool is_done_ = false;
    /// The digest of the text that was cut.
    std::optional<sha256> digest_;
};

}}} // namespace practicus::v1::detail
