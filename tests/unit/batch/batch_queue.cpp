// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/batch/batch_queue.hpp>
#include <practicus/detail/batch/csv_splitter.hpp>
#include <practicus/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;
using practicus::error_info;

namespace {

error_info failed_with(errc code)
{
    error_info info;
    info.code = code;
    info.attempts = 1;
    return info;
}

error_info refusal(unsigned status, std::optional<std::chrono::seconds> retry_after)
{
    auto info = failed_with(status == 429 ? errc::too_many_requests : errc::unavailable);
    info.status = status;
    info.retry_after = retry_after;
    return info;
}

/// Four rows of a text, the batch of that place.
batch_text batch(std::uint64_t place, std::size_t rows = 4)
{
    std::string text = "h\n";
    for (std::uint64_t i = 0; i != rows; ++i)
        text += std::to_string(4 * place + i) + "\n";
    return {std::move(text), 4 * place, rows, 2};
}

struct queue : batch_queue
{
    explicit queue(std::size_t in_flight, std::string header = {}, bool rows_may_fail = false)
        : batch_queue(bounds(in_flight, rows_may_fail), std::move(header))
    {}

    static batch_bounds bounds(std::size_t in_flight, bool rows_may_fail)
    {
        batch_bounds b;
        b.rows_may_fail = rows_may_fail;
        b.in_flight = in_flight;
        b.max_attempts = 3;
        b.retry_for = 15min;
        b.pause = 100ms;
        return b;
    }

    /// Reads the next batch and starts it, if it may be.
    std::shared_ptr<batch_sending> start(std::size_t rows = 4)
    {
        if (begin_reading()) has_read(batch(read_++, rows));
        return take_read(now);
    }

    void answer(std::shared_ptr<batch_sending> const& b)
    {
        b->answered(batch_result());
        end(b, now);
    }

    /// A try fails with what is borne.
    void fail(std::shared_ptr<batch_sending> const& b, error_info const& why)
    {
        auto const wait = b->failed(why, now, now, 1.0);
        REQUIRE(wait);
        pause(b, now, *wait);
    }

    std::uint64_t read_ = 0;
    time_point const now{1h};
};

} // namespace

TEST_CASE("batch_queue: batches come to their end in the order of the rows")
{
    queue q(3);
    auto const first = q.start(), second = q.start(), third = q.start();
    REQUIRE(third);
    for (auto const& b : {third, second})
        b->answered(batch_result()), q.end(b, q.now);
    CHECK_FALSE(q.take_ended());
    CHECK(q.is_waiting());
    first->answered(batch_result());
    q.end(first, q.now);
    for (auto const& b : {first, second, third})
        CHECK(q.take_ended() == b);
    CHECK_FALSE(q.take_ended());
    CHECK_FALSE(q.is_waiting());
}

TEST_CASE("batch_queue: one batch is read ahead, until the source has ended")
{
    queue q(1);
    REQUIRE(q.start());
    CHECK(q.begin_reading());
    CHECK_FALSE(q.begin_reading());
    q.has_read(batch(1));
    CHECK_FALSE(q.take_read(q.now));
    CHECK_FALSE(q.begin_reading());

    queue ended(1);
    CHECK(ended.begin_reading());
    auto const why = std::make_shared<error_info const>(failed_with(errc::file_error));
    ended.has_read(why);
    CHECK_FALSE(ended.begin_reading());
    CHECK_FALSE(ended.is_waiting());
    CHECK(ended.source_failure() == why);
}

TEST_CASE("batch_queue: a batch that waits for its next try gives its place away, and is due before new ones")
{
    queue q(1);
    auto const first = q.start();
    REQUIRE(first);
    CHECK(first->failed(failed_with(errc::unavailable), q.now, q.now, 1.0) == 100ms);
    q.pause(first, q.now, 100ms);
    CHECK(q.counts().waiting == 1);
    CHECK(q.counts().in_flight == 0);
    CHECK(q.counts().last_error->code == errc::unavailable);
    CHECK(q.next_try() == q.now + 100ms);
    auto const second = q.start();
    REQUIRE(second);
    CHECK(q.next_try() == time_point::max());
    CHECK_FALSE(q.take_due(q.now + 1s));
    second->answered(batch_result());
    q.end(second, q.now);
    CHECK_FALSE(q.take_due(q.now + 99ms));
    CHECK(q.take_due(q.now + 100ms) == first);
    CHECK(q.counts().waiting == 0);
    CHECK_FALSE(q.counts().last_error);
    CHECK(q.counts().retries == 1);
}

TEST_CASE("batch_queue: a header alone is tried once, other batches as often as the job says")
{
    for (std::size_t const rows : {0U, 4U}) {
        queue q(1);
        auto const b = q.start(rows);
        REQUIRE(b);
        int tries = 1;
        while (b->failed(failed_with(errc::server_error), q.now, q.now, 1.0))
            ++tries;
        CHECK(tries == (rows == 0 ? 1 : 3));
    }
}

