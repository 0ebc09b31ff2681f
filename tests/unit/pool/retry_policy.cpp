// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/pool/shared_patience.hpp>

#include "catch.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;
using std::chrono::nanoseconds;

constexpr auto no_deadline = nanoseconds::max();

attempt_outcome failed(errc code)
{
    attempt_outcome outcome;
    outcome.error = code;
    return outcome;
}

attempt_outcome answered(unsigned status, std::string_view retry_after = {}, std::string_view date = {})
{
    attempt_outcome outcome;
    outcome.status = status;
    outcome.bytes_written = outcome.answer_begun = true;
    outcome.retry_after = retry_after;
    outcome.date = date;
    return outcome;
}

attempt_outcome lost(bool reused, bool written, bool begun)
{
    auto outcome = failed(errc::connection_lost);
    outcome.reused = reused;
    outcome.bytes_written = written;
    outcome.answer_begun = begun;
    return outcome;
}

request_facts get()
{
    request_facts facts;
    facts.idempotent = true;
    return facts;
}

// The columns of the table.
std::vector<request_facts> requests()
{
    request_facts post;
    request_facts marked;
    marked.safe_to_repeat = true;
    auto one_time = marked;
    one_time.one_time_password = true;
    auto rotating = marked;
    rotating.rotating_refresh = true;
    auto streamed = get();
    streamed.replayable = false;
    auto predict = post;
    predict.renewable_token = true;
    auto streamed_predict = predict;
    streamed_predict.replayable = false;
    return {get(), post, marked, one_time, rotating, streamed, predict, streamed_predict};
}

struct row
{
    std::vector<attempt_outcome> outcomes;
    std::string_view facts;    // reused, written, answer begun: y, n or * for both
    std::string_view expected; // a letter for each of requests(): Stop, Resend, Wait, reNew
};

std::vector<row> table()
{
    std::vector<attempt_outcome> const connecting{failed(errc::resolve_failed), failed(errc::connect_failed),
                                                  failed(errc::resolve_timeout),
                                                  failed(errc::connect_timeout), failed(errc::tls_timeout)};
    std::vector<attempt_outcome> const lost{failed(errc::connection_lost)};
    std::vector<attempt_outcome> const late{failed(errc::first_byte_timeout), failed(errc::stalled)};
    std::vector<attempt_outcome> const overloaded{answered(502), answered(503), answered(504)};
    std::vector<attempt_outcome> const final{answered(200),
                                             answered(204),
                                             answered(206),
                                             answered(301),
                                             answered(307),
                                             answered(400),
                                             answered(403),
                                             answered(404),
                                             answered(409),
                                             answered(500),
                                             answered(501),
                                             answered(505),
                                             failed(errc::tls_failed),
                                             failed(errc::not_tls),
                                             failed(errc::certificate_untrusted),
                                             failed(errc::certificate_host_mismatch),
                                             failed(errc::proxy_refused),
                                             failed(errc::malformed_response),
                                             failed(errc::body_too_large),
                                             failed(errc::header_too_large),
                                             failed(errc::deadline_exceeded),
                                             failed(errc::client_closed),
                                             failed(errc::untrusted_origin)};
    return {
        //           facts  GET POST marked otp rotating streamed predict streamed predict
        {connecting, "***", "WWWWWWWW"},
        {lost, "ynn", "RRRRRSRS"},
        {lost, "yyn", "RSRSSSSS"},
        {lost, "yny", "WWWWWSWS"},
        {lost, "yyy", "WSWSSSSS"},
        {lost, "nn*", "WWWWWSWS"},
        {lost, "ny*", "WSWSSSSS"},
        {late, "*n*", "WWWWWSWS"},
        {late, "*y*", "WSWSSSSS"},
        {overloaded, "***", "WSWSSSSS"},
        {{answered(408), answered(425), answered(429)}, "***", "WWWSWSWS"},
        {{answered(401)}, "***", "SSSSSSNS"},
        {final, "***", "SSSSSSSS"},
    };
}

bool fits(char pattern, bool value)
{
    return pattern == '*' || (pattern == 'y') == value;
}

