// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/ascii.hpp>
#include <practicus/detail/json_reader.hpp>
#include <practicus/detail/message.hpp>
#include <practicus/detail/utf8.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/json/object.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The protocol of a region's console and services, without any I/O: every request is made and every answer
/// is read here. Where the vendor documents one form and its SDK sends another, the documented one is sent.
namespace practicus::inline v1 {

namespace detail::wire {

/// Appends a JSON string, without a copy of the text elsewhere.
inline void append_json(wire_text& out, std::string_view text)
{
    constexpr char hex[] = "0123456789abcdef";
    out.append("\"");
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            char const escaped[] = {'\\', c};
            out.append({escaped, 2});
        } else if (is_control(c)) {
            char const escaped[] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
            out.append({escaped, 6});
        } else {
            out.append({&c, 1});
        }
    }
    out.append("\"");
}

inline void append_member(wire_text& out, std::string_view key, std::string_view value)
{
    out.append(out.empty() ? "{" : ",");
    append_json(out, key);
    out.append(":");
    append_json(out, value);
}

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";

inline request get(service_url const& service, std::string_view call, std::size_t body_limit)
{
    request r("GET", service.origin(), service.console_path(call));
    r.authorized = authorization::access;
    r.body_limit = body_limit;
    return r;
}

/// `POST auth/` with a password.
inline request login(service_url const& service, credentials const& who, std::size_t body_limit)
{
    auto r = get(service, "auth/", body_limit);
    r.method = "POST";
    r.authorized = authorization::none;
    r.content_type = json_type;
    r.secret_body = true;
    r.safe_to_repeat = true;
    r.one_time_password = !who.one_time_password().empty();
    append_member(r.body, "email", who.email());
    append_member(r.body, "password", who.value().reveal());
    if (auto const& otp = who.one_time_password()) append_member(r.body, "one_time_password", otp.reveal());
    r.body.append("}");
    return r;
}

/// `POST auth/refresh/`.
inline request refresh(service_url const& service, std::string_view refresh_token, std::size_t body_limit)
{
    auto r = get(service, "auth/refresh/", body_limit);
    r.method = "POST";
    r.authorized = authorization::refresh;
    r.content_type = json_type;
    r.secret_body = true;
    r.safe_to_repeat = true;
    r.rotating_refresh = true;
    append_member(r.body, "refresh", refresh_token);
    r.body.append("}");
    return r;
}

/// `GET modelhost/model-auth/` with a body. The documented JSON form can not ask for an upload token, so that
/// is asked for as the vendor's SDK does.
inline request model_session(service_url const& service, std::int64_t id, token_purpose purpose,
                             std::size_t body_limit)
{
    auto r = get(service, "modelhost/model-auth/", body_limit);
    if (purpose == token_purpose::predict) {
        r.content_type = json_type;
        r.body.append("{\"model_id\":" + std::to_string(id) + "}");
    } else {
        r.content_type = form_type;
        r.body.append("model_id=" + std::to_string(id) + "&upload=True");
    }
    return r;
}

/// `GET apphost/app-auth/` with a form body; only the SDK's form is known.
inline request app_session(service_url const& service, std::int64_t id, token_purpose purpose,
                           std::size_t body_limit)
{
    auto r = get(service, "apphost/app-auth/", body_limit);
    r.content_type = form_type;
    r.body.append("app_id=" + std::to_string(id) +
                  "&upload=" + (purpose == token_purpose::upload ? "True" : "False"));
    return r;
}

/// A call of a model, without its body.
inline request prediction(model_url const& url, bool by_get, std::string_view content_type,
                          std::size_t body_limit)
{
    request r(by_get ? "GET" : "POST", url.origin(), std::string(url.target()));
    r.authorized = authorization::session;
    r.content_type = content_type;
    r.accept = "*/*";
    r.body_limit = body_limit;
    return r;
}

/// `GET <model url>?get_meta=true`, with the access token; never with the refresh token.
inline request metadata(model_url const& url, std::size_t body_limit)
{
    request r("GET", url.origin(), std::string(url.target()) + "?get_meta=true");
    r.authorized = authorization::access;
    r.body_limit = body_limit;
    return r;
}

/// `GET <app url>api/?prt_sys_task=meta`, without a token.
inline request app_metadata(app_url const& url, std::size_t body_limit)
{
    request r("GET", url.origin(), std::string(url.target()) + "api/?prt_sys_task=meta");
    r.body_limit = body_limit;
    return r;
}

// Answers.

/// What a login or a refresh brings.
struct new_tokens
{
    token refresh;
    token access;
    std::string username;
};

/// A token that will go into a header. Longer than `jwt_limit` it is none. Throws `errc::unexpected_json`.
inline token read_token(json_reader const& from)
{
    auto const text = from.text();
    auto const fit = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (text.empty() || text.size() > jwt_limit || !fit) from.fail("is no token");
    return token(secret(text));
}

