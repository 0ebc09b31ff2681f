// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A simulated week of one call a second, with a driver that does no I/O. It passes the stripes, the tokens'
// flights, the access token's flight and the session.

#include <practicus/detail/tokens/session_state.hpp>
#include <practicus/detail/tokens/striped_cache.hpp>
#include <practicus/detail/tokens/token_cache_state.hpp>

#include "jwt_text.hpp"

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::credentials;
using practicus::errc;
using practicus::secret;
using practicus::token;
using std::chrono::seconds;

constexpr char const* url = "https://practicus.company.com/models/practicus/diamond-price/";
token_key const model{42};
constexpr seconds week = std::chrono::hours(24 * 7);
constexpr time_point beginning{1000h};
constexpr seconds latency = 2s;

struct plan
{
    seconds length = week;
    seconds session_life = 4h;
    seconds access_life = 30min;
    // What the region's clock shows at the beginning.
    std::chrono::sys_seconds region{seconds(1'800'000'000)};
    seconds outage_begins = -1s;
    seconds outage = 0s;
    // Calls use the access token too.
    bool console = false;
    bool dead_tokens = false;
    unsigned seed = 1;
};

struct tally
{
    int sessions = 0;
    int refreshes = 0;
    int failed_requests = 0;
    int calls = 0;
    int waits = 0;
    int errors = 0;
    int expired = 0;

    friend bool operator==(tally const&, tally const&) = default;
};

class simulation
{
public:
    explicit simulation(plan p) : plan_(p), random_(p.seed)
    {
        session_.replace(credentials::refresh_token("r"), stored_time());
    }

    tally run()
    {
        for (; now_ - beginning < plan_.length; now_ += 1s) {
            while (!requests_.empty() && requests_.front().due <= now_) {
                auto const r = requests_.front();
                requests_.pop_front();
                r.session ? session_answered(r) : refresh_answered(r);
            }
            call();
            if (plan_.console) use_access();
        }
        return tally_;
    }

private:
    struct sent_request
    {
        bool session;
        flight_ticket ticket;
        time_point sent;
        time_point due;
    };

    using cache = token_cache_state;

    double random() { return std::uniform_real_distribution<>(0.0, 1.0)(random_); }

    bool is_out(time_point at) const
    {
        auto const since = at - beginning - plan_.outage_begins;
        return since >= 0s && since < plan_.outage;
    }

    std::chrono::sys_seconds region_now() const
    {
        return plan_.region + std::chrono::duration_cast<seconds>(now_ - beginning);
    }

    token issue(seconds life)
    {
        if (plan_.dead_tokens) life = -10s;
        auto const iat = region_now().time_since_epoch().count();
        token result(secret(jwt_text(R"({"iat":)" + std::to_string(iat - (plan_.dead_tokens ? 60 : 0)) +
                                     R"(,"exp":)" + std::to_string(iat + life.count()) + "}")));
        ends_.emplace_back(result, now_ + life);
        if (ends_.size() > 8) ends_.pop_front();
        return result;
    }

    lifespan life_of(token const& t, time_point sent, freshness_limits const& limits)
    {
        return {sent, remaining_life(t.claims(), region_now(), region_now()), limits, random()};
    }

    void use(token const& t)
    {
        for (auto const& [issued, end] : ends_)
            if (issued == t && now_ >= end) ++tally_.expired;
    }

    // What `cached_session_token`, and then `session_token`, will do.
    void call()
    {
        ++tally_.calls;
        auto const found = stripes_.find(url, now_);
        if (found.value) use(found.value);
        if (found.value && !found.renew) return;
        auto const entry = cache_.token_of(model, url, now_);
        auto d = entry->state.ask(now_);
        if (d.action == flight_action::fetch || d.action == flight_action::serve_and_renew)
            start_session(d.ticket);
        if (d.action == flight_action::fail) ++tally_.errors;
        if (d.action == flight_action::fetch || d.action == flight_action::join) {
            ++tally_.waits;
            ++waiting_;
        }
        if (!d.value) return;
        use(d.value);
        stripes_.install(url, d.value, entry->state.life(), entry->use, now_);
    }

    void use_access()
    {
        auto const d = access_.ask(now_);
        if (d.value) use(d.value);
        if (d.action == flight_action::fetch || d.action == flight_action::serve_and_renew)
            start_refresh(d.ticket);
        if (d.action == flight_action::fetch || d.action == flight_action::join) ++tally_.waits;
        if (d.action == flight_action::fail) ++tally_.errors;
    }

    // A session token's flight: an access token first, then the trade.
    void start_session(flight_ticket ticket)
    {
        auto d = access_.ask(now_);
        if (d.action == flight_action::fetch || d.action == flight_action::serve_and_renew)
            start_refresh(d.ticket);
        if (d.value)
            trade(ticket);
        else if (d.action == flight_action::fail)
            session_failed(ticket, d.error);
        else
            need_access_.push_back(ticket);
    }

    void start_refresh(flight_ticket ticket)
    {
        ++tally_.refreshes;
        requests_.push_back({false, ticket, now_, now_ + latency});
    }

    void trade(flight_ticket ticket)
    {
        ++tally_.sessions;
        requests_.push_back({true, ticket, now_, now_ + latency});
    }

    void refresh_answered(sent_request const& r)
    {
        flight_end end;
        if (is_out(now_)) {
            ++tally_.failed_requests;
            end = access_.failed(r.ticket, practicus::error(errc::connect_failed).shared_info(), now_,
                                 random());
        } else {
            auto const access = issue(plan_.access_life);
            auto const life = life_of(access, r.sent, access_token_limits);
            CHECK(session_.adopt({token(secret("r" + std::to_string(++rotations_))), access, ""},
                                 stored_time(), session_.generation()));
            end = access_.answer(r.ticket, access, life, now_, random());
        }
        for (auto const ticket : std::exchange(need_access_, {}))
            end.outcome == flight_outcome::served ? trade(ticket) : session_failed(ticket, end.error);
    }

    void session_answered(sent_request const& r)
    {
        if (is_out(now_)) {
            ++tally_.failed_requests;
            session_failed(r.ticket, practicus::error(errc::connect_failed).shared_info());
            return;
        }
        auto const value = issue(plan_.session_life);
        auto const life = life_of(value, r.sent, session_token_limits);
        auto const entry = cache_.find(model);
        auto const end = entry->state.answer(r.ticket, value, life, now_, random());
        if (end.outcome == flight_outcome::served) {
            for (auto const& name : entry->names.urls())
                stripes_.replace(name, value, entry->state.life(), entry->use, now_);
            waiting_ = 0;
        } else {
            tally_.errors += std::exchange(waiting_, 0);
        }
    }

    void session_failed(flight_ticket ticket, std::shared_ptr<practicus::error_info const> why)
    {
        cache_.find(model)->state.failed(ticket, std::move(why), now_, random());
        tally_.errors += std::exchange(waiting_, 0);
    }

    plan plan_;
    std::mt19937 random_;
    time_point now_ = beginning;
    striped_cache<token> stripes_{100, 2};
    cache cache_{100};
    flight_state<token> access_;
    session_state session_;
    std::deque<sent_request> requests_;
    std::vector<flight_ticket> need_access_;
    std::deque<std::pair<token, time_point>> ends_;
    tally tally_;
    int waiting_ = 0;
    int rotations_ = 0;
};

// As few as there can be if no token is used with less than 30 s left.
int least(seconds life)
{
    return static_cast<int>((week + (life - 31s)) / (life - 30s));
}

} // namespace

TEST_CASE("a week of one call a second: no caller waits after the first")
{
    plan p;
    auto const t = simulation(p).run();
    std::cout << "a week: " << t.calls << " calls; session tokens asked for " << t.sessions
              << " times (least " << least(p.session_life) << "), access tokens " << t.refreshes
              << " times (least " << least(p.session_life) << ", one for each)\n";
    CHECK(t.calls == week / 1s);
    CHECK(t.waits <= 2 * latency / 1s); // those of the first seconds, until the first token is there
    CHECK(t.errors == 0);
    CHECK(t.expired == 0);
    CHECK(t.sessions <= 58); // every 3 hours
    CHECK(t.refreshes <= t.sessions);
}

TEST_CASE("a week of one call a second that uses the access token as well")
{
    plan p;
    p.console = true;
    auto const t = simulation(p).run();
    std::cout << "a week of console calls as well: access tokens asked for " << t.refreshes
              << " times (least " << least(p.access_life) << ")\n";
    CHECK(t.waits <= 4 * latency / 1s);
    CHECK(t.errors == 0);
    CHECK(t.expired == 0);
    CHECK(t.refreshes <= 410); // every 25 minutes
}

TEST_CASE("a week with an outage of 50 minutes: no caller sees an error, whenever it begins")
{
    std::mt19937 random(7);
    int most = 0;
    int beginnings = 0;
    for (seconds begins = 1h; begins < 7h + 30min; begins += 97s) {
        plan p;
        p.seed = static_cast<unsigned>(random());
        p.length = 12h;
        p.outage_begins = begins;
        p.outage = 50min;
        auto const t = simulation(p).run();
        INFO("begins after " << begins.count() << " s");
        CHECK(t.errors == 0);
        CHECK(t.waits <= 2 * latency / 1s);
        CHECK(t.expired == 0);
        most = std::max(most, t.failed_requests);
        ++beginnings;
    }
    plan p;
    p.outage_begins = 3h;
    p.outage = 50min;
    auto const t = simulation(p).run();
    std::cout << "a week with an outage of 50 minutes: session tokens asked for " << t.sessions
              << " times, access tokens " << t.refreshes << " times, " << t.failed_requests
              << " requests failed (at most " << most << " over " << beginnings << " beginnings)\n";
    CHECK(t.errors == 0);
    CHECK(most > 5);  // outages met renewals
    CHECK(most < 20); // and were not stormed
}

TEST_CASE("a week with the region's clock a day off, either way: the same week")
{
    plan p;
    auto const right = simulation(p).run();
    for (auto off : {24h, -24h, 24h * 365 * 20}) {
        auto wrong = p;
        wrong.region += off;
        CHECK(simulation(wrong).run() == right);
    }
}

TEST_CASE("a region that issues expired tokens is asked every few seconds, and they are not handed out")
{
    plan p;
    p.length = 1h;
    p.dead_tokens = true;
    auto const t = simulation(p).run();
    CHECK(t.sessions == 0);
    CHECK(t.expired == 0);
    CHECK(t.refreshes <= 3600 / 3);
    CHECK(t.errors > 3000);
}
