// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <string>

namespace practicus { inline namespace v1 {

/// The form of a batch job whose text is JSON Lines; see `batch_job::json_lines`.
///
/// Each line is a request, and has one line in the output or in the rejected rows, in the order of the input.
/// A line ends with LF or CRLF; the last may lack its end. A byte order mark before the first line is
/// dropped. A line that is no valid request is refused without being sent. Such a line is blank, is not JSON
/// or not UTF-8, or holds a NUL byte. A line of more than 64 MiB, and UTF-16, end the run with
/// `errc::invalid_argument`.
///
/// A 404 with an error code is the failure of its line once another line was answered: each line may name
/// another model or path. Before that, and without a code, as from a proxy that has lost its route, it is
/// retried (`batch_job::max_attempts`), and then ends the run.
///
/// Numbers and texts pass unchanged in both directions. The JSON of a response is written on one line,
/// without white space between its parts. The response must be JSON; an object with `error` and a message in
/// it is the line's failure in spite of its status.
struct json_lines_options
{
    /// Each line is the body of a `POST` to the model's url.
    json_lines_options() {}

    /// The path of the model to which lines are sent, such as `chat/completions`. Not with `openai`.
    std::string path;
    /// The lines have the form of OpenAI's batch files: `custom_id`, `method` (`POST`), `url` and `body`. The
    /// part of `url` behind `/v1/` is the path of the model. Each `custom_id` is unique, and all of them are
    /// held in memory. Output and rejected rows have the form of OpenAI's output and error files: `id`,
    /// `custom_id`, `response`, `error`.
    bool openai = false;
    /// The limit of lines in one request for embeddings. If not 1, the body of each line is a text or an
    /// object. The `input` of an object is one text or one array of tokens. Lines with the same other members
    /// and one kind of input are sent as one request with an array of inputs, of at most
    /// `batch_job::max_bytes`. A request that is refused (400, or too large in one direction) is sent in
    /// halves. Each line of the output has the form of a request sent alone. The first line has the `usage`
    /// of the request; the others have zero. Must not be zero.
    std::size_t pack = 1;

    /// Compares the values.
    bool operator==(json_lines_options const&) const = default;
};

}} // namespace practicus::v1
