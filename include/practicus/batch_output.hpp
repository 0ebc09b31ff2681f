// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/batch_mark.hpp>
#include <practicus/batch_output_options.hpp>
#include <practicus/detail/batch/batch_files.hpp>
#include <practicus/detail/batch/file_pieces.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>
#include <practicus/json_lines.hpp>
#include <practicus/predict.hpp>
#include <practicus/url.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 {

/// Where the results of a batch job go that may be resumed: a file, another one for rejected rows if there is
/// to be one, and a journal beside the first, `PATH.practicus`. The journal says which run it is and what is
/// done. It is written so that a process that is killed, or a machine that loses its power, leaves it usable,
/// and removed by `finish`. Each write blocks for as long as the disk takes.
///
/// A run that resumes another cuts both files to what the journal says, and goes on from there: each row
/// stands in them once, but may reach the model twice. It must have the same model, input,
/// form, `batch_output_options::options`, and files; how many rows a batch has may differ. What stands behind
/// the journal's end is cut off in the files that the run has begun to write, under any name, and in no
/// others. While a run lives, its files are locked (`flock`); a process that ends in any way frees them. On a
/// file system without locks, another run shows when the files are larger than they should be. Copies are of
/// the same run.
///
/// Rejected rows may go to a character device, `/dev/null` say: it is neither locked nor resumed. After a
/// write that has failed, or if a file was moved, removed, replaced or written by others meanwhile, all
/// further ones throw `errc::file_error`; the run can be resumed.
class batch_output
{
public:
    /// Opens and locks the files, and makes those that are missing. Throws `errc::invalid_argument` for files
    /// that are not the run's: a journal without `batch_output_options::resume`, another model, input or
    /// form, files that are not what the journal says; `errc::file_error` for files that cannot be used, or
    /// that another run writes, and a folder that cannot be written. Files are left as they were then, and
    /// new ones removed where the file system has locks.
    batch_output(model_url const& model, std::string path,
                 batch_output_options const& with = batch_output_options())
        : files_(std::make_shared<detail::batch_files>(
              detail::name_with_version(model.str(), with.model_version), std::move(path), with)),
          model_version_(with.model_version), json_lines_(with.json_lines)
    {}

    /// The journal of such an output, which is there while its run has not ended: beside the file itself if
    /// the path is a link.
    [[nodiscard]] static std::string journal_of(std::string const& path)
    {
        return detail::batch_files::journal_of(path);
    }

    /// What runs before have done.
    batch_mark const& mark() const noexcept { return files_->mark(); }

    /// The job's sink.
    [[nodiscard]] body_sink sink() const
    {
        return [files = files_](std::string text) { return detail::write_piece(files, std::move(text)); };
    }

    /// Sets the job's `resume`, `on_mark`, and with a file for rejected rows `rejected_rows`. The job is to
    /// be run once: another run needs an output of its own. Throws `errc::invalid_argument` the second time,
    /// and for a job of another `model_version` or form (`json_lines`).
    void attach(batch_job& job) const
    {
        if (!detail::is_same_version(job.model_version, model_version_))
            throw error(errc::invalid_argument, "batch_output::attach: the version of the job and of "
                                                "batch_output_options must be one");
        if (job.json_lines != json_lines_)
            throw error(errc::invalid_argument, "batch_output::attach: json_lines of the job and of "
                                                "batch_output_options must be the same");
        if (!files_->take())
            throw error(errc::invalid_argument,
                        "batch_output::attach: an output serves one job; make one for each run");
        job.resume = files_->mark();
        job.on_mark = [files = files_](batch_mark const& done) { files->done(done); };
        if (files_->has_rejected())
            job.rejected_rows = [files = files_](std::string text) {
                return detail::write_rejected(files, std::move(text));
            };
    }

    /// The run is complete: removes the journal.
    void finish() const { files_->finish(); }

private:
    std::shared_ptr<detail::batch_files> files_;
    std::string model_version_;
    std::optional<json_lines_options> json_lines_;
};

}} // namespace practicus::v1
