// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/shape_reader.hpp>

#include "catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

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

    bool operator==(leaf const&) const = default;
};

struct entry
{
    std::string text;
    std::string described;
    std::string kind;
    std::int64_t whole = 0;
    bool flag = false;
    leaf inner;
    std::vector<leaf> leaves;

    bool operator==(entry const&) const = default;
};

template <class Change>
entry made(Change change)
{
    entry result;
    change(result);
    return result;
}

constexpr json_member leaf_members[] = {
    json_members<leaf>::optional<&leaf::text>("text", json_type::text),
    json_members<leaf>::required<&leaf::number>("number", json_type::integer),
};
constexpr json_schema leaf_shape{leaf_members};

constexpr json_member entry_members[] = {
    json_members<entry>::optional<&entry::text>("text", json_type::text),
    json_members<entry>::optional<&entry::described>("described", json_type::description),
    json_members<entry>::keyed<&entry::kind>("kind"),
    json_members<entry>::optional<&entry::whole>("whole", json_type::integer),
    json_members<entry>::optional<&entry::flag>("flag", json_type::flag),
    json_members<entry>::optional<&entry::inner>("inner", leaf_shape),
    json_members<entry>::list<&entry::leaves, leaf>("leaves", leaf_shape),
};
constexpr json_schema entry_shape{entry_members};

/// In pieces of such a size; nothing is left out.
std::vector<entry> read(std::string_view text, std::size_t size = 1000)
{
    list_reader<entry> reader(entry_shape, true);
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

entry only(std::string const& members)
{
    auto const list = read("[{" + members + "}]");
    REQUIRE(list.size() == 1);
    return list[0];
}

} // namespace

TEST_CASE("every kind of member, and unknown members between them")
{
    std::string const text = R"( [
        {"x":[[{"text":1}],{"whole":[]}],"text":"a\"b\u00e4\n","described":-7,"y":{"z":{"text":[]}},"whole":-3,
         "flag":true,"inner":{"text":"t","number":5,"more":{"number":"x"}},
         "leaves":[{"number":1},{"q":null,"number":2.0,"text":null}],"z":"text","n":null,"d":1.5,"b":false},
        {}] )";
    for (std::size_t size = 1; size != text.size() + 1; ++size) {
        INFO(size);
        auto const list = read(text, size);
        REQUIRE(list.size() == 2);
        auto const& e = list[0];
        CHECK(e.text == "a\"b\xc3\xa4\n");
        CHECK(e.described == "-7");
        CHECK(e.whole == -3);
        CHECK(e.flag);
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
            std::string const before = R"([{"flag":true,"text":")";
            std::string const text = before + letter + behind + R"(","described":")" + letter + R"(","b)" +
                                     letter + R"(":"c)" + letter + letter + R"("},{"flag":")" + letter +
                                     R"(","described":"a)" + letter + letter + R"("}])";
            auto const whole = read(text, text.size());
            REQUIRE(whole.size() == 2);
            CHECK(whole[0].text.size() > behind.size());
            auto const check = [&](std::size_t cut) {
                list_reader<entry> reader(entry_shape, true);
                reader.take(std::string_view(text).substr(0, cut));
                reader.take(std::string_view(text).substr(cut));
                auto const list = reader.result();
                bool same = list.size() == 2;
                for (std::size_t i = 0; same && i != 2; ++i)
                    same = list[i].text == whole[i].text && list[i].described == whole[i].described &&
                           list[i].flag == whole[i].flag;
                if (!same) FAIL("cut at " << cut << " of " << text.substr(0, 50));
            };
            for (std::size_t cut = 0; cut != before.size() + 20; ++cut)
                check(cut);
            for (std::size_t cut = before.size() + behind.size(); cut != text.size(); ++cut)
                check(cut);
        }
}

