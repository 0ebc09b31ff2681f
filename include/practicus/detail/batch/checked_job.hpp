// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <string>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the job as a run uses it. Throws `errc::invalid_argument`, which names the member.
inline batch_job checked(batch_job job)
{
    auto const require = [](bool valid, char const* why) {
        if (!valid) throw error(errc::invalid_argument, std::string("batch_job::").append(why));
    };
    require(static_cast<bool>(job.source), "source must not be empty");
    require(static_cast<bool>(job.sink), "sink must not be empty");
    require(job.max_rows != 0, "max_rows must not be zero");
    require(job.max_bytes != 0, "max_bytes must not be zero");
    require(job.in_flight != 0, "in_flight must not be zero");
    require(job.max_attempts != 0, "max_attempts must not be zero");
    job.retry_for = checked_duration("batch_job::retry_for", job.retry_for);
    return job;
}

}}} // namespace practicus::v1::detail
