// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What is handed out for one key, and when it is fetched. Every order of events is in
// flight_state_exhaustive.cpp, a simulated week in token_week.cpp.

#include <practicus/detail/tokens/flight_state.hpp>

#include "catch.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;

using handle = std::shared_ptr<std::string const>;
using action = flight_action;
using outcome = flight_outcome;

handle make(char const* text)
{
    return std::make_shared<std::string const>(text);
}

std::shared_ptr<practicus::error_info const> info(errc code)
{
    return practicus::error(code).shared_info();
}

// Each event is followed by the invariants.
struct fixture
{
    flight_state<handle> state;
    time_point now{1000h};

    flight_decision<handle> checked(flight_decision<handle> d) const
    {
        CHECK(state.check() == nullptr);
        CHECK((d.value != nullptr) == (d.action == action::serve || d.action == action::serve_and_renew));
        CHECK((d.error != nullptr) == (d.action == action::fail));
        CHECK((d.ticket != 0) ==
              (d.action == action::fetch || d.action == action::serve_and_renew || d.action == action::join));
        return d;
    }

    flight_decision<handle> ask() { return checked(state.ask(now)); }
    flight_decision<handle> ask(std::chrono::nanoseconds least) { return checked(state.ask(now, least)); }
    flight_decision<handle> renew() { return checked(state.renew(now)); }

    flight_ticket fetch()
    {
        auto const d = ask();
        REQUIRE(d.action == action::fetch);
        return d.ticket;
    }

    lifespan life(std::chrono::nanoseconds length = 4h) const
    {
        return {now, length, session_token_limits, 0.0};
    }

    outcome answer(flight_ticket ticket, handle value, std::chrono::nanoseconds length = 4h)
    {
        auto const end = state.answer(ticket, std::move(value), life(length), now, 0.5);
        CHECK(state.check() == nullptr);
        CHECK((end.error != nullptr) == (end.outcome == outcome::failed));
        return end.outcome;
    }

    outcome fail(flight_ticket ticket, errc why = errc::unavailable)
    {
        auto const end = state.failed(ticket, info(why), now, 0.5);
        CHECK(state.check() == nullptr);
        return end.outcome;
    }

    bool refused(handle const& used, bool accepted = false)
    {
        return state.refused(used, accepted, info(errc::unauthorized), now, 0.5);
    }

    handle cached(char const* text = "first", std::chrono::nanoseconds length = 4h)
    {
        auto value = make(text);
        REQUIRE(answer(fetch(), value, length) == outcome::served);
        return value;
    }
};

} // namespace

TEST_CASE("flight_state: the first caller fetches, others wait, later ones are served")
{
    fixture f;
    auto const ticket = f.fetch();
    CHECK(f.state.in_flight());
    for (int i = 0; i < 3; ++i) {
        auto const d = f.ask();
        CHECK(d.action == action::join);
        CHECK(d.ticket == ticket);
    }
    auto const value = make("v");
    CHECK(f.answer(ticket, value) == outcome::served);
    CHECK_FALSE(f.state.in_flight());
    auto const d = f.ask();
    CHECK(d.action == action::serve);
    CHECK(d.value == value);
    CHECK(f.answer(ticket, make("again")) == outcome::ignored);
    CHECK(f.fail(ticket) == outcome::ignored);
    CHECK(f.ask().value == value);
}

TEST_CASE("flight_state: the result serves all waiters, and later callers that need a long life")
{
    fixture f;
    CHECK(f.ask(24h).action == action::fetch);
    auto const d = f.ask(24h);
    CHECK(d.action == action::join);
    CHECK(f.answer(d.ticket, make("v")) == outcome::served);
    CHECK(f.ask(24h).action == action::serve);
}

