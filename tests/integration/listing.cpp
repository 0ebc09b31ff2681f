// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

using practicus::errc;

TEST_CASE("listings arrive whole")
{
    fixture f;
    f.server.region().cluster("main", "eu");
    auto client = f.user();

    CHECK(f.run(client.cluster()) == practicus::cluster_info{"main", "eu"});

    auto const prefixes = f.run(client.model_prefixes());
    REQUIRE(prefixes.size() == 3);
    CHECK(prefixes[0] == practicus::model_prefix{"models-practicus", "models/practicus"});

    auto const models = f.run(client.models());
    CHECK(practicus::to_csv(models) == "model_id,name,prefix,versions\n"
                                       "42,diamond-price,models/practicus,1 (Production) / 2 (Staging) / 3\n"
                                       "43,loan-risk,models/finance,1\n"
                                       "44,draft,models/finance,\n"
                                       "45,archived,models/finance,\n"
                                       "46,assistant,llm,1 (Production)\n");
    CHECK(practicus::deployed(models).size() == 3);
    CHECK(practicus::by_prefix(models, "models/finance").size() == 3);
    REQUIRE(models[0].production_version() != nullptr);
    CHECK(models[0].production_version()->tag() == "v1");
    CHECK(models[0].staging_version()->deployment.name == "Large");
    CHECK(models[0].versions[2].version == "3");

    auto const deployments = f.run(client.model_deployments());
    REQUIRE(deployments.size() == 3);
    CHECK(deployments[1].custom_image == "registry/models:2");
    CHECK(deployments[2].worker_type.empty());

    auto const app_prefixes = f.run(client.app_prefixes());
    REQUIRE(app_prefixes.size() == 2);
    CHECK(app_prefixes[0].visible_name == "Tools");
    CHECK(app_prefixes[0].has_extra_secret);
    CHECK_FALSE(app_prefixes[1].sort_order);

    auto const apps = f.run(client.apps());
    REQUIRE(apps.size() == 2);
    CHECK(apps[0].owner_email == "admin@company.com");
    CHECK(apps[0].is_deployed());
    CHECK(apps[0].versions[0].deployment.key == "web");
}

TEST_CASE("a cluster without names")
{
    fixture f;
    f.server.region().cluster(std::nullopt, std::nullopt);
    CHECK(f.run(f.user().cluster()) == practicus::cluster_info());
}

TEST_CASE("a service url with a path of its own")
{
    fixture f;
    f.server.region().base_path("/ai/region");
    practicus::client client(f.io.get_executor(), f.server.url() + "/ai/region",
                             practicus::client_options().credentials(fixture::password()));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.run(client.session_token(client.model_url("models/practicus", "diamond-price"))));
}

TEST_CASE("a listing of the wrong shape names the field and both types")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster());
    auto answer = [&](std::string body) {
        f.server.expect("GET", "/console/api/modelhost/models/").reply(200, body);
        return f.failure(client.models());
    };
    auto info = answer(R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":"p"}},{"id":"x"}])");
    CHECK(info.code == errc::unexpected_json);
    CHECK(info.message == "'[1].id' is not a whole number, but a string");
    CHECK(info.request == "GET /console/api/modelhost/models/");
    CHECK(info.status == 200);
    CHECK(answer(R"([{"id":1,"name":"a"}])").message == "'[0].model_prefix' is missing");
    CHECK(answer(R"({"detail":"x"})").message == "the answer is not an array, but an object");
    CHECK(answer(R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":7}}])").message ==
          "'[0].model_prefix.prefix' is not a string, but a number");
    CHECK(
        answer(
            R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":"p"},"model_versions":[{"id":1,"version":[]}]}])")
            .message == "'[0].model_versions[0].version' is neither a string nor a number, but an array");
}
