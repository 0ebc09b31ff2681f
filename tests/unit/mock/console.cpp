// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock region's console: what it answers to good requests.

#include "catch.hpp"

#include "unit/mock/region_client.hpp"

#include <practicus/mock/console.hpp>

#include <boost/json/serialize.hpp>

#include <chrono>
#include <string>

namespace json = boost::json;
using namespace practicus::mock;
using namespace std::chrono_literals;
using strings = region_client::strings;

TEST_CASE("a login is answered in both forms")
{
    region_client c;
    auto documented = c.login();
    CHECK(documented.status == 200);
    CHECK(documented.headers["Content-Type"] == "application/json");
    CHECK(documented.headers["Date"] == "Mon, 05 Jan 2026 12:00:00 GMT");
    CHECK(c.text(documented, "username") == "admin");
    CHECK(c.text(documented, "refresh") != c.text(documented, "access"));

    auto form =
        c.region.handle(c.console("POST", "auth/").form("email=admin%40company.com&password=practicus"));
    CHECK(form.status == 200);
    CHECK(c.text(form, "username") == "admin");

    c.region.configure([&](auto& s) {
        s.username_at_login = false;
        s.username_at_refresh = false;
    });
    CHECK_FALSE(c.json(c.login()).as_object().contains("username"));
    CHECK(c.region.violations() == strings());
    CHECK(c.region.count("POST auth/") == 3);
}

TEST_CASE("a wrong password is refused without a violation")
{
    region_client c;
    auto answer = c.login(R"({"email":"admin@company.com","password":"wrong"})");
    CHECK(answer.status == 401);
    CHECK(c.text(answer, "detail") == "No active account found with the given credentials");
    CHECK(c.login(R"({"email":"stranger@company.com","password":"practicus"})").status == 401);
    CHECK(c.region.violations() == strings());
    CHECK(c.region.count_status(401) == 2);
}

