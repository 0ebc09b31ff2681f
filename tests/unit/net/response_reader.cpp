// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/exchange_state.hpp>
#include <practicus/detail/net/response_reader.hpp>

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using practicus::errc;
using practicus::detail::response;
using practicus::detail::response_reader;
using error_code = response_reader::error_code;

/// What came of some bytes and the end of the connection.
struct outcome
{
    bool done = false;
    bool interim = false;
    error_code code;
    response answer;
    std::size_t used = 0;

    errc failure() const { return response_reader::to_errc(code); }
};

struct limits
{
    std::size_t header = 16 * 1024;
    std::size_t body = 1024;
};

/// Feeds bytes in pieces, as a connection does: what was not used comes again, with more.
outcome read_in_pieces(std::string_view bytes, std::size_t piece, limits const& limit = {})
{
    response_reader reader(limit.header, limit.body);
    outcome result;
    std::size_t arrived = 0;
    while (!reader.is_done() && !result.code && arrived < bytes.size()) {
        arrived = std::min(bytes.size(), arrived + piece);
        result.used += reader.feed(bytes.substr(result.used, arrived - result.used), result.code);
    }
    if (!reader.is_done() && !result.code && reader.got_some()) reader.put_eof(result.code);
    result.done = reader.is_done() && !result.code;
    if (result.done) {
        result.interim = reader.interim();
        result.answer = reader.result();
    }
    return result;
}

/// Whole, and the same in pieces of every size.
outcome read(std::string_view bytes, limits const& limit = {})
{
    auto const whole = read_in_pieces(bytes, bytes.size() + 1, limit);
    std::vector<std::size_t> sizes{1, 2, 3, 5, 7, 16, 64, 1000};
    for (auto const size : sizes) {
        INFO("in pieces of " << size << ": " << bytes.substr(0, 200));
        auto const other = read_in_pieces(bytes, size, limit);
        CHECK(other.done == whole.done);
        CHECK(static_cast<bool>(other.code) == static_cast<bool>(whole.code));
        if (whole.code) CHECK(other.failure() == whole.failure());
        CHECK(other.interim == whole.interim);
        CHECK(other.answer.status == whole.answer.status);
        CHECK(other.answer.body == whole.answer.body);
        CHECK(other.answer.keep_alive == whole.answer.keep_alive);
        CHECK(other.answer.content_type == whole.answer.content_type);
        CHECK(other.answer.location == whole.answer.location);
        CHECK(std::ranges::equal(other.answer.fields, whole.answer.fields));
        CHECK(other.answer.retry_after == whole.answer.retry_after);
        CHECK(other.answer.date == whole.answer.date);
        if (whole.done) CHECK(other.used == whole.used);
    }
    return whole;
}

std::string chunked(std::string_view chunks)
{
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: d\r\n\r\n" + std::string(chunks);
}

} // namespace

TEST_CASE("an answer with a length")
{
    auto const r = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    REQUIRE(r.done);
    CHECK(r.answer.status == 200);
    CHECK(r.answer.body == "hello");
    CHECK(r.answer.keep_alive);
    CHECK(read("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n").done);
    CHECK(read("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").failure() == errc::malformed_response);
    CHECK(read("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").done);
}

