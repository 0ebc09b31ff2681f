// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// A name and a value of a JSON object or form; values of forms are strings.
using field = std::pair<std::string, boost::json::value>;

/// The fields of a request's body.
struct body_fields
{
    enum class kind
    {
        none,
        json,
        form,
        unsupported,
        malformed
    };

    kind is = kind::none;
    /// The error text, for `malformed`.
    std::string problem;
    std::vector<field> fields;

    boost::json::value const* find(std::string_view name) const noexcept
    {
        for (auto const& [n, v] : fields)
            if (n == name) return &v;
        return nullptr;
    }
};

inline int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes percent-encoding, and `+` as a space in forms. Returns no value if it is malformed.
inline std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space)
{
    std::string result;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            result += ' ';
        } else if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            result += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

/// Form fields or query parameters. Returns no value if the encoding is malformed or a name is repeated.
inline std::optional<std::vector<field>> parse_form(std::string_view text)
{
    std::vector<field> result;
    while (!text.empty()) {
        auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        auto equals = pair.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        for (auto const& [n, v] : result)
            if (n == *name) return std::nullopt;
        result.emplace_back(std::move(*name), boost::json::string(*value));
    }
    return result;
}

/// The content type without its parameters, in lower case.
inline std::string media_type(std::string_view value)
{
    value = value.substr(0, value.find(';'));
    while (value.ends_with(' '))
        value.remove_suffix(1);
    std::string result(value);
    for (char& c : result)
        c = lower(c);
    return result;
}

inline body_fields parse_body(request const& r)
{
    body_fields result;
    auto type = media_type(r.headers["Content-Type"]);
    if (type == "application/json") {
        boost::system::error_code ec;
        auto parsed = boost::json::parse(r.body, ec);
        result.is = body_fields::kind::malformed;
        if (ec) return result.problem = "JSON parse error - " + ec.message(), result;
        if (!parsed.is_object()) return result.problem = "Invalid data. Expected a dictionary.", result;
        result.is = body_fields::kind::json;
        for (auto& [name, value] : parsed.get_object())
            result.fields.emplace_back(name, std::move(value));
    } else if (type == "application/x-www-form-urlencoded") {
        auto fields = parse_form(r.body);
        result.is = fields ? body_fields::kind::form : body_fields::kind::malformed;
        if (fields)
            result.fields = std::move(*fields);
        else
            result.problem = "Malformed form data.";
    } else if (!r.body.empty() || !type.empty()) {
        result.is = body_fields::kind::unsupported;
    }
    return result;
}

/// An integer, as JSON or in a form's digits.
inline std::optional<std::int64_t> as_integer(boost::json::value const& v)
{
    if (v.is_int64()) return v.get_int64();
    if (!v.is_string()) return std::nullopt;
    std::string_view text = v.get_string();
    std::int64_t result = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return result;
}

/// A flag, as JSON or as a form has it: Python writes `True`.
inline std::optional<bool> as_flag(boost::json::value const& v)
{
    if (v.is_bool()) return v.get_bool();
    if (!v.is_string()) return std::nullopt;
    std::string_view text = v.get_string();
    if (text == "True" || text == "true") return true;
    if (text == "False" || text == "false") return false;
    return std::nullopt;
}

}}}} // namespace practicus::v1::mock::detail
