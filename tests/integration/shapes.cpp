// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

#include <functional>

using practicus::errc;

namespace {

/// Answers of the wrong shape, and what is said of each.
struct wrong
{
    std::string body;
    std::string message;
};

struct shapes : fixture
{
    shapes()
    {
        stopped_clock_of(caller);
        run(caller.cluster_info());
    }

    /// Answers `path` with each body in turn, and asks.
    template <class Ask>
    void refused(std::string const& method, std::string const& path, Ask ask, std::vector<wrong> const& all)
    {
        for (auto const& [body, message] : all) {
            // Else the error of a moment ago is replayed.
            clock_of(caller).advance(std::chrono::seconds(5));
            INFO(method << ' ' << path << " answers " << body);
            server.expect(method, path).reply(200, body);
            auto const info = failure(ask());
            CHECK(info.code == errc::unexpected_json);
            CHECK(info.message == message);
            CHECK(info.request == method + ' ' + path);
            CHECK(info.status == 200);
        }
    }

    practicus::client caller = user(options_with([&](auto& o) { o.strict_listings = true; }));
};

constexpr char const* auth = "/console/api/auth/";
constexpr char const* renewal = "/console/api/auth/refresh/";
constexpr char const* model_auth = "/console/api/modelhost/model-auth/";
constexpr char const* app_auth = "/console/api/apphost/app-auth/";

} // namespace

TEST_CASE("login and refresh: an answer of the wrong shape names field and type")
{
    shapes f;
    auto const login = [&] { return f.caller.login("admin@company.com", "practicus"); };
    f.refused("POST", auth, login,
              {{R"([])", "the response is not an object, but an array"},
               {R"({})", "'refresh' is missing"},
               {R"({"refresh":1,"access":"a"})", "'refresh' is not a string, but a number"},
               {R"({"refresh":"r"})", "'access' is missing"},
               {R"({"refresh":"r","access":null})", "'access' is not a string, but null"},
               {R"({"refresh":"r","access":"a\n"})", "'access' is no token, but a string"},
               {R"({"refresh":"","access":"a"})", "'refresh' is no token, but a string"}});
    auto const refresh = [&] { return f.caller.refresh(); };
    f.refused("POST", renewal, refresh,
              {{R"("a")", "the response is not an object, but a string"},
               {R"({"refresh":"r"})", "'access' is missing"},
               {R"({"access":true})", "'access' is not a string, but a boolean"},
               {R"({"access":"a","refresh":[]})", "'refresh' is not a string, but an array"}});
    // None of it was adopted.
    clock_of(f.caller).advance(std::chrono::seconds(5));
    f.run(f.caller.refresh());
    CHECK(f.caller.username() == "admin");
}

TEST_CASE("cluster and prefixes: an answer of the wrong shape names field and type")
{
    shapes f;
    auto const cluster = [&] { return f.caller.cluster_info(); };
    f.refused("GET", "/console/api/central/clusterdefinition/", cluster,
              {{R"([])", "the response is not an object, but an array"}});
    auto const prefixes = [&] { return f.caller.model_prefixes(); };
    f.refused("GET", "/console/api/modelhost/model-prefixes/", prefixes,
              {{R"({})", "the response is not an array, but an object"},
               {R"([7])", "'[0]' is not an object, but a number"},
               {R"([{"key":"k","prefix":"p"},{"key":"k"}])", "'[1].prefix' is missing"},
               {R"([{"prefix":"p"}])", "'[0].key' is missing"},
               {R"([{"key":[],"prefix":"p"}])", "'[0].key' is neither a string nor a number, but an array"}});
    auto const apps = [&] { return f.caller.app_prefixes(); };
    f.refused("GET", "/console/api/apphost/app-prefixes/", apps,
              {{R"(null)", "the response is not an array, but null"},
               {R"([{"key":"k"}])", "'[0].prefix' is missing"}});
}

