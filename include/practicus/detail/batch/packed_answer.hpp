// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/json_text.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the `index` of an element of `data`, or nothing.
inline std::optional<std::size_t> packed_index(std::string_view element)
{
    if (!element.starts_with('{')) return std::nullopt;
    auto const text = json_value_of(json_pairs(element), "index");
    std::size_t index = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return index;
}

/// Returns the elements of `data` in the order of their `index`. Returns nothing, and sets `problem`, unless
/// each of `count` inputs has one.
inline std::optional<std::vector<std::string_view>> packed_elements(std::string_view body, std::size_t count,
                                                                    std::string& problem)
{
    auto const data = body.starts_with('{') ? json_value_of(json_pairs(body), "data") : std::string_view();
    if (!data.starts_with('[')) {
        problem = "it has no array 'data'";
        return std::nullopt;
    }
    auto const found = json_elements(data);
    if (found.size() != count) {
        problem =
            std::to_string(found.size()) + " elements of 'data' to " + std::to_string(count) + " inputs";
        return std::nullopt;
    }
    std::vector<std::string_view> result(count);
    for (auto const& element : found) {
        auto const index = packed_index(element);
        if (!index || *index >= count || !result[*index].empty()) {
            problem = "an 'index' in 'data' is missing, too large or there twice";
            return std::nullopt;
        }
        result[*index] = element;
    }
    return result;
}

/// Returns the object with another value of one member.
inline std::string with_member(std::string_view object, std::string_view name, std::string_view value)
{
    std::string result = "{";
    for (auto const& member : json_pairs(object)) {
        if (result.size() != 1) result += ',';
        result.append(member.key).append(":").append(member.is(name) ? value : member.value);
    }
    return result.append("}");
}

/// Splits the response to several inputs, in compact JSON, into the responses that each input alone would
/// have. The first has the `usage` of all.
inline std::optional<std::vector<std::string>> split_packed(std::string_view body, std::size_t count,
                                                            std::string& problem)
{
    auto const elements = packed_elements(body, count, problem);
    if (!elements) return std::nullopt;
    auto const rest = with_member(body, "data", "[]");
    auto const unused = with_member(rest, "usage", R"({"prompt_tokens":0,"total_tokens":0})");
    std::vector<std::string> result;
    for (auto const& element : *elements)
        result.push_back(with_member(result.empty() ? rest : unused, "data",
                                     "[" + with_member(element, "index", "0") + "]"));
    return result;
}

}}} // namespace practicus::v1::detail
