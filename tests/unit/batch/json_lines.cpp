// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/batch/json_lines_format.hpp>

#include <boost/json/parse.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace practicus::detail;
using practicus::errc;
using practicus::error_info;
using practicus::json_lines_options;
using practicus::model_url;

namespace {

json_lines_options plain(std::string path = {})
{
    json_lines_options how;
    how.path = std::move(path);
    return how;
}

json_lines_options openai(std::size_t pack = 1)
{
    json_lines_options how;
    how.openai = true;
    how.pack = pack;
    return how;
}

json_lines_options packed(std::size_t count)
{
    auto how = plain("embeddings");
    how.pack = count;
    return how;
}

json_lines_format format(json_lines_options how, std::size_t bytes = 1 << 20)
{
    return json_lines_format(model_url("https://a.b/models/llm/chat/"), std::move(how), bytes);
}

std::vector<batch_text> cut(json_lines_format const& f, std::string_view text, std::size_t piece = 1 << 20,
                            std::uint64_t behind = 0)
{
    std::vector<batch_text> all;
    auto const splitter = f.make_splitter();
    splitter->cut_behind(behind);
    auto const take = [&] {
        while (auto batch = splitter->next())
            all.push_back(std::move(*batch));
    };
    while (!text.empty()) {
        splitter->push(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        take();
    }
    splitter->finish();
    take();
    REQUIRE_FALSE(splitter->fault());
    REQUIRE(splitter->buffered() == 0);
    return all;
}

batch_answer answered(std::string_view body, std::size_t rows = 1)
{
    batch_answer a;
    a.wanted = "application/json";
    a.content_type = "application/json";
    a.body = body;
    a.rows = rows;
    return a;
}

/// The output for a response, or the words of its error.
std::string read(json_lines_format const& f, batch_text const& batch, std::string_view body)
{
    batch_result result;
    if (auto const wrong = f.read(batch, answered(body, batch.rows), result)) return wrong->message;
    return result.text;
}

std::string request_line(std::string_view id, std::string_view body = R"({"model":"m"})",
                         std::string_view url = "/v1/chat/completions")
{
    return std::string(R"({"custom_id": ")")
        .append(id)
        .append(R"(", "method": "POST", "url": ")")
        .append(url)
        .append(R"(", "body": )")
        .append(body)
        .append("}\n");
}

} // namespace

TEST_CASE("json_lines: each line is a request, wherever the pieces end")
{
    auto const f = format(plain("chat/completions"));
    std::string const text = "\xef\xbb\xbf{\"a\": 1}\r\n[2]\n\n{\"c\":\n\"d\"";
    for (std::size_t piece = 1; piece != text.size() + 1; ++piece) {
        auto const batches = cut(f, text, piece);
        REQUIRE(batches.size() == 5);
        std::string all;
        for (std::size_t i = 0; i != batches.size(); ++i) {
            CHECK(batches[i].first_row == i);
            CHECK(batches[i].rows == 1);
            all += batches[i].text;
        }
        CHECK(all == text.substr(3) + "\n");
        CHECK(batches[0].fault.empty());
        CHECK(batches[1].fault.empty());
        CHECK(batches[2].fault == "it is blank; remove it");
        CHECK(batches[3].fault.starts_with("it is not JSON: "));
        CHECK(batches[4].fault.empty());
    }
    auto const first = cut(f, text).front();
    CHECK(f.request(first).body == R"({"a":1})");
    CHECK(f.request(first).to.str() == "https://a.b/models/llm/chat/chat/completions");
    CHECK(cut(f, "").empty());
    CHECK(cut(f, "\xef\xbb\xbf").empty());
}

TEST_CASE("json_lines: a line that cannot be sent says why, and is refused as it is")
{
    auto const f = format(plain());
    for (auto const& line : {std::string("{\"a\":1"), std::string("\"\xff\""),
                             std::string("{\"a\":\"\0\"}", 9), std::string("{} {}"), std::string(" \t")}) {
        auto const batches = cut(f, line + "\n{}\n");
        REQUIRE(batches.size() == 2);
        CHECK_FALSE(batches[0].fault.empty());
        CHECK(batches[1].fault.empty());
        CHECK(f.rejected(batches[0], error_info(), true) == line + "\n");
    }
    CHECK(f.request(cut(f, "{}").front()).to.str() == "https://a.b/models/llm/chat/");
}

TEST_CASE("json_lines: UTF-16 and a line beyond all bounds end the text, after the lines before")
{
    auto const words = [](std::string_view text) {
        json_lines_splitter splitter(json_line_reader(model_url("https://a.b/m/n/"), plain()), false, 1, 100,
                                     10);
        splitter.push(text);
        std::string given;
        while (auto const batch = splitter.next())
            given += batch->text;
        auto const fault = splitter.fault();
        CHECK((!fault || fault->code == errc::invalid_argument));
        return given + (fault ? fault->message : "");
    };
    CHECK(words(std::string_view("\xff\xfe{\0\n\0", 6)).find("UTF-16") != std::string::npos);
    CHECK(words("{}\n[1,2,3,4,5,6]\n") == "{}\nline 2 is longer than 10 bytes");
}

TEST_CASE("json_lines: the response is one line of JSON, its numbers and texts unchanged")
{
    auto const f = format(plain());
    auto const batch = cut(f, "{}").front();
    CHECK(read(f, batch, "{\r\n  \"x\": 1.50,\n  \"y\": \"a\\nb \"\n}\n") ==
          "{\"x\":1.50,\"y\":\"a\\nb \"}\n");
    CHECK(read(f, batch, "3") == "3\n");
    CHECK(read(f, batch, "{\"x\":NaN}") == "it is not JSON");
    CHECK(read(f, batch, "") == "it is not JSON");
    CHECK(read(f, batch, R"({"error":{"message":"no"}})") == "it is an error");
    // A model's own member of that name is a result.
    CHECK(read(f, batch, R"({"error":{"std":0.1}})") == "{\"error\":{\"std\":0.1}}\n");
    CHECK(read(f, batch, R"({"error":null})") == "{\"error\":null}\n");
}

TEST_CASE("json_lines: a response of another type is an error, a stream with its own words")
{
    auto const f = format(plain());
    auto const batch = cut(f, "{}").front();
    auto const refused = [&](std::string_view type, std::string_view wanted = "application/json") {
        auto a = answered("{}");
        a.content_type = type;
        a.wanted = wanted;
        batch_result result;
        auto const wrong = f.read(batch, a, result);
        return wrong ? wrong->message : std::string();
    };
    CHECK(refused("application/json; charset=utf-8").empty());
    CHECK(refused("application/vnd.api+json").empty());
    CHECK(refused("").empty());
    CHECK(refused("text/html") == "it is no application/json");
    CHECK(refused("text/plain", "text/plain").empty());
    CHECK(refused("text/event-stream").find("leave \"stream\" out") != std::string::npos);
}

TEST_CASE("json_lines: whose fault a wrong response is depends on the others")
{
    auto const f = format(plain());
    auto const batch = cut(f, "{}").front();
    auto const code = [&](bool others, bool delimited, std::string_view body = "{\"cut") {
        auto a = answered(body);
        a.others_believed = others;
        a.delimited = delimited;
        batch_result result;
        return f.read(batch, a, result)->code;
    };
    CHECK(code(false, true) == errc::unexpected_response);
    CHECK(code(true, true) == errc::row_count_mismatch);
    CHECK(code(true, false) == errc::connection_lost);
    // What the end of the connection has not cut: an error, and what is no JSON in any length.
    CHECK(code(true, false, R"({"error":{"message":"no"}})") == errc::row_count_mismatch);
    CHECK(code(false, false, "<p>no") == errc::unexpected_response);
    // A beginning of a number is a number.
    CHECK(code(true, false, "0.1") == errc::connection_lost);
}

TEST_CASE("json_lines: a line in OpenAI's form goes to the path behind /v1/")
{
    auto const f = format(openai());
    auto const batches = cut(f, request_line("one", "{ \"temperature\": 0.10 }"));
    REQUIRE(batches.size() == 1);
    REQUIRE(batches.front().fault.empty());
    auto const sent = f.request(batches.front());
    CHECK(sent.to.str() == "https://a.b/models/llm/chat/chat/completions");
    CHECK(sent.body == R"({"temperature":0.10})");
    CHECK(
        read(f, batches.front(), "{\"id\": 1}") ==
        R"({"id":"batch_req_1","custom_id":"one","response":{"status_code":200,"request_id":"","body":{"id":1}},"error":null})"
        "\n");
}

TEST_CASE("json_lines: a server's id of a request is bounded and quoted in OpenAI's form")
{
    auto const f = format(openai());
    auto const batches = cut(f, request_line("one"));
    REQUIRE(batches.size() == 1);
    auto const id = "\"\n" + std::string(10'000, 'x');
    auto answer = answered("{}");
    answer.request_id = id;
    batch_result result;
    CHECK_FALSE(f.read(batches.front(), answer, result));
    CHECK(result.text.find(R"("request_id":"\" )" + std::string(126, 'x') + R"(",)") != std::string::npos);
}

TEST_CASE("json_lines: a line that is not of OpenAI's form is refused with a code of OpenAI's")
{
    auto const f = format(openai());
    struct bad
    {
        std::string line;
        char const* code;
        char const* id;
    };
    for (auto const& [line, code, id] : {
             bad{"{\n", "invalid_json_line", nullptr},
             bad{"[1]\n", "invalid_json_line", nullptr},
             bad{R"({"method":"POST","url":"/v1/a","body":{}})", "missing_required_parameter", nullptr},
             bad{R"({"custom_id":7,"method":"POST","url":"/v1/a","body":{}})", "missing_required_parameter",
                 nullptr},
             bad{R"({"custom_id":"x","method":"GET","url":"/v1/a","body":{}})", "invalid_method", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"/v2/a","body":{}})", "invalid_url", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"/v1/","body":{}})", "invalid_url", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"/v1/../b","body":{}})", "invalid_url", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"https://c/v1/a","body":{}})", "invalid_url", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"/v1/a"})", "missing_required_parameter", "x"},
             bad{R"({"custom_id":"x","method":"POST","url":"/v1/a","body":"b"})",
                 "missing_required_parameter", "x"},
         }) {
        INFO(line);
        auto const batches = cut(f, line);
        REQUIRE(batches.size() == 1);
        auto const refused = boost::json::parse(f.rejected(batches.front(), error_info(), false));
        CHECK(refused.at("response").is_null());
        CHECK(refused.at("error").at("code") == code);
        CHECK(std::string(refused.at("error").at("message").as_string()).starts_with("line 1: "));
        CHECK(refused.at("custom_id") == (id == nullptr ? boost::json::value() : boost::json::value(id)));
    }
}

