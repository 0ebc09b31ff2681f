// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/event_stream.hpp>

#include "catch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

using practicus::errc;
using practicus::event_limits;
using practicus::event_parser;
using practicus::stream_event;
using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string written(stream_event const& event)
{
    std::string text = event.type;
    text.append("|").append(event.data).append("|").append(event.id).append("|");
    if (event.retry) text += std::to_string(event.retry->count());
    return text;
}

/// The events and, if one exceeds a limit, the message of the error.
std::vector<std::string> events_of(std::vector<std::string_view> const& pieces,
                                   event_limits limits = event_limits())
{
    std::vector<std::string> found;
    event_parser parser(limits);
    try {
        for (auto piece : pieces) {
            while (auto const event = parser.next(piece))
                found.push_back(written(*event));
            CHECK(piece.empty());
        }
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::body_too_large);
        found.push_back(e.info().message);
    }
    return found;
}

std::vector<std::string> data_of(std::string_view text)
{
    std::vector<std::string> found;
    event_parser parser;
    while (auto const event = parser.next(text))
        found.push_back(event->data);
    return found;
}

using texts = std::vector<std::string>;

} // namespace

// The facts of the eventsource tests of web-platform-tests; the server there ends its message with a blank
// line, where none is written here.
TEST_CASE("event_parser: the facts of the web platform tests")
{
    SECTION("one byte order mark is removed")
    {
        CHECK(data_of("\xef\xbb\xbf"
                      "data:1\n\n"
                      "\xef\xbb\xbf"
                      "data:2\n\ndata:3\n\n") == texts{"1", "3"});
        CHECK(data_of("\xef\xbb\xbf\xef\xbb\xbf"
                      "data:1\n\ndata:2\n\ndata:3\n\n") == texts{"2", "3"});
        CHECK(data_of("\xef\xbb"
                      "data:1\n\ndata:2\n\n") == texts{"2"});
    }
    SECTION("comments between all line ends")
    {
        std::string const x(2048, 'x');
        auto const text = "data:1\r:\0\n:\r\ndata:2\n:"s + x + "\rdata:3\n:data:fail\r:" + x + "\ndata:4\n\n";
        CHECK(data_of(text) == texts{"1\n2\n3\n4"});
    }
    SECTION("field names are compared exactly")
    {
        CHECK(data_of(
                  "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n "
                  "data:32\ndata:4\n\n"sv) == texts{"\0\n 2\n1\n3\n\n4"s});
    }
    SECTION("data fields")
    {
        CHECK(data_of("data:\n\ndata\ndata\n\ndata:test\n\n") == texts{"", "\n", "test"});
        CHECK(data_of("data:test\r\ndata\ndata:test\r\n\r\n") == texts{"test\n\ntest"});
        CHECK(
            data_of("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n") ==
            texts{"test\n\ntest"});
        CHECK(
            data_of(
                "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n"
                "\n") == texts{"msg\nmsg", "", "end"});
    }
    SECTION("one space is removed, no tab")
    {
        CHECK(data_of("data:\ttest\rdata: \ndata:test\n\n") == texts{"\ttest\n\ntest"});
    }
    SECTION("an unfinished event is discarded")
    {
        CHECK(events_of({"retry:1000\ndata:test1\n\nid:test\ndata:test2\n"}) == texts{"message|test1||1000"});
    }
    SECTION("types")
    {
        CHECK(events_of({"event:test\ndata:x\n\ndata:x\n\n"}) == texts{"test|x||", "message|x||"});
        CHECK(events_of({"event: \ndata:data\n\n"}) == texts{"message|data||"});
    }
    SECTION("ids")
    {
        CHECK(events_of({"id:1\ndata:a\n\ndata:b\n\nid\ndata:c\n\n"}) ==
              texts{"message|a|1|", "message|b|1|", "message|c||"});
        CHECK(events_of({"id:\xe2\x80\xa6\ndata:a\n\nid:b\0c\ndata:b\n\n"sv}) ==
              texts{"message|a|\xe2\x80\xa6|", "message|b|\xe2\x80\xa6|"});
    }
    SECTION("a pause has only digits")
    {
        CHECK(events_of(
                  {"retry:3000\nretry:1000x\nretry\nretry:\nretry: -1\nretry:+1\nretry:1 \ndata:x\n\n"}) ==
              texts{"message|x||3000"});
    }
    SECTION("the text is UTF-8")
    {
        CHECK(data_of("data:ok\xe2\x80\xa6\n\n") == texts{"ok\xe2\x80\xa6"});
    }
}

