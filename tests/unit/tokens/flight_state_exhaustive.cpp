// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Every order of events for the access token of one session and its callers, breadth first. A state is known
// by a key without absolute times, in which callers and tokens have no names.

#include <practicus/detail/tokens/flight_state.hpp>
#include <practicus/detail/tokens/session_state.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::credentials;
using practicus::errc;
using practicus::secret;
using practicus::token;
using source = session_state::source;

// A token lives 8 ticks. In ticks from its issue: 7 is in the renewal window, at 5 an asker of `much`
// fetches. The back-off after failures is 45, 90, 180 and 300 s: up to 2 ticks.
constexpr auto tick = 150s;
constexpr auto token_life = 8 * tick;
constexpr auto much = 500s;
// A fetch has a limit of its own.
constexpr auto longest_flight = 2 * tick;
constexpr double middle = 0.5;

enum class event : std::uint8_t
{
    ask,
    ask_for_much,
    renew,
    leave,
    finish,
    get_401,
    bring,
    bring_rotated,
    bring_expired,
    fail_passing,
    fail_permanent,
    refuse_credentials,
    complete,
    clock_tick,
    log_in,
    log_in_lazily,
    log_out
};

struct step
{
    event what;
    std::uint8_t caller;
};

std::string name(step s)
{
    constexpr std::array names{"ask",
                               "ask for much",
                               "renew",
                               "leave",
                               "finish",
                               "401",
                               "bring",
                               "bring, rotated",
                               "bring, rotated and expired",
                               "fail (passing)",
                               "fail (permanent)",
                               "refuse credentials",
                               "land",
                               "tick",
                               "log in",
                               "log in lazily",
                               "log out"};
    return names[static_cast<std::size_t>(s.what)] + (' ' + std::to_string(s.caller)) + "; ";
}

void expect(bool holds, char const* what)
{
    if (!holds) throw std::logic_error(what);
}

std::shared_ptr<practicus::error_info const> info(errc code)
{
    return practicus::error(code).shared_info();
}

struct caller
{
    enum class phase : std::uint8_t
    {
        idle,
        waits,
        uses
    };
    phase now = phase::idle;
    token holds;
};

// A fetch as the driver runs it; it goes on when it is void.
struct fetch
{
    flight_ticket ticket = 0;
    std::uint64_t generation = 0;
    source by = source::none;
    time_point sent;
    // Between the adoption and the end: `on_tokens` is told.
    bool adopted = false;
    token brings;
    lifespan life;
};

// The driver, without I/O, and a model of what must be true.
template <std::size_t caller_count>
class world
{
public:
    std::vector<step> enabled() const
    {
        std::vector<step> steps;
        auto const add = [&](std::initializer_list<event> events, std::size_t caller = 0) {
            for (auto e : events)
                steps.push_back({e, static_cast<std::uint8_t>(caller)});
        };
        for (std::size_t i = 0; i < caller_count; ++i)
            switch (callers_[i].now) {
            case caller::phase::idle: add({event::ask, event::ask_for_much, event::renew}, i); break;
            case caller::phase::waits: add({event::leave}, i); break;
            case caller::phase::uses: add({event::finish, event::get_401}, i); break;
            }
        for (std::size_t i = 0; i < fetches_.size(); ++i) {
            if (fetches_[i].adopted)
                add({event::complete}, i);
            else
                add({event::bring, event::bring_rotated, event::bring_expired, event::fail_passing,
                     event::fail_permanent, event::refuse_credentials},
                    i);
        }
        if (std::all_of(fetches_.begin(), fetches_.end(),
                        [&](auto const& f) { return now_ - f.sent < longest_flight; }))
            add({event::clock_tick});
        if (fetches_.size() < 2) add({event::log_in, event::log_in_lazily, event::log_out});
        return steps;
    }

    void apply(step s)
    {
        switch (s.what) {
        case event::ask: decide(s.caller, flights_.ask(now_), use_slack()); break;
        case event::ask_for_much: decide(s.caller, flights_.ask(now_, much), much); break;
        case event::renew: decide(s.caller, flights_.renew(now_), 0s); break;
        case event::leave: callers_[s.caller] = {}; break;
        case event::finish: finish(callers_[s.caller]); break;
        case event::get_401: get_401(callers_[s.caller]); break;
        case event::bring: bring(s.caller, false, token_life); break;
        case event::bring_rotated: bring(s.caller, true, token_life); break;
        case event::bring_expired: bring(s.caller, true, 0s); break;
        case event::fail_passing: fail(s.caller, errc::unavailable); break;
        case event::fail_permanent: fail(s.caller, errc::forbidden); break;
        case event::refuse_credentials: refuse_credentials(s.caller); break;
        case event::complete: complete(s.caller); break;
        case event::clock_tick: now_ += tick; break;
        case event::log_in: log_in(); break;
        case event::log_in_lazily: log_in_lazily(); break;
        case event::log_out:
            session_.forget();
            last_error_ = last_refusal_ = nullptr;
            expect(flights_.credentials_changed(false, false) == 0, "a start after a logout");
            wake(nullptr);
            break;
        }
    }