TEST_CASE("a value that is no list is refused")
{
    CHECK(failure("{}").message == "the response is not an array, but an object");
    CHECK(failure("null").message == "the response is not an array, but null");
    CHECK(failure("\"x\"").message == "the response is not an array, but a string");
    CHECK(failure("1").message == "the response is not an array, but a number");
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

namespace {

/// What is not listed of `text`, in pieces of any size; the same is the reason for which a strict reader
/// fails.
std::string left_out(std::string const& text, std::size_t count, std::size_t index, std::size_t listed)
{
    INFO(text);
    std::string reason;
    for (std::size_t size = 1; size <= text.size(); size = size == 1 ? 2 : size * 3) {
        list_reader<entry> reader(entry_shape, false);
        reader.restart();
        for (std::size_t at = 0; at < text.size(); at += size)
            reader.take(std::string_view(text).substr(at, size));
        CHECK(reader.result().size() == listed);
        CHECK(reader.left_out().count == count);
        CHECK(reader.left_out().index == index);
        reason = reader.left_out().reason;
        CHECK(failure(text, size).message == reason);
    }
    return reason;
}

} // namespace

TEST_CASE("an element that is no object is left out")
{
    CHECK(left_out("[{},7]", 1, 1, 1) == "'[1]' is not an object, but a number");
    CHECK(left_out("[{},{},null]", 1, 2, 2) == "'[2]' is not an object, but null");
    CHECK(left_out("[[],{}]", 1, 0, 1) == "'[0]' is not an object, but an array");
    CHECK(left_out("[[[{\"text\":1}]],{}]", 1, 0, 1) == "'[0]' is not an object, but an array");
    CHECK(left_out("[\"\",{}]", 1, 0, 1) == "'[0]' is not an object, but a string");
    CHECK(left_out("[{},\"a long text, which comes in parts\",{}]", 1, 1, 2) ==
          "'[1]' is not an object, but a string");
    CHECK(left_out("[{},true,false,{},1.5]", 3, 1, 2) == "'[1]' is not an object, but a boolean");
}

TEST_CASE("an element without a required member is left out, with everything in it")
{
    auto const in = [](std::string const& members, std::size_t listed = 2) {
        return left_out("[{\"text\":\"a\"},{" + members + ",\"more\":[{}]},{\"text\":\"b\"}]", 1, 1, listed);
    };
    CHECK(in(R"("inner":{})") == "'[1].inner.number' is missing");
    CHECK(in(R"("inner":{"text":"x"},"leaves":[{"number":1}])") == "'[1].inner.number' is missing");
    CHECK(in(R"("inner":{"number":1.5,"text":"x"})") ==
          "'[1].inner.number' is not a whole number of 64 bits, but a number");
    CHECK(in(R"("inner":{"number":[{"number":1}],"text":"x"})") ==
          "'[1].inner.number' is not a whole number of 64 bits, but an array");
    CHECK(in(R"("inner":{"number":"a long text, which comes in parts"})") ==
          "'[1].inner.number' is not a whole number of 64 bits, but a string");
    // Of a list within, only the element.
    CHECK(in(R"("leaves":[{"number":1},{"text":"x"},{"number":2}])", 3) ==
          "'[1].leaves[1].number' is missing");
    CHECK(in(R"("leaves":[7])", 3) == "'[1].leaves[0]' is not an object, but a number");
    CHECK(in(R"("leaves":[{"number":null}])", 3) ==
          "'[1].leaves[0].number' is not a whole number of 64 bits, but null");
    CHECK(in(R"("leaves":{"number":1})", 3) == "'[1].leaves' is not an array, but an object");

    list_reader<entry> reader(entry_shape, false);
    reader.take(R"([{"text":"a"},{"inner":{}},{"leaves":[{"number":1},{},{"number":3}]},{"inner":{}}])");
    auto const list = reader.result();
    REQUIRE(list.size() == 2);
    CHECK(list[0].text == "a");
    REQUIRE(list[1].leaves.size() == 2);
    CHECK(list[1].leaves[0].number == 1);
    CHECK(list[1].leaves[1].number == 3);
    CHECK(reader.left_out().count == 3);
    CHECK(reader.left_out().reason == "'[1].inner.number' is missing");
    reader.restart();
    CHECK(reader.left_out().count == 0);
    reader.take(R"([{"leaves":[{}]},7])");
    reader.result();
    CHECK(reader.left_out().count == 2);
    CHECK(reader.left_out().index == 0);
}

TEST_CASE("a description of another type is kept as its JSON text")
{
    for (std::string const value :
         {R"({"min":1,"max":[2.5,{"a":null}],"b":true,"c":"x\"\\\n","d":[],"e":{}})", R"([])", R"({})",
          R"([1,2,"3",false])", R"([[[]],[{}]])", R"({"":""})", R"({"a:":"b:","c[":["{"]})", "7", "-1.5",
          "true", "18446744073709551615", "false"}) {
        std::string const text = "[{\"described\":" + value + ",\"text\":\"t\"}]";
        for (std::size_t size = 1; size <= text.size(); ++size) {
            auto const list = read(text, size);
            REQUIRE(list.size() == 1);
            auto const& got = list[0];
            INFO(got.described);
            CHECK(boost::json::parse(got.described) == boost::json::parse(value));
            CHECK(got.described.find(' ') == std::string::npos);
            CHECK(got.text == "t");
        }
    }
    CHECK(only(R"("described":{"caf\u00e9":"\ud83d\ude00"})").described ==
          "{\"caf\xc3\xa9\":\"\xf0\x9f\x98\x80\"}");
    CHECK(only(R"("described":"plain")").described == "plain");
    CHECK(only(R"("described":null)").described.empty());
    CHECK(only(R"("described":[1],"described":"x")").described == "x");
    // A skipped value is not mixed up with it.
    CHECK(only(R"("x":[1,{"y":"z"}],"described":[1],"x":{"a":2})").described == "[1]");
}

TEST_CASE("a value that its member does not take leaves the member empty")
{
    for (auto const* const odd : {"true", "[]", "{}", R"([{"text":"x"}])", R"({"text":"x"})"}) {
        INFO(odd);
        auto const one = only("\"text\":" + std::string(odd) + ",\"whole\":" + odd + ",\"flag\":true");
        CHECK(one.text.empty());
        CHECK(one.whole == 0);
        CHECK(one.flag);
    }
    for (auto const* const odd : {"\"x\"", "7", "true", "[]", R"([{"number":1}])"})
        CHECK_FALSE(only("\"inner\":" + std::string(odd)).inner.number);
}

TEST_CASE("whole numbers of a list")
{
    CHECK(only(R"("whole":9223372036854775807)").whole == std::numeric_limits<std::int64_t>::max());
    CHECK(only(R"("whole":-9223372036854775808)").whole == std::numeric_limits<std::int64_t>::min());
    CHECK(only(R"("whole":42.0)").whole == 42);
    CHECK(only(R"("whole":4.2e1)").whole == 42);
    CHECK(only(R"("whole":"42")").whole == 42);
    CHECK(only(R"("whole":"-9223372036854775808")").whole == std::numeric_limits<std::int64_t>::min());
    CHECK(read(R"([{"whole":"4200"}])", 1).at(0).whole == 4200);
    for (auto const* const bad :
         {"9223372036854775808", "1e300", "42.5", "9007199254740994.0", "\"\"", "\" 1\"", "\"1 \"", "\"0x1\"",
          "\"1.0\"", "\"9223372036854775808\"", "\"+1\""}) {
        INFO(bad);
        CHECK(only("\"whole\":" + std::string(bad)).whole == 0);
        CHECK(left_out("[{\"inner\":{\"number\":" + std::string(bad) + "}}]", 1, 0, 0)
                  .starts_with("'[0].inner.number' is not a whole number of 64 bits"));
    }
    for (std::size_t const size : {1U, 1000U}) // longer than any number
        CHECK(read("[{\"whole\":\"" + std::string(100, '0') + "1\"}]", size).at(0).whole == 0);
}

TEST_CASE("a number of a list as its text")
{
    auto const text = [](std::string const& value) { return only("\"text\":" + value).text; };
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

TEST_CASE("a flag is true as Python has it")
{
    for (auto const* const yes : {"true", "1", "-2", "0.5", "18446744073709551615", "\"x\"", "\"false\"",
                                  "[0]", R"({"a":[]})", R"([[],[]])"})
        for (std::size_t const size : {1U, 1000U}) {
            INFO(yes);
            CHECK(read("[{\"flag\":" + std::string(yes) + ",\"text\":\"x\"}]", size).at(0).flag);
        }
    for (auto const* const no : {"false", "0", "0.0", "-0.0", "\"\"", "[]", "{}", "null"}) {
        INFO(no);
        CHECK_FALSE(only("\"flag\":" + std::string(no)).flag);
        CHECK_FALSE(only("\"x\":[1],\"flag\":" + std::string(no) + ",\"y\":[1]").flag);
    }
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

TEST_CASE("a reader can be restarted at any point")
{
    std::string const text = R"([{"text":"abc","x":[{"y":[1]}],"leaves":[{"number":1},{"number":2}]}])";
    list_reader<entry> reader(entry_shape, true);
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

TEST_CASE("an entry with odd values that was cut off anywhere leaves nothing behind when it is read again")
{
    std::string const odd =
        R"([{"flag":{"x":[1,{"y":2}]},"described":{"a":[1,{"b\u0062":"c,d"}]},"kind":{"key":"k,k"},)"
        R"("leaves":{"z":1},"text":"a,\u0062","whole":"1\u0032","inner":{"number":3,"text":"t,t"}},)"
        R"({"kind":[{"key":"x"}],"flag":[0],"leaves":"x,\u0079","inner":[1]}])";
    // Each member in an order of its own: what is left of another would be seen.
    std::string const plain =
        R"([{"flag":false},{"x":{"y":1},"text":"t"},{"kind":"K","described":"d"},)"
        R"({"z":[{"flag":1}],"leaves":[{"number":1}]},{"inner":{"number":2},"whole":4}])";
    for (std::size_t cut = 0; cut != odd.size() + 1; ++cut) {
        INFO(odd.substr(0, cut));
        list_reader<entry> reader(entry_shape, false);
        reader.take(odd.substr(0, cut));
        reader.restart();
        CHECK(reader.take(plain));
        CHECK(reader.left_out().count == 0);
        auto const list = reader.result();
        CHECK(list == std::vector<entry>{made([](entry&) {}), made([](entry& e) { e.text = "t"; }),
                                         made([](entry& e) { e.kind = "K", e.described = "d"; }),
                                         made([](entry& e) {
                                             e.leaves.push_back({"", 1});
                                         }),
                                         made([](entry& e) { e.inner.number = 2, e.whole = 4; })});
    }
}

TEST_CASE("the key behind a text that its member does not take is read whole")
{
    list_reader<entry> reader(entry_shape, false);
    CHECK(reader.take(R"([{"x\u0078":1,"leaves":"a\nb","text":"t"}])"));
    CHECK(reader.left_out().reason == "'[0].leaves' is not an array, but a string");
    CHECK(reader.result().at(0).text == "t");
}

TEST_CASE("an empty object or text in place of a list is an empty list, and not reported")
{
    for (std::size_t const size : {1, 2, 3, 1000})
        for (auto const* empty : {R"({})", R"({ })", R"("")", "[]"}) {
            INFO(empty << ' ' << size);
            auto const list = read(R"([{"leaves":)" + std::string(empty) + R"(,"text":"t"}])", size);
            REQUIRE(list.size() == 1);
            CHECK(list[0].leaves.empty());
            CHECK(list[0].text == "t");
        }
    for (auto const* other : {R"({"a":1})", R"("a")", R"(" ")", "0", "false"}) {
        INFO(other);
        list_reader<entry> reader(entry_shape, false);
        CHECK(reader.take(R"([{"leaves":)" + std::string(other) + R"(,"text":"t"}])"));
        CHECK(reader.left_out().count == 1);
        CHECK(reader.result().at(0).text == "t");
        CHECK(failure(R"([{"leaves":)" + std::string(other) + "}]").code == errc::unexpected_json);
    }
    CHECK(failure(R"("")").code == errc::unexpected_json);
    CHECK(failure("{}").code == errc::unexpected_json);
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
    CHECK(said("[]") == "the response is not an object, but an array");
    CHECK(said("7") == "the response is not an object, but a number");
    CHECK(said(R"({"inner":{}})") == "'inner.number' is missing");
    CHECK(said(R"({"leaves":[{"number":""}]})") ==
          "'leaves[0].number' is not a whole number of 64 bits, but a string");
    CHECK_THROWS_AS(read_object<entry>("{} {}", entry_shape), practicus::error);
}
