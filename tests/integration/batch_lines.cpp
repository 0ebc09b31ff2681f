// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Batches of JSON Lines against the mock's OpenAI endpoints: as many lines in output and rejected rows as in
// the input, in its order, whatever happens.

#include "fixture.hpp"
#include "frequent_failures.hpp"
#include "temporary_folder.hpp"

#include <practicus/batch.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/mock/openai.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using practicus::batch_job;
using practicus::errc;
using practicus::json_lines_options;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

asio::awaitable<void> append_lines(std::string& to, std::string piece)
{
    to += piece;
    co_return;
}

std::vector<json::value> parsed_lines(std::string const& text)
{
    std::vector<json::value> all;
    for (std::size_t at = 0; at != text.size();) {
        auto const end = text.find('\n', at);
        REQUIRE(end != text.npos);
        all.push_back(json::parse(text.substr(at, end - at)));
        at = end + 1;
    }
    return all;
}

std::string chat_line(int i)
{
    return R"({"model":"assistant","messages":[{"role":"user","content":"number )" + std::to_string(i) +
           "\"}]}\n";
}

std::string batch_line(int i, std::string const& body)
{
    return R"({"custom_id":"id-)" + std::to_string(i) +
           R"(","method":"POST","url":"/v1/chat/completions","body":)" + body.substr(0, body.size() - 1) +
           "}\n";
}

std::string input_line(int i)
{
    return R"({"model":"assistant","input":"text )" + std::to_string(i) + "\"}\n";
}

struct line_batches : fixture
{
    batch_job job(std::string text, json_lines_options how)
    {
        batch_job made(model("llm/assistant"), practicus::string_source(std::move(text)),
                       [this](std::string piece) { return append_lines(out, std::move(piece)); });
        made.json_lines = std::move(how);
        made.in_flight = 8;
        return made;
    }

    void keep_rejected(batch_job& job)
    {
        job.rejected_rows = [this](std::string piece) { return append_lines(side, std::move(piece)); };
    }

    practicus::client eager()
    {
        return user(options_with([&](auto& o) { o.retry.initial_backoff = 1ms; }));
    }

    static json_lines_options to(std::string path, std::size_t pack = 1)
    {
        json_lines_options how;
        how.path = std::move(path);
        how.pack = pack;
        return how;
    }

    static json_lines_options openai()
    {
        json_lines_options how;
        how.openai = true;
        return how;
    }

    std::string out;
    std::string side;
};

} // namespace

TEST_CASE("JSON lines: chats in the order of their lines, through a region that fails at random")
{
    line_batches f;
    fail_often(f.server, "/llm/", 61, "1");
    std::string text;
    for (int i = 0; i != 1000; ++i)
        text += chat_line(i);
    auto const end = f.run(predict_batches(f.eager(), f.job(text, f.to("chat/completions"))));
    CHECK(end.rows == 1000);
    CHECK(end.batches == 1000);
    CHECK(end.retries > 0);
    CHECK(end.bytes_done == text.size());
    auto const lines = parsed_lines(f.out);
    REQUIRE(lines.size() == 1000);
    bool in_order = true;
    for (std::size_t i = 0; i != lines.size(); ++i)
        in_order = in_order && lines[i].at("choices").at(0).at("message").at("content") ==
                                   json::value("number " + std::to_string(i));
    CHECK(in_order);
}

TEST_CASE("JSON lines: each line goes to the model's url if there is no path")
{
    line_batches f;
    auto text = chat_line(0) + chat_line(1);
    text.replace(text.find('\n'), 1, "\r\n").pop_back();
    CHECK(f.run(predict_batches(f.user(), f.job(text, f.to("")))).rows == 2);
    CHECK(f.server.requests().back().target == "/llm/assistant/");
    CHECK(f.server.requests().back().headers["content-type"] == "application/json");
    CHECK(parsed_lines(f.out).size() == 2);
    CHECK(f.run(predict_batches(f.user(), f.job("", f.to("")))).rows == 0);
}

