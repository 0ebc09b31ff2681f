// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include "../internals.hpp"

#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <dlfcn.h>

#include <functional>
#include <string>
#include <tuple>
#include <utility>

namespace {

thread_local int thrown = 0;

} // namespace

/// Counts the exceptions of each thread, for the whole program. By its symbol alone: compilers have a
/// declaration of their own.
extern "C" [[noreturn]] void counted_throw(void* object, void* type,
                                           void (*destroy)(void*)) __asm__("__cxa_throw");

void counted_throw(void* object, void* type, void (*destroy)(void*))
{
    using function = void (*)(void*, void*, void (*)(void*));
    static auto const next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "__cxa_throw"));
    ++thrown;
    next(object, type, destroy);
    __builtin_unreachable();
}

namespace {

/// The exceptions that one failed operation raises: awaited, and with `as_tuple(deferred)`.
struct exceptions
{
    int awaited = -1, as_tuple = -1;
    practicus::error_code awaited_code, code;
};

asio::awaitable<void> await_failure(practicus::client c, exceptions& of)
{
    auto const before = thrown;
    try {
        co_await c.cluster_info();
    } catch (practicus::error const& e) {
        of.awaited_code = e.code();
    }
    of.awaited = thrown - before;
}

asio::awaitable<void> take(std::string)
{
    co_return;
}

practicus::batch_job batches_of_a_row(practicus::model_url const& model, std::string text)
{
    practicus::batch_job job(model, practicus::string_source(std::move(text)),
                             [](std::string rows) { return take(std::move(rows)); });
    job.max_rows = 1;
    job.retry_for = std::chrono::minutes(1);
    return job;
}

/// The exceptions that a batch run raises whose failure is a code.
asio::awaitable<void> run_batches(practicus::client c, practicus::batch_job job, exceptions& of)
{
    auto const before = thrown;
    auto operation = predict_batches(c, std::move(job), asio::as_tuple(asio::deferred));
    auto const ended = co_await std::move(operation);
    of.code = std::get<0>(ended);
    of.as_tuple = thrown - before;
}

asio::awaitable<void> await_code(practicus::client c, exceptions& of)
{
    auto const before = thrown;
    auto operation = c.cluster_info(asio::as_tuple(asio::deferred));
    auto const ended = co_await std::move(operation);
    of.code = std::get<0>(ended);
    of.as_tuple = thrown - before;
}

/// `prepare` makes the next operation of the client fail.
exceptions count_exceptions(fixture& f, practicus::client const& caller, std::function<void()> const& prepare)
{
    exceptions result;
    prepare();
    f.run(await_failure(caller, result));
    prepare();
    f.run(await_code(caller, result));
    CHECK(result.awaited_code == result.code);
    return result;
}

/// A client that has an access token, and whose pauses are as short as they get.
struct counted : fixture
{
    counted()
    {
        runtime_of(caller).random().fix(0);
        run(caller.cluster_info());
    }

    practicus::client caller = user();
};

} // namespace

TEST_CASE("a failed operation raises one exception when it is awaited, and none where a code is asked for")
{
    counted f;
    auto const last = [&] { return f.server.expect("GET", cluster_path); };
    auto const busy = count_exceptions(f, f.caller, [&] { last().reply(503).times(3); });
    CHECK(busy.code == practicus::errc::unavailable);
    CHECK(busy.awaited == 1);
    CHECK(busy.as_tuple == 0);
    auto const cut = count_exceptions(f, f.caller, [&] { last().cut_after(20).times(3); });
    CHECK(cut.code == practicus::errc::connection_lost);
    CHECK(cut.awaited == 1);
    CHECK(cut.as_tuple == 0);
}

TEST_CASE("a request that is sent again with success raises no exception")
{
    counted f;
    auto const resent = count_exceptions(f, f.caller, [&] {
        f.server.expect("GET", cluster_path).reply(503);
        f.caller.close_idle();
        f.server.expect("GET", cluster_path).cut_after(20);
    });
    CHECK_FALSE(resent.code);
    CHECK(resent.awaited == 0);
    CHECK(resent.as_tuple == 0);
}

TEST_CASE("a refused connection raises one exception when it is awaited, and none where a code is asked for")
{
    fixture f;
    std::string url;
    {
        practicus::mock::server closed;
        url = closed.url();
    }
    practicus::client const caller(f.io, url,
                                   fixture::once(options_as(practicus::credentials::access_token("a"))));
    auto const refused = count_exceptions(f, caller, [] {});
    CHECK(refused.code == practicus::errc::connect_failed);
    CHECK(refused.awaited == 1);
    CHECK(refused.as_tuple == 0);
}

TEST_CASE("a batch run raises no exception, whether its batches are served after a 503 or it fails")
{
    fixture f;
    practicus::client_options options;
    options.retry.initial_backoff = std::chrono::milliseconds(1);
    auto const caller = f.user(options);
    auto const model = caller.model_url("models/practicus", "diamond-price");
    f.run(caller.session_token(model));
    auto const run = [&](practicus::batch_job job) {
        exceptions result;
        f.run(run_batches(caller, std::move(job), result));
        CHECK(result.as_tuple == 0);
        return result.code;
    };
    auto const posted = "/" + std::string(fixture::diamond) + "/";
    f.server.expect("POST", posted).reply(503).times(3);
    CHECK_FALSE(run(batches_of_a_row(model, "a\n1\n2\n")));
    // One batch where the run fails: a cancelled one could reach the server late and take the next answer.
    auto given_up = batches_of_a_row(model, "a\n1\n");
    given_up.retry_for = std::chrono::milliseconds(0);
    f.server.expect("POST", posted).reply(503);
    CHECK(run(std::move(given_up)) == practicus::errc::unavailable);
    auto tried_once = batches_of_a_row(model, "a\n1\n");
    tried_once.max_attempts = 1;
    f.server.expect("POST", posted).reply(200, "<html>busy</html>", "text/html");
    CHECK(run(std::move(tried_once)) == practicus::errc::unexpected_response);
    CHECK(run(batches_of_a_row(model, "a\n1\n\"2\n")) == practicus::errc::invalid_argument);
}