    // What must be true between two events.
    void check() const
    {
        if (auto const* fault = flights_.check()) throw std::logic_error(fault);
        auto const live = std::count_if(fetches_.begin(), fetches_.end(),
                                        [&](auto const& f) { return flights_.is_current(f.ticket); });
        expect(live <= 1, "two flights");
        expect((live == 1) == flights_.in_flight(), "a flight without a fetch");
        expect(waiting() == 0 || live == 1, "a waiter without a fetch");
    }

    // Every fetch is answered, well or badly. Then no caller waits, and a caller with credentials is served
    // by one more fetch.
    void check_rest(bool well) const
    {
        auto w = *this;
        for (int steps = 0; !w.fetches_.empty(); ++steps) {
            expect(steps < 8, "does not come to rest");
            if (w.fetches_[0].adopted)
                w.complete(0);
            else if (well)
                w.bring(0, false, token_life);
            else
                w.refuse_credentials(0);
            w.check();
        }
        expect(w.waiting() == 0, "waits for ever");
        w.now_ += 6s; // what is replayed, but not for ever
        w.callers_[0] = {};
        w.apply({event::ask, 0});
        if (w.callers_[0].now == caller::phase::waits) w.bring(0, false, token_life);
        if (w.fetches_.size() == 1 && w.fetches_[0].adopted) w.complete(0);
        bool const can = w.session_.fetch() != source::none || w.flights_.value();
        expect((w.callers_[0].now == caller::phase::uses) == can, "not served, or by nothing");
    }

    std::string key() const
    {
        std::string k;
        std::array<char, caller_count> people{};
        for (std::size_t i = 0; i < caller_count; ++i) {
            auto const& c = callers_[i];
            people[i] = c.now == caller::phase::idle    ? '-'
                        : c.now == caller::phase::waits ? 'w'
                        : c.holds == flights_.value()   ? 'c'
                                                        : 'o';
        }
        std::sort(people.begin(), people.end());
        k.append(people.data(), caller_count);
        if (flights_.value()) k += life_key(flights_.life()) + (is_accepted() ? 'a' : '-');
        k += 'f' + std::to_string(std::min(flights_.failures(), 4U)) + probe();
        k += std::to_string(static_cast<int>(session_.fetch())) + (session_.held() ? 'h' : '-');
        for (auto const& f : fetches_) {
            k += flights_.is_current(f.ticket) ? 'L' : 'V';
            k += std::to_string(static_cast<int>(f.by)) + ticks(now_ - f.sent);
            if (f.generation != session_.generation()) k += 'g';
            if (f.adopted) k += 'A' + life_key(f.life);
        }
        return k;
    }

private:
    static std::chrono::nanoseconds use_slack() { return access_token_limits.min_validity; }

    static std::string ticks(std::chrono::nanoseconds d)
    {
        return '/' + std::to_string(std::max<std::int64_t>(d / 1s, 0));
    }

    std::string life_key(lifespan const& life) const
    {
        return (life.is_young(now_) ? "y" : "l") + ticks(life.renew_at() - now_) + ticks(life.ends() - now_);
    }

    // What is kept of errors and refusals is seen from outside only.
    std::string probe() const
    {
        std::string k;
        auto asked = flights_;
        asked.refused(asked.value(), is_accepted(), info(errc::unauthorized), now_, middle);
        k += 'p' + outcome(asked.ask(now_));
        auto renewed = flights_;
        for (auto later : {0s, 4s}) {
            auto copy = flights_;
            k += outcome(copy.renew(now_ + later));
        }
        int refusals = 0;
        for (; refusals < 3; ++refusals) {
            renewed.put(token(secret("probe")), {now_, token_life, access_token_limits, middle});
            renewed.refused(token(secret("probe")), false, info(errc::unauthorized), now_, middle);
            auto copy = renewed;
            if (copy.ask(now_).action == flight_action::fail) break;
        }
        return k + std::to_string(refusals);
    }

    static std::string outcome(flight_decision<token> const& d)
    {
        return d.error ? std::to_string(d.error->code.value())
                       : std::string(1, "sSfj!"[static_cast<int>(d.action)]);
    }

