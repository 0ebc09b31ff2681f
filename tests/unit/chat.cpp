// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/chat.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using practicus::errc;
using practicus::read_chat_chunk;

namespace {

practicus::error_info failure_of(std::string_view data)
{
    try {
        (void)read_chat_chunk(data);
    } catch (practicus::error const& e) {
        return e.info();
    }
    FAIL("no failure");
    return {};
}

} // namespace

TEST_CASE("chat: a stream of OpenAI")
{
    auto const first = read_chat_chunk(
        R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1733000000,"model":"gpt-4o","service_tier":"default",
"system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,
"finish_reason":null}],"usage":null,"obfuscation":"x"})");
    CHECK(first.id == "chatcmpl-1");
    CHECK(first.model == "gpt-4o");
    REQUIRE(first.choices.size() == 1);
    CHECK(first.choices[0].role == "assistant");
    CHECK(first.text().empty());
    CHECK_FALSE(first.usage);
    CHECK_FALSE(first.done);

    auto const second = read_chat_chunk(
        R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Gr\u00f6\u00dfe 😀"}}]})");
    CHECK(second.text() == "Größe 😀");

    auto const last = read_chat_chunk(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
    CHECK(last.choices.at(0).finish_reason == "stop");

    auto const usage = read_chat_chunk(
        R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,
"completion_tokens_details":{"reasoning_tokens":0}}})");
    CHECK(usage.choices.empty());
    CHECK(usage.text().empty());
    REQUIRE(usage.usage);
    CHECK(usage.usage->prompt_tokens == 9);
    CHECK(usage.usage->completion_tokens == 12);
    CHECK(usage.usage->total_tokens == 21);

    CHECK(read_chat_chunk("[DONE]").done);
    CHECK(read_chat_chunk(" [DONE] \n").done);
    practicus::stream_event event;
    event.data = "[DONE]";
    CHECK(read_chat_chunk(event).done);
}

TEST_CASE("chat: several answers by index")
{
    auto const chunk = read_chat_chunk(
        R"({"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]})");
    CHECK(chunk.text() == "a");
    REQUIRE(chunk.choices.size() == 2);
    CHECK(chunk.choices[0].index == 1);
    CHECK(chunk.choices[0].text == "b");
    CHECK(chunk.choices[1].finish_reason == "length");
}

TEST_CASE("chat: tool calls in pieces")
{
    auto const begun = read_chat_chunk(
        R"({"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function",
"function":{"name":"price","arguments":""}},{"index":1,"id":"call_2","type":"function","function":{"name":"cut","arguments":"{"}}]}}]})");
    CHECK(begun.text().empty());
    auto const& calls = begun.choices.at(0).tool_calls;
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].id == "call_1");
    CHECK(calls[0].name == "price");
    CHECK(calls[0].arguments.empty());
    CHECK(calls[1].index == 1);
    CHECK(calls[1].arguments == "{");

    auto const more = read_chat_chunk(
        R"({"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":null,"arguments":"\"a\":1}"}},{"id":"x"}]},
"finish_reason":"tool_calls"}]})");
    CHECK(more.choices.at(0).tool_calls.at(0).arguments == "\"a\":1}");
    CHECK(more.choices[0].tool_calls[0].index == 1);
    CHECK(more.choices[0].tool_calls.at(1).index == 1); // its place
    CHECK(more.choices[0].finish_reason == "tool_calls");
}

TEST_CASE("chat: streams of vLLM and LiteLLM")
{
    auto const reasoning = read_chat_chunk(
        R"({"id":"chatcmpl-2","object":"chat.completion.chunk","model":"qwen","choices":[{"index":0,"delta":{"reasoning_content":"Let me"},
"logprobs":null,"finish_reason":null,"stop_reason":151645,"token_ids":null}],"usage":{"prompt_tokens":5,"total_tokens":6}})");
    CHECK(reasoning.choices.at(0).reasoning == "Let me");
    CHECK(reasoning.usage.value().completion_tokens == 0);
    CHECK(read_chat_chunk(R"({"choices":[{"delta":{"reasoning":"so"}}]})").choices.at(0).reasoning == "so");

    auto const litellm = read_chat_chunk(
        R"({"id":"chatcmpl-3","created":1,"model":"m","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi",
"function_call":null,"tool_calls":null,"audio":null,"provider_specific_fields":null},"finish_reason":null}],"citations":null,
"error":null})");
    CHECK(litellm.text() == "Hi");

    auto const refused = read_chat_chunk(
        R"({"choices":[{"index":0,"delta":{"refusal":"I cannot"},"finish_reason":"content_filter"}]})");
    CHECK(refused.choices.at(0).refusal == "I cannot");
    CHECK(refused.choices[0].finish_reason == "content_filter");
}

