// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock region's models and apps.

#include "catch.hpp"

#include "unit/mock/region_client.hpp"

#include <practicus/mock/console.hpp>

#include <stdexcept>
#include <string>

using namespace practicus::mock;
using strings = region_client::strings;

TEST_CASE("a model's id and metadata")
{
    region_client c;
    std::string const url = "/models/practicus/diamond-price/";
    auto answer = c.region.handle(c.get(url + "?get_meta=true").bearer(c.access()));
    CHECK(answer.status == 200);
    CHECK(answer.headers["X-Prt-Model-Id"] == "42");
    CHECK(c.json(answer).at("model_name") == "diamond-price");
    CHECK(c.json(answer).as_object().contains("model_signature_json"));

    for (auto const* tag : {"v1/", "v2/", "v3/", "latest/", "prod/", "production/", "staging/"})
        CHECK(c.region.handle(c.get(url + tag + "?get_meta=true").bearer(c.access())).status == 200);
    CHECK(c.region.handle(c.get(url + "v4/?get_meta=true").bearer(c.access())).status == 404);
    CHECK(c.region.handle(c.get("/models/practicus/%64iamond-price/?get_meta=true").bearer(c.access()))
              .status == 200);

    auto refresh = c.region.issue(token_type::refresh, "admin@company.com");
    CHECK(c.region.handle(c.get(url).bearer(refresh)).headers["x-prt-model-id"] == "42");
    CHECK(c.region.count("GET model-meta") == 11);

    CHECK(c.region.handle(c.get("/models/finance/draft/?get_meta=true").bearer(c.access())).status == 404);
    auto moved = c.region.handle(c.get("/models/practicus/diamond-price?get_meta=true").bearer(c.access()));
    CHECK(moved.status == 301);
    CHECK(moved.headers["Location"] == url + "?get_meta=true");
    CHECK(c.region.violations() == strings());
}

TEST_CASE("a model's answers name the version that they come from")
{
    region_client c;
    std::string const url = "/models/practicus/diamond-price/";
    auto const check = [](response const& answer, std::string_view version, std::string_view deployment) {
        CHECK(answer.status == 200);
        CHECK(answer.headers["x-prt-model-id"] == "42");
        CHECK(answer.headers["x-prt-model-name"] == "diamond-price");
        CHECK(answer.headers["x-prt-model-prefix"] == "models/practicus");
        CHECK(answer.headers["x-prt-model-version"] == version);
        CHECK(answer.headers["x-prt-model-weight"] == "100");
        CHECK(answer.headers["x-prt-deployment-key"] == deployment);
        CHECK(answer.headers["x-prt-pod-name"] == std::string(deployment) + "-0");
    };
    auto const call = [&](std::string const& path) {
        return c.region.handle(c.post(path).content("text/csv", "a\n1\n").bearer(c.session(42)));
    };
    check(c.region.handle(c.get(url + "v2/?get_meta=true").bearer(c.access())), "2", "depl-large");
    check(call(url), "1", "depl-small");
    check(call(url + "v3/"), "3", "depl-large");
    check(call(url + "latest/"), "3", "depl-large");
    check(call(url + "prod/"), "1", "depl-small");
    check(call(url + "staging/"), "2", "depl-large");
    CHECK_FALSE(c.region.handle(c.post(url).content("text/csv", "a")).headers.contains("x-prt-model-name"));
}

TEST_CASE("a model's id may be missing or wrong")
{
    region_client c;
    auto id_of = [&](std::string const& name) {
        return c.region.handle(c.get("/m/" + name + "/?get_meta=true").bearer(c.access())).headers;
    };
    deployment const where("d", "D");
    prefix const m("m", "m");
    model zero(1, "zero", m, {version(1, 1, where)}), none(2, "none", m, {version(1, 1, where)});
    zero.answer_id = "0";
    none.answer_id = std::nullopt;
    c.region.add(zero).add(none);
    CHECK(id_of("zero")["x-prt-model-id"] == "0");
    CHECK_FALSE(id_of("none").contains("x-prt-model-id"));
}

