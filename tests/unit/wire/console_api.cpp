// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/listing_schemas.hpp>
#include <practicus/detail/wire/shape_reader.hpp>

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace practicus::detail;
using practicus::app_url;
using practicus::credentials;
using practicus::errc;
using practicus::model_url;
using practicus::service_url;
using practicus::token_purpose;

service_url const service("https://practicus.company.com");
constexpr std::string_view form = "application/x-www-form-urlencoded";
constexpr std::string_view json_content = "application/json";

struct error_text
{
    practicus::error_info info;
    std::string what;
};

error_text complaint_of(std::function<void()> const& read)
{
    try {
        read();
    } catch (practicus::error const& e) {
        return {e.info(), e.what()};
    }
    return {};
}

/// The own words of what is said of an answer of the wrong shape.
std::string shape(std::function<void()> const& read)
{
    auto const c = complaint_of(read);
    CHECK(c.info.code == errc::unexpected_json);
    CHECK(c.what.find("hunter2") == std::string::npos);
    return c.info.message;
}

/// A list in pieces of such a size.
template <class T>
std::vector<T> read_in_pieces(std::string_view body, json_schema const& shape, std::size_t size)
{
    list_reader<T> reader(shape, true);
    reader.restart();
    while (!body.empty() && reader.take(body.substr(0, size)))
        body.remove_prefix(std::min(size, body.size()));
    return reader.result();
}

/// A list, which is the same in whatever pieces it comes.
template <class T>
std::vector<T> read_list(std::string_view body, json_schema const& shape)
{
    auto const said = [&](std::size_t size) {
        auto const c = complaint_of([&] { read_in_pieces<T>(body, shape, size); });
        return c.info.message;
    };
    auto const whole = said(body.size() + 1);
    for (std::size_t const size : {1U, 2U, 7U}) {
        CHECK(said(size) == whole);
        if (whole.empty())
            CHECK(read_in_pieces<T>(body, shape, size) == read_in_pieces<T>(body, shape, 1000));
    }
    return read_in_pieces<T>(body, shape, body.size() + 1);
}

request login_of(std::string_view email, std::string_view password)
{
    return console_api::login(service, credentials::password(email, password), 7);
}

response with_model_id(std::string_view id, std::string body = "{}")
{
    response answer;
    answer.status = 200;
    answer.fields.add("X-Prt-Model-Id", id);
    answer.body = std::move(body);
    return answer;
}

} // namespace

TEST_CASE("the request of a login")
{
    auto const r = login_of("admin@company.com", "hunter2");
    CHECK(r.method == "POST");
    CHECK(r.where.str() == "https://practicus.company.com");
    CHECK(r.target == "/console/api/auth/");
    CHECK(r.authorized == authorization::none);
    CHECK(r.content_type == json_content);
    CHECK(r.body.view() == R"({"email":"admin@company.com","password":"hunter2"})");
    CHECK(r.secret_body);
    CHECK(r.body_limit == 7);
    CHECK(r.name() == "POST /console/api/auth/");
}

TEST_CASE("the request of a login with a one-time password")
{
    auto user = credentials::password("a@b", "x");
    user.one_time_password("123456");
    CHECK(console_api::login(service, user, 7).body.view() ==
          R"({"email":"a@b","password":"x","otp_code":"123456"})");
}

TEST_CASE("e-mail and password are escaped as JSON, and letters stay as they are")
{
    CHECK(login_of(R"(a"b\@c)", R"(","admin":"\)").body.view() ==
          R"({"email":"a\"b\\@c","password":"\",\"admin\":\"\\"})");
    CHECK(login_of("j\xc3\xbcrgen@b", "\xf0\x9f\x98\x80/\xe2\x82\xac").body.view() ==
          "{\"email\":\"j\xc3\xbcrgen@b\",\"password\":\"\xf0\x9f\x98\x80/\xe2\x82\xac\"}");
}