TEST_CASE("chat: an answer that is not streamed")
{
    auto const whole = read_chat_chunk(
        R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},
"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
    CHECK(whole.text() == "Hello");
    CHECK(whole.choices.at(0).finish_reason == "stop");
}

TEST_CASE("chat: an error in mid-stream is a failure")
{
    struct row
    {
        std::string_view data;
        errc code;
    };
    for (
        auto const& [data, code] :
        {row{R"({"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}})",
             errc::server_error},
         row{R"({"error":{"message":"too long","type":"BadRequestError","code":400}})", errc::bad_request},
         row{R"({"error":{"message":"slow down","type":"None","param":"None","code":"429"}})",
             errc::too_many_requests},
         row{R"({"error":{"message":"x","code":"unheard_of","type":"of_old"}})", errc::server_error},
         row{R"({"error":{"message":"x","code":200}})", errc::server_error},
         row{R"({"error":"text alone"})", errc::server_error},
         row{R"({"object":"error","message":"gone","type":"InternalServerError","code":503})",
             errc::unavailable},
         row{R"({"choices":[{"delta":{"content":"a"}}],"error":{"message":"cut","code":500}})",
             errc::server_error}}) {
        INFO(data);
        auto const info = failure_of(data);
        CHECK(info.code == code);
        CHECK(info.message == "the model ended its answer with an error");
        CHECK_FALSE(info.server_message.empty());
        CHECK(info.status == 0);
    }
    auto const words = failure_of(R"({"error":{"message":"slow down","type":"rate_limit","code":429}})");
    CHECK(words.server_message == "slow down");
    CHECK(words.server_code == "rate_limit");
    auto const long_text = R"({"error":{"message":")" + std::string(5000, 'x') + "\\u001b[31m\"}}";
    CHECK(failure_of(long_text).server_message.size() <= 1024);
    CHECK(failure_of(R"({"error":{"message":"a\u001bb\nc","code":500}})").server_message.find('\x1b') ==
          std::string::npos);
}

TEST_CASE("chat: the code or the type of an error without a status says whether to try again")
{
    struct row
    {
        std::string_view members;
        errc code;
        bool retryable, auth_error;
    };
    for (auto const& [members, code, retryable, auth_error] :
         {row{R"("code":"rate_limit_exceeded","type":"tokens")", errc::too_many_requests, true, false},
          row{R"("code":null,"type":"rate_limit_error")", errc::too_many_requests, true, false},
          row{R"("type":"RateLimitError")", errc::too_many_requests, true, false},
          row{R"("code":"insufficient_quota","type":"insufficient_quota")", errc::forbidden, false, true},
          row{R"("code":"server_error")", errc::server_error, false, false},
          row{R"("type":"overloaded_error")", errc::unavailable, true, false},
          row{R"("code":"ServiceUnavailableError")", errc::unavailable, true, false},
          row{R"("code":"context_length_exceeded","type":"invalid_request_error")", errc::bad_request, false,
              false},
          row{R"("code":"unknown_parameter","type":"invalid_request_error")", errc::bad_request, false,
              false},
          row{R"("code":"invalid_api_key","type":"invalid_request_error")", errc::unauthorized, false, true},
          row{R"("type":"authentication_error")", errc::unauthorized, false, true},
          row{R"("type":"permission_error")", errc::forbidden, false, true},
          row{R"("code":"model_not_found","type":"invalid_request_error")", errc::not_found, false, false},
          row{R"("code":"503","type":"server_error")", errc::unavailable, true, false},
          row{R"("code":200,"type":"rate_limit_error")", errc::too_many_requests, true, false}}) {
        INFO(members);
        auto const info = failure_of(R"({"error":{"message":"x",)" + std::string(members) + "}}");
        CHECK(info.code == code);
        CHECK(practicus::is_retryable(info.code) == retryable);
        CHECK(practicus::is_auth_error(info.code) == auth_error);
    }
}

