// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The MODEL and the APP of the command line.

#include "../../examples/cli/target.hpp"

#include "catch.hpp"

#include <practicus/url.hpp>

#include <string>
#include <string_view>

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
