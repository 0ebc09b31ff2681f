// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fixture.hpp"

#include <practicus/format.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <vector>

/// What a client has when an operation of a sweep begins.
enum class holding
{
    access_token,
    refresh_token,
    /// And an access token that the region takes no more.
    refresh_token_only,
    /// It logs in at its first operation.
    password,
    one_time_password
};

/// An operation of the client, and that of its requests which is to suffer.
struct swept_operation
{
    char const* name;
    char const* method;
    char const* path;
    /// The region's key for counting.
    char const* route;
    holding held;
    /// True if the request may be sent again once it was written.
    bool repeatable;
    /// The number of requests before it.
    unsigned before;
    asio::awaitable<std::string> (*call)(practicus::client, std::string);

    std::string request() const { return std::string(method) + ' ' + path; }
    /// A one-time password is not even sent again when it was refused for the moment.
    bool once() const { return std::string_view(name).find("one-time") != std::string_view::npos; }
    /// A first request of a client has no connection to reuse.
    bool can_reuse() const { return held != holding::password && held != holding::one_time_password; }
    /// The request belongs to the client, and not to the operation that waits for it.
    bool shared() const
    {
        std::string_view const named = name;
        return !can_reuse() || path == std::string_view("/console/api/auth/refresh/") ||
               named == "model_id" || named.find("session_token") != std::string_view::npos;
    }
};