TEST_CASE("flight_state: a transient error reaches all waiters and is not kept")
{
    fixture f;
    auto const ticket = f.fetch();
    CHECK(f.ask().action == action::join);
    CHECK(f.fail(ticket) == outcome::failed);
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE("flight_state: a permanent error is replayed for a while, as the same object")
{
    fixture f;
    auto const why = info(errc::forbidden);
    CHECK(f.state.failed(f.fetch(), why, f.now, 0.5).error == why);
    f.now += 3s - 1ns;
    CHECK(f.ask().error == why);
    CHECK(f.renew().error == why);
    f.now += 1ns;
    auto const ticket = f.fetch();
    CHECK(f.answer(ticket, make("v")) == outcome::served);
    CHECK(f.ask().action == action::serve);
}

TEST_CASE("flight_state: an error that needs a login is replayed until a login")
{
    fixture f;
    auto const why = GENERATE(errc::login_required, errc::login_refused);
    CHECK(f.fail(f.fetch(), why) == outcome::failed);
    f.now += 24h * 366;
    CHECK(f.ask().error->code == why);
    CHECK(f.state.credentials_changed(GENERATE(true, false)) == 0);
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE("flight_state: in the window one renewal starts, and no caller waits")
{
    fixture f;
    auto const first = f.cached();
    f.now += 3h - 1ns;
    CHECK(f.ask().action == action::serve);
    f.now += 1ns;
    auto const d = f.ask();
    CHECK(d.action == action::serve_and_renew);
    CHECK(d.value == first);
    CHECK(f.ask().action == action::serve);
    CHECK(f.ask().value == first);
    auto const second = make("second");
    CHECK(f.answer(d.ticket, second) == outcome::served);
    CHECK(f.ask().value == second);
    f.now += 3h - 1ns;
    CHECK(f.ask().action == action::serve);
}

TEST_CASE("flight_state: a renewal that comes too late is waited for")
{
    fixture f;
    f.cached();
    f.now += 3h;
    auto const ticket = f.ask().ticket;
    CHECK(f.ask(61min).action == action::join); // asks for more than is left
    f.now += 1h - 30s;
    CHECK(f.ask().action == action::join);
    CHECK(f.answer(ticket, make("v")) == outcome::served);
}

TEST_CASE("flight_state: a failed renewal leaves the value in use, and the next one waits longer each time")
{
    fixture f;
    auto const value = f.cached();
    f.now += 3h;
    auto const expires = f.now + 1h;
    for (auto backoff : {45s, 90s, 180s, 300s, 300s}) {
        auto const d = f.ask();
        REQUIRE(d.action == action::serve_and_renew);
        CHECK(f.fail(d.ticket) == outcome::failed);
        f.now += backoff - 1ns;
        CHECK(f.ask().action == action::serve);
        f.now += 1ns;
    }
    CHECK(f.state.failures() == 5);
    f.now = expires - 30s - 1ns;
    auto const d = f.ask();
    CHECK(d.action == action::serve_and_renew);
    CHECK(d.value == value);
    CHECK(f.fail(d.ticket) == outcome::failed);
    f.now += 1ns; // no back-off reaches beyond this
    CHECK(f.ask().action == action::fetch);
    // For callers with a lower minimum, it still is the value.
    CHECK(f.ask(0s).action == action::serve);
    f.now = expires;
    CHECK(f.ask(0s).action == action::join);
}

TEST_CASE("flight_state: a success ends the back-off")
{
    fixture f;
    f.cached();
    f.now += 3h;
    CHECK(f.fail(f.ask().ticket) == outcome::failed);
    f.now += 45s;
    CHECK(f.fail(f.ask().ticket) == outcome::failed);
    f.now += 90s;
    CHECK(f.answer(f.ask().ticket, make("v")) == outcome::served);
    CHECK(f.state.failures() == 0);
    f.now += 3h;
    CHECK(f.fail(f.ask().ticket) == outcome::failed);
    f.now += 45s;
    CHECK(f.ask().action == action::serve_and_renew);
}

TEST_CASE("flight_state: a renewal that needs a login is not retried; the value is used to its end")
{
    fixture f;
    f.cached();
    f.now += 3h;
    CHECK(f.fail(f.ask().ticket, errc::login_required) == outcome::failed);
    f.now += 59min;
    CHECK(f.ask().action == action::serve);
    SECTION("then the error")
    {
        f.now += 1min;
        CHECK(f.ask().error->code == errc::login_required);
        CHECK(f.state.value() == nullptr);
    }
    SECTION("a login of the same user: it is renewed at once")
    {
        CHECK(f.state.credentials_changed(true) == 0);
        CHECK(f.ask().action == action::serve_and_renew);
    }
    SECTION("a login of another user: it is gone")
    {
        CHECK(f.state.credentials_changed(false) == 0);
        CHECK(f.ask().action == action::fetch);
    }
}

TEST_CASE("flight_state: a value that is past its life is a failure, and no loop")
{
    fixture f;
    auto const ticket = f.fetch();
    CHECK(f.answer(ticket, make("dead"), 0s) == outcome::failed);
    CHECK(f.ask().error->code == errc::expired_token);
    f.now += 3s;
    auto const next = f.fetch();
    SECTION("an empty value")
    {
        CHECK(f.answer(next, nullptr) == outcome::failed);
        CHECK(f.ask().action == action::fail);
    }
    SECTION("a value whose fetch took longer than its lifetime")
    {
        auto const life = f.life(10s);
        f.now += 10s;
        CHECK(f.state.answer(next, make("late"), life, f.now, 0.5).outcome == outcome::failed);
    }
    SECTION("as a renewal, it leaves the old one in use")
    {
        auto const value = make("v");
        CHECK(f.answer(next, value) == outcome::served);
        f.now += 3h;
        CHECK(f.answer(f.ask().ticket, make("dead"), 0s) == outcome::failed);
        CHECK(f.ask().value == value);
        CHECK(f.ask().action == action::serve);
    }
}

TEST_CASE("flight_state: a 401 drops the value that was refused, and no other")
{
    fixture f;
    auto const first = f.cached("first");
    f.now += 1h;
    CHECK(f.refused(first));
    CHECK_FALSE(f.refused(first)); // there is none
    CHECK_FALSE(f.refused(nullptr));
    auto const ticket = f.fetch();
    CHECK_FALSE(f.refused(first));
    auto const second = make("second");
    CHECK(f.answer(ticket, second) == outcome::served);
    CHECK_FALSE(f.refused(first));
    CHECK(f.ask().value == second);
}

TEST_CASE("flight_state: a 401 during a renewal makes the next ones wait for it")
{
    fixture f;
    auto const first = f.cached();
    f.now += 3h;
    auto const ticket = f.ask().ticket;
    CHECK(f.refused(first));
    CHECK(f.ask().action == action::join);
    auto const second = make("second");
    CHECK(f.answer(ticket, second) == outcome::served);
    CHECK(f.ask().value == second);
}

TEST_CASE("flight_state: a 401 leaves the back-off as it was")
{
    fixture f;
    auto const first = f.cached();
    f.now += 3h;
    CHECK(f.fail(f.ask().ticket, errc::forbidden) == outcome::failed);
    CHECK(f.refused(first));
    CHECK(f.state.failures() == 1);
    CHECK(f.ask().error->code == errc::forbidden);
}

TEST_CASE("flight_state: a region that refuses its new tokens is not asked endlessly")
{
    fixture f;
    int fetches = 0;
    for (; fetches < 100; ++fetches) {
        auto const d = f.ask();
        if (d.action != action::fetch) break;
        auto const value = make("v");
        CHECK(f.answer(d.ticket, value) == outcome::served);
        CHECK(f.refused(value));
    }
    CHECK(fetches == 8);
    CHECK(f.ask().error->code == errc::unauthorized);
    f.now += 3s;
    auto const value = f.cached();
    CHECK(f.refused(value)); // still the same: once in a while
    CHECK(f.ask().action == action::fail);
    f.now += 3s;
    auto const old = f.cached();
    f.now += 30s;
    CHECK(f.refused(old)); // this one was good for a while
    CHECK(f.refused(f.cached()));
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE(
    "flight_state: a value that was accepted, and is refused then, counts for nothing, and ends the count")
{
    fixture f;
    for (int round = 0; round != 100; ++round) {
        for (int i = 0; i != 7; ++i)
            CHECK(f.refused(f.cached()));
        CHECK(f.refused(f.cached(), true));
    }
    for (int i = 0; i != 8; ++i)
        CHECK(f.refused(f.cached()));
    CHECK(f.ask().error->code == errc::unauthorized);
    f.now += 6s;
    CHECK(f.refused(f.cached(), true));
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE("flight_state: a refusal does not shorten an error that needs a login")
{
    fixture f;
    for (int i = 0; i < 7; ++i)
        CHECK(f.refused(f.cached()));
    auto const value = f.cached();
    CHECK(f.fail(f.renew().ticket, errc::login_refused) == outcome::failed);
    CHECK(f.refused(value));
    f.now += 24h;
    CHECK(f.ask().error->code == errc::login_refused);
}

TEST_CASE("flight_state: a flight knows which value it shall bring another for, and no longer than that")
{
    fixture f;
    CHECK(f.state.rejected_value() == nullptr);
    auto const first = f.cached("first");
    CHECK(f.state.rejected_value() == nullptr);
    SECTION("a renewal: the present one")
    {
        f.now += 3h;
        auto const ticket = f.ask().ticket;
        CHECK(f.state.rejected_value() == first);
        CHECK(f.fail(ticket) == outcome::failed);
        CHECK(f.answer(f.renew().ticket, make("second")) == outcome::served);
    }
    SECTION("a refused one, until another is there")
    {
        CHECK(f.refused(first));
        CHECK(f.fail(f.fetch()) == outcome::failed);
        CHECK(f.state.rejected_value() == first);
        CHECK(f.answer(f.fetch(), make("second")) == outcome::served);
    }
    SECTION("a refused one, until a login or logout")
    {
        CHECK(f.refused(first));
        f.state.credentials_changed(false);
    }
    SECTION("a refused one, until another comes from elsewhere")
    {
        CHECK(f.refused(first));
        f.state.put(make("second"), f.life());
    }
    CHECK(f.state.rejected_value() == nullptr);
    CHECK(first.use_count() == 1);
}

TEST_CASE("flight_state: a change of credentials voids the flight, and waiters get another")
{
    fixture f;
    auto const before = f.fetch();
    CHECK(f.ask().action == action::join);
    auto const after = f.state.credentials_changed(GENERATE(true, false));
    REQUIRE(after != 0);
    CHECK(after != before);
    CHECK(f.ask().ticket == after);
    CHECK(f.answer(before, make("of another")) == outcome::ignored);
    CHECK(f.fail(before, errc::login_required) == outcome::ignored);
    CHECK(f.ask().ticket == after);
    auto const value = make("v");
    CHECK(f.answer(after, value) == outcome::served);
    CHECK(f.ask().value == value);
}

TEST_CASE("flight_state: after a logout, a void flight is not replaced")
{
    fixture f;
    auto const before = f.fetch();
    CHECK(f.ask().action == action::join);
    CHECK(f.state.credentials_changed(false, false) == 0);
    CHECK_FALSE(f.state.in_flight());
    CHECK(f.answer(before, make("late")) == outcome::ignored);
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE("flight_state: a renewal without waiters is not repeated with other credentials")
{
    fixture f;
    auto const value = f.cached();
    f.now += 3h;
    auto const renewal = f.ask().ticket;
    SECTION("of the same user")
    {
        CHECK(f.state.credentials_changed(true) == 0);
        CHECK(f.answer(renewal, make("late")) == outcome::ignored);
        CHECK(f.ask().value == value);
        CHECK(f.state.in_flight());
    }
    SECTION("of another")
    {
        CHECK(f.state.credentials_changed(false) == 0);
        CHECK(f.answer(renewal, make("late")) == outcome::ignored);
        CHECK(f.ask().action == action::fetch);
    }
    SECTION("with a waiter it is")
    {
        CHECK(f.ask(2h).action == action::join);
        CHECK(f.state.credentials_changed(true) != 0);
    }
}

TEST_CASE("flight_state: renew wants another value, once for all; the old one stays in use")
{
    fixture f;
    auto const first = f.cached();
    auto const d = f.renew();
    CHECK(d.action == action::fetch);
    CHECK(f.renew().action == action::join);
    CHECK(f.ask().value == first);
    CHECK(f.fail(d.ticket) == outcome::failed);
    CHECK(f.ask().value == first);
    auto const second = make("second");
    CHECK(f.answer(f.renew().ticket, second) == outcome::served);
    CHECK(f.ask().value == second);
}

TEST_CASE("flight_state: a value from elsewhere ends the flight for its waiters")
{
    fixture f;
    auto const ticket = f.fetch();
    auto const value = make("listed");
    CHECK(f.state.put(value, f.life()));
    CHECK(f.ask().value == value);
    CHECK(f.answer(ticket, make("late")) == outcome::ignored);
    CHECK(f.ask().value == value);
    CHECK_FALSE(f.state.put(make("newer"), f.life()));
    f.now += 3h;
    f.ask(); // a renewal without waiters
    CHECK_FALSE(f.state.put(make("newest"), f.life()));
    // It ends an error, too.
    fixture g;
    CHECK(g.fail(g.fetch(), errc::forbidden) == outcome::failed);
    CHECK_FALSE(g.state.put(value, g.life()));
    CHECK(g.ask().value == value);
}

TEST_CASE("flight_state: a value is let go at its end")
{
    fixture f;
    std::weak_ptr<std::string const> const value = f.cached();
    f.now += 4h;
    CHECK_FALSE(value.expired());
    CHECK(f.ask().action == action::fetch);
    CHECK(value.expired());
}

TEST_CASE("flight_state: the entries that may be evicted first")
{
    fixture f;
    CHECK(f.state.is_expired(f.now));
    auto ticket = f.fetch();
    CHECK_FALSE(f.state.is_expired(f.now));
    CHECK(f.fail(ticket) == outcome::failed);
    CHECK(f.state.is_expired(f.now));
    CHECK(f.fail(f.fetch(), errc::not_found) == outcome::failed);
    CHECK_FALSE(f.state.is_expired(f.now));
    f.now += 3s;
    CHECK(f.state.is_expired(f.now));
    f.cached();
    f.now += 4h - 1ns;
    CHECK_FALSE(f.state.is_expired(f.now));
    f.now += 1ns;
    CHECK(f.state.is_expired(f.now));
}

TEST_CASE("flight_state: ids are not renewed, but asked for again when they are old")
{
    fixture f;
    CHECK(f.state.answer(f.fetch(), make("42"), {f.now, model_id_lifetime, model_id_limits, 0.5}, f.now, 0.5)
              .outcome == outcome::served);
    f.now += 24h - 1ns;
    CHECK(f.ask().action == action::serve);
    f.now += 1ns;
    CHECK(f.ask().action == action::fetch);
}

TEST_CASE("flight_state: takes at most 104 bytes")
{
    CHECK(sizeof(flight_state<handle>) <= 104);
}
