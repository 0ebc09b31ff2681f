// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/catalog.hpp>
#include <practicus/format.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using practicus::addon;
using practicus::app;
using practicus::app_prefix;
using practicus::hosted_version;
using practicus::model;
using practicus::model_deployment;
using practicus::model_prefix;
using practicus::to_csv;
using practicus::to_json;
using practicus::to_table;

namespace program {

/// A list of its own, which it writes by itself.
struct fleet : std::vector<model>
{};

std::ostream& operator<<(std::ostream& out, fleet const& all)
{
    return out << all.size() << " in the fleet";
}

} // namespace program

namespace {

template <class T>
concept streamable = requires(std::ostream& out, T const& value)
{
    out << value;
};

static_assert(!streamable<std::vector<model>> && !streamable<model> && !streamable<std::vector<int>>);
static_assert(!practicus::written_by_to_table<std::vector<int>> &&
              !practicus::written_by_to_table<std::string>);

hosted_version version(std::int64_t id, std::string number, std::string stage = {})
{
    hosted_version v;
    v.id = id;
    v.version = std::move(number);
    v.stage = std::move(stage);
    v.deployment = {"small", "Small pods"};
    return v;
}

model make_model(std::int64_t id, std::string name, std::string prefix,
                 std::vector<hosted_version> versions = {})
{
    model m;
    m.id = id;
    m.name = std::move(name);
    m.prefix = {"key-of-" + prefix, prefix};
    m.versions = std::move(versions);
    return m;
}

std::vector<model> models()
{
    return {
        make_model(42, "diamond-price", "models/practicus", {version(7, "1", "Production"), version(8, "2")}),
        make_model(43, "diamond-price", "models"),
        make_model(1234567, "churn", "models", {version(9, "10", "STAGING")})};
}

/// The field of a model that holds the text as its name, and nothing else.
std::string csv_of_name(std::string const& name)
{
    auto const csv = to_csv(std::vector{make_model(1, name, "p")});
    std::string_view const begin = "model_id,name,prefix,versions\n1,", end = ",p,\n";
    REQUIRE(csv.starts_with(begin));
    REQUIRE(csv.ends_with(end));
    return csv.substr(begin.size(), csv.size() - begin.size() - end.size());
}

std::string table_of_name(std::string const& name)
{
    std::vector<model_prefix> const one(1, {"k", name});
    auto const table = to_table(one);
    auto const line = table.substr(table.find('\n') + 1);
    REQUIRE(line.starts_with("k    "));
    return line.substr(5, line.size() - 6);
}

std::string name_of_json(std::string const& json)
{
    auto const parsed = boost::json::parse(json);
    auto const& name = parsed.at(0).at("name").as_string();
    return {name.data(), name.size()};
}

bool is_harmless(std::string_view text, bool lines_allowed)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c == 0x7f || (c < 0x20 && !(lines_allowed && c == '\n'))) return false;
        bool const c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (c1) return false;
    }
    return true;
}

template <class T>
concept finds_in_temporary = requires(T&& entry)
{
    std::move(entry).production_version();
};
static_assert(!finds_in_temporary<model>, "the pointer would dangle");

} // namespace

TEST_CASE("models are filtered")
{
    auto const names = [](std::vector<model> const& list) {
        std::string out;
        for (auto const& m : list)
            out += std::to_string(m.id) + ' ';
        return out;
    };
    CHECK(names(by_prefix(models(), "models")) == "42 43 1234567 ");
    CHECK(names(by_prefix(models(), "model")) == "");
    CHECK(names(by_prefix(models(), "models/practicus/diamond-price")) == "");
    CHECK(names(by_prefix(models(), "models/practicus")) == "42 ");
    CHECK(names(by_prefix(models(), "/models/practicus/")) == "42 ");
    CHECK(names(by_prefix(models(), "key-of-models")) == "");
    CHECK(names(by_prefix(models(), "")) == "");
    CHECK(names(by_name(models(), "diamond-price")) == "42 43 ");
    CHECK(names(by_name(models(), "diamond")) == "");
    CHECK(names(deployed(models())) == "42 1234567 ");
    CHECK(names(deployed(by_name(models(), "diamond-price"))) == "42 ");

    std::vector<app> apps(2);
    apps[1].prefix.prefix = "apps";
    apps[1].versions.push_back(version(1, "1"));
    CHECK(by_prefix(apps, "apps").size() == 1);
    CHECK(deployed(apps).size() == 1);
}

