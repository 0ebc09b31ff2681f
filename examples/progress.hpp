// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "terminal.hpp"

#include <practicus/batch_job.hpp>
#include <practicus/error.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <set>
#include <sstream>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

/// A progress bar on a terminal; elsewhere, on request, a line a second. On standard error.
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
        std::ostringstream text;
        if (terminal_) text << bar(p);
        text << p.rows << " rows, " << std::fixed << std::setprecision(0) << p.rate << " a second, "
             << p.in_flight << " of " << p.limit << " batches in flight";
        if (p.retries != 0) text << ", " << p.retries << " sent again";
        if (p.failed_rows != 0) text << ", " << p.failed_rows << " failed";
        if (p.last_error) text << ", " << p.waiting << " wait: " << practicus::error(p.last_error).what();
        if (p.left.count() >= 0)
            text << ", " << std::chrono::duration_cast<std::chrono::seconds>(p.left).count() << " s left";
        drawn_ = terminal_;
        if (terminal_)
            std::cerr << "\r\033[K" << text.str().substr(0, columns() - 1) << std::flush;
        else
            std::cerr << text.str() << std::endl;
    }

    /// Without a bar: prints the reason for which batches wait, once for each reason.
    void explain(practicus::batch_progress const& p)
    {
        if (drawn_ || !p.last_error || !explained_.insert(p.last_error->code).second) return;
        std::cerr << "Batches are sent again: " << practicus::error(p.last_error).what() << std::endl;
    }

    void end() const
    {
        if (terminal_) std::cerr << '\n';
    }

private:
    /// A longer line would wrap and scroll the terminal.
    static std::size_t columns()
    {
        winsize size = {};
        return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
    }

    std::string bar(practicus::batch_progress const& p) const
    {
        if (total_ == 0) return {};
        auto const width = std::min<std::uint64_t>(20, p.bytes_done * 20 / total_);
        return '[' + std::string(width, '#') + std::string(20 - width, ' ') + "] ";
    }

    std::uint64_t total_;
    bool drawn_ = false;
    std::set<boost::system::error_code> explained_;
    bool terminal_ = is_screen(STDERR_FILENO);
    bool shown_at_all_;
    std::chrono::steady_clock::time_point shown_{};
};
