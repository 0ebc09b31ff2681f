// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/shape_reader.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace practicus::detail;
using practicus::errc;

struct leaf
{
    std::string text;
    std::optional<std::int64_t> number;
};

struct entry
{
    std::string text;
    std::string either;
    std::int64_t whole = 0;
    bool flag = false;
    bool script = false;
    leaf inner;
    std::vector<leaf> leaves;
};

constexpr json_member leaf_members[] = {
    json_members<leaf>::may<&leaf::text>("text", json_type::text),
    json_members<leaf>::must<&leaf::number>("number", json_type::integer),
};
constexpr json_shape leaf_shape{leaf_members};

constexpr json_member entry_members[] = {
    json_members<entry>::may<&entry::text>("text", json_type::text),
    json_members<entry>::may<&entry::either>("either", json_type::text_or_number),
    json_members<entry>::may<&entry::whole>("whole", json_type::integer),
    json_members<entry>::may<&entry::flag>("flag", json_type::flag),
    json_members<entry>::may<&entry::script>("script", json_type::flag_or_text),
    json_members<entry>::may<&entry::inner>("inner", leaf_shape),
    json_members<entry>::list<&entry::leaves, leaf>("leaves", leaf_shape),
};
constexpr json_shape entry_shape{entry_members};

/// In pieces of such a size.
std::vector<entry> read(std::string_view text, std::size_t size = 1000)
{
    list_reader<entry> reader(entry_shape);
    reader.restart();
    while (!text.empty() && reader.take(text.substr(0, size)))
        text.remove_prefix(std::min(size, text.size()));
    return reader.result();
}

practicus::error_info failure(std::string_view text, std::size_t size = 1000)
{
    try {
        read(text, size);
    } catch (practicus::error const& e) {
        return e.info();
    }
    return {};
}

/// What is said of a member, or of the text that it has become.
std::string complaint(std::string const& member)
{
    auto const info = failure("[{" + member + "}]");
    CHECK(info.code == errc::unexpected_json);
    return info.message;
}

entry only(std::string const& members)
{
    auto const list = read("[{" + members + "}]");
    REQUIRE(list.size() == 1);
    return list[0];
}

} // namespace

TEST_CASE("every kind of member, and what nobody reads between them")
{
    std::string const text = R"( [
        {"x":[[{"text":1}],{"whole":[]}],"text":"a\"b\u00e4\n","either":-7,"y":{"z":{"text":[]}},"whole":-3,
         "flag":true,"script":"echo","inner":{"text":"t","number":5,"more":{"number":"x"}},
         "leaves":[{"number":1},{"q":null,"number":2.0,"text":null}],"z":"text","n":null,"d":1.5,"b":false},
        {}] )";
    for (std::size_t size = 1; size != text.size() + 1; ++size) {
        INFO(size);
        auto const list = read(text, size);
        REQUIRE(list.size() == 2);
        auto const& e = list[0];
        CHECK(e.text == "a\"b\xc3\xa4\n");
        CHECK(e.either == "-7");
        CHECK(e.whole == -3);
        CHECK(e.flag);
        CHECK(e.script);
        CHECK(e.inner.text == "t");
        CHECK(e.inner.number == 5);
        REQUIRE(e.leaves.size() == 2);
        CHECK(e.leaves[0].number == 1);
        CHECK(e.leaves[1].number == 2);
        CHECK(e.leaves[1].text.empty());
        CHECK(list[1].leaves.empty());
        CHECK_FALSE(list[1].inner.number);
    }
}

TEST_CASE("a list that is cut anywhere is no JSON")
{
    std::string const text =
        R"([{"text":"\u00e4","whole":12,"flag":true,"leaves":[{"number":1}]},{"x":null}])";
    for (std::size_t cut = 0; cut != text.size(); ++cut) {
        INFO(cut);
        CHECK(failure(text.substr(0, cut)).code == errc::not_json);
        CHECK(failure(text.substr(0, cut), 1).code == errc::not_json);
    }
    CHECK(read(text).size() == 2);
}

