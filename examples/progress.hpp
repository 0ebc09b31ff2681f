// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>

#include <unistd.h>

/// A bar on a terminal; a line a second elsewhere, if that is wanted. On standard error.
class progress_display
{
public:
    explicit progress_display(std::uint64_t total, bool lines_elsewhere = true)
        : total_(total), shown_at_all_(terminal_ || lines_elsewhere)
    {}

    void operator()(practicus::batch_progress const& p)
    {
        auto const now = std::chrono::steady_clock::now();
        if (!shown_at_all_ || (!terminal_ && now - shown_ < std::chrono::seconds(1))) return;
        shown_ = now;
        if (terminal_) std::cerr << "\r\033[K" << bar(p);
        std::cerr << p.rows << " rows, " << std::fixed << std::setprecision(0) << p.rate << " a second, "
                  << p.in_flight << " of " << p.limit << " batches in flight";
        if (p.retries != 0) std::cerr << ", " << p.retries << " sent again";
        if (p.failed_rows != 0) std::cerr << ", " << p.failed_rows << " failed";
        if (p.left.count() >= 0)
            std::cerr << ", " << std::chrono::duration_cast<std::chrono::seconds>(p.left).count()
                      << " s left";
        std::cerr << (terminal_ ? "" : "\n") << std::flush;
    }

    void end() const
    {
        if (terminal_) std::cerr << '\n';
    }

private:
    std::string bar(practicus::batch_progress const& p) const
    {
        if (total_ == 0) return {};
        auto const width = std::min<std::uint64_t>(20, p.bytes_done * 20 / total_);
        return '[' + std::string(width, '#') + std::string(20 - width, ' ') + "] ";
    }

    std::uint64_t total_;
    bool terminal_ = ::isatty(STDERR_FILENO) != 0;
    bool shown_at_all_;
    std::chrono::steady_clock::time_point shown_{};
};
