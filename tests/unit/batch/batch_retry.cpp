// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/batch/batch_retry.hpp>
#include <practicus/detail/wire/error_body.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

using namespace practicus;
using namespace std::chrono_literals;
using detail::batch_retry;
using detail::time_point;

namespace {

error_info failure(errc code)
{
    error_info info;
    info.code = code;
    return info;
}

/// How long a batch is tried at least, or at most, that always fails alike.
std::chrono::nanoseconds borne(batch_retry policy, errc code, double random)
{
    time_point now{};
    for (int i = 0; i != 1000; ++i) {
        auto const pause = policy.failed(failure(code), now, random);
        if (!pause) return now - time_point{};
        now += *pause;
    }
    FAIL("it never ends");
    return {};
}

} // namespace

TEST_CASE("batch_retry: an unreachable model is retried for a while, with any jitter")
{
    for (auto const code : {errc::connect_failed, errc::connection_lost, errc::too_many_requests,
                            errc::unavailable, errc::first_byte_timeout, errc::deadline_exceeded})
        for (double const random : {0.0, 0.5, 1.0}) {
            auto const time = borne(batch_retry(5, 15min, 100ms), code, random);
            CHECK(time >= 15min);
            CHECK(time < 16min);
        }
    CHECK(borne(batch_retry(5, 0s, 100ms), errc::connect_failed, 1.0) == 0s);
}

TEST_CASE("batch_retry: an error of the model is retried a few times")
{
    for (auto const code : {errc::server_error, errc::row_count_mismatch, errc::unauthorized, errc::not_found,
                            errc::malformed_response, errc::unexpected_response}) {
        CHECK(borne(batch_retry(1, 15min, 100ms), code, 1.0) == 0s);
        CHECK(borne(batch_retry(4, 15min, 100ms), code, 1.0) == 500ms + 1s + 2s);
        CHECK(borne(batch_retry(4, 15min, 100ms), code, 0.0) == 250ms + 500ms + 1s);
    }
}

TEST_CASE("batch_retry: a failing console is retried for a while, a refusal by it never")
{
    auto const borne_before_model = [](errc code) {
        batch_retry policy(5, 15min, 100ms);
        time_point now{};
        for (int i = 0; i != 1000; ++i) {
            auto const pause = policy.failed(failure(code), now, 1.0, {.reached_model = false});
            if (!pause) break;
            now += *pause;
        }
        return now - time_point{};
    };
    CHECK(borne_before_model(errc::server_error) >= 15min);
    CHECK(borne_before_model(errc::server_error) < 16min);
    CHECK(borne_before_model(errc::bad_request) == 0s);
    CHECK(borne_before_model(errc::body_too_large) == 0s);
    CHECK(borne_before_model(errc::not_found) == 0s);
    // Nor the refusal of a token that cannot be renewed.
    CHECK(borne_before_model(errc::unauthorized) == 0s);
    CHECK(borne_before_model(errc::malformed_response) == 0s);
}

TEST_CASE("batch_retry: another version of the model is borne for a while, and counts as no attempt")
{
    for (auto const code : {errc::unexpected_response, errc::bad_request, errc::not_found}) {
        batch_retry policy(2, 15min, 100ms);
        time_point now{};
        std::optional<std::chrono::nanoseconds> pause;
        while ((pause = policy.failed(failure(code), now, 1.0, {.other_version = true}))) {
            CHECK(*pause <= 1s);
            now += *pause;
        }
        CHECK(now - time_point{} >= 15min);
        CHECK(now - time_point{} < 16min);
    }
    batch_retry policy(2, 15min, 100ms);
    for (int i = 0; i != 10; ++i)
        CHECK(policy.failed(failure(errc::unexpected_response), time_point{}, 1.0, {.other_version = true}));
    // Nor do its pauses lengthen those of other failures.
    CHECK(policy.failed(failure(errc::unavailable), time_point{}, 1.0) == 100ms);
    CHECK(policy.failed(failure(errc::server_error), time_point{}, 1.0));
    CHECK_FALSE(policy.failed(failure(errc::server_error), time_point{}, 1.0));
}

