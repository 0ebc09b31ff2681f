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

/// Sends a CSV text of any length through a model, in batches: see `batch_job`. Ends with the last progress;
/// nothing is lost or given to the sink twice. Holds a handle of the client, and otherwise is as the client's
/// operations are. No time limit unless `call_options::timeout` has one. Errors: the first batch's that
/// fails for good (its message names the rows), unless the job has a place for those;
/// `errc::row_count_mismatch`; `errc::unexpected_answer`; `errc::invalid_argument` for a text that is no CSV;
/// what source, sink or callbacks throw. A run that is cancelled or fails can be resumed: see `batch_output`.
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
