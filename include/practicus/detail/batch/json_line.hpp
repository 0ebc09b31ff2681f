// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_url.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/wire/json_text.hpp>
#include <practicus/error.hpp>
#include <practicus/json_lines.hpp>
#include <practicus/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// The reason for which a line is no request: a code of OpenAI's and words.
struct line_fault
{
    char const* code = "invalid_json_line";
    std::string message;
};

/// The request in a line. Texts are compact JSON.
struct json_line
{
    std::string path;
    std::string body;
    /// In quotes; `null` if there is none.
    std::string custom_id = "null";
    std::optional<line_fault> fault;
};

/// The input of a request for embeddings, and the other members of its body.
struct packed_input
{
    std::string input;
    /// The other members, each followed by a comma.
    std::string others;
};

/// Returns the one input of a body; nothing if it has none or several.
inline std::optional<packed_input> read_input(std::string_view body)
{
    packed_input result;
    if (body.starts_with('"')) {
        result.input = body;
        return result;
    }
    if (!body.starts_with('{')) return std::nullopt;
    for (auto const& member : json_pairs(body)) {
        if (member.is("input"))
            result.input = member.value;
        else
            result.others.append(member.key).append(":").append(member.value).append(",");
    }
    auto const& input = result.input;
    // An array of tokens is one input; of texts or of arrays, several.
    bool const is_tokens =
        input.size() > 2 && input.front() == '[' && (is_digits(input.substr(1, 1)) || input[1] == '-');
    if (input.empty() || (input.front() != '"' && !is_tokens)) return std::nullopt;
    return result;
}

/// Returns the path of the model in OpenAI's url, or nothing.
inline std::optional<std::string> openai_path_of(std::string_view url)
{
    constexpr std::string_view root = "/v1/";
    if (!url.starts_with(root) || url.size() == root.size()) return std::nullopt;
    return std::string(url.substr(root.size()));
}

/// Reads lines. Thread safety: full.
class json_line_reader
{
public:
    json_line_reader(model_url model, json_lines_options how) : model_(std::move(model)), how_(std::move(how))
    {}

    /// Reads a line, with or without its end.
    json_line read(std::string_view text) const
    {
        json_line line;
        text = without_line_end(text);
        if (text.find_first_not_of(" \t\r") == text.npos) {
            fail(line, "invalid_json_line", "it is blank; remove it");
        } else if (auto const failed = check_json(text)) {
            fail(line, "invalid_json_line", "it is not JSON: " + failed.message());
        } else {
            auto all = compact_json(text);
            if (how_.openai) {
                read_openai(line, all);
            } else {
                line.path = how_.path;
                line.body = std::move(all);
            }
            if (!line.fault && how_.pack != 1 && !read_input(line.body))
                fail(line, "invalid_request", "its input must be one text, or one array of tokens");
        }
        return line;
    }

    /// Returns the url of a path.
    call_url url_of(std::string const& path) const
    {
        return path.empty() ? call_url(model_) : model_.at(path);
    }

private:
    static void fail(json_line& line, char const* code, std::string message)
    {
        line.fault = line_fault{code, std::move(message)};
    }

    void read_openai(json_line& line, std::string const& all) const
    {
        if (!all.starts_with('{')) return fail(line, "invalid_json_line", "it is no object");
        auto const members = json_pairs(all);
        auto const text = [&](char const* name) {
            auto const value = json_value_of(members, name);
            return value.starts_with('"') ? json_string(value) : std::string();
        };
        if (text("custom_id").empty())
            return fail(line, "missing_required_parameter", "its custom_id must be a text");
        line.custom_id = json_value_of(members, "custom_id");
        if (text("method") != "POST") return fail(line, "invalid_method", "its method must be POST");
        auto path = openai_path_of(text("url"));
        if (!path || !is_path(*path))
            return fail(line, "invalid_url", "its url must be a path of the model behind /v1/");
        line.path = std::move(*path);
        line.body = json_value_of(members, "body");
        if (!line.body.starts_with('{'))
            fail(line, "missing_required_parameter", "its body must be an object");
    }

    bool is_path(std::string const& path) const
    {
        try {
            static_cast<void>(model_.at(path));
            return true;
        } catch (error const&) {
            return false;
        }
    }

    model_url model_;
    json_lines_options how_;
};

}}} // namespace practicus::v1::detail
