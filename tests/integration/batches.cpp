// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Batch inference: every row predicted exactly once and in order, whatever happens.

#include "fixture.hpp"
#include "frequent_failures.hpp"
#include "internals.hpp"

#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/lz4.hpp>
#include <practicus/mock/lz4.hpp>
#include <practicus/mock/prediction.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using practicus::batch_job;
using practicus::batch_progress;
using practicus::errc;
using practicus::predict_options;
using practicus::mock::predict_csv;
using namespace std::chrono_literals;

namespace {

constexpr char const* call_path = "/models/practicus/diamond-price/";
std::string const header = "carat,cut,remark\n";

std::string rows(int from, int to)
{
    std::string text;
    for (int i = from; i != to; ++i)
        text += std::to_string(i) + ",\"very, \"\"good\"\"\",\"two\nlines\"\n";
    return text;
}

asio::awaitable<void> append(std::string& to, std::string piece)
{
    to += piece;
    co_return;
}

/// Collects what a run gives away.
struct batches : fixture
{
    explicit batches(practicus::mock::server_options const& options = practicus::mock::server_options())
        : fixture(options)
    {
        server.region().add(practicus::mock::lz4_codec());
    }

    practicus::body_sink to(std::string& text)
    {
        return [&text](std::string piece) { return append(text, std::move(piece)); };
    }

    batch_job job(std::string text)
    {
        batch_job made(model(), practicus::string_source(std::move(text)), to(out));
        made.max_rows = 10;
        made.in_flight = 8;
        return made;
    }

    /// Adds a model that answers so; its url.
    std::string add_model(practicus::mock::handler answer, std::size_t max_body = 0)
    {
        namespace mock = practicus::mock;
        mock::model added(50, "odd", mock::prefix("models-practicus", "models/practicus"),
                          {mock::version(500, 1, mock::deployment("depl-small", "Small"))});
        added.predicts = std::move(answer);
        if (max_body != 0) added.max_body = max_body;
        server.region().add(std::move(added));
        return model("models/practicus/odd");
    }

    practicus::client eager()
    {
        return user(options_with([&](auto& o) { o.retry.initial_backoff = 1ms; }));
    }

    std::string out;
    std::string side;
};

} // namespace

TEST_CASE("batches: predictions in the order of the rows, under one header")
{
    batches f;
    auto const text = header + rows(0, 257);
    auto const end = f.run(predict_batches(f.user(), f.job(text)));
    CHECK(f.out == predict_csv(text));
    CHECK(end.rows == 257);
    CHECK(end.batches == 26);
    CHECK(end.failed_rows == 0);
    CHECK(end.in_flight == 0);
    CHECK(end.bytes_in == text.size());
    CHECK(end.bytes_out == f.out.size());
    CHECK(end.bytes_done == text.size());
    CHECK(f.server.count("GET modelhost/model-auth/") == 1);
}

TEST_CASE("batches: encoded, and from a text without a row")
{
    batches f;
    auto client = f.user();
    auto const text = header + rows(0, 100);
    f.run(predict_batches(client, options_with(
                                      [&](auto& j) {
                                          j.request_options =
                                              predict_options().encoding(practicus::lz4_encoding());
                                      },
                                      f.job(text))));
    CHECK(f.out == predict_csv(text));
    CHECK(f.server.requests().back().headers["content-encoding"] == "lz4");
    f.out.clear();
    auto const end = f.run(predict_batches(client, f.job(header)));
    CHECK(end.rows == 0);
    CHECK(end.batches == 1);
    CHECK(f.out == "prediction\n");
    practicus::batch_mark written;
    written.header = "prediction";
    CHECK(f.run(predict_batches(client, options_with([&](auto& j) { j.resume = written; }, f.job(header))))
              .batches == 1);
    CHECK(f.out == "prediction\n");
    CHECK(f.failure(predict_batches(client, f.job(""))).code == errc::invalid_argument);
}

TEST_CASE("batches: a header without rows that the model refuses is no failure and gives no output")
{
    batches f;
    auto client = f.eager();
    for (int const status : {400, 500}) {
        f.server.expect("POST", call_path).reply(status);
        auto const end = f.run(predict_batches(
            client, options_with([&](auto& j) { j.rejected_rows = f.to(f.side); }, f.job(header))));
        CHECK(end.rows + end.failed_rows + end.batches == 0);
        CHECK(f.out + f.side == "");
    }
    f.server.expect("POST", call_path).reply(404);
    auto const failed = f.failure(predict_batches(client, f.job(header)));
    CHECK(failed.code == errc::not_found);
    CHECK(failed.message == "the header alone");
}

TEST_CASE("batches: rows are those of Python's csv: CR line ends, quotes in cells")
{
    batches f;
    auto client = f.user();
    std::string const rows = "1,TV 27\" wide\r2,\"two\rlines\"\r3,4";
    for (std::string const header : {"id,name\r", "\xef\xbb\xbfid,name\n", "id,name\r\n"}) {
        f.out.clear();
        CHECK(f.run(predict_batches(client,
                                    options_with([&](auto& j) { j.max_rows = 1; }, f.job(header + rows))))
                  .rows == 3);
        std::string expected = "prediction\n";
        for (auto const* row : {"1,TV 27\" wide", "2,\"two\rlines\"", "3,4"})
            expected += practicus::mock::predict_row(row) + '\n';
        CHECK(f.out == expected);
    }
    for (auto const& [text, word] : {std::pair<std::string, char const*>{std::string("i\n1\0\n", 5), "NUL"},
                                     {std::string("i\0\n\0", 4), "UTF-16"}}) {
        auto const failed = f.failure(predict_batches(client, f.job(text)));
        CHECK(failed.code == errc::invalid_argument);
        CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring(word));
    }
}