    std::size_t waiting() const
    {
        return static_cast<std::size_t>(std::count_if(
            callers_.begin(), callers_.end(), [](auto const& c) { return c.now == caller::phase::waits; }));
    }

    time_point end_of(token const& t) const
    {
        for (auto const& [issued, end] : ends_)
            if (issued == t) return end;
        throw std::logic_error("a token that was not issued");
    }

    token issue(std::chrono::nanoseconds life, time_point sent)
    {
        token result(secret("a" + std::to_string(++tokens_)));
        ends_.emplace_back(result, sent + life);
        if (ends_.size() > 6) ends_.pop_front();
        return result;
    }

    void decide(std::size_t caller, flight_decision<token> d, std::chrono::nanoseconds least)
    {
        auto& c = callers_[caller];
        expect(c.now == caller::phase::idle, "asks twice");
        switch (d.action) {
        case flight_action::serve:
        case flight_action::serve_and_renew:
            expect(end_of(d.value) - now_ > least, "handed out too late");
            c = {caller::phase::uses, d.value};
            break;
        case flight_action::fetch:
        case flight_action::join: c.now = caller::phase::waits; break;
        case flight_action::fail:
            expect(d.error != nullptr, "no reason");
            expect(d.error == last_error_ || d.error == last_refusal_, "an error of before, or another's");
            expect(d.error->code != errc::unavailable, "a passing error is replayed");
            break;
        }
        expect((d.action == flight_action::join) == (waiting() != 0 && d.ticket != 0 && !starts(d)),
               "joins what is not there");
        if (starts(d)) fly(d.ticket);
    }

    static bool starts(flight_decision<token> const& d)
    {
        return d.action == flight_action::fetch || d.action == flight_action::serve_and_renew;
    }

    void fly(flight_ticket ticket)
    {
        fetch f;
        f.ticket = ticket;
        fetches_.push_back(f);
        next_try(fetches_.size() - 1, errc::login_required);
    }

    // The refresh token, then the password; then the error that it was.
    void next_try(std::size_t at, errc otherwise)
    {
        auto& f = fetches_[at];
        f.generation = session_.generation();
        f.by = session_.fetch();
        f.sent = now_;
        if (f.by == source::none)
            end(at, otherwise);
        else if (f.by == source::refresh_token)
            expect(session_.refresh() == good_refresh_, "sends a refresh token that was replaced");
    }

    void bring(std::size_t at, bool rotated, std::chrono::nanoseconds life)
    {
        auto& f = fetches_[at];
        f.brings = issue(life, f.sent);
        f.life = lifespan(f.sent, life, access_token_limits, middle);
        console_api::new_tokens tokens{token(), f.brings, "anna"};
        if (rotated || f.by == source::password)
            tokens.refresh = token(secret("r" + std::to_string(++tokens_)));
        // The region has replaced it, whatever becomes of the answer.
        if (tokens.refresh && f.generation == session_.generation()) good_refresh_ = tokens.refresh;
        f.adopted = session_.adopt(tokens, stored_time(), f.generation);
        expect(f.adopted || !flights_.is_current(f.ticket), "a flight of before is not void");
        if (!f.adopted) complete(at);
    }

    void complete(std::size_t at)
    {
        auto const f = take(at);
        bool const was_current = flights_.is_current(f.ticket);
        auto const end = flights_.answer(f.ticket, f.brings, f.life, now_, middle);
        expect(was_current == (end.outcome != flight_outcome::ignored), "a void flight counts");
        if (end.outcome == flight_outcome::served) {
            last_error_ = last_refusal_ = nullptr;
            expect(now_ < end_of(f.brings), "handed out past its life");
            wake(&f.brings);
        } else if (end.outcome == flight_outcome::failed) {
            expect(now_ >= end_of(f.brings), "a good token was thrown away");
            last_error_ = end.error;
            wake(nullptr);
        }
    }

    void fail(std::size_t at, errc why) { end(at, why); }

    void end(std::size_t at, errc why)
    {
        auto const f = take(at);
        auto const reason = info(why);
        bool const was_current = flights_.is_current(f.ticket);
        auto const end = flights_.failed(f.ticket, reason, now_, middle);
        expect(was_current == (end.outcome == flight_outcome::failed), "a void flight counts");
        if (!was_current) return;
        last_error_ = reason;
        wake(nullptr);
    }

    void refuse_credentials(std::size_t at)
    {
        auto& f = fetches_[at];
        if (!flights_.is_current(f.ticket)) {
            take(at);
            return;
        }
        if (f.by == source::refresh_token) {
            session_.refuse(session_.refresh());
            next_try(at, errc::login_required);
        } else {
            session_.refuse_password(f.generation);
            end(at, errc::login_refused);
        }
    }