TEST_CASE("the version of a stage is found as the vendor's SDK finds it")
{
    auto m =
        make_model(1, "m", "p", {version(1, "1"), version(2, "2", "production"), version(3, "3", "PROD")});
    REQUIRE(m.production_version() != nullptr);
    CHECK(m.production_version()->version == "2");
    CHECK(m.production_version()->tag() == "v2");
    CHECK(m.staging_version() == nullptr);

    m.versions.push_back(version(4, "4", "Staging"));
    REQUIRE(m.staging_version() != nullptr);
    CHECK(m.staging_version()->version == "4");

    m.versions = {version(1, "1", "pro"), version(2, "2", "staging-2"), version(3, "3", "preproduction")};
    CHECK(m.production_version() == nullptr);
    CHECK(m.staging_version() == nullptr);
    CHECK(m.is_deployed());
    m.versions.clear();
    CHECK_FALSE(m.is_deployed());
    CHECK(m.production_version() == nullptr);
}

TEST_CASE("models are written with the columns of the vendor's SDK")
{
    CHECK(to_csv(models()) == "model_id,name,prefix,versions\n"
                              "42,diamond-price,models/practicus,1 (Production) / 2\n"
                              "43,diamond-price,models,\n"
                              "1234567,churn,models,10 (STAGING)\n");
    CHECK(to_table(models()) == "model_id  name           prefix            versions\n"
                                "      42  diamond-price  models/practicus  1 (Production) / 2\n"
                                "      43  diamond-price  models\n"
                                " 1234567  churn          models            10 (STAGING)\n");
    auto const json = to_json(models());
    auto const parsed = boost::json::parse(json);
    CHECK(parsed == boost::json::parse(R"([
        {"model_id": 42, "name": "diamond-price", "prefix": "models/practicus", "versions": [
            {"id": 7, "version": "1", "stage": "Production", "deployment": {"key": "small", "name": "Small pods"}},
            {"id": 8, "version": "2", "stage": null, "deployment": {"key": "small", "name": "Small pods"}}]},
        {"model_id": 43, "name": "diamond-price", "prefix": "models", "versions": []},
        {"model_id": 1234567, "name": "churn", "prefix": "models", "versions": [
            {"id": 9, "version": "10", "stage": "STAGING", "deployment": {"key": "small", "name": "Small pods"}}]}
    ])"));
    CHECK(json.starts_with("[\n{\"model_id\":42,\"name\":\"diamond-price\","));
    CHECK(json.ends_with("}\n]\n"));
}

TEST_CASE("everything else that a region lists is written too")
{
    std::vector const prefixes{model_prefix{"k", "models/practicus"}};
    CHECK(to_csv(prefixes) == "key,prefix\nk,models/practicus\n");
    CHECK(to_json(prefixes) == "[\n{\"key\":\"k\",\"prefix\":\"models/practicus\"}\n]\n");
    CHECK(to_table(prefixes) == "key  prefix\nk    models/practicus\n");

    std::vector const deployments{
        model_deployment{"d", "Small pods", "Small-1", "1 - 2", true, "registry/x:2"}};
    CHECK(to_csv(deployments) == "key,name,worker_type,scaling,startup_script,custom_image\n"
                                 "d,Small pods,Small-1,1 - 2,true,registry/x:2\n");

    std::vector<app_prefix> app_prefixes(2);
    app_prefixes[0].key = "a";
    app_prefixes[0].prefix = "apps";
    app_prefixes[0].sort_order = -3;
    app_prefixes[0].has_extra_secret = true;
    CHECK(to_csv(app_prefixes) ==
          "key,prefix,visible_name,description,icon,sort_order,has_extra_conf,has_extra_secret\n"
          "a,apps,,,,-3,false,true\n"
          ",,,,,,false,false\n");
    CHECK(boost::json::parse(to_json(app_prefixes)).at(0).at("sort_order") == boost::json::value(-3));
    CHECK(boost::json::parse(to_json(app_prefixes)).at(1).at("sort_order").is_null());

    std::vector<app> apps(1);
    apps[0].id = 78;
    apps[0].name = "my-app";
    apps[0].prefix = app_prefixes[0];
    apps[0].versions = {version(1, "1"), version(2, "2", "Production")};
    apps[0].visible_name = "My App";
    apps[0].description = "one, two";
    apps[0].owner_email = "a@b.c";
    CHECK(to_csv(apps) == "app_id,name,prefix,versions,visible_name,description,owner_email,icon,sort_order,"
                          "has_extra_conf,has_extra_secret\n"
                          "78,my-app,apps,1 / 2 (Production),My App,\"one, two\",a@b.c,,,false,false\n");
    CHECK(boost::json::parse(to_json(apps)).at(0).at("versions").as_array().size() == 2);
}

