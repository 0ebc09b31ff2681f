// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/error.hpp>
#include <practicus/event_parser.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

/// A piece of a tool call. The pieces of one call have the same index; their texts are to be joined.
class chat_tool_call
{
public:
    chat_tool_call() noexcept {}

    /// The call's place among the calls of a choice, below 1024. Without one, its place in the list.
    std::size_t index = 0;
    /// The id, in the first piece.
    std::string id;
    /// The name of the function, in the first piece.
    std::string name;
    /// A piece of the function's arguments, which are JSON as text.
    std::string arguments;
};

/// A piece of one answer of a model. Texts are untrusted, and empty if they are missing or null.
class chat_choice
{
public:
    chat_choice() noexcept {}

    /// The answer's place among those that were asked for, below 1024. Without one, its place in the list.
    std::size_t index = 0;
    /// The role, in the first piece.
    std::string role;
    /// A piece of the answer's text (`content`): a string, or the joined texts of a list of parts.
    std::string text;
    /// A piece of the reasoning before it (`reasoning_content` or `reasoning`).
    std::string reasoning;
    /// A piece of the text that says why the model refuses.
    std::string refusal;
    /// Pieces of tool calls.
    std::vector<chat_tool_call> tool_calls;
    /// The reason of the end, in the last piece, such as `stop`, `length` or `tool_calls`.
    std::string finish_reason;
};

/// The tokens of a chat so far.
class chat_usage
{
public:
    chat_usage() noexcept {}

    /// The tokens of the request.
    std::uint64_t prompt_tokens = 0;
    /// The tokens of the answers.
    std::uint64_t completion_tokens = 0;
    /// Both.
    std::uint64_t total_tokens = 0;
};

/// A piece of a chat completion, of a service that is shaped like OpenAI's.
class chat_chunk
{
public:
    chat_chunk() noexcept {}

    /// Returns the piece of text of the first answer.
    std::string_view text() const noexcept
    {
        for (auto const& one : choices)
            if (one.index == 0) return one.text;
        return {};
    }

    /// The id of the completion.
    std::string id;
    /// The model that answers.
    std::string model;
    /// Pieces of answers. Empty in a piece that has only the usage.
    std::vector<chat_choice> choices;
    /// The usage, if the piece has one.
    std::optional<chat_usage> usage;
    /// The end of the stream (`[DONE]`).
    bool done = false;
};

namespace detail {

/// Reads the members of a chat completion. Members that are null count as missing.
class chat_reader
{
public:
    static chat_chunk chunk(json::value const& value)
    {
        auto const* const all = value.if_object();
        if (all == nullptr) refuse({}, "is not an object", value.kind());
        throw_error(*all);
        chat_chunk made;
        made.id = text(*all, "id");
        made.model = text(*all, "model");
        made.choices = list<chat_choice>(*all, "choices", choice);
        if (auto const* const counted = object(*all, "usage")) made.usage = usage(*counted);
        return made;
    }

private:
    static constexpr std::int64_t index_limit = 1024;
    static constexpr std::int64_t count_limit = std::int64_t{1} << 53;

    [[noreturn]] static void refuse(std::string_view place, std::string_view why, json::kind came)
    {
        throw error(errc::unexpected_json, json_complaint(place, why, came));
    }

    /// The error of a service that began to answer.
    static void throw_error(json::object const& all)
    {
        auto const* const nested = find(all, "error");
        auto const* const kind = find(all, "object");
        bool const is_error = kind != nullptr && *kind == "error";
        if (nested == nullptr && !is_error) return;
        // An older form of vLLM has the members at the top.
        json::value const whole = nested != nullptr ? json::value(all) : json::value{{"error", all}};
        auto words = read_json_words(whole);
        error_info info;
        info.code = code_of(whole.get_object().at("error"));
        info.message = "the model ended its answer with an error";
        info.server_message = capped(words.message, max_server_message);
        info.server_code = std::move(words.code);
        throw error(std::move(info));
    }

    /// Many services give an HTTP status as the code, as a number or as text.
    static errc code_of(json::value const& failed)
    {
        auto const* const members = failed.if_object();
        if (members == nullptr) return errc::server_error;
        for (std::string_view const name : {"code", "type"}) {
            auto const* const member = find(*members, name);
            if (member == nullptr) continue;
            std::int64_t status = member->is_int64() ? member->get_int64() : 0;
            if (auto const* const word = member->if_string()) {
                if (auto const known = errc_of_code(*word)) return *known;
                std::from_chars(word->data(), word->data() + word->size(), status);
            }
            if (status >= 400 && status < 600) return status_errc(static_cast<unsigned>(status));
        }
        return errc::server_error;
    }

    static json::value const* find(json::object const& in, std::string_view name)
    {
        auto const* const found = in.if_contains(name);
        return found == nullptr || found->is_null() ? nullptr : found;
    }