TEST_CASE("every byte of ASCII survives JSON")
{
    std::string all;
    for (int c = 0; c < 128; ++c)
        all += static_cast<char>(c);
    wire_text out;
    console_api::append_json(out, all);
    CHECK(out.view().substr(0, 15) == "\"\\u0000\\u0001\\u");
    CHECK(out.view().find("\\u001f !\\\"#") != std::string_view::npos);
    CHECK(out.view().ends_with("~\\u007f\""));
    CHECK(std::none_of(out.view().begin(), out.view().end(), is_control));
    CHECK(parse_json(out.view()).as_string() == all);
}

TEST_CASE("the request of a refresh")
{
    auto const r = console_api::refresh(service, "abc.def-_", 7);
    CHECK(r.method == "POST");
    CHECK(r.target == "/console/api/auth/refresh/");
    CHECK(r.authorized == authorization::refresh);
    CHECK(r.content_type == json_content);
    CHECK(r.body.view() == R"({"refresh":"abc.def-_"})");
    CHECK(r.secret_body);
    CHECK(r.body_limit == 7);
}

TEST_CASE("the request of a listing")
{
    service_url const deep("http://[::1]:8000/base");
    for (std::string const call :
         {"central/clusterdefinition/", "modelhost/model-prefixes/", "modelhost/models/",
          "modelhost/model-deployments/", "apphost/app-prefixes/", "apphost/apps/"}) {
        auto const r = console_api::get(deep, call, 9);
        CHECK(r.method == "GET");
        CHECK(r.where.str() == "http://[::1]:8000");
        CHECK(r.target == "/base/console/api/" + call);
        CHECK(r.authorized == authorization::access);
        CHECK(r.content_type.empty());
        CHECK(r.body.empty());
        CHECK_FALSE(r.secret_body);
        CHECK(r.body_limit == 9);
    }
}

TEST_CASE("the request of a model's session token is the documented one, and for an upload the SDK's")
{
    auto r = console_api::model_session(service, 42, token_purpose::predict, 7);
    CHECK(r.method == "GET");
    CHECK(r.target == "/console/api/modelhost/model-auth/");
    CHECK(r.authorized == authorization::access);
    CHECK(r.content_type == json_content);
    CHECK(r.body.view() == R"({"model_id":42})");
    CHECK_FALSE(r.secret_body);
    r = console_api::model_session(service, 42, token_purpose::upload, 7);
    CHECK(r.method == "GET");
    CHECK(r.target == "/console/api/modelhost/model-auth/");
    CHECK(r.authorized == authorization::access);
    CHECK(r.content_type == form);
    CHECK(r.body.view() == "model_id=42&upload=True");
    CHECK(console_api::model_session(service, std::numeric_limits<std::int64_t>::max(),
                                     token_purpose::predict, 7)
              .body.view() == R"({"model_id":9223372036854775807})");
}

TEST_CASE("the request of an app's session token")
{
    auto const r = console_api::app_session(service, 78, token_purpose::predict, 7);
    CHECK(r.method == "GET");
    CHECK(r.target == "/console/api/apphost/app-auth/");
    CHECK(r.authorized == authorization::access);
    CHECK(r.content_type == form);
    CHECK(r.body.view() == "app_id=78&upload=False");
    CHECK(console_api::app_session(service, 78, token_purpose::upload, 7).body.view() ==
          "app_id=78&upload=True");
}

TEST_CASE("the request of an add-on's session token")
{
    auto const r = console_api::addon_session(service, console_api::addon_key("langflow"), 7);
    CHECK(r.method == "GET");
    CHECK(r.target == "/console/api/externalservice/externalservices/auth/");
    CHECK(r.authorized == authorization::access);
    CHECK(r.content_type == form);
    CHECK(r.body.view() == "ext_svc_key=langflow");
    // As the vendor's SDK writes it.
    CHECK(console_api::addon_session(service, console_api::addon_key("a+b&c/\xc3\xa9"), 7).body.view() ==
          "ext_svc_key=a%2Bb%26c%2F%C3%A9");
}

