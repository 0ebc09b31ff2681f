// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/wire/json_schema.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/shape_reader.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/json/object.hpp>
#include <boost/url/authority_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/host_type.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The protocol of a region's console and services, without I/O: builds all requests and reads all responses.
/// Where the vendor's documentation and its SDK differ, the documented form is sent.
namespace practicus { inline namespace v1 { namespace detail::console_api {

/// Appends a JSON string without copying the text elsewhere.
inline void append_json(wire_text& out, std::string_view text)
{
    out.append("\"");
    append_json_letters(out, text);
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
inline request login(service_url const& service, credentials const& user, std::size_t body_limit)
{
    auto r = get(service, "auth/", body_limit);
    r.method = "POST";
    r.authorized = authorization::none;
    r.content_type = json_type;
    r.secret_body = true;
    r.safe_to_repeat = true;
    r.one_time_password = !user.one_time_password().empty();
    append_member(r.body, "email", user.email());
    append_member(r.body, "password", user.value().reveal());
    if (auto const& otp = user.one_time_password()) append_member(r.body, "otp_code", otp.reveal());
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

/// `GET modelhost/model-auth/` with a body. The documented JSON form cannot request an upload token; for that
/// the form of the vendor's SDK is sent.
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

/// An add-on, given by its key, or by a url with the key as the beginning of its host. Throws
/// `errc::invalid_url` if the host has no such beginning, `errc::invalid_argument` for an invalid key.
class addon_key
{
public:
    explicit addon_key(std::string_view text) : text_(text)
    {
        if (auto const scheme = text.find("://"); scheme != text.npos) {
            auto const end = text.find_first_of("/?#", scheme + 3);
            url_origin const where(text.substr(0, end));
            text_ = where.host().substr(0, where.host().find('.'));
            if (boost::urls::authority_view(where.host_header()).host_type() != boost::urls::host_type::name)
                throw error(errc::invalid_url,
                            "the host is an address, and does not begin with an add-on's key");
        }
        if (text_.empty() || has_control(text_))
            throw error(errc::invalid_argument,
                        "the add-on's key must not be empty or hold a control character");
    }

    std::string const& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// `GET externalservice/externalservices/auth/` with a form body; only the SDK's form is known.
inline request addon_session(service_url const& service, addon_key const& addon, std::size_t body_limit)
{
    auto r = get(service, "externalservice/externalservices/auth/", body_limit);
    r.content_type = form_type;
    r.body.append("ext_svc_key=" + boost::urls::encode(addon.text(), boost::urls::unreserved_chars));
    return r;
}

/// A call of a model, an app or the service itself without its body. `encoding` applies to both bodies; empty
/// for none.
inline request service_call(url_origin const& where, std::string target, std::string_view method,
                            std::string_view content_type, std::string_view encoding, std::size_t body_limit)
{
    request r(method, where, std::move(target));
    r.authorized = authorization::session;
    r.content_type = content_type;
    r.content_encoding = r.accept_encoding = encoding;
    // Without the second field, the server may choose any encoding (RFC 9110 section 12.5.3). One string
    // costs less than two.
    r.accept = encoding.empty() ? "*/*\r\nAccept-Encoding: identity" : "*/*";
    r.secret_response = false;
    r.body_limit = body_limit;
    return r;
}

/// `GET <model url>?get_meta=true` with the access token, never with the refresh token. A path after the
/// model's url is dropped.
inline request metadata(model_url const& url, std::size_t body_limit)
{
    request r("GET", url.origin(), std::string(url.root().target()) + "?get_meta=true");
    r.authorized = authorization::access;
    r.body_limit = body_limit;
    return r;
}

/// `GET <app api url>?prt_sys_task=meta` without a token. The endpoint is dropped.
inline request app_metadata(app_url const& url, std::size_t body_limit)
{
    request r("GET", url.origin(), std::string(url.root().target()) + "?prt_sys_task=meta");
    r.body_limit = body_limit;
    return r;
}

// Responses.

/// The result of a login or a refresh.
struct new_tokens
{
    token refresh;
    token access;
    std::string username;
};

/// Returns a token for a header field. Throws `errc::unexpected_json` for an invalid one, such as one longer
/// than `jwt_limit`.
inline token to_token(wire_text const& from, std::string_view name)
{
    auto const text = from.view();
    if (text.empty() || text.size() > jwt_limit || !all_visible(text))
        throw error(errc::unexpected_json, json_complaint(name, "is no token", json::kind::string));
    return token(secret(text));
}

struct token_texts
{
    std::optional<wire_text> refresh;
    wire_text access;
    std::string username;
};

inline constexpr json_member login_members[] = {
    json_members<token_texts>::required<&token_texts::refresh>("refresh", json_type::secret),
    json_members<token_texts>::required<&token_texts::access>("access", json_type::secret),
    json_members<token_texts>::optional<&token_texts::username>("username", json_type::text),
};

inline constexpr json_member renewal_members[] = {
    json_members<token_texts>::required<&token_texts::access>("access", json_type::secret),
    json_members<token_texts>::optional<&token_texts::refresh>("refresh", json_type::secret),
    json_members<token_texts>::optional<&token_texts::username>("username", json_type::text),
};

inline new_tokens read_tokens(std::string_view body, json_schema const& schema)
{
    auto const texts = read_object<token_texts>(body, schema);
    new_tokens result{{}, to_token(texts.access, "access"), texts.username};
    if (texts.refresh) result.refresh = to_token(*texts.refresh, "refresh");
    return result;
}

inline new_tokens read_login(std::string_view body)
{
    return read_tokens(body, json_schema{login_members});
}

inline new_tokens read_refresh(std::string_view body)
{
    return read_tokens(body, json_schema{renewal_members});
}

struct session_token_text
{
    wire_text token;
};

inline constexpr json_member session_token_members[] = {
    json_members<session_token_text>::required<&session_token_text::token>("token", json_type::secret),
};

inline token read_session_token(std::string_view body)
{
    auto const text = read_object<session_token_text>(body, json_schema{session_token_members});
    return to_token(text.token, "token");
}

inline constexpr json_member cluster_members[] = {
    json_members<cluster_info>::optional<&cluster_info::name>("NAME", json_type::text),
    json_members<cluster_info>::optional<&cluster_info::region_name>("REGION_NAME", json_type::text),
};

inline cluster_info read_cluster(std::string_view body)
{
    return read_object<cluster_info>(body, json_schema{cluster_members});
}

/// Throws `errc::no_model_id`, or `errc::not_json`.
inline std::int64_t read_model_id(response const& answer)
{
    std::int64_t id = 0;
    auto const text = answer.fields["x-prt-model-id"];
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
    if (!value.is_object())
        throw error(errc::unexpected_json, json_complaint({}, "is not an object", value.kind()));
    result.values = std::move(value.get_object());
    result.text = answer.body;
    return result;
}

struct app_identity
{
    std::optional<std::int64_t> id;
};

inline constexpr json_member app_identity_members[] = {
    json_members<app_identity>::optional<&app_identity::id>("app_id", json_type::integer),
};

inline std::int64_t read_app_id(std::string_view body)
{
    auto const found = read_object<app_identity>(body, json_schema{app_identity_members}).id;
    if (!found) throw error(errc::no_app_id);
    if (*found <= 0) throw error(errc::no_app_id, "app_id is no positive number");
    return *found;
}

} // namespace detail::console_api
}} // namespace practicus::v1
