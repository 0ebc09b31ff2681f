// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/openai_request.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/openai_options.hpp>
#include <practicus/mock/prediction.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// The `created` of each response: responses to equal requests are equal.
inline constexpr std::int64_t openai_created = 1767225600;

/// The text of a message's `content`: a string, or an array of parts.
inline std::string text_of_content(boost::json::value const* content)
{
    if (content == nullptr || content->is_null()) return {};
    if (auto const* const text = content->if_string()) return std::string(*text);
    auto const* const parts = content->if_array();
    if (parts == nullptr) openai_request::wrong_type("messages", "text or an array of parts as content");
    std::string result;
    for (auto const& part : *parts) {
        auto const* const fields = part.if_object();
        auto const* const text = fields == nullptr ? nullptr : fields->if_contains("text");
        if (text != nullptr && text->is_string()) result += std::string_view(text->get_string());
    }
    return result;
}

/// The messages of a chat.
struct chat_messages
{
    explicit chat_messages(openai_request const& asked)
    {
        static constexpr auto roles =
            std::to_array<std::string_view>({"system", "developer", "user", "assistant", "tool"});
        auto const* const all = asked.required("messages").if_array();
        if (all == nullptr || all->empty()) openai_request::wrong_type("messages", "a non-empty array");
        for (auto const& message : *all) {
            auto const* const fields = message.if_object();
            auto const* const role = fields == nullptr ? nullptr : fields->if_contains("role");
            if (role == nullptr || !role->is_string() ||
                std::find(roles.begin(), roles.end(), role->get_string()) == roles.end())
                openai_request::wrong_type("messages", "objects with a known role");
            auto const text = text_of_content(fields->if_contains("content"));
            words += words_of(text).size();
            if (role->get_string() == "user") last = text;
        }
    }

    /// The user's last message.
    std::string last;
    /// The number of all messages' words.
    std::size_t words = 0;
};