TEST_CASE("chat: a text may come as a list of parts")
{
    for (std::string_view const said : {"delta", "message"}) {
        auto const chunk = read_chat_chunk(
            R"({"choices":[{")" + std::string(said) +
            R"(":{"role":"assistant","content":[{"type":"text","text":"Hel"},{"type":"image_url","image_url":{"url":"u"}},
{"type":"text","text":"lo","annotations":[]},{"type":"text","text":null},{"type":"refusal","refusal":"no"}]}}]})");
        CHECK(chunk.text() == "Hello");
        CHECK(chunk.choices.at(0).refusal == "no");
    }
    CHECK(read_chat_chunk(R"({"choices":[{"delta":{"content":[]}}]})").text().empty());
    auto const thought = read_chat_chunk(
        R"({"choices":[{"delta":{"content":null,"reasoning_content":[{"type":"text","text":"so"}],"refusal":null}}]})");
    CHECK(thought.choices.at(0).reasoning == "so");
}

TEST_CASE("chat: other data is refused, and the message names the member")
{
    for (std::string_view const bad : {"", "x", "[DONE", "{", "{\"id\":1}}", " \n"})
        CHECK(failure_of(bad).code == errc::not_json);
    struct row
    {
        std::string_view data, message;
    };
    for (auto const& [data, message] :
         {row{"[]", "the response is not an object, but an array"},
          row{"{\"id\":1}", "'id' is not a string, but a number"},
          row{R"({"choices":{}})", "'choices' is not an array, but an object"},
          row{R"({"choices":["a"]})", "'choices' does not hold objects, but a string"},
          row{R"({"choices":[{"index":-1}]})", "'index' is not a number in its range, but a number"},
          row{R"({"choices":[{"index":1024}]})", "'index' is not a number in its range, but a number"},
          row{R"({"choices":[{"index":0.5}]})", "'index' is not a number in its range, but a number"},
          row{R"({"choices":[{"index":"0"}]})", "'index' is not a number in its range, but a string"},
          row{R"({"choices":[{"delta":"a"}]})", "'delta' is not an object, but a string"},
          row{R"({"choices":[{"delta":{"content":["a"]}}]})",
              "'content' does not hold objects, but a string"},
          row{R"({"choices":[{"delta":{"content":{}}}]})", "'content' is not a string, but an object"},
          row{R"({"choices":[{"delta":{"content":[{"type":"text","text":1}]}}]})",
              "'text' is not a string, but a number"},
          row{R"({"choices":[{"delta":{"tool_calls":{}}}]})", "'tool_calls' is not an array, but an object"},
          row{R"({"choices":[{"delta":{"tool_calls":[{"function":"f"}]}}]})",
              "'function' is not an object, but a string"},
          row{R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{}}}]}}]})",
              "'arguments' is not a string, but an object"},
          row{R"({"choices":[{"finish_reason":true}]})", "'finish_reason' is not a string, but a boolean"},
          row{R"({"usage":[]})", "'usage' is not an object, but an array"},
          row{R"({"usage":{"total_tokens":1e300}})",
              "'total_tokens' is not a number in its range, but a number"}}) {
        INFO(data);
        auto const info = failure_of(data);
        CHECK(info.code == errc::unexpected_json);
        CHECK(info.message == message);
    }
    std::string many = R"({"choices":[{})";
    for (int i = 0; i != 1024; ++i)
        many += ",{}";
    CHECK(failure_of(many + "]}").message == "'choices' has too many elements, but an array");
    CHECK(
        read_chat_chunk(R"({"choices":[{"index":1023}],"usage":{"total_tokens":3.0}})").usage->total_tokens ==
        3);
    CHECK(read_chat_chunk("{}").choices.empty());
}
