// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch.hpp>
#include <practicus/detail/batch/batch_run.hpp>
#include <practicus/impl/client.ipp>

#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

PRACTICUS_DECL pending<batch_progress> operations::predict_batches(handle const& h,
                                                                   std::shared_ptr<batch_job> job)
{
    return start<batch_progress>(h, parting::with_operation, detail::predict_batches, std::move(job));
}

}}} // namespace practicus::v1::detail
