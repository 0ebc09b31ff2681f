// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include <practicus/format.hpp>

using practicus::errc;

namespace {

std::string long_listing(int count)
{
    std::string body = "[";
    for (int i = 1; i <= count; ++i)
        body += (i == 1 ? "" : ",") +
                std::string(R"({"model_prefix":{"key":"k","prefix":"p"},"name":"model-)") +
                std::to_string(i) + R"(","model_versions":[{"id":1,"version":"1"}],"id":)" +
                std::to_string(i) + '}';
    return body + ']';
}

constexpr auto models_path = "/console/api/modelhost/models/";

} // namespace

TEST_CASE("listings arrive whole")
{
    fixture f;
    f.server.region().configure([&](auto& s) {
        s.cluster_name = "main";
        s.region_name = "eu";
    });
    auto client = f.user();

    CHECK(f.run(client.cluster_info()) == practicus::cluster_info{"main", "eu"});

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
    f.server.region().configure([&](auto& s) {
        s.cluster_name = std::nullopt;
        s.region_name = std::nullopt;
    });
    CHECK(f.run(f.user().cluster_info()) == practicus::cluster_info());
}

TEST_CASE("a service url with a path of its own")
{
    fixture f;
    f.server.region().base_path("/ai/region");
    practicus::client client(f.io.get_executor(), f.server.url() + "/ai/region",
                             options_as(fixture::password()));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.run(client.session_token(client.model_url("models/practicus", "diamond-price"))));
}

TEST_CASE("an entry without a required field is left out, and reported to the observer")
{
    fixture f;
    std::vector<std::string> told;
    practicus::client_options options;
    options.observer = [&](practicus::event const& e) {
        if (auto const* const lost = std::get_if<practicus::events::entries_left_out>(&e))
            told.push_back(std::string(lost->request) + ' ' + std::to_string(lost->count) + ' ' +
                           std::to_string(lost->index) + ' ' + std::string(lost->reason));
    };
    auto client = f.user(options);
    auto const answer = [&](std::string const& body) {
        f.server.expect("GET", models_path).reply(200, body);
        return f.run(client.models());
    };
    auto const prefix = std::string(R"("model_prefix":{"key":"k","prefix":"models/practicus"})");
    auto const models = answer(R"([{"id":42,"name":"diamond-price",)" + prefix +
                               R"(},{"id":"x","name":"odd",)" + prefix + R"(},{"id":7,"name":"a",)" + prefix +
                               R"(,"model_versions":[{"id":1},{"id":2,"version":2}]}])");
    CHECK(practicus::to_csv(models) == "model_id,name,prefix,versions\n"
                                       "42,diamond-price,models/practicus,\n"
                                       "7,a,models/practicus,2\n");
    CHECK(told == std::vector<std::string>{"GET /console/api/modelhost/models/ 2 1 '[1].id' is not a whole "
                                           "number of 64 bits, but a string"});
    // The rest of it is primed: a token is one request.
    f.run(client.session_token(f.model()));
    CHECK(f.server.count("GET model-meta") == 0);
    told.clear();
    CHECK(answer("[]").empty());
    CHECK(answer(R"([{"id":1,"name":"a",)" + prefix + R"(,"more":7}])").size() == 1);
    CHECK(told.empty());
}

TEST_CASE("a listing that was cut off and read again has its entries left out once")
{
    fixture f;
    std::size_t lost = 0;
    practicus::client_options options;
    options.observer = [&](practicus::event const& e) {
        if (auto const* const out = std::get_if<practicus::events::entries_left_out>(&e)) lost += out->count;
    };
    auto client = f.user(options);
    f.run(client.cluster_info());
    auto body = long_listing(10'000);
    body.replace(body.find(R"("id":17})"), 7, R"("id":"x")");
    f.server.expect("GET", models_path).reply(200, body).cut_after_head(body.size() / 2);
    f.server.expect("GET", models_path).reply(200, body);
    CHECK(f.run(client.models()).size() == 9'999);
    CHECK(lost == 1);
}

TEST_CASE("a strict listing of the wrong shape names the field and both types")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) { o.strict_listings = true; }));
    f.run(client.cluster_info());
    auto answer = [&](std::string body) {
        f.server.expect("GET", "/console/api/modelhost/models/").reply(200, body);
        return f.failure(client.models());
    };
    auto info = answer(R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":"p"}},{"id":"x"}])");
    CHECK(info.code == errc::unexpected_json);
    CHECK(info.message == "'[1].id' is not a whole number of 64 bits, but a string");
    CHECK(info.request == "GET /console/api/modelhost/models/");
    CHECK(info.status == 200);
    CHECK(answer(R"([{"id":1,"name":"a"}])").message == "'[0].model_prefix' is missing");
    CHECK(answer(R"({"detail":"x"})").message == "the response is not an array, but an object");
    CHECK(answer(R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":true}}])").message ==
          "'[0].model_prefix.prefix' is neither a string nor a number, but a boolean");
    CHECK(
        answer(
            R"([{"id":1,"name":"a","model_prefix":{"key":"k","prefix":"p"},"model_versions":[{"id":1,"version":[]}]}])")
            .message == "'[0].model_versions[0].version' is neither a string nor a number, but an array");
}

TEST_CASE("a long listing is read as it comes, and from its beginning when its connection is lost")
{
    fixture f;
    auto client = f.user();
    f.run(client.cluster_info());
    auto const body = long_listing(20'000);
    auto const whole = [&] {
        auto const models = f.run(client.models());
        REQUIRE(models.size() == 20'000);
        for (std::size_t i = 0; i != models.size(); ++i)
            if (models[i].id != static_cast<std::int64_t>(i + 1) || models[i].versions.size() != 1)
                FAIL("model " << i << " is another");
    };
    f.server.expect("GET", models_path).reply(200, body);
    whole();
    f.server.expect("GET", models_path).reply(200, body).cut_after_head(body.size() / 2);
    f.server.expect("GET", models_path).reply(200, body).until_close();
    whole();
    f.server.expect("GET", models_path).reply(503, R"([{"id":1}])").header("Retry-After", "0");
    f.server.expect("GET", models_path).reply(200, body).slow(100'000, std::chrono::milliseconds(0));
    whole();
    CHECK(client.stats().retries == 2);
}

TEST_CASE("a listing that cannot be read is taken to its end, and its connection used again")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) { o.strict_listings = true; }));
    f.run(client.cluster_info());
    auto const opened = client.stats().connections.connects;
    auto answer = [&](std::string const& body, std::string const& type) {
        f.server.expect("GET", models_path).reply(200, body, type);
        return f.failure(client.models());
    };
    auto broken = long_listing(20'000);
    broken.insert(broken.size() / 2, "}");
    auto info = answer(broken, "application/json");
    CHECK(info.code == errc::not_json);
    CHECK(info.message == "though it says so");
    CHECK(info.attempts == 1);
    auto wrong = long_listing(20'000);
    wrong.replace(wrong.find(R"("id":9999})"), 9, R"("id":"x")");
    info = answer(wrong, "application/json");
    CHECK(info.code == errc::unexpected_json);
    CHECK(info.message == "'[9998].id' is not a whole number of 64 bits, but a string");
    info = answer("<html><title>Sign in</title><body>" + std::string(200'000, 'x'), "text/html");
    CHECK(info.code == errc::not_json);
    CHECK(info.message == "its content type is another");
    CHECK(info.server_message.find("Sign in") != std::string::npos);
    CHECK(client.stats().connections.connects == opened);
}
