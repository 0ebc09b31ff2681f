// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// TLS connections that end at every byte on the wire, from the handshake's first to the answer's last.

#include "swept_ends.hpp"

#include <algorithm>
#include <deque>
#include <limits>

using practicus::errc;
using practicus::mock::server_options;
using swept::course;
using swept::courses;
using swept::stop;

namespace {

using ending = lane::ending;

/// One certificate for all, with an ECDSA key: its signatures differ by a few bytes in length.
server_options secure(bool old = false)
{
    static practicus::mock::certificate_authority const authority;
    static auto const certificate = authority.issue();
    return server_with([&](auto& o) { o.tls12_only = old; }, https_options(certificate, authority.pem()));
}

constexpr std::size_t slack = 8;

/// A client that has logged in with a refresh token has a TLS session. A handshake that the server ends is
/// made again without it (DESIGN.md section 4), which no attempt shows.
bool has_session(swept_operation const& op)
{
    return op.held == holding::refresh_token || op.held == holding::refresh_token_only;
}

/// Where a connection's phases lie, as far as it was seen.
struct phases
{
    std::size_t last_handshake = 0;
    std::size_t first_exchange = std::numeric_limits<std::size_t>::max();
    std::size_t last_failure = 0;
    std::size_t first_answer = std::numeric_limits<std::size_t>::max();

    void note(std::size_t at, ending first)
    {
        if (first == ending::not_connected)
            last_handshake = std::max(last_handshake, at);
        else
            first_exchange = std::min(first_exchange, at);
        if (first == ending::answered)
            first_answer = std::min(first_answer, at);
        else
            last_failure = std::max(last_failure, at);
    }

    /// One after the other, without an overlap.
    void check() const
    {
        CHECK(last_handshake > 0);
        CHECK(first_exchange > 100);
        CHECK(first_answer > first_exchange);
        CHECK(last_handshake < first_exchange + slack);
        CHECK(last_failure < first_answer + slack);
    }
};

errc error_of(stop how, ending e)
{
    if (how != stop::stall) return errc::connection_lost;
    return e == ending::not_connected ? errc::tls_timeout
           : e == ending::unanswered  ? errc::first_byte_timeout
                                      : errc::stalled;
}

/// Where exactly a connection ends within TLS can be seen only afterwards; the rules then say what had to
/// come of it.
std::string judge(lane const& l, fault_case const& c, stop how)
{
    std::optional<errc> error;
    std::size_t attempt = 0, written = 0;
    for (bool again = true; again; ++attempt) {
        if (attempt == l.trace.size()) return "gave up after " + std::to_string(attempt) + " attempts";
        auto const e = l.trace[attempt];
        if (e != ending::not_connected) ++written;
        error = e == ending::answered ? std::optional<errc>() : error_of(how, e);
        again = error && (e == ending::not_connected || c.op->repeatable) && attempt + 1 < c.attempts;
    }
    if (attempt != l.trace.size()) return "went on after " + std::to_string(attempt) + " attempts";
    if (l.sendings > written) return "sent " + std::to_string(l.sendings) + " times";
    if (!c.op->repeatable && written > 1) return "written twice";
    if (!error)
        return l.failure ? practicus::error(*l.failure).what() : l.text != c.usual->text ? l.text : "";
    if (!l.failure) return "does not fail";
    if (l.failure->code != *error || l.failure->attempts != attempt || l.failure->request != c.op->request())
        return practicus::error(*l.failure).what();
    return how != stop::stall && !l.failure->cause ? "no cause" : "";
}

fault_case ended_after(swept_operation const& op, undisturbed const& usual, stop how, std::size_t at,
                       course const& run, phases& seen)
{
    auto c = swept::case_of(op, usual, swept::text_of(how, at), false, run);
    c.hangs_up = true;
    c.arm = [how, at, always = run.always](lane& l) {
        auto e = l.server().expect_connection();
        swept::end_after(e, how, at);
        l.watch(e.times(always ? 100 : 1));
    };
    c.judge = [c, how, at, &seen](lane const& l) {
        if (!l.trace.empty()) seen.note(at, l.trace.front());
        return judge(l, c, how);
    };
    return c;
}

/// Operations of one request, each on a connection of its own. Every byte for those that are named, and every
/// so many for the others.
void sweep_connections(server_options const& options, std::vector<std::string_view> const& names,
                       std::size_t step, std::size_t step_of_others)
{
    std::vector<fault_case> cases;
    std::deque<undisturbed> usual;
    std::deque<phases> seen;
    phases unseen;
    std::size_t first = 0;
    for (auto const& op : swept::operations()) {
        bool const named = std::find(names.begin(), names.end(), op.name) != names.end();
        auto const width = named ? step : step_of_others;
        if (width == 0) continue;
        usual.push_back(measure(op, options));
        auto const& u = usual.back();
        if (u.requests != 1) continue;
        REQUIRE(u.on_the_wire > u.bytes + 100);
        for (auto const how : {stop::cut, stop::reset, stop::stall}) {
            auto& s = has_session(op) ? unseen : seen.emplace_back();
            std::size_t turn = 0;
            // One after the other, the three make up every byte.
            for (auto at = first++ % width; at < u.on_the_wire; at += width)
                cases.push_back(ended_after(op, u, how, at, courses[turn++ % 3], s));
            cases.push_back(ended_after(op, u, how, u.on_the_wire + slack, courses[1], s));
        }
    }
    sweep(cases, options);
    for (auto const& s : seen)
        s.check();
}

// What TLS 1.3 adds to a record: its head, the type and the tag.
constexpr std::size_t overhead = 5 + 1 + 16;
constexpr std::size_t record = 64;

/// Within an answer that comes in small records.
fault_case answer_ended_after(swept_operation const& op, undisturbed const& usual, stop how, std::size_t at,
                              bool reused, course const& run)
{
    using namespace std::chrono_literals;
    auto c = swept::case_of(op, usual, swept::text_of(how, at), reused, run);
    c.arm = [&op, how, at, always = run.always](lane& l) {
        auto e = l.server().expect(op.method, op.path).slow(record, 0ms);
        swept::end_after(e, how, at);
        l.watch(e.times(always ? 100 : 1));
    };
    auto const whole = usual.bytes + overhead * ((usual.bytes + record - 1) / record);
    bool const begun = at >= record + overhead;
    if (at < whole)
        swept::predict(c, swept::error_of(how, begun), op.repeatable, !begun && how != stop::stall,
                       run.always);
    return c;
}

void sweep_answers(std::size_t step)
{
    std::vector<fault_case> cases;
    std::deque<undisturbed> usual;
    std::size_t turn = 0;
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op, secure()));
        auto const& u = usual.back();
        auto const whole = u.bytes + overhead * ((u.bytes + record - 1) / record);
        for (auto const how : {stop::cut, stop::reset, stop::stall}) {
            for (std::size_t at = turn % step; at < whole; at += step, ++turn)
                cases.push_back(answer_ended_after(op, u, how, at, op.can_reuse() && turn % 2 != 0,
                                                   courses[turn / 2 % 3]));
            // (A reset may overtake the last record: it throws away what the server's system still holds.)
            if (how == stop::cut)
                cases.push_back(answer_ended_after(op, u, how, whole, op.can_reuse(), courses[1]));
        }
    }
    sweep(cases, secure());
}

} // namespace

