// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Answers that are wrong in themselves, refused, odd or slow, for every operation.

#include "swept_ends.hpp"

using practicus::errc;
using practicus::mock::expectation;
using namespace std::chrono_literals;

namespace {

/// What becomes of an attempt that gets such an answer.
struct shape
{
    enum kind
    {
        /// The usual answer.
        good,
        /// An error that stands.
        bad,
        /// An error of what is inside the body; some operations need the header only.
        bad_body,
        /// A failure of the connection, after the answer's first byte.
        lost,
        /// A status that passes.
        passing,
        /// The same, and it states that the request was not processed.
        refused
    };

    std::string name;
    std::function<void(expectation&)> set;
    kind is = good;
    errc error = errc::not_json;
    bool waits = false;
    std::optional<std::chrono::nanoseconds> pause = std::nullopt;
};

bool needs_body(swept_operation const& op)
{
    return std::string_view(op.name) != "model_id" && std::string_view(op.name) != "session_token, the id";
}

fault_case shaped(swept_operation const& op, undisturbed const& usual, shape const& s, bool reused,
                  swept::course const& run)
{
    auto c = swept::case_of(op, usual, s.name, reused, run);
    c.waits = s.waits;
    c.arm = [&op, set = s.set, always = run.always](lane& l) {
        auto e = l.server().expect(op.method, op.path);
        set(e);
        l.watch(e.times(always ? 100 : 1));
    };
    bool const refused = s.is == shape::refused && !op.once();
    if (s.is == shape::lost || s.is == shape::passing || s.is == shape::refused)
        swept::predict(c, s.error, op.repeatable || refused, false, run.always);
    else if (s.is == shape::bad || (s.is == shape::bad_body && needs_body(op)))
        c.error = s.error;
    if (s.pause && c.sendings > 1) c.pause = s.pause;
    return c;
}

/// `kept`: the answers are whole, and nothing speaks against their connections.
void sweep_shapes(std::vector<shape> const& shapes, bool kept = false)
{
    std::vector<fault_case> cases;
    std::vector<undisturbed> usual;
    usual.reserve(swept::operations().size());
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op));
        for (auto const& s : shapes)
            for (bool const reused : {false, true})
                for (auto const& run : swept::courses)
                    if (!reused || op.can_reuse()) {
                        cases.push_back(shaped(op, usual.back(), s, reused, run));
                        cases.back().kept = kept;
                    }
    }
    sweep(cases);
}

auto raw(std::string text)
{
    return [text = std::move(text)](expectation& e) { e.raw(text); };
}

auto length(std::uint64_t value)
{
    return [value](expectation& e) { e.content_length(value); };
}

auto chunk_size(std::string text)
{
    return [text = std::move(text)](expectation& e) { e.chunk_size(text); };
}

auto status(unsigned value, std::string retry_after = {})
{
    return [value, text = std::move(retry_after)](expectation& e) {
        e.reply(value, "{}");
        if (!text.empty()) e.header("Retry-After", text);
    };
}

} // namespace

