// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/tokens/freshness.hpp>

#include "jwt_text.hpp"

#include "catch.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;
using practicus::jwt_claims;
using practicus::make_error_code;
using practicus::read_jwt;
using std::chrono::sys_seconds;

constexpr time_point now{1000h};

sys_seconds at(std::int64_t seconds)
{
    return sys_seconds(std::chrono::seconds(seconds));
}

jwt_claims claims(std::optional<std::int64_t> iat, std::optional<std::int64_t> exp)
{
    jwt_claims result;
    if (iat) result.issued_at = at(*iat);
    if (exp) result.expires_at = at(*exp);
    return result;
}

/// Where the local clock agrees with the answer's date.
std::chrono::seconds remaining_life(jwt_claims const& of, std::optional<sys_seconds> date)
{
    return practicus::detail::remaining_life(of, date, date.value_or(at(1'000'000)));
}

lifespan session(std::chrono::nanoseconds life, double random = 0.0)
{
    return {now, life, session_token_limits, random};
}

lifespan access(std::chrono::nanoseconds life, double random = 0.0)
{
    return {now, life, access_token_limits, random};
}

} // namespace

TEST_CASE("remaining_life: a token's own exp less iat")
{
    CHECK(remaining_life(claims(1'000'000, 1'001'800), std::nullopt) == 1800s);
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(1'000'000)) == 1800s);
    // A Date that is behind says nothing that a token would live longer for.
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(999'000)) == 1800s);
    CHECK(remaining_life(claims(4'102'444'800, 4'102'446'600), at(5)) == 1800s);
}

TEST_CASE("remaining_life: less, if the answer's date says that it was issued before")
{
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(1'001'000)) == 800s);
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(1'001'799)) == 1s);
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(1'001'800)) == 0s);
    CHECK(remaining_life(claims(1'000'000, 1'001'800), at(2'000'000)) == 0s);
}