TEST_CASE("letters of several bytes, cut anywhere, in texts of any length")
{
    std::string const padding = std::string(5000, 'x') + ", ";
    std::string thirds;
    for (int i = 0; i != 3000; ++i)
        thirds += "\xe2\x82\xac";
    for (std::string const letter :
         {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\u00e9", "\\ud83d\\ude00"})
        for (auto const& behind : {std::string(), std::string("b"), padding, thirds}) {
            std::string const before = R"([{"script":true,"text":")";
            std::string const text = before + letter + behind + R"(","either":")" + letter + R"(","b)" +
                                     letter + R"(":"c)" + letter + letter + R"("},{"script":")" + letter +
                                     R"(","either":"a)" + letter + letter + R"("}])";
            auto const whole = read(text, text.size());
            REQUIRE(whole.size() == 2);
            CHECK(whole[0].text.size() > behind.size());
            auto const check = [&](std::size_t cut) {
                list_reader<entry> reader(entry_shape);
                reader.take(std::string_view(text).substr(0, cut));
                reader.take(std::string_view(text).substr(cut));
                auto const list = reader.result();
                bool same = list.size() == 2;
                for (std::size_t i = 0; same && i != 2; ++i)
                    same = list[i].text == whole[i].text && list[i].either == whole[i].either &&
                           list[i].script == whole[i].script;
                if (!same) FAIL("cut at " << cut << " of " << text.substr(0, 50));
            };
            for (std::size_t cut = 0; cut != before.size() + 20; ++cut)
                check(cut);
            for (std::size_t cut = before.size() + behind.size(); cut != text.size(); ++cut)
                check(cut);
        }
}

TEST_CASE("what is no list of objects")
{
    CHECK(failure("{}").message == "the answer is not an array, but an object");
    CHECK(failure("null").message == "the answer is not an array, but null");
    CHECK(failure("\"x\"").message == "the answer is not an array, but a string");
    CHECK(failure("1").message == "the answer is not an array, but a number");
    CHECK(failure("[{},7]").message == "'[1]' is not an object, but a number");
    CHECK(failure("[{},{},null]").message == "'[2]' is not an object, but null");
    CHECK(failure("[[]]").message == "'[0]' is not an object, but an array");
    CHECK(failure("[\"\"]").message == "'[0]' is not an object, but a string");
    CHECK(failure("[true]").message == "'[0]' is not an object, but a boolean");
    for (auto const* const bad :
         {"", "<html>", "[,]", "[{}]x", "[{}] [", "[{\"text\":\"\xff\"}]", "[{\"a\" 1}]"})
        for (std::size_t const size : {1U, 1000U}) {
            INFO(bad);
            auto const info = failure(bad, size);
            CHECK(info.code == errc::not_json);
            CHECK(info.cause);
            CHECK(info.message.empty());
        }
    CHECK(read(" [ ] ").empty());
}

TEST_CASE("a list's mismatch names the whole place and both types")
{
    CHECK(complaint(R"("text":1)") == "'[0].text' is not a string, but a number");
    CHECK(complaint(R"("text":[])") == "'[0].text' is not a string, but an array");
    CHECK(complaint(R"("text":{})") == "'[0].text' is not a string, but an object");
    CHECK(complaint(R"("text":true)") == "'[0].text' is not a string, but a boolean");
    CHECK(complaint(R"("flag":"x")") == "'[0].flag' is not true or false, but a string");
    CHECK(complaint(R"("script":1)") == "'[0].script' is not true or false, but a number");
    CHECK(complaint(R"("either":{})") == "'[0].either' is neither a string nor a number, but an object");
    CHECK(complaint(R"("inner":"x")") == "'[0].inner' is not an object, but a string");
    CHECK(complaint(R"("leaves":{})") == "'[0].leaves' is not an array, but an object");
    CHECK(complaint(R"("leaves":[{"number":1},{"number":"x"}])") ==
          "'[0].leaves[1].number' is not a whole number, but a string");
    CHECK(complaint(R"("leaves":[{"text":"x"}])") == "'[0].leaves[0].number' is missing");
    CHECK(complaint(R"("leaves":[{"number":null}])") ==
          "'[0].leaves[0].number' is not a whole number, but null");
    CHECK(complaint(R"("inner":{})") == "'[0].inner.number' is missing");
    CHECK(failure(R"([{},{"inner":{"number":1,"text":false}}])").message ==
          "'[1].inner.text' is not a string, but a boolean");
}

TEST_CASE("whole numbers of a list")
{
    CHECK(only(R"("whole":9223372036854775807)").whole == std::numeric_limits<std::int64_t>::max());
    CHECK(only(R"("whole":-9223372036854775808)").whole == std::numeric_limits<std::int64_t>::min());
    CHECK(only(R"("whole":42.0)").whole == 42);
    CHECK(only(R"("whole":4.2e1)").whole == 42);
    for (auto const* const bad : {"9223372036854775808", "1e300", "42.5", "9007199254740994.0"}) {
        INFO(bad);
        CHECK(complaint("\"whole\":" + std::string(bad)) ==
              "'[0].whole' is not a whole number of 64 bits, but a number");
    }
}