    fetch take(std::size_t at)
    {
        auto const f = fetches_[at];
        fetches_.erase(fetches_.begin() + static_cast<std::ptrdiff_t>(at));
        return f;
    }

    void wake(token const* with)
    {
        for (auto& c : callers_)
            if (c.now == caller::phase::waits) c = with ? caller{caller::phase::uses, *with} : caller{};
    }

    void get_401(caller& c)
    {
        auto const before = flights_.value();
        auto const reason = info(errc::unauthorized);
        bool const accepted = is_accepted();
        bool const dropped = flights_.refused(c.holds, accepted, reason, now_, middle);
        expect(dropped == (before && before == c.holds), "a late 401 counts, or one in time does not");
        expect(dropped ? !flights_.value() : flights_.value() == before, "dropped too much, or too little");
        // One that was accepted is never replayed.
        if (dropped) last_refusal_ = accepted ? nullptr : reason;
        c = {};
    }

    // The region's answer was a success.
    void finish(caller& c)
    {
        if (c.holds == flights_.value()) accepted_ = c.holds;
        c = {};
    }

    bool is_accepted() const { return flights_.value() && accepted_ == flights_.value(); }

    void credentials_changed()
    {
        last_error_ = last_refusal_ = nullptr;
        if (auto const ticket = flights_.credentials_changed(false)) fly(ticket);
        expect(!flights_.value(), "another user's token");
    }

    // An explicit login brings tokens of its own.
    void log_in()
    {
        session_.replace(credentials::password("anna@company.com", "x").keep_password(), stored_time());
        last_error_ = last_refusal_ = nullptr;
        console_api::new_tokens tokens{token(secret("r" + std::to_string(++tokens_))),
                                       issue(token_life, now_), ""};
        good_refresh_ = tokens.refresh;
        auto const access = tokens.access;
        lifespan const life(now_, token_life, access_token_limits, middle);
        flights_.credentials_changed(false);
        expect(session_.adopt(tokens, stored_time(), session_.generation()), "not adopted");
        bool const wanted = flights_.put(access, life);
        expect(wanted || waiting() == 0, "waiters are forgotten");
        wake(&access);
    }

    // A refresh token that is used when it is needed.
    void log_in_lazily()
    {
        auto const text = "r" + std::to_string(++tokens_);
        session_.replace(credentials::refresh_token(text), stored_time());
        good_refresh_ = token(secret(text));
        credentials_changed();
    }

    flight_state<token, 2> flights_;
    session_state session_;
    std::array<caller, caller_count> callers_;
    token accepted_;
    std::vector<fetch> fetches_;
    time_point now_{1h};
    std::shared_ptr<practicus::error_info const> last_error_;
    std::shared_ptr<practicus::error_info const> last_refusal_;
    // The region's side.
    token good_refresh_;
    std::deque<std::pair<token, time_point>> ends_;
    int tokens_ = 0;
};

struct visited
{
    std::uint32_t parent;
    step last;
};

std::string path_to(std::vector<visited> const& states, std::uint32_t state)
{
    std::string path;
    for (; state != 0; state = states[state].parent)
        path = name(states[state].last) + path;
    return path;
}

template <std::size_t Callers>
std::size_t explore()
{
    std::vector<visited> states{{0, {}}};
    std::deque<world<Callers>> frontier(1);
    std::unordered_set<std::string> known{frontier.front().key()};
    std::size_t transitions = 0;
    for (std::uint32_t at = 0; !frontier.empty(); ++at, frontier.pop_front()) {
        for (auto s : frontier.front().enabled()) {
            auto w = frontier.front();
            ++transitions;
            bool is_new = false;
            try {
                w.apply(s);
                w.check();
                is_new = known.insert(w.key()).second;
                if (is_new)
                    for (bool well : {true, false})
                        w.check_rest(well);
            } catch (std::exception const& e) {
                FAIL(e.what() << " after: " << path_to(states, at) << name(s));
            }
            if (!is_new) continue;
            states.push_back({at, s});
            frontier.push_back(std::move(w));
        }
    }
    std::cout << "flight_state, " << Callers << " callers: " << states.size() << " states, " << transitions
              << " transitions\n";
    return states.size();
}

} // namespace

TEST_CASE("flight_state and session_state: every order of events for 1 caller")
{
    CHECK(explore<1>() > 10'000);
}

// With AddressSanitizer, they take nearly 40 times as long: a third of the time of all its tests.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("flight_state and session_state: every order of events for 2 callers")
{
    CHECK(explore<2>() > 100'000);
}
#endif

TEST_CASE("flight_state and session_state: every order of events for 3 callers", "[.soak]")
{
    CHECK(explore<3>() > 200'000);
}