char letter(retry_action action)
{
    switch (action) {
    case retry_action::stop: return 'S';
    case retry_action::resend: return 'R';
    case retry_action::wait: return 'W';
    case retry_action::renew: return 'N';
    }
    return '?';
}

std::string decisions(attempt_outcome const& outcome)
{
    std::string letters;
    for (auto const& request : requests()) {
        retry_budget budget;
        letters += letter(retry_policy().decide(request, outcome, budget, no_deadline, 0.5).action);
    }
    return letters;
}

} // namespace

TEST_CASE("retry_policy: every request, every outcome, every state of the connection")
{
    std::size_t cases = 0;
    for (auto const& [outcomes, facts, expected] : table())
        for (auto outcome : outcomes)
            for (unsigned bits = 0; bits < 8; ++bits) {
                outcome.reused = (bits & 1) != 0;
                outcome.bytes_written = (bits & 2) != 0;
                outcome.answer_begun = (bits & 4) != 0;
                if (!fits(facts[0], outcome.reused) || !fits(facts[1], outcome.bytes_written) ||
                    !fits(facts[2], outcome.answer_begun))
                    continue;
                INFO(outcome.error.message() << " status " << outcome.status << " facts " << facts);
                CHECK(decisions(outcome) == expected);
                ++cases;
            }
    CHECK(cases == 38 * 8); // each outcome in each of the 8 states, once
}

TEST_CASE("retry_policy: a cancellation is final")
{
    attempt_outcome outcome;
    outcome.error = make_error_code(boost::system::errc::operation_canceled);
    CHECK(decisions(outcome) == "SSSSSSSS");
}

TEST_CASE("retry_policy: waits until the attempts are used up")
{
    for (unsigned attempts = 0; attempts <= 4; ++attempts) {
        retry_budget budget;
        practicus::retry_options limits;
        limits.max_attempts = attempts;
        retry_policy policy(limits);
        while (policy.decide(get(), answered(503), budget, no_deadline, 0.5).action == retry_action::wait)
            REQUIRE(policy.attempts() < 10);
        CHECK(policy.attempts() == std::max(attempts, 1U));
    }
}

TEST_CASE("retry_policy: a resend and a renewal count as attempts, and are had once")
{
    retry_budget budget;
    auto request = get();
    request.renewable_token = true;
    auto const stale = lost(true, true, false);

    SECTION("early, they use up no retry")
    {
        retry_policy policy;
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, answered(401), budget, no_deadline, 0).action == retry_action::renew);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::stop);
        CHECK(policy.attempts() == 5);
    }
    SECTION("late, they are still had")
    {
        retry_policy policy;
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, answered(401), budget, no_deadline, 0).action == retry_action::renew);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::stop);
        CHECK(policy.attempts() == 5);
    }
    SECTION("a second stale connection is an ordinary failure")
    {
        retry_policy policy;
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::stop);
    }
    SECTION("another request of the operation has its own, but no retries of its own")
    {
        retry_policy policy;
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, answered(200), budget, no_deadline, 0).action == retry_action::stop);
        policy.next_request();
        CHECK(policy.decide(request, stale, budget, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::wait);
        CHECK(policy.decide(request, answered(503), budget, no_deadline, 0).action == retry_action::stop);
        CHECK(policy.attempts() == 6);
    }
    SECTION("a second 401 is final")
    {
        retry_policy policy;
        CHECK(policy.decide(request, answered(401), budget, no_deadline, 0).action == retry_action::renew);
        CHECK(policy.decide(request, answered(401), budget, no_deadline, 0).action == retry_action::stop);
    }
    SECTION("only waiting retries cost budget")
    {
        retry_budget empty(0);
        retry_policy policy;
        CHECK(policy.decide(request, stale, empty, no_deadline, 0).action == retry_action::resend);
        CHECK(policy.decide(request, answered(401), empty, no_deadline, 0).action == retry_action::renew);
        CHECK(empty.tokens() == 1); // the 401 was an answer
        CHECK(policy.decide(request, answered(503), empty, no_deadline, 0).action == retry_action::stop);
    }
}

