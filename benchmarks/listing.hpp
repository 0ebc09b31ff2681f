// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

struct listed_version
{
    std::int64_t id = 0;
    std::string version, stage, deployment_key, deployment_name;
};

struct listed_model
{
    std::int64_t id = 0;
    std::string name, prefix_key, prefix;
    std::vector<listed_version> versions;
};

/// Decodes a listing with Boost.JSON, as a program without practicus does: the same fields, in plain structs.
inline std::vector<listed_model> decode_listing(std::string_view body)
{
    auto const text = [](boost::json::value const& v) {
        return std::string(std::string_view(v.as_string()));
    };
    auto const document = boost::json::parse(body);
    auto const& entries = document.as_array();
    std::vector<listed_model> result;
    result.reserve(entries.size());
    for (auto const& entry : entries) {
        listed_model m;
        m.id = entry.at("id").to_number<std::int64_t>();
        m.name = text(entry.at("name"));
        m.prefix_key = text(entry.at("model_prefix").at("key"));
        m.prefix = text(entry.at("model_prefix").at("prefix"));
        for (auto const& listed : entry.at("model_versions").as_array()) {
            listed_version v;
            v.id = listed.at("id").to_number<std::int64_t>();
            v.version = std::to_string(listed.at("version").to_number<std::int64_t>());
            if (listed.at("stage").is_string()) v.stage = text(listed.at("stage"));
            v.deployment_key = text(listed.at("model_deployment").at("key"));
            v.deployment_name = text(listed.at("model_deployment").at("name"));
            m.versions.push_back(std::move(v));
        }
        result.push_back(std::move(m));
    }
    return result;
}

} // namespace bench
