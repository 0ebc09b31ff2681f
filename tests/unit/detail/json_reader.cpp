// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/json_reader.hpp>

#include "catch.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using practicus::errc;

/// What is said of a wrong shape; `read` gets the answer.
std::string complaint(std::string_view text, std::function<void(json_reader const&)> const& read)
{
    auto const value = parse_json(text);
    try {
        read(json_reader(value));
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::unexpected_json);
        return e.info().message;
    }
    return "nothing was wrong";
}

template <class Read>
auto in(std::string_view text, Read read)
{
    auto const value = parse_json(text);
    return read(json_reader(value));
}

std::int64_t integer(std::string_view text)
{
    return in(text, [](json_reader const& r) { return r.integer(); });
}

bool is_json(std::string_view text)
{
    try {
        parse_json(text);
        return true;
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::not_json);
        CHECK(e.info().cause);
        CHECK(e.info().message.empty());
        return false;
    }
}

} // namespace

TEST_CASE("a mismatch names the field and both types")
{
    auto const string = [](json_reader const& r) { r.at("a").string(); };
    CHECK(complaint(R"({"a":1})", string) == "'a' is not a string, but a number");
    CHECK(complaint(R"({"a":1.5})", string) == "'a' is not a string, but a number");
    CHECK(complaint(R"({"a":18446744073709551615})", string) == "'a' is not a string, but a number");
    CHECK(complaint(R"({"a":null})", string) == "'a' is not a string, but null");
    CHECK(complaint(R"({"a":true})", string) == "'a' is not a string, but a boolean");
    CHECK(complaint(R"({"a":[]})", string) == "'a' is not a string, but an array");
    CHECK(complaint(R"({"a":{}})", string) == "'a' is not a string, but an object");
    CHECK(complaint(R"({"a":"x"})", [](json_reader const& r) { r.at("a").integer(); }) ==
          "'a' is not a whole number, but a string");
    CHECK(complaint(R"({"a":{}})", string).find('{') == std::string::npos);
}

TEST_CASE("a mismatch names the whole place")
{
    auto const deep = [](json_reader const& r) { r.at("where").at("id").integer(); };
    CHECK(complaint(R"({"where":{"id":"x"}})", deep) == "'where.id' is not a whole number, but a string");
    CHECK(complaint(R"({"where":{}})", deep) == "'where.id' is missing");
    CHECK(complaint(R"({"where":[7]})", deep) == "'where' is not an object, but an array");
    CHECK(complaint("[1]", [](json_reader const& r) { r.at("a"); }) ==
          "the answer is not an object, but an array");
    CHECK(complaint("{}", [](json_reader const& r) { r.at("a"); }) == "'a' is missing");
}

TEST_CASE("null counts as missing where a member may be missing")
{
    auto const value = parse_json(R"({"a":null,"b":"","c":"x","d":true,"e":false})");
    json_reader const r(value);
    CHECK_FALSE(r.get("a"));
    CHECK_FALSE(r.get("z"));
    CHECK(r.get("b"));
    CHECK(r.string_or_empty("a").empty());
    CHECK(r.string_or_empty("z").empty());
    CHECK(r.string_or_empty("c") == "x");
    CHECK_THROWS_AS(r.string_or_empty("d"), practicus::error);
}

TEST_CASE("whole numbers")
{
    CHECK(integer("42") == 42);
    CHECK(integer("-7") == -7);
    CHECK(integer("0") == 0);
    CHECK(integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
    CHECK(integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
    CHECK(integer("42.0") == 42);
    CHECK(integer("4.2e1") == 42);
    CHECK(integer("-0.0") == 0);
    CHECK(integer("9007199254740992.0") == 9'007'199'254'740'992);
    for (auto const* bad : {"9223372036854775808", "18446744073709551615", "1e300", "-1e300", "42.5", "1e-3",
                            "9007199254740994.0", "123456789012345678901234567890"}) {
        INFO(bad);
        CHECK(complaint(bad, [](json_reader const& r) { r.integer(); }) ==
              "the answer is not a whole number of 64 bits, but a number");
    }
}

TEST_CASE("what is no JSON")
{
    CHECK(is_json("{}"));
    CHECK(is_json(" [1]\r\n"));
    for (std::string_view const bad : {"", " ", "{", "[1,]", "{\"a\":1}x", "<html>", "nul", "'a'",
                                       "{\"a\":\"\x01\"}", "\"\xff\"", "NaN"}) {
        INFO(bad);
        CHECK_FALSE(is_json(bad));
    }
    CHECK_FALSE(is_json(std::string_view("\0", 1)));
}

TEST_CASE("JSON is read up to its depth and no deeper")
{
    auto const nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_json(nested(max_json_depth)));
    CHECK_FALSE(is_json(nested(max_json_depth + 1)));
    CHECK_FALSE(is_json(nested(100'000)));
    CHECK_FALSE(is_json(std::string(100'000, '[')));
}

namespace {

/// Looks at what it gets back.
struct watching_resource final : json::memory_resource
{
    void* do_allocate(std::size_t size, std::size_t) override
    {
        ++taken;
        return ::operator new(size);
    }

    void do_deallocate(void* p, std::size_t size, std::size_t) override
    {
        ++returned;
        std::string_view const block(static_cast<char const*>(p), size);
        if (block.find_first_not_of('\0') != block.npos) ++unwiped;
        ::operator delete(p);
    }

    bool do_is_equal(json::memory_resource const& other) const noexcept override { return this == &other; }

    int taken = 0, returned = 0, unwiped = 0;
};

} // namespace

TEST_CASE("a tree in memory that is wiped when it is freed")
{
    watching_resource memory;
    auto const parse = [&](std::string_view text) {
        wiping_resource wiping{json::storage_ptr(&memory)};
        return json_reader(parse_json(text, json::storage_ptr(&wiping))).at("a").text().size();
    };
    CHECK(parse(R"({"a":"01234567890123456789012345678901234567890123456789","b":[1,2,{"c":null}]})") == 50);
    CHECK(parse("{\"a\":\"" + std::string(10'000, 'x') + "\\n\"}") == 10'001);
    CHECK(memory.taken > 4);
    CHECK(memory.returned == memory.taken);
    CHECK(memory.unwiped == 0);
    CHECK_THROWS_AS(parse(R"({"a":"0123456789012345678901234567890123456789","b":)"), practicus::error);
    CHECK(memory.returned == memory.taken);
    CHECK(memory.unwiped == 0);
}
