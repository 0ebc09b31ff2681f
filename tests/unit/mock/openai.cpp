// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock region's OpenAI-shaped endpoints.

#include "catch.hpp"

#include "unit/mock/raw_client.hpp"
#include "unit/mock/region_client.hpp"

#include <practicus/mock/console.hpp>
#include <practicus/mock/server.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

using namespace practicus::mock;
using namespace std::chrono_literals;
using strings = region_client::strings;

namespace {

constexpr char const* messages =
    R"("model":"assistant","messages":[{"role":"user","content":"one two  three"}])";

/// The demo region's assistant, called at paths behind its url.
struct assistant : region_client
{
    response ask(std::string_view path, std::string_view body)
    {
        return region.handle(post("/llm/assistant/" + std::string(path)).bearer(session(46)).json(body));
    }

    response chat(std::string const& more = {}) { return ask("v1/chat/completions", with(more)); }

    static std::string with(std::string const& more)
    {
        return '{' + std::string(messages) + (more.empty() ? "" : ',' + more) + '}';
    }

    /// Replaces the assistant by one with these options.
    void speak(openai_options const& options)
    {
        model changed(46, "assistant", prefix("models-llm", "llm"),
                      {version(461, "1", deployment("depl-large", "Large"))});
        changed.endpoints = openai_endpoints(options);
        region.remove_model(46).add(changed);
    }
};

/// The data of the events of a body, each of which is a piece.
strings events(response const& r)
{
    strings result;
    std::size_t from = 0;
    for (auto const to : r.pieces) {
        auto const event = r.body.substr(from, to - from);
        CHECK(event.starts_with("data: "));
        CHECK(event.ends_with("\n\n"));
        result.push_back(event.substr(6, event.size() - 8));
        from = to;
    }
    CHECK(from == r.body.size());
    return result;
}

/// The error of a refused request: status, message, type, param and code.
std::string error_of(response const& r)
{
    auto const error = region_client::json(r).at("error");
    std::string result = std::to_string(r.status);
    for (auto const* field : {"message", "type", "param", "code"}) {
        auto const& value = error.at(field);
        result += '|' + (value.is_null() ? std::string("-") : std::string(value.as_string()));
    }
    return result;
}

} // namespace

TEST_CASE("a chat answers with the last message, its usage and its reason to finish")
{
    assistant a;
    for (auto const* path : {"chat/completions", "chat/completions/", "v1/chat/completions", ""}) {
        INFO(path);
        auto const answer = a.ask(path, a.with(""));
        CHECK(answer.status == 200);
        CHECK(answer.headers["Content-Type"] == "application/json");
        CHECK(answer.headers["x-prt-model-version"] == "1");
        auto const body = a.json(answer);
        CHECK(body.at("object") == "chat.completion");
        CHECK(body.at("model") == "assistant");
        auto const& choice = body.at("choices").at(0);
        CHECK(choice.at("message").at("role") == "assistant");
        CHECK(choice.at("message").at("content") == "one two  three");
        CHECK(choice.at("finish_reason") == "stop");
        CHECK(body.at("usage").at("prompt_tokens") == 3);
        CHECK(body.at("usage").at("completion_tokens") == 3);
        CHECK(body.at("usage").at("total_tokens") == 6);
    }
    CHECK(a.chat().body == a.chat().body);
    CHECK(a.region.violations() == strings());
}

TEST_CASE("a chat is cut at its largest number of tokens")
{
    assistant a;
    for (auto const* limit : {R"("max_tokens":2)", R"("max_completion_tokens":2,"max_tokens":1)"}) {
        auto const choice = a.json(a.chat(limit)).at("choices").at(0);
        CHECK(choice.at("message").at("content") == "one two  ");
        CHECK(choice.at("finish_reason") == "length");
    }
    CHECK(a.json(a.chat(R"("max_tokens":3)")).at("choices").at(0).at("finish_reason") == "stop");
}

