// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/exchange_state.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using practicus::errc;

constexpr auto endless = std::numeric_limits<std::size_t>::max();

/// A server behind a simulated socket.
struct server
{
    /// Sent when so much of the request is there.
    std::string answer;
    std::size_t at = 0;
    /// How much of the request it takes in all.
    std::size_t takes = endless;
    /// It sends back what comes, behind `answer`, and takes no more than so much ahead of what was read.
    std::size_t echo_ahead = 0;
    /// It closes behind the answer.
    bool closes = false;
    /// Writing fails when it takes no more.
    bool resets = false;

    /// The answer is no success.
    bool refuses = false;

    std::string taken;
    std::size_t sent = 0;

    std::size_t room() const
    {
        auto const left = takes - taken.size();
        if (echo_ahead == 0) return left;
        return std::min(left, echo_ahead - std::min(echo_ahead, answer.size() - sent));
    }

    std::size_t readable() const { return taken.size() >= at ? answer.size() - sent : 0; }

    void take(std::string_view bytes)
    {
        taken += bytes;
        if (echo_ahead != 0) answer += bytes;
    }
};

/// What became of an exchange.
struct result
{
    response answer;
    bool finished = false;
    bool keeps_alive = false;
    bool deadlock = false;
    errc failed{};
    /// Bytes written when the head was known.
    std::size_t before_head = endless;
    unsigned asked = 0;
};