TEST_CASE("batch_queue: a size that was refused is halved before it is sent again")
{
    queue q(2);
    auto const first = q.start(), second = q.start();
    REQUIRE(second);
    CHECK_FALSE(q.is_too_large(first->next()));
    CHECK(q.note_too_large(first->next()));
    CHECK(q.is_too_large(second->next()));
    second->halve_next(halve(second->next()));
    CHECK(second->next().text == "h\n4\n5\n");
    CHECK_FALSE(q.is_too_large(second->next()));
    second->answered(batch_result());
    CHECK(second->next().text == "h\n6\n7\n");
    CHECK_FALSE(q.note_too_large(batch(0, 1)));
}

TEST_CASE("batch_queue: each part has its own attempts and times")
{
    queue q(1);
    auto const b = q.start();
    REQUIRE(b);
    b->failed(failed_with(errc::server_error), q.now, q.now + 1s, 1.0);
    b->failed(failed_with(errc::server_error), q.now + 5s, q.now + 6s, 1.0);
    CHECK(b->failure()->attempts == 2);
    CHECK(b->failure()->elapsed == 6s);
    b->halve_next(halve(b->next()));
    CHECK(b->failed(failed_with(errc::server_error), q.now + 7s, q.now + 8s, 1.0) == 500ms);
    CHECK(b->failure()->attempts == 1);
    CHECK(b->failure()->elapsed == 1s);
}

TEST_CASE("batch_queue: rejected rows end their part only, another failure ends all parts")
{
    for (auto const code : {errc::bad_request, errc::not_found}) {
        queue q(1);
        auto const b = q.start();
        REQUIRE(b);
        b->halve_next(halve(b->next()));
        b->failed(failed_with(code), q.now, q.now, 1.0);
        b->give_up();
        CHECK(b->has_failed());
        CHECK(b->parts().size() == 1);
        CHECK(b->parts().front().batch.text == "h\n0\n1\n");
        CHECK(b->is_done() == (code == errc::not_found));
    }
}

TEST_CASE(
    "batch_queue: a place that is not there is the fault of rows with a url of their own, if it is named so")
{
    for (bool const is_named : {false, true}) {
        queue q(1, {}, true);
        auto const b = q.start();
        REQUIRE(b);
        auto why = failed_with(errc::not_found);
        if (is_named) why.server_code = "model_not_found";
        CHECK(b->failed(why, q.now, q.now, 1.0, {.own_url = true}).has_value() != is_named);
        CHECK(b->are_rows_at_fault() == is_named);
    }
}

TEST_CASE("batch_queue: what another version of the model responds is not blamed on the rows")
{
    for (auto const code : {errc::bad_request, errc::body_too_large, errc::server_error}) {
        queue q(1, {}, true);
        auto const b = q.start();
        REQUIRE(b);
        CHECK(b->failed(failed_with(code), q.now, q.now, 1.0, {.other_version = true}));
        CHECK_FALSE(b->are_rows_at_fault());
    }
}

TEST_CASE("batch_queue: the results of an earlier run were believed, also without a header")
{
    auto const bounds = queue::bounds(1, true);
    CHECK_FALSE(batch_queue(bounds, "").has_believed());
    CHECK(batch_queue(bounds, "", true).has_believed());
    CHECK(batch_queue(bounds, "p").has_believed());
}

TEST_CASE("batch_queue: a failure before the model was reached is not blamed on the rows")
{
    for (auto const code : {errc::bad_request, errc::body_too_large})
        for (bool const reached : {true, false}) {
            queue q(1);
            auto const b = q.start();
            REQUIRE(b);
            b->halve_next(halve(b->next()));
            CHECK_FALSE(b->failed(failed_with(code), q.now, q.now, 1.0, {.reached_model = reached}));
            b->give_up();
            REQUIRE(b->parts().size() == 1);
            CHECK(b->parts().front().ends_run(true) == !reached);
            CHECK(b->ends_run(false));
            CHECK(b->is_done() == !reached);
        }
}

TEST_CASE("batch_queue: a header without rows ends the run only with failures that rows would have too")
{
    for (bool const reached : {true, false}) {
        queue q(1);
        auto const b = q.start(0);
        REQUIRE(b);
        CHECK_FALSE(b->failed(failed_with(errc::bad_request), q.now, q.now, 1.0, {.reached_model = reached}));
        b->give_up();
        CHECK(b->ends_run(false) == !reached);
    }
}