TEST_CASE("batch_retry: a permanent failure is not retried")
{
    for (auto const code : {errc::bad_request, errc::forbidden, errc::login_refused, errc::login_required,
                            errc::untrusted_origin, errc::certificate_untrusted, errc::body_too_large,
                            errc::client_closed, errc::file_error})
        CHECK(borne(batch_retry(5, 15min, 100ms), code, 1.0) == 0s);
}

TEST_CASE("batch_retry: the pauses double from the client's first one up to half a minute")
{
    for (auto const& [base, first] : {std::pair{100ms, 100ms}, {0ms, 1ms}, {2000ms, 2000ms}}) {
        batch_retry policy(5, 15min, base);
        auto expected = std::chrono::nanoseconds(first);
        for (int i = 0; i != 20; ++i) {
            CHECK(policy.failed(failure(errc::unavailable), time_point{}, 1.0) == expected);
            expected = std::min<std::chrono::nanoseconds>(2 * expected, 30s);
        }
    }
}

TEST_CASE("batch_retry: the pause is as long as the server asks, within the patience")
{
    auto const asks = [](std::chrono::seconds wait, errc code = errc::too_many_requests) {
        auto info = failure(code);
        info.retry_after = wait;
        return info;
    };
    batch_retry policy(5, 15min, 100ms);
    CHECK(policy.failed(asks(35s), time_point{}, 1.0) == 35s);
    CHECK(policy.failed(asks(0s), time_point{} + 35s, 1.0) == 200ms); // its own is longer
    CHECK(policy.failed(asks(800s, errc::unavailable), time_point{} + 100s, 1.0) == 800s);
    CHECK(policy.failed(asks(801s), time_point{} + 100s, 1.0) == std::nullopt);
    CHECK(batch_retry(5, 15min, 100ms).failed(asks(901s), time_point{}, 1.0) == std::nullopt);
    CHECK(batch_retry(5, 0s, 100ms).failed(asks(0s), time_point{}, 1.0) == std::nullopt);
}

TEST_CASE("batch_retry: the wait for a place does not count while others are answered")
{
    auto const why = failure(errc::unavailable);
    batch_retry policy(5, 10s, 500ms);
    time_point const start{1h};
    policy.sent_again(start); // nothing has failed
    CHECK(policy.failed(why, start, 1.0) == 500ms);
    policy.sent_again(start + 100ms); // as soon as it was due
    CHECK(policy.failed(why, start + 5s, 1.0) == 1s);
    policy.sent_again(start + 1min); // due at 6 s
    CHECK(policy.failed(why, start + 1min, 1.0) == 2s);
    policy.sent_again(start + 1min); // nothing was answered since
    CHECK(policy.failed(why, start + 1min + 4s, 1.0) == std::nullopt);
}

TEST_CASE("is_fault_of_rows: true only for failures that another batch would not have")
{
    for (auto const code :
         {errc::bad_request, errc::row_count_mismatch, errc::body_too_large, errc::server_error})
        CHECK(detail::is_fault_of_rows(code));
    for (auto const code : {errc::unauthorized, errc::login_refused, errc::not_found, errc::forbidden,
                            errc::unavailable, errc::connect_failed, errc::client_closed,
                            errc::malformed_response, errc::unexpected_response, errc::invalid_argument})
        CHECK_FALSE(detail::is_fault_of_rows(code));
    CHECK_FALSE(detail::is_fault_of_rows({}));
}

TEST_CASE("batch_retry: a timeout of a load balancer is not blamed on the rows")
{
    for (unsigned const status : {408U, 425U}) {
        auto const code = make_error_code(detail::status_errc(status));
        CHECK_FALSE(detail::is_fault_of_rows(code));
        CHECK(is_retryable(code));
    }
}