TEST_CASE("batches: 20,000 rows through a region that fails at random")
{
    batches f;
    fail_often(f.server, "/models/", 71);
    auto const text = header + rows(0, 20'000);
    std::vector<std::size_t> limits;
    auto job = options_with([&](auto& j) { j.max_rows = 50; }, f.job(text));
    job.on_progress = [&](batch_progress const& p) { limits.push_back(p.limit); };
    auto const end = f.run(predict_batches(f.eager(), job));
    CHECK(end.rows == 20'000);
    CHECK(end.retries > 0);
    CHECK(f.out == predict_csv(text));
    CHECK(!limits.empty());
}

TEST_CASE("batches: a batch that fails for good ends the run, which says which rows")
{
    batches f;
    auto client = f.eager();
    using namespace practicus::mock;
    auto const url = f.add_model([](request const& r) {
        if (r.body.find("\n42,") == std::string::npos) return response(200, "text/csv", predict_csv(r.body));
        return response(400, "application/json", R"({"detail":"a bad row"})");
    });
    auto const text = header + rows(0, 200);
    auto const made = [&] {
        batch_job job(url, practicus::string_source(text), f.to(f.out));
        job.max_rows = 10;
        job.in_flight = 8;
        return job;
    };
    auto const failed = f.failure(predict_batches(client, made()));
    CHECK(failed.code == errc::bad_request);
    CHECK(failed.message == "rows 41 to 50");
    CHECK(failed.server_message == "a bad row");
    CHECK(f.out == predict_csv(header + rows(0, 40)));

    SECTION("or goes to a side file, and the run goes on")
    {
        f.out.clear();
        std::vector<std::uint64_t> told;
        auto job = options_with([&](auto& j) { j.rejected_rows = f.to(f.side); }, made());
        job.on_failed = [&](practicus::batch_failure const& b) {
            told.push_back(b.first_row);
            CHECK(b.rows == 10);
            CHECK(b.error.code == errc::bad_request);
        };
        auto const end = f.run(predict_batches(client, job));
        CHECK(told == std::vector<std::uint64_t>{40});
        CHECK(end.rows == 190);
        CHECK(end.failed_rows == 10);
        CHECK(f.side == header + rows(40, 50));
        CHECK(f.out == predict_csv(header + rows(0, 40) + rows(50, 200)));
    }
}

TEST_CASE("batches: a response with another number of rows is retried, and then an error")
{
    batches f;
    auto client = f.eager();
    auto const text = header + rows(0, 10);
    auto& once = f.server.expect("POST", call_path).reply(200, "prediction\n1\n", "text/csv");
    CHECK(f.run(predict_batches(client, f.job(text))).retries == 1);
    CHECK(f.out == predict_csv(text));
    f.out.clear();
    static_cast<void>(once);

    for (std::string const answer : {"prediction\n1\n", "", "prediction\n\"1\n"}) {
        f.server.expect("POST", call_path).reply(200, answer, "text/csv");
        auto const failed = f.failure(
            predict_batches(client, options_with([&](auto& j) { j.max_attempts = 1; }, f.job(text))));
        CHECK(failed.code == errc::row_count_mismatch);
        CHECK_THAT(failed.message, Catch::Matchers::StartsWith("rows 1 to 10: "));
        CHECK(failed.request == std::string("POST ") + call_path);
        CHECK(f.out.empty());
    }
}

namespace {

/// A model that answers each batch with another text.
batch_job answered_by(batches& f, practicus::mock::handler answer)
{
    batch_job job(f.add_model(std::move(answer)), practicus::string_source(header + rows(0, 4)), f.to(f.out));
    job.max_rows = 2;
    job.in_flight = 1;
    job.max_attempts = 1;
    job.rejected_rows = f.to(f.side);
    return job;
}

} // namespace

TEST_CASE("batches: a response that is no CSV is an error that quotes it, and not blamed on the rows")
{
    batches f;
    struct answer
    {
        std::string type, body, quoted;
    };
    // Two lines behind a header, as many as rows were sent: only the first two could be told by their number.
    auto const second = GENERATE(values<answer>(
        {{"text/csv", "p,id\n1,2\n3,4\n", "'p,id', not 'id,p'"},
         {"text/csv", "id,p,q\n1,2,3\n3,4,5\n", "'id,p,q', not 'id,p'"},
         {"text/csv", "id\n1\n3\n", "'id', not 'id,p'"},
         {"text/html", "<html><title>Sign in</title>\n<body>\n</html>\n", "text/html: Sign in"},
         {"text/csv", "<!DOCTYPE html>\n<title>Sign in</title>\n</html>\n", "text/csv: Sign in"},
         {"application/json", "{\n\"detail\": \"The model is loading.\"\n}\n",
          "application/json: The model is loading."},
         {"text/csv", "{\n\"detail\": \"The model is loading.\"\n}\n", "text/csv: The model is loading."},
         {"text/plain", "id,p\n1,2\n3,4\n", "text/plain: id,p"}}));
    bool const first = GENERATE(false, true);
    if (first ? second.quoted.starts_with("'") : second.body.starts_with("{")) return;
    std::atomic<int> calls = first ? 1 : 0;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        if (calls++ == 0) return practicus::mock::response(200, "text/csv", "id,p\n1,2\n3,4\n");
        return practicus::mock::response(200, second.type, second.body);
    });
    auto const failed = f.failure(predict_batches(f.eager(), job));
    CHECK(failed.code == errc::unexpected_response);
    CHECK(failed.status == 200);
    CHECK(failed.message.starts_with(first ? "rows 1 to 2: it" : "rows 3 to 4: it"));
    CHECK(failed.server_message == second.quoted);
    CHECK(f.out == (first ? "" : "id,p\n1,2\n3,4\n"));
    CHECK(f.side.empty());
}

TEST_CASE("batches: an error with a status of success is the fault of the rows, once others were answered")
{
    batches f;
    std::string const type = GENERATE("text/csv", "application/json");
    std::atomic<int> calls = 0;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        return calls++ == 0 ? practicus::mock::response(200, "text/csv", "p\n1\n2\n")
                            : practicus::mock::response(200, type, "{\n\"detail\": \"A bad row.\"\n}\n");
    });
    practicus::error_info why;
    job.on_failed = [&](practicus::batch_failure const& failed) { why = failed.error; };
    CHECK(f.run(predict_batches(f.eager(), job)).failed_rows == 2);
    CHECK(why.code == errc::row_count_mismatch);
    CHECK(why.server_message == type + ": A bad row.");
    CHECK(f.out == "p\n1\n2\n");
    CHECK(f.side == header + rows(2, 4));
}

TEST_CASE("batches: a response without a content type is judged by its lines")
{
    batches f;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        practicus::mock::response answer(200, "text/csv", "p\n1\n2\n");
        answer.headers.erase("Content-Type");
        return answer;
    });
    CHECK(f.run(predict_batches(f.eager(), job)).rows == 4);
    CHECK(f.out == "p\n1\n2\n1\n2\n");
}

TEST_CASE("batches: one line without a content type is no response to a header without rows")
{
    batches f;
    std::string line;
    auto const answer = [&](practicus::mock::request const&) {
        practicus::mock::response one(200, "text/csv", line + "\n");
        one.headers.erase("Content-Type");
        return one;
    };
    auto const url = answered_by(f, answer).url;
    auto const job = [&] { return batch_job(url, practicus::string_source(header), f.to(f.out)); };
    line = "no healthy upstream";
    auto const failed = f.failure(predict_batches(f.eager(), job()));
    CHECK(failed.code == errc::unexpected_response);
    CHECK(failed.message == "the header alone: it is no text/csv");
    CHECK(failed.server_message == "no content type: no healthy upstream");
    practicus::batch_mark written;
    written.header = "p";
    auto const other =
        f.failure(predict_batches(f.eager(), options_with([&](auto& j) { j.resume = written; }, job())));
    CHECK(other.code == errc::unexpected_response);
    CHECK(other.server_message == "'no healthy upstream', not 'p'");
    line = "p";
    CHECK(f.run(predict_batches(f.eager(), options_with([&](auto& j) { j.resume = written; }, job())))
              .batches == 1);
    CHECK(f.out.empty());
}

TEST_CASE("batches: a resumed run retries a response under another header than the results'")
{
    batches f;
    std::atomic<int> calls = 0;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        return practicus::mock::response(200, "text/csv", calls++ == 0 ? "q\n1\n2\n" : "p\n1\n2\n");
    });
    practicus::batch_mark half;
    half.rows = 2;
    half.header = "p";
    job.max_attempts = 2;
    job.resume = half;
    CHECK(f.run(predict_batches(f.eager(), job)).retries == 1);
    CHECK(f.out == "1\n2\n");
}