TEST_CASE("json_lines: two lines with one custom_id are an error")
{
    auto const f = format(openai());
    auto const batches = cut(f, request_line("a") + request_line("b") + request_line("\\u0061"));
    REQUIRE(batches.size() == 3);
    CHECK(batches[1].fault.empty());
    CHECK(batches[2].fault == "its custom_id is that of an earlier line");
    auto const refused = boost::json::parse(f.rejected(batches[2], error_info(), true));
    CHECK(refused.at("error").at("code") == "duplicate_custom_id");
    CHECK(refused.at("custom_id") == "a");
}

TEST_CASE("json_lines: what a model refuses has the form of OpenAI's error file")
{
    auto const f = format(openai());
    auto const batch = cut(f, request_line("a")).front();
    error_info why;
    why.code = errc::bad_request;
    why.status = 400;
    why.server_message = "too \"long\"";
    why.server_code = "context_length_exceeded";
    CHECK(
        f.rejected(batch, why, true) ==
        R"({"id":"batch_req_1","custom_id":"a","response":{"status_code":400,"request_id":"","body":{"error":{"message":"too \"long\"","type":null,"param":null,"code":"context_length_exceeded"}}},"error":null})"
        "\n");
    why.status = 200;
    why.message = "it is not JSON";
    CHECK(boost::json::parse(f.rejected(batch, why, true)).at("error").at("code") == "invalid_response");
}

