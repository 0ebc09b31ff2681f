// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock region's console and services: what clients should never send.

#include "catch.hpp"

#include "unit/mock/region_client.hpp"

#include <practicus/mock/console.hpp>

#include <string>
#include <utility>

using namespace practicus::mock;
using strings = region_client::strings;

namespace {

constexpr char const* good_login = R"({"email":"admin@company.com","password":"practicus"})";

/// Handles the request; checks its status and its only violation.
response faulty(region_client& c, request const& r, unsigned status, std::string const& violation)
{
    c.region.clear_violations();
    auto answer = c.region.handle(r);
    CHECK(answer.status == status);
    CHECK(c.region.violations() == strings{r.method + ' ' + std::string(r.path()) + ": " + violation});
    return answer;
}

} // namespace

TEST_CASE("malformed logins")
{
    region_client c;
    auto login = c.console("POST", "auth/");
    auto with = [&](std::string_view body) { return request(login).json(body); };

    CHECK(faulty(c, with(R"({"email":"a@b.c"})"), 400, "the field password: This field is required.").body ==
          R"({"password":["This field is required."]})");
    faulty(c, with(R"({"email":"a@b.c","password":""})"), 400,
           "the field password: This field may not be blank.");
    faulty(c, with(R"({"email":1,"password":"x"})"), 400, "the field email: Not a valid string.");
    CHECK(faulty(c, with(R"({"email":"admin@company.com","password":"practicus","one_time_password":"1"})"),
                 400, "an unknown field in the body")
              .body == R"({"one_time_password":["Unknown field."]})");
    faulty(c, request(login).form("email=admin@company.com&password=practicus&x=1"), 400,
           "an unknown field in the body");
    auto broken = faulty(c, with(R"({"email":)"), 400, "a malformed body");
    CHECK(c.text(broken, "detail").starts_with("JSON parse error"));
    faulty(c, with("[]"), 400, "a malformed body");
    faulty(c, request(login).form("email=%4&password=x"), 400, "a malformed body");
    faulty(c, request(login).form("email=a&email=b&password=x"), 400, "a malformed body");
    auto plain = faulty(c, request(login).content("text/plain", good_login), 415,
                        "a content type that the console does not read");
    CHECK(c.text(plain, "detail") == R"(Unsupported media type "text/plain" in request.)");
    faulty(c, with(good_login).bearer("x"), 200, "a login with Authorization");

    auto untyped = with(good_login);
    untyped.headers.erase("Content-Type");
    faulty(c, untyped, 415, "a content type that the console does not read");

    c.region.configure([&](auto& s) { s.documented_forms_only = true; });
    faulty(c, request(login).form("email=admin@company.com&password=practicus"), 200,
           "a form, where JSON is documented");
}

TEST_CASE("both missing fields are named")
{
    region_client c;
    auto answer = c.login("{}");
    CHECK(answer.body == R"({"email":["This field is required."],"password":["This field is required."]})");
}

TEST_CASE("framing that no client should send")
{
    region_client c;
    auto login = c.console("POST", "auth/").json(good_login);
    faulty(c, request(login).header("Authorization", ""), 200, "a login with Authorization");
    faulty(c, request(login).header("content-type", "application/json"), 200,
           "the field Content-Type comes more than once");
    faulty(c, request(login).header("Host", "b"), 400, "the field Host comes more than once");
    faulty(c, request(login).header("Transfer-Encoding", "chunked"), 200,
           "both Content-Length and Transfer-Encoding");

    auto homeless = login;
    homeless.headers.erase("Host");
    faulty(c, homeless, 400, "no Host");

    auto mute = login;
    mute.headers.erase("Content-Length");
    c.region.clear_violations();
    CHECK(c.region.handle(mute).status == 200);
    CHECK(c.region.violations() == strings{"POST /console/api/auth/: a body without Content-Length",
                                           "POST /console/api/auth/: a POST without Content-Length"});

    auto lying = login;
    lying.headers.set("Content-Length", "3");
    faulty(c, lying, 200, "a Content-Length that is not the body's");

    auto list = c.console("GET", "modelhost/models/").bearer(c.access());
    faulty(c, request(list).header("Content-Type", "application/json"), 200, "a Content-Type without a body");
    CHECK(c.text(faulty(c, request(list).json("{}"), 400, "a body where none is expected"), "detail") ==
          "a body where none is expected");
    for (auto const* path : {"modelhost/models/", "modelhost/model-prefixes/", "modelhost/model-deployments/",
                             "apphost/apps/", "apphost/app-prefixes/", "central/clusterdefinition/",
                             "externalservice/externalservices/", "modelhost/model-auth/"}) {
        INFO(path);
        faulty(c, c.console("GET", std::string(path) + "?page=1").bearer(c.access()), 400,
               "a query where none is expected");
    }
}

TEST_CASE("token requests for apps and add-ons are forms, and no violation")
{
    region_client c;
    std::pair<char const*, std::pair<char const*, char const*>> const table[] = {
        {"apphost/app-auth/", {R"({"app_id":78})", "app_id=78&upload=False"}},
        {"externalservice/externalservices/auth/", {R"({"ext_svc_key":"langflow"})", "ext_svc_key=langflow"}},
    };
    for (bool const documented : {false, true}) {
        c.region.configure([&](auto& s) { s.documented_forms_only = documented; });
        for (auto const& [path, bodies] : table) {
            INFO(path << ' ' << documented);
            auto const call = c.console("GET", path).bearer(c.access());
            faulty(c, request(call).json(bodies.first), 415, "JSON, where only a form is known");
            c.region.clear_violations();
            CHECK(c.region.handle(request(call).form(bodies.second)).status == 200);
            CHECK(c.region.violations().empty());
        }
    }
    auto const model = c.console("GET", "modelhost/model-auth/").bearer(c.access());
    CHECK(c.region.handle(request(model).form("model_id=42&upload=True")).status == 200);
    CHECK(c.region.violations().empty());
    faulty(c, request(model).form("model_id=42&upload=False"), 200, "a form, where JSON is documented");
}

