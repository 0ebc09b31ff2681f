// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fault_sweep.hpp"

/// Ends of a connection, at a byte; and what must come of them.
namespace swept {

using practicus::errc;

enum class stop
{
    cut,
    reset,
    stall
};

/// How often, and how often the client may try.
struct course
{
    bool always;
    unsigned attempts;
};

inline constexpr course courses[] = {{false, 1}, {false, 3}, {true, 3}};

/// `begun`: something of the answer arrived.
inline errc error_of(stop how, bool begun)
{
    if (how != stop::stall) return errc::connection_lost;
    return !begun ? errc::first_byte_timeout : errc::stalled;
}

/// Predicts the end of a case by the rules, in other words than the library's. With `again`, the request may
/// be sent again.
inline void predict(fault_case& c, errc failure, bool again, bool lost_unanswered, bool always)
{
    unsigned retries = c.attempts - 1;
    bool stale = (c.reused || c.op->before != 0) && lost_unanswered;
    for (c.sendings = 1; always || c.sendings == 1; ++c.sendings) {
        if (!again || (!stale && retries == 0)) {
            c.error = failure;
            return;
        }
        // A connection that was dead before the request was sent costs no retry; the next one is new.
        if (!stale) --retries;
        stale = false;
    }
}

template <class Expectation>
void end_after(Expectation& e, stop how, std::size_t bytes)
{
    switch (how) {
    case stop::cut: e.cut_after(bytes); break;
    case stop::reset: e.reset_after(bytes); break;
    case stop::stall: e.stall_after(bytes); break;
    }
}

inline std::string text_of(stop how, std::size_t at)
{
    constexpr char const* names[] = {"cut", "reset", "stall"};
    return std::string(names[static_cast<int>(how)]) + " after " + std::to_string(at);
}

/// Returns a case that nothing disturbs yet. `what` describes the fault.
inline fault_case case_of(swept_operation const& op, undisturbed const& usual, std::string const& what,
                          bool reused, course const& run)
{
    fault_case c;
    c.op = &op;
    c.name = what + (reused ? ", reused" : ", fresh") + (run.always ? ", always, " : ", once, ") +
             std::to_string(run.attempts) + " attempts";
    c.usual = &usual;
    c.reused = reused;
    c.attempts = run.attempts;
    return c;
}

} // namespace swept