TEST_CASE("json_lines: inputs are packed by count, by bytes and by what else their lines have")
{
    std::string const a = R"({"model":"m","input":"a"})", b = R"({"model": "m", "input": "b"})",
                      other = R"({"model":"n","input":"c"})";
    auto const rows = [&](json_lines_format const& f, std::string const& text, std::uint64_t behind = 0) {
        std::vector<std::size_t> counts;
        for (auto const& batch : cut(f, text, 7, behind))
            counts.push_back(batch.fault.empty() ? batch.rows : 0);
        return counts;
    };
    using counts = std::vector<std::size_t>;
    auto const five = a + "\n" + b + "\n" + a + "\n" + b + "\n" + a;
    CHECK(rows(format(packed(2)), five) == counts{2, 2, 1});
    CHECK(rows(format(packed(9)), five) == counts{5});
    CHECK(rows(format(packed(9), a.size() + b.size() + 2), five) == counts{2, 2, 1});
    CHECK(rows(format(packed(9), 1), five) == counts{1, 1, 1, 1, 1});
    CHECK(rows(format(packed(4)), five, 3) == counts{3, 2});
    CHECK(rows(format(packed(9)), a + "\n" + other + "\n" + a) == counts{1, 1, 1});
    // A line that is no request is alone.
    CHECK(rows(format(packed(9)), a + "\nnull\n" + a + "\n\n" + R"({"input":["x","y"]})") ==
          counts{1, 0, 1, 0, 0});
    CHECK(rows(format(packed(9)), "\"one\"\n\"two\"") == counts{2});
    // Texts and tokens make no request together.
    CHECK(rows(format(packed(9)), R"({"input":"a"})"
                                  "\n"
                                  R"({"input":[1]})"
                                  "\n"
                                  R"({"input":[2]})") == counts{1, 2});
    auto const f = format(packed(9));
    auto const whole = cut(f, five).front();
    CHECK(f.request(whole).body == R"({"model":"m","input":["a","b","a","b","a"]})");
    CHECK(f.request(whole).to.str() == "https://a.b/models/llm/chat/embeddings");
    auto const [first, second] = f.halve(whole);
    CHECK(first.text + second.text == whole.text);
    CHECK(first.rows == 2);
    CHECK(second.rows == 3);
    CHECK(second.first_row == 2);
    CHECK(f.request(second).body == R"({"model":"m","input":["a","b","a"]})");
    CHECK(f.request(cut(f, R"({"input":[1,2]})").front()).body == R"({"input":[[1,2]]})");
    CHECK(f.request(cut(f, "\"one\"\n\"two\"").front()).body == R"({"input":["one","two"]})");
}