inline new_tokens read_login(std::string_view body)
{
    json_document const document(body);
    json_reader const answer(document.value());
    return {read_token(answer.at("refresh")), read_token(answer.at("access")),
            answer.string_or_empty("username")};
}

inline new_tokens read_refresh(std::string_view body)
{
    json_document const document(body);
    json_reader const answer(document.value());
    new_tokens result{{}, read_token(answer.at("access")), answer.string_or_empty("username")};
    if (auto const rotated = answer.get("refresh")) result.refresh = read_token(*rotated);
    return result;
}

inline token read_session_token(std::string_view body)
{
    json_document const document(body);
    json_reader const answer(document.value());
    return read_token(answer.at("token"));
}

inline cluster_info read_cluster(std::string_view body)
{
    json_document const document(body);
    json_reader const answer(document.value());
    return {answer.string_or_empty("NAME"), answer.string_or_empty("REGION_NAME")};
}

inline model_prefix read_model_prefix(json_reader const& from)
{
    return {from.at("key").string(), from.at("prefix").string()};
}

inline deployed_version read_version(json_reader const& from, std::string_view deployment)
{
    deployed_version result;
    result.id = from.at("id").integer();
    result.version = from.at("version").string_or_number();
    result.stage = from.string_or_empty("stage");
    if (auto const where = from.get(deployment)) {
        result.deployment.key = where->string_or_empty("key");
        result.deployment.name = where->string_or_empty("name");
    }
    return result;
}

inline void read_entry(json_reader const& from, deployed_entry& into, std::string_view versions,
                       std::string_view deployment)
{
    into.id = from.at("id").integer();
    into.name = from.at("name").string();
    if (auto const list = from.get(versions))
        into.versions =
            list->list<deployed_version>([&](json_reader const& v) { return read_version(v, deployment); });
}

inline model read_model(json_reader const& from)
{
    model result;
    read_entry(from, result, "model_versions", "model_deployment");
    result.prefix = read_model_prefix(from.at("model_prefix"));
    return result;
}

inline model_deployment read_deployment(json_reader const& from)
{
    model_deployment result;
    result.key = from.at("key").string();
    result.name = from.at("name").string();
    result.worker_type = from.string_or_empty("worker_type");
    if (auto const scaling = from.get("scaling")) result.scaling = scaling->string_or_number();
    // A flag in the SDK's view; some regions answer the script itself.
    if (auto const script = from.get("startup_script"))
        result.startup_script = script->value().is_string() ? !script->string().empty() : script->boolean();
    result.custom_image = from.string_or_empty("custom_image");
    return result;
}

inline void read_appearance(json_reader const& from, app_appearance& into)
{
    into.visible_name = from.string_or_empty("visible_name");
    into.description = from.string_or_empty("description");
    into.icon = from.string_or_empty("icon");
    if (auto const order = from.get("sort_order")) into.sort_order = order->integer();
    into.has_extra_conf = from.flag_or_false("has_extra_conf");
    into.has_extra_secret = from.flag_or_false("has_extra_secret");
}

inline app_prefix read_app_prefix(json_reader const& from)
{
    app_prefix result;
    result.key = from.at("key").string();
    result.prefix = from.at("prefix").string();
    read_appearance(from, result);
    return result;
}

inline app read_app(json_reader const& from)
{
    app result;
    read_entry(from, result, "app_versions", "app_deployment_setting");
    result.prefix = read_app_prefix(from.at("app_prefix"));
    result.owner_email = from.string_or_empty("owner_email");
    read_appearance(from, result);
    return result;
}

/// An answer that is an array.
template <class T, class Read>
std::vector<T> read_list(std::string_view body, Read read)
{
    json_document const document(body);
    return json_reader(document.value()).list<T>(read);
}

/// Throws `errc::no_model_id`, or `errc::not_json`.
inline std::int64_t read_model_id(response const& answer)
{
    std::int64_t id = 0;
    auto const& text = answer.model_id;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (code != std::errc() || end != text.data() + text.size() || id <= 0)
        throw error(errc::no_model_id,
                    text.empty() ? "x-prt-model-id is missing" : "x-prt-model-id is no positive number");
    return id;
}

inline model_metadata read_metadata(response const& answer)
{
    model_metadata result;
    result.model_id = read_model_id(answer);
    auto value = parse_json(answer.body);
    if (!value.is_object()) json_reader(value).fail("is not an object");
    result.values = std::move(value.get_object());
    return result;
}

inline std::int64_t read_app_id(std::string_view body)
{
    json_document const document(body);
    json_reader const answer(document.value());
    auto const id = answer.get("app_id");
    if (!id) throw error(errc::no_app_id);
    auto const number = id->integer();
    if (number <= 0) throw error(errc::no_app_id, "app_id is no positive number");
    return number;
}

} // namespace detail::wire
} // namespace practicus::inline v1