TEST_CASE("fault sweep: a TLS connection ends at every byte", "[.soak]")
{
    sweep_connections(secure(), {"cluster", "login, one-time"}, sanitized ? 97 : 3, sanitized ? 499 : 101);
}

TEST_CASE("fault sweep: a TLS 1.2 connection ends at every byte", "[.soak]")
{
    sweep_connections(secure(true), {"refresh", "login"}, sanitized ? 97 : 11, 0);
}

TEST_CASE("fault sweep: an answer in TLS records ends at every byte", "[.soak]")
{
    sweep_answers(sanitized ? 211 : 23);
}

// The end of a body that has no length is only the peer's word, which comes after it.
TEST_CASE("fault sweep: a body without a length in TLS")
{
    std::vector<fault_case> cases;
    std::deque<undisturbed> usual;
    std::size_t first = 0;
    std::size_t const step = sanitized ? 97 : 11;
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op, secure()));
        auto const& u = usual.back();
        // The word, and what another head may make of the answer's length.
        auto const whole = u.bytes + overhead + overhead + 2;
        for (auto at = first++ % step; at < whole + 40; at += step) {
            fault_case c;
            c.op = &op;
            c.name = "cut after " + std::to_string(at);
            c.arm = [&op, at](lane& l) {
                l.watch(l.server().expect(op.method, op.path).until_close().cut_after(at));
            };
            c.judge = [&u, whole, at, &op](lane const& l) -> std::string {
                if (!l.failure && at < whole - slack && op.before == 0) return "believes " + l.text;
                if (!l.failure) return l.text == u.text ? "" : "a wrong answer: " + l.text;
                if (at > whole + slack) return "fails, though it was whole";
                return l.failure->code == errc::connection_lost ? "" : l.failure->code.message();
            };
            cases.push_back(std::move(c));
        }
    }
    sweep(cases, secure());
}

TEST_CASE("fault sweep: every TLS operation, at every byte", "[.soak]")
{
    sweep_connections(secure(), {}, 1, sanitized ? 31 : 1);
    sweep_connections(secure(true), {}, 1, sanitized ? 101 : 7);
    sweep_answers(sanitized ? 13 : 1);
}