TEST_CASE("JSON lines: OpenAI's form keeps each id, and refused lines have the form of its error file")
{
    line_batches f;
    auto client = f.eager();
    std::string const no_model = "{\"messages\":[]}\n";
    auto const text = batch_line(0, chat_line(0)) + batch_line(1, no_model) + "no JSON\n" +
                      batch_line(3, chat_line(3)) + batch_line(0, chat_line(4));
    auto job = f.job(text, f.openai());
    f.keep_rejected(job);
    std::vector<std::uint64_t> failed;
    job.on_failed = [&](practicus::batch_failure const& b) { failed.push_back(b.first_row); };
    auto const end = f.run(predict_batches(client, job));
    CHECK(end.rows == 2);
    CHECK(end.failed_rows == 3);
    CHECK(failed == std::vector<std::uint64_t>{1, 2, 4});
    auto const out = parsed_lines(f.out), side = parsed_lines(f.side);
    REQUIRE(out.size() == 2);
    CHECK(out[0].at("custom_id") == "id-0");
    CHECK(out[1].at("custom_id") == "id-3");
    CHECK(out[1].at("response").at("status_code") == 200);
    CHECK(out[1].at("response").at("body").at("choices").at(0).at("message").at("content") == "number 3");
    CHECK(out[1].at("error").is_null());
    REQUIRE(side.size() == 3);
    CHECK(side[0].at("custom_id") == "id-1");
    CHECK(side[0].at("response").at("status_code") == 400);
    CHECK(side[0].at("response").at("body").at("error").at("message") ==
          "you must provide a model parameter");
    CHECK(side[1].at("error").at("code") == "invalid_json_line");
    CHECK(side[2].at("error").at("code") == "duplicate_custom_id");

    // A model that is not there is the fault of its line, once others were answered.
    auto lost = f.job(chat_line(0) + "{\"model\":\"none\",\"messages\":[]}\n" + chat_line(2),
                      f.to("chat/completions"));
    f.side.clear();
    f.keep_rejected(lost);
    lost.in_flight = 1;
    CHECK(f.run(predict_batches(client, lost)).rows == 2);
    CHECK(parsed_lines(f.side).at(0).at("model") == "none");

    // The first line as well: it is tried again behind the others.
    auto const all = "{\"model\":\"none\",\"messages\":[]}\n" + chat_line(1) + chat_line(2);
    auto lost_first = f.job(all, f.to("chat/completions"));
    f.keep_rejected(lost_first);
    CHECK(f.run(predict_batches(client, lost_first)).failed_rows == 1);
    CHECK(parsed_lines(f.side).size() == 2);

    // Without a place for them, the first ends the run; what is before it is written.
    f.out.clear();
    auto const ended = f.failure(predict_batches(client, f.job(text, f.openai())));
    CHECK(ended.code == errc::bad_request);
    CHECK(ended.message == "lines 2 to 2");
    CHECK(parsed_lines(f.out).size() == 1);
    auto const broken = f.failure(predict_batches(client, f.job("\n{}", f.to(""))));
    CHECK(broken.code == errc::invalid_argument);
    CHECK(broken.message == "lines 1 to 1: it is blank; remove it");
}

TEST_CASE("JSON lines: inputs are packed into requests for embeddings")
{
    line_batches f;
    auto client = f.eager();
    std::string text;
    for (int i = 0; i != 100; ++i)
        text += input_line(i);
    f.run(predict_batches(client, f.job(text, f.to("embeddings"))));
    auto const alone = parsed_lines(std::exchange(f.out, {}));
    auto const tokens = [](std::vector<json::value> const& lines) {
        std::int64_t all = 0;
        for (auto const& line : lines)
            all += line.at("usage").at("total_tokens").as_int64();
        return all;
    };
    auto const same = [&](std::vector<json::value> const& lines) {
        return std::equal(lines.begin(), lines.end(), alone.begin(), alone.end(),
                          [](auto const& a, auto const& b) { return a.at("data") == b.at("data"); });
    };
    fail_often(f.server, "/llm/", 61, "1");
    auto const before = f.server.count("POST /llm/assistant/embeddings");
    f.run(predict_batches(client, f.job(text, f.to("embeddings", 16))));
    CHECK(f.server.count("POST /llm/assistant/embeddings") - before < 30);
    auto lines = parsed_lines(std::exchange(f.out, {}));
    CHECK(lines.size() == 100);
    CHECK(same(lines));
    CHECK(tokens(lines) == tokens(alone));
}

TEST_CASE(
    "JSON lines: a pack that is too large or refused is halved, and only the lines at fault are rejected")
{
    namespace mock = practicus::mock;
    line_batches f;
    unsigned refusal = 413;
    mock::model picky(51, "picky", mock::prefix("models-llm", "llm"),
                      {mock::version(510, 1, mock::deployment("d", "D"))});
    picky.predicts = [&](mock::request const& r) {
        bool const is_refused =
            refusal == 413 ? r.body.size() > 60 : r.body.find("\"text 13\"") != r.body.npos;
        if (is_refused)
            return mock::response(refusal, "application/json",
                                  R"({"error":{"message":"too long","code":"c"}})");
        auto const body = json::parse(r.body);
        json::array data;
        for (auto const& input : body.at("input").as_array())
            data.push_back({{"index", data.size()}, {"embedding", json::array{input}}});
        return mock::response(200, "application/json", json::serialize(json::object{{"data", data}}));
    };
    f.server.region().add(std::move(picky));
    auto client = f.eager();
    std::string text;
    for (int i = 0; i != 20; ++i)
        text += input_line(i);
    for (refusal = 413; refusal >= 400; refusal -= 13) {
        f.out.clear();
        auto job = f.job(text, f.to("", 8));
        job.url = f.model("llm/picky");
        f.keep_rejected(job);
        auto const end = f.run(predict_batches(client, job));
        CHECK(end.failed_rows == (refusal == 413 ? 0U : 1U));
        auto const lines = parsed_lines(f.out);
        REQUIRE(lines.size() == 20 - end.failed_rows);
        CHECK(lines.back().at("data").at(0).at("embedding").at(0) == "text 19");
    }
    CHECK(f.side == input_line(13));
}

