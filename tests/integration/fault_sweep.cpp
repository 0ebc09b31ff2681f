// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Every fault at every byte of every answer, for every operation.

#include "fault_sweep.hpp"

using practicus::errc;
using namespace std::chrono_literals;

namespace {

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

constexpr course courses[] = {{false, 1}, {false, 3}, {true, 3}};

errc error_of(stop how, std::size_t at)
{
    if (how != stop::stall) return errc::connection_lost;
    return at == 0 ? errc::first_byte_timeout : errc::stalled;
}

/// What the rules say, in other words than the library's.
void predict(fault_case& c, errc failure, bool lost_unanswered, bool always)
{
    unsigned retries = c.attempts - 1;
    bool stale = c.reused && lost_unanswered;
    for (c.sendings = 1; always || c.sendings == 1; ++c.sendings) {
        bool const again = c.op->repeatable && (stale || retries != 0);
        if (!again) {
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

std::string name_of(stop how, std::size_t at, bool reused, course const& run)
{
    constexpr char const* names[] = {"cut", "reset", "stall"};
    return std::string(names[static_cast<int>(how)]) + " after " + std::to_string(at) +
           (reused ? ", reused" : ", fresh") + (run.always ? ", always, " : ", once, ") +
           std::to_string(run.attempts) + " attempts";
}

fault_case ended_after(swept_operation const& op, undisturbed const& usual, stop how, std::size_t at,
                       bool reused, course const& run)
{
    fault_case c;
    c.op = &op;
    c.name = name_of(how, at, reused, run);
    c.usual = &usual;
    c.reused = reused;
    c.attempts = run.attempts;
    c.arm = [&op, how, at, always = run.always](lane& l) {
        auto e = l.server().expect(op.method, op.path);
        end_after(e, how, at);
        l.watch(e.times(always ? 100 : 1));
    };
    if (at < usual.bytes) predict(c, error_of(how, at), at == 0 && how != stop::stall, run.always);
    return c;
}

/// Every byte, or every so many, beginning with another one for each operation.
void sweep_ends(stop how, std::size_t step)
{
    std::vector<fault_case> cases;
    std::vector<undisturbed> usual;
    usual.reserve(swept::operations().size());
    std::size_t first = 0;
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op));
        auto const& u = usual.back();
        REQUIRE(u.bytes > 100);
        // After its last byte, a server that stalls is one that has answered.
        auto const end = how == stop::stall ? u.bytes : u.bytes + 1;
        for (bool const reused : {false, true})
            for (auto const& run : courses) {
                if (reused && !op.can_reuse()) continue;
                cases.push_back(ended_after(op, u, how, 0, reused, run));
                for (auto at = 1 + first++ % step; at < end; at += step)
                    cases.push_back(ended_after(op, u, how, at, reused, run));
            }
    }
    sweep(cases);
}

} // namespace

TEST_CASE("fault sweep: an answer is cut")
{
    sweep_ends(stop::cut, sanitized ? 31 : 1);
}

TEST_CASE("fault sweep: an answer is reset")
{
    sweep_ends(stop::reset, sanitized ? 31 : 1);
}

TEST_CASE("fault sweep: an answer stalls")
{
    sweep_ends(stop::stall, sanitized ? 31 : 1);
}