TEST_CASE("an add-on is named by its key or by a url of it")
{
    for (auto const* const text : {"langflow", "https://langflow.company.com",
                                   "http://Langflow.Company.com:8080/flow/x?y=z#w", "https://langflow"})
        CHECK(console_api::addon_key(text).text() == "langflow");
    CHECK(console_api::addon_key("My.Key").text() == "My.Key");
    CHECK(console_api::addon_key("https://7.company.com/").text() == "7");
    auto const refused = [](std::string_view text) {
        return complaint_of([&] { console_api::addon_key const key(text); }).info.code;
    };
    CHECK(refused("") == errc::invalid_argument);
    CHECK(refused("a\nb") == errc::invalid_argument);
    for (auto const* const text :
         {"https://", "https://10.0.0.1/x", "https://10.0.0.1:8080", "https://[::1]/", "https://[::1]:8080/",
          "ftp://langflow.company.com", "https://user@langflow.company.com"})
        CHECK(refused(text) == errc::invalid_url);
}

TEST_CASE("the requests of metadata")
{
    auto const model =
        console_api::metadata(model_url("https://m.company.com/models/practicus/diamond/v3"), 7);
    CHECK(model.method == "GET");
    CHECK(model.where.str() == "https://m.company.com");
    CHECK(model.target == "/models/practicus/diamond/v3/?get_meta=true");
    CHECK(model.name() == "GET /models/practicus/diamond/v3/");
    // Never the refresh token.
    CHECK(model.authorized == authorization::access);
    CHECK(model.body.empty());
    CHECK(model.body_limit == 7);
    CHECK(console_api::metadata(model_url("https://h/models/llm/prod/chat/completions"), 7).target ==
          "/models/llm/prod/?get_meta=true");
    for (char const* text : {"https://h/apps/shop/v1", "https://h/apps/shop/api/v1/say-hello/"})
        CHECK(console_api::app_metadata(app_url(text), 7).target == "/apps/shop/api/v1/?prt_sys_task=meta");
    auto const app = console_api::app_metadata(app_url("https://m.company.com/apps/shop"), 7);
    CHECK(app.method == "GET");
    CHECK(app.target == "/apps/shop/api/?prt_sys_task=meta");
    CHECK(app.authorized == authorization::none);
    CHECK(app.body.empty());
    CHECK_FALSE(app.secret_body);
}

TEST_CASE("the answer to a login")
{
    auto const full =
        console_api::read_login(R"({"refresh":"r","access":"a","username":"admin","more":[1]})");
    CHECK(full.refresh.reveal() == "r");
    CHECK(full.access.reveal() == "a");
    CHECK(full.username == "admin");
    CHECK(console_api::read_login(R"({"refresh":"r","access":"a"})").username.empty());
    CHECK(console_api::read_login(R"({"refresh":"r","access":"a","username":null})").username.empty());
    CHECK(shape([] { console_api::read_login(R"({"access":"a"})"); }) == "'refresh' is missing");
    CHECK(shape([] { console_api::read_login(R"({"refresh":"hunter2"})"); }) == "'access' is missing");
    CHECK(shape([] { console_api::read_login(R"({"refresh":1,"access":"a"})"); }) ==
          "'refresh' is not a string, but a number");
    CHECK(shape([] { console_api::read_login(R"({"refresh":"hunter2","access":null})"); }) ==
          "'access' is not a string, but null");
    CHECK(console_api::read_login(R"({"refresh":"r","access":"a","username":7})").username == "7");
    CHECK(console_api::read_login(R"({"refresh":"r","access":"a","username":["x"]})").username.empty());
    CHECK(shape([] { console_api::read_login("[]"); }) == "the response is not an object, but an array");
    auto const page = complaint_of([] { console_api::read_login("<html>hunter2</html>"); });
    CHECK(page.info.code == errc::not_json);
    CHECK(page.what.find("hunter2") == std::string::npos);
}

TEST_CASE("a token that is invalid in a header is refused, and not shown")
{
    for (std::string const bad :
         {R"(hunter2\r\nHost: x)", R"(hunter2\n)", R"(\rhunter2)", "hunter2 x", " hunter2",
          R"(hunter2\u0000)", R"(hunter2\u007f)", "hunter2\xc3\xa4", ""}) {
        INFO(bad);
        CHECK(shape([&] { console_api::read_session_token(R"({"token":")" + bad + "\"}"); }) ==
              "'token' is no token, but a string");
        CHECK(shape([&] { console_api::read_refresh(R"({"access":")" + bad + "\"}"); }) ==
              "'access' is no token, but a string");
        CHECK(shape([&] { console_api::read_refresh(R"({"access":"a","refresh":")" + bad + "\"}"); }) ==
              "'refresh' is no token, but a string");
        CHECK(shape([&] { console_api::read_login(R"({"access":"a","refresh":")" + bad + "\"}"); }) ==
              "'refresh' is no token, but a string");
    }
}

