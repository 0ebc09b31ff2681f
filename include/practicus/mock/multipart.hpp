// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// A part of a form in `multipart/form-data`.
struct form_part
{
    form_part() {}

    /// The name of the form's field.
    std::string name;
    /// The name of the file, if the part is one.
    std::optional<std::string> file_name;
    /// The content type; empty if the part has none.
    std::string content_type;
    /// The content.
    std::string content;
};

/// A read form; see `parse_multipart`.
struct multipart_form
{
    multipart_form() {}

    /// Returns the first part of this name, or null.
    form_part const* find(std::string_view name) const
    {
        auto const at =
            std::find_if(parts.begin(), parts.end(), [&](form_part const& p) { return p.name == name; });
        return at == parts.end() ? nullptr : &*at;
    }

    /// The parts in their order.
    std::vector<form_part> parts;
    /// The fault of a malformed form; empty if there is none.
    std::string problem;
};

namespace detail {

/// Takes everything up to a separator, and the separator. Returns no value if there is none.
inline std::optional<std::string_view> take_until(std::string_view& rest, std::string_view separator)
{
    auto const end = rest.find(separator);
    if (end == rest.npos) return std::nullopt;
    auto const taken = rest.substr(0, end);
    rest.remove_prefix(end + separator.size());
    return taken;
}

/// Takes a quoted string with `\"`, or with `%22`, `%0D` and `%0A` as browsers write it.
inline std::optional<std::string> take_quoted(std::string_view& rest)
{
    std::string result;
    if (!rest.starts_with('"')) return std::nullopt;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        auto const escaped = rest.substr(i, 3);
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return result;
        }
        if (escaped == "%22" || escaped == "%0D" || escaped == "%0A") {
            result += escaped == "%22" ? '"' : escaped == "%0D" ? '\r' : '\n';
            i += 2;
        } else {
            if (rest[i] == '\\') ++i;
            if (i < rest.size()) result += rest[i];
        }
    }
    return std::nullopt;
}

/// The parameters behind a field's value: `; name="value"`, or unquoted. Returns no value if malformed.
inline std::optional<std::vector<std::pair<std::string, std::string>>> parameters_of(std::string_view rest)
{
    std::vector<std::pair<std::string, std::string>> result;
    while (!rest.empty()) {
        if (!rest.starts_with(';')) return std::nullopt;
        rest.remove_prefix(1);
        while (rest.starts_with(' '))
            rest.remove_prefix(1);
        auto const name = take_until(rest, "=");
        if (!name || name->empty()) return std::nullopt;
        auto value = take_quoted(rest);
        if (!value) {
            value = rest.substr(0, rest.find(';'));
            rest.remove_prefix(value->size());
            if (value->empty() || value->find_first_of("\" ") != value->npos) return std::nullopt;
        }
        for (auto const& [known, ignored] : result)
            if (iequals(known, *name)) return std::nullopt;
        result.emplace_back(*name, std::move(*value));
    }
    return result;
}

/// The boundary that a content type names. Returns no value if it is none of RFC 2046.
inline std::optional<std::string> boundary_of(std::string_view content_type)
{
    constexpr std::string_view form = "multipart/form-data";
    if (!iequals(content_type.substr(0, form.size()), form)) return std::nullopt;
    auto const parameters = parameters_of(content_type.substr(form.size()));
    if (!parameters || parameters->size() != 1 || !iequals(parameters->front().first, "boundary"))
        return std::nullopt;
    auto const& text = parameters->front().second;
    constexpr std::string_view allowed =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? ";
    bool const fits = !text.empty() && text.size() <= 70 && text.back() != ' ' &&
                      text.find_first_not_of(allowed) == text.npos;
    return fits ? std::optional(text) : std::nullopt;
}

/// Reads `form-data; name="..."; filename="..."`. Returns false if it is malformed.
inline bool read_disposition(std::string_view value, form_part& part)
{
    constexpr std::string_view kind = "form-data";
    auto const parameters = value.starts_with(kind) ? parameters_of(value.substr(kind.size())) : std::nullopt;
    if (!parameters || parameters->empty() || parameters->front().first != "name") return false;
    part.name = parameters->front().second;
    if (parameters->size() == 1) return true;
    part.file_name = parameters->back().second;
    return parameters->size() == 2 && parameters->back().first == "filename";
}

/// Reads a part's fields, which end with an empty line. Returns the fault, or an empty text.
inline std::string read_part_fields(std::string_view& rest, form_part& part)
{
    header_list fields;
    for (;;) {
        auto const line = take_until(rest, "\r\n");
        if (!line) return "a part without an empty line behind its fields";
        if (line->empty()) break;
        auto const colon = line->find(": ");
        if (colon == line->npos) return "a malformed field of a part";
        auto const name = line->substr(0, colon);
        // RFC 7578, section 4.8.
        if (!iequals(name, "Content-Disposition") && !iequals(name, "Content-Type"))
            return "a field that a part must not have";
        if (fields.contains(name)) return "a field of a part that comes more than once";
        fields.add(name, line->substr(colon + 2));
    }
    part.content_type = fields["Content-Type"];
    if (!read_disposition(fields["Content-Disposition"], part)) return "a malformed Content-Disposition";
    return {};
}

} // namespace detail

/// Reads a body in `multipart/form-data` (RFC 7578). It is strict: text before the first boundary and behind
/// the last one, and fields that parts must not have, are faults.
inline multipart_form parse_multipart(request const& r)
{
    multipart_form result;
    auto const fail = [&result](std::string problem) {
        result.problem = std::move(problem);
        return std::move(result);
    };
    auto const boundary = detail::boundary_of(r.headers["Content-Type"]);
    if (!boundary) return fail("a content type that is no multipart/form-data with a boundary");
    auto const delimiter = "\r\n--" + *boundary;
    std::string_view rest = r.body;
    auto const first = std::string_view(delimiter).substr(2);
    if (!rest.starts_with(first)) return fail("a body that does not begin with its boundary");
    rest.remove_prefix(first.size());
    while (rest.starts_with("\r\n")) {
        rest.remove_prefix(2);
        form_part part;
        if (auto problem = detail::read_part_fields(rest, part); !problem.empty()) return fail(problem);
        auto const content = detail::take_until(rest, delimiter);
        if (!content) return fail("a part that does not end with the boundary");
        part.content = *content;
        result.parts.push_back(std::move(part));
    }
    if (rest != "--" && rest != "--\r\n") return fail("a last boundary that does not end the body");
    return result;
}

}}} // namespace practicus::v1::mock