TEST_CASE("models and deployments: an answer of the wrong shape names field and type")
{
    shapes f;
    auto const models = [&] { return f.caller.models(); };
    std::string const begin =
        R"([{"id":1,"name":"n","model_prefix":{"key":"k","prefix":"p"},"model_versions":)";
    f.refused(
        "GET", "/console/api/modelhost/models/", models,
        {{R"({"detail":"x"})", "the response is not an array, but an object"},
         {R"([{"name":"n"}])", "'[0].id' is missing"},
         {R"([{"id":"x"}])", "'[0].id' is not a whole number of 64 bits, but a string"},
         {R"([{"id":1.5}])", "'[0].id' is not a whole number of 64 bits, but a number"},
         {R"([{"id":1}])", "'[0].name' is missing"},
         {R"([{"id":1,"name":"n"}])", "'[0].model_prefix' is missing"},
         {R"([{"id":1,"name":"n","model_prefix":"p"}])", "'[0].model_prefix' is not an object, but a string"},
         {R"([{"id":1,"name":"n","model_prefix":{"key":"k"}}])", "'[0].model_prefix.prefix' is missing"},
         {begin + R"({"a":1}}])", "'[0].model_versions' is not an array, but an object"},
         {begin + "[1]}]", "'[0].model_versions[0]' is not an object, but a number"},
         {begin + R"([{"id":1}]}])", "'[0].model_versions[0].version' is missing"},
         {begin + R"([{"id":1,"version":[]}]}])",
          "'[0].model_versions[0].version' is neither a string nor a number, but an array"}});
    auto const deployments = [&] { return f.caller.model_deployments(); };
    f.refused("GET", "/console/api/modelhost/model-deployments/", deployments,
              {{R"(1)", "the response is not an array, but a number"},
               {R"([{"name":"n"}])", "'[0].key' is missing"}});
}

TEST_CASE("apps: an answer of the wrong shape names field and type")
{
    shapes f;
    auto const apps = [&] { return f.caller.apps(); };
    std::string const begin = R"([{"id":1,"name":"n","app_prefix":{"key":"k","prefix":"p"})";
    f.refused("GET", "/console/api/apphost/apps/", apps,
              {{R"("x")", "the response is not an array, but a string"},
               {R"([{"name":"n"}])", "'[0].id' is missing"},
               {R"([{"id":1,"name":[]}])", "'[0].name' is neither a string nor a number, but an array"},
               {R"([{"id":1,"name":"n"}])", "'[0].app_prefix' is missing"},
               {R"([{"id":1,"name":"n","app_prefix":{"key":"k"}}])", "'[0].app_prefix.prefix' is missing"},
               {begin + R"(,"app_versions":[{"id":1}]}])", "'[0].app_versions[0].version' is missing"}});
}

TEST_CASE("session tokens and metadata: an answer of the wrong shape names field and type")
{
    shapes f;
    std::vector<wrong> const tokens{{R"([])", "the response is not an object, but an array"},
                                    {R"({})", "'token' is missing"},
                                    {R"({"token":null})", "'token' is not a string, but null"},
                                    {R"({"token":42})", "'token' is not a string, but a number"},
                                    {R"({"token":""})", "'token' is no token, but a string"},
                                    {R"({"token":"a b"})", "'token' is no token, but a string"}};
    f.refused(
        "GET", model_auth, [&] { return f.caller.session_token(f.model()); }, tokens);
    f.refused(
        "GET", model_auth,
        [&] { return f.caller.session_token(f.model(), practicus::token_purpose::upload); }, tokens);
    auto const viewer = f.caller.app_url("apps/tools", "viewer");
    f.refused("GET", "/apps/tools/viewer/api/", [&] { return f.caller.session_token(viewer); },
              {{R"([])", "the response is not an object, but an array"}});
    // From here on its id is known.
    f.refused(
        "GET", app_auth, [&] { return f.caller.session_token(viewer); }, tokens);

    std::string const path = "/models/practicus/diamond-price/";
    f.server.expect("GET", path).reply(200, "[]").header("x-prt-model-id", "42");
    auto const info = f.failure(f.caller.model_metadata(f.model()));
    CHECK(info.code == errc::unexpected_json);
    CHECK(info.message == "the response is not an object, but an array");
    CHECK(info.request == "GET " + path);
    // The id is in a field: the body may be anything.
    f.server.expect("GET", path).reply(200, "[]").header("x-prt-model-id", "42");
    auto other = f.user();
    CHECK(f.run(other.model_id(f.model())) == 42);
}