TEST_CASE("event_parser: an event without data is not returned and leaves no type")
{
    CHECK(events_of({"event:a\n\ndata:1\n\n"}) == texts{"message|1||"});
    CHECK(events_of({"id:7\nretry:5\n\ndata:1\n\n"}) == texts{"message|1|7|5"});
    CHECK(events_of({"\n\n\r\r\n"}) == texts{});

    event_parser parser;
    auto text = "id:7\n"sv;
    CHECK_FALSE(parser.next(text));
    CHECK(parser.last_event_id().empty());
    text = "\n"sv;
    CHECK_FALSE(parser.next(text));
    CHECK(parser.last_event_id() == "7");
}

TEST_CASE("event_parser: an event ends with the CR of its blank line")
{
    event_parser parser;
    auto text = "data:1\r\n\r"sv;
    CHECK(parser.next(text));
    text = "\ndata:2\r\r\n\rdata:3\n\r"sv;
    CHECK(written(*parser.next(text)) == "message|2||");
    CHECK(written(*parser.next(text)) == "message|3||");
    CHECK(text.empty());
}

TEST_CASE("event_parser: a pause is at most a year")
{
    CHECK(
        events_of({"retry:0\ndata:1\n\nretry:31536000000\ndata:2\n\nretry:31536000001\ndata:3\n\nretry:007\n"
                   "data:4\n\nretry:99999999999999999999999999\ndata:5\n\n"}) ==
        texts{"message|1||0", "message|2||31536000000", "message|3||31536000000", "message|4||7",
              "message|5||31536000000"});
}

// What a browser's TextDecoder makes of these bytes.
TEST_CASE("event_parser: an invalid UTF-8 sequence becomes one replacement character")
{
    auto const fffd = [](int n) {
        std::string all;
        for (int i = 0; i != n; ++i)
            all += "\xef\xbf\xbd";
        return all;
    };
    struct row
    {
        std::string_view bytes;
        int replaced;
    };
    for (auto const& [bytes, replaced] :
         {row{"\x80", 1}, row{"\xff\xfe", 2}, row{"\xc0\x80", 2}, row{"\xc3", 1}, row{"\xe2\x82", 1},
          row{"\xe0\x80\x80", 3}, row{"\xe0\xa0", 1}, row{"\xed\xa0\x80", 3}, row{"\xed\x9f", 1},
          row{"\xf0\x9f\x98", 1}, row{"\xf0\x8f\xbf\xbf", 4}, row{"\xf4\x8f\xbf", 1},
          row{"\xf4\x90\x80\x80", 4}, row{"\xf5\x80\x80\x80", 4}, row{"\xe2\x82\xe2\x82", 2},
          row{"\xf0\x9f\xc3", 2}, row{"\xef\xbf\xbd", 1}}) {
        std::string text = "event:";
        text.append(bytes).append("\nid:").append(bytes).append("z\ndata:a").append(bytes).append("b\n\n");
        auto const bad = fffd(replaced);
        CHECK(events_of({text}) == texts{bad + "|a" + bad + "b|" + bad + "z|"});
    }
}

TEST_CASE("event_parser: limits hold at their byte")
{
    event_limits limits;
    limits.data = 10;
    limits.line = 20;
    limits.name = 4;
    CHECK(events_of({"data:1234\ndata:56789\nid:four\n\n"}, limits) == texts{"message|1234\n56789|four|"});
    CHECK(events_of({"data:a\n\ndata:1234\ndata:567890\n\n"}, limits) ==
          texts{"message|a||", "the data of an event exceeds event_limits::data"});
    CHECK(events_of({":2345678901234567890\ndata\n\n"}, limits) == texts{"message|||"});
    CHECK(events_of({":23456789012345678901\ndata\n\n"}, limits) ==
          texts{"a line of an event exceeds event_limits::line"});
    CHECK(events_of({":234567890123456789012"}, limits) ==
          texts{"a line of an event exceeds event_limits::line"});
    CHECK(events_of({"id:fifth\n"}, limits) ==
          texts{"an id or a type of an event exceeds event_limits::name"});
    CHECK(events_of({"event:fifth\n"}, limits) ==
          texts{"an id or a type of an event exceeds event_limits::name"});

    event_parser parser(limits);
    auto text = "id:fifth\n"sv, more = "data:a\n\n"sv;
    CHECK_THROWS_AS(parser.next(text), practicus::error);
    CHECK_THROWS_AS(parser.next(more), practicus::error);
}

