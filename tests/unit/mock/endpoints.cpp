// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What the mock region serves behind the urls of apps, models and gateways.

#include "catch.hpp"

#include "unit/mock/region_client.hpp"

#include <practicus/mock/console.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace practicus::mock;
using namespace std::chrono_literals;
using strings = region_client::strings;

namespace {

/// The demo region's app, called at its endpoints.
struct viewer : region_client
{
    std::string token = region.issue(token_type::app_session, "admin@company.com", 78);

    response call(request r) { return region.handle(r.bearer(token)); }
    static std::string url(std::string_view behind)
    {
        return "/apps/tools/viewer/api/" + std::string(behind);
    }

    response upload(std::string_view body, std::string_view type = "multipart/form-data; boundary=x")
    {
        return call(post(url("upload/")).content(type, body));
    }
};

multipart_form parse(std::string_view body, std::string_view type = "multipart/form-data; boundary=x")
{
    return parse_multipart(request("POST", "/").content(type, body));
}

constexpr char const* part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
                             "Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n--x--\r\n";

} // namespace

TEST_CASE("an app's endpoint echoes JSON, with the version behind the api and a slash or none")
{
    viewer v;
    for (auto const* path :
         {"say-hello/", "say-hello", "v1/say-hello/", "prod/say-hello", "latest/say-hello/"}) {
        INFO(path);
        auto const answer = v.call(v.post(v.url(path)).json(R"({"name":"Ada"})"));
        CHECK(answer.status == 200);
        CHECK(answer.body == R"({"echo":{"name":"Ada"}})");
    }
    for (auto const* path : {"v2/say-hello/", "say-hello/v1/", "v1/v1/say-hello/", "other/"}) {
        INFO(path);
        CHECK(v.call(v.post(v.url(path)).json("{}")).status == 404);
    }
    CHECK(v.region.violations() == strings());
    CHECK(v.call(v.post("/apps/tools/viewer/v1/api/say-hello/").json("{}")).status == 404);
    CHECK(v.region.violations().size() == 1);
    CHECK(v.region.count("POST app-call") == 9);
}

TEST_CASE("an app's endpoint refuses other methods, types and broken JSON")
{
    viewer v;
    CHECK(v.call(v.get(v.url("say-hello/"))).status == 405);
    CHECK(v.call(v.post(v.url("say-hello/")).content("text/csv", "{}")).status == 422);
    auto const broken = v.call(v.post(v.url("say-hello/")).json("{"));
    CHECK(broken.status == 422);
    CHECK(v.json(broken).at("detail").at(0).at("loc").at(0) == "body");
    CHECK(v.call(v.post(v.url("sensor/"))).status == 405);
    CHECK(v.call(v.get(v.url("upload/"))).status == 405);
}

TEST_CASE("an app's endpoint gets the query of a GET")
{
    viewer v;
    auto const answer = v.call(v.get(v.url("v1/sensor/?table_name=a%20b&limit=3")));
    CHECK(answer.body == R"({"table_name":"a b","limit":"3"})");
    CHECK(v.call(v.get(v.url("sensor/"))).body == "{}");
    CHECK(v.call(v.get(v.url("sensor/?a=1&a=2"))).status == 422);
    CHECK(v.region.handle(v.get(v.url("sensor/"))).status == 401);
    CHECK(v.region.violations() == strings{"GET /apps/tools/viewer/api/sensor/: no Authorization"});
}

TEST_CASE("an upload is read part by part")
{
    viewer v;
    auto const answer = v.upload(part);
    CHECK(answer.status == 200);
    auto const body = v.json(answer);
    auto const& file = body.at("files").at(0);
    CHECK(file.at("field") == "file");
    CHECK(file.at("filename") == "a.csv");
    CHECK(file.at("content_type") == "text/csv");
    CHECK(file.at("size") == 8);
    CHECK(file.at("hash") == detail::fnv1a("a,b\r\n1,2"));
    auto const both =
        v.upload("--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n" + std::string(part));
    CHECK(v.json(both).at("fields") == boost::json::object{{"note", "hi"}});
    auto const none = v.upload("--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhi\r\n--x--\r\n");
    CHECK(none.status == 422);
    CHECK(v.json(none).at("detail").at(0).at("loc") == boost::json::array{"body", "file"});
    CHECK(v.upload("--x--").status == 422);
    CHECK(v.upload("hi").status == 400);
    CHECK(v.upload("{}", "application/json").status == 400);
}

