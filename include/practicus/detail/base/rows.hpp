// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/utf8.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// Conversion of rows to CSV, JSON and tables. A row is any type with a list of columns. A cell is a number,
/// a bool, a text, an optional of these, or an object with `text()` and `json()`.
namespace practicus { inline namespace v1 { namespace detail {

template <class Value>
inline constexpr bool is_number = std::integral<Value> && !std::same_as<Value, bool>;
template <class Value>
inline constexpr bool is_number<std::optional<Value>> = is_number<Value>;

inline std::string cell_text(std::string const& value)
{
    return value;
}

template <class Value>
std::string cell_text(Value const& value)
{
    if constexpr (std::same_as<Value, bool>)
        return value ? "true" : "false";
    else if constexpr (std::integral<Value>)
        return std::to_string(value);
    else if constexpr (requires { value.has_value(); })
        return value ? cell_text(*value) : std::string();
    else
        return value.text();
}

inline boost::json::value cell_json(std::string const& value)
{
    return boost::json::string(value);
}

template <class Value>
boost::json::value cell_json(Value const& value)
{
    if constexpr (std::integral<Value>)
        return value;
    else if constexpr (requires { value.has_value(); })
        return value ? cell_json(*value) : boost::json::value(nullptr);
    else
        return value.json();
}

/// Calls `visit(name, value)` for each column of a row.
template <class Columns, class Row, class Visit>
void for_each_cell(Columns const& columns, Row const& row, Visit visit)
{
    std::apply([&](auto const&... c) { (visit(c.name, std::invoke(c.value, row)), ...); }, columns);
}

template <class Columns>
std::vector<std::string> column_names(Columns const& columns)
{
    return std::apply([](auto const&... c) { return std::vector<std::string>{std::string(c.name)...}; },
                      columns);
}

/// Prefixes text that a spreadsheet would evaluate as a formula with an apostrophe.
inline std::string without_formula(std::string text)
{
    if (text.find_first_of("=+-@") == 0) text.insert(text.begin(), '\'');
    return text;
}

/// Quotes a cell if necessary, doubling quotes (RFC 4180).
inline std::string csv_quoted(std::string text)
{
    bool const needed =
        text.find_first_of(",\"") != std::string::npos || text.starts_with(' ') || text.ends_with(' ');
    if (!needed) return text;
    std::string out = "\"";
    for (char const c : text)
        out.append(c == '"' ? 2 : 1, c);
    return out + '"';
}

inline void append_csv_line(std::string& out, std::vector<std::string> const& cells)
{
    for (std::size_t i = 0; i < cells.size(); ++i)
        out.append(i == 0 ? "" : ",").append(csv_quoted(cells[i]));
    out += '\n';
}

template <class Columns, class Row>
std::string rows_as_csv(Columns const& columns, std::vector<Row> const& rows)
{
    std::string out;
    append_csv_line(out, column_names(columns));
    for (auto const& row : rows) {
        std::vector<std::string> cells;
        for_each_cell(columns, row, [&]<class Value>(std::string_view, Value const& value) {
            auto text = one_line(cell_text(value));
            cells.push_back(is_number<Value> ? std::move(text) : without_formula(std::move(text)));
        });
        append_csv_line(out, cells);
    }
    return out;
}

/// Returns JSON text without white space between its values.
inline std::string without_blanks(std::string_view json)
{
    std::string out;
    out.reserve(json.size());
    bool in_string = false;
    bool escaped = false;
    for (char const c : json) {
        if (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
        out += c;
        if (c == '"' && !escaped) in_string = !in_string;
        escaped = c == '\\' && !escaped;
    }
    return out;
}

/// Returns JSON text that is valid UTF-8 and safe for a terminal. Control characters occur only in strings
/// and become escapes; invalid bytes become U+FFFD.
inline std::string escaped_json(std::string_view json)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        auto const c = next_code_point(json);
        if (!is_terminal_control(c.value) && c.value != replacement_character) {
            out += c.bytes;
            continue;
        }
        out += "\\u";
        for (unsigned shift = 16; shift > 0; shift -= 4)
            out += digits[c.value >> (shift - 4) & 15];
    }
    return out;
}

template <class Columns, class Row>
std::string rows_as_json(Columns const& columns, std::vector<Row> const& rows)
{
    std::string out = "[";
    for (auto const& row : rows) {
        boost::json::object object;
        for_each_cell(columns, row, [&](std::string_view name, auto const& value) {
            object.emplace(name, cell_json(value));
        });
        out.append(out.size() == 1 ? "\n" : ",\n").append(escaped_json(boost::json::serialize(object)));
    }
    return out + (rows.empty() ? "]\n" : "\n]\n");
}

inline constexpr std::size_t table_cell_limit = 60;

/// Returns lines of cells separated by two spaces. Numbers are right-aligned; trailing spaces are removed.
inline std::string aligned(std::vector<std::vector<std::string>> const& lines,
                           std::vector<bool> const& to_right)
{
    std::vector<std::size_t> widths(to_right.size(), 0);
    for (auto const& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], text_width(line[i]));
    std::string out;
    for (auto const& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            std::string const padding(widths[i] - text_width(line[i]), ' ');
            out += i == 0 ? "" : "  ";
            out += to_right[i] ? padding + line[i] : line[i] + padding;
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    return out;
}

template <class Columns, class Row>
std::string rows_as_table(Columns const& columns, std::vector<Row> const& rows)
{
    std::vector<std::vector<std::string>> lines{column_names(columns)};
    std::vector<bool> to_right;
    for_each_cell(columns, Row(),
                  [&]<class Value>(std::string_view, Value const&) { to_right.push_back(is_number<Value>); });
    for (auto const& row : rows) {
        auto& line = lines.emplace_back();
        for_each_cell(columns, row, [&](std::string_view, auto const& value) {
            line.push_back(shortened(one_line(cell_text(value)), table_cell_limit));
        });
    }
    return aligned(lines, to_right);
}

}}} // namespace practicus::v1::detail
