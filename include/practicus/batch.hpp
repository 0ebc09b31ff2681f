// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/client.hpp>
#include <practicus/completion_token.hpp>
#include <practicus/detail/base/config.hpp>
#include <practicus/detail/client/completion.hpp>
#include <practicus/detail/client/handle.hpp>

#include <memory>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail::operations {

pending<batch_progress> predict_batches(handle const& h, std::shared_ptr<batch_job> job);

} // namespace detail::operations

/// Sends a CSV text or JSON Lines of any length through a model, in batches; see `batch_job`. Returns the
/// last progress. No prediction is lost or given to the sink twice.
///
/// Owns a handle of the client, and follows the rules of the client's operations. Has no time limit unless
/// `call_options::timeout` sets one. A run that is cancelled or fails can be resumed; see `batch_output`.
///
/// Errors: the error of the first batch that fails permanently, unless `batch_job::rejected_rows` takes its
/// rows; the message names the rows. Also `errc::row_count_mismatch`, `errc::unexpected_response`,
/// `errc::invalid_argument` for a text that is not CSV or an invalid or used job, and exceptions of source,
/// sink or callbacks.
template <completion_token<batch_progress> Token = await_token>
[[nodiscard]] auto predict_batches(client const& with, batch_job job, Token&& completion = Token())
{
    return detail::initiate(detail::handle_of(with), std::forward<Token>(completion),
                            detail::operations::predict_batches, std::make_shared<batch_job>(std::move(job)));
}

}} // namespace practicus::v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/batch.ipp>
#endif