TEST_CASE("batches: a response under another header is retried: a model is being rolled out")
{
    batches f;
    std::atomic<int> calls = 0;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        return practicus::mock::response(200, "Text/CSV; charset=utf-8",
                                         calls++ == 1     ? "q\n1\n2\n"
                                         : calls % 2 == 0 ? "p\r\n1\r\n2\r\n"
                                                          : "p\n1\n2\n");
    });
    job.max_attempts = 2;
    CHECK(f.run(predict_batches(f.eager(), job)).retries == 1);
    CHECK(f.out == "p\n1\n2\n1\n2\n");
}

TEST_CASE("batches: responses are counted by the version of the model, and a run may insist on one")
{
    namespace mock = practicus::mock;
    batches f;
    mock::version stable(501, 1, mock::deployment("d", "D")), canary(502, 2, mock::deployment("e", "E"));
    stable.weight = canary.weight = 50;
    f.server.region().add(
        mock::model(50, "two", mock::prefix("models-practicus", "models/practicus"), {stable, canary}));
    auto client = f.eager();
    auto const text = header + rows(0, 200);
    auto const job = [&] {
        batch_job made(f.model("models/practicus/two"), practicus::string_source(text), f.to(f.out));
        made.max_rows = 10;
        return made;
    };
    using counts = std::map<std::string, std::uint64_t>;
    CHECK(f.run(predict_batches(client, job())).versions == counts{{"1", 10}, {"2", 10}});
    f.out.clear();
    auto insisting = job();
    insisting.model_version = "v2";
    insisting.max_attempts = 1;
    auto const end = f.run(predict_batches(client, insisting));
    CHECK(end.versions == counts{{"2", 20}});
    CHECK(end.retries > 0);
    CHECK(f.out == predict_csv(text));
    f.out.clear();
    auto hopeless = job();
    hopeless.model_version = "7";
    hopeless.retry_for = 20ms;
    auto const failed = f.failure(predict_batches(client, hopeless));
    CHECK(failed.code == errc::unexpected_response);
    CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring("only version '7' of the model"));
    CHECK_THAT(failed.server_message, Catch::Matchers::StartsWith("version '"));
    CHECK_FALSE(failed.origin.empty());
    CHECK(f.out.empty());
}

TEST_CASE("batches: what another version of the model responds decides nothing of the rows")
{
    batches f;
    std::atomic<int> calls = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (!r.target.starts_with("/models/") || r.method != "POST") return fault;
        fault.header("x-prt-model-version", "2");
        switch (calls.fetch_add(1) % 12) {
        case 0: return fault.reply(400, R"({"detail":"no"})");
        case 1: return fault.reply(413);
        case 3: return fault.reply(500);
        case 4: return fault.reply(404, R"({"error":{"message":"no","code":"c"}})");
        case 6: return fault.reply(200, "p\n1\n", "text/csv");
        case 7: return fault.reply(200, R"({"detail":"no"})");
        case 9: return fault.reply(200, "another\n", "text/csv");
        default: return practicus::mock::fault();
        }
    });
    auto const text = header + rows(0, 200);
    auto job = f.job(text);
    job.model_version = "1";
    job.max_attempts = 1;
    job.rejected_rows = f.to(f.side);
    auto const end = f.run(predict_batches(f.eager(), job));
    CHECK(end.failed_rows == 0);
    CHECK(end.batches == 20); // none in halves
    CHECK(end.retries > 10);
    CHECK(f.out == predict_csv(text));
    CHECK(f.side.empty());
    // Without a version, what a server in front refuses is refused.
    f.server.inject([](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        return r.method == "POST" && r.target.starts_with("/models/") ? fault.reply(400) : fault;
    });
    auto refused = f.job(text);
    refused.model_version = "1";
    CHECK(f.failure(predict_batches(f.eager(), refused)).code == errc::bad_request);
    // A result without one is no result, and may never name one.
    f.server.inject([](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        bool const is_batch = r.method == "POST" && r.target.starts_with("/models/");
        return is_batch ? fault.reply(200, "p\n1\n", "text/csv") : fault;
    });
    auto nameless = f.job(text);
    nameless.model_version = "1";
    nameless.max_attempts = 1;
    CHECK(f.failure(predict_batches(f.eager(), nameless)).code == errc::unexpected_response);
    // Nor has a refused token's version responded.
    std::atomic<int> refusals = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method == "POST" && r.target.starts_with("/models/"))
            return fault.header("x-prt-model-version", "2").reply(401, R"({"detail":"no"})");
        return r.target.find("model-auth") != r.target.npos && refusals++ != 0 ? fault.reply(403) : fault;
    });
    nameless = f.job(text);
    nameless.model_version = "1";
    nameless.retry_for = 0ms;
    CHECK(f.failure(predict_batches(f.eager(), nameless)).code == errc::forbidden);
}

TEST_CASE("batches: a model that is not there at first is retried a few times")
{
    batches f;
    std::atomic<int> calls = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        bool const is_lost = r.method == "POST" && r.target.starts_with("/models/") && calls++ < 8;
        return is_lost ? fault.reply(404, "<html>no route</html>", "text/html") : fault;
    });
    auto const text = header + rows(0, 200);
    auto const job = [&](std::size_t attempts) {
        auto made = f.job(text);
        made.max_attempts = attempts;
        return made;
    };
    CHECK(f.run(predict_batches(f.eager(), job(9))).retries == 8);
    CHECK(f.out == predict_csv(text));
    calls = 0;
    CHECK(f.failure(predict_batches(f.eager(), job(1))).code == errc::not_found);
}

TEST_CASE("batches: a large piece of the source is cut as it is needed")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    auto& clock = stopped_clock_of(client);
    std::string text = header;
    while (text.size() < 4 << 20)
        text += rows(0, 10'000);
    practicus::body_sink const sink = [&](std::string) -> asio::awaitable<void> {
        clock.advance(1s);
        co_return;
    };
    batch_job job(f.model(), practicus::string_source(text), sink);
    job.max_rows = 10;
    job.in_flight = 1;
    std::uint64_t read = 0;
    job.on_progress = [&](batch_progress const& p) {
        if (p.batches != 10) return;
        read = p.bytes_in;
        client.close();
    };
    ends e;
    asio::co_spawn(f.io, predict_batches(client, job), e.handler());
    poll_until(f.io, [&] { return e.closed == 1; });
    CHECK(read > 0);
    CHECK(read <= 64 * 1024);
}

TEST_CASE("batches: another response type is accepted if the job sets it")
{
    batches f;
    auto job = answered_by(f, [&](practicus::mock::request const&) {
        return practicus::mock::response(200, "text/plain", "p\n1\n2\n");
    });
    job.request_options.response_type("text/plain");
    f.run(predict_batches(f.eager(), job));
    CHECK(f.out == "p\n1\n2\n1\n2\n");
}