    static json::object const* object(json::object const& in, std::string_view name)
    {
        auto const* const found = find(in, name);
        if (found != nullptr && !found->is_object()) refuse(name, "is not an object", found->kind());
        return found == nullptr ? nullptr : &found->get_object();
    }

    static std::string text(json::object const& in, std::string_view name)
    {
        auto const* const found = find(in, name);
        if (found == nullptr) return {};
        if (!found->is_string()) refuse(name, "is not a string", found->kind());
        return std::string(found->get_string());
    }

    /// Appends a text, which may be a list of parts. A part that is a refusal goes to `refused`; other parts
    /// are ignored.
    static void append_parts(std::string& to, std::string& refused, json::object const& in,
                             std::string_view name)
    {
        auto const* const found = find(in, name);
        auto const* const parts = found == nullptr ? nullptr : found->if_array();
        if (parts == nullptr) {
            to += text(in, name);
            return;
        }
        for (auto const& part : *parts) {
            if (!part.is_object()) refuse(name, "does not hold objects", part.kind());
            auto const type = text(part.get_object(), "type");
            if (type.empty() || type == "text") to += text(part.get_object(), "text");
            if (type == "refusal") refused += text(part.get_object(), "refusal");
        }
    }

    static std::optional<std::int64_t> number(json::object const& in, std::string_view name,
                                              std::int64_t limit)
    {
        auto const* const found = find(in, name);
        if (found == nullptr) return std::nullopt;
        auto const whole = found->is_number() ? whole_number(found->to_number<double>()) : std::nullopt;
        if (!whole || *whole < 0 || *whole >= limit)
            refuse(name, "is not a number in its range", found->kind());
        return whole;
    }

    /// Reads a list of objects, which have an index each.
    template <class T>
    static std::vector<T> list(json::object const& in, std::string_view name, T (*read)(json::object const&))
    {
        std::vector<T> made;
        auto const* const found = find(in, name);
        if (found == nullptr) return made;
        auto const* const elements = found->if_array();
        if (elements == nullptr) refuse(name, "is not an array", found->kind());
        if (elements->size() > index_limit) refuse(name, "has too many elements", found->kind());
        for (auto const& element : *elements) {
            if (!element.is_object()) refuse(name, "does not hold objects", element.kind());
            auto one = read(element.get_object());
            auto const place = static_cast<std::int64_t>(made.size());
            one.index =
                static_cast<std::size_t>(number(element.get_object(), "index", index_limit).value_or(place));
            made.push_back(std::move(one));
        }
        return made;
    }

    static chat_choice choice(json::object const& in)
    {
        chat_choice made;
        made.finish_reason = text(in, "finish_reason");
        // A completion that is not streamed has whole messages.
        auto const* said = object(in, "delta");
        if (said == nullptr) said = object(in, "message");
        if (said == nullptr) return made;
        made.role = text(*said, "role");
        made.refusal = text(*said, "refusal");
        append_parts(made.text, made.refusal, *said, "content");
        append_parts(made.reasoning, made.refusal, *said, "reasoning_content");
        if (made.reasoning.empty()) append_parts(made.reasoning, made.refusal, *said, "reasoning");
        made.tool_calls = list<chat_tool_call>(*said, "tool_calls", tool_call);
        return made;
    }

    static chat_tool_call tool_call(json::object const& in)
    {
        chat_tool_call made;
        made.id = text(in, "id");
        auto const* const called = object(in, "function");
        if (called == nullptr) return made;
        made.name = text(*called, "name");
        made.arguments = text(*called, "arguments");
        return made;
    }

    static chat_usage usage(json::object const& in)
    {
        auto const count = [&](std::string_view name) {
            return static_cast<std::uint64_t>(number(in, name, count_limit).value_or(0));
        };
        chat_usage made;
        made.prompt_tokens = count("prompt_tokens");
        made.completion_tokens = count("completion_tokens");
        made.total_tokens = count("total_tokens");
        return made;
    }
};

} // namespace detail

/// Reads the data of an event, or the body of a chat completion that is not streamed. Unknown members are
/// ignored.
///
/// Throws `errc::not_json` for other data, and `errc::unexpected_json` for a member of another type; the
/// message names it. An `error` object throws what its `code` says, or else its `type`: an HTTP status, or
/// one of OpenAI's words such as `rate_limit_exceeded`. Without a known one it throws `errc::server_error`.
/// `server_message` has its text.
[[nodiscard]] inline chat_chunk read_chat_chunk(std::string_view data)
{
    auto const first = data.find_first_not_of(" \n");
    data = first == data.npos ? std::string_view()
                              : data.substr(first, data.find_last_not_of(" \n") + 1 - first);
    if (data == "[DONE]") {
        chat_chunk last;
        last.done = true;
        return last;
    }
    return detail::chat_reader::chunk(detail::parse_json(data));
}

/// Reads the data of an event.
[[nodiscard]] inline chat_chunk read_chat_chunk(stream_event const& from)
{
    return read_chat_chunk(from.data);
}

}} // namespace practicus::v1
