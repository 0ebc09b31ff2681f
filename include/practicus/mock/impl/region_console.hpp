// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/region.hpp>

#include <array>

namespace practicus { inline namespace v1 { namespace mock {

struct region::endpoint
{
    std::string_view method;
    std::string_view path;
    response (region::*answer)(call&);
    takes body;
};

inline std::span<region::endpoint const> region::endpoints()
{
    static constexpr auto table = std::to_array<endpoint>({
        {"POST", "auth/", &region::login, takes::json_or_form},
        {"POST", "auth/refresh/", &region::refresh, takes::json_or_form},
        {"GET", "central/clusterdefinition/", &region::cluster_definition, takes::nothing},
        {"GET", "modelhost/model-prefixes/", &region::model_prefixes, takes::nothing},
        {"GET", "modelhost/models/", &region::models, takes::nothing},
        {"GET", "modelhost/model-deployments/", &region::model_deployments, takes::nothing},
        {"GET", "modelhost/model-auth/", &region::model_auth, takes::json_or_form},
        {"GET", "apphost/app-prefixes/", &region::app_prefixes, takes::nothing},
        {"GET", "apphost/apps/", &region::apps, takes::nothing},
        {"GET", "apphost/app-auth/", &region::app_auth, takes::form},
        {"GET", "externalservice/externalservices/", &region::addons, takes::nothing},
        {"GET", "externalservice/externalservices/auth/", &region::addon_auth, takes::form},
    });
    return table;
}

inline response region::console(call& c)
{
    c.path.remove_prefix(std::string_view("console/api/").size());
    for (auto const& known : endpoints()) {
        if (known.path == c.path) {
            if (known.method != c.r.method) {
                violate(c, "a method that this path does not have");
                return detail::replies::method_not_allowed(c.r.method, known.method);
            }
            if (c.r.target.find('?') != std::string::npos)
                return refuse_call(c, "a query where none is expected");
            if (known.body == takes::nothing && !c.r.body.empty())
                return refuse_call(c, "a body where none is expected");
            c.body_form = known.body;
            return (this->*known.answer)(c);
        }
        if (known.path == std::string(c.path) + '/') {
            violate(c, "a path without its trailing slash");
            auto query = c.r.query().empty() ? std::string() : '?' + std::string(c.r.query());
            return detail::replies::redirect(std::string(c.r.path()) + '/' + query);
        }
    }
    violate(c, "a path that the console does not have");
    return detail::replies::not_found_page();
}

inline detail::token_record const* region::bearer(call& c, std::initializer_list<token_type> accepted,
                                                  response& refusal)
{
    auto const& h = c.r.headers;
    constexpr std::string_view scheme = "Bearer ";
    auto value = h["Authorization"];
    if (!value.starts_with(scheme)) {
        violate(c, value.empty() ? "no Authorization" : "an Authorization that is no Bearer");
        refusal = detail::replies::not_authenticated();
        return nullptr;
    }
    value.remove_prefix(scheme.size());
    if (value.empty() || value.find_first_of(" \t,") != std::string_view::npos)
        violate(c, "a Bearer that is no token");
    auto const* record = mint_.find(value);
    bool fits =
        record != nullptr && std::find(accepted.begin(), accepted.end(), record->type) != accepted.end();
    if (record != nullptr && !fits)
        violate(c, "a token of the wrong type (" + std::string(to_string(record->type)) + ")");
    if (fits && !record->revoked && record->expires > now_locked()) return record;
    refusal = detail::replies::bearer_refused(record != nullptr && !fits ? "Token has wrong type"
                                                                         : "Token is invalid or expired");
    return nullptr;
}

inline response region::refuse_call(call const& c, std::string_view what)
{
    violate(c, what);
    return detail::replies::problem(400, what);
}

inline bool region::read_body(call& c, std::initializer_list<std::string_view> allowed, response& refusal)
{
    using kind = detail::body_fields::kind;
    c.body = detail::parse_body(c.r);
    bool const odd_json = c.body.is == kind::json && c.body_form == takes::form;
    switch (odd_json ? kind::unsupported : c.body.is) {
    case kind::unsupported:
        violate(c, odd_json ? "JSON, where only a form is known"
                            : "a content type that the console does not read");
        refusal = detail::replies::problem(
            415, "Unsupported media type \"" + std::string(c.r.headers["Content-Type"]) + "\" in request.");
        return false;
    case kind::malformed:
        violate(c, "a malformed body");
        refusal = detail::replies::problem(400, c.body.problem);
        return false;
    case kind::form: {
        // JSON cannot ask for a token to upload with.
        auto const* const upload = c.body.find("upload");
        bool const is_needed =
            c.body_form == takes::form || (upload && detail::as_flag(*upload).value_or(false));
        if (settings_.documented_forms_only && !is_needed) violate(c, "a form, where JSON is documented");
        break;
    }
    default: break;
    }
    boost::json::object errors;
    for (auto const& [name, value] : c.body.fields)
        if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
            errors[name] = boost::json::array{"Unknown field."};
    if (errors.empty()) return true;
    violate(c, "an unknown field in the body");
    refusal = detail::replies::json(400, std::move(errors));
    return false;
}

inline bool region::read_texts(call& c, std::initializer_list<std::string_view> required, response& refusal)
{
    boost::json::object errors;
    for (auto name : required) {
        auto const* value = c.body.find(name);
        std::string_view problem;
        if (value == nullptr)
            problem = "This field is required.";
        else if (!value->is_string())
            problem = "Not a valid string.";
        else if (value->get_string().empty())
            problem = "This field may not be blank.";
        if (problem.empty()) continue;
        errors[name] = boost::json::array{problem};
        violate(c, "the field " + std::string(name) + ": " + std::string(problem));
    }
    if (errors.empty()) return true;
    refusal = detail::replies::json(400, std::move(errors));
    return false;
}

inline response region::login(call& c)
{
    response refusal;
    if (c.r.headers.contains("Authorization")) violate(c, "a login with Authorization");
    if (!read_body(c, {"email", "password", "otp_code"}, refusal)) return refusal;
    if (!read_texts(c, {"email", "password"}, refusal)) return refusal;
    std::string email(c.body.find("email")->get_string());
    auto const* found = find_user(email);
    if (found == nullptr || c.body.find("password")->get_string() != found->password)
        return detail::replies::problem(401, "No active account found with the given credentials");
    if (auto at = one_time_passwords_.find(email); at != one_time_passwords_.end()) {
        auto const* given = c.body.find("otp_code");
        if (given == nullptr) return detail::replies::field_error("otp_code", "This field is required.");
        if (at->second.empty() || !given->is_string() || given->get_string() != at->second)
            return detail::replies::problem(401, "The one-time password is not valid.");
        at->second.clear();
    }
    boost::json::object body{{"refresh", issue_locked({token_type::refresh, email})},
                             {"access", issue_locked({token_type::access, email})}};
    if (settings_.username_at_login) body["username"] = found->username;
    return detail::replies::json(200, body);
}

/// Returns the fault of a refresh token, or an empty text.
inline std::string_view region::refresh_fault(detail::token_record const* record) const
{
    if (record != nullptr && record->type != token_type::refresh) return "Token has wrong type";
    if (record == nullptr || record->expires <= now_locked()) return "Token is invalid or expired";
    return record->revoked ? "Token is blacklisted" : std::string_view();
}

/// Returns the record of the body's refresh token, or null if it is not valid.
inline detail::token_record* region::refresh_record(call& c, response& refusal)
{
    if (!read_body(c, {"refresh"}, refusal) || !read_texts(c, {"refresh"}, refusal)) return nullptr;
    std::string token(c.body.find("refresh")->get_string());
    auto authorization = c.r.headers["Authorization"];
    bool needed = c.body.is == detail::body_fields::kind::json;
    if (needed ? authorization != "Bearer " + token : !authorization.empty())
        violate(c, needed ? "a refresh in JSON without its token in Authorization"
                          : "a refresh by form with Authorization");
    auto* const record = mint_.find(token);
    auto const fault = refresh_fault(record);
    if (fault.empty()) return record;
    if (record != nullptr && record->type != token_type::refresh && mint_.shape == token_shape::jwt)
        violate(c, "a token of the wrong type");
    refusal = detail::replies::token_refused(fault);
    return nullptr;
}

inline response region::refresh(call& c)
{
    response refusal;
    auto* const record = refresh_record(c, refusal);
    if (record == nullptr) return refusal;
    auto email = record->email;
    if (settings_.rotation == rotation::blacklist_old) record->revoked = true;
    boost::json::object body{{"access", issue_locked({token_type::access, email})}};
    if (settings_.rotation != rotation::none) body["refresh"] = issue_locked({token_type::refresh, email});
    auto const* found = find_user(email);
    if (settings_.username_at_refresh && found != nullptr) body["username"] = found->username;
    return detail::replies::json(200, body);
}

inline response region::cluster_definition(call& c)
{
    response refusal;
    if (bearer(c, {token_type::access}, refusal) == nullptr) return refusal;
    boost::json::object body;
    if (settings_.cluster_name) body["NAME"] = *settings_.cluster_name;
    if (settings_.region_name) body["REGION_NAME"] = *settings_.region_name;
    return detail::replies::json(200, body);
}

template <class List>
response region::listing(call& c, List const& items)
{
    response refusal;
    if (bearer(c, {token_type::access}, refusal) == nullptr) return refusal;
    boost::json::array all;
    for (auto const& item : items) {
        if constexpr (requires { item->to_json(); })
            all.push_back(item->to_json());
        else
            all.push_back(item.to_json());
    }
    return detail::replies::json(200, std::move(all));
}

inline response region::model_prefixes(call& c)
{
    return listing(c, model_prefixes_);
}

inline response region::models(call& c)
{
    return listing(c, models_);
}

inline response region::model_deployments(call& c)
{
    return listing(c, deployments_);
}

inline response region::app_prefixes(call& c)
{
    return listing(c, app_prefixes_);
}

inline response region::apps(call& c)
{
    return listing(c, apps_);
}

inline response region::model_auth(call& c)
{
    return session_call(c, "model_id", token_type::session, models_);
}

inline response region::app_auth(call& c)
{
    return session_call(c, "app_id", token_type::app_session, apps_);
}

inline response region::addons(call& c)
{
    return listing(c, addons_);
}

inline response region::addon_auth(call& c)
{
    response refusal;
    auto const* record = bearer(c, {token_type::access}, refusal);
    if (record == nullptr || !read_body(c, {"ext_svc_key"}, refusal)) return refusal;
    if (!read_texts(c, {"ext_svc_key"}, refusal)) return refusal;
    std::string const key(c.body.find("ext_svc_key")->get_string());
    if (std::none_of(addons_.begin(), addons_.end(), [&](addon const& a) { return a.key == key; }))
        return detail::replies::console_error(404, "Not found", "ext_svc_key is not known.");
    return detail::replies::json(
        200, boost::json::object{
                 {"token", issue_locked({token_type::addon_session, record->email}, std::nullopt, key)}});
}

template <class List>
response region::session_call(call& c, std::string_view id_field, token_type type, List const& known)
{
    response refusal;
    auto const* record = bearer(c, {token_type::access}, refusal);
    if (record == nullptr || !read_body(c, {id_field, "upload"}, refusal)) return refusal;
    auto const* given = c.body.find(id_field);
    auto id = given == nullptr ? std::nullopt : detail::as_integer(*given);
    auto const* flag = c.body.find("upload");
    auto upload = flag == nullptr ? false : detail::as_flag(*flag);
    auto refuse = [&](std::string_view field, std::string_view text) {
        violate(c, "the field " + std::string(field) + ": " + std::string(text));
        return detail::replies::field_error(field, text);
    };
    if (given == nullptr) return refuse(id_field, "This field is required.");
    if (!id) return refuse(id_field, "A valid integer is required.");
    if (!upload) return refuse("upload", "Must be a valid boolean.");
    if (std::none_of(known.begin(), known.end(), [&](auto const& item) { return item->id == *id; }))
        return detail::replies::console_error(404, "Not found", std::string(id_field) + " is not known.");
    return detail::replies::json(
        200, boost::json::object{{"token", issue_locked({type, record->email, *id, *upload})}});
}

}}} // namespace practicus::v1::mock
