// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/batch_queue.hpp>
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

error_info failure(errc code)
{
    error_info info;
    info.code = code;
    info.attempts = 1;
    return info;
}

/// Four rows of a text, the batch of that place.
csv_batch batch(std::uint64_t place, std::size_t rows = 4)
{
    std::string text = "h\n";
    for (std::uint64_t i = 0; i != rows; ++i)
        text += std::to_string(4 * place + i) + "\n";
    return {std::move(text), 4 * place, rows, 2};
}

struct queue : batch_queue
{
    explicit queue(std::size_t in_flight, std::string header = {})
        : batch_queue(bounds(in_flight), std::move(header))
    {}

    static batch_bounds bounds(std::size_t in_flight)
    {
        batch_bounds b;
        b.in_flight = in_flight;
        b.tries = 3;
        b.patience = 15min;
        b.pause = 100ms;
        return b;
    }

    /// Reads the next batch and starts it, if it may be.
    std::shared_ptr<batch_sending> start(std::size_t rows = 4)
    {
        if (begin_reading()) has_read(batch(read_++, rows), nullptr);
        return take_read();
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
        b->answered("p\n1\n1\n1\n1\n"), q.end(b, q.now);
    CHECK_FALSE(q.take_ended());
    CHECK(q.is_waiting());
    first->answered("p\n1\n1\n1\n1\n");
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
    q.has_read(batch(1), nullptr);
    CHECK_FALSE(q.take_read());
    CHECK_FALSE(q.begin_reading());

    queue ended(1);
    CHECK(ended.begin_reading());
    auto const why = std::make_shared<error_info const>(failure(errc::file_error));
    ended.has_read(std::nullopt, why);
    CHECK_FALSE(ended.begin_reading());
    CHECK_FALSE(ended.is_waiting());
    CHECK(ended.source_failure() == why);
}

TEST_CASE("batch_queue: a batch that waits for its next try gives its place away, and is due before new ones")
{
    queue q(1);
    auto const first = q.start();
    REQUIRE(first);
    CHECK(first->failed(failure(errc::unavailable), q.now, q.now, 1.0) == 100ms);
    q.pause(first, q.now + 100ms);
    CHECK(q.counts().waiting == 1);
    CHECK(q.counts().in_flight == 0);
    CHECK(q.counts().last_error->code == errc::unavailable);
    CHECK(q.next_try() == q.now + 100ms);
    auto const second = q.start();
    REQUIRE(second);
    CHECK(q.next_try() == time_point::max());
    CHECK_FALSE(q.take_due(q.now + 1s));
    second->answered("p\n1\n1\n1\n1\n");
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
        while (b->failed(failure(errc::server_error), q.now, q.now, 1.0))
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
    second->halve_next();
    CHECK(second->next().text == "h\n4\n5\n");
    CHECK_FALSE(q.is_too_large(second->next()));
    second->answered("p\n1\n1\n");
    CHECK(second->next().text == "h\n6\n7\n");
    CHECK_FALSE(q.note_too_large(batch(0, 1)));
}

TEST_CASE("batch_queue: attempts, their time and what is left of them are those of a part")
{
    queue q(1);
    auto const b = q.start();
    REQUIRE(b);
    b->failed(failure(errc::server_error), q.now, q.now + 1s, 1.0);
    b->failed(failure(errc::server_error), q.now + 5s, q.now + 6s, 1.0);
    CHECK(b->failure()->attempts == 2);
    CHECK(b->failure()->elapsed == 6s);
    b->halve_next();
    CHECK(b->failed(failure(errc::server_error), q.now + 7s, q.now + 8s, 1.0) == 500ms);
    CHECK(b->failure()->attempts == 1);
    CHECK(b->failure()->elapsed == 1s);
}

TEST_CASE("batch_queue: a part whose rows are to blame leaves the others, another failure none")
{
    for (auto const code : {errc::bad_request, errc::not_found}) {
        queue q(1);
        auto const b = q.start();
        REQUIRE(b);
        b->halve_next();
        b->failed(failure(code), q.now, q.now, 1.0);
        b->give_up();
        CHECK(b->has_failed());
        CHECK(b->parts().size() == 1);
        CHECK(b->parts().front().batch.text == "h\n0\n1\n");
        CHECK(b->is_done() == (code == errc::not_found));
    }
}

TEST_CASE("batch_queue: the first header line that is believed is the one of all answers")
{
    queue fresh(1), resumed(1, "p");
    CHECK_FALSE(fresh.has_header());
    CHECK_FALSE(fresh.check_header("q"));
    CHECK(fresh.has_header());
    CHECK(fresh.check_header("p")->server_message == "'p', not 'q'");
    CHECK(resumed.has_header());
    CHECK_FALSE(resumed.check_header("p"));
    CHECK(resumed.check_header("q")->message.starts_with("the results that are there already"));
}

TEST_CASE("batch_queue: what was skipped stands before the first batch")
{
    queue q(1);
    q.count(100, 0, 0);
    CHECK(q.counts().bytes_skipped == 100);
    q.count(50, 20, 10);
    q.count(50, 20, 0);
    CHECK(q.counts().bytes_in == 200);
    CHECK(q.counts().bytes_skipped == 120);
}
