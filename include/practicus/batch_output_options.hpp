// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/json_lines.hpp>

#include <optional>
#include <string>

namespace practicus { inline namespace v1 {

/// What a `batch_output` is told of the run.
struct batch_output_options
{
    /// No input, no rejected rows, a new run.
    batch_output_options() {}

    /// The path of what the job reads, to recognise it; empty for what is no file.
    std::string input;
    /// The path where rows go that the model refuses; empty: the first of them ends the run.
    std::string rejected;
    /// The version of `batch_job::model_version`. A run is resumed with the same one only.
    std::string model_version;
    /// The form of `batch_job::json_lines`. A run is resumed with the same one only.
    std::optional<json_lines_options> json_lines;
    /// What else decides the results, in any words; a run that resumes one that said something must say the
    /// same.
    std::string options;
    /// Resume the run that has ended here before its end; begin one if there is neither journal nor output.
    /// Without it, only an output that is empty is written.
    bool resume = false;
};

}} // namespace practicus::v1