TEST_CASE("the fields that are kept, in upper and lower case, trimmed")
{
    auto const r = read("HTTP/1.1 503 Busy\r\nCONTENT-TYPE:  application/json \r\nlocation:/a\r\n"
                        "X-PRT-Model-Id: 42\r\nRetry-After: 3\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                        "X-Other: x\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(r.done);
    CHECK(r.answer.status == 503);
    CHECK(r.answer.content_type == "application/json");
    CHECK(r.answer.location == "/a");
    CHECK(r.answer.fields["x-prt-model-id"] == "42");
    CHECK(r.answer.retry_after == "3");
    CHECK(r.answer.date == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("other fields are kept only when all are asked for")
{
    std::string_view const bytes =
        "HTTP/1.1 103 Early\r\nLink: early\r\n\r\n"
        "HTTP/1.1 200 OK\r\nX-Request-ID: a:b\r\nx-Prt-model-version:  v3 \r\n"
        "Set-Cookie: 1\r\nSet-Cookie: 2\r\nX-Empty:\r\nTransfer-Encoding: chunked\r\n"
        "\r\n0\r\nX-Trailer: t\r\n\r\n";
    auto const fields = [&](bool all) {
        practicus::detail::exchange_state exchange;
        response answer;
        error_code code;
        exchange.begin(16 * 1024, 1024, false, all);
        exchange.go_on({}, {}, practicus::detail::exchange_part::whole, answer);
        CHECK(exchange.received(bytes, code) == bytes.size());
        CHECK(exchange.finished());
        exchange.hand_over(answer);
        return std::vector<std::pair<std::string, std::string>>(answer.fields.begin(), answer.fields.end());
    };
    using list = std::vector<std::pair<std::string, std::string>>;
    CHECK(fields(false) == list{{"x-Prt-model-version", "v3"}});
    CHECK(fields(true) == list{{"X-Request-ID", "a:b"},
                               {"x-Prt-model-version", "v3"},
                               {"Set-Cookie", "1"},
                               {"Set-Cookie", "2"},
                               {"X-Empty", ""},
                               {"Transfer-Encoding", "chunked"}});
}

TEST_CASE("response_reader: several lines of Content-Encoding are one list")
{
    auto const twice = [](std::string const& one, std::string const& other) {
        return read("HTTP/1.1 200 OK\r\nContent-Encoding: " + one + "\r\nContent-Encoding:" + other +
                    "\r\nContent-Length: 0\r\n\r\n")
            .answer.content_encoding;
    };
    CHECK(twice("gzip", "identity") == "gzip, identity");
    CHECK(twice("gzip", "gzip") == "gzip, gzip");
}

TEST_CASE("bytes after a response are not consumed")
{
    std::string const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
    auto const r = read(answer + "HTTP/1.1 500");
    REQUIRE(r.done);
    CHECK(r.used == answer.size());
    auto const chunks = chunked("2\r\nab\r\n0\r\n\r\n");
    CHECK(read(chunks + "x").used == chunks.size());
    CHECK(read("HTTP/1.1 204 No Content\r\n\r\nxyz").used == 27);
}

TEST_CASE("an answer in chunks")
{
    auto const r = read(chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
    REQUIRE(r.done);
    CHECK(r.answer.body == "hello world");
    CHECK(r.answer.keep_alive);
    CHECK(read(chunked("0\r\n\r\n")).answer.body.empty());
    CHECK(read(chunked("0\r\n\r\n")).done);
    CHECK(read(chunked("A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n")).answer.body.size() == 20);
}

TEST_CASE("chunk extensions change nothing")
{
    auto const r = read(chunked("5;a\r\nhello\r\n1;a=b;c=\"d e;\\\"\"\r\n!\r\n0;last=1\r\n\r\n"));
    REQUIRE(r.done);
    CHECK(r.answer.body == "hello!");
}

TEST_CASE("blanks behind a chunk's size or extension change nothing")
{
    for (auto const& blanks :
         {std::string(" "), std::string("\t"), std::string("  \t "), std::string(300, ' ')}) {
        INFO(blanks.size());
        auto const r = read(chunked("5" + blanks + "\r\nhello\r\n1" + blanks + ";a=b" + blanks +
                                    "\r\n \r\n5;c" + blanks + "\r\nworld\r\n0" + blanks + "\r\n\r\n"));
        REQUIRE(r.done);
        CHECK(r.answer.body == "hello world");
        CHECK(r.answer.keep_alive);
        // Up to the limit of the body, and not a byte more.
        limits limit;
        limit.body = 10;
        auto const of_two = [&](std::string_view second) {
            return read(chunked("5" + blanks + "\r\nhello\r\n" + std::string(second)), limit);
        };
        CHECK(of_two("5" + blanks + "\r\nworld\r\n000" + blanks + "\r\nDate: evil\r\n\r\n").done);
        CHECK(of_two("6" + blanks + "\r\nworld!\r\n0\r\n\r\n").failure() == errc::body_too_large);
        auto const whole = chunked("0" + blanks + ";last=1" + blanks + "\r\nDate: evil\r\n\r\n");
        CHECK(read(whole + "x").used == whole.size());
        CHECK(read(whole).answer.date == "d");
    }
}

TEST_CASE("trailers never override fields")
{
    auto const r = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a\r\nDate: d\r\n"
                        "X-Prt-Model-Id: 42\r\nTrailer: x\r\n\r\n2\r\nab\r\n0\r\nContent-Type: evil\r\n"
                        "Date: evil\r\nX-Prt-Model-Id: 666\r\nLocation: evil\r\nRetry-After: 666\r\n\r\n");
    REQUIRE(r.done);
    CHECK(r.answer.body == "ab");
    CHECK(r.answer.content_type == "a");
    CHECK(r.answer.date == "d");
    CHECK(r.answer.fields["x-prt-model-id"] == "42");
    CHECK(r.answer.location.empty());
    CHECK(r.answer.retry_after.empty());
}

TEST_CASE("broken chunks")
{
    for (auto const* bad :
         {"x\r\n", "zz\r\n", "5\r\nhelloX0\r\n\r\n", "-1\r\n\r\n", "\r\n", "11111111111111111\r\n",
          "5;\x01\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
          " \r\nhello\r\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "5 ; \r\nhello\r\n0\r\n\r\n",
          "5 5 \r\nhello\r\n0\r\n\r\n", "0 x \r\n\r\n\r\n"}) {
        INFO(bad);
        auto const r = read(chunked(bad));
        CHECK_FALSE(r.done);
        REQUIRE(r.code);
        CHECK(r.failure() != errc::connection_lost);
    }
}

TEST_CASE("an answer that ends with its connection")
{
    auto const r = read("HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\nhello");
    REQUIRE(r.done);
    CHECK(r.answer.body == "hello");
    CHECK_FALSE(r.answer.keep_alive);
    CHECK(read("HTTP/1.0 200 OK\r\n\r\n").done);
    CHECK(read("HTTP/1.0 200 OK\r\n\r\nx").answer.body == "x");
}

TEST_CASE("the connection is reusable or not, by version and fields")
{
    auto const keeps = [](std::string_view version, std::string_view fields) {
        return read("HTTP/" + std::string(version) + " 200 OK\r\nContent-Length: 0\r\n" +
                    std::string(fields) + "\r\n")
            .answer.keep_alive;
    };
    CHECK(keeps("1.1", ""));
    CHECK_FALSE(keeps("1.1", "Connection: close\r\n"));
    CHECK_FALSE(keeps("1.1", "Connection: x, Close\r\n"));
    CHECK_FALSE(keeps("1.0", ""));
    CHECK(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST_CASE("an interim response has no body, whatever its fields say")
{
    auto const hint =
        read("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n");
    REQUIRE(hint.done);
    CHECK(hint.interim);
    CHECK(hint.answer.body.empty());
    CHECK(read("HTTP/1.1 100 Continue\r\n\r\n").interim);
    CHECK(read("HTTP/1.1 199 x\r\n\r\n").interim);
    CHECK_FALSE(read("HTTP/1.1 204 x\r\n\r\n").interim);
    // No other protocol was requested, and no response would follow.
    CHECK(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").done);
    CHECK_FALSE(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").interim);
}

TEST_CASE("answers that never have a body")
{
    for (auto const* status : {"204 No Content", "304 Not Modified"}) {
        for (auto const* fields : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
            auto const r = read("HTTP/1.1 " + std::string(status) + "\r\n" + fields + "\r\n");
            REQUIRE(r.done);
            CHECK(r.answer.body.empty());
            CHECK(r.answer.keep_alive);
        }
    }
}

TEST_CASE("a body may be as long as its limit, and no byte longer")
{
    limits limit;
    limit.body = 10;
    auto const length = [](std::string_view body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               std::string(body);
    };
    CHECK(read(length("0123456789"), limit).answer.body == "0123456789");
    CHECK(read(length("0123456789a"), limit).failure() == errc::body_too_large);
    CHECK(read(chunked("4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"), limit).answer.body == "0123456789");
    CHECK(read(chunked("4\r\n0123\r\n7\r\n456789a\r\n0\r\n\r\n"), limit).failure() == errc::body_too_large);
    CHECK(read(chunked("ffffffffffffffff\r\n"), limit).failure() == errc::body_too_large);
    CHECK(read("HTTP/1.1 200 OK\r\n\r\n0123456789", limit).answer.body == "0123456789");
    CHECK(read("HTTP/1.1 200 OK\r\n\r\n0123456789a", limit).failure() == errc::body_too_large);
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx", limit).failure() ==
          errc::body_too_large);
}

TEST_CASE("a header may be as long as its limit, and no byte longer, however it comes")
{
    std::string const few =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + std::string(400, 'x') + "\r\n\r\n";
    std::string many = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
    for (int i = 0; i < 100; ++i)
        many += "X: y\r\n";
    many += "\r\n";
    for (auto const& header : {few, many}) {
        limits limit;
        limit.header = header.size();
        auto const fits = read(header + "ab", limit);
        REQUIRE(fits.done);
        CHECK(fits.answer.body == "ab");
        for (std::size_t const less : {std::size_t(1), std::size_t(2), std::size_t(17), header.size() / 2}) {
            limit.header = header.size() - less;
            INFO(limit.header);
            auto const over = read(header + "ab", limit);
            CHECK_FALSE(over.done);
            REQUIRE(over.code);
            CHECK(over.failure() == errc::header_too_large);
        }
    }
}

TEST_CASE("a header without an end is refused at its limit, line by line too")
{
    limits limit;
    limit.header = 1000;
    // Pieces of 7 bytes are whole lines.
    std::string lines = "HTTP/1.1 200 OK OK!\r\n";
    while (lines.size() < 100'000)
        lines += "X: yy\r\n";
    CHECK(read(lines, limit).failure() == errc::header_too_large);
    CHECK(read_in_pieces(lines, 7, limit).used <= limit.header);
    CHECK(read("HTTP/1.1 200 " + std::string(5000, 'x'), limit).failure() == errc::header_too_large);
    CHECK(read("HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x'), limit).failure() == errc::header_too_large);
}

TEST_CASE("the limit of a header leaves the body alone")
{
    limits limit;
    limit.header = 60;
    auto const r = read("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'), limit);
    REQUIRE(r.done);
    CHECK(r.answer.body.size() == 1000);
}

TEST_CASE("a connection that ends too early is lost")
{
    for (auto const* cut :
         {"H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Len",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}) {
        INFO(cut);
        auto const r = read(cut);
        REQUIRE(r.code);
        CHECK(r.failure() == errc::connection_lost);
    }
    for (auto const* cut : {"", "5", "5\r\n", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n",
                            "5\r\nhello\r\n0\r\nX: y\r\n"}) {
        INFO(cut);
        auto const r = read(chunked(cut));
        REQUIRE(r.code);
        CHECK(r.failure() == errc::connection_lost);
    }
}

TEST_CASE("bytes that are no HTTP are malformed")
{
    for (std::string const bad :
         {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "H\r\n", "http/1.1 200 OK\r\n\r\n",
          "<html></html>\r\n\r\n", "\r\n\r\n\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
          "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\x01z\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"}) {
        INFO(bad);
        auto const r = read(bad);
        CHECK_FALSE(r.done);
        REQUIRE(r.code);
        CHECK(r.failure() == errc::malformed_response);
    }
}

TEST_CASE("a server that speaks another protocol is known by its first bytes")
{
    auto const other = response_reader::other_protocol;
    std::string const settings("\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80", 15);
    std::string const none("\0\0\0\4\0\0\0\0\0", 9);
    for (auto const& bytes :
         {settings, none, std::string("HTTP/2.0 200 OK\r\n\r\n"), std::string("HTTP/2 ")}) {
        for (bool const over_tls : {false, true})
            CHECK(std::string(other(bytes, over_tls)).find("HTTP/2 only") != std::string::npos);
        auto const r = read(bytes);
        REQUIRE(r.code);
        CHECK(r.failure() == errc::malformed_response);
    }
    for (std::size_t i = 0; i != 9; ++i) {
        auto changed = settings;
        changed[i] = '\1';
        CHECK(std::string(other(changed, false)).empty());
    }
    // The frame's head may come in pieces.
    CHECK_FALSE(read_in_pieces(settings.substr(0, 8), 8).code);
    CHECK(std::string(other("\x15\x03\x03", false)).find("https") != std::string::npos);
    CHECK(std::string(other("\x15\x03\x03", true)).empty());
    for (std::string const bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/3", "<html>"})
        CHECK(std::string(other(bytes, false)).empty());
}

TEST_CASE("a body in pieces, and the rest of it in one")
{
    response_reader reader(16 * 1024, 100'000);
    error_code code;
    response answer;
    std::string const part(1000, 'a');
    reader.go_on(answer, false);
    CHECK(reader.left() == 0);
    reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\nDate: today\r\n\r\n" + part, code);
    CHECK(reader.left() == 49'000);
    reader.hand_over(answer);
    CHECK(answer.status == 200);
    CHECK(answer.date == "today");
    CHECK(answer.body == part);
    // Its room is not for all of it: the caller takes each piece away.
    CHECK(answer.body.capacity() < 49'000);
    answer.clear_body();
    reader.go_on(answer, false);
    reader.feed(part, code);
    reader.hand_over(answer);
    CHECK(answer.body == part);

    // What the caller has left comes first. Nothing is copied twice.
    reader.go_on(answer, true);
    reader.feed(part, code);
    reader.hand_over(answer);
    CHECK(answer.body == part + part);
    CHECK(answer.body.capacity() >= 49'000);
    auto const* const place = answer.body.data();
    reader.go_on(answer, true);
    reader.feed(std::string(47'000, 'a'), code);
    CHECK(reader.is_done());
    CHECK(reader.left() == 0);
    reader.hand_over(answer);
    CHECK(answer.body == std::string(49'000, 'a'));
    CHECK(answer.body.data() == place);
    CHECK_FALSE(code);
}

TEST_CASE("a body that is said to be endless gets its room as it comes")
{
    constexpr std::size_t limit = std::size_t{1} << 40;
    response_reader reader(16 * 1024, limit);
    error_code code;
    response answer;
    reader.go_on(answer, true);
    reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nabc", code);
    CHECK_FALSE(code);
    CHECK(reader.result().body.capacity() < 20'000'000);
}

TEST_CASE("a body that grows, chunk by chunk, leaves nothing of itself in freed memory")
{
    static constexpr std::string_view bytes =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n0123456789hunter2!xx\r\n"
        "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n0\r\n\r\n";
    freed_memory const memory("hunter2!");
    {
        response_reader reader(16 * 1024, 1024);
        error_code code;
        reader.feed(bytes, code);
        REQUIRE(reader.is_done());
        auto const answer = std::move(reader.result());
        CHECK(answer.body.size() == 84);
    }
    CHECK(memory.blocks() > 1);
    CHECK(memory.found() == 0);
}

TEST_CASE("response_reader: chunked is the one transfer coding, and once")
{
    std::string const body = "\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    for (auto const* coding : {"chunked", "Chunked", " chunked "}) {
        INFO(coding);
        auto const r = read("HTTP/1.1 200 OK\r\nTransfer-Encoding:" + std::string(coding) + body);
        CHECK(r.done);
        CHECK(r.answer.body == "ab");
    }
    for (auto const* coding : {"gzip, chunked", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked",
                               "xchunked", "identity", "gzip", "chunked, identity", "chunked, gzip",
                               "chunked;q=1", "", "gzip\r\nTransfer-Encoding: chunked"}) {
        INFO(coding);
        auto const r = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + std::string(coding) + body);
        CHECK(r.failure() == errc::malformed_response);
        CHECK_FALSE(r.done);
        CHECK(r.answer.body.empty());
    }
}

TEST_CASE("response_reader: a status without a reason, and without the space before it")
{
    auto r = read("HTTP/1.1 200\r\nContent-Length: 2\r\nDate: d\r\n\r\nab");
    CHECK(r.done);
    CHECK(r.answer.status == 200);
    CHECK(r.answer.body == "ab");
    CHECK(r.answer.date == "d");
    CHECK(r.used == std::string_view("HTTP/1.1 200\r\nContent-Length: 2\r\nDate: d\r\n\r\nab").size());
    r = read("HTTP/1.0 404\r\n\r\nnot here");
    CHECK(r.answer.status == 404);
    CHECK(r.answer.body == "not here");
    CHECK(read("HTTP/1.1 20\r\n\r\n").failure() == errc::malformed_response);
    CHECK(read("HTTP/1.1200\r\n\r\n").failure() == errc::malformed_response);
}