TEST_CASE("an empty listing has its header")
{
    std::vector<model> const none;
    CHECK(to_csv(none) == "model_id,name,prefix,versions\n");
    CHECK(to_json(none) == "[]\n");
    CHECK(to_table(none) == "model_id  name  prefix  versions\n");
}

TEST_CASE("CSV fields are quoted where they must be")
{
    CHECK(csv_of_name("plain text") == "plain text");
    CHECK(csv_of_name("a,b") == "\"a,b\"");
    CHECK(csv_of_name("say \"hi\"") == "\"say \"\"hi\"\"\"");
    CHECK(csv_of_name(" a") == "\" a\"");
    CHECK(csv_of_name("a ") == "\"a \"");
    CHECK(csv_of_name("a\nb\r\nc\td") == "a b  c d");
    CHECK(csv_of_name("") == "");
}

TEST_CASE("a spreadsheet finds no formula in CSV")
{
    CHECK(csv_of_name("=1+1") == "'=1+1");
    CHECK(csv_of_name("+a") == "'+a");
    CHECK(csv_of_name("-a") == "'-a");
    CHECK(csv_of_name("@a") == "'@a");
    CHECK(csv_of_name("=a,b") == "\"'=a,b\"");
    CHECK(csv_of_name("\t=a") == "\" =a\"");
    CHECK(csv_of_name("a=1") == "a=1");
    CHECK(name_of_json(to_json(std::vector{make_model(1, "=1+1", "p")})) == "=1+1");
}

TEST_CASE("text of the server cannot control a terminal")
{
    // C0, DEL, C1, a line separator, a mark that turns the direction of text, and bytes that are no UTF-8.
    CHECK(table_of_name("a\x1b[31mb") == "a [31mb");
    CHECK(table_of_name(std::string("a\0b", 3)) == "a b");
    CHECK(table_of_name("a\x7f\x62") == "a b");
    CHECK(table_of_name("a\xc2\x9b\x62") == "a b");
    CHECK(table_of_name("a\xe2\x80\xa8\x62") == "a b");
    CHECK(table_of_name("a\xe2\x80\xae\x62") == "a b");
    CHECK(table_of_name("a\xff\xc3") == "a\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(table_of_name("\xc0\xaf|\xed\xa0\x80|\xf5") ==
          "\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd");
    CHECK(table_of_name("m\xc3\xbc \xf0\x9f\x92\x8e") == "m\xc3\xbc \xf0\x9f\x92\x8e");

    std::string const control = "a\x1b\x7f\xc2\x9b\xe2\x80\xae\"\\\n";
    auto const json = to_json(std::vector{make_model(1, control, "p")});
    CHECK(is_harmless(json, true));
    CHECK(json.find("\\u001b\\u007f\\u009b\\u202e\\\"\\\\\\n") != std::string::npos);
    CHECK(name_of_json(json) == control);
}

