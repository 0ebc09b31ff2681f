// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

using practicus::errc;

TEST_CASE("no credential goes to a model url on another host")
{
    fixture f;
    practicus::mock::server other;
    auto client = f.user();
    f.run(client.cluster_info());
    auto const before = f.server.count();

    for (auto const& url :
         {other.url() + "/models/practicus/diamond-price/",
          "http://localhost:" + std::to_string(f.server.port()) + "/models/practicus/diamond-price/",
          "https://" + f.server.authority() + "/models/practicus/diamond-price/"}) {
        auto const info = f.failure(client.session_token(url));
        CHECK(info.code == errc::untrusted_origin);
        CHECK_FALSE(info.message.empty());
        CHECK(f.failure(client.model_id(url)).code == errc::untrusted_origin);
        CHECK(f.failure(client.model_metadata(url)).code == errc::untrusted_origin);
        CHECK(f.failure(client.session_token(url, practicus::token_purpose::upload)).code ==
              errc::untrusted_origin);
    }
    for (auto const& url :
         {other.url() + "/apps/tools/viewer/", "https://" + f.server.authority() + "/apps/tools/viewer/"})
        CHECK(f.failure(client.session_token(practicus::app_url(url))).code == errc::untrusted_origin);
    CHECK(f.server.count() == before);
    CHECK(other.connections() == 0);
}

TEST_CASE("an origin on the caller's list gets the token")
{
    fixture f;
    auto const alias = "http://localhost:" + std::to_string(f.server.port());
    auto client = f.user(options_with([&](auto& o) { o.trusted_origins.emplace_back(alias); }));
    CHECK(f.run(client.session_token(alias + "/models/practicus/diamond-price/")));
}

TEST_CASE("a redirect to another origin is refused before anything is sent there")
{
    fixture f;
    practicus::mock::server other;
    auto client = f.user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    for (auto const& to : {other.url() + "/models/practicus/diamond-price/", "//" + other.authority() + "/x/",
                           "https://" + f.server.authority() + "/x/", std::string("ftp://127.0.0.1/"),
                           "http://user@" + f.server.authority() + "/x/"})
        for (unsigned status : {301U, 302U, 303U, 307U, 308U}) {
            clock.advance(std::chrono::seconds(5)); // else the error of a moment ago is replayed
            f.server.expect("GET", "/models/practicus/diamond-price/").redirect(to, status);
            CHECK(f.failure(client.session_token(f.model())).code == errc::untrusted_origin);
        }
    CHECK(other.connections() == 0);
}

TEST_CASE("no console call follows a redirect to another origin")
{
    fixture f;
    practicus::mock::server other;
    auto client = f.user();
    f.run(client.cluster_info());
    f.server.expect("GET", "/console/api/modelhost/models/")
        .redirect(other.url() + "/console/api/modelhost/models/");
    CHECK(f.failure(client.models()).code == errc::untrusted_origin);
    f.server.expect("GET", "/console/api/modelhost/model-auth/").redirect(other.url() + "/x/");
    CHECK(f.failure(client.session_token(f.model())).code == errc::untrusted_origin);
    f.server.expect("POST", "/console/api/auth/").redirect(other.url() + "/console/api/auth/", 307);
    CHECK(f.failure(client.login("admin@company.com", "practicus")).code == errc::redirected);
    f.server.expect("POST", "/console/api/auth/refresh/")
        .redirect(other.url() + "/console/api/auth/refresh/", 308);
    CHECK(f.failure(client.refresh()).code == errc::redirected);
    CHECK(other.connections() == 0);
}

TEST_CASE("a GET follows a redirect within its origin")
{
    fixture f;
    auto client = f.user();
    for (auto const& to :
         {f.server.url() + "/console/api/central/clusterdefinition/",
          std::string("/console/api/central/clusterdefinition/"), std::string("../clusterdefinition/")}) {
        f.server.expect("GET", "/console/api/modelhost/models/").redirect("/console/api/central/x/");
        f.server.expect("GET", "/console/api/central/x/").redirect(to);
        // It arrived: the answer is the cluster's, and no listing.
        CHECK(f.failure(client.models()).code == errc::unexpected_json);
    }
    f.server.expect("GET", "/console/api/modelhost/models/")
        .redirect("/console/api/modelhost/models/")
        .times(4);
    auto const info = f.failure(client.models());
    CHECK(info.code == errc::redirected);
    CHECK(info.attempts == 4);
    f.server.expect("GET", "/console/api/modelhost/models/").redirect(f.server.url() + "?a=1");
    CHECK(f.failure(client.models()).code == errc::not_found);
    CHECK(f.server.requests().back().target == "/?a=1");
    f.server.expect("GET", "/console/api/modelhost/models/").redirect("http://[");
    CHECK(f.failure(client.models()).code == errc::redirected);
}

TEST_CASE("a request with a secret in its body follows no redirect")
{
    fixture f;
    f.server.expect("POST", "/console/api/auth/").redirect("/console/api/auth/", 307);
    auto const info = f.failure(f.client().login("admin@company.com", "practicus"));
    CHECK(info.code == errc::redirected);
    CHECK(info.status == 307);
    CHECK(f.server.count("POST auth/") == 1);
}