TEST_CASE("a content may have parts, and the last message of the user counts")
{
    assistant a;
    auto const answer = a.ask("chat/completions", R"({"model":"assistant","messages":[
        {"role":"system","content":"be brief"},
        {"role":"user","content":[{"type":"text","text":"a "},{"type":"image_url"},{"type":"text","text":"b"}]},
        {"role":"assistant","content":null}]})");
    CHECK(a.json(answer).at("choices").at(0).at("message").at("content") == "a b");
    CHECK(a.json(answer).at("usage").at("prompt_tokens") == 4);
}

TEST_CASE("a streamed chat has an event for each token, and ends with DONE")
{
    assistant a;
    auto const answer = a.chat(R"("stream":true)");
    CHECK(answer.status == 200);
    CHECK(answer.headers["Content-Type"] == "text/event-stream; charset=utf-8");
    CHECK(answer.chunked);
    auto const all = events(answer);
    REQUIRE(all.size() == 6);
    std::string text;
    for (std::size_t i = 0; i != 5; ++i) {
        auto const chunk = boost::json::parse(all[i]);
        CHECK(chunk.at("object") == "chat.completion.chunk");
        CHECK_FALSE(chunk.as_object().contains("usage"));
        auto const& choice = chunk.at("choices").at(0);
        CHECK(choice.at("finish_reason") == (i == 4 ? boost::json::value("stop") : nullptr));
        if (i != 4) text += choice.at("delta").at("content").as_string();
    }
    CHECK(boost::json::parse(all[0]).at("choices").at(0).at("delta").at("role") == "assistant");
    CHECK(text == "one two  three");
    CHECK(all[5] == "[DONE]");
}

TEST_CASE("a streamed chat tells its usage on request")
{
    assistant a;
    auto const all = events(a.chat(R"("stream":true,"stream_options":{"include_usage":true})"));
    REQUIRE(all.size() == 7);
    for (std::size_t i = 0; i != 5; ++i)
        CHECK(boost::json::parse(all[i]).at("usage").is_null());
    CHECK(boost::json::parse(all[5]).at("choices").as_array().empty());
    CHECK(boost::json::parse(all[5]).at("usage").at("total_tokens") == 6);
    CHECK(events(a.chat(R"("stream":true,"stream_options":{"include_usage":false})")).size() == 6);
}

TEST_CASE("a chat calls a function that the request demands")
{
    assistant a;
    std::string const tools = R"("tools":[{"type":"function","function":{"name":"look"}}],"tool_choice":)";
    for (auto const* choice : {R"("required")", R"({"type":"function","function":{"name":"look"}})"}) {
        auto const whole = a.json(a.chat(tools + choice)).at("choices").at(0);
        CHECK(whole.at("finish_reason") == "tool_calls");
        CHECK(whole.at("message").at("content").is_null());
        auto const& call = whole.at("message").at("tool_calls").at(0);
        CHECK(call.at("function").at("name") == "look");
        CHECK(call.at("function").at("arguments") == R"({"text":"one two  three"})");
        std::string arguments;
        for (auto const& data : events(a.chat(tools + choice + R"(,"stream":true)"))) {
            if (data == "[DONE]") continue;
            auto const delta = boost::json::parse(data).at("choices").at(0).at("delta").as_object();
            if (auto const* calls = delta.if_contains("tool_calls"))
                arguments += calls->at(0).at("function").at("arguments").as_string();
        }
        CHECK(arguments == R"({"text":"one two  three"})");
    }
    CHECK(a.json(a.chat(tools + R"("auto")")).at("choices").at(0).at("finish_reason") == "stop");
    CHECK(a.chat(R"("tool_choice":"required")").status == 400);
    CHECK(a.chat(tools + "7").status == 400);
}