TEST_CASE("names of parts are unquoted")
{
    auto const name_of = [](std::string_view quoted) {
        auto const form =
            parse("--x\r\nContent-Disposition: form-data; name=\"n\"; filename=" + std::string(quoted) +
                  "\r\n\r\n\r\n--x--");
        return form.problem.empty() ? form.parts.at(0).file_name.value_or("-") : form.problem;
    };
    CHECK(name_of("\"a b.csv\"") == "a b.csv");
    CHECK(name_of("a.csv") == "a.csv");
    CHECK(name_of("\"a%22b%0D%0Ac%20\"") == "a\"b\r\nc%20");
    CHECK(name_of(R"("a\"b\\")") == "a\"b\\");
    CHECK(name_of("\"\"").empty());
    for (auto const* broken : {"\"a", "a b", "", "\"a\"b", "\"a\\", "\"a\"; other=\"b\""})
        CHECK(name_of(broken) == "a malformed Content-Disposition");
}

TEST_CASE("parts may hold anything but the boundary")
{
    std::string const content("\r\n--\r\n--y\0\r\r\n-", 15);
    auto const form = parse("--x\r\ncontent-disposition: form-data; name=\"n\"\r\n\r\n" + content +
                            "\r\n--x\r\n" + "Content-Disposition: form-data; name=\"m\"\r\n\r\n\r\n--x--");
    CHECK(form.problem.empty());
    REQUIRE(form.parts.size() == 2);
    CHECK(form.find("n")->content == content);
    CHECK(form.find("m")->content.empty());
    CHECK_FALSE(form.find("m")->file_name);
    CHECK(form.find("o") == nullptr);
}

TEST_CASE("malformed forms are refused")
{
    std::string const head = "--x\r\nContent-Disposition: form-data; name=\"n\"\r\n";
    std::pair<std::string, char const*> const table[] = {
        {"", "a body that does not begin with its boundary"},
        {"\r\n--x--", "a body that does not begin with its boundary"},
        {"--x", "a last boundary that does not end the body"},
        {"--x--y", "a last boundary that does not end the body"},
        {head + "\r\n\r\n--x--\r\n\r\n", "a last boundary that does not end the body"},
        {head + "\r\n\r\n--xy--", "a last boundary that does not end the body"},
        {head + "\r\n\r\n--x \r\n", "a last boundary that does not end the body"},
        {head + "\r\nabc", "a part that does not end with the boundary"},
        {head + "\r\nabc--x--", "a part that does not end with the boundary"},
        {head, "a part without an empty line behind its fields"},
        {"--x\r\nContent-Disposition\r\n\r\n\r\n--x--", "a malformed field of a part"},
        {head + "Content-Transfer-Encoding: binary\r\n\r\n\r\n--x--", "a field that a part must not have"},
        {head + "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n\r\n--x--",
         "a field of a part that comes more than once"},
        {"--x\r\n\r\n\r\n--x--", "a malformed Content-Disposition"},
        {"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--", "a malformed Content-Disposition"},
        {"--x\r\nContent-Disposition: attachment; name=\"n\"\r\n\r\n\r\n--x--",
         "a malformed Content-Disposition"},
        {"--x\r\nContent-Disposition: form-data; name=\"n\"; name=\"n\"\r\n\r\n\r\n--x--",
         "a malformed Content-Disposition"},
        {"--x\r\nContent-Disposition: form-data; name=\"n\"; filename*=utf-8''a\r\n\r\n\r\n--x--",
         "a malformed Content-Disposition"},
    };
    for (auto const& [body, problem] : table) {
        INFO(body);
        CHECK(parse(body).problem == problem);
    }
    std::string const whole = part;
    CHECK(parse(whole).problem.empty());
    for (std::size_t cut = 0; cut != whole.size() - 2; ++cut)
        CHECK_FALSE(parse(whole.substr(0, cut)).problem.empty());
    for (auto const* type :
         {"", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
          "multipart/form-data; boundary=\"x", "multipart/form-data; boundary=x; charset=utf-8",
          "multipart/form-data; boundary=\"x \"", "multipart/form-data; boundary=x\x01"}) {
        INFO(type);
        CHECK(parse(part, type).problem == "a content type that is no multipart/form-data with a boundary");
    }
    CHECK(parse(part, "Multipart/Form-Data; Boundary=\"x\"").problem.empty());
    CHECK_FALSE(parse(part, "multipart/form-data; boundary=" + std::string(71, 'x')).problem.empty());
}