namespace {

// The most sendings over every sequence of outcomes from here on.
unsigned most_attempts(retry_policy const& policy, request_facts const& request,
                       std::vector<attempt_outcome> const& outcomes, retry_budget& budget)
{
    if (policy.attempts() > 10) throw std::logic_error("sends for ever");
    unsigned most = policy.attempts();
    for (auto const& outcome : outcomes) {
        auto next = policy;
        auto const action = next.decide(request, outcome, budget, no_deadline, 0.5).action;
        auto const attempts =
            action == retry_action::stop ? next.attempts() : most_attempts(next, request, outcomes, budget);
        most = std::max(most, attempts);
    }
    return most;
}

} // namespace

TEST_CASE("retry_policy: a request is sent at most two times more than the limit")
{
    std::vector<attempt_outcome> const outcomes{answered(503),
                                                answered(401),
                                                answered(200),
                                                lost(true, true, false),
                                                lost(true, false, false),
                                                lost(false, true, true)};
    for (unsigned attempts = 1; attempts <= 3; ++attempts) {
        practicus::retry_options limits;
        limits.max_attempts = attempts;
        retry_budget budget;
        auto request = get();
        CHECK(most_attempts(retry_policy(limits), request, outcomes, budget) == attempts + 1);
        request.renewable_token = true;
        retry_budget fresh;
        CHECK(most_attempts(retry_policy(limits), request, outcomes, fresh) == attempts + 2);
    }
}