TEST_CASE("wrong paths and methods")
{
    region_client c;
    auto refused =
        faulty(c, c.console("PUT", "modelhost/models/"), 405, "a method that this path does not have");
    CHECK(refused.headers["Allow"] == "GET");
    CHECK(c.text(refused, "detail") == R"(Method "PUT" not allowed.)");
    auto lost =
        faulty(c, c.console("GET", "modelhost/nothing/"), 404, "a path that the console does not have");
    CHECK(lost.headers["Content-Type"].starts_with("text/html"));
    auto moved =
        faulty(c, c.console("GET", "modelhost/models?a=1"), 301, "a path without its trailing slash");
    CHECK(moved.headers["Location"] == "/console/api/modelhost/models/?a=1");
    CHECK(moved.chunked);
    CHECK(moved.body.empty());
    faulty(c, c.console("GET", "modelhost/models/?x=1").bearer(c.access()), 400,
           "a query where none is expected");
}

TEST_CASE("missing and foreign credentials")
{
    region_client c;
    auto list = c.console("GET", "modelhost/models/");
    auto anonymous = faulty(c, list, 401, "no Authorization");
    CHECK(c.text(anonymous, "detail") == "Authentication credentials were not provided.");
    CHECK(anonymous.headers.contains("WWW-Authenticate"));
    faulty(c, request(list).header("Authorization", "Basic eA=="), 401, "an Authorization that is no Bearer");
    auto refresh = c.region.issue(token_type::refresh, "admin@company.com");
    auto wrong = faulty(c, request(list).bearer(refresh), 401, "a token of the wrong type (refresh)");
    CHECK(c.json(wrong).at("messages").at(0).at("message") == "Token has wrong type");
    faulty(c, request(list).bearer(c.session(42)), 401, "a token of the wrong type (session)");

    auto renew = c.console("POST", "auth/refresh/");
    auto body = "{\"refresh\":\"" + refresh + "\"}";
    faulty(c, request(renew).json(body), 200, "a refresh in JSON without its token in Authorization");
    faulty(c, request(renew).bearer(refresh).form("refresh=" + refresh), 200,
           "a refresh by form with Authorization");
    auto access = c.access();
    faulty(c, request(renew).form("refresh=" + access), 401, "a token of the wrong type");
}

TEST_CASE("malformed session token requests")
{
    region_client c;
    auto ask = c.console("GET", "modelhost/model-auth/").bearer(c.access());
    faulty(c, request(ask).json("{}"), 400, "the field model_id: This field is required.");
    faulty(c, request(ask).json(R"({"model_id":"forty"})"), 400,
           "the field model_id: A valid integer is required.");
    faulty(c, request(ask).json(R"({"model_id":4.5})"), 400,
           "the field model_id: A valid integer is required.");
    faulty(c, request(ask).form("model_id=42&upload=maybe"), 400,
           "the field upload: Must be a valid boolean.");
    faulty(c, request(ask).json(R"({"model_id":42,"app_id":1})"), 400, "an unknown field in the body");
    faulty(c, ask, 400, "the field model_id: This field is required.");
}

TEST_CASE("requests that services must never receive")
{
    region_client c;
    std::string const url = "/models/practicus/diamond-price/";
    auto refresh = c.region.issue(token_type::refresh, "admin@company.com");
    faulty(c, c.get(url + "?get_meta=true").bearer(refresh), 401, "a token of the wrong type (refresh)");
    faulty(c, c.get(url + "?meta").bearer(c.access()), 200, "a query that a model does not have");
    faulty(c, request("DELETE", url).header("Host", "x").bearer(c.session(42)), 405,
           "a method that a model does not have");
    auto rows = c.post(url).content("text/csv", "a\n1\n");
    faulty(c, rows, 401, "no Authorization");
    faulty(c, request(rows).bearer(c.access()), 401, "a token of the wrong type (access)");
    faulty(c, request(rows).bearer(c.session(43)), 403, "a session token of another model");
    auto untyped = request(rows).bearer(c.session(42));
    untyped.headers.erase("Content-Type");
    faulty(c, untyped, 415, "a prediction without a content type");
    faulty(c, c.get("/apps/tools/viewer/api/?prt_sys_task=meta").bearer(c.access()), 200,
           "an app's metadata asked with Authorization");
    faulty(c, c.get("/apps/tools/viewer/api/?x=1"), 404, "a query that an app does not have");

    c.region.configure([&](auto& s) { s.documented_forms_only = true; });
    c.region.clear_violations();
    CHECK(c.region.handle(c.get(url).bearer(refresh)).status == 401);
    CHECK(c.region.violations().size() == 2);
}

TEST_CASE("violations hold no secret, and are bounded")
{
    region_client c;
    auto token = c.session(42);
    c.login(R"({"email":"secret@company.com","password":"hidden","secret":1})");
    c.region.handle(c.console("GET", "modelhost/models/?token=hidden").bearer(token));
    for (auto const& text : c.region.violations()) {
        CHECK(text.find("hidden") == std::string::npos);
        CHECK(text.find("secret") == std::string::npos);
        CHECK(text.find(token) == std::string::npos);
    }
    for (int i = 0; i != 1100; ++i)
        c.region.handle(c.console("GET", "nothing/"));
    CHECK(c.region.violations().size() == 1000);
    c.region.clear_violations();
    CHECK(c.region.violations().empty());
}
