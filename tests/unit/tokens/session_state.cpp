// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/tokens/session_state.hpp>

#include "jwt_text.hpp"

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <chrono>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::credentials;
using practicus::secret;
using practicus::token;
using source = session_state::source;

std::string const access_jwt_of_anna =
    jwt_text(R"({"token_type":"access","username":"anna","sub":"anna@company.com"})");

token make(std::string_view text)
{
    return token(secret(text));
}

console_api::new_tokens tokens(std::string_view access, std::string_view refresh = {},
                               std::string username = {})
{
    return {make(refresh), make(access), std::move(username)};
}

stored_time at(int ms)
{
    return stored_time(1'800'000'000s + std::chrono::milliseconds(ms));
}

/// Logged in with a password: access token `a`, refresh token `r`.
session_state logged_in(bool keep = false)
{
    session_state state;
    state.replace(credentials::password("anna@company.com", "x").keep_password(keep), at(0));
    CHECK(state.adopt(tokens("a", "r"), at(0), state.generation()));
    return state;
}

} // namespace

TEST_CASE("a new session is logged out")
{
    session_state const state;
    CHECK(state.fetch() == source::none);
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
}

TEST_CASE("the state after a login")
{
    session_state state;
    SECTION("a password")
    {
        state.replace(credentials::password("anna@company.com", "x"), at(0));
        CHECK(state.fetch() == source::password);
        REQUIRE(state.held());
        CHECK(state.held()->value().reveal() == "x");
    }
    SECTION("a refresh token")
    {
        state.replace(credentials::refresh_token("r"), at(0));
        CHECK(state.fetch() == source::refresh_token);
        CHECK(state.refresh() == make("r"));
        CHECK_FALSE(state.held());
    }
    SECTION("an access token, which its flight keeps")
    {
        state.replace(credentials::access_token(access_jwt_of_anna), at(0));
        CHECK(state.fetch() == source::none);
        CHECK(state.username() == "anna");
        CHECK(state.fetch() == source::none);
    }
}

TEST_CASE("a login replaces everything of the one before")
{
    auto state = logged_in(true);
    auto const before = state.generation();
    state.replace(credentials::refresh_token("other"), at(0));
    CHECK(state.generation() != before);
    CHECK(state.refresh() == make("other"));
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
    state.replace(credentials::access_token("opaque"), at(0));
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
}

TEST_CASE("a logout forgets everything")
{
    auto state = logged_in(true);
    auto const before = state.generation();
    state.forget();
    CHECK(state.generation() != before);
    CHECK(state.refresh().empty());
    CHECK(state.username().empty());
    CHECK_FALSE(state.held());
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a rotated refresh token is adopted, and the old one stays if there is no other")
{
    auto state = logged_in();
    CHECK(state.adopt(tokens("b"), at(0), state.generation()));
    CHECK(state.refresh() == make("r"));
    CHECK(state.adopt(tokens("c", "r2"), at(0), state.generation()));
    CHECK(state.refresh() == make("r2"));
    // A refusal of the one that is gone changes nothing.
    state.refuse(make("r"));
    CHECK(state.refresh() == make("r2"));
    CHECK(state.fetch() == source::refresh_token);
}

TEST_CASE("tokens that are adopted without enough memory change nothing but the region's refresh token")
{
    auto const changed = tokens("a2", "r2", "a name that is too long for the string itself");
    store_record kept;
    kept.value = changed.access;
    kept.issued_at = at(1);
    kept.refresh = changed.refresh;
    kept.username = changed.username;
    kept.login = "anna@company.com";
    kept.history.add(make("r"));
    bool const stored = GENERATE(false, true);
    bool refused = true;
    for (int which = 0; refused; ++which) {
        REQUIRE(which < 100);
        auto state = logged_in();
        {
            refused_memory const memory(which);
            try {
                stored ? state.adopt_stored(kept) : state.adopt(changed, at(1), state.generation());
            } catch (std::bad_alloc const&) {
            }
            refused = memory.happened();
        }
        // The region may have revoked the former one.
        CHECK((state.refresh() == changed.refresh) == (!refused || !stored));
        CHECK(state.history().has(changed.refresh) == !refused);
        CHECK((state.user().name == changed.username) == !refused);
        store_record record;
        CHECK(state.annotate(record, state.generation()));
        CHECK((record.issued_at == at(1)) == (!refused || !stored));
    }
}

TEST_CASE("tokens requested before a login or logout are not adopted after it")
{
    auto state = logged_in();
    auto const before = state.generation();
    SECTION("a logout")
    {
        state.forget();
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), at(0), before));
        CHECK(state.refresh().empty());
        CHECK(state.username().empty());
    }
    SECTION("a login")
    {
        state.replace(credentials::refresh_token("other"), at(0));
        CHECK_FALSE(state.adopt(tokens("late", "late", "late"), at(0), before));
        CHECK(state.refresh() == make("other"));
        CHECK(state.username().empty());
    }
}