TEST_CASE("a model predicts CSV row by row, and echoes JSON")
{
    region_client c;
    auto ask = [&](request r) { return c.region.handle(r.bearer(c.session(42))); };
    auto const post = c.post("/models/practicus/diamond-price/v1/");
    auto rows = ask(request(post).content("text/csv", "a,b\n1,2\n\"x\ny\",3\r\n"));
    CHECK(rows.status == 200);
    CHECK(rows.headers["Content-Type"] == "text/csv");
    CHECK(rows.body == "prediction\n" + predict_row("1,2") + '\n' + predict_row("\"x\ny\",3") + '\n');
    CHECK(ask(request(post).content("text/csv; charset=utf-8", "a\n")).body == "prediction\n");
    CHECK(ask(request(post).json(R"({"prompt":"hi"})")).body == R"({"echo":{"prompt":"hi"}})");
    CHECK(ask(c.get("/models/practicus/diamond-price/").json("1")).body == R"({"echo":1})");
    CHECK(ask(request(post).content("text/plain", "x")).status == 415);
    CHECK(ask(request(post).json("{")).status == 400);
    CHECK(c.region.count("POST predict") == 5);
    CHECK(c.region.count("GET predict") == 1);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("predict_row is stable")
{
    CHECK(predict_row("") == "6560.37");
    CHECK(predict_row("1,2") == "1309.18");
    CHECK(predict_csv("a,b\n1,2") == "prediction\n1309.18\n");
    CHECK(predict_csv("") == "prediction\n");
}

TEST_CASE("predict_csv splits rows as Python's csv does")
{
    auto const two = [](std::string const& first, std::string const& second) {
        return "prediction\n" + predict_row(first) + '\n' + predict_row(second) + '\n';
    };
    CHECK(predict_csv("a,b\r1,2\r3,4\r") == two("1,2", "3,4"));
    CHECK(predict_csv("a,b\r\n1,2\n\r\n\r3,4") == two("1,2", "3,4"));
    CHECK(predict_csv("a,b\nTV 27\" wide,2\n3,4") == two("TV 27\" wide,2", "3,4"));
    CHECK(predict_csv("a,b\n\"1\"\"\n\",\"\r\"\n3,\"4\"\"\n") == two("\"1\"\"\n\",\"\r\"", "3,\"4\"\"\n"));
    CHECK(predict_csv("\xef\xbb\xbf\"a\n\";b\n1;\"\n\"\n3;x,\"") == two("1;\"\n\"", "3;x,\""));
}

TEST_CASE("a model may have a predictor of its own")
{
    region_client c;
    deployment const where("d", "D");
    model own(1, "own", prefix("m", "m"), {version(1, 1, where)});
    own.predicts = [](request const& r) {
        if (r.body == "fail") throw std::runtime_error("no");
        return response(200, "text/plain", r.body + '!');
    };
    c.region.add(own);
    auto ask = [&](std::string_view body) {
        return c.region.handle(c.post("/m/own/").content("text/plain", body).bearer(c.session(1)));
    };
    CHECK(ask("hi").body == "hi!");
    CHECK(ask("fail").status == 500);
}

TEST_CASE("an app's id")
{
    region_client c;
    for (auto const* url :
         {"/apps/tools/viewer/api/", "/apps/tools/viewer/api/v1/", "/apps/tools/viewer/api/prod/",
          "/apps/tools/viewer/api/say-hello/", "/apps/tools/viewer/api/v1/say-hello"}) {
        auto answer = c.region.handle(c.get(std::string(url) + "?prt_sys_task=meta"));
        CHECK(answer.status == 200);
        CHECK(c.json(answer).at("app_id") == 78);
    }
    CHECK(c.region.handle(c.get("/apps/bare/api/?prt_sys_task=meta")).status == 404);
    CHECK(c.region.handle(c.get("/apps/tools/viewer/api/v9/?prt_sys_task=meta")).status == 404);
    CHECK(c.region.count("GET app-meta") == 7);
    auto moved = c.region.handle(c.get("/apps/tools/viewer/api/v1?prt_sys_task=meta"));
    CHECK(moved.headers["Location"] == "/apps/tools/viewer/api/v1/?prt_sys_task=meta");
    deployment const where("d", "D");
    app odd(5, "odd", prefix("a", "a"), {version(1, 1, where)});
    odd.answer_id = std::nullopt;
    c.region.add(odd);
    CHECK_FALSE(
        c.json(c.region.handle(c.get("/a/odd/api/?prt_sys_task=meta"))).as_object().contains("app_id"));
    CHECK(c.region.violations() == strings());
}

TEST_CASE("an app's version before its api is refused")
{
    region_client c;
    for (auto const* url : {"/apps/tools/viewer/v1/api/", "/apps/tools/viewer/v1/api/say-hello/"})
        CHECK(c.region.handle(c.get(std::string(url) + "?prt_sys_task=meta")).status == 404);
    CHECK(c.region.violations() ==
          strings{"GET /apps/tools/viewer/v1/api/: an app's version before its api",
                  "GET /apps/tools/viewer/v1/api/say-hello/: an app's version before its api"});
    CHECK(c.region.handle(c.get("/apps/tools/viewer/v1/")).status == 404);
    CHECK(c.region.handle(c.get("/apps/tools/viewer/api/api/?prt_sys_task=meta")).status == 200);
    CHECK(c.region.count("GET app-meta") == 1);
    CHECK(c.region.violations().size() == 2);
}

TEST_CASE("an app's endpoints require the app's session token")
{
    region_client c;
    auto ask = [&](token_type type, std::int64_t id) {
        auto const token = c.region.issue(type, "admin@company.com", id);
        return c.region.handle(c.post("/apps/tools/viewer/api/v1/say-hello/").json("{}").bearer(token))
            .status;
    };
    CHECK(ask(token_type::app_session, 78) == 200);
    CHECK(c.region.violations() == strings());
    CHECK(ask(token_type::app_session, 79) == 403);
    CHECK(ask(token_type::session, 78) == 401);
    CHECK(c.region.violations().size() == 2);
}

TEST_CASE("a path behind a model requires its session token, and goes to its predictor")
{
    region_client c;
    deployment const where("d", "D");
    model llm(1, "llm", prefix("m", "m"), {version(1, 1, where)});
    llm.predicts = [](request const& r) {
        return response(200, "text/plain", r.method + ' ' + r.target + ' ' + r.body);
    };
    c.region.add(llm);
    for (auto const* url :
         {"/m/llm/v1/chat/completions", "/m/llm/latest/mcp/", "/m/llm/embeddings", "/m/llm/a?b=c"}) {
        auto const answer = c.region.handle(c.post(url).json("{}").bearer(c.session(1)));
        CHECK(answer.status == 200);
        CHECK(answer.body == "POST " + std::string(url) + " {}");
    }
    CHECK(c.region.handle(c.get("/m/llm/v1/health").bearer(c.session(1))).body == "GET /m/llm/v1/health ");
    CHECK(c.region.count("POST predict") == 4);
    CHECK(c.region.count("GET predict") == 1);
    // The vendor's SDK asks for the id there.
    CHECK(c.region.handle(c.get("/m/llm/v1/chat").bearer(c.access())).headers["x-prt-model-id"] == "1");
    CHECK(c.region.handle(c.get("/m/llm/v1/chat?get_meta=true").bearer(c.access())).status == 401);
    CHECK(c.region.violations().size() == 1);
    c.region.clear_violations();
    CHECK(c.region.handle(c.post("/m/llm/v2/chat").json("{}").bearer(c.session(1))).status == 404);
    auto const other = "/models/practicus/diamond-price/chat";
    CHECK(c.region.handle(c.post(other).json("{}").bearer(c.session(42))).status == 404);
    CHECK(c.region.violations() == strings());
    CHECK(c.region.handle(c.post("/m/llm/chat").json("{}").bearer(c.session(42))).status == 403);
    CHECK(c.region.violations().size() == 1);
}
