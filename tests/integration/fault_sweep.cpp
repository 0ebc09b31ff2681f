// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Connections that end at every byte of every answer, for every operation.

#include "swept_ends.hpp"

using swept::course;
using swept::courses;
using swept::stop;

namespace {

fault_case ended_after(swept_operation const& op, undisturbed const& usual, stop how, std::size_t at,
                       bool reused, course const& run)
{
    auto c = swept::case_of(op, usual, swept::text_of(how, at), reused, run);
    c.arm = [&op, how, at, always = run.always](lane& l) {
        auto e = l.server().expect(op.method, op.path);
        swept::end_after(e, how, at);
        l.watch(e.times(always ? 100 : 1));
    };
    bool const unanswered = at == 0 && how != stop::stall;
    if (at < usual.bytes)
        swept::predict(c, swept::error_of(how, at != 0), op.repeatable, unanswered, run.always);
    return c;
}

/// Whatever of fresh and reused connections and of courses is meant for this byte: all, or one after the
/// other.
void add(std::vector<fault_case>& cases, swept_operation const& op, undisturbed const& usual, stop how,
         std::size_t at, bool all)
{
    std::size_t i = 0;
    for (bool const reused : {false, true})
        for (auto const& run : courses) {
            if (reused && !op.can_reuse()) continue;
            if (all || at % (op.can_reuse() ? 6 : 3) == i)
                cases.push_back(ended_after(op, usual, how, at, reused, run));
            ++i;
        }
}

/// Every byte, or every so many, beginning with another one for each operation.
void sweep_ends(stop how, std::size_t step, bool all = false)
{
    std::vector<fault_case> cases;
    std::vector<undisturbed> usual;
    usual.reserve(swept::operations().size());
    std::size_t first = 0;
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op));
        auto const& u = usual.back();
        REQUIRE(u.bytes > 100);
        add(cases, op, u, how, 0, true);
        for (auto at = 1 + first++ % step; at < u.bytes; at += step)
            add(cases, op, u, how, at, all);
        // After its last byte, a server that stalls is one that has answered.
        if (how != stop::stall) add(cases, op, u, how, u.bytes, true);
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

TEST_CASE("fault sweep: every end at every byte in every course", "[.soak]")
{
    auto const how = GENERATE(stop::cut, stop::reset, stop::stall);
    sweep_ends(how, sanitized ? 7 : 1, true);
}
