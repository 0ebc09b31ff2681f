// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/detail/base/rows.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/detail/wire/listing_schemas.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

/// A column of a list: its name, and a pointer to a member or a function of a row. Its value is a number, a
/// `bool`, a text or an optional of these.
template <class Projection>
struct column
{
    /// The name in the header line, and the key in JSON.
    std::string_view name;
    /// Returns the value of a row.
    Projection value;
};

/// Deduces the projection's type.
template <class Projection>
column(std::string_view, Projection) -> column<Projection>;

namespace detail {

/// `1 (Production) / 2` as text, a list of objects as JSON.
struct versions_cell
{
    std::vector<hosted_version> const& versions;

    std::string text() const
    {
        std::string out;
        for (auto const& v : versions) {
            if (!out.empty()) out += " / ";
            out += v.version;
            if (!v.stage.empty()) out += " (" + v.stage + ')';
        }
        return out;
    }

    boost::json::value json() const
    {
        boost::json::array out;
        for (auto const& v : versions) {
            boost::json::object object;
            object["id"] = v.id;
            object["version"] = v.version;
            if (v.stage.empty())
                object["stage"] = nullptr;
            else
                object["stage"] = v.stage;
            object["deployment"] =
                boost::json::object{{"key", v.deployment.key}, {"name", v.deployment.name}};
            out.push_back(std::move(object));
        }
        return out;
    }
};

inline auto versions_of(hosted_entry const& entry)
{
    return versions_cell{entry.versions};
}

} // namespace detail

// The columns have the order and the names of the vendor's SDK.

/// Returns the columns of model prefixes.
inline auto columns_of(std::type_identity<model_prefix>)
{
    return detail::console_api::model_prefix_columns;
}

/// Returns the columns of models.
inline auto columns_of(std::type_identity<model>)
{
    return std::tuple(column("model_id", &model::id), column("name", &model::name),
                      column("prefix", [](model const& m) { return m.prefix.prefix; }),
                      column("versions", detail::versions_of));
}

/// Returns the columns of model deployments.
inline auto columns_of(std::type_identity<model_deployment>)
{
    return detail::console_api::deployment_columns;
}

/// Returns the columns of app prefixes.
inline auto columns_of(std::type_identity<app_prefix>)
{
    return detail::console_api::app_prefix_columns;
}

/// Returns the columns of apps.
inline auto columns_of(std::type_identity<app>)
{
    using row = app;
    return std::tuple(column("app_id", &row::id), column("name", &row::name),
                      column("prefix", [](app const& a) { return a.prefix.prefix; }),
                      column("versions", detail::versions_of), column("visible_name", &row::visible_name),
                      column("description", &row::description), column("owner_email", &row::owner_email),
                      column("icon", &row::icon), column("sort_order", &row::sort_order),
                      column("has_extra_conf", &row::has_extra_conf),
                      column("has_extra_secret", &row::has_extra_secret));
}

/// Returns the columns of add-ons.
inline auto columns_of(std::type_identity<addon>)
{
    return detail::console_api::addon_columns;
}

/// A type that can be written as rows: an entry of a region's lists, or a program's own type with a
/// function `columns_of` beside it.
template <class Row>
concept has_columns = requires
{
    columns_of(std::type_identity<Row>());
};

/// Returns CSV with a header line, quoted as in RFC 4180; lines end with a line feed. Each row is one line:
/// characters that control a terminal or break a line become spaces. A text that begins with `=`, `+`, `-`
/// or `@` is a formula to a spreadsheet, and gets an apostrophe in front. `to_json` keeps the exact text.
template <has_columns Row>
[[nodiscard]] std::string to_csv(std::vector<Row> const& rows)
{
    return detail::rows_as_csv(columns_of(std::type_identity<Row>()), rows);
}

/// Returns a JSON array of objects with the same columns, one row on a line. Versions are objects with id,
/// version, stage and deployment. Texts are exact; characters that control a terminal are escaped.
template <has_columns Row>
[[nodiscard]] std::string to_json(std::vector<Row> const& rows)
{
    return detail::rows_as_json(columns_of(std::type_identity<Row>()), rows);
}

/// Returns a server's text for a terminal, on one line. Characters that control the terminal or the writing
/// direction become spaces; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] inline std::string one_line(std::string_view text)
{
    return detail::one_line(text);
}

/// Returns `model_metadata::text` on one line. Characters that control a terminal are escaped.
[[nodiscard]] inline std::string to_json(model_metadata const& metadata)
{
    return detail::escaped_json(detail::without_blanks(metadata.text)) + '\n';
}

/// Returns columns aligned for a terminal with a fixed-width font, with a header line. Control characters
/// become spaces. A cell longer than 60 columns ends with an ellipsis.
template <has_columns Row>
[[nodiscard]] std::string to_table(std::vector<Row> const& rows)
{
    return detail::rows_as_table(columns_of(std::type_identity<Row>()), rows);
}

}} // namespace practicus::v1
