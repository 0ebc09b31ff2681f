// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/call_url.hpp>
#include <practicus/detail/base/option_check.hpp>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the job as a run uses it. Throws `errc::invalid_argument`, which names the member.
inline batch_job checked(batch_job job)
{
    constexpr option_check check{"batch_job"};
    check.require(static_cast<bool>(job.source), "source must not be empty");
    check.require(static_cast<bool>(job.sink), "sink must not be empty");
    check.not_zero("max_rows", job.max_rows);
    check.not_zero("max_bytes", job.max_bytes);
    if (auto const& lines = job.json_lines) {
        check.not_zero("json_lines.pack", lines->pack);
        check.require(!lines->openai || lines->path.empty(),
                      "json_lines.path must be empty with openai: each line has its own url");
        static_cast<void>(job.url.at(lines->path));
    }
    check.not_zero("in_flight", job.in_flight);
    check.not_zero("max_attempts", job.max_attempts);
    job.retry_for = check.clamped("retry_for", job.retry_for);
    return job;
}

}}} // namespace practicus::v1::detail