TEST_CASE("a path behind a model gets any method, query and body")
{
    region_client c;
    model own(1, "own", prefix("m", "m"), {version(1, 1, deployment("d", "D"))});
    own.endpoints["a/b"] = echo_request;
    c.region.add(own);
    for (auto const* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        for (auto const* path : {"/m/own/a/b", "/m/own/v1/a/b/?x=1&x=2&flag"}) {
            auto sent = request(method, path).header("Host", "h").bearer(c.session(1));
            if (std::string_view(method) != "GET") sent.content("text/plain", "hi");
            auto const answer = c.region.handle(sent);
            CHECK(answer.status == 200);
            CHECK(c.text(answer, "method") == method);
            CHECK(c.text(answer, "target") == path);
            CHECK(c.text(answer, "body") == sent.body);
        }
        CHECK(c.region.count(method + std::string(" predict")) == 2);
    }
    auto untyped = c.post("/m/own/a/b").content("text/plain", "hi").bearer(c.session(1));
    untyped.headers.erase("Content-Type");
    CHECK(c.text(c.region.handle(untyped), "content_type").empty());
    CHECK(c.region.violations() == strings());
    own.endpoints["a/b"] = [](request const&) -> response { throw std::runtime_error("no"); };
    c.region.add(own);
    CHECK(c.region.handle(c.post("/m/own/a/b").json("1").bearer(c.session(1))).status == 500);
}

TEST_CASE("a gateway takes the tokens that were handed out for it, and no others")
{
    region_client c;
    std::string const body = R"({"model":"assistant","messages":[{"role":"user","content":"hi"}]})";
    auto const call = [&](std::string const& token) {
        auto sent = c.post("/ai-gateway/v1/chat/completions").json(body);
        return c.region.handle(token.empty() ? sent : sent.bearer(token));
    };
    auto const token = c.region.issue(token_type::gateway, "admin@company.com", 0, 24h * 365);
    CHECK(c.json(call(token)).at("choices").at(0).at("message").at("content") == "hi");
    c.region.advance(24h * 364);
    CHECK(call(token).status == 200);
    CHECK(c.region.violations() == strings());
    c.region.advance(48h);
    CHECK(call(token).status == 401);
    for (auto const& other : {std::string(), c.session(46), c.access(), std::string("x")}) {
        auto const refused = call(other);
        CHECK(refused.status == 401);
        CHECK(c.json(refused).at("error").at("type") == "auth_error");
    }
    CHECK(c.region.violations().size() == 3);
    CHECK(c.region.count("POST gateway") == 7);
    auto const fresh = c.region.issue(token_type::gateway, "admin@company.com");
    CHECK(c.region.handle(c.get("/ai-gateway/v1/models").bearer(fresh)).status == 200);
    CHECK(c.region.handle(c.get("/ai-gateway/v1/other").bearer(fresh)).status == 404);
    CHECK(c.region.handle(c.get("/llm/assistant/models").bearer(fresh)).status == 401);
}