/// Drives the machine as a connection does. The socket takes `piece` bytes at once; the answer is cut at
/// `cut`.
class driver
{
public:
    driver(server& peer, std::size_t piece, std::size_t cut) : peer_(peer), piece_(piece), cut_(cut)
    {
        state_.begin(10'000, 1'000'000, false);
    }

    /// `sources` pieces follow `out`.
    result run(std::string_view out, exchange_part part, unsigned sources = 0)
    {
        response part_of;
        std::string const more(10, 's');
        std::string body;
        std::string_view load = out;
        while (!done_.finished && !done_.deadlock && done_.failed == errc()) {
            state_.go_on(load, {}, part, part_of);
            load = {};
            call();
            state_.hand_over(part_of);
            done_.finished = state_.finished();
            body += part_of.body;
            part_of.body.clear();
            if (part != exchange_part::request || !state_.wants_more() || done_.finished) continue;
            if (done_.asked == sources) {
                part = exchange_part::piece;
            } else {
                ++done_.asked;
                load = more;
            }
        }
        done_.keeps_alive = state_.keeps_alive() && held_.empty();
        done_.answer = part_of;
        done_.answer.body = body;
        return done_;
    }

private:
    void call()
    {
        for (int steps = 0; steps != 100'000; ++steps) {
            switch (state_.next()) {
            case exchange_step::give: return;
            case exchange_step::write: write(); break;
            case exchange_step::look:
                if (peer_.readable() == 0)
                    state_.saw_nothing();
                else
                    read();
                break;
            case exchange_step::wait:
                if (peer_.readable() == 0 && peer_.room() == 0) done_.deadlock = true;
                state_.ready();
                break;
            case exchange_step::read:
                if (peer_.readable() != 0)
                    read();
                else if (!peer_.closes)
                    done_.deadlock = true;
                else if (!state_.ended(true))
                    done_.failed = errc::connection_lost;
                break;
            }
            if (done_.deadlock || done_.failed != errc()) return;
        }
        FAIL("the machine does not end");
    }

    void write()
    {
        // Nothing is written behind a refusal.
        CHECK_FALSE(refused_);
        auto const all = state_.first().empty() ? state_.rest() : state_.first();
        auto const n = std::min({all.size(), piece_, peer_.room()});
        if (n == 0 && peer_.resets) return state_.refused(make_error_code(errc::connection_lost));
        if (n == 0) return state_.blocked();
        peer_.take(all.substr(0, n));
        state_.wrote(n);
    }

    void read()
    {
        auto n = peer_.readable();
        if (peer_.sent < cut_) n = std::min(n, cut_ - peer_.sent);
        held_.append(peer_.answer, peer_.sent, n);
        peer_.sent += n;
        boost::system::error_code code;
        auto const used = state_.received(held_, code);
        REQUIRE_FALSE(code);
        held_.erase(0, used);
        if (state_.is_header_done() && done_.before_head == endless) {
            done_.before_head = peer_.taken.size();
            refused_ = peer_.refuses;
        }
    }

    server& peer_;
    std::size_t piece_;
    std::size_t cut_;
    exchange_state state_;
    std::string held_;
    bool refused_ = false;
    result done_;
};

std::string with_length(std::string const& status, std::string const& body)
{
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked(std::string const& body)
{
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body.substr(0, 5) + "\r\n" +
           std::to_string(body.size() - 5) + "\r\n" + body.substr(5) + "\r\n0\r\n\r\n";
}

std::string const asked_for(40, 'r');

} // namespace

TEST_CASE("exchange: an answer to the whole asked_for, cut at every byte, the request written in any pieces")
{
    auto const interim = GENERATE(as<std::string>{}, "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    auto const text = interim + GENERATE(with_length("200 OK", "body-body"), chunked("body-body"),
                                         with_length("404 Not Found", "body-body"));
    auto const part = GENERATE(exchange_part::whole, exchange_part::piece);
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        for (std::size_t const piece : {1U, 7U, 39U, 40U}) {
            CAPTURE(text, cut, piece);
            server s;
            s.answer = text;
            s.at = asked_for.size();
            auto const got = driver(s, piece, cut).run(asked_for, part);
            CHECK(s.taken == asked_for);
            CHECK(got.finished);
            CHECK(got.keeps_alive);
            CHECK(got.answer.body == "body-body");
        }
}

TEST_CASE(
    "exchange: a refusal that comes early ends the writing, at every byte of the request and the answer")
{
    auto const part = GENERATE(exchange_part::whole, exchange_part::piece, exchange_part::request);
    bool const closes = GENERATE(true, false);
    bool const resets = GENERATE(true, false);
    std::string const text = closes ? "HTTP/1.1 413 Too Large\r\nConnection: close\r\n\r\nbody-body"
                                    : with_length("403 Forbidden", "body-body");
    for (std::size_t at = 1; at < asked_for.size(); ++at)
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            CAPTURE(at, cut, part, resets);
            server s;
            s.answer = text;
            s.at = at;
            s.takes = at;
            s.closes = closes;
            s.resets = resets;
            s.refuses = true;
            auto const got = driver(s, 3, cut).run(asked_for, part, 5);
            CHECK(got.finished);
            CHECK_FALSE(got.keeps_alive);
            CHECK(got.answer.status == (closes ? 413 : 403));
            CHECK(got.answer.body == "body-body");
            CHECK(got.asked == 0);
        }
}

TEST_CASE("exchange: a server that refuses and reads on is not sent the rest, and a source is not asked on")
{
    auto const part = GENERATE(exchange_part::whole, exchange_part::request);
    server s;
    s.answer = with_length("403 Forbidden", "no");
    s.at = part == exchange_part::whole ? 7 : asked_for.size();
    s.refuses = true;
    auto const got = driver(s, 7, 0).run(asked_for, part, 1000);
    CHECK(got.answer.status == 403);
    CHECK(got.asked == 0);
    CHECK(s.taken.size() == s.at);
    CHECK_FALSE(got.keeps_alive);
}

