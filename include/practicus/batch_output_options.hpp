// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/json_lines.hpp>

#include <optional>
#include <string>

namespace practicus { inline namespace v1 {

/// The description of a run for its `batch_output`.
struct batch_output_options
{
    /// A new run without an input file and rejected rows.
    batch_output_options() {}

    /// The path of the job's input, which identifies it; empty if the input is no file.
    std::string input;
    /// The path of the file for rows that the model refuses. Empty: the first refused row ends the run.
    std::string rejected;
    /// The same version as in `batch_job::model_version`. A run is resumed only with the same one.
    std::string model_version;
    /// The form of `batch_job::json_lines`. A run is resumed only with the same one.
    std::optional<json_lines_options> json_lines;
    /// A text for other options that affect the results. Unless the earlier run left it empty, a run that
    /// resumes it must have the same text.
    std::string options;
    /// Resumes the unfinished run of the journal, or begins one if neither journal nor output exists.
    /// Default: off; the output must then be empty or missing.
    bool resume = false;
};

}} // namespace practicus::v1