TEST_CASE("errors have OpenAI's form")
{
    assistant a;
    auto const chat = [&](std::string_view body) { return error_of(a.ask("chat/completions", body)); };
    auto const invalid = [](std::string const& message, std::string const& rest) {
        return "400|" + message + "|invalid_request_error|" + rest;
    };
    CHECK(chat(R"({"model":"other","messages":[{"role":"user","content":"x"}]})") ==
          "404|The model `other` does not exist.|invalid_request_error|-|model_not_found");
    CHECK(chat(R"({"model":"assistant"})") ==
          invalid("Missing required parameter: 'messages'.", "messages|missing_required_parameter"));
    CHECK(chat("{") == invalid("We could not parse the JSON body of your request.", "-|-"));
    CHECK(chat("[]") == invalid("We could not parse the JSON body of your request.", "-|-"));
    CHECK(chat(R"({"messages":[]})") == invalid("you must provide a model parameter", "-|-"));
    for (auto const* wrong : {"[]", "1", R"(["x"])", R"([{"content":"x"}])",
                              R"([{"role":"king","content":"x"}])", R"([{"role":"user","content":1}])"}) {
        INFO(wrong);
        CHECK(chat(R"({"model":"assistant","messages":)" + std::string(wrong) + '}')
                  .ends_with("|invalid_request_error|messages|invalid_type"));
    }
    for (auto const* wrong : {R"("stream":1)", R"("max_tokens":0)", R"("n":2)", R"("stream_options":1)",
                              R"("stream_options":{"include_usage":true})"}) {
        INFO(wrong);
        CHECK(error_of(a.chat(wrong)).starts_with("400|"));
    }
    auto const typed =
        a.post("/llm/assistant/chat/completions").bearer(a.session(46)).content("text/csv", "{}");
    CHECK(a.region.handle(typed).status == 415);
    auto const got = a.region.handle(a.get("/llm/assistant/chat/completions").bearer(a.session(46)));
    CHECK(error_of(got).starts_with("405|Not allowed to GET"));
    CHECK(got.headers["Allow"] == "POST");
    CHECK(a.region.violations() == strings());
}

TEST_CASE("an endpoint requires the model's session token, and an unknown path is not found")
{
    assistant a;
    auto const sent = [&](std::string const& path) {
        return a.post("/llm/assistant/" + path).json(a.with(""));
    };
    CHECK(a.region.handle(sent("chat/completions")).status == 401);
    CHECK(a.region.handle(sent("chat/completions").bearer(a.session(42))).status == 403);
    CHECK(a.region.handle(sent("chat").bearer(a.session(46))).status == 404);
    CHECK(a.region.handle(sent("v1/v1/chat/completions").bearer(a.session(46))).status == 404);
    CHECK(a.region.violations().size() == 2);
}

TEST_CASE("the models of an endpoint are listed")
{
    assistant a;
    auto const answer = a.region.handle(a.get("/llm/assistant/models").bearer(a.session(46)));
    CHECK(a.json(answer).at("object") == "list");
    CHECK(a.json(answer).at("data").at(0).at("id") == "assistant");
    CHECK(a.ask("models", "{}").status == 405);
}

TEST_CASE("delays of tokens are those of the events")
{
    assistant a;
    openai_options slow;
    slow.first_token_delay = 700ms;
    slow.token_delay = 20ms;
    a.speak(slow);
    using times = std::vector<std::chrono::milliseconds>;
    CHECK(a.chat(R"("stream":true)").pauses == times{700ms, 0ms, 20ms, 20ms, 0ms, 0ms});
    CHECK(a.chat(R"("stream":true)").delay == 0ms);
    CHECK(a.chat().delay == 740ms);
    CHECK(a.chat().pauses.empty());
}

TEST_CASE("a reply may be the test's own, and a stream may fail within it")
{
    assistant a;
    openai_options own;
    own.reply = [](std::string_view message) { return "you said: " + std::string(message); };
    own.fail_after = 2;
    a.speak(own);
    auto const all = events(a.chat(R"("stream":true)"));
    REQUIRE(all.size() == 4);
    CHECK(boost::json::parse(all[2]).at("choices").at(0).at("delta").at("content") == "said: ");
    CHECK(boost::json::parse(all[3]).at("error").at("type") == "server_error");
    CHECK(a.json(a.chat()).at("choices").at(0).at("message").at("content") == "you said: one two  three");
}