namespace swept {

using answer = asio::awaitable<std::string>;
using practicus::client;

constexpr char const* model_path = "/models/diamond-price/";
constexpr char const* app_path = "/apps/viewer/";

/// Never twice the same, but always alike.
inline std::string text_of(practicus::token const& t)
{
    auto const& claims = t.claims();
    return std::to_string(t.reveal().size()) + ' ' +
           std::to_string(claims.lifetime().value_or(std::chrono::seconds(0)).count());
}

inline practicus::credentials with_one_time_password()
{
    auto result = practicus::credentials::password("otp@company.com", "practicus");
    return result.one_time_password("123456");
}

inline answer login(client c, std::string)
{
    co_await c.login("admin@company.com", "practicus");
    co_return c.username();
}

inline answer login_once(client c, std::string)
{
    co_await c.login(with_one_time_password());
    co_return c.username();
}

inline answer prove(client c, std::string refresh_token)
{
    co_await c.login(practicus::credentials::refresh_token(refresh_token));
    co_return c.username();
}

inline answer refresh(client c, std::string)
{
    co_await c.refresh();
    co_return c.username();
}

inline answer cluster(client c, std::string)
{
    auto const got = co_await c.cluster_info();
    co_return got.name + ' ' + got.region_name;
}

inline answer model_prefixes(client c, std::string)
{
    co_return to_json(co_await c.model_prefixes());
}
inline answer models(client c, std::string)
{
    co_return to_json(co_await c.models());
}
inline answer deployments(client c, std::string)
{
    co_return to_json(co_await c.model_deployments());
}
inline answer app_prefixes(client c, std::string)
{
    co_return to_json(co_await c.app_prefixes());
}
inline answer apps(client c, std::string)
{
    co_return to_json(co_await c.apps());
}

inline answer addons(client c, std::string)
{
    co_return to_json(co_await c.addons());
}

inline answer model_id(client c, std::string)
{
    co_return std::to_string(co_await c.model_id(c.model_url("models", "diamond-price")));
}

inline answer model_metadata(client c, std::string)
{
    auto const got = co_await c.model_metadata(c.model_url("models", "diamond-price"));
    co_return std::to_string(got.model_id) + boost::json::serialize(got.values);
}

inline answer session_token(client c, std::string)
{
    co_return text_of(co_await c.session_token(c.model_url("models", "diamond-price")));
}

inline answer app_session_token(client c, std::string)
{
    co_return text_of(co_await c.session_token(c.app_url("apps", "viewer")));
}

inline answer addon_session_token(client c, std::string)
{
    co_return text_of(co_await c.addon_session_token("langflow"));
}

/// A model's answer can only be judged by the caller: here it is to be JSON.
inline answer predict_by(client c, practicus::predict_options how)
{
    how.content_type("application/json").body_limit(65'536);
    auto const got = co_await c.predict(c.model_url("models", "diamond-price"), R"({"carat":0.23})", how);
    boost::system::error_code broken;
    auto const value = boost::json::parse(got.body, broken);
    if (broken) {
        practicus::error_info info;
        info.code = practicus::errc::not_json;
        info.request = std::string("POST ") + model_path;
        info.attempts = got.attempts;
        info.status = got.status;
        throw practicus::error(std::move(info));
    }
    co_return boost::json::serialize(value);
}

inline answer predict(client c, std::string)
{
    return predict_by(std::move(c), practicus::predict_options());
}

inline answer predict_again(client c, std::string)
{
    return predict_by(std::move(c), practicus::predict_options().idempotent());
}

/// Every operation, with every request of it.
inline std::vector<swept_operation> const& operations()
{
    constexpr auto access = holding::access_token;
    static constexpr char const* auth = "/console/api/auth/";
    static constexpr char const* again = "/console/api/auth/refresh/";
    static constexpr char const* clusters = "/console/api/central/clusterdefinition/";
    static constexpr char const* addon_list = "/console/api/externalservice/externalservices/";
    static constexpr char const* addon_auth = "/console/api/externalservice/externalservices/auth/";
    static constexpr char const* app_meta = "/apps/viewer/api/";
    static std::vector<swept_operation> const all{
        {"login", "POST", auth, "POST auth/", access, true, 0, login},
        {"login, one-time", "POST", auth, "POST auth/", access, false, 0, login_once},
        {"login by refresh", "POST", again, "POST auth/refresh/", access, false, 0, prove},
        {"refresh", "POST", again, "POST auth/refresh/", holding::refresh_token, false, 0, refresh},
        {"renewal", "POST", again, "POST auth/refresh/", holding::refresh_token_only, false, 0, cluster},
        {"first login", "POST", auth, "POST auth/", holding::password, true, 0, cluster},
        {"first login, one-time", "POST", auth, "POST auth/", holding::one_time_password, false, 0, cluster},
        {"cluster", "GET", clusters, "GET central/clusterdefinition/", access, true, 0, cluster},
        {"model_prefixes", "GET", "/console/api/modelhost/model-prefixes/", "GET modelhost/model-prefixes/",
         access, true, 0, model_prefixes},
        {"models", "GET", "/console/api/modelhost/models/", "GET modelhost/models/", access, true, 0, models},
        {"model_deployments", "GET", "/console/api/modelhost/model-deployments/",
         "GET modelhost/model-deployments/", access, true, 0, deployments},
        {"app_prefixes", "GET", "/console/api/apphost/app-prefixes/", "GET apphost/app-prefixes/", access,
         true, 0, app_prefixes},
        {"apps", "GET", "/console/api/apphost/apps/", "GET apphost/apps/", access, true, 0, apps},
        {"model_id", "GET", model_path, "GET model-meta", access, true, 0, model_id},
        {"model_metadata", "GET", model_path, "GET model-meta", access, true, 0, model_metadata},
        {"session_token, the id", "GET", model_path, "GET model-meta", access, true, 0, session_token},
        {"session_token", "GET", "/console/api/modelhost/model-auth/", "GET modelhost/model-auth/", access,
         true, 1, session_token},
        {"app_session_token, the id", "GET", app_meta, "GET app-meta", access, true, 0, app_session_token},
        {"app_session_token", "GET", "/console/api/apphost/app-auth/", "GET apphost/app-auth/", access, true,
         1, app_session_token},
        {"addons", "GET", addon_list, "GET externalservice/externalservices/", access, true, 0, addons},
        {"addon_session_token", "GET", addon_auth, "GET externalservice/externalservices/auth/", access, true,
         0, addon_session_token},
        {"predict", "POST", model_path, "POST predict", access, false, 2, predict},
        {"predict, safe to repeat", "POST", model_path, "POST predict", access, true, 2, predict_again},
    };
    return all;
}

/// Small answers, so that every byte of them can be a case of its own.
inline void fill(practicus::mock::region& region)
{
    using namespace practicus::mock;
    prefix const models("m", "models"), apps("a", "apps");
    deployment const small("d", "Small");
    region.add(user("admin@company.com", "practicus"));
    user with_otp("otp@company.com", "practicus");
    with_otp.one_time_password = "123456";
    region.add(with_otp);
    region.add_model_prefix(models).add_app_prefix(apps).add_model_deployment(small);
    region.add(practicus::mock::model(42, "diamond-price", models, {version(421, "1", small, "P")}));
    region.add(practicus::mock::app(78, "viewer", apps, {version(781, "1", small)}));
    region.add(practicus::mock::addon("langflow"));
    region.configure([&](auto& s) { s.rotation = rotation::blacklist_old; });
}

} // namespace swept
