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

/// The output files of a batch job that may be resumed. They are a file of results, an optional file of
/// rejected rows, and a journal beside the results, `PATH.practicus`. The journal identifies the run and
/// holds its progress. It stays usable if the process is killed or the machine loses its power, and `finish`
/// removes it. Each write blocks. Copies belong to the same run.
///
/// A run that resumes another cuts both files to the state in the journal, and continues there. Each row is
/// in them once, but may reach the model twice. The run must have the same model, input, form, files and
/// `batch_output_options::options`; the sizes of its batches may differ. Only files that the run itself began
/// to write are cut, under any name.
///
/// While a run lives, its files are locked (`flock`). The system releases the locks of a process that ends.
/// On a file system without locks, another run is noticed when the files are larger than expected.
///
/// Rejected rows may go to a character device, such as `/dev/null`, which is neither locked nor resumed.
/// After a failed write, all further ones throw `errc::file_error`, and the run can be resumed. The same
/// holds if a file was moved, removed, replaced or written by others.
class batch_output
{
public:
    /// Opens and locks the files, and makes those that are missing.
    ///
    /// Throws `errc::invalid_argument` for the files of another run: a journal without
    /// `batch_output_options::resume`, another model, input or form, or files that differ from the journal.
    /// Throws `errc::file_error` for files that cannot be used or that another run writes, and for a folder
    /// that cannot be written. Existing files are then unchanged; new ones are removed where the file system
    /// has locks.
    batch_output(model_url const& model, std::string path,
                 batch_output_options const& with = batch_output_options())
        : files_(std::make_shared<detail::batch_files>(
              detail::name_with_version(model.str(), with.model_version), std::move(path), with)),
          model_version_(with.model_version), json_lines_(with.json_lines)
    {}

    /// Returns the path of the journal of an output, which exists until its run is complete. If the path is a
    /// link, the journal is beside the file itself.
    [[nodiscard]] static std::string journal_of(std::string const& path)
    {
        return detail::batch_files::journal_of(path);
    }

    /// Returns the mark of the earlier runs.
    batch_mark const& mark() const noexcept { return files_->mark(); }

    /// Returns the sink of the job.
    [[nodiscard]] body_sink sink() const
    {
        return [files = files_](std::string text) { return detail::write_piece(files, std::move(text)); };
    }

    /// Sets the job's `resume` and `on_mark`, and with a file for rejected rows its `rejected_rows`. An
    /// output serves one job. Throws `errc::invalid_argument` the second time, and for a job of another
    /// `model_version` or form (`json_lines`).
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

    /// Removes the journal of a complete run. Throws `errc::file_error`.
    void finish() const { files_->finish(); }

private:
    std::shared_ptr<detail::batch_files> files_;
    std::string model_version_;
    std::optional<json_lines_options> json_lines_;
};

}} // namespace practicus::v1