TEST_CASE("event_parser: the same events however the stream is cut")
{
    event_limits limits;
    limits.data = 12;
    limits.line = 24;
    limits.name = 6;
    for (auto const text :
         {"\xef\xbb\xbf"
          "data:1\r\ndata: 2\r\rid:a\0b\nid:7\r\n\r\ndata\n\n"sv,
          "\xef\xbb"
          "data:1\n\ndata:2\r\r"sv,
          "\xef\xbb\xbf\xef\xbb\xbf"
          "data:1\n\ndata:2\n\n"sv,
          "\xef\xbb\xbf\r\n\xef"sv,
          ": hi\n\nevent: delta\ndata: {\"a\":\"\xf0\x9f\x98\x80\"}\r\n\r\nretry: 10\n\ndata:[DONE]\n\n"sv,
          "data:\xf0\x9f\n\ndata:\xe2\x82\xac\xc3\r\revent:x\n\ndata:end\n\n"sv,
          "data:1\n\ndata:123456789012\n\ndata:1234567890123\n\n"sv,
          "data:1\n\n:3456789012345678901234\n\n"sv, "data:1\n\n:34567890123456789012345\n\ndata:2\n\n"sv,
          "data:1\n\rid:seven77\n\n"sv, "data:a\r\ndata:b\r\n\r\n\r\ndata:c\n\r\n"sv}) {
        INFO(text);
        auto const whole = events_of({text}, limits);
        std::vector<std::string_view> bytes;
        for (std::size_t i = 0; i != text.size(); ++i) {
            bytes.push_back(text.substr(i, 1));
            for (std::size_t j = i; j != text.size(); ++j) {
                auto const cut =
                    events_of({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, limits);
                if (cut != whole) CHECK(cut == whole);
            }
        }
        CHECK(events_of(bytes, limits) == whole);
    }
}

namespace {

/// Gives the pieces to a sink, as an operation does. Returns what ended it.
std::exception_ptr give(practicus::body_sink const& sink, std::vector<std::string> const& pieces)
{
    boost::asio::io_context io;
    std::exception_ptr failed;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            for (auto const& piece : pieces)
                co_await sink(piece);
        },
        [&](std::exception_ptr e) { failed = e; });
    io.run();
    return failed;
}

boost::asio::awaitable<void> keep(texts& found, std::string data)
{
    if (data == "throw") throw std::runtime_error("of the handler");
    found.push_back(std::move(data));
    co_return;
}

practicus::event_handler kept_in(texts& found)
{
    return [&found](stream_event event) { return keep(found, std::move(event.data)); };
}

} // namespace

TEST_CASE("event_sink: a function gets each event in order")
{
    texts found;
    auto const sink = practicus::event_sink(kept_in(found));
    CHECK(give(sink, {"data:1\n", "\ndata:2\n\nda", "ta:3\n\n:\n\n", "data:4"}) == nullptr);
    CHECK(found == texts{"1", "2", "3"});
}

TEST_CASE("event_sink: an exception of the function ends the operation")
{
    texts found;
    auto const failed = give(practicus::event_sink(kept_in(found)), {"data:1\n\ndata:throw\n\ndata:3\n\n"});
    REQUIRE(failed);
    CHECK_THROWS_WITH(std::rethrow_exception(failed), "of the handler");
    CHECK(found == texts{"1"});
}

TEST_CASE("event_sink: an event above a limit ends the operation")
{
    texts found;
    event_limits limits;
    limits.data = 2;
    auto const failed = give(practicus::event_sink(kept_in(found), limits), {"data:1\n\ndata:123\n\n"});
    REQUIRE(failed);
    CHECK_THROWS_AS(std::rethrow_exception(failed), practicus::error);
    CHECK(found == texts{"1"});
}

TEST_CASE("event_sink: each copy reads a stream of its own")
{
    texts found;
    auto const sink = practicus::event_sink(kept_in(found));
    for (int i = 0; i != 2; ++i) {
        auto const of_call = sink;
        CHECK(give(of_call, {"\xef\xbb\xbf"
                             "data:1\n\ndata:unfinished\n"}) == nullptr);
    }
    CHECK(found == texts{"1", "1"});
}

TEST_CASE("event_sink: an empty function is refused")
{
    CHECK_THROWS_AS(practicus::event_sink(practicus::event_handler()), practicus::error);
}