TEST_CASE("the answer to a refresh")
{
    auto const plain = console_api::read_refresh(R"({"access":"a"})");
    CHECK(plain.access.reveal() == "a");
    CHECK(plain.refresh.empty());
    CHECK(plain.username.empty());
    auto const rotated =
        console_api::read_refresh(R"({"access":"a","refresh":"r2","username":"admin","x":0})");
    CHECK(rotated.refresh.reveal() == "r2");
    CHECK(rotated.username == "admin");
    CHECK(console_api::read_refresh(R"({"access":"a","refresh":null})").refresh.empty());
    CHECK(shape([] { console_api::read_refresh(R"({"refresh":"hunter2"})"); }) == "'access' is missing");
    CHECK(shape([] { console_api::read_refresh(R"({"access":"hunter2","refresh":["r"]})"); }) ==
          "'refresh' is not a string, but an array");
}

TEST_CASE("the answer with a session token")
{
    CHECK(console_api::read_session_token(R"({"token":"t","x":1})").reveal() == "t");
    CHECK(shape([] { console_api::read_session_token("{}"); }) == "'token' is missing");
    CHECK(shape([] { console_api::read_session_token(R"({"token":{}})"); }) ==
          "'token' is not a string, but an object");
}

TEST_CASE("the answer about the cluster")
{
    auto const full = console_api::read_cluster(R"({"NAME":"n","REGION_NAME":"r","x":1})");
    CHECK(full.name == "n");
    CHECK(full.region_name == "r");
    CHECK(console_api::read_cluster("{}").name.empty());
    CHECK(console_api::read_cluster(R"({"NAME":null,"REGION_NAME":"r"})").region_name == "r");
    CHECK(console_api::read_cluster(R"({"NAME":1,"REGION_NAME":{}})") == practicus::cluster_info{"1", ""});
    CHECK(shape([] { console_api::read_cluster("[]"); }) == "the response is not an object, but an array");
}

TEST_CASE("the listing of model prefixes")
{
    auto const read = [](std::string_view body) {
        return read_list<practicus::model_prefix>(body, console_api::model_prefix_shape);
    };
    auto const list = read(R"([{"key":"k","prefix":"models/practicus","x":1},{"key":"","prefix":"p"}])");
    REQUIRE(list.size() == 2);
    CHECK(list[0].key == "k");
    CHECK(list[0].prefix == "models/practicus");
    CHECK(read("[]").empty());
    CHECK(shape([&] { read(R"([{"key":"k","prefix":"p"},{"key":"k"}])"); }) == "'[1].prefix' is missing");
    CHECK(read(R"([{"key":3,"prefix":"p"}])").at(0).key == "3");
    CHECK(shape([&] { read(R"([{"key":[],"prefix":"p"}])"); }) ==
          "'[0].key' is neither a string nor a number, but an array");
    CHECK(shape([&] { read(R"({"results":[]})"); }) == "the response is not an array, but an object");
    CHECK(shape([&] { read("null"); }) == "the response is not an array, but null");
}