TEST_CASE("exchange: a success is read while the request is written")
{
    // An echo that takes no more than it has been relieved of.
    auto const part = GENERATE(exchange_part::whole, exchange_part::piece, exchange_part::request);
    std::size_t const ahead = GENERATE(64U, 65U, 100U);
    unsigned const sources = part == exchange_part::request ? 500U : 0U;
    std::string const long_request(10'000, 'r');
    for (std::size_t const piece : {1U, 13U, 5'000U}) {
        CAPTURE(part, ahead, piece);
        server s;
        auto const size = long_request.size() + 10 * sources;
        s.answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
        s.echo_ahead = ahead;
        auto const got = driver(s, piece, 0).run(long_request, part, sources);
        CHECK_FALSE(got.deadlock);
        CHECK(got.finished);
        // The answer is complete when the request's end has not come yet.
        CHECK(got.keeps_alive == (part != exchange_part::request));
        CHECK(got.answer.body == s.taken);
        CHECK(s.taken.size() == size);
        CHECK(got.asked == sources);
    }
}

TEST_CASE("exchange: a success that is complete before the request ends the exchange")
{
    auto const part = GENERATE(exchange_part::whole, exchange_part::request);
    server s;
    s.answer = with_length("200 OK", "enough");
    s.at = 5;
    s.takes = 5;
    auto const got = driver(s, 5, 0).run(asked_for, part, 3);
    CHECK(got.finished);
    CHECK(got.answer.body == "enough");
    CHECK_FALSE(got.keeps_alive);
}

TEST_CASE("exchange: interim answers end nothing and have an end themselves")
{
    std::string const interim = "HTTP/1.1 102 Processing\r\n\r\n";
    exchange_state state;
    state.begin(10'000, 10'000, false);
    response answer;
    state.go_on(asked_for, {}, exchange_part::whole, answer);
    state.wrote(asked_for.size());
    boost::system::error_code code;
    for (unsigned i = 0; i != exchange_state::most_interims; ++i) {
        CHECK(state.at() == phase::first_byte);
        // In two parts, and the next is only waited for again when it is complete.
        CHECK(state.received(interim.substr(0, 9), code) == 0);
        CHECK(state.at() == phase::body);
        CHECK(state.received(interim, code) == interim.size());
        CHECK_FALSE(state.finished());
        CHECK(state.next() == exchange_step::read);
    }
    state.received(interim, code);
    CHECK(code == errc::malformed_response);
}

TEST_CASE("exchange: fields of an interim answer are not the answer's")
{
    std::string const fields = "Content-Encoding: gzip\r\nLocation: /a\r\nRetry-After: 1\r\n\r\n";
    exchange_state state;
    state.begin(10'000, 10'000, false);
    response answer;
    state.go_on(asked_for, {}, exchange_part::whole, answer);
    state.wrote(asked_for.size());
    boost::system::error_code code;
    state.received("HTTP/1.1 103 Early Hints\r\n" + fields +
                       "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n",
                   code);
    REQUIRE(state.finished());
    state.hand_over(answer);
    CHECK(answer.content_encoding == "br");
    CHECK(answer.location.empty());
    CHECK(answer.retry_after.empty());
}

TEST_CASE("exchange: a request that is written at once is not looked behind")
{
    exchange_state state;
    state.begin(10'000, 10'000, false);
    response answer;
    state.go_on("head", "body", exchange_part::whole, answer);
    CHECK(state.next() == exchange_step::write);
    state.wrote(8);
    CHECK(state.next() == exchange_step::read);
}

TEST_CASE("exchange: the answer to a HEAD ends with its head, whatever length it names")
{
    for (std::string const framing : {"Content-Length: 5000000\r\n", "Transfer-Encoding: chunked\r\n", "",
                                      "Content-Encoding: gzip\r\n"}) {
        INFO(framing);
        auto const bytes = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n" + framing + "\r\n";
        for (std::size_t cut = 1; cut <= bytes.size(); ++cut) {
            exchange_state exchange;
            response answer;
            boost::system::error_code code;
            exchange.begin(10'000, 1000, false, true, true);
            exchange.go_on({}, {}, exchange_part::piece, answer);
            auto const used = exchange.received(bytes.substr(0, cut), code);
            CHECK(exchange.finished() == (cut == bytes.size()));
            if (cut != bytes.size()) exchange.received(bytes.substr(used), code);
            CHECK(!code);
            CHECK(exchange.finished());
            CHECK(exchange.keeps_alive());
            exchange.hand_over(answer);
            CHECK(answer.status == 200);
            CHECK(answer.body.empty());
        }
    }
}