TEST_CASE("a refused refresh token is gone")
{
    auto state = logged_in();
    state.refuse(make("r"));
    CHECK(state.refresh().empty());
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a password is forgotten once it has served, unless it is to be kept")
{
    auto state = logged_in();
    CHECK_FALSE(state.held());

    auto keeping = logged_in(true);
    REQUIRE(keeping.held());
    CHECK(keeping.fetch() == source::refresh_token);
    keeping.refuse(make("r"));
    CHECK(keeping.fetch() == source::password);
    CHECK(keeping.adopt(tokens("b", "r2"), at(0), keeping.generation()));
    CHECK(keeping.fetch() == source::refresh_token);
    CHECK(keeping.held());
}

TEST_CASE("a password that needed a one-time password is not kept: the region would refuse it")
{
    session_state state;
    auto user = credentials::password("anna@company.com", "x").keep_password();
    user.one_time_password("123456");
    state.replace(user, at(0));
    CHECK(state.fetch() == source::password);
    CHECK(state.adopt(tokens("a", "r"), at(0), state.generation()));
    CHECK_FALSE(state.held());
    state.refuse(make("r"));
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a refused password is forgotten, unless it is of a login before")
{
    session_state state;
    state.replace(credentials::password("anna@company.com", "old").keep_password(), at(0));
    auto const before = state.generation();
    state.replace(credentials::password("anna@company.com", "new").keep_password(), at(0));
    state.refuse_password(before);
    REQUIRE(state.held());
    CHECK(state.held()->value().reveal() == "new");
    state.refuse_password(state.generation());
    CHECK_FALSE(state.held());
    CHECK(state.fetch() == source::none);
}

TEST_CASE("a challenge is known until another login, or until tokens have come")
{
    session_state state;
    auto const challenge = [&] {
        state.replace(credentials::password("anna@company.com", "x").keep_password(), at(0));
        CHECK_FALSE(state.was_challenged());
        state.refuse_password(state.generation() - 1, true);
        CHECK_FALSE(state.was_challenged());
        state.refuse_password(state.generation(), true);
        CHECK(state.was_challenged());
        state.refuse_password(state.generation());
        CHECK(state.was_challenged());
        CHECK(state.fetch() == source::none);
    };
    challenge();
    CHECK(state.adopt(tokens("a", "r"), at(0), state.generation()));
    CHECK_FALSE(state.was_challenged());
    challenge();
    state.forget();
    CHECK_FALSE(state.was_challenged());
}

TEST_CASE("the user's name is the region's, else the token's, else the e-mail's")
{
    session_state state;
    state.replace(credentials::password("berta@company.com", "x"), at(0));
    SECTION("the region")
    {
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r", "carla"), at(0), state.generation()));
        CHECK(state.username() == "carla");
        // A refresh that does not say changes nothing; one that does, does.
        CHECK(state.adopt(tokens(access_jwt_of_anna), at(0), state.generation()));
        CHECK(state.username() == "carla");
        CHECK(state.adopt(tokens("b", "", "dora"), at(0), state.generation()));
        CHECK(state.username() == "dora");
    }
    SECTION("the token")
    {
        CHECK(state.adopt(tokens(access_jwt_of_anna, "r"), at(0), state.generation()));
        CHECK(state.username() == "anna");
    }
    SECTION("the e-mail")
    {
        CHECK(state.adopt(tokens("a", "r"), at(0), state.generation()));
        CHECK(state.username() == "berta");
    }
    SECTION("an e-mail that is a name")
    {
        state.replace(credentials::password("emil", "x"), at(0));
        CHECK(state.adopt(tokens("a", "r"), at(0), state.generation()));
        CHECK(state.username() == "emil");
    }
    SECTION("no name is known")
    {
        state.replace(credentials::refresh_token("r"), at(0));
        CHECK(state.adopt(tokens("a"), at(0), state.generation()));
        CHECK(state.username().empty());
    }
}

namespace {

std::string const newer = jwt_text(R"({"sub":"anna@company.com","n":2})");

/// What another process of anna's has left.
store_record left_by_another(int issued_at)
{
    store_record v;
    v.value = make("shared");
    v.issued_at = at(issued_at);
    v.refresh = make(newer);
    v.username = "anna";
    v.login = "anna@company.com";
    return v;
}

} // namespace

namespace {

/// A login's entry in a store, as another process finds it.
store_record left_by(session_state const& state, int issued_at)
{
    store_record v;
    v.value = make("opaque");
    v.lifetime = 30min;
    CHECK(state.annotate(v, state.generation()));
    v.issued_at = at(issued_at);
    auto const read = read_stored(write_stored(v));
    REQUIRE(read);
    return *read;
}

session_state by_password(char const* email, std::string name = {})
{
    session_state state(credentials::password(email, "x"));
    CHECK(state.adopt(tokens("a", std::string("r-") + email, std::move(name)), at(0), state.generation()));
    return state;
}

} // namespace

TEST_CASE("another process' login is taken over, with its refresh token and name")
{
    session_state state;
    SECTION("without a login here") {}
    SECTION("the same password")
    {
        state = session_state(credentials::password("anna@company.com", "x"));
    }
    SECTION("a refresh token of hers")
    {
        state = session_state(credentials::refresh_token(access_jwt_of_anna));
    }
    CHECK(state.adopt_stored(left_by_another(1)));
    CHECK(state.refresh() == make(newer));
    CHECK(state.username() == "anna");
    store_record described;
    REQUIRE(state.annotate(described, state.generation()));
    CHECK(described.issued_at == at(1));
    CHECK(described.refresh == make(newer));
    CHECK(described.username == "anna");
    CHECK(described.login == "anna@company.com");
}

TEST_CASE("tokens stored before the present login or refresh are not adopted")
{
    session_state state;
    state.replace(credentials::refresh_token(access_jwt_of_anna), at(10));
    CHECK_FALSE(state.adopt_stored(left_by_another(9)));
    CHECK(state.refresh() == make(access_jwt_of_anna));
    CHECK(state.adopt(tokens("a", "r"), at(20), state.generation()));
    CHECK_FALSE(state.adopt_stored(left_by_another(19)));
    CHECK(state.refresh() == make("r"));
    CHECK(state.adopt_stored(left_by_another(21)));
    CHECK(state.refresh() == make(newer));
    auto older = left_by_another(20);
    older.refresh = make("older");
    CHECK_FALSE(state.adopt_stored(older));
    CHECK(state.refresh() == make(newer));
}

TEST_CASE("tokens stored at the time of an explicit login are older than its own")
{
    session_state state;
    state.replace(credentials::refresh_token(access_jwt_of_anna), at(10));
    CHECK_FALSE(state.adopt_stored(left_by_another(10)));
    CHECK(state.adopt_stored(left_by_another(11)));
    state.replace(credentials::refresh_token(access_jwt_of_anna), at(20));
    CHECK(state.adopt(tokens("a", "r"), at(30), state.generation()));
    auto later = left_by_another(30);
    later.refresh = make(jwt_text(R"({"sub":"anna@company.com","n":3})"));
    CHECK(state.adopt_stored(later));
}

TEST_CASE("nothing is stored of a login that another, or a logout, has followed")
{
    auto state = logged_in();
    auto const before = state.generation();
    store_record described;
    described.issued_at = at(7);
    CHECK(state.annotate(described, before));
    // By the clock that others compare with theirs, and not by one that was read later.
    CHECK(described.issued_at == at(0));
    state.replace(credentials::password("berta@company.com", "x"), at(1));
    described = store_record();
    CHECK_FALSE(state.annotate(described, before));
    CHECK(described.login.empty());
    auto const berta = state.generation();
    state.forget();
    CHECK_FALSE(state.annotate(described, berta));
}

TEST_CASE("another user's login is not taken over")
{
    auto kept = left_by_another(1);
    SECTION("by its e-mail")
    {
        session_state state(credentials::password("berta@company.com", "x"));
        CHECK_FALSE(state.adopt_stored(kept));
        CHECK(state.refresh().empty());
        // Its user is unknown.
        kept.login.clear();
        CHECK_FALSE(state.adopt_stored(kept));
    }
    SECTION("by the subject that the refresh token has in it")
    {
        session_state state(credentials::refresh_token(access_jwt_of_anna));
        kept.refresh = make(jwt_text(R"({"sub":"berta@company.com"})"));
        CHECK_FALSE(state.adopt_stored(kept));
        kept.refresh = make(newer);
        CHECK(state.adopt_stored(kept));
    }
    SECTION("where only its name is known, which two users may have")
    {
        session_state state(credentials::refresh_token(jwt_text(R"({"username":"anna"})")));
        kept.refresh = make("opaque");
        CHECK_FALSE(state.adopt_stored(kept));
        kept.refresh = make(jwt_text(R"({"username":"anna","n":2})"));
        CHECK_FALSE(state.adopt_stored(kept));
    }
}

TEST_CASE("two opaque logins that a region gives one name are two users")
{
    auto const opaque = [](char const* refresh) {
        session_state state{credentials::refresh_token(refresh)};
        CHECK(state.adopt(tokens("a", "", "anna"), at(0), state.generation()));
        return state;
    };
    auto const one = opaque("r"), two = opaque("s");
    CHECK(one.username() == two.username());
    CHECK_FALSE(one.store_identity() == two.store_identity());
    CHECK_FALSE(are_same(one.user(), two.user()));
    auto other = two;
    CHECK_FALSE(other.adopt_stored(left_by(one, 1)));
    CHECK(opaque("r").store_identity() == one.store_identity());
}

TEST_CASE("after a logout, and with a given access token, nothing is shared; after a login it is")
{
    session_state state(credentials::access_token(access_jwt_of_anna));
    CHECK_FALSE(state.shares());
    CHECK_FALSE(state.adopt_stored(left_by_another(1)));
    state.replace(credentials::refresh_token("r"), at(0));
    CHECK(state.shares());
    state.forget();
    CHECK_FALSE(state.shares());
    CHECK_FALSE(state.adopt_stored(left_by_another(1)));
    CHECK(state.refresh().empty());
    state.replace(credentials::password("anna@company.com", "x"), at(0));
    CHECK(state.shares());
    CHECK(session_state().shares());
}

TEST_CASE("without names from the region, full e-mails distinguish users")
{
    auto const sales = by_password("admin@sales.company.com"), labs = by_password("admin@labs.company.com");
    CHECK(sales.username() == "admin");
    CHECK(labs.username() == "admin");
    CHECK_FALSE(sales.store_identity() == labs.store_identity());
    CHECK_FALSE(are_same(sales.user(), labs.user()));
    auto other = session_state(credentials::password("admin@labs.company.com", "x"));
    CHECK_FALSE(other.adopt_stored(left_by(sales, 1)));
    CHECK(other.adopt_stored(left_by(labs, 1)));
    CHECK(other.store_identity() == labs.store_identity());
    // The same where it gives both the same name.
    auto const named = by_password("admin@sales.company.com", "admin");
    CHECK_FALSE(by_password("admin@labs.company.com", "admin").adopt_stored(left_by(named, 1)));
}

TEST_CASE("a region's user names distinguish users, with any e-mails")
{
    auto const with = [](std::string const& claims) {
        session_state state(credentials::password("admin@company.com", "x"));
        CHECK(state.adopt(tokens(jwt_text(claims), "r"), at(0), state.generation()));
        return state;
    };
    auto const seven = with(R"({"user_id":7,"sub":"anna@company.com"})");
    CHECK(are_same(seven.user(), with(R"({"user_id":"7","sub":"renamed@company.com"})").user()));
    CHECK(seven.store_identity() == with(R"({"user_id":"7"})").store_identity());
    CHECK_FALSE(are_same(seven.user(), with(R"({"user_id":8,"sub":"anna@company.com"})").user()));
    CHECK(are_same(seven.user(), with(R"({"sub":"anna@company.com"})").user()));
    CHECK_FALSE(are_same(seven.user(), with(R"({"sub":"berta@company.com"})").user()));
    auto stored = left_by_another(1);
    stored.refresh = make(jwt_text(R"({"user_id":7})"));
    session_state state(credentials::refresh_token(jwt_text(R"({"user_id":8,"username":"anna"})")));
    CHECK_FALSE(state.adopt_stored(stored));
    state = session_state(credentials::refresh_token(jwt_text(R"({"user_id":7,"username":"renamed"})")));
    CHECK(state.adopt_stored(stored));
    CHECK(state.store_identity() == seven.store_identity());
}

TEST_CASE("an anonymous login adopts only tokens that came from its own refresh token")
{
    session_state given(credentials::refresh_token("r0"));
    CHECK_FALSE(given.store_identity().empty());
    CHECK_FALSE(given.adopt_stored(left_by_another(1)));
    session_state first = given, second = given, other(credentials::refresh_token("other"));
    CHECK_FALSE(first.store_identity() == other.store_identity());
    CHECK(first.adopt(tokens("a", "r1"), at(0), first.generation()));
    CHECK(first.adopt(tokens("a", "r2"), at(1), first.generation()));
    CHECK(first.store_identity() == given.store_identity());
    CHECK_FALSE(other.adopt_stored(left_by(first, 2)));
    CHECK(second.adopt_stored(left_by(first, 2)));
    CHECK(second.refresh() == make("r2"));
    CHECK(second.store_identity() == first.store_identity());
    // From the middle of the chain, and after the region has refused the one that was given.
    session_state third(credentials::refresh_token("r1"));
    third.refuse(make("r1"));
    CHECK(third.adopt_stored(left_by(first, 2)));
    CHECK(third.store_identity() == first.store_identity());
    // Nothing else makes two such logins one.
    CHECK_FALSE(are_same(first.user(), second.user()));
}

TEST_CASE("a login goes on where the one before ended only if both are known to be one account's")
{
    auto const history_after = [](session_state state, credentials const& user, auto issued) {
        state.replace(user, at(1));
        CHECK(state.adopt(std::move(issued), at(1), state.generation()));
        return state.history();
    };
    auto const annas = logged_in();
    CHECK(history_after(annas, credentials::password("anna@company.com", "x"), tokens("b", "s"))
              .has(make("r")));
    CHECK_FALSE(
        history_after(annas, credentials::password("anna@labs.com", "x"), tokens("b", "s")).has(make("r")));
    // Of an opaque token nothing is known, and a name may be two users'.
    auto const opaque = history_after(annas, credentials::refresh_token("s"), tokens("b", "t"));
    CHECK_FALSE(opaque.has(make("r")));
    CHECK(opaque.has(make("s")));
    session_state named(credentials::refresh_token("r"));
    CHECK(named.adopt(tokens("a", "r", "anna"), at(0), named.generation()));
    CHECK_FALSE(
        history_after(named, credentials::refresh_token("s"), tokens("b", "s", "anna")).has(make("r")));
    // The claims say it, as soon as they are there.
    session_state told(credentials::refresh_token(jwt_text(R"({"sub":"anna@company.com","n":1})")));
    auto const next = jwt_text(R"({"sub":"anna@company.com","n":2})");
    CHECK(history_after(told, credentials::refresh_token(next), tokens("b")).has(told.refresh()));
    CHECK(history_after(told, credentials::password("anna", "x"), tokens("b", next)).has(told.refresh()));
    auto const berta = jwt_text(R"({"sub":"berta@company.com"})");
    CHECK_FALSE(
        history_after(told, credentials::password("anna", "x"), tokens("b", berta)).has(told.refresh()));
}

TEST_CASE("a long chain of refresh tokens keeps its first and its last ones")
{
    session_state state(credentials::refresh_token("r0"));
    for (int i = 1; i != 100; ++i)
        CHECK(state.adopt(tokens("a", "r" + std::to_string(i)), at(i), state.generation()));
    auto const kept = left_by(state, 100);
    auto const is_taken = [&](char const* refresh) {
        return session_state(credentials::refresh_token(refresh)).adopt_stored(kept);
    };
    CHECK(is_taken("r0"));
    CHECK_FALSE(is_taken("r50"));
    CHECK(is_taken("r80"));
    CHECK(is_taken("r99"));
    CHECK(kept.history.text().size() < 2200);
}

TEST_CASE("of two refresh tokens of one login, the one that came from the other is the newer, by any clock")
{
    session_state first(credentials::refresh_token("r0"));
    CHECK(first.adopt(tokens("a", "r1"), at(1000), first.generation()));
    session_state second = first;
    CHECK(second.adopt(tokens("a", "r2"), at(1000), second.generation()));
    CHECK(first.adopt_stored(left_by(second, 1)));
    CHECK(first.refresh() == make("r2"));
    session_state old(credentials::refresh_token("r0"));
    CHECK(old.adopt(tokens("a", "r1"), at(1000), old.generation()));
    CHECK_FALSE(second.adopt_stored(left_by(old, 9000)));
    CHECK(second.refresh() == make("r2"));
}
