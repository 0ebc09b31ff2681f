// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "internals.hpp"

using practicus::errc;
using practicus::token_purpose;
using namespace std::chrono_literals;

TEST_CASE("a session token for a model")
{
    fixture f;
    auto client = f.user();
    auto const url = client.model_url("models/practicus", "diamond-price", "v2");
    CHECK(f.run(client.model_id(url)) == 42);
    auto const token = f.run(client.session_token(url));
    CHECK(token.claims().type == practicus::token_type::session);
    CHECK(token.lifetime() == 4h);
    CHECK(f.server.count("GET modelhost/model-auth/") == 1);

    auto const requests = f.server.requests();
    auto const& asked = requests.back();
    CHECK(asked.body == R"({"model_id":42})");
    CHECK(asked.headers["content-type"] == "application/json");
    CHECK(asked.headers["content-length"] == "15");
}

TEST_CASE("a session token for upload")
{
    fixture f;
    auto client = f.user();
    CHECK(f.run(client.session_token(f.model(), token_purpose::upload)));
    auto const requests = f.server.requests();
    CHECK(requests.back().body == "model_id=42&upload=True");
}

TEST_CASE("metadata of a model")
{
    fixture f;
    auto const metadata = f.run(f.user().model_metadata(f.model()));
    CHECK(metadata.model_id == 42);
    CHECK(metadata.values.contains("model_signature_json"));
    // The access token, in the documented form.
    auto const sent = f.server.requests().back();
    CHECK(sent.target == "/models/practicus/diamond-price/?get_meta=true");
    auto const bearer = std::string(sent.headers["authorization"]).substr(7);
    CHECK(practicus::read_jwt(bearer).type == practicus::token_type::access);
}

TEST_CASE("an id is read from the head, with any metadata")
{
    fixture f;
    auto const small = options_with<practicus::limit_options>([&](auto& o) { o.console_body = 1000; });
    std::string const page(20'000'000, ' ');
    for (auto const& body : {std::string(), std::string("[]"), std::string("{\"a\": NaN}"), page}) {
        for (bool const chunked : {false, true}) {
            auto client = f.user(options_with([&](auto& o) { o.limits = small; }));
            practicus::mock::response answer(200, "application/json", body);
            answer.header("x-prt-model-id", "42").chunked = chunked;
            f.server.expect("GET", "/models/practicus/diamond-price/").reply(std::move(answer));
            CHECK(f.run(client.session_token(f.model())));
            // The rest of a long body is not waited for.
            auto const received = client.stats().bytes_received;
            CHECK(received < 1'000'000);
        }
    }
}

TEST_CASE("an id that is remembered is asked for again if the call says so")
{
    fixture f;
    auto client = f.user();
    auto const anew = client.with(practicus::call_options().ask_id());
    CHECK(f.run(client.model_id(f.model())) == 42);
    CHECK(f.run(client.model_id(f.model())) == 42);
    CHECK(f.server.count("GET model-meta") == 1);
    CHECK(f.run(anew.model_id(f.model())) == 42);
    CHECK(f.server.count("GET model-meta") == 2);
    f.server.expect("GET", "/models/practicus/diamond-price/").reply(404, "{}");
    CHECK(f.failure(anew.model_id(f.model())).code == errc::not_found);
    CHECK(f.run(client.model_id(f.model())) == 42);
}

TEST_CASE("a session token for an app")
{
    fixture f;
    auto client = f.user();
    CHECK(f.run(client.session_token(client.app_url("apps/tools", "viewer"))));
    CHECK(f.run(client.session_token(client.app_url("apps/tools", "viewer"), token_purpose::upload)));
    CHECK(f.server.requests().back().body == "app_id=78&upload=True");
    CHECK_FALSE(f.server.requests().at(1).headers.contains("authorization"));
}

TEST_CASE("an id that is missing or makes no sense")
{
    fixture f;
    auto client = f.user();
    auto& clock = stopped_clock_of(client);
    f.run(client.cluster_info());
    auto with_id = [&](practicus::mock::response answer) {
        clock.advance(5s); // an error that would come again is replayed for so long
        f.server.expect("GET", "/models/practicus/diamond-price/").reply(std::move(answer));
        return f.failure(client.session_token(f.model()));
    };
    practicus::mock::response const bare(200, "application/json", "{}");
    CHECK(with_id(bare).code == errc::no_model_id);
    for (auto const* id : {"0", "-1", "x", "42x", "", "99999999999999999999"})
        CHECK(with_id(practicus::mock::response(bare).header("x-prt-model-id", id)).code ==
              errc::no_model_id);

    f.server.expect("GET", "/apps/tools/viewer/api/").reply(200, "{}");
    CHECK(f.failure(client.session_token(client.app_url("apps/tools", "viewer"))).code == errc::no_app_id);
    clock.advance(5s);
    f.server.expect("GET", "/apps/tools/viewer/api/").reply(200, R"({"app_id":0})");
    CHECK(f.failure(client.session_token(client.app_url("apps/tools", "viewer"))).code == errc::no_app_id);
}

TEST_CASE("an unknown model is not found")
{
    fixture f;
    auto const info = f.failure(f.user().session_token(f.model("models/practicus/none")));
    CHECK(info.code == errc::not_found);
    CHECK(info.status == 404);
    CHECK(info.request == "GET /models/practicus/none/");
}

TEST_CASE("a session token that is no JWT")
{
    fixture f;
    f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
    auto const token = f.run(f.user().session_token(f.model()));
    CHECK(token);
    CHECK_FALSE(token.expires_at());
}