TEST_CASE("the listing of models")
{
    auto const read = [](std::string_view body) {
        return read_list<practicus::model>(body, console_api::model_shape);
    };
    auto const list = read(R"([
        {"id":1,"name":"a","model_prefix":{"key":"k","prefix":"p"},"extra":{"deep":[]},"model_versions":[
            {"id":10,"version":"1","stage":"Production","model_deployment":{"key":"dk","name":"dn","more":1}},
            {"id":11,"version":2,"stage":null,"model_deployment":null},
            {"id":12,"version":3.0},
            {"id":13,"version":2.5,"stage":"Staging","model_deployment":{}}]},
        {"id":2.0,"name":"b","model_prefix":{"key":"k","prefix":"p"}},
        {"id":-3,"name":"","model_prefix":{"key":"k","prefix":"p"},"model_versions":[]},
        {"id":9223372036854775807,"name":"c","model_prefix":{"key":"k","prefix":"p"},"model_versions":null}])");
    REQUIRE(list.size() == 4);
    CHECK(list[0].id == 1);
    CHECK(list[0].name == "a");
    CHECK(list[0].prefix.key == "k");
    CHECK(list[0].prefix.prefix == "p");
    REQUIRE(list[0].versions.size() == 4);
    CHECK(list[0].versions[0].id == 10);
    CHECK(list[0].versions[0].version == "1");
    CHECK(list[0].versions[0].stage == "Production");
    CHECK(list[0].versions[0].deployment.key == "dk");
    CHECK(list[0].versions[0].deployment.name == "dn");
    CHECK(list[0].versions[1].version == "2");
    CHECK(list[0].versions[1].stage.empty());
    CHECK(list[0].versions[1].deployment.key.empty());
    CHECK(list[0].versions[2].version == "3");
    CHECK(list[0].versions[3].version == "2.5");
    CHECK(list[1].id == 2);
    CHECK_FALSE(list[1].is_deployed());
    CHECK(list[2].id == -3);
    CHECK_FALSE(list[2].is_deployed());
    CHECK(list[3].id == std::numeric_limits<std::int64_t>::max());
    CHECK_FALSE(list[3].is_deployed());

    auto const with = [&](std::string const& id, std::string const& versions) {
        return shape([&] {
            read(R"([{"name":"a","model_prefix":{"key":"k","prefix":"p"},"id":)" + id +
                 ",\"model_versions\":" + versions + "}]");
        });
    };
    CHECK(with("\"one\"", "[]") == "'[0].id' is not a whole number of 64 bits, but a string");
    CHECK(with("1.5", "[]") == "'[0].id' is not a whole number of 64 bits, but a number");
    CHECK(with("9223372036854775808", "[]") == "'[0].id' is not a whole number of 64 bits, but a number");
    CHECK(with("1e30", "[]") == "'[0].id' is not a whole number of 64 bits, but a number");
    CHECK(with("null", "[]") == "'[0].id' is not a whole number of 64 bits, but null");
    CHECK(with("1", R"({"a":1})") == "'[0].model_versions' is not an array, but an object");
    CHECK(with("1", "[7]") == "'[0].model_versions[0]' is not an object, but a number");
    CHECK(with("1", R"([{"id":1}])") == "'[0].model_versions[0].version' is missing");
    CHECK(with("1", R"([{"id":1,"version":true}])") ==
          "'[0].model_versions[0].version' is neither a string nor a number, but a boolean");
    auto const odd = read(R"([{"id":"1","name":5,"model_prefix":{"prefix":"p"},
        "model_versions":[{"version":"1","stage":{"a":[1,"x"]},"model_deployment":"d"}]}])");
    REQUIRE(odd.size() == 1);
    CHECK(odd[0].id == 1);
    CHECK(odd[0].name == "5");
    CHECK(odd[0].prefix.key.empty());
    REQUIRE(odd[0].versions.size() == 1);
    CHECK(odd[0].versions[0].id == 0);
    CHECK(odd[0].versions[0].stage == R"({"a":[1,"x"]})");
    CHECK(odd[0].versions[0].deployment.key.empty());
    CHECK(shape([&] { read(R"([{"id":1,"name":"a"}])"); }) == "'[0].model_prefix' is missing");
    CHECK(shape([&] { read(R"([{"id":1,"name":"a","model_prefix":"p"}])"); }) ==
          "'[0].model_prefix' is not an object, but a string");
    CHECK(shape([&] { read(R"([{"id":1}])"); }) == "'[0].name' is missing");
}