TEST_CASE("fault shapes: garbage")
{
    constexpr auto bad = shape::bad;
    constexpr auto error = errc::malformed_response;
    sweep_shapes({
        {"a TLS alert", raw("\x15\x03\x03\x02\x02\x0a"), bad, error},
        {"zeros", raw(std::string(300, '\0')), bad, error},
        {"another protocol", raw("SSH-2.0-OpenSSH_9.2\r\n"), bad, error},
        {"HTTP/2", raw("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}"), bad, error},
        {"no status", raw("HTTP/1.1 abc\r\n\r\n"), bad, error},
        {"a bad field", raw("HTTP/1.1 200 OK\r\nContent Length\r\n\r\n{}"), bad, error},
        {"no number", raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"), bad, error},
        {"two lengths", raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "), bad,
         error},
    });
}

TEST_CASE("fault shapes: framing")
{
    constexpr auto bad = shape::bad;
    sweep_shapes({
        {"no length but 0", length(0), shape::bad_body},
        {"a length of 1", length(1), shape::bad_body},
        {"a length over the limit", length(65'537), bad, errc::body_too_large},
        {"a length over all limits", length(UINT64_MAX), bad, errc::body_too_large},
        {"a length too long", [](expectation& e) { e.content_length(5000).then_close(); }, shape::lost,
         errc::connection_lost},
        {"a length too long, and open", length(5000), shape::lost, errc::stalled, true},
        {"chunk size zz", chunk_size("zz"), bad, errc::malformed_response},
        {"chunk size -1", chunk_size("-1"), bad, errc::malformed_response},
        {"no chunk size", chunk_size(""), bad, errc::malformed_response},
        {"chunk size 1", chunk_size("1"), bad, errc::malformed_response},
        {"chunk size over 64 bits", chunk_size("ffffffffffffffffff"), bad, errc::malformed_response},
        {"chunk size over the limit", chunk_size("fffffff"), bad, errc::body_too_large},
        {"chunk size too long", [](expectation& e) { e.chunk_size("fff0").then_close(); }, shape::lost,
         errc::connection_lost},
        {"a head over its limit", [](expectation& e) { e.oversized_head(66'000); }, bad,
         errc::header_too_large},
        {"a body over its limit", [](expectation& e) { e.oversized_body(65'536); }, bad,
         errc::body_too_large},
    });
}

TEST_CASE("fault shapes: odd but right")
{
    sweep_shapes({
        {"byte by byte", [](expectation& e) { e.slow(1, 0ms); }},
        {"100 before it", [](expectation& e) { e.interim(100).interim(100); }},
        {"103 before it, byte by byte", [](expectation& e) { e.interim(103).slow(1, 0ms); }},
        {"a head just within its limit", [](expectation& e) { e.oversized_head(60'000); }},
        {"a large body", [](expectation& e) { e.oversized_body(60'000); }},
        {"closed behind it", [](expectation& e) { e.then_close(); }},
        {"Connection: close", [](expectation& e) { e.header("Connection", "close"); }},
        {"without a length", [](expectation& e) { e.until_close(); }},
        {"Keep-Alive: timeout=0", [](expectation& e) { e.header("Keep-Alive", "timeout=0").then_close(); }},
    });
}

TEST_CASE("fault shapes: statuses")
{
    constexpr auto passing = shape::passing;
    constexpr auto bad = shape::bad;
    sweep_shapes(
        {
            {"408", status(408), shape::refused, errc::unavailable},
            {"429", status(429), shape::refused, errc::too_many_requests},
            {"429 for 2 s", status(429, "2"), shape::refused, errc::too_many_requests, false, 2s},
            {"502", status(502), passing, errc::unavailable},
            {"503 for a second", status(503, "1"), passing, errc::unavailable, false, 1s},
            {"503 for 5 s", status(503, "5"), passing, errc::unavailable, false, 5s},
            {"503 for an hour", status(503, "3600"), bad, errc::unavailable},
            {"503 until a date",
             [](expectation& e) {
                 e.reply(503, "{}").header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
                 e.header("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT");
             },
             passing, errc::unavailable, false, 3s},
            {"503 for garbage", status(503, "soon"), passing, errc::unavailable, false, 0s},
            {"504", [](expectation& e) { e.reply(504, "<html>").then_close(); }, passing, errc::unavailable},
            {"500", status(500), bad, errc::server_error},
            {"501", status(501), bad, errc::server_error},
            {"404", status(404), bad, errc::not_found},
            {"400", status(400), bad, errc::bad_request},
            {"413 before the body", [](expectation& e) { e.reply(413, "{}").before_body(); }, bad,
             errc::bad_request},
            {"302 without a location", status(302), bad, errc::redirected},
            {"101", status(101), bad, errc::unexpected_status},
        },
        true);
}

TEST_CASE("fault shapes: a deadline is shorter than every limit")
{
    std::vector<fault_case> cases;
    std::vector<undisturbed> usual;
    usual.reserve(swept::operations().size());
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op));
        for (std::size_t const at : {std::size_t(0), std::size_t(60), usual.back().bytes - 1}) {
            fault_case c;
            c.op = &op;
            c.name = "silent after " + std::to_string(at);
            c.usual = &usual.back();
            c.attempts = 3;
            c.deadline = 5s;
            c.error = errc::deadline_exceeded;
            c.arm = [&op, at](lane& l) { l.watch(l.server().expect(op.method, op.path).stall_after(at)); };
            cases.push_back(std::move(c));
        }
        if (op.shared()) continue;
        // Late responses are not waited for.
        fault_case c;
        c.op = &op;
        c.name = "503 for longer than the deadline";
        c.kept = true;
        c.usual = &usual.back();
        c.attempts = 3;
        c.deadline = 3s;
        c.error = errc::unavailable;
        c.arm = [&op](lane& l) {
            auto e = l.server().expect(op.method, op.path);
            l.watch(e.reply(503, "{}").header("Retry-After", "60"));
        };
        cases.push_back(std::move(c));
    }
    sweep(cases);
}

// A body that only the connection's end frames can be judged by its content alone.
TEST_CASE("fault shapes: a body without a length is cut")
{
    std::vector<fault_case> cases;
    std::vector<undisturbed> usual;
    usual.reserve(swept::operations().size());
    std::size_t first = 0;
    constexpr std::size_t step = sanitized ? 31 : 1;
    for (auto const& op : swept::operations()) {
        usual.push_back(measure(op));
        auto const& u = usual.back();
        for (std::size_t at = first++ % step; at < u.bytes; at += step) {
            fault_case c;
            c.op = &op;
            c.name = "cut after " + std::to_string(at);
            c.arm = [&op, at](lane& l) {
                l.watch(l.server().expect(op.method, op.path).until_close().cut_after(at));
            };
            c.judge = [&u](lane const& l) -> std::string {
                if (!l.failure) return l.text == u.text ? "" : "a wrong answer: " + l.text;
                auto const code = l.failure->code;
                if (code == errc::connection_lost || code == errc::not_json) return "";
                return "fails otherwise: " + code.message();
            };
            cases.push_back(std::move(c));
        }
    }
    sweep(cases);
}