TEST_CASE("no bytes in a name break the form of any output")
{
    std::mt19937 random(20260403);
    for (int i = 0; i < 3000; ++i) {
        std::string name;
        for (auto n = random() % 12; n > 0; --n)
            name += static_cast<char>(random() % 2 == 0 ? random() % 256 : random() % 0x30);
        std::vector const list{make_model(1, name, name, {version(1, name, name)})};
        auto const csv = to_csv(list), json = to_json(list), table = to_table(list);
        bool const sound = is_harmless(csv, true) && is_harmless(json, true) && is_harmless(table, true) &&
                           std::count(csv.begin(), csv.end(), '\n') == 2 &&
                           std::count(csv.begin(), csv.end(), '"') % 2 == 0 &&
                           std::count(table.begin(), table.end(), '\n') == 2 &&
                           boost::json::parse(json).at(0).at("model_id").as_int64() == 1;
        if (!sound) FAIL(csv << json << table);
    }
}

TEST_CASE("a table is aligned by the width on a terminal")
{
    std::vector const list{
        model_prefix{"m\xc3\xbc", "1"},                // two letters, three bytes
        model_prefix{"e\xcc\x81", "2"},                // a letter and a mark that joins it
        model_prefix{"\xe4\xbe\xa1\xe6\xa0\xbc", "3"}, // two letters, each two columns wide
        model_prefix{"\xf0\x9f\x92\x8e", "4"},         // an emoji, two columns wide
        model_prefix{"abcd", "5"}};
    CHECK(to_table(list) == "key   prefix\n"
                            "m\xc3\xbc    1\n"
                            "e\xcc\x81     2\n"
                            "\xe4\xbe\xa1\xe6\xa0\xbc  3\n"
                            "\xf0\x9f\x92\x8e    4\n"
                            "abcd  5\n");
}

TEST_CASE("a long cell of a table is cut")
{
    std::string const ellipsis = "\xe2\x80\xa6";
    CHECK(table_of_name(std::string(60, 'a')) == std::string(60, 'a'));
    CHECK(table_of_name(std::string(61, 'a')) == std::string(59, 'a') + ellipsis);
    std::string wide;
    for (int i = 0; i < 31; ++i)
        wide += "\xe4\xbe\xa1";
    CHECK(table_of_name(wide) == wide.substr(0, std::size_t(29) * 3) + ellipsis);
}

TEST_CASE("add-ons as rows")
{
    std::vector<addon> const all{{"langflow", "Langflow", "LANGFLOW", "https://langflow.company.com", "flow"},
                                 {"bare", "", "", "", ""}};
    CHECK(to_csv(all) == "key,name,service_type,url,oauth_key\n"
                         "langflow,Langflow,LANGFLOW,https://langflow.company.com,flow\n"
                         "bare,,,,\n");
    CHECK(boost::json::parse(to_json(all)).at(0).at("service_type") == "LANGFLOW");
    CHECK(to_table(all).find("Langflow") != std::string::npos);
}

TEST_CASE("a program that writes its lists by an operator of its own keeps it")
{
    program::fleet all;
    all.emplace_back();
    std::ostringstream out;
    out << all;
    CHECK(out.str() == "1 in the fleet");
    CHECK((std::ostringstream() << all).str() == "1 in the fleet");
}

TEST_CASE("metadata as JSON keep the numbers as written, on one line without control characters")
{
    practicus::model_metadata metadata;
    metadata.text = "{\n \"a\" : 1e400, \t\"b c\":[-0.10, 123456789012345678901234567890 ],\r\n"
                    "\"q\\\" \\\\\": \"\xc2\x9b\x7f\xe2\x80\xae\xd8\x9c \xc3\xa4\"}\n";
    CHECK(to_json(metadata) == R"({"a":1e400,"b c":[-0.10,123456789012345678901234567890],)"
                               R"("q\" \\":"\u009b\u007f\u202e\u061c )"
                               "\xc3\xa4\"}\n");
}

TEST_CASE("one_line removes terminal control characters")
{
    CHECK(practicus::one_line("\xc3\xa4\n\x1b[2J\xc2\x9b\xe2\x80\xae\xff") == "\xc3\xa4  [2J  \xef\xbf\xbd");
}