TEST_CASE("the listing of model deployments")
{
    auto const read = [](std::string_view body) {
        return read_list<practicus::model_deployment>(body, console_api::deployment_shape);
    };
    auto const list = read(R"([
        {"key":"k","name":"n","worker_type":"w","scaling":"auto","startup_script":true,"custom_image":"i","x":1},
        {"key":"k","name":"n"},
        {"key":"k","name":"n","worker_type":null,"scaling":2,"startup_script":"echo","custom_image":null},
        {"key":"k","name":"n","scaling":null,"startup_script":""},
        {"key":"k","name":"n","startup_script":null}])");
    REQUIRE(list.size() == 5);
    CHECK(list[0].worker_type == "w");
    CHECK(list[0].scaling == "auto");
    CHECK(list[0].startup_script);
    CHECK(list[0].custom_image == "i");
    CHECK(list[1].scaling.empty());
    CHECK_FALSE(list[1].startup_script);
    CHECK(list[2].scaling == "2");
    CHECK(list[2].startup_script);
    CHECK(list[2].worker_type.empty());
    CHECK_FALSE(list[3].startup_script);
    CHECK_FALSE(list[4].startup_script);
    CHECK(shape([&] { read(R"([{"name":"n"}])"); }) == "'[0].key' is missing");
    auto const odd =
        read(R"([{"key":"k","startup_script":1,"scaling":{"min":1,"max":2.5},"worker_type":true}])");
    REQUIRE(odd.size() == 1);
    CHECK(odd[0].name.empty());
    CHECK(odd[0].startup_script);
    CHECK(odd[0].scaling == R"({"min":1,"max":2.5})");
    CHECK(odd[0].worker_type == "true");
}

TEST_CASE("the listing of app prefixes")
{
    auto const read = [](std::string_view body) {
        return read_list<practicus::app_prefix>(body, console_api::app_prefix_shape);
    };
    auto const list = read(R"([
        {"key":"k","prefix":"p","visible_name":"v","description":"d","icon":"i","sort_order":-2,
         "has_extra_conf":true,"has_extra_secret":false,"x":1},
        {"key":"k","prefix":"p"},
        {"key":"k","prefix":"p","visible_name":null,"sort_order":null,"has_extra_conf":null}])");
    REQUIRE(list.size() == 3);
    CHECK(list[0].visible_name == "v");
    CHECK(list[0].description == "d");
    CHECK(list[0].icon == "i");
    CHECK(list[0].sort_order == -2);
    CHECK(list[0].has_extra_conf);
    CHECK_FALSE(list[0].has_extra_secret);
    CHECK_FALSE(list[1].sort_order);
    CHECK_FALSE(list[2].sort_order);
    CHECK_FALSE(list[2].has_extra_conf);
    CHECK(shape([&] { read(R"([{"key":"k"}])"); }) == "'[0].prefix' is missing");
    auto const odd = read(R"([{"key":"k","prefix":"p","sort_order":"1","has_extra_conf":1},
        {"key":"k","prefix":"p","sort_order":"x","icon":[]}])");
    REQUIRE(odd.size() == 2);
    CHECK(odd[0].sort_order == 1);
    CHECK(odd[0].has_extra_conf);
    CHECK_FALSE(odd[1].sort_order);
    CHECK(odd[1].icon == "[]");
}

TEST_CASE("the listing of apps")
{
    auto const read = [](std::string_view body) {
        return read_list<practicus::app>(body, console_api::app_shape);
    };
    auto const list = read(R"([
        {"id":5,"name":"shop","app_prefix":{"key":"k","prefix":"apps","visible_name":"Group"},
         "app_versions":[{"id":50,"version":1,"stage":"Staging","app_deployment_setting":{"key":"a","name":"b"}}],
         "visible_name":"Shop","description":"d","owner_email":"o@b","icon":"i","sort_order":3,"x":null},
        {"id":6,"name":"bare","app_prefix":{"key":"k","prefix":"apps"}}])");
    REQUIRE(list.size() == 2);
    CHECK(list[0].id == 5);
    CHECK(list[0].name == "shop");
    CHECK(list[0].prefix.prefix == "apps");
    CHECK(list[0].prefix.visible_name == "Group");
    REQUIRE(list[0].versions.size() == 1);
    CHECK(list[0].versions[0].version == "1");
    CHECK(list[0].versions[0].deployment.key == "a");
    CHECK(list[0].visible_name == "Shop");
    CHECK(list[0].owner_email == "o@b");
    CHECK(list[0].sort_order == 3);
    CHECK_FALSE(list[1].is_deployed());
    CHECK(list[1].owner_email.empty());
    CHECK(shape([&] { read(R"([{"id":6,"name":"bare"}])"); }) == "'[0].app_prefix' is missing");
    CHECK(shape([&] { read(R"([{"id":6,"name":"b","app_prefix":{"key":"k","prefix":null}}])"); }) ==
          "'[0].app_prefix.prefix' is neither a string nor a number, but null");
}

