// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/catalog.hpp>
#include <practicus/mock/detail/chat_completion.hpp>
#include <practicus/mock/detail/embeddings.hpp>
#include <practicus/mock/detail/openai_request.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/openai_options.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

inline boost::json::object openai_model(std::string_view name)
{
    return {{"id", name}, {"object", "model"}, {"created", openai_created}, {"owned_by", "practicus"}};
}

/// Answers the list of models.
inline response openai_models(request const& r, openai_options const& options)
{
    if (r.method != "GET") return replies::method_not_allowed(r.method, "GET");
    boost::json::array all;
    for (auto const& name : options.models)
        all.push_back(openai_model(name));
    return replies::json(200, boost::json::object{{"object", "list"}, {"data", std::move(all)}});
}

} // namespace detail

/// Returns endpoints for `served::endpoints` that speak OpenAI's API: `chat/completions`, whole and streamed,
/// `embeddings` and `models`. A token is a word, an embedding is `embed`'s, and equal requests have equal
/// responses. A `tool_choice` that demands a call of a function gets one, with the reply as argument `text`.
/// Errors have OpenAI's form.
inline std::map<std::string, handler, std::less<>> openai_endpoints(openai_options options = openai_options())
{
    auto const shared = std::make_shared<openai_options const>(std::move(options));
    auto const with = [&shared](response (*answer)(request const&, openai_options const&)) -> handler {
        return [shared, answer](request const& r) {
            try {
                return answer(r, *shared);
            } catch (detail::openai_refusal const& refusal) {
                return refusal.answer;
            }
        };
    };
    std::map<std::string, handler, std::less<>> result;
    result["chat/completions"] = with(detail::chat);
    result["embeddings"] = with(detail::embeddings);
    result["models"] = with(detail::openai_models);
    return result;
}

}}} // namespace practicus::v1::mock