TEST_CASE("batches: a batch answered with 413 is sent in halves")
{
    batches f;
    using namespace practicus::mock;
    std::atomic<int> calls = 0;
    auto const small = [&](request const& r) {
        ++calls;
        return response(200, "text/csv", predict_csv(r.body));
    };
    auto const url = f.add_model(small, 400);
    std::string const giant = "100," + std::string(400, 'x') + ",\n";
    auto const text = header + rows(0, 100) + giant + rows(101, 200);
    batch_job job(url, practicus::string_source(text), f.to(f.out));
    job.max_rows = 64;
    job.rejected_rows = f.to(f.side);
    auto const end = f.run(predict_batches(f.eager(), job));
    CHECK(f.out == predict_csv(header + rows(0, 100) + rows(101, 200)));
    CHECK(f.side == header + giant);
    CHECK(end.rows == 199);
    CHECK(end.failed_rows == 1);
    // Sizes that were refused are not tried again.
    auto const sent = f.server.requests();
    auto const refused = std::count_if(sent.begin(), sent.end(), [](request const& r) {
        return r.method == "POST" && std::string_view(r.target).starts_with("/models/") &&
               r.body.size() > 400;
    });
    CHECK(refused <= 4 * 5 + 1);
    CHECK(calls < 40);

    f.out.clear();
    batch_job strict(url, practicus::string_source(text), f.to(f.out));
    strict.max_rows = 64;
    auto const failed = f.failure(predict_batches(f.eager(), strict));
    CHECK(failed.status == 413);
    CHECK(failed.message == "rows 101 to 101");
    CHECK(f.out == predict_csv(header + rows(0, 100)));
}

TEST_CASE("batches: no request is larger than a batch may be, its header line included")
{
    batches f;
    std::string const names = std::string(1000, 'h') + "\n";
    std::string text = names;
    for (int i = 0; i != 3000; ++i)
        text.append(1000, 'x').append("\n");
    batch_job job(f.model(), practicus::string_source(text), f.to(f.out));
    job.max_rows = 1'000'000;
    f.run(predict_batches(f.user(), job));
    std::size_t largest = 0;
    for (auto const& r : f.server.requests())
        if (r.method == "POST" && r.target == call_path) largest = std::max(largest, r.body.size());
    CHECK(largest <= 1024 * 1024);
    CHECK(largest > 1024 * 1024 - 2002);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: a batch is sent again as late as the server asks")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    auto& clock = stopped_clock_of(client);
    auto const before = f.server.count();
    int const refusals = GENERATE(1, 2);
    f.server.expect("POST", call_path).times(refusals).reply(429).header("Retry-After", "35");
    ends e;
    f.io.restart();
    asio::co_spawn(f.io, predict_batches(client, f.job(header + rows(0, 5))), e.handler());
    auto const begin = clock.now();
    while (e.served + e.other == 0) {
        // Time passes only while nothing is on its way, and slowly: a pause that is over is noticed with a
        // tick.
        for (int i = 0; i != 30; ++i)
            f.io.poll();
        poll_until(f.io, [&] { return client.stats().connections.idle == client.stats().connections.open; });
        REQUIRE(clock.now() - begin < 200s);
        clock.advance(5ms);
    }
    CHECK(clock.now() - begin >= 35s * refusals);
    CHECK(f.server.count() - before == static_cast<std::size_t>(refusals) + 1);
    CHECK(f.out == predict_csv(header + rows(0, 5)));
}

TEST_CASE("batches: a Retry-After beyond the patience ends the run at once")
{
    batches f;
    f.server.expect("POST", call_path).reply(503).header("Retry-After", "3600");
    auto const failed = f.failure(predict_batches(f.user(), f.job(header + rows(0, 5))));
    CHECK(failed.code == errc::unavailable);
    CHECK(failed.attempts == 1);
    CHECK(failed.retry_after == 1h);
}

TEST_CASE("batches: an answer that ends with its connection, in the middle of a line, is not taken")
{
    batches f;
    auto client = f.eager();
    auto const text = header + rows(0, 3);
    auto const whole = predict_csv(text);
    // The last row lacks digits: as many rows as were sent.
    f.server.expect("POST", call_path)
        .reply(200, whole.substr(0, whole.size() - 3), "text/csv")
        .until_close();
    CHECK(f.run(predict_batches(client, f.job(text))).retries == 1);
    CHECK(f.out == whole);
}

TEST_CASE("batches: an unterminated last line at the end of the connection is retried a few times")
{
    batches f;
    auto const text = header + rows(0, 3);
    auto const whole = predict_csv(text);
    auto const cut = whole.substr(0, whole.size() - 1);
    f.server.expect("POST", call_path).reply(200, cut, "text/csv").until_close();
    auto const failed = f.failure(
        predict_batches(f.eager(), options_with([&](auto& j) { j.max_attempts = 1; }, f.job(text))));
    CHECK(failed.code == errc::unexpected_response);
    // What is encoded says itself where it ends.
    practicus::content_encoding const gzip = practicus::content_encoding::gzip();
    std::string packed;
    practicus::detail::transcode(*gzip.encoder(), cut, true, packed, 1000);
    f.server.expect("POST", call_path)
        .reply(200, packed, "text/csv")
        .header("Content-Encoding", "gzip")
        .until_close();
    auto job = options_with([&](auto& j) { j.max_attempts = 1; }, f.job(text));
    job.request_options.encoding(gzip);
    CHECK(f.run(predict_batches(f.eager(), job)).retries == 0);
    CHECK(f.out == whole);
}

TEST_CASE("batches: a failure that concerns all rows ends the run, even with a file for rejected rows")
{
    batches f;
    auto const text = header + rows(0, 100);
    auto const refused = [&](practicus::client const& client, std::string const& url) {
        f.side.clear();
        batch_job job(url, practicus::string_source(text), f.to(f.out));
        job.max_rows = 10;
        job.rejected_rows = f.to(f.side);
        job.on_failed = [](practicus::batch_failure const&) { FAIL("the rows are not to blame"); };
        auto const failed = f.failure(predict_batches(client, job));
        CHECK(f.side.empty());
        CHECK(f.out.empty());
        return failed.code;
    };
    auto const wrong = f.client(options_as(practicus::credentials::password("admin@company.com", "wrong")));
    CHECK(refused(wrong, f.model()) == errc::login_refused);
    CHECK(refused(f.user(), f.model("models/practicus/no-such-model")) == errc::not_found);
    CHECK(refused(f.user(), "http://other.company.com/models/practicus/diamond-price/") ==
          errc::untrusted_origin);
}

TEST_CASE("batches: a failure of the console is never blamed on the rows")
{
    batches f;
    auto client = f.eager();
    auto const job = [&] {
        auto made = options_with(
            [&](auto& j) {
                j.retry_for = 0ms;
                j.rejected_rows = f.to(f.side);
            },
            f.job(header + rows(0, 100)));
        made.on_failed = [](practicus::batch_failure const&) { FAIL("the rows are not to blame"); };
        return made;
    };
    struct refusal
    {
        int status;
        errc code;
    };
    auto const [status, code] = GENERATE(values<refusal>({{400, errc::bad_request},
                                                          {413, errc::bad_request},
                                                          {500, errc::server_error},
                                                          {501, errc::server_error}}));
    // Before the first batch, and for the token after one that the model has refused.
    if (GENERATE(false, true)) {
        f.run(client.session_token(f.model()));
        f.server.expect("POST", call_path).reply(401, R"({"detail":"no"})");
    }
    f.server.expect("GET", "/console/api/modelhost/model-auth/").reply(status, R"({"detail":"no"})");
    auto const failed =
        f.failure(predict_batches(client, options_with([&](auto& j) { j.in_flight = 1; }, job())));
    CHECK(failed.code == code);
    CHECK(failed.message == "rows 1 to 10");
    CHECK(failed.request == "GET /console/api/modelhost/model-auth/");
    CHECK(f.side.empty());
    CHECK(f.out.empty());
}

