// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Each field of each listing in 12 variations, beside what the vendor's SDK 25.5.2 lists of them.

#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/listing_schemas.hpp>

#include "catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace practicus::detail;
namespace console_api = practicus::detail::console_api;

/// What a field is for.
enum class is
{
    describes, ///< the entry stays whatever it is
    name,      ///< a text or a number; else the entry is left out
    id,        ///< a whole number; else the entry is left out
    object,    ///< with a name; else the entry is left out
    versions,  ///< a list, or none
    version,   ///< an object; else the version is left out
    number,    ///< of a version: a text or a number; else the version is left out
};

struct field
{
    std::string_view listing;
    std::string_view path;
    is kind;
    /// The variations that the SDK lists.
    std::string_view sdk;
};

constexpr std::pair<std::string_view, std::string_view> variations[] = {
    {"missing", ""},          {"null", "null"},    {"number", "7"},   {"float", "2.5"},
    {"string", "\"x\""},      {"numstr", "\"5\""}, {"empty", "\"\""}, {"true", "true"},
    {"object", R"({"a":1})"}, {"array", "[1]"},    {"[]", "[]"},      {"{}", "{}"},
};

constexpr std::string_view all = "missing null number float string numstr empty true object array [] {}";
constexpr std::string_view all_but_missing = "null number float string numstr empty true object array [] {}";

constexpr field fields[] = {
    {"model_prefix", "key", is::name, all_but_missing},
    {"model_prefix", "prefix", is::name, all_but_missing},
    {"model", "id", is::id, "number float numstr true"},
    {"model", "name", is::name, all_but_missing},
    {"model", "model_prefix", is::object, ""},
    {"model", "model_prefix.key", is::describes, all_but_missing},
    {"model", "model_prefix.prefix", is::name, all_but_missing},
    {"model", "model_versions", is::versions, "missing empty [] {}"},
    {"model", "model_versions.0", is::version, "missing"},
    {"model", "model_versions.0.id", is::describes, "number float numstr true"},
    {"model", "model_versions.0.version", is::number, all_but_missing},
    {"model", "model_versions.0.stage", is::describes, all_but_missing},
    {"model", "model_versions.0.model_deployment", is::describes, ""},
    {"model", "model_versions.0.model_deployment.key", is::describes, all_but_missing},
    {"model", "model_versions.0.model_deployment.name", is::describes, all_but_missing},
    {"model", "model_versions.0.model_deployment.worker_type", is::describes, all},
    {"model", "model_versions.0.model_deployment.scaling", is::describes, all},
    {"model", "model_versions.0.model_deployment.startup_script", is::describes, all},
    {"model", "model_versions.0.model_deployment.custom_image", is::describes, all},
    {"model", "model_versions.0.model_deployment.has_secrets", is::describes, all},
    {"model", "has_secrets", is::describes, all},
    {"model_deployment", "key", is::name, all_but_missing},
    {"model_deployment", "name", is::describes, all_but_missing},
    {"model_deployment", "worker_type", is::describes, "missing null string numstr empty [] {}"},
    {"model_deployment", "scaling", is::describes, all},
    {"model_deployment", "startup_script", is::describes, all},
    {"model_deployment", "custom_image", is::describes, "missing null string numstr empty [] {}"},
    {"model_deployment", "has_secrets", is::describes, all},
    {"app_prefix", "key", is::name, all_but_missing},
    {"app_prefix", "prefix", is::name, all_but_missing},
    {"app_prefix", "visible_name", is::describes, "missing null string numstr empty [] {}"},
    {"app_prefix", "description", is::describes, "missing null string numstr empty [] {}"},
    {"app_prefix", "icon", is::describes, "missing null string numstr empty [] {}"},
    {"app_prefix", "sort_order", is::describes, "missing null number float numstr empty true [] {}"},
    {"app_prefix", "has_extra_conf", is::describes, all},
    {"app_prefix", "has_extra_secret", is::describes, all},
    {"app_prefix", "has_secrets", is::describes, all},
    {"app", "id", is::id, "number float numstr true"},
    {"app", "name", is::name, all_but_missing},
    {"app", "app_prefix", is::object, ""},
    {"app", "app_prefix.key", is::describes, all_but_missing},
    {"app", "app_prefix.prefix", is::name, all_but_missing},
    {"app", "app_versions", is::versions, "missing empty [] {}"},
    {"app", "app_versions.0", is::version, "missing"},
    {"app", "app_versions.0.id", is::describes, "number float numstr true"},
    {"app", "app_versions.0.version", is::number, all_but_missing},
    {"app", "app_versions.0.stage", is::describes, all_but_missing},
    {"app", "app_versions.0.app_deployment_setting", is::describes, ""},
    {"app", "app_versions.0.app_deployment_setting.key", is::describes, all_but_missing},
    {"app", "app_versions.0.app_deployment_setting.name", is::describes, all_but_missing},
    {"app", "app_versions.0.app_deployment_setting.worker_type", is::describes, all},
    {"app", "app_versions.0.app_deployment_setting.scaling", is::describes, all},
    {"app", "app_versions.0.app_deployment_setting.startup_script", is::describes, all},
    {"app", "app_versions.0.app_deployment_setting.custom_image", is::describes, all},
    {"app", "app_versions.0.app_deployment_setting.db_enabled", is::describes, all_but_missing},
    {"app", "visible_name", is::describes, "missing null string numstr empty [] {}"},
    {"app", "description", is::describes, "missing null string numstr empty [] {}"},
    {"app", "owner_email", is::describes, all},
    {"app", "icon", is::describes, "missing null string numstr empty [] {}"},
    {"app", "sort_order", is::describes, "missing null number float numstr empty true [] {}"},
    {"app", "has_extra_conf", is::describes, all},
    {"app", "has_extra_secret", is::describes, all},
    {"app", "has_secrets", is::describes, all},
    {"addon", "key", is::name, all_but_missing},
    {"addon", "name", is::describes, all_but_missing},
    {"addon", "service_type", is::describes, all},
    {"addon", "service_type.key", is::describes, all},
    {"addon", "url", is::describes, "missing null string numstr empty [] {}"},
    {"addon", "oauth_key", is::describes, "missing null string numstr empty [] {}"},
};