TEST_CASE("retry_policy: full jitter doubles from the base to the cap")
{
    practicus::retry_options const limits;
    CHECK(full_jitter(limits, 0, 1.0) == 100ms);
    CHECK(full_jitter(limits, 0, 0.25) == 25ms);
    CHECK(full_jitter(limits, 0, 0.0) == 0ms);
    CHECK(full_jitter(limits, 1, 1.0) == 200ms);
    CHECK(full_jitter(limits, 5, 1.0) == 3200ms);
    CHECK(full_jitter(limits, 6, 1.0) == 5s);
    CHECK(full_jitter(limits, 4'000'000'000U, 0.5) == 2500ms);

    practicus::retry_options low_cap;
    low_cap.max_backoff = 30ms;
    CHECK(full_jitter(low_cap, 3, 1.0) == 30ms);
    practicus::retry_options none;
    none.initial_backoff = 0ms;
    CHECK(full_jitter(none, 4'000'000'000U, 1.0) == 0ms);
    practicus::retry_options endless;
    endless.max_backoff = std::chrono::hours(24 * 365);
    CHECK(full_jitter(endless, 4'000'000'000U, 0.5) > std::chrono::hours(1'000));
}

TEST_CASE("retry_policy: the wait grows with the retries, not with resends")
{
    retry_budget budget;
    retry_policy policy;
    CHECK(policy.decide(get(), lost(true, true, false), budget, no_deadline, 1.0).action ==
          retry_action::resend);
    CHECK(policy.decide(get(), answered(502), budget, no_deadline, 1.0).wait == 100ms);

    retry_policy other;
    CHECK(other.decide(get(), answered(502), budget, no_deadline, 1.0).wait == 100ms);
    CHECK(other.decide(get(), answered(502), budget, no_deadline, 1.0).wait == 200ms);
}

TEST_CASE("retry_policy: Retry-After is obeyed, up to 5 s beyond the own wait, and never cut short")
{
    auto const wait = [](std::string_view retry_after, std::string_view date = {}) {
        retry_budget budget;
        auto const decision =
            retry_policy().decide(get(), answered(503, retry_after, date), budget, no_deadline, 0.5);
        CHECK(decision.action == (decision.wait == 0ns ? retry_action::stop : retry_action::wait));
        return decision.wait;
    };
    CHECK(wait("") == 50ms);
    CHECK(wait("0") == 50ms); // at least the own wait
    CHECK(wait("2") == 2s);
    CHECK(wait("5") == 5s);
    CHECK(wait("6") == 0ns);
    CHECK(wait("99999999999999999999999") == 0ns);
    CHECK(wait("-1") == 50ms);
    CHECK(wait("soon") == 50ms);
    CHECK(wait("Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT") == 3s);
    CHECK(wait("Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:41 GMT") == 50ms);
    CHECK(wait("Sun, 06 Nov 1994 08:49:40 GMT") == 50ms);
}

TEST_CASE("retry_policy: no wait reaches the deadline")
{
    auto const action = [](attempt_outcome const& outcome, nanoseconds left) {
        retry_budget budget;
        auto request = get();
        request.renewable_token = true;
        auto const result = retry_policy().decide(request, outcome, budget, left, 0.5).action;
        if (result == retry_action::stop) CHECK(budget.tokens() == retry_budget::capacity);
        return result;
    };
    CHECK(action(answered(503), 51ms) == retry_action::wait);
    CHECK(action(answered(503), 50ms) == retry_action::stop);
    CHECK(action(answered(503, "3"), 3001ms) == retry_action::wait);
    CHECK(action(answered(503, "3"), 3s) == retry_action::stop);
    CHECK(action(lost(true, true, false), 1ns) == retry_action::resend);
    CHECK(action(lost(true, true, false), 0ns) == retry_action::stop);
    CHECK(action(answered(401), 1ns) == retry_action::renew);
    CHECK(action(answered(401), -1s) == retry_action::stop);
}

TEST_CASE("retry_budget: 100 retries for an origin that only fails")
{
    retry_budget budget;
    unsigned retries = 0;
    for (int operation = 0; operation < 500; ++operation) {
        retry_policy policy;
        while (policy.decide(get(), answered(503), budget, no_deadline, 0.5).action == retry_action::wait)
            ++retries;
    }
    CHECK(retries == 100);
    CHECK(budget.tokens() == 0);

    // Every answer that is no failure of the origin gives one back; five are a retry.
    for (unsigned status : {200U, 404U, 401U, 204U})
        CHECK(retry_policy().decide(get(), answered(status), budget, no_deadline, 0).action ==
              retry_action::stop);
    CHECK(retry_policy().decide(get(), answered(500), budget, no_deadline, 0).action == retry_action::stop);
    CHECK(retry_policy().decide(get(), answered(429), budget, no_deadline, 0).action == retry_action::stop);
    CHECK(retry_policy().decide(get(), failed(errc::connect_failed), budget, no_deadline, 0).action ==
          retry_action::stop);
    CHECK(budget.tokens() == 4);
    budget.deposit();
    CHECK(retry_policy().decide(get(), answered(503), budget, no_deadline, 0).action == retry_action::wait);
    CHECK(budget.tokens() == 0);
}

TEST_CASE("retry_budget: never above its capacity, nor below zero")
{
    retry_budget budget(1'000'000);
    budget.deposit();
    CHECK(budget.tokens() == retry_budget::capacity);
    retry_budget poor(4);
    CHECK_FALSE(poor.withdraw());
    CHECK(poor.tokens() == 4);
    poor.deposit();
    CHECK(poor.withdraw());
    CHECK(poor.tokens() == 0);
    CHECK(retry_budget(-7).tokens() == 0);
}

TEST_CASE("retry_budget: threads share it without a token lost or made")
{
    retry_budget budget;
    std::array<int, 4> balance{};
    std::vector<std::thread> threads;
    for (auto& mine : balance)
        threads.emplace_back([&budget, &mine] {
            for (int i = 0; i < 40; ++i) {
                if (budget.withdraw()) mine -= retry_budget::cost;
                if (i % 2 == 0 && budget.tokens() < 250) {
                    budget.deposit();
                    ++mine;
                }
            }
        });
    for (auto& thread : threads)
        thread.join();
    int sum = retry_budget::capacity;
    for (int mine : balance)
        sum += mine;
    CHECK(budget.tokens() == sum);
    CHECK(sum >= 0);
}

TEST_CASE("parse_retry_after: seconds")
{
    using std::chrono::seconds;
    constexpr seconds year = std::chrono::hours(24 * 365);
    CHECK(parse_retry_after("0", "") == seconds(0));
    CHECK(parse_retry_after("120", "") == seconds(120));
    CHECK(parse_retry_after(" \t7 ", "") == seconds(7));
    CHECK(parse_retry_after("00000000000000000000000000000003", "") == seconds(3));
    CHECK(parse_retry_after("31536001", "") == year);
    CHECK(parse_retry_after("18446744073709551617", "") == year);
    CHECK(parse_retry_after(std::string(100'000, '9'), "") == year);
    for (auto text : {"", " ", "-1", "+1", "1.5", "1s", "0x10", "1 2", "\xd9\xa1", "1,2", "NaN"}) {
        INFO(text);
        CHECK(parse_retry_after(text, "Sun, 06 Nov 1994 08:49:37 GMT") == std::nullopt);
    }
}

TEST_CASE("parse_retry_after: a date counts from the answer's own date")
{
    using std::chrono::seconds;
    auto const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:57 GMT", date) == seconds(20));
    CHECK(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", date) == seconds(60));
    CHECK(parse_retry_after("Sun Nov  6 09:49:37 1994", date) == seconds(3600));
    CHECK(parse_retry_after(" Sun, 06 Nov 1994 08:49:57 GMT\t", " Sun, 06 Nov 1994 08:49:56 GMT ") ==
          seconds(1));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", date) == seconds(0));
    CHECK(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", date) == seconds(0));
    CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", date) == std::chrono::hours(24 * 365));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:57 GMT", "") == std::nullopt);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:57 GMT", "yesterday") == std::nullopt);
}

TEST_CASE("with patience, a 503 is waited out without attempts and budget")
{
    using namespace std::chrono_literals;
    request_facts post;
    post.renewable_token = true;
    auto const down = [](std::optional<nanoseconds> patience, std::string_view retry_after = {}) {
        auto outcome = answered(503, retry_after);
        outcome.patience = patience;
        return outcome;
    };
    practicus::retry_options once;
    once.max_attempts = 1;
    once.max_retry_after = 1s;
    auto const decide = [&](request_facts const& facts, attempt_outcome const& outcome,
                            nanoseconds left = no_deadline) {
        retry_budget empty(0);
        return retry_policy(once).decide(facts, outcome, empty, left, 0.5);
    };
    CHECK(decide(post, down(60s)).wait == 1s);
    CHECK(decide(post, down(500ms)).wait == 500ms);
    CHECK(decide(post, down(60s, "30")).wait == 30s);
    CHECK(decide(post, down(60s, "60")).wait == 60s);
    // The id of an app is asked for without a token.
    request_facts get;
    get.idempotent = true;
    CHECK(decide(get, down(60s)).wait == 1s);
    for (auto const& stops :
         {decide(post, down(60s, "61")), decide(post, down(0s)), decide(post, down(-1s)),
          decide(post, down(std::nullopt)), decide(post, down(60s), 1s), decide(request_facts(), down(60s))})
        CHECK(stops.action == retry_action::stop);
    auto streamed = post;
    streamed.replayable = false;
    CHECK(decide(streamed, down(60s)).action == retry_action::stop);
    auto other = answered(502);
    other.patience = 60s;
    CHECK(decide(post, other).action == retry_action::stop);

    // The pauses grow up to the longest backoff.
    retry_policy policy;
    retry_budget budget;
    std::vector<nanoseconds> waits;
    for (int i = 0; i != 8; ++i)
        waits.push_back(policy.decide(post, down(1h), budget, no_deadline, 1).wait);
    CHECK(waits == std::vector<nanoseconds>{1s, 1s, 1s, 1s, 1600ms, 3200ms, 5s, 5s});
    CHECK(budget.tokens() == retry_budget::capacity);
    CHECK(policy.attempts() == 8);
}

TEST_CASE("a shared fetch ends with a 503 unless a caller wants its retries before")
{
    operation op;
    op.fetch_patience = std::make_shared<shared_patience>();
    CHECK(op.is_patient());
    SECTION("it ends")
    {
        CHECK(op.patience_left(time_point()) == nanoseconds(0));
        CHECK_FALSE(op.fetch_patience->want_retries());
        CHECK(op.patience_left(time_point()) == nanoseconds(0));
    }
    SECTION("it is retried")
    {
        CHECK(op.fetch_patience->want_retries());
        CHECK_FALSE(op.patience_left(time_point()));
        CHECK(op.fetch_patience->want_retries());
    }
}