TEST_CASE("batches: an unavailable region is waited for")
{
    batches f;
    auto client = f.eager();
    f.run(client.session_token(f.model()));
    auto& clock = stopped_clock_of(client);
    std::atomic<bool> away = true;
    std::atomic<int> refused = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method != "POST" || !away) return fault;
        ++refused;
        fault.reply(503);
        return fault;
    });
    auto const text = header + rows(0, 500);
    auto job = options_with([&](auto& j) { j.in_flight = 64; }, f.job(text));
    ends e;
    asio::co_spawn(f.io, predict_batches(client, job), e.handler());
    auto const begin = clock.now();
    // Quiet for the deadline service's sake: what can happen has happened before time passes.
    while (clock.now() - begin < 10min) {
        auto const before = refused.load();
        for (int i = 0; i != 300; ++i)
            f.io.poll();
        if (refused == before) clock.advance(2s);
        REQUIRE(e.other == 0);
    }
    away = false;
    poll_until(f.io, [&] {
        clock.advance(1ms);
        return e.served == 1;
    });
    CHECK(f.out == predict_csv(text));
}

namespace {

/// A region that answers 503 to batches with some row, and counts what it is asked. Time stands still.
struct failing : batches
{
    explicit failing(std::string row)
        : client(user()), clock(stopped_clock_of(client)), row_(std::move(row)),
          url_(add_model([this](practicus::mock::request const& r) {
              ++asked;
              if (fails && r.body.find(row_) != std::string::npos) return away();
              return practicus::mock::response(200, "text/csv", predict_csv(r.body));
          }))
    {
        run(client.session_token(url_));
    }

    batch_job job(std::string text, std::size_t in_flight)
    {
        batch_job made(url_, practicus::string_source(std::move(text)), to(out));
        made.max_rows = 1;
        made.in_flight = in_flight;
        return made;
    }

    practicus::mock::response away() const
    {
        practicus::mock::response answer(503, "text/plain", "away");
        if (asks_to_wait) answer.headers.set("Retry-After", "3");
        return answer;
    }

    /// Until nothing more happens while time stands still.
    void settle()
    {
        poll_until(io, [&] { return client.stats().connections.idle == client.stats().connections.open; });
        for (int i = 0; i != 1000; ++i)
            io.poll();
    }

    /// Lets time pass until the run has ended.
    void pass(ends const& e)
    {
        poll_until(io, [&] {
            clock.advance(10ms);
            return e.served + e.other == 1;
        });
        CHECK(e.served == 1);
    }

    std::atomic<bool> fails = true;
    std::atomic<bool> asks_to_wait = false;
    std::atomic<int> asked = 0;
    practicus::client client;
    practicus::detail::clock& clock;

private:
    std::string row_;
    std::string url_;
};

} // namespace