std::map<std::string_view, std::string_view> const entries{
    {"model_prefix", R"({"key":"k","prefix":"p/q"})"},
    {"model",
     R"({"id":42,"name":"m","model_prefix":{"key":"k","prefix":"p"},"has_secrets":false,"model_versions":[
        {"id":1,"version":"1","stage":"Production","model_deployment":{"key":"d","name":"D","worker_type":"Small",
         "scaling":"1 - 2","startup_script":false,"custom_image":"","has_secrets":false}}]})"},
    {"model_deployment",
     R"({"key":"d","name":"D","worker_type":"Small","scaling":"1 - 2","startup_script":false,
        "custom_image":"","has_secrets":false})"},
    {"app_prefix", R"({"key":"k","prefix":"p","visible_name":"A","description":"d","icon":"i","sort_order":1,
        "has_extra_conf":false,"has_extra_secret":false,"has_secrets":false})"},
    {"app", R"({"id":78,"name":"a","app_prefix":{"key":"k","prefix":"p"},"app_versions":[
        {"id":1,"version":"1","stage":"Production","app_deployment_setting":{"key":"d","name":"D","worker_type":"Small",
         "scaling":"1 - 2","startup_script":false,"custom_image":"","db_enabled":false}}],"visible_name":"V",
        "description":"d","owner_email":"o@c","icon":"i","sort_order":1,"has_extra_conf":false,
        "has_extra_secret":false,"has_secrets":false})"},
    {"addon",
     R"({"key":"langflow","name":"Langflow","service_type":{"key":"langflow"},"url":"https://l.c.com",
        "oauth_key":"o"})"},
};

/// The entry with another value at `path`, or with none.
boost::json::value varied(boost::json::value entry, std::string_view path, std::string_view value)
{
    auto* at = &entry;
    while (true) {
        auto const dot = path.find('.');
        std::string const part(path.substr(0, dot));
        bool const last = dot == path.npos;
        if (!last) path.remove_prefix(dot + 1);
        if (at->is_array()) {
            if (last && value.empty()) at->get_array().clear();
            if (last && value.empty()) return entry;
            at = &at->get_array().at(0);
        } else {
            if (last && value.empty()) at->get_object().erase(part);
            if (last && value.empty()) return entry;
            at = &at->get_object().at(part);
        }
        if (last) return *at = boost::json::parse(std::string(value)), entry;
    }
}

