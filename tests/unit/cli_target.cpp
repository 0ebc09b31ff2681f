// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The MODEL and the APP of the command line.

#include "../../examples/cli/target.hpp"

#include "catch.hpp"

#include <practicus/catalog.hpp>
#include <practicus/url.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using cli::target_url;
using practicus::app_url;
using practicus::model_url;

practicus::service_url const service("https://h/eu");

std::string model(std::string const& text)
{
    return std::string(target_url<model_url>(service, text).target());
}

std::string app(std::string const& text)
{
    return std::string(target_url<app_url>(service, text).target());
}

practicus::model listed(std::string prefix, std::string name, std::vector<practicus::model_version> versions)
{
    practicus::model result;
    result.prefix.prefix = std::move(prefix);
    result.name = std::move(name);
    result.versions = std::move(versions);
    return result;
}

practicus::model_version version(std::string number, std::string stage, std::string deployment)
{
    practicus::model_version result;
    result.version = std::move(number);
    result.stage = std::move(stage);
    result.deployment.key = std::move(deployment);
    return result;
}

} // namespace

TEST_CASE("command line: a path keeps its form")
{
    CHECK(model("llm/assistant/prod/embeddings/") == "/eu/llm/assistant/prod/embeddings/");
    CHECK(model("llm/assistant/prod/embeddings") == "/eu/llm/assistant/prod/embeddings");
    CHECK(model("https://h/eu/llm/assistant/prod/embeddings/") == "/eu/llm/assistant/prod/embeddings/");
    CHECK(app("apps/viewer/api/say-hello/") == "/eu/apps/viewer/api/say-hello/");
    CHECK(app("apps/viewer/api/say-hello") == "/eu/apps/viewer/api/say-hello");
    CHECK(app("apps/viewer/api") == "/eu/apps/viewer/api/");
}

TEST_CASE("command line: a version is written as the lists show it, or in capitals")
{
    for (auto const* text : {"models/practicus/dp/V2", "models/practicus/dp/2", "/models/practicus/dp/v2/"}) {
        INFO(text);
        CHECK(model(text) == "/eu/models/practicus/dp/v2/");
    }
    CHECK(model("llm/assistant/Prod/chat") == "/eu/llm/assistant/prod/chat");
    CHECK(model("llm/assistant/Production") == "/eu/llm/assistant/production/");
    CHECK(model("llm/assistant/2/Latest") == "/eu/llm/assistant/v2/Latest");
    CHECK(app("apps/tools/viewer/Staging/") == "/eu/apps/tools/viewer/staging/");
    CHECK(app("apps/tools/viewer/api/Production/say-hello") ==
          "/eu/apps/tools/viewer/api/production/say-hello");
    CHECK(app("apps/tools/viewer/api/2/say-hello/") == "/eu/apps/tools/viewer/api/v2/say-hello/");
    // Not in a name, in a path or in a whole url.
    CHECK(model("llm/Latest") == "/eu/llm/Latest/");
    CHECK(model("llm/assistant/prod/V2") == "/eu/llm/assistant/prod/V2");
    CHECK(model("https://h/eu/llm/assistant/V2") == "/eu/llm/assistant/V2/");
    CHECK(app("apps/tools/viewer/api/say-hello/Latest") == "/eu/apps/tools/viewer/api/say-hello/Latest");
}

TEST_CASE("command line: why a listed model is not found")
{
    std::vector const all{
        listed("", "nameless", {}), listed("models", "finance", {version("1", "", "small")}),
        listed("models/finance", "draft", {}),
        listed("models/finance", "old", {version("1", "Production", "")}),
        listed("models/finance", "risk", {version("1", "production", "small"), version("4", "", "small")})};
    auto const why = [&](std::string const& text) {
        return cli::why_missing(service, target_url<model_url>(service, text), all);
    };
    for (auto const* text : {"models/finance/draft", "models/finance/draft/", "models/finance/draft/v2/chat",
                             "https://h/eu/models/finance/draft/latest"})
        CHECK(why(text) == "'draft' is listed, but has no deployment");
    CHECK(why("models/finance/old/1") == "'old' is listed, but has no deployment");
    for (auto const* text : {"models/finance/risk/2", "models/finance/risk/staging"})
        CHECK(why(text) == "'risk' is listed, but not with this version; it has 1 (production), 4");
    for (auto const* text : {"models/finance/risk", "models/finance/risk/v4", "models/finance/risk/prod",
                             "models/finance/risk/latest", "models/finance/draft2", "models/other/draft"})
        CHECK(why(text) == "");
}