TEST_CASE("batches: a batch that waits for its next try holds no place of the others")
{
    failing f("\n0,");
    f.asks_to_wait = GENERATE(false, true);
    practicus::mock::gate gate;
    std::atomic<bool> is_first = true;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method == "POST" && is_first.exchange(false)) fault.hold(gate);
        return fault;
    });
    auto const text = header + rows(0, 30);
    auto job = f.job(text, 4);
    auto const first = header + rows(0, 1);
    int piece = 0;
    job.source = [&]() -> asio::awaitable<std::string> {
        if (piece++ == 0) co_return first;
        while (gate.waiting() == 0 && piece == 2)
            co_await asio::post(asio::use_awaitable);
        co_return piece == 2 ? text.substr(first.size()) : "";
    };
    ends e;
    asio::co_spawn(f.io, predict_batches(f.client, std::move(job)), e.handler());
    // A server that asks to wait before it has answered another batch is asked nothing more.
    poll_until(f.io, [&] {
        auto const now = f.client.stats();
        return gate.waiting() == 1 && f.asked >= 3 && now.connections.idle + 1 == now.connections.open;
    });
    gate.open();
    // Four that are answered out of turn, beside the one that waits.
    poll_until(f.io, [&] { return f.asked == 5; });
    f.settle();
    CHECK(f.asked == 5);
    CHECK(f.out.empty());
    f.fails = false;
    f.pass(e);
    CHECK(f.asked == 31);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: patience does not end while a batch waits for a place and others are answered")
{
    failing f("\n0,");
    practicus::mock::gate gate;
    std::atomic<int> sent = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method == "POST" && ++sent == 2) fault.hold(gate);
        return fault;
    });
    auto const text = header + rows(0, 3);
    ends e;
    asio::co_spawn(
        f.io, predict_batches(f.client, options_with([&](auto& j) { j.retry_for = 2s; }, f.job(text, 1))),
        e.handler());
    poll_until(f.io, [&] { return gate.waiting() == 1; });
    f.clock.advance(3s);
    gate.open();
    poll_until(f.io, [&] { return f.asked == 3; });
    f.settle();
    CHECK(e.other == 0);
    f.fails = false;
    f.pass(e);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: no more than twice as many are held as may be on their way, also if all fail")
{
    failing f("\"very");
    auto const text = header + rows(0, 30);
    ends e;
    asio::co_spawn(f.io, predict_batches(f.client, f.job(text, 3)), e.handler());
    poll_until(f.io, [&] { return f.asked == 6; });
    f.settle();
    CHECK(f.asked == 6);
    f.fails = false;
    f.pass(e);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: no batch is sent to a server that asks to wait")
{
    failing f("\"very");
    f.asks_to_wait = true;
    auto const text = header + rows(0, 30);
    ends e;
    asio::co_spawn(f.io, predict_batches(f.client, f.job(text, 3)), e.handler());
    poll_until(f.io, [&] { return f.asked != 0; });
    f.settle();
    // Those that were on their way already.
    CHECK(f.asked <= 3);
    f.fails = false;
    poll_until(f.io, [&] {
        f.clock.advance(10ms);
        return e.served == 1;
    });
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: the progress has the reason while batches wait")
{
    failing f("\n0,");
    auto const text = header + rows(0, 5);
    std::vector<batch_progress> told;
    auto job = f.job(text, 4);
    job.on_progress = [&](batch_progress const& p) { told.push_back(p); };
    ends e;
    asio::co_spawn(f.io, predict_batches(f.client, job), e.handler());
    poll_until(f.io, [&] {
        f.clock.advance(10ms);
        if (!told.empty() && told.back().last_error) f.fails = false;
        return e.served == 1;
    });
    auto const waiting =
        std::find_if(told.begin(), told.end(), [](batch_progress const& p) { return p.waiting != 0; });
    REQUIRE(waiting != told.end());
    CHECK(waiting->waiting == 1);
    REQUIRE(waiting->last_error);
    CHECK(waiting->last_error->code == errc::unavailable);
    CHECK(waiting->last_error->status == 503);
    CHECK(told.back().waiting == 0);
    CHECK_FALSE(told.back().last_error);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: an unavailable region is waited for as long as retry_for allows")
{
    batches f;
    auto client = f.eager();
    f.run(client.session_token(f.model()));
    f.server.expect("POST", call_path).reply(503);
    auto failed = f.failure(predict_batches(
        client, options_with([&](auto& j) { j.retry_for = 0ms; }, f.job(header + rows(0, 5)))));
    CHECK(failed.code == errc::unavailable);
    CHECK(failed.attempts == 1);
    f.server.expect("POST", call_path).times(2).reply(500);
    failed = f.failure(predict_batches(
        client, options_with([&](auto& j) { j.max_attempts = 2; }, f.job(header + rows(0, 5)))));
    CHECK(failed.code == errc::server_error);
    CHECK(failed.attempts == 2);
    CHECK(f.out.empty());
}

TEST_CASE("batches: each try after a pause is announced and counted as a retry of a call is")
{
    batches f;
    std::vector<practicus::events::retried> told;
    std::string origin, request;
    practicus::client_options options;
    options.retry.initial_backoff = 1ms;
    options.observer = [&](practicus::event const& e) {
        auto const* const again = std::get_if<practicus::events::retried>(&e);
        if (again == nullptr) return;
        told.push_back(*again);
        origin = again->origin;
        request = again->request;
    };
    auto client = f.user(options);
    f.server.expect("POST", call_path).times(3).reply(503);
    f.server.expect("POST", call_path).reply(200, "p\n1\n", "text/csv");
    f.run(predict_batches(client, f.job(header + rows(0, 5))));
    REQUIRE(told.size() == 4);
    CHECK(told[3].attempts == 4);
    CHECK(told[3].status == 200);
    CHECK(told[3].error == errc::row_count_mismatch);
    for (unsigned i = 0; i != 3; ++i) {
        CHECK(told[i].attempts == i + 1);
        CHECK(told[i].status == 503);
        CHECK_FALSE(told[i].error);
        CHECK(told[i].pause > 0ns);
    }
    CHECK(origin == f.server.url());
    CHECK(request == std::string("POST ") + call_path);
    CHECK(client.stats().retries == 4);
}

TEST_CASE("batches: a job runs once, for its source is read by then")
{
    batches f;
    auto client = f.user();
    auto const text = header + rows(0, 20);
    f.server.expect("POST", call_path).reply(400);
    auto const job = f.job(text);
    CHECK(f.failure(predict_batches(client, job)).code == errc::bad_request);
    auto const out = f.out;
    for (auto const& again : {job, options_with([&](auto& j) { j.max_rows = 5; }, batch_job(job))}) {
        auto const failed = f.failure(predict_batches(client, again));
        CHECK(failed.code == errc::invalid_argument);
        CHECK_THAT(failed.message, Catch::Matchers::StartsWith("batch_job runs once"));
    }
    CHECK(f.out == out);
}

TEST_CASE("batches: a source that fails or is slow holds nothing back")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    std::deque<std::string> pieces{header + rows(0, 20), rows(20, 40)};
    bool opened = false;
    asio::steady_timer gate(f.io, asio::steady_timer::time_point::max());
    auto const next = [&]() -> asio::awaitable<std::string> {
        if (pieces.empty()) {
            opened = true;
            try {
                co_await gate.async_wait(asio::use_awaitable);
            } catch (boost::system::system_error const&) {
            }
            throw std::runtime_error("the source's own error");
        }
        auto piece = std::move(pieces.front());
        pieces.pop_front();
        co_return piece;
    };
    batch_job job(f.model(), next, f.to(f.out));
    job.max_rows = 10;
    std::string failed;
    bool ended = false;
    asio::co_spawn(f.io, predict_batches(client, job), [&](std::exception_ptr e, batch_progress const&) {
        ended = true;
        try {
            if (e) std::rethrow_exception(e);
        } catch (std::runtime_error const& own) {
            failed = own.what();
        }
    });
    // All that was read is there, though the source has not gone on.
    auto const whole = predict_csv(header + rows(0, 40));
    poll_until(f.io, [&] { return opened && f.out == whole; });
    CHECK_FALSE(ended);
    gate.cancel();
    poll_until(f.io, [&] { return ended; });
    CHECK_THAT(failed, Catch::Matchers::ContainsSubstring("the source's own error"));
    CHECK(f.out == whole);
}

TEST_CASE("batches: a stray quote at the end of the text loses nothing before it")
{
    batches f;
    auto const text = header + rows(0, 25);
    auto const failed = f.failure(predict_batches(f.user(), f.job(text + "\"")));
    CHECK(failed.code == errc::invalid_argument);
    CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring("never closed"));
    CHECK(f.out == predict_csv(header + rows(0, 20)));
}

TEST_CASE("batches: the run's deadline holds while the source is waited for")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    auto& clock = stopped_clock_of(client);
    bool asked = false;
    asio::steady_timer never(f.io, asio::steady_timer::time_point::max());
    auto const source = [&]() -> asio::awaitable<std::string> {
        asked = true;
        co_await never.async_wait(asio::use_awaitable);
        co_return std::string();
    };
    batch_job const job(f.model(), source, f.to(f.out));
    auto const hurried = client.with(practicus::call_options().timeout(10s));
    std::optional<practicus::error_info> failed;
    asio::co_spawn(f.io, predict_batches(hurried, job), [&](std::exception_ptr e, batch_progress const&) {
        try {
            if (e) std::rethrow_exception(e);
        } catch (practicus::error const& why) {
            failed = why.info();
        }
    });
    poll_until(f.io, [&] { return asked; });
    poll_until(f.io, [&] {
        clock.advance(1s);
        return failed.has_value();
    });
    CHECK(failed->code == errc::deadline_exceeded);
    f.io.run();
}

TEST_CASE("batches: a slow sink is waited for, and no more is read meanwhile")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    int read = 0;
    auto const endless = [&read]() -> asio::awaitable<std::string> {
        auto const i = read++;
        co_return i == 0 ? header : rows(i, i + 1);
    };
    bool stuck = false;
    asio::steady_timer gate(f.io, asio::steady_timer::time_point::max());
    auto const sink = [&](std::string) -> asio::awaitable<void> {
        stuck = true;
        co_await gate.async_wait(asio::use_awaitable);
    };
    asio::cancellation_signal signal;
    ends e;
    batch_job job(f.model(), endless, sink);
    job.max_rows = 1;
    job.in_flight = 4;
    asio::co_spawn(f.io, predict_batches(client, job),
                   asio::bind_cancellation_slot(signal.slot(), e.handler()));
    poll_until(f.io,
               [&] { return stuck && client.stats().connections.idle == client.stats().connections.open; });
    for (int i = 0; i != 1000; ++i)
        f.io.poll();
    // Four on their way or waiting for their turn, one that was just taken, one ahead, and the header.
    CHECK(read <= 8);
    signal.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] { return e.aborted + e.other == 1; });
}

