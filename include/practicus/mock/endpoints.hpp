// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/multipart.hpp>
#include <practicus/mock/prediction.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

/// FastAPI's validation error.
inline response invalid_input(std::string_view type, std::initializer_list<boost::json::value_ref> where,
                              std::string_view text)
{
    boost::json::object problem{{"type", type}, {"loc", where}, {"msg", text}, {"input", nullptr}};
    return replies::json(422, boost::json::object{{"detail", boost::json::array{std::move(problem)}}});
}

/// FastAPI's, for a method that an endpoint does not have.
inline response endpoint_method_refused(std::string_view allowed)
{
    return replies::problem(405, "Method Not Allowed").header("Allow", allowed);
}

} // namespace detail

/// Answers a request of any method with its method, target, content type and body. A function for
/// `served::endpoints`.
inline response echo_request(request const& r)
{
    return detail::replies::json(200, boost::json::object{{"method", r.method},
                                                          {"target", r.target},
                                                          {"content_type", r.headers["Content-Type"]},
                                                          {"body", r.body}});
}

/// Answers a POST of JSON with `{"echo": <the body>}`. A function for `served::endpoints`.
inline response echo_json(request const& r)
{
    if (r.method != "POST") return detail::endpoint_method_refused("POST");
    if (detail::media_type(r.headers["Content-Type"]) != "application/json")
        return detail::invalid_input("model_attributes_type", {"body"}, "Input should be a valid dictionary");
    boost::system::error_code ec;
    auto body = boost::json::parse(r.body, ec);
    if (ec) return detail::invalid_input("json_invalid", {"body"}, "JSON decode error");
    return detail::replies::json(200, boost::json::object{{"echo", std::move(body)}});
}

/// Answers a GET with its query as a JSON object. A function for `served::endpoints`.
inline response echo_query(request const& r)
{
    if (r.method != "GET") return detail::endpoint_method_refused("GET");
    auto const fields = detail::parse_form(r.query());
    if (!fields) return detail::invalid_input("value_error", {"query"}, "Malformed query");
    boost::json::object result;
    for (auto const& [name, value] : *fields)
        result[name] = value;
    return detail::replies::json(200, std::move(result));
}

/// Answers an upload with the names, types, sizes and FNV-1a hashes of its files, and with its fields. A file
/// named `file` is required. A function for `served::endpoints`.
inline response accept_upload(request const& r)
{
    if (r.method != "POST") return detail::endpoint_method_refused("POST");
    auto const form = parse_multipart(r);
    if (!form.problem.empty()) return detail::replies::problem(400, form.problem);
    auto const* const file = form.find("file");
    if (file == nullptr || !file->file_name)
        return detail::invalid_input("missing", {"body", "file"}, "Field required");
    boost::json::array files;
    boost::json::object fields;
    for (auto const& part : form.parts) {
        if (part.file_name)
            files.push_back({{"field", part.name},
                             {"filename", *part.file_name},
                             {"content_type", part.content_type},
                             {"size", part.content.size()},
                             {"hash", detail::fnv1a(part.content)}});
        else
            fields[part.name] = part.content;
    }
    return detail::replies::json(
        200, boost::json::object{{"files", std::move(files)}, {"fields", std::move(fields)}});
}

}}} // namespace practicus::v1::mock