/// Returns the name of the function that the response has to call, or an empty text.
inline std::string forced_function(openai_request const& asked)
{
    auto const* const choice = asked.find("tool_choice");
    auto const* const tools = asked.find("tools");
    auto const* const all = tools == nullptr ? nullptr : tools->if_array();
    if (choice == nullptr || *choice == "none" || *choice == "auto") return {};
    if (all == nullptr || all->empty())
        throw openai_refusal(400, "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
    try {
        auto const& chosen = *choice == "required" ? all->at(0) : *choice;
        return std::string(chosen.at("function").at("name").as_string());
    } catch (std::exception const&) {
        openai_request::wrong_type("tool_choice", "the name of a function");
    }
}

/// One response of a chat, whole or streamed.
class chat_completion
{
public:
    chat_completion(openai_request const& asked, openai_options const& options)
        : options_(options), model_(asked.model()), function_(forced_function(asked))
    {
        chat_messages const messages(asked);
        if (asked.count("n", 1) != 1) openai_request::wrong_type("n", "1");
        id_ = std::to_string(fnv1a(messages.last));
        auto const reply = options.reply ? options.reply(messages.last) : messages.last;
        tokens_ = words_of(function_.empty() ? reply
                                             : boost::json::serialize(boost::json::object{{"text", reply}}));
        auto const limit = asked.count("max_completion_tokens",
                                       asked.count("max_tokens", std::numeric_limits<std::size_t>::max()));
        is_cut_ = tokens_.size() > limit;
        if (is_cut_) tokens_.resize(limit);
        usage_ = {{"prompt_tokens", messages.words},
                  {"completion_tokens", tokens_.size()},
                  {"total_tokens", messages.words + tokens_.size()}};
    }

    response whole() const
    {
        std::string text;
        for (auto const& token : tokens_)
            text += token;
        boost::json::object message{{"role", "assistant"}, {"content", text}};
        if (!function_.empty()) {
            message["content"] = nullptr;
            message["tool_calls"] = boost::json::array{call_of(text)};
        }
        auto body = envelope("chat.completion");
        boost::json::object choice{{"index", 0}, {"message", std::move(message)}};
        choice["logprobs"] = nullptr;
        choice["finish_reason"] = finish_reason();
        body["choices"] = boost::json::array{std::move(choice)};
        body["usage"] = usage_;
        auto result = replies::json(200, std::move(body));
        auto const later = static_cast<std::int64_t>(tokens_.size()) - 1;
        result.delay = options_.first_token_delay + options_.token_delay * std::max<std::int64_t>(later, 0);
        return result;
    }

    response stream(bool with_usage) const
    {
        using std::chrono::milliseconds;
        response result(200, "text/event-stream; charset=utf-8", {});
        result.header("Cache-Control", "no-cache");
        result.chunked = true;
        result.gates = options_.gates;
        send(result, options_.first_token_delay, chunk(first_delta(), nullptr, with_usage));
        for (std::size_t i = 0; i != tokens_.size(); ++i) {
            if (options_.fail_after == i) return failed(std::move(result));
            send(result, i == 0 ? milliseconds(0) : options_.token_delay,
                 chunk(next_delta(tokens_[i]), nullptr, with_usage));
        }
        send(result, milliseconds(0), chunk({}, finish_reason(), with_usage));
        if (with_usage) {
            auto last = envelope("chat.completion.chunk");
            last["choices"] = boost::json::array();
            last["usage"] = usage_;
            send(result, milliseconds(0), boost::json::serialize(last));
        }
        send(result, milliseconds(0), "[DONE]");
        return result;
    }

private:
    static void send(response& result, std::chrono::milliseconds pause, std::string_view data)
    {
        result.body.append("data: ").append(data).append("\n\n");
        result.pieces.push_back(result.body.size());
        result.pauses.push_back(pause);
    }

    response failed(response result) const
    {
        auto const error =
            openai_error("The server had an error while processing your request.", "server_error");
        send(result, options_.token_delay, boost::json::serialize(error));
        return result;
    }

    boost::json::object envelope(std::string_view kind) const
    {
        return {{"id", "chatcmpl-" + id_}, {"object", kind}, {"created", openai_created}, {"model", model_}};
    }

    boost::json::object call_of(std::string_view arguments) const
    {
        return {{"id", "call_" + id_},
                {"type", "function"},
                {"function", {{"name", function_}, {"arguments", arguments}}}};
    }

    boost::json::value finish_reason() const
    {
        return is_cut_ ? "length" : function_.empty() ? "stop" : "tool_calls";
    }

    boost::json::object first_delta() const
    {
        boost::json::object delta{{"role", "assistant"}, {"content", ""}};
        if (function_.empty()) return delta;
        delta["content"] = nullptr;
        auto call = call_of("");
        call["index"] = 0;
        delta["tool_calls"] = boost::json::array{std::move(call)};
        return delta;
    }

    boost::json::object next_delta(std::string_view token) const
    {
        if (function_.empty()) return {{"content", token}};
        boost::json::object call{{"index", 0}, {"function", {{"arguments", token}}}};
        return {{"tool_calls", boost::json::array{std::move(call)}}};
    }

    std::string chunk(boost::json::object delta, boost::json::value finish, bool with_usage) const
    {
        auto body = envelope("chat.completion.chunk");
        boost::json::object choice{{"index", 0}, {"delta", std::move(delta)}};
        choice["logprobs"] = nullptr;
        choice["finish_reason"] = std::move(finish);
        body["choices"] = boost::json::array{std::move(choice)};
        if (with_usage) body["usage"] = nullptr;
        return boost::json::serialize(body);
    }

    openai_options const& options_;
    std::string model_;
    std::string function_; ///< The function to call; empty: the response is a text.
    std::string id_;
    std::vector<std::string> tokens_;
    bool is_cut_ = false;
    boost::json::object usage_;
};

/// Answers `chat/completions`. Throws `openai_refusal`.
inline response chat(request const& r, openai_options const& options)
{
    openai_request const asked(r, options.models);
    bool const streamed = asked.flag("stream");
    bool with_usage = false;
    if (auto const* const given = asked.find("stream_options")) {
        auto const* const fields = given->if_object();
        if (fields == nullptr) openai_request::wrong_type("stream_options", "an object");
        if (!streamed)
            throw openai_refusal(400,
                                 "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                                 "stream_options");
        auto const* const wanted = fields->if_contains("include_usage");
        with_usage = wanted != nullptr && *wanted == true;
    }
    chat_completion const completion(asked, options);
    return streamed ? completion.stream(with_usage) : completion.whole();
}

}}}} // namespace practicus::v1::mock::detail
