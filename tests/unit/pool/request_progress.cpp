// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/pool/request_progress.hpp>

#include "catch.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace {

using namespace practicus::detail;
using namespace std::chrono_literals;
using practicus::errc;

class exchanges
{
public:
    explicit exchanges(char const* method = "GET", authorization authorized = authorization::none)
        : request_(method, practicus::url_origin("http://h"), "/a/b?c"),
          progress_(authorize(request_, authorized))
    {}

    next_step::kind answered(unsigned status, std::string location = {})
    {
        response answer;
        answer.status = status;
        answer.location = std::move(location);
        attempt_outcome outcome;
        outcome.status = status;
        outcome.bytes_written = outcome.answer_begun = true;
        return progress_.after(outcome, answer, failed, op, budget_, 1h, 0.5).action;
    }

    next_step::kind lost(bool reused)
    {
        failed = make_failure(errc::connection_lost);
        attempt_outcome outcome;
        outcome.error = failed->code;
        outcome.reused = reused;
        outcome.bytes_written = true;
        auto const action = progress_.after(outcome, response(), failed, op, budget_, 1h, 0.5).action;
        if (action != next_step::done) failed.reset();
        return action;
    }

    request_progress& progress() noexcept { return progress_; }

    operation op;
    failure failed;

private:
    static request const& authorize(request& r, authorization how) noexcept
    {
        r.authorized = how;
        return r;
    }

    request request_;
    request_progress progress_;
    retry_budget budget_;
};

} // namespace

TEST_CASE("request_progress: an answer is the result, whatever its status")
{
    for (unsigned const status : {200U, 204U, 404U, 500U}) {
        exchanges all;
        CHECK(all.answered(status) == next_step::done);
        CHECK_FALSE(all.failed);
        CHECK(all.op.retries.attempts() == 1);
    }
}

TEST_CASE("request_progress: a redirect of a GET is followed within its origin")
{
    exchanges all;
    CHECK(all.progress().target() == "/a/b?c");
    CHECK(all.answered(302, "d?e") == next_step::redirect);
    CHECK(all.progress().target() == "/a/d?e");
    CHECK(all.answered(307, "http://h/f/") == next_step::redirect);
    CHECK(all.progress().target() == "/f/");
    CHECK(all.answered(301, "g") == next_step::redirect);
    CHECK(all.progress().target() == "/f/g");
    CHECK_FALSE(all.failed);
    CHECK(all.answered(308, "h") == next_step::done);
    CHECK(all.failed->code == errc::redirected);
    CHECK(all.failed->message == "more than 3 redirects");
}

TEST_CASE("request_progress: a redirect to another origin fails")
{
    exchanges all;
    CHECK(all.answered(302, "http://other/") == next_step::done);
    CHECK(all.failed->code == errc::untrusted_origin);
    CHECK(all.progress().target() == "/a/b?c");
}

TEST_CASE("request_progress: a redirect is the result if it cannot be followed")
{
    exchanges post("POST");
    CHECK(post.answered(302, "d") == next_step::done);
    exchanges nowhere;
    CHECK(nowhere.answered(302) == next_step::done);
    CHECK(nowhere.answered(304, "d") == next_step::done);
    exchanges begun;
    begun.progress().set_replayable(false);
    CHECK(begun.answered(302, "d") == next_step::done);
    for (auto* const all : {&post, &nowhere, &begun})
        CHECK_FALSE(all->failed);
}

TEST_CASE("request_progress: only the attempt after a stale connection needs a new one")
{
    exchanges all;
    CHECK_FALSE(all.progress().fresh());
    CHECK(all.lost(true) == next_step::resend);
    CHECK(all.progress().fresh());
    CHECK(all.answered(503) == next_step::pause);
    CHECK_FALSE(all.progress().fresh());
    CHECK(all.answered(302, "d") == next_step::redirect);
    CHECK_FALSE(all.progress().fresh());
    CHECK(all.lost(true) == next_step::pause);
    CHECK(all.lost(true) == next_step::done);
    CHECK(all.failed->code == errc::connection_lost);
    CHECK(all.op.retries.attempts() == 5);
}

TEST_CASE("request_progress: a refused token ends the request, for a renewal")
{
    exchanges all("POST", authorization::session);
    CHECK(all.answered(401) == next_step::done);
    CHECK(all.op.renew);
    CHECK(all.answered(401) == next_step::done);
    CHECK_FALSE(all.op.renew);
    exchanges refresh("POST", authorization::refresh);
    CHECK(refresh.answered(401) == next_step::done);
    CHECK_FALSE(refresh.op.renew);
}