TEST_CASE("a model's id is a positive number in a field")
{
    CHECK(console_api::read_model_id(with_model_id("42")) == 42);
    CHECK(console_api::read_model_id(with_model_id("9223372036854775807")) ==
          std::numeric_limits<std::int64_t>::max());
    auto const missing = complaint_of([] { console_api::read_model_id(with_model_id("")); });
    CHECK(missing.info.code == errc::no_model_id);
    CHECK(missing.info.message == "x-prt-model-id is missing");
    for (auto const* bad :
         {"0", "-1", "x", "4x", "4.0", " 4", "4 ", "+4", "0x4", "4, 5", "9223372036854775808"}) {
        auto const c = complaint_of([&] { console_api::read_model_id(with_model_id(bad)); });
        CHECK(c.info.code == errc::no_model_id);
        CHECK(c.info.message == "x-prt-model-id is no positive number");
    }
}

TEST_CASE("a model's metadata")
{
    auto const meta =
        console_api::read_metadata(with_model_id("42", R"({"model_signature_json":"{}","x":[1]})"));
    CHECK(meta.model_id == 42);
    CHECK(meta.values.at("model_signature_json").as_string() == "{}");
    CHECK(meta.values.size() == 2);
    CHECK(meta.text == R"({"model_signature_json":"{}","x":[1]})");
    CHECK(shape([] { console_api::read_metadata(with_model_id("42", "[]")); }) ==
          "the response is not an object, but an array");
    CHECK(complaint_of([] { console_api::read_metadata(with_model_id("42", "")); }).info.code ==
          errc::not_json);
    CHECK(complaint_of([] { console_api::read_metadata(with_model_id("0", "")); }).info.code ==
          errc::no_model_id);
}

TEST_CASE("an app's id")
{
    CHECK(console_api::read_app_id(R"({"app_id":78,"x":1})") == 78);
    CHECK(console_api::read_app_id(R"({"app_id":78.0})") == 78);
    for (auto const* bad : {"{}", R"({"app_id":null})", R"({"app_id":0})", R"({"app_id":-1})",
                            R"({"app_id":"x"})", R"({"app_id":[78]})"})
        CHECK(complaint_of([&] { console_api::read_app_id(bad); }).info.code == errc::no_app_id);
    CHECK(console_api::read_app_id(R"({"app_id":"78"})") == 78);
    CHECK(shape([] { console_api::read_app_id("[]"); }) == "the response is not an object, but an array");
    CHECK(complaint_of([] { console_api::read_app_id("<html>"); }).info.code == errc::not_json);
}

TEST_CASE("a request is named without its query")
{
    CHECK(request("GET", service.origin(), "/a/b/?token=hunter2").name() == "GET /a/b/");
    CHECK(request("POST", service.origin(), "/a").name() == "POST /a");
}

// Every string's memory comes from here: memory that is freed while watched must not hold the marker.

namespace {

constexpr std::string_view marker = "hunter2!";

} // namespace

TEST_CASE("a message buffer grows and is freed without leaving a copy")
{
    freed_memory const memory(marker);
    {
        wire_text text;
        for (int i = 0; i < 1000; ++i)
            text.append(i % 10 == 0 ? marker : "0123456789");
        wire_text copy = text;
        wire_text const other = copy;
        copy = other;
        wire_text shorter;
        shorter.append(marker).append("0123456789012345678901234567890");
        copy = shorter;
        shorter = text;
        wire_text moved = std::move(copy);
        moved.wipe();
        CHECK(moved.empty());
        CHECK(moved.size() == 0);
        moved.append("again");
        CHECK(moved.view() == "again");
        auto const* const place = text.view().data();
        wire_text const taken = std::move(text);
        CHECK(taken.view().data() == place);
    }
    CHECK(memory.blocks() > 5);
    CHECK(memory.found() == 0);
}