TEST_CASE("batch_queue: no batch is sent for as long as an overloaded server asks")
{
    for (unsigned const status : {429U, 503U}) {
        queue q(4);
        auto const first = q.start(), second = q.start();
        REQUIRE(second);
        q.fail(first, refusal(status, 35s));
        CHECK_FALSE(q.start());
        CHECK(q.next_try() == q.now + 35s);
        q.fail(second, failed_with(errc::connection_lost));
        CHECK(q.next_try() == q.now + 35s);
        CHECK_FALSE(q.take_due(q.now + 34s));
        CHECK_FALSE(q.take_read(q.now + 34s));
        CHECK(q.take_due(q.now + 35s) == second);
        CHECK(q.take_due(q.now + 35s) == first);
        CHECK(q.take_read(q.now + 35s));
    }
}

TEST_CASE("batch_queue: a pause longer than the server's is waited for, unless a batch was read")
{
    queue q(4);
    auto const first = q.start();
    REQUIRE(first->failed(refusal(503, 1s), q.now, q.now, 1.0));
    q.pause(first, q.now, 30s);
    CHECK(q.next_try() == q.now + 30s);
    REQUIRE(q.begin_reading());
    q.has_read(batch(1));
    CHECK(q.next_try() == q.now + 1s);
}

TEST_CASE("batch_queue: Retry-After holds until a batch sent later is answered")
{
    queue q(4);
    auto const first = q.start(), second = q.start(), third = q.start();
    REQUIRE(third);
    q.fail(second, refusal(503, 35s));
    q.answer(first);
    CHECK_FALSE(q.start());
    q.answer(third);
    CHECK(q.next_try() == q.now + 35s);
    auto const fourth = q.start(), fifth = q.start();
    REQUIRE(fifth);
    // That the server answers others is known by now; and without a time, it asks for nothing.
    q.answer(fifth);
    q.fail(fourth, refusal(429, 35s));
    auto const sixth = q.start();
    REQUIRE(sixth);
    q.fail(sixth, refusal(503, std::nullopt));
    CHECK(q.start());
}

TEST_CASE("batch_queue: after a failure that ends the run, only the batches before it are sent")
{
    for (bool const may_fail : {true, false})
        for (auto const code : {errc::bad_request, errc::forbidden}) {
            queue q(4, {}, may_fail);
            auto const first = q.start(), second = q.start(), third = q.start();
            REQUIRE(third);
            q.fail(third, failed_with(errc::connection_lost));
            q.fail(first, failed_with(errc::connection_lost));
            CHECK_FALSE(second->failed(failed_with(code), q.now, q.now, 1.0));
            second->give_up();
            q.end(second, q.now);
            bool const goes_on = may_fail && code == errc::bad_request;
            CHECK(q.next_try() == q.now + 100ms);
            std::size_t sent = 0;
            while (auto const again = q.take_due(q.now + 1s)) {
                CHECK((again == first || goes_on));
                ++sent;
            }
            CHECK(sent == (goes_on ? 2 : 1));
            CHECK(q.next_try() == time_point::max());
            CHECK(q.begin_reading() == goes_on);
            q.has_read(batch(3));
            CHECK((q.take_read(q.now + 1s) != nullptr) == goes_on);
            q.answer(first);
            CHECK(q.take_ended() == first);
            CHECK(q.is_waiting());
            CHECK(q.take_ended() == second);
        }
}

TEST_CASE("batch_queue: the reported failure is that of a waiting batch")
{
    queue q(2);
    auto const first = q.start(), second = q.start();
    REQUIRE(second);
    CHECK(first->failed(failed_with(errc::unavailable), q.now, q.now, 1.0));
    q.pause(first, q.now, 1s);
    q.fail(second, failed_with(errc::connect_failed));
    CHECK(q.counts().last_error->code == errc::connect_failed);
    CHECK(q.take_due(q.now + 100ms) == second);
    CHECK(q.counts().waiting == 1);
    CHECK(q.counts().last_error->code == errc::unavailable);
}

TEST_CASE("batch_queue: the first accepted header line holds for all responses")
{
    queue fresh(1), resumed(1, "p");
    CHECK_FALSE(fresh.has_believed());
    CHECK_FALSE(fresh.check_header("q"));
    CHECK(fresh.has_believed());
    CHECK(fresh.check_header("p")->server_message == "'p', not 'q'");
    CHECK(resumed.has_believed());
    CHECK_FALSE(resumed.check_header("p"));
    CHECK(resumed.check_header("q")->message.starts_with("the results that are there already"));
}

TEST_CASE("batch_queue: skipped rows come before the first batch")
{
    queue q(1);
    q.count(100, 0, 0);
    CHECK(q.counts().bytes_skipped == 100);
    q.count(50, 20, 10);
    q.count(50, 20, 0);
    CHECK(q.counts().bytes_in == 200);
    CHECK(q.counts().bytes_skipped == 120);
}