TEST_CASE("batches: on several threads, with a source that suspends, and overload")
{
    batches f;
    std::atomic<int> calls = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method == "POST" && std::string_view(r.target).starts_with("/models/") &&
            calls.fetch_add(1) % 13 == 5)
            fault.reply(429).header("Retry-After", "0");
        return fault;
    });
    asio::thread_pool pool(3);
    practicus::client client(pool.get_executor(), f.server.url(), options_with([&](auto& o) {
                                 o.credentials = fixture::password();
                                 o.retry.initial_backoff = 1ms;
                             }));
    auto const text = header + rows(0, 3000);
    std::size_t given = 0;
    auto const source = [&]() -> asio::awaitable<std::string> {
        co_await asio::post(asio::use_awaitable);
        auto piece = text.substr(given, 501);
        given += piece.size();
        co_return piece;
    };
    batch_job job(f.model(), source, f.to(f.out));
    job.max_rows = 10;
    job.in_flight = 16;
    std::atomic<int> told = 0;
    job.on_progress = [&](batch_progress const&) { ++told; };
    ends e;
    asio::co_spawn(pool, predict_batches(client, job), e.handler());
    pool.join();
    CHECK(e.served == 1);
    CHECK(told > 0);
    CHECK(f.out == predict_csv(text));
}

TEST_CASE("batches: a run is resumed at each of its marks, with rows that were refused")
{
    batches f;
    auto client = f.eager();
    using namespace practicus::mock;
    auto const url = f.add_model([](request const& r) {
        if (r.body.find("0,\"very") == std::string::npos)
            return response(200, "text/csv", predict_csv(r.body));
        return response(400, "application/json", R"({"detail":"a bad row"})");
    });
    auto const text = header + rows(1, 60);
    struct state
    {
        practicus::batch_mark mark;
        std::string out, side;
    };
    std::vector<state> marks(1);
    std::size_t batch = 2;
    auto const run = [&](state const& from) {
        f.out = from.out;
        f.side = from.side;
        batch_job job(url, practicus::string_source(text), f.to(f.out));
        job.max_rows = batch;
        job.rejected_rows = f.to(f.side);
        job.resume = from.mark;
        job.on_mark = [&, first = from.mark.rows == 0](practicus::batch_mark const& m) {
            if (first) marks.push_back({m, f.out, f.side});
        };
        auto const end = f.run(predict_batches(client, job));
        CHECK(end.rows + end.failed_rows == 59);
    };
    run(marks.front());
    auto const whole = marks.back();
    REQUIRE(marks.size() == 31);
    CHECK(whole.side == header + rows(9, 11) + rows(19, 21) + rows(29, 31) + rows(39, 41) + rows(49, 51));
    CHECK(whole.mark.header == predict_csv("h\n").substr(0, predict_csv("h\n").find('\n')));
    auto const at = std::vector<state>(marks.begin() + 1, marks.end());
    for (auto const& from : at) {
        run(from);
        CHECK(f.out == whole.out);
        CHECK(f.side == whole.side);
    }
    // Other batches may refuse other rows, but each row goes to one place.
    batch = 7;
    run(at[3]);
    CHECK(f.out.starts_with(at[3].out));
    CHECK(f.side.starts_with(at[3].side));
}

TEST_CASE("batches: a run of another source is noticed before anything is written")
{
    batches f;
    auto client = f.user();
    auto const text = header + rows(0, 20);
    practicus::batch_mark half;
    auto job = options_with([&](auto& j) { j.max_rows = 5; }, f.job(text));
    job.on_mark = [&](practicus::batch_mark const& m) {
        if (m.rows == 10) half = m;
    };
    CHECK(f.run(predict_batches(client, job)).rows == 20);
    f.out.clear();
    for (auto const& [other, why] :
         {std::pair{header + rows(1, 21), "its first 10 rows, or its header line, are others"},
          {"carat,cut,other\n" + rows(0, 20), "its first 10 rows, or its header line, are others"},
          {header + rows(0, 9), "9 rows, fewer than the 10"}}) {
        auto const failed = f.failure(predict_batches(client, options_with(
                                                                  [&](auto& j) {
                                                                      j.max_rows = 5;
                                                                      j.resume = half;
                                                                  },
                                                                  f.job(other))));
        CHECK(failed.code == errc::invalid_argument);
        CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring(why));
        CHECK(f.out.empty());
    }
    CHECK(f.run(predict_batches(client, options_with(
                                            [&](auto& j) {
                                                j.max_rows = 3;
                                                j.resume = half;
                                            },
                                            f.job(header + "\n" + rows(0, 25)))))
              .rows == 25);
}

TEST_CASE("batches: a run with results under another header is not resumed")
{
    batches f;
    auto client = f.user();
    auto const text = header + rows(0, 20);
    auto const whole = predict_csv(text);
    practicus::batch_mark half;
    half.rows = 10;
    half.header = whole.substr(0, whole.find('\n'));
    CHECK(f.run(predict_batches(client, options_with([&](auto& j) { j.resume = half; }, f.job(text)))).rows ==
          20);
    f.out.clear();
    // Neither is the beginning of the name the name.
    for (auto const* old : {"prediction_old", "pred"}) {
        half.header = old;
        auto const failed = f.failure(predict_batches(client, options_with(
                                                                  [&](auto& j) {
                                                                      j.max_attempts = 1;
                                                                      j.resume = half;
                                                                  },
                                                                  f.job(text))));
        CHECK(failed.code == errc::unexpected_response);
        CHECK_THAT(failed.message, Catch::Matchers::ContainsSubstring("another header line"));
        CHECK(failed.server_message == "'prediction', not '" + std::string(old) + '\'');
        CHECK(f.out.empty());
    }
}

TEST_CASE("batches: no more is read than may be on its way, and cancelling ends all of it")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    practicus::mock::gate never;
    f.server.expect("POST", call_path).always().hold(never);
    int read = 0;
    practicus::body_source const endless = [&read]() -> asio::awaitable<std::string> {
        auto const i = read++;
        return [](int n) -> asio::awaitable<std::string> { co_return n == 0 ? header : rows(n, n + 1); }(i);
    };
    batch_job job(f.model(), endless, f.to(f.out));
    job.max_rows = 1;
    job.in_flight = 3;
    asio::cancellation_signal signal;
    ends e;
    asio::co_spawn(f.io, predict_batches(client, job),
                   asio::bind_cancellation_slot(signal.slot(), e.handler()));
    poll_until(f.io, [&] { return never.waiting() == 3; });
    CHECK(read <= 5);
    signal.emit(asio::cancellation_type::terminal);
    poll_until(f.io, [&] {
        return e.aborted == 1 && client.stats().connections.open == client.stats().connections.idle;
    });
    never.open();
}

TEST_CASE("batches: a client that is closed ends the run")
{
    batches f;
    auto client = f.user();
    practicus::mock::gate never;
    f.server.expect("POST", call_path).always().hold(never);
    ends e;
    asio::co_spawn(f.io, predict_batches(client, f.job(header + rows(0, 100))), e.handler());
    poll_until(f.io, [&] { return never.waiting() >= 1; });
    client.close();
    poll_until(f.io, [&] { return e.closed == 1; });
    never.open();
}