TEST_CASE("embeddings are listed in the order of their inputs, as numbers or in base64")
{
    assistant a;
    auto const embed_all = [&](std::string const& input, std::string const& more = {}) {
        return a.ask("v1/embeddings", R"({"model":"assistant","input":)" + input + more + '}');
    };
    auto const one = a.json(embed_all(R"("a b")"));
    CHECK(one.at("object") == "list");
    CHECK(one.at("data").as_array().size() == 1);
    CHECK(one.at("usage").at("prompt_tokens") == 2);
    auto const numbers = [](boost::json::value const& item) {
        std::vector<float> result;
        for (auto const& number : item.at("embedding").as_array())
            result.push_back(number.to_number<float>());
        return result;
    };
    CHECK(numbers(one.at("data").at(0)) == embed("a b", 8));
    CHECK(embed("a b", 8) != embed("a c", 8));
    auto const two = a.json(embed_all(R"(["x","a b"])", R"(,"dimensions":3)"));
    CHECK(numbers(two.at("data").at(0)) == embed("x", 3));
    CHECK(two.at("data").at(1).at("index") == 1);
    CHECK(numbers(two.at("data").at(1)) == embed("a b", 3));
    // 2.0f and 0.5f are 00 00 00 40 and 00 00 00 3f.
    CHECK(detail::base64_floats({2.0F, 0.5F}) == "AAAAQAAAAD8=");
    auto const coded = a.json(embed_all(R"("x")", R"(,"encoding_format":"base64","dimensions":2)"));
    CHECK(coded.at("data").at(0).at("embedding").as_string() == detail::base64_floats(embed("x", 2)));
    CHECK(a.json(embed_all("[[1,2],[3]]")).at("data").as_array().size() == 2);
    CHECK(a.json(embed_all("[1,2]")).at("data").as_array().size() == 1);
    for (auto const* wrong : {"[]", R"("")", R"(["x",""])", "1", "[[]]", R"([1,"x"])", "null"}) {
        INFO(wrong);
        CHECK(error_of(embed_all(wrong)).starts_with("400|"));
    }
    CHECK(embed_all(R"("x")", R"(,"encoding_format":"hex")").status == 400);
    openai_options few;
    few.max_inputs = 2;
    a.speak(few);
    CHECK(embed_all(R"(["x","y"])").status == 200);
    CHECK(error_of(embed_all(R"(["x","y","z"])")) ==
          "400|'input' must be an array of 1 to 2 elements.|invalid_request_error|input|-");
}

TEST_CASE("the events of a chat go out one by one, as their gates open")
{
    server s;
    openai_options options;
    options.gates.resize(2);
    model llm(1, "llm", prefix("m", "m"), {version(1, 1, deployment("d", "D"))});
    llm.endpoints = openai_endpoints(options);
    s.region().add(llm);
    raw_client client(s);
    auto const token = s.region().issue(token_type::session, "a@b.c", 1);
    std::string const body = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";
    client.send(raw_client::request("POST", "/m/llm/chat/completions",
                                    "Authorization: Bearer " + token +
                                        "\r\nContent-Type: application/json\r\nContent-Length: " +
                                        std::to_string(body.size()) + "\r\n") +
                body);
    std::string read;
    while (!read.ends_with("\r\n\r\n"))
        read += client.read(1);
    for (auto const& gate : options.gates) {
        while (gate.waiting() == 0)
            std::this_thread::yield();
        gate.open();
        read.clear();
        while (!read.ends_with("\n\n\r\n"))
            read += client.read(1);
        CHECK(read.find("data: {") != std::string::npos);
        CHECK(read.find("\n\n") == read.size() - 4);
    }
}
