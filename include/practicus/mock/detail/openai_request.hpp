// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// An error in OpenAI's form. An empty `param` or `code` is null.
inline boost::json::object openai_error(std::string_view message, std::string_view type,
                                        std::string_view param = {}, std::string_view code = {})
{
    auto const or_null = [](std::string_view text) {
        return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
    };
    boost::json::object error{{"message", message}, {"type", type}};
    error["param"] = or_null(param);
    error["code"] = or_null(code);
    return {{"error", std::move(error)}};
}

/// The response to an invalid request, as an exception.
struct openai_refusal
{
    openai_refusal(unsigned status, std::string_view message, std::string_view param = {},
                   std::string_view code = {})
        : answer(replies::json(status, openai_error(message, "invalid_request_error", param, code)))
    {}

    response answer;
};

/// A checked reader of an OpenAI request. Its functions throw `openai_refusal`.
class openai_request
{
public:
    /// Checks what all endpoints have in common. `models`: the accepted names; empty accepts all.
    openai_request(request const& r, std::vector<std::string> const& models)
    {
        if (r.method != "POST") {
            openai_refusal refusal(405, "Not allowed to " + r.method + " on " + std::string(r.path()) + ".",
                                   {}, "method_not_supported");
            refusal.answer.header("Allow", "POST");
            throw refusal;
        }
        if (media_type(r.headers["Content-Type"]) != "application/json")
            throw openai_refusal(415, "The content type must be application/json.");
        boost::system::error_code ec;
        auto parsed = boost::json::parse(r.body, ec);
        if (ec || !parsed.is_object())
            throw openai_refusal(400, "We could not parse the JSON body of your request.");
        fields_ = std::move(parsed.get_object());
        auto const* const name = find("model");
        if (name == nullptr || !name->is_string() || name->get_string().empty())
            throw openai_refusal(400, "you must provide a model parameter");
        model_ = name->get_string();
        if (!models.empty() && std::find(models.begin(), models.end(), model_) == models.end())
            throw openai_refusal(404, "The model `" + model_ + "` does not exist.", {}, "model_not_found");
    }

    /// Returns the name that the request gave.
    std::string const& model() const noexcept { return model_; }

    /// Returns a field, or null if it is missing or JSON's null.
    boost::json::value const* find(std::string_view name) const noexcept
    {
        auto const* const found = fields_.if_contains(name);
        return found == nullptr || found->is_null() ? nullptr : found;
    }

    boost::json::value const& required(std::string_view name) const
    {
        if (auto const* const found = find(name)) return *found;
        throw openai_refusal(400, "Missing required parameter: '" + std::string(name) + "'.", name,
                             "missing_required_parameter");
    }

    bool flag(std::string_view name) const
    {
        auto const* const found = find(name);
        if (found != nullptr && !found->is_bool()) wrong_type(name, "a boolean");
        return found != nullptr && found->get_bool();
    }

    /// Returns a positive integer, or `fallback` if the field is missing.
    std::size_t count(std::string_view name, std::size_t fallback) const
    {
        auto const* const found = find(name);
        if (found == nullptr) return fallback;
        if (!found->is_int64() || found->get_int64() < 1) wrong_type(name, "a positive integer");
        return static_cast<std::size_t>(found->get_int64());
    }

    [[noreturn]] static void wrong_type(std::string_view name, std::string_view expected)
    {
        throw openai_refusal(
            400, "Invalid type for '" + std::string(name) + "': expected " + std::string(expected) + ".",
            name, "invalid_type");
    }

private:
    boost::json::object fields_;
    std::string model_;
};

}}}} // namespace practicus::v1::mock::detail
