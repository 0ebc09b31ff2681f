// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

/// The responses of the frameworks that a console is built with.
namespace practicus { inline namespace v1 { namespace mock { namespace detail { namespace replies {

inline response json(unsigned status, boost::json::value const& value)
{
    return {status, "application/json", boost::json::serialize(value)};
}

/// Django REST framework.
inline response problem(unsigned status, std::string_view text)
{
    return json(status, boost::json::object{{"detail", text}});
}

/// simplejwt, for a token in a body.
inline response token_refused(std::string_view text)
{
    auto result = json(401, boost::json::object{{"detail", text}, {"code", "token_not_valid"}});
    return result.header("WWW-Authenticate", R"(Bearer realm="api")");
}

/// simplejwt, for a token in the Authorization field.
inline response bearer_refused(std::string_view text)
{
    boost::json::object message{{"token_class", "AccessToken"}, {"token_type", "access"}, {"message", text}};
    boost::json::object body{{"detail", "Given token not valid for any token type"},
                             {"code", "token_not_valid"},
                             {"messages", boost::json::array{std::move(message)}}};
    return json(401, body).header("WWW-Authenticate", R"(Bearer realm="api")");
}

inline response not_authenticated()
{
    return problem(401, "Authentication credentials were not provided.")
        .header("WWW-Authenticate", R"(Bearer realm="api")");
}

/// A validation error of one field.
inline response field_error(std::string_view field, std::string_view text)
{
    boost::json::object body;
    body[field] = boost::json::array{text};
    return json(400, body);
}

/// The console's own.
inline response console_error(unsigned status, std::string_view msg, std::string_view details)
{
    return json(status, boost::json::object{{"msg", msg}, {"details", details}});
}

inline response method_not_allowed(std::string_view method, std::string_view allowed)
{
    return problem(405, "Method \"" + std::string(method) + "\" not allowed.").header("Allow", allowed);
}

/// Django's page for an unknown path.
inline response not_found_page()
{
    return {404, "text/html; charset=utf-8",
            "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n"
            "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n"
            "</html>\n"};
}

/// Django's, for a path without its trailing slash.
inline response redirect(std::string_view location)
{
    response result(301, "text/html; charset=utf-8", {});
    result.chunked = true;
    return result.header("Location", location);
}

}}}}} // namespace practicus::v1::mock::detail::replies