TEST_CASE("json_lines: the index of a packed response decides, and usage is counted once")
{
    auto const f = format(packed(9));
    auto const batch = cut(f, R"({"input":"a"})"
                              "\n"
                              R"({"input":"b"})")
                           .front();
    CHECK(
        read(
            f, batch,
            R"({"object": "list", "data": [{"index": 1, "embedding": [0.50]}, {"index": 0, "embedding": [1e-2]}],
                   "model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}})") ==
        R"({"object":"list","data":[{"index":0,"embedding":[1e-2]}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}})"
        "\n"
        R"({"object":"list","data":[{"index":0,"embedding":[0.50]}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}})"
        "\n");
    for (auto const& [body, words] : std::vector<std::pair<char const*, char const*>>{
             {R"({"data":[{"index":0}]})", "1 elements of 'data' to 2 inputs"},
             {R"({"data":[{"index":0},{"index":1},{"index":2}]})", "3 elements of 'data' to 2 inputs"},
             {R"({"data":[{"index":0},{"index":0}]})",
              "an 'index' in 'data' is missing, too large or there twice"},
             {R"({"data":[{"index":0},{"index":2}]})",
              "an 'index' in 'data' is missing, too large or there twice"},
             {R"({"data":[{"index":0},{}]})", "an 'index' in 'data' is missing, too large or there twice"},
             {R"({"data":[{"index":0},7]})", "an 'index' in 'data' is missing, too large or there twice"},
             {R"({"data":{}})", "it has no array 'data'"},
             {R"([])", "it has no array 'data'"}}) {
        INFO(body);
        batch_result result;
        auto const wrong = f.read(batch, answered(body, 2), result);
        REQUIRE(wrong);
        CHECK(wrong->code == errc::row_count_mismatch);
        CHECK(wrong->message == words);
    }
}

TEST_CASE("json_lines: packed lines of OpenAI's form keep their ids")
{
    auto const f = format(openai(9));
    auto const text = request_line("x", R"({"model":"m","input":"a"})", "/v1/embeddings") +
                      request_line("y", R"({"model":"m","input":"b"})", "/v1/embeddings") +
                      request_line("z", R"({"model":"m","input":"b"})", "/v1/other");
    auto const batches = cut(f, text);
    REQUIRE(batches.size() == 2);
    auto const out = read(f, batches[0], R"({"data":[{"index":0,"e":1},{"index":1,"e":2}]})");
    auto const lines = lines_of(out);
    REQUIRE(lines.size() == 2);
    auto const second = boost::json::parse(lines[1]);
    CHECK(second.at("custom_id") == "y");
    CHECK(second.at("id") == "batch_req_2");
    CHECK(second.at("response").at("body").at("data").at(0).at("e") == 2);
    CHECK(lines_of(f.rejected(batches[0], error_info(), true)).size() == 2);
}