namespace {

struct own_exception
{
    int number = 0;
};

/// Runs batches with a source that refers to this frame, and is suspended in a wait of its own when the run
/// ends. `open` is told of the suspension; `outlived` whether it lasted longer than the run.
asio::awaitable<void> run_with_own_source(practicus::client client, practicus::model_url url,
                                          practicus::body_sink sink, bool& open, bool& outlived)
{
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    std::atomic<bool> suspended = false;
    int given = 0;
    practicus::body_source const source = [&]() -> asio::awaitable<std::string> {
        if (given++ == 0) co_return header + rows(0, 20);
        suspended = open = true;
        co_await asio::this_coro::throw_if_cancelled(false);
        boost::system::error_code code;
        auto waiting = never.async_wait(asio::redirect_error(asio::use_awaitable, code));
        co_await std::move(waiting);
        for (int i = 0; i != 10; ++i)
            co_await asio::post(asio::use_awaitable);
        suspended = false;
        co_return std::string();
    };
    batch_job job(url, source, std::move(sink));
    job.max_rows = 10;
    job.in_flight = 2;
    std::exception_ptr failed;
    try {
        co_await predict_batches(client, job);
    } catch (...) {
        failed = std::current_exception();
    }
    outlived = suspended;
    if (failed) std::rethrow_exception(failed);
}

} // namespace

TEST_CASE("batches: a run ends after its source, for any reason of its end")
{
    batches f;
    bool const cancelled = GENERATE(false, true);
    bool const refused = !cancelled && GENERATE(false, true);
    bool const elsewhere = GENERATE(false, true);
    asio::thread_pool pool(2);
    practicus::client client(elsewhere ? asio::any_io_executor(pool.get_executor()) : f.io.get_executor(),
                             f.server.url(), options_as(fixture::password()));
    f.run(client.session_token(f.model()));
    practicus::mock::gate gate;
    // The source is asked for more before the first batch is answered.
    // The run may end before its second batch is sent.
    f.server.expect("POST", call_path).always().hold(gate).reply(refused ? 400 : 200);
    practicus::body_sink const full = [](std::string) -> asio::awaitable<void> { throw own_exception{7}; };
    bool open = false, outlived = true;
    asio::cancellation_signal signal;
    std::exception_ptr failed;
    asio::co_spawn(
        f.io, run_with_own_source(client, f.model(), full, open, outlived),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { failed = std::move(e); }));
    poll_until(f.io, [&] { return gate.waiting() != 0 && client.stats().connections.waiting == 0; });
    if (!elsewhere) poll_until(f.io, [&] { return open; });
    if (cancelled)
        signal.emit(asio::cancellation_type::terminal);
    else
        gate.open();
    poll_until(f.io, [&] { return failed != nullptr; });
    CHECK_FALSE(outlived);
    gate.open();
    pool.join();
}

TEST_CASE("batches: an exception of the caller's functions ends the run unchanged")
{
    batches f;
    bool const elsewhere = GENERATE(false, true);
    asio::thread_pool pool(1);
    practicus::client client(elsewhere ? asio::any_io_executor(pool.get_executor()) : f.io.get_executor(),
                             f.server.url(), options_as(fixture::password()));
    auto const text = header + rows(0, 20);
    practicus::body_source const bad_source = []() -> asio::awaitable<std::string> {
        throw own_exception{1};
    };
    practicus::body_sink const bad_sink = [](std::string) -> asio::awaitable<void> {
        throw own_exception{2};
    };
    batch_job bad_progress = f.job(text), bad_failed = f.job(text), bad_side = f.job(text);
    bad_progress.on_progress = [](batch_progress const&) { throw own_exception{3}; };
    bad_failed.on_failed = [](practicus::batch_failure const&) { throw own_exception{4}; };
    bad_side.rejected_rows = bad_sink;
    auto const thrown = [&](batch_job const& job) {
        try {
            f.run(predict_batches(client, job));
        } catch (own_exception const& e) {
            return e.number;
        }
        return 0;
    };
    CHECK(thrown(batch_job(f.model(), bad_source, f.to(f.out))) == 1);
    CHECK(thrown(batch_job(f.model(), practicus::string_source(text), bad_sink)) == 2);
    CHECK(thrown(bad_progress) == 3);
    f.server.expect("POST", call_path).always().reply(400);
    CHECK(thrown(bad_failed) == 4);
    CHECK(thrown(bad_side) == 2);
    pool.join();
}

TEST_CASE("batches: a context that is destroyed in the middle leaves nothing behind")
{
    batches f;
    practicus::mock::gate never;
    f.server.expect("POST", call_path).always().hold(never);
    {
        asio::io_context io;
        practicus::client client(io.get_executor(), f.server.url(), options_as(fixture::password()));
        asio::co_spawn(io, predict_batches(client, f.job(header + rows(0, 100))), asio::detached);
        poll_until(io, [&] { return never.waiting() >= 1; });
    }
    never.open();
}

TEST_CASE("batches: the number on their way grows, and falls when the region has too much to do")
{
    batches f;
    auto client = f.eager();
    f.run(client.session_token(f.model()));
    std::atomic<int> calls = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        auto const n = r.method == "POST" ? calls.fetch_add(1) : 0;
        if (n >= 200 && n < 220) fault.reply(429);
        fault.delay(5ms);
        return fault;
    });
    auto& clock = stopped_clock_of(client);
    // A fifth of a second a batch: each is told of.
    auto const sink = [&](std::string piece) -> asio::awaitable<void> {
        f.out += piece;
        clock.advance(200ms);
        co_return;
    };
    std::vector<std::size_t> limits;
    batch_job job(f.model(), practicus::string_source(header + rows(0, 4000)), sink);
    job.max_rows = 5;
    job.in_flight = 32;
    job.on_progress = [&](batch_progress const& p) {
        CHECK(p.in_flight <= 32);
        limits.push_back(p.limit);
    };
    ends e;
    asio::co_spawn(f.io, predict_batches(client, job), e.handler());
    poll_until(f.io, [&] {
        clock.advance(1ms);
        return e.served == 1;
    });
    CHECK(f.out == predict_csv(header + rows(0, 4000)));
    // How far it rises, and whether more before it falls or after, depends on how busy this machine is.
    CHECK(*std::max_element(limits.begin(), limits.end()) > 4);
    std::size_t most = 0;
    auto const fallen = std::find_if(limits.begin(), limits.end(), [&](std::size_t limit) {
        most = std::max(most, limit);
        return limit <= most / 2;
    });
    CHECK(fallen != limits.end());
}

TEST_CASE("batches: the time that is left is that of the rows that are left")
{
    batches f;
    auto client = f.user();
    f.run(client.session_token(f.model()));
    auto& clock = stopped_clock_of(client);
    auto const text = header + rows(0, 1000);
    auto const sink = [&](std::string) -> asio::awaitable<void> {
        clock.advance(1s);
        co_return;
    };
    batch_job job(f.model(), practicus::string_source(text), sink);
    std::vector<double> left;
    std::uint64_t done = 0;
    practicus::batch_mark before;
    before.rows = 900;
    job.max_rows = 1;
    job.in_flight = 1;
    job.total_bytes = text.size();
    job.resume = before;
    job.on_progress = [&](batch_progress const& p) {
        CHECK(p.bytes_done >= done);
        done = p.bytes_done;
        if (p.rows == 950) CHECK(done == header.size() + rows(0, 950).size());
        if (p.left.count() >= 0) left.push_back(std::chrono::duration<double>(p.left).count());
    };
    ends e;
    asio::co_spawn(f.io, predict_batches(client, job), e.handler());
    poll_until(f.io, [&] { return e.served == 1; });
    REQUIRE(left.size() > 50);
    CHECK(left[10] > 60);
    CHECK(left[10] < 120);
    CHECK(left.back() < 2);
}
