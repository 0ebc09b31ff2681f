// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../../examples/progress.hpp"

#include "catch.hpp"

#include <practicus/batch_job.hpp>
#include <practicus/error.hpp>

#include <iostream>
#include <memory>
#include <sstream>
#include <streambuf>
#include <string>

namespace {

/// Collects standard error as long as it lives.
class captured
{
public:
    captured() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
    captured(captured const&) = delete;
    captured& operator=(captured const&) = delete;
    ~captured() { std::cerr.rdbuf(before_); }

    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::streambuf* before_;
};

} // namespace

TEST_CASE("progress: why batches wait is said once for each reason, also if reasons take turns")
{
    captured const told;
    progress_display display(0, false);
    for (auto const code : {practicus::errc::unavailable, practicus::errc::too_many_requests,
                            practicus::errc::unavailable, practicus::errc::too_many_requests}) {
        practicus::error_info why;
        why.code = code;
        practicus::batch_progress progress;
        progress.last_error = std::make_shared<practicus::error_info const>(why);
        display.explain(progress);
    }
    display.explain(practicus::batch_progress());
    CHECK(told.text() == "Batches are sent again: the region is overloaded or restarting\n"
                         "Batches are sent again: too many requests\n");
}
