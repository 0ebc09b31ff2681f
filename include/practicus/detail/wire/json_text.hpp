// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON as text: a number or a string that is passed on keeps its spelling. All functions but the first take
/// valid JSON.
namespace practicus { inline namespace v1 { namespace detail {

/// A handler of events that keeps nothing.
struct json_checker
{
    using code = boost::system::error_code;
    using text = boost::json::string_view;

    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = max_array_size;
    static constexpr std::size_t max_string_size = max_array_size;
    static constexpr std::size_t max_key_size = max_array_size;

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_object_begin(code&) { return true; }
    bool on_object_end(std::size_t, code&) { return true; }
    bool on_array_begin(code&) { return true; }
    bool on_array_end(std::size_t, code&) { return true; }
    bool on_key_part(text, std::size_t, code&) { return true; }
    bool on_key(text, std::size_t, code&) { return true; }
    bool on_string_part(text, std::size_t, code&) { return true; }
    bool on_string(text, std::size_t, code&) { return true; }
    bool on_number_part(text, code&) { return true; }
    bool on_int64(std::int64_t, text, code&) { return true; }
    bool on_uint64(std::uint64_t, text, code&) { return true; }
    bool on_double(double, text, code&) { return true; }
    bool on_bool(bool, code&) { return true; }
    bool on_null(code&) { return true; }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }
};

/// Returns the error of a text that is not one JSON value in UTF-8, nested at most 512 deep.
inline boost::system::error_code check_json(std::string_view text)
{
    boost::json::parse_options options;
    options.max_depth = 512;
    boost::json::basic_parser<json_checker> parser(options);
    boost::system::error_code failed;
    auto const size = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed && size != text.size()) failed = boost::json::error::extra_data;
    return failed;
}

inline bool is_json_space(char c) noexcept
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Returns the position behind the string that begins at `at`.
inline std::size_t json_string_end(std::string_view text, std::size_t at) noexcept
{
    for (++at; text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

/// Returns the JSON without the white space between its parts.
inline std::string compact_json(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at != text.size();) {
        auto const begin = at;
        if (text[at] == '"') {
            at = json_string_end(text, at);
        } else if (is_json_space(text[at])) {
            ++at;
            continue;
        } else {
            ++at;
        }
        result.append(text, begin, at - begin);
    }
    return result;
}

/// Returns the position behind the value that begins at `at`, in compact JSON.
inline std::size_t json_value_end(std::string_view text, std::size_t at) noexcept
{
    std::size_t depth = 0;
    for (; at != text.size(); ++at) {
        char const c = text[at];
        if (c == '"')
            at = json_string_end(text, at) - 1;
        else if (c == '{' || c == '[')
            ++depth;
        else if (c == '}' || c == ']')
            --depth;
        if (depth == 0 && at + 1 != text.size() && std::string_view(",]}").find(text[at + 1]) != text.npos)
            return at + 1;
    }
    return at;
}

/// Returns the elements of an array, in compact JSON.
inline std::vector<std::string_view> json_elements(std::string_view array)
{
    std::vector<std::string_view> result;
    for (std::size_t at = 1; at < array.size() && array[at] != ']';) {
        auto const end = json_value_end(array, at);
        result.push_back(array.substr(at, end - at));
        at = array[end] == ',' ? end + 1 : end;
    }
    return result;
}

/// Returns the text of a string.
inline std::string json_string(std::string_view quoted)
{
    if (quoted.find('\\') == quoted.npos) return std::string(quoted.substr(1, quoted.size() - 2));
    auto const parsed = boost::json::parse(quoted);
    return std::string(parsed.get_string());
}

/// A member of an object.
struct json_pair
{
    /// In quotes.
    std::string_view key;
    std::string_view value;

    bool is(std::string_view name) const { return json_string(key) == name; }
    bool is_string() const noexcept { return value.front() == '"'; }
};

/// Returns the members of an object, in compact JSON.
inline std::vector<json_pair> json_pairs(std::string_view object)
{
    std::vector<json_pair> result;
    for (std::size_t at = 1; at < object.size() && object[at] != '}';) {
        auto const key_end = json_string_end(object, at);
        auto const end = json_value_end(object, key_end + 1);
        result.push_back({object.substr(at, key_end - at), object.substr(key_end + 1, end - key_end - 1)});
        at = object[end] == ',' ? end + 1 : end;
    }
    return result;
}

/// Returns the value of the last member with this name, as readers take it; empty if there is none.
inline std::string_view json_value_of(std::vector<json_pair> const& members, std::string_view name)
{
    auto const found =
        std::find_if(members.rbegin(), members.rend(), [&](json_pair const& m) { return m.is(name); });
    return found == members.rend() ? std::string_view() : found->value;
}

}}} // namespace practicus::v1::detail