TEST_CASE("a one-time password is asked for, and good once")
{
    region_client c;
    c.region.one_time_password("admin@company.com", "123456");
    auto answer = c.login();
    CHECK(answer.status == 400);
    CHECK(answer.body == R"({"otp_code":["This field is required."]})");
    std::string const body = R"({"email":"admin@company.com","password":"practicus","otp_code":")";
    CHECK(c.login(body + "654321\"}").status == 401);
    CHECK(c.login(body + "123456\"}").status == 200);
    CHECK(c.login(body + "123456\"}").status == 401);
    c.region.one_time_password("admin@company.com", "222222");
    CHECK(c.login(body + "222222\"}").status == 200);
    CHECK(c.login(body + "\"}").status == 401);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("a refresh is answered in both forms")
{
    region_client c;
    auto token = c.region.issue(token_type::refresh, "admin@company.com");
    auto answer = c.refresh(token);
    CHECK(answer.status == 200);
    CHECK(c.text(answer, "username") == "admin");
    CHECK_FALSE(c.json(answer).as_object().contains("refresh"));
    auto access = c.text(answer, "access");
    CHECK(c.region.handle(c.console("GET", "modelhost/models/").bearer(access)).status == 200);
    CHECK(c.region.handle(c.console("POST", "auth/refresh/").form("refresh=" + token)).status == 200);
    c.region.configure([&](auto& s) {
        s.username_at_login = true;
        s.username_at_refresh = false;
    });
    CHECK(c.refresh(token).body.find("username") == std::string::npos);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("refresh tokens rotate as configured")
{
    region_client c;
    auto token = c.region.issue(token_type::refresh, "admin@company.com");

    c.region.configure([&](auto& s) { s.rotation = rotation::keep_old; });
    CHECK(c.text(c.refresh(token), "refresh") != token);
    CHECK(c.refresh(token).status == 200);

    c.region.configure([&](auto& s) { s.rotation = rotation::blacklist_old; });
    auto next = c.text(c.refresh(token), "refresh");
    auto dead = c.refresh(token);
    CHECK(dead.status == 401);
    CHECK(dead.body == R"({"detail":"Token is blacklisted","code":"token_not_valid"})");
    CHECK(c.refresh(next).status == 200);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("tokens expire by the region's clock, and can be refused before")
{
    region_client c;
    auto access = c.access();
    auto call = [&] { return c.region.handle(c.console("GET", "modelhost/models/").bearer(access)); };
    CHECK(call().status == 200);
    c.region.advance(1799s);
    CHECK(call().status == 200);
    c.region.advance(1s);
    auto expired = call();
    CHECK(expired.status == 401);
    CHECK(c.text(expired, "code") == "token_not_valid");
    CHECK(c.json(expired).at("messages").at(0).at("token_type") == "access");
    CHECK(expired.headers["WWW-Authenticate"] == R"(Bearer realm="api")");
    c.region.advance(-10s);
    CHECK(call().status == 200);

    c.region.revoke(token_type::access);
    CHECK(call().status == 401);
    access = c.access();
    CHECK(call().status == 200);
    c.region.revoke_token(access);
    CHECK(call().status == 401);

    auto refresh = c.region.issue(token_type::refresh, "admin@company.com");
    CHECK(c.refresh(refresh).status == 200);
    c.region.advance(90 * 24h);
    CHECK(c.text(c.refresh(refresh), "detail") == "Token is invalid or expired");
    CHECK(c.region.violations() == strings());
}

TEST_CASE("the caller controls the clock")
{
    region_client c;
    c.region.configure(
        [&](auto& s) { s.clock = [] { return std::chrono::system_clock::time_point(1s * 784111777); }; });
    CHECK(c.list("modelhost/models/").headers["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(c.region.now().time_since_epoch() == 784111777s);
    c.region.advance(24h);
    CHECK(c.list("modelhost/models/").headers["Date"] == "Mon, 07 Nov 1994 08:49:37 GMT");
}

TEST_CASE("a token that was tampered with is refused")
{
    region_client c;
    auto token = c.access();
    token.back() = token.back() == 'A' ? 'B' : 'A';
    auto answer = c.region.handle(c.console("GET", "modelhost/models/").bearer(token));
    CHECK(answer.status == 401);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("the listings")
{
    region_client c;
    CHECK(c.list("central/clusterdefinition/").body == R"({"NAME":"practicus","REGION_NAME":"mock"})");
    c.region.configure([&](auto& s) {
        s.cluster_name = std::nullopt;
        s.region_name = "eu";
    });
    CHECK(c.list("central/clusterdefinition/").body == R"({"REGION_NAME":"eu"})");

    CHECK(c.list("modelhost/model-prefixes/").body ==
          R"([{"key":"models-practicus","prefix":"models/practicus"},)"
          R"({"key":"models-finance","prefix":"models/finance"},{"key":"models-llm","prefix":"llm"}])");

    auto models = c.json(c.list("modelhost/models/"));
    REQUIRE(models.as_array().size() == 5);
    CHECK(models.at(0).at("id") == 42);
    CHECK(models.at(0).at("model_prefix").at("prefix") == "models/practicus");
    CHECK(models.at(0).at("model_versions").at(0).at("version") == "1");
    CHECK(models.at(0).at("model_versions").at(0).at("stage") == "Production");
    CHECK(models.at(0).at("model_versions").at(0).at("model_deployment").at("key") == "depl-small");
    CHECK(models.at(0).at("model_versions").at(2).at("version") == 3);
    CHECK(models.at(0).at("model_versions").at(2).at("stage").is_null());
    CHECK(models.at(2).at("model_versions").as_array().empty());
    CHECK_FALSE(models.at(3).as_object().contains("model_versions"));

    auto deployments = c.json(c.list("modelhost/model-deployments/"));
    CHECK(deployments.at(0).at("worker_type") == "Small-1");
    CHECK(json::serialize(deployments.at(2)) == R"({"key":"depl-bare","name":"Bare"})");

    auto prefixes = c.json(c.list("apphost/app-prefixes/"));
    CHECK(prefixes.at(0).at("has_extra_secret") == true);
    auto apps = c.json(c.list("apphost/apps/"));
    CHECK(apps.at(0).at("app_versions").at(0).at("app_deployment_setting").at("key") == "web");
    CHECK(apps.at(0).at("owner_email") == "admin@company.com");
    // Without these the vendor's SDK 25.5.2 lists nothing, or not all.
    CHECK(apps.at(0).at("app_versions").at(0).at("app_deployment_setting").at("db_enabled") == false);
    for (auto const& listed : {models.at(0), deployments.at(0), prefixes.at(0), apps.at(0)})
        CHECK(listed.at("has_secrets").is_bool());

    c.region.remove_model(42).remove_app(78);
    CHECK(c.json(c.list("modelhost/models/")).as_array().size() == 4);
    CHECK(c.json(c.list("apphost/apps/")).as_array().size() == 1);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("session tokens, in both forms")
{
    region_client c;
    auto ask = [&](request r) { return c.region.handle(r.bearer(c.access())); };
    CHECK(ask(c.console("GET", "modelhost/model-auth/").json(R"({"model_id":42})")).status == 200);
    CHECK(ask(c.console("GET", "modelhost/model-auth/").form("model_id=42&upload=True")).status == 200);
    CHECK(ask(c.console("GET", "apphost/app-auth/").form("app_id=78&upload=False")).status == 200);
    auto unknown = ask(c.console("GET", "modelhost/model-auth/").json(R"({"model_id":99})"));
    CHECK(unknown.status == 404);
    CHECK(unknown.body == R"({"msg":"Not found","details":"model_id is not known."})");
    CHECK(c.region.violations() == strings());
}

TEST_CASE("add-ons are listed, and have session tokens")
{
    region_client c;
    auto const listed = c.list("externalservice/externalservices/");
    CHECK(c.json(listed).at(0).at("key") == "langflow");
    CHECK(c.json(listed).at(0).at("service_type").at("key") == "LANGFLOW");
    CHECK(json::serialize(c.json(listed).at(1)) == R"({"key":"bare"})");
    auto const ask = [&](std::string_view form) {
        return c.region.handle(
            c.console("GET", "externalservice/externalservices/auth/").form(form).bearer(c.access()));
    };
    CHECK_FALSE(c.text(ask("ext_svc_key=langflow"), "token").empty());
    CHECK(c.region.count("GET externalservice/externalservices/auth/") == 1);
    CHECK(ask("ext_svc_key=unknown").status == 404);
    CHECK(c.region.violations() == strings());
    CHECK(ask("ext_svc_key=").status == 400);
    CHECK(ask("ext_svc_key=langflow&upload=False").status == 400);
    CHECK(c.region.violations().size() == 2);
}

TEST_CASE("a forbidden route is answered 403")
{
    region_client c;
    c.region.forbid("GET modelhost/models/");
    CHECK(c.list("modelhost/models/").status == 403);
    CHECK(c.list("apphost/apps/").status == 200);
    c.region.forbid("GET modelhost/models/", false);
    CHECK(c.list("modelhost/models/").status == 200);
}

TEST_CASE("a region may have a path of its own")
{
    region_client c;
    c.region.base_path("/prt/eu");
    CHECK(c.region.handle(c.get("/prt/eu/console/api/modelhost/models/").bearer(c.access())).status == 200);
    CHECK(c.region.handle(c.get("/prt/eu/models/practicus/diamond-price/?get_meta=true").bearer(c.access()))
              .status == 200);
    CHECK(c.region.count("GET modelhost/models/") == 1);
    CHECK(c.region.violations() == strings());
    CHECK(c.region.handle(c.get("/console/api/modelhost/models/").bearer(c.access())).status == 404);
    CHECK(c.region.violations().size() == 1);
}

TEST_CASE("requests are counted by route")
{
    region_client c;
    c.login();
    c.list("modelhost/models/");
    c.list("modelhost/models/");
    c.region.record(c.console("GET", "apphost/apps/"));
    c.region.handle(c.get("/nowhere/"));
    CHECK(c.region.count() == 5);
    CHECK(c.region.counts() ==
          std::map<std::string, std::uint64_t, std::less<>>{
              {"GET apphost/apps/", 1}, {"GET modelhost/models/", 2}, {"POST auth/", 1}, {"other", 1}});
    CHECK(c.region.count_status(200) == 3);
    c.region.reset_counts();
    CHECK(c.region.count() == 0);
    CHECK(c.region.count("POST auth/") == 0);
    CHECK(c.region.count_status(200) == 0);
}