TEST_CASE("tokens for a model and an app are handed out for as long as is asked")
{
    region_client c;
    auto const model_token = c.region.issue(token_type::session, "admin@company.com", 42, 24h * 90);
    auto const app_token = c.region.issue(token_type::app_session, "admin@company.com", 78, 24h * 90);
    auto const statuses = [&] {
        auto const rows = c.post("/models/practicus/diamond-price/").content("text/csv", "a\n1\n");
        auto const hello = c.post("/apps/tools/viewer/api/say-hello/").json("{}");
        return std::pair(c.region.handle(request(rows).bearer(model_token)).status,
                         c.region.handle(request(hello).bearer(app_token)).status);
    };
    c.region.advance(24h * 89);
    CHECK(statuses() == std::pair(200U, 200U));
    c.region.advance(24h);
    CHECK(statuses() == std::pair(401U, 401U));
    CHECK(c.region.violations() == strings());
}

TEST_CASE("a model that is scaled to zero runs some time after its first request")
{
    region_client c;
    model own(1, "own", prefix("m", "m"), {version(1, 1, deployment("d", "D"))});
    own.cold_start.emplace();
    own.cold_start->duration = 90s;
    own.cold_start->idle_limit = 10min;
    c.region.add(own);
    auto const call = [&] { return c.region.handle(c.post("/m/own/").json("1").bearer(c.session(1))); };
    c.region.advance(1h);
    auto const first = call();
    CHECK(first.status == 503);
    CHECK(first.headers["Content-Type"] == "application/json");
    CHECK_FALSE(first.headers.contains("Retry-After"));
    c.region.advance(89s);
    CHECK(call().status == 503);
    CHECK(c.region.handle(c.get("/m/own/?get_meta=true").bearer(c.access())).status == 503);
    c.region.advance(1s);
    CHECK(call().status == 200);
    c.region.advance(10min - 1s);
    CHECK(call().status == 200);
    c.region.advance(10min);
    CHECK(call().status == 503);
    c.region.advance(90s);
    CHECK(call().status == 200);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("a service that is scaled to zero may be told by the mesh, and when to come again")
{
    region_client c;
    app own(1, "own", prefix("a", "a"), {version(1, 1, deployment("d", "D"))});
    own.endpoints["hello"] = echo_json;
    own.cold_start.emplace();
    own.cold_start->from_mesh = true;
    own.cold_start->retry_after = 7s;
    c.region.add(own);
    auto const token = c.region.issue(token_type::app_session, "admin@company.com", 1);
    auto const hello = c.post("/a/own/api/hello/").json("1").bearer(token);
    auto const refused = c.region.handle(hello);
    CHECK(refused.status == 503);
    CHECK(refused.headers["Content-Type"] == "text/plain");
    CHECK(refused.headers["Retry-After"] == "7");
    CHECK(refused.body == "no healthy upstream");
    c.region.advance(60s);
    CHECK(c.region.handle(hello).status == 200);
}

TEST_CASE("versions with weights answer in their shares, and say so")
{
    region_client c;
    deployment const where("d", "D");
    version stable(1, 1, where), canary(2, 2, deployment("e", "E")), off(3, 3, where);
    stable.weight = 80;
    canary.weight = 20;
    c.region.add(model(1, "own", prefix("m", "m"), {stable, canary, off}));
    auto const call = [&](std::string const& tag) {
        return c.region.handle(c.post("/m/own/" + tag).json("1").bearer(c.session(1))).headers;
    };
    std::string order;
    for (int i = 0; i != 20; ++i) {
        auto const fields = call("");
        order += fields["x-prt-model-version"];
        bool const is_stable = order.back() == '1';
        CHECK(fields["x-prt-model-weight"] == (is_stable ? "80" : "20"));
        CHECK(fields["x-prt-deployment-key"] == (is_stable ? "d" : "e"));
        CHECK(fields["x-prt-pod-name"] == (is_stable ? "d-0" : "e-0"));
        // A request for the id takes no turn.
        c.region.handle(c.get("/m/own/?get_meta=true").bearer(c.access()));
    }
    CHECK(order == "11211112111121111211");
    CHECK(call("v2/")["x-prt-model-version"] == "2");
    CHECK(call("v3/")["x-prt-model-weight"] == "0");
    CHECK(call("latest/")["x-prt-model-version"] == "3");
}
