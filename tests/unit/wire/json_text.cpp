// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/wire/json_text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <random>
#include <string>
#include <vector>

using namespace practicus::detail;
namespace json = boost::json;

namespace {

std::string random_text(std::mt19937& random)
{
    static std::vector<std::string> const parts{"a", "\\\"", "\\\\", ",", "]",      "}",
                                                "{", " ",    "\\n",  "ö", "\\u00e9"};
    std::string text = "\"";
    for (auto left = random() % 5; left != 0; --left)
        text += parts[random() % parts.size()];
    return text + '"';
}

/// A value with white space between its parts.
std::string random_json(std::mt19937& random, int depth)
{
    static std::vector<std::string> const spaces{"", "", " ", "\n", "\r\n\t"};
    static std::vector<std::string> const plain{"1",  "-0.5e3", "true", "null", "12345678901234567890123",
                                                "{}", "[ ]"};
    auto const space = [&] { return spaces[random() % spaces.size()]; };
    auto const what = random() % (depth == 0 ? 2 : 4);
    if (what == 0) return space() + plain[random() % plain.size()] + space();
    if (what == 1) return space() + random_text(random) + space();
    std::string text;
    for (auto left = random() % 4; left != 0; --left) {
        if (!text.empty()) text += ',';
        if (what == 2) text += space() + random_text(random) + space() + ':';
        text += random_json(random, depth - 1);
    }
    return space() + (what == 2 ? "{" : "[") + space() + text + space() + (what == 2 ? "}" : "]") + space();
}

} // namespace

TEST_CASE("json_text: one value in UTF-8 is JSON, and nothing else")
{
    for (std::string const good : {R"({"a":[1,2,{"b":null}]})", "1e400", "\"\xc3\xb6\"", " [ ] ", "true"})
        CHECK_FALSE(check_json(good));
    for (auto const& bad : {std::string(""), std::string(" "), std::string("{"), std::string("{} {}"),
                            std::string("{\"a\":NaN}"), std::string("\"\xff\""), std::string("\"\xc3\""),
                            std::string("\"a\nb\""), std::string("[1,]"), std::string("1\0", 2),
                            std::string("{'a':1}"), std::string(600, '[')})
        CHECK(check_json(bad));
}

TEST_CASE("json_text: a compact text has no white space outside strings, and its numbers unchanged")
{
    CHECK(compact_json("{ \"a b\" :\n [ 1.50 , 12345678901234567890123 ] ,\r\n\"c\\\" d\": \" \\\\\" }") ==
          R"({"a b":[1.50,12345678901234567890123],"c\" d":" \\"})");
}

TEST_CASE("json_text: generated values have the parts that Boost.JSON reads")
{
    std::mt19937 random(7);
    for (int round = 0; round != 3000; ++round) {
        auto const text = random_json(random, 4);
        INFO(text);
        REQUIRE_FALSE(check_json(text));
        auto const compact = compact_json(text);
        auto const value = json::parse(text);
        REQUIRE(json::parse(compact) == value);
        REQUIRE(compact.find('\n') == compact.npos);
        if (auto const* const list = value.if_array()) {
            auto const elements = json_elements(compact);
            REQUIRE(elements.size() == list->size());
            for (std::size_t i = 0; i != elements.size(); ++i)
                REQUIRE(json::parse(elements[i]) == (*list)[i]);
        } else if (auto const* const object = value.if_object()) {
            auto const members = json_pairs(compact);
            for (auto const& [key, member] : *object)
                REQUIRE(json::parse(json_value_of(members, key)) == member);
        }
    }
}

TEST_CASE("json_text: of two members with one name the last counts, however the name is spelled")
{
    auto const members = json_pairs(R"({"a":1,"\u0061":2})");
    CHECK(json_value_of(members, "a") == "2");
    CHECK(json_value_of(members, "b").empty());
}
