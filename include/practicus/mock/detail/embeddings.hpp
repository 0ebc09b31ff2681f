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

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// The inputs of a request for embeddings: a text, an array of tokens, or an array of either.
inline std::vector<std::string> embedding_inputs(openai_request const& asked, std::size_t limit)
{
    auto const is_number = [](boost::json::value const& v) { return v.is_int64(); };
    auto const one = [&](boost::json::value const& v) {
        auto const* const tokens = v.if_array();
        bool const is_text = v.is_string() && !v.get_string().empty();
        if (!is_text &&
            (tokens == nullptr || tokens->empty() || !std::all_of(tokens->begin(), tokens->end(), is_number)))
            openai_request::wrong_type("input", "non-empty texts or arrays of tokens");
        return is_text ? std::string(v.get_string()) : boost::json::serialize(v);
    };
    auto const& input = asked.required("input");
    auto const* const list = input.if_array();
    if (list == nullptr || (!list->empty() && is_number(list->front()))) return {one(input)};
    if (list->empty() || list->size() > limit)
        throw openai_refusal(400, "'input' must be an array of 1 to " + std::to_string(limit) + " elements.",
                             "input");
    std::vector<std::string> result;
    for (auto const& item : *list)
        result.push_back(one(item));
    return result;
}

/// The numbers as 32-bit floats, little-endian, in base64.
inline std::string base64_floats(std::vector<float> const& numbers)
{
    std::vector<unsigned char> bytes;
    for (float const number : numbers)
        for (unsigned shift = 0; shift != 32; shift += 8)
            bytes.push_back(static_cast<unsigned char>(std::bit_cast<std::uint32_t>(number) >> shift & 255));
    std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0');
    auto const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes.data(),
                                      static_cast<int>(bytes.size()));
    result.resize(static_cast<std::size_t>(size));
    return result;
}

/// Answers `embeddings`. Throws `openai_refusal`.
inline response embeddings(request const& r, openai_options const& options)
{
    openai_request const asked(r, options.models);
    auto const inputs = embedding_inputs(asked, options.max_inputs);
    auto const dimensions = asked.count("dimensions", options.dimensions);
    if (dimensions > 65536) openai_request::wrong_type("dimensions", "at most 65536");
    auto const* const format = asked.find("encoding_format");
    bool const in_base64 = format != nullptr && *format == "base64";
    if (format != nullptr && !in_base64 && *format != "float")
        openai_request::wrong_type("encoding_format", "float or base64");
    boost::json::array data;
    std::size_t words = 0;
    for (auto const& input : inputs) {
        boost::json::object item{{"object", "embedding"}, {"index", data.size()}};
        auto const numbers = embed(input, dimensions);
        if (in_base64)
            item["embedding"] = base64_floats(numbers);
        else
            item["embedding"] = boost::json::array(numbers.begin(), numbers.end());
        data.push_back(std::move(item));
        words += words_of(input).size();
    }
    return replies::json(200, boost::json::object{
                                  {"object", "list"},
                                  {"data", std::move(data)},
                                  {"model", asked.model()},
                                  {"usage", {{"prompt_tokens", words}, {"total_tokens", words}}},
                              });
}

}}}} // namespace practicus::v1::mock::detail