/// What became of the entry that is varied, between two good ones.
struct outcome
{
    std::size_t entries = 0;
    std::size_t versions = 0;
    std::size_t left_out = 0;
};

template <class Entry>
outcome read(std::string_view body, json_schema const& shape)
{
    list_reader<Entry> reader(shape, false);
    reader.take(body);
    auto const list = reader.result();
    outcome result{list.size(), 0, reader.left_out().count};
    if constexpr (requires { list[1].versions; })
        if (list.size() == 3) result.versions = list[1].versions.size();
    CHECK(list.front() == list.back());
    return result;
}

outcome read(std::string_view listing, std::string_view body)
{
    if (listing == "model_prefix")
        return read<practicus::model_prefix>(body, console_api::model_prefix_shape);
    if (listing == "model") return read<practicus::model>(body, console_api::model_shape);
    if (listing == "model_deployment")
        return read<practicus::model_deployment>(body, console_api::deployment_shape);
    if (listing == "app_prefix") return read<practicus::app_prefix>(body, console_api::app_prefix_shape);
    if (listing == "app") return read<practicus::app>(body, console_api::app_shape);
    return read<practicus::addon>(body, console_api::addon_shape);
}

bool contains(std::string_view words, std::string_view word)
{
    return (' ' + std::string(words) + ' ').find(' ' + std::string(word) + ' ') != std::string::npos;
}

/// Returns true if that is the value of a name, or of an id.
bool names(is kind, std::string_view variation)
{
    return contains(kind == is::id ? "number numstr" : "number float string numstr empty", variation);
}

} // namespace

TEST_CASE("an odd field ends no listing, and the SDK lists no entry that is left out here")
{
    for (auto const& f : fields)
        for (auto const& [variation, value] : variations) {
            INFO(f.listing << ' ' << f.path << ' ' << variation);
            auto const good = std::string(entries.at(f.listing));
            auto const odd = boost::json::serialize(varied(boost::json::parse(good), f.path, value));
            auto const got = read(f.listing, '[' + good + ',' + odd + ',' + good + ']');
            bool const of_entry = f.kind == is::name || f.kind == is::id || f.kind == is::object;
            bool const of_version = f.kind == is::version || f.kind == is::number;
            bool const is_name = f.kind != is::object && names(f.kind, variation);
            bool const listed = !of_entry || is_name;
            CHECK(got.entries == (listed ? 3U : 2U));
            if (of_entry) CHECK(got.left_out == (listed ? 0U : 1U));
            if (f.kind == is::describes) CHECK(got.left_out == 0);
            if (f.kind == is::versions && contains(f.sdk, variation)) CHECK(got.left_out == 0);
            if (f.kind == is::describes && f.path.find(".0.") != f.path.npos) CHECK(got.versions == 1);
            if (of_version) CHECK(got.versions == (f.kind == is::number && is_name ? 1U : 0U));
            if (of_version && variation != "missing") CHECK(got.left_out == 1 - got.versions);
            // The SDK lists names that are none, as `None` or `{'a': 1}`, and an id of 2.5 or `True` as 2
            // and 1.
            if (contains(f.sdk, variation)) CHECK((listed || !is_name));
        }
}

TEST_CASE("a service type is a text or an object with a key")
{
    auto const type = [](std::string const& value) {
        list_reader<practicus::addon> reader(console_api::addon_shape, true);
        reader.take(R"([{"key":"k","service_type":)" + value + R"(,"name":"n"}])");
        auto const list = reader.result();
        REQUIRE(list.size() == 1);
        CHECK(list[0].name == "n");
        return list[0].service_type;
    };
    CHECK(type(R"({"key":"LANGFLOW","more":{"key":"x"}})") == "LANGFLOW");
    CHECK(type(R"("LANGFLOW")") == "LANGFLOW");
    CHECK(type(R"({"key":null})").empty());
    CHECK(type("null").empty());
    CHECK(type("[{\"key\":\"x\"}]").empty());
}