TEST_CASE("a number of a list as its text")
{
    auto const text = [](std::string const& value) { return only("\"either\":" + value).either; };
    CHECK(text(R"("v3")") == "v3");
    CHECK(text("3") == "3");
    CHECK(text("-3") == "-3");
    CHECK(text("3.0") == "3");
    CHECK(text("1.5") == "1.5");
    CHECK(text("0.1") == "0.1");
    CHECK(text("9223372036854775807") == "9223372036854775807");
    CHECK(text("18446744073709551615") == "18446744073709551615");
    CHECK(text("-1.7976931348623157e308").size() < 32);
    CHECK(text("null").empty());
}

TEST_CASE("a text counts as a flag")
{
    CHECK(only(R"("script":"x")").script);
    CHECK(only(R"("script":true)").script);
    CHECK_FALSE(only(R"("script":"")").script);
    CHECK_FALSE(only(R"("script":false)").script);
    CHECK_FALSE(only(R"("script":null)").script);
}

TEST_CASE("of a member that comes twice, the last counts")
{
    CHECK(only(R"("text":"a","text":"b")").text == "b");
    CHECK(only(R"("leaves":[{"number":1}],"leaves":[{"number":2}])").leaves.size() == 1);
    auto const inner = only(R"("inner":{"text":"a","number":1},"inner":{"number":2})").inner;
    CHECK(inner.text.empty());
    CHECK(inner.number == 2);
}

TEST_CASE("keys that are long, escaped or begin alike")
{
    std::string const longer(1000, 't');
    for (std::size_t const size : {1U, 3U, 10'000U}) {
        auto const list =
            read("[{\"" + longer + "\":[],\"textt\":1,\"tex\":{},\"\\u0074ext\":\"x\",\"\":3}]", size);
        REQUIRE(list.size() == 1);
        CHECK(list[0].text == "x");
    }
}

TEST_CASE("a list of too much depth is refused")
{
    auto const nested = [](std::size_t depth) {
        return "[{\"x\":" + std::string(depth - 2, '[') + std::string(depth - 2, ']') + "}]";
    };
    CHECK(read(nested(max_json_depth)).size() == 1);
    CHECK(failure(nested(max_json_depth + 1)).code == errc::not_json);
    CHECK(failure(std::string("[{\"x\":").append(100'000, '[')).code == errc::not_json);
}

TEST_CASE("a reader begins again, wherever it was")
{
    std::string const text = R"([{"text":"abc","x":[{"y":[1]}],"leaves":[{"number":1},{"number":2}]}])";
    list_reader<entry> reader(entry_shape);
    for (std::size_t cut = 0; cut != text.size() + 1; ++cut) {
        reader.restart();
        reader.take(text.substr(0, cut));
        reader.restart();
        CHECK_FALSE(reader.take("[7,"));
        CHECK_FALSE(reader.take("8]"));
        reader.restart();
        CHECK(reader.take(text));
        auto const list = reader.result();
        REQUIRE(list.size() == 1);
        CHECK(list[0].text == "abc");
        CHECK(list[0].leaves.size() == 2);
    }
}

TEST_CASE("an object alone")
{
    auto const whole =
        read_object<entry>(R"({"text":"t","inner":{"number":3},"leaves":[{"number":1}]} )", entry_shape);
    CHECK(whole.text == "t");
    CHECK(whole.inner.number == 3);
    CHECK(whole.leaves.size() == 1);
    auto const said = [](std::string_view text) {
        try {
            read_object<entry>(text, entry_shape);
        } catch (practicus::error const& e) {
            CHECK(e.code() == errc::unexpected_json);
            return e.info().message;
        }
        return std::string();
    };
    CHECK(said("[]") == "the answer is not an object, but an array");
    CHECK(said("7") == "the answer is not an object, but a number");
    CHECK(said(R"({"inner":{}})") == "'inner.number' is missing");
    CHECK(said(R"({"leaves":[{"number":""}]})") == "'leaves[0].number' is not a whole number, but a string");
    CHECK_THROWS_AS(read_object<entry>("{} {}", entry_shape), practicus::error);
}