TEST_CASE(
    "JSON lines: a packed response in another order is put in order, one that lacks an element is refused")
{
    namespace mock = practicus::mock;
    line_batches f;
    std::string data = R"({"index":1,"embedding":[1]},{"index":0,"embedding":[0]})";
    mock::model odd(50, "odd", mock::prefix("models-llm", "llm"),
                    {mock::version(500, 1, mock::deployment("d", "D"))});
    odd.predicts = [&](mock::request const&) {
        return mock::response(200, "application/json", R"({"data":[)" + data + "]}");
    };
    f.server.region().add(std::move(odd));
    auto client = f.eager();
    auto const job = [&] {
        auto made = f.job(input_line(0) + input_line(1), f.to("", 2));
        made.url = f.model("llm/odd");
        made.max_attempts = 2;
        return made;
    };
    f.run(predict_batches(client, job()));
    CHECK(f.out ==
          "{\"data\":[{\"index\":0,\"embedding\":[0]}]}\n{\"data\":[{\"index\":0,\"embedding\":[1]}]}\n");
    data = R"({"index":1,"embedding":[1]})";
    f.out.clear();
    auto const failed = f.failure(predict_batches(client, job()));
    CHECK(failed.code == errc::row_count_mismatch);
    CHECK(failed.message == "lines 1 to 2: 1 elements of 'data' to 2 inputs");
    CHECK(f.out.empty());
}

TEST_CASE("JSON lines: options that cannot be used are refused by name")
{
    line_batches f;
    auto client = f.user();
    CHECK(f.failure(predict_batches(client, f.job("{}", f.to("", 0)))).message ==
          "batch_job::json_lines.pack must not be zero");
    auto both = f.openai();
    both.path = "a";
    CHECK(f.failure(predict_batches(client, f.job("{}", both))).code == errc::invalid_argument);
    CHECK(f.failure(predict_batches(client, f.job("{}", f.to("../x")))).code == errc::invalid_url);
}

TEST_CASE("JSON lines: a run that was cut off is resumed by its journal, and no line is there twice")
{
    line_batches f;
    auto client = f.eager();
    temporary_folder const here;
    auto const in = (here.path / "in.jsonl").string(), out = (here.path / "out.jsonl").string();
    std::string text;
    for (int i = 0; i != 60; ++i)
        text += i % 20 != 7 ? chat_line(i) : i == 27 ? "{\"model\":\"none\",\"messages\":[]}\n" : "{}\n";
    std::ofstream(in, std::ios::binary) << text;
    auto const run = [&](std::string const& path) {
        practicus::batch_output_options with;
        with.input = in;
        with.rejected = path + ".rejected";
        with.json_lines = f.to("chat/completions");
        with.resume = true;
        practicus::batch_output const files(f.model("llm/assistant"), path, with);
        batch_job job(f.model("llm/assistant"), practicus::file_source(in).source(), files.sink());
        job.json_lines = with.json_lines;
        job.in_flight = 1;
        files.attach(job);
        auto const end = f.run(predict_batches(client, job));
        files.finish();
        return end;
    };
    auto const content = [](std::string const& path) {
        std::ifstream from(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(from), {});
    };
    run(out + ".whole");
    std::atomic<int> calls = 0;
    f.server.inject([&](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.target.starts_with("/llm/") && calls.fetch_add(1) == 27) fault.reply(403);
        return fault;
    });
    CHECK_THROWS_AS(run(out), practicus::error);
    auto const before = content(out);
    CHECK(std::count(before.begin(), before.end(), '\n') >= 20);
    CHECK(std::filesystem::exists(out + ".practicus"));
    auto const end = run(out);
    CHECK(end.rows == 57);
    CHECK(end.failed_rows == 3);
    CHECK(content(out) == content(out + ".whole"));
    CHECK(content(out + ".rejected") == content(out + ".whole.rejected"));
    CHECK(content(out + ".rejected") == "{}\n{\"model\":\"none\",\"messages\":[]}\n{}\n");
    CHECK_FALSE(std::filesystem::exists(out + ".practicus"));
}