TEST_CASE("a short text that is wiped or outgrows its place leaves nothing there")
{
    alignas(wire_text) unsigned char place[sizeof(wire_text)] = {};
    std::string_view const bytes(reinterpret_cast<char const*>(place), sizeof place);
    auto* const text = ::new (static_cast<void*>(place)) wire_text;
    text->append("abcdefghijklmno");
    CHECK(text->view() == "abcdefghijklmno");
    text->append(std::string(1000, 'x'));
    CHECK(bytes.find("ijkl") == std::string_view::npos);
    CHECK(text->size() == 1015);
    std::destroy_at(text);
    CHECK(bytes.find("ijkl") == std::string_view::npos);

    auto* const other = ::new (static_cast<void*>(place)) wire_text;
    other->append("abcdefghijkl");
    other->wipe();
    CHECK(bytes.find("bcdefghijkl") == std::string_view::npos);
    other->append("abcdefghijkl");
    wire_text taken = std::move(*other);
    CHECK(bytes.find("bcdefghijkl") == std::string_view::npos);
    CHECK(taken.view() == "abcdefghijkl");
    *other = std::move(taken);
    CHECK(other->view() == "abcdefghijkl");
    *other = wire_text();
    CHECK(bytes.find("bcdefghijkl") == std::string_view::npos);
    // From a place of its own into the string itself.
    other->append(std::string(1000, 'x'));
    *other = wire_text(std::string("abcde"));
    CHECK(other->view() == "abcde");
    std::destroy_at(other);
}

TEST_CASE("a request's body is wiped with it, however often it is copied")
{
    freed_memory const memory(marker);
    {
        auto r = login_of("anna@company.com", marker);
        auto copy = r;
        copy = r;
        auto const moved = std::move(copy);
        CHECK(moved.body.view() == r.body.view());
    }
    CHECK(memory.blocks() > 5);
    CHECK(memory.found() == 0);
}

TEST_CASE("a token has a longest length")
{
    auto const answer = [](std::size_t size) {
        return std::string(R"({"token":")").append(size, 'x').append("\"}");
    };
    CHECK(console_api::read_session_token(answer(jwt_limit)).reveal().size() == jwt_limit);
    CHECK(shape([&] { console_api::read_session_token(answer(jwt_limit + 1)); }) ==
          "'token' is no token, but a string");
}

TEST_CASE("an answer's tokens are left in no freed memory")
{
    // Long enough for a string's own memory; with an escape, which is put together elsewhere.
    constexpr std::string_view token = "0123456789hunter2!0123456789";
    constexpr std::string_view login =
        R"({"refresh":"0123456789hunter2!0123456789","access":"0123456789hunter2!01234567\u00389",
            "username":"anna","more":[{"refresh":"0123456789hunter2!0123456789"}]})";
    constexpr std::string_view renewal =
        R"({"access":"0123456789hunter2!0123456789","refresh":"0123456789hunter2!0123456789"})";
    constexpr std::string_view session = R"({"token":"0123456789hunter2!0123456789"})";
    // No token, though nearly one.
    constexpr std::string_view refused = R"({"token":"0123456789hunter2!0123456789\n"})";
    constexpr std::string_view cut = R"({"token":"0123456789hunter2!0123456789","x)";
    freed_memory const memory(marker);
    CHECK(console_api::read_login(login).access.reveal() == token);
    CHECK(console_api::read_refresh(renewal).refresh.reveal() == token);
    CHECK(console_api::read_session_token(session).reveal() == token);
    CHECK_THROWS_AS(console_api::read_session_token(refused), practicus::error);
    CHECK_THROWS_AS(console_api::read_session_token(cut), practicus::error);
    CHECK(memory.blocks() > 5);
    CHECK(memory.found() == 0);
}