TEST_CASE("remaining_life: without iat, exp is held against the answer's date")
{
    CHECK(remaining_life(claims({}, 1'001'800), at(1'000'000)) == 1800s);
    CHECK(remaining_life(claims({}, 1'001'800), at(1'001'800)) == 0s);
    CHECK(remaining_life(claims({}, 999'000), at(1'000'000)) == 0s);
    // An iat that is not before exp says nothing.
    CHECK(remaining_life(claims(2'000'000, 1'001'800), at(1'000'000)) == 1800s);
    CHECK(remaining_life(claims(1'001'800, 1'001'800), at(1'000'000)) == 1800s);
}

TEST_CASE("remaining_life: a Date past exp does not refuse a token that is valid by the local clock")
{
    auto const token = claims(1'000'000, 1'001'800);
    auto const ahead = at(1'000'000 + 3 * 3600);
    CHECK(remaining_life(token, ahead, at(1'000'000)) == 1800s);
    CHECK(remaining_life(token, ahead, at(1'001'799)) == 1800s);
    // A local clock that is behind knows nothing of the token's end.
    CHECK(remaining_life(token, ahead, at(0)) == 1800s);
    // Two clocks that agree are believed.
    CHECK(remaining_life(token, ahead, at(1'001'800)) == 0s);
    CHECK(remaining_life(token, ahead, at(2'000'000)) == 0s);
    // A Date before exp shortens, whatever the local clock says.
    CHECK(remaining_life(token, at(1'001'000), at(0)) == 800s);
    CHECK(remaining_life(token, at(1'001'000), at(2'000'000)) == 800s);
    // Without iat: what the local clock leaves, and no more than of a token that says nothing.
    CHECK(remaining_life(claims({}, 1'001'800), ahead, at(1'000'000)) == 15min);
    CHECK(remaining_life(claims({}, 1'001'800), ahead, at(1'001'700)) == 100s);
    CHECK(remaining_life(claims({}, 1'001'800), ahead, at(1'001'800)) == 0s);
}

TEST_CASE("remaining_life: a quarter of an hour for a token that does not say")
{
    CHECK(remaining_life({}, std::nullopt) == 15min);
    CHECK(remaining_life({}, at(1'000'000)) == 15min);
    CHECK(remaining_life(claims({}, 1'001'800), std::nullopt) == 15min);
    CHECK(remaining_life(claims(2'000'000, 1'001'800), std::nullopt) == 15min);
    CHECK(remaining_life(claims(1'000'000, {}), at(1'000'000)) == 15min);
    CHECK(remaining_life(read_jwt("opaque"), at(1'000'000)) == 15min);
}

TEST_CASE("remaining_life: an invalid exp is ignored, and nothing overflows")
{
    for (auto exp : {R"("1001800")", R"("soon")", "null", "true", "[]", "{}", "-1", "0", "1e300", "-1e300",
                     "9007199254740993000", "99999999999999999999", "0.5"}) {
        INFO(exp);
        auto const payload = std::string(R"({"iat":1000000,"exp":)") + exp + "}";
        auto const read = read_jwt(jwt_text(payload));
        REQUIRE(read.issued_at == at(1'000'000)); // the payload was read
        CHECK(remaining_life(read, at(1'000'000)) == 15min);
    }
    auto const longest = remaining_life(claims(1, 9'200'000'000), std::nullopt);
    CHECK(longest == 24h * 3660);
    CHECK(session(longest).at(now + 24h * 3000) == freshness::fresh);
}

TEST_CASE("lifespan: an empty one is always expired")
{
    lifespan const none;
    CHECK(none.at(now) == freshness::expired);
    CHECK(none.at(now, 0s) == freshness::expired);
    CHECK(none.has_ended(now));
    CHECK(access(0s).at(now) == freshness::expired);
    CHECK(access(0s).at(now, 0s) == freshness::expired);
    CHECK(access(0s).has_ended(now));
}

TEST_CASE("lifespan: without a known end, until it is refused")
{
    auto const life = lifespan::unlimited();
    for (auto later : {0h, 24h, 24h * 366 * 50}) {
        CHECK(life.at(now + later) == freshness::fresh);
        CHECK(life.at(now + later, 24h) == freshness::fresh);
        CHECK(life.at(now + later, std::chrono::nanoseconds::max()) == freshness::fresh);
        CHECK_FALSE(life.has_ended(now + later));
    }
}

TEST_CASE("lifespan: not handed out with less than half a minute left")
{
    auto const life = access(1h);
    CHECK(life.at(now) == freshness::fresh);
    CHECK(life.at(now + 1h - 30s - 1ns) == freshness::stale_while_revalidate);
    CHECK(life.at(now + 1h - 30s) == freshness::expired);
    CHECK_FALSE(life.has_ended(now + 1h - 1ns));
    CHECK(life.has_ended(now + 1h));
}

TEST_CASE("lifespan: of a short life, not with less than a quarter left")
{
    CHECK(access(120s).last_use() == now + 90s);
    CHECK(access(124s).last_use() == now + 94s);
    CHECK(access(40s).last_use() == now + 30s);
    CHECK(access(4s).at(now + 3s - 1ns) != freshness::expired);
    CHECK(access(4s).at(now + 3s) == freshness::expired);
}

TEST_CASE("lifespan: a caller's minimum replaces the default")
{
    auto const life = access(1h);
    CHECK(life.at(now + 1h - 10min - 1ns, 10min) != freshness::expired);
    CHECK(life.at(now + 1h - 10min, 10min) == freshness::expired);
    CHECK(life.at(now + 1h - 5s - 1ns, 5s) == freshness::stale_while_revalidate);
    CHECK(life.at(now + 1h - 5s, 5s) == freshness::expired);
    for (auto least : {0s, -5s}) {
        CHECK(life.at(now + 1h - 1ns, least) == freshness::stale_while_revalidate);
        CHECK(life.at(now + 1h, least) == freshness::expired);
    }
    // More than the region issues: a new one serves for a quarter of its life all the same.
    for (auto most :
         {std::chrono::nanoseconds(45min), std::chrono::nanoseconds(24h), lifespan::duration::max()}) {
        CHECK(life.at(now + 15min - 1ns, most) == freshness::fresh);
        CHECK(life.at(now + 15min, most) == freshness::expired);
    }
}

TEST_CASE("lifespan: the window is a quarter of the life, an hour at most, 5 minutes of an access token")
{
    CHECK(session(24h).renew_at() == now + 23h);
    CHECK(session(4h).renew_at() == now + 3h);
    CHECK(session(2h).renew_at() == now + 90min);
    CHECK(session(20min).renew_at() == now + 15min);
    CHECK(access(24h).renew_at() == now + 24h - 5min);
    CHECK(access(30min).renew_at() == now + 25min);
    CHECK(access(16min).renew_at() == now + 12min);
    auto const life = access(30min);
    CHECK(life.at(now + 25min - 1ns) == freshness::fresh);
    CHECK(life.at(now + 25min) == freshness::stale_while_revalidate);
}

TEST_CASE("lifespan: however short it lives, there is time to renew before it must be fetched")
{
    for (auto length : {1s, 4s, 40s, 120s, 160s, 300s, 3600s})
        for (double random : {0.0, 0.5, 1.0}) {
            auto const life = session(length, random);
            CHECK(life.renew_at() > now + length / 2);
            CHECK(life.last_use() - life.renew_at() >= length / 20);
        }
    // Also if the least validity is longer than the window.
    lifespan const strict(now, 4h, {30min, 10min}, 0.0);
    CHECK(strict.last_use() == now + 4h - 30min);
    CHECK(strict.renew_at() == now + 4h - 35min);
}

TEST_CASE("lifespan: jitter shortens the window by a fifth at most, and 3 minutes")
{
    CHECK(access(30min, 1.0).renew_at() == now + 26min);
    CHECK(access(30min, 0.5).renew_at() == now + 25min + 30s);
    CHECK(session(20min, 1.0).renew_at() == now + 16min);
    CHECK(session(4h, 1.0).renew_at() == now + 3h + 3min);
    CHECK(session(4h, 0.5).renew_at() == now + 3h + 90s);
    CHECK(session(4h, 1.0).last_use() == session(4h, 0.0).last_use());
}

TEST_CASE("lifespan: without a window there is no renewal")
{
    lifespan const life(now, model_id_lifetime, model_id_limits, 0.5);
    CHECK(life.at(now + 24h - 1ns) == freshness::fresh);
    CHECK(life.at(now + 24h) == freshness::expired);
}

TEST_CASE("lifespan: a postponed renewal comes later, and never keeps from fetching")
{
    auto life = session(4h);
    life.postpone_renewal(now + 3h + 1min);
    CHECK(life.at(now + 3h + 1min - 1ns) == freshness::fresh);
    CHECK(life.at(now + 3h + 1min) == freshness::stale_while_revalidate);
    life.postpone_renewal(time_point::max());
    CHECK(life.renew_at() == now + 4h - 30s);
    CHECK(life.at(now + 4h - 30s - 1ns) == freshness::fresh);
    CHECK(life.at(now + 4h - 30s) == freshness::expired);
}

TEST_CASE("lifespan: young is its first half minute, or the first quarter")
{
    CHECK(access(1h).is_young(now + 30s - 1ns));
    CHECK_FALSE(access(1h).is_young(now + 30s));
    CHECK(access(40s).is_young(now + 10s - 1ns));
    CHECK_FALSE(access(40s).is_young(now + 10s));
    CHECK(access(1h).is_young(now - 1s)); // time may step back a little
    CHECK_FALSE(lifespan().is_young(now));
    CHECK_FALSE(lifespan::unlimited().is_young(now));
}

TEST_CASE("renewal_backoff: 30 s to a minute, doubling to 5 minutes")
{
    CHECK(renewal_backoff(1, 0.0) == 30s);
    CHECK(renewal_backoff(1, 1.0) == 60s);
    CHECK(renewal_backoff(2, 0.0) == 60s);
    CHECK(renewal_backoff(3, 0.5) == 180s);
    CHECK(renewal_backoff(4, 0.0) == 240s);
    CHECK(renewal_backoff(4, 0.5) == 5min);
    CHECK(renewal_backoff(5, 0.0) == 5min);
    CHECK(renewal_backoff(4'000'000'000U, 1.0) == 5min);
}

TEST_CASE("replay_time: 1 to 5 seconds")
{
    CHECK(replay_time(0.0) == 1s);
    CHECK(replay_time(0.5) == 3s);
    CHECK(replay_time(1.0) == 5s);
}

TEST_CASE("retryability_of: errors that need a login, permanent ones, transient ones")
{
    std::initializer_list<errc> const until_login{errc::login_required, errc::login_refused,
                                                  errc::one_time_password_required,
                                                  errc::invalid_credentials};
    std::initializer_list<errc> const passing{
        errc::too_many_requests,  errc::unavailable,        errc::server_error,       errc::unexpected_status,
        errc::not_json,           errc::malformed_response, errc::resolve_failed,     errc::connect_failed,
        errc::connection_lost,    errc::proxy_refused,      errc::tls_failed,         errc::resolve_timeout,
        errc::connect_timeout,    errc::tls_timeout,        errc::first_byte_timeout, errc::stalled,
        errc::deadline_exceeded,  errc::client_closed,      errc::callback_failed,    errc::file_error,
        errc::unexpected_response};
    auto const is_in = [](auto const& list, errc code) {
        return std::find(list.begin(), list.end(), code) != list.end();
    };
    for (int value = 1; value <= static_cast<int>(errc::file_error); ++value) {
        auto const code = static_cast<errc>(value);
        INFO(make_error_code(code).message());
        CHECK(retryability_of(code) == (is_in(until_login, code) ? retryability::needs_login
                                        : is_in(passing, code)   ? retryability::transient
                                                                 : retryability::permanent));
        // An error that a retry may fix is not replayed.
        if (practicus::is_retryable(make_error_code(code)))
            CHECK(retryability_of(code) == retryability::transient);
        if (practicus::is_auth_error(make_error_code(code)))
            CHECK(retryability_of(code) != retryability::transient);
    }
    CHECK(retryability_of(make_error_code(boost::system::errc::operation_canceled)) ==
          retryability::transient);
    CHECK(retryability_of({static_cast<int>(errc::login_required), boost::system::generic_category()}) ==
          retryability::transient);
}
