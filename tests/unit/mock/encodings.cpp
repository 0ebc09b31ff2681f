// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Compressed, bounded and streamed predictions of the mock's models.

#include "catch.hpp"

#include "unit/mock/raw_client.hpp"
#include "unit/mock/region_client.hpp"

#include <practicus/mock/compression.hpp>
#include <practicus/mock/lz4.hpp>
#include <practicus/mock/server.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mock = practicus::mock;
using namespace practicus::mock;
using strings = std::vector<std::string>;

namespace {

std::vector<codec> all_codecs()
{
    auto result = zlib_codecs();
    result.push_back(lz4_codec());
    return result;
}

/// Rows that compress, and a few that do not.
std::string many_rows(std::size_t count)
{
    std::string result = "a,b\n";
    for (std::size_t i = 0; i != count; ++i)
        result += std::to_string(i) + ',' + std::to_string(i * 2654435761U % 1000003U) + '\n';
    return result;
}

} // namespace

TEST_CASE("every codec round-trips, and refuses broken input")
{
    for (auto const& c : all_codecs()) {
        INFO(c.name());
        for (auto const& text :
             {std::string(), std::string("x"), many_rows(50000), std::string(300000, 'y')}) {
            auto encoded = c.encode(text);
            auto decoded = c.decode(encoded, text.size());
            REQUIRE(decoded.has_value());
            CHECK((*decoded == text));
            if (!text.empty()) CHECK_FALSE(c.decode(encoded.substr(0, encoded.size() - 1), text.size()));
            CHECK_FALSE(c.decode(encoded + "more", text.size()));
        }
        CHECK_FALSE(c.decode("no such thing", 100));
        CHECK_FALSE(c.decode("", 100));
        // A bomb is not unpacked much further than its limit.
        auto bomb = c.decode(c.encode(std::string(10000000, ' ')), 1000);
        REQUIRE(bomb.has_value());
        CHECK(bomb->size() > 1000);
        CHECK(bomb->size() < 200000);
    }
}

TEST_CASE("each codec has the format of its name")
{
    auto codecs = all_codecs();
    auto starts = [&](std::size_t i, std::string_view magic) {
        return codecs[i].encode("text").starts_with(magic);
    };
    CHECK(starts(0, "\x1f\x8b"));
    CHECK(starts(1, "\x78"));
    CHECK(starts(2, "\x78"));
    CHECK(starts(3, "\x04\x22\x4d\x18"));
    // `deflate` without zlib's wrapper.
    CHECK(codecs[2].decode(detail::deflate_text("bare", -MAX_WBITS), 100) == "bare");
}

TEST_CASE("a prediction is answered in the encoding that it came in")
{
    region_client c;
    auto rows = many_rows(1000);
    auto post = c.post("/models/practicus/diamond-price/").bearer(c.session(42));
    for (auto const& coding : all_codecs()) {
        c.region.add(coding);
        auto answer = c.region.handle(
            request(post).header("Content-Encoding", coding.name()).content("text/csv", coding.encode(rows)));
        CHECK(answer.status == 200);
        CHECK(answer.headers["Content-Encoding"] == coding.name());
        CHECK((coding.decode(answer.body, 1 << 20) == predict_csv(rows)));
        auto broken = c.region.handle(
            request(post).header("Content-Encoding", coding.name()).content("text/csv", "broken"));
        CHECK(broken.status == 400);
    }
    CHECK(c.region.violations() == strings());
    auto unknown = c.region.handle(request(post).header("Content-Encoding", "br").content("text/csv", rows));
    CHECK(unknown.status == 415);
    CHECK(c.region.violations().size() == 1);
}

TEST_CASE("a model's bodies have a limit, compressed ones too")
{
    region_client c;
    deployment const where("d", "D");
    model small(1, "small", prefix("m", "m"), {version(1, 1, where)});
    small.max_body = 1000;
    c.region.add(small);
    auto gzip = zlib_codecs()[0];
    c.region.add(gzip);
    auto post = c.post("/m/small/").bearer(c.session(1));
    auto rows = "a\n" + std::string(998, '1');
    CHECK(c.region.handle(request(post).content("text/csv", rows)).status == 200);
    CHECK(c.region.handle(request(post).content("text/csv", rows + '1')).status == 413);
    auto packed = request(post).header("Content-Encoding", "gzip");
    CHECK(c.region.handle(request(packed).content("text/csv", gzip.encode(rows))).status == 200);
    CHECK(c.region.handle(request(packed).content("text/csv", gzip.encode(rows + '1'))).status == 413);
    CHECK(c.region.violations() == strings());
}

TEST_CASE("the console's answers are encoded for clients that accept it")
{
    region_client c;
    auto const gzip = zlib_codecs()[0];
    c.region.add(gzip).configure([&](auto& s) { s.console_encoding = "gzip"; });
    auto const listed = [&](std::string_view accepted) {
        auto asked = c.console("GET", "modelhost/model-prefixes/").bearer(c.access());
        if (!accepted.empty()) asked.header("Accept-Encoding", accepted);
        return c.region.handle(asked);
    };
    auto const plain = listed("").body;
    for (auto const* accepted :
         {"gzip", "gzip, deflate", "deflate,gzip", "br;q=1.0, gzip;q=0.8", "x ,\tgzip ;q=1"}) {
        INFO(accepted);
        auto const answer = listed(accepted);
        CHECK(answer.headers["Content-Encoding"] == "gzip");
        CHECK(gzip.decode(answer.body, 1 << 20) == plain);
    }
    for (auto const* other : {"", "identity", "deflate, br", "xgzip", "gzipx"}) {
        INFO(other);
        CHECK(listed(other).headers["Content-Encoding"].empty());
        CHECK(listed(other).body == plain);
    }
    // Errors as well; a service's answer not.
    auto refused = c.console("GET", "modelhost/models/").header("Accept-Encoding", "gzip");
    CHECK(c.region.handle(refused).headers["Content-Encoding"] == "gzip");
    auto metadata = c.get("/models/practicus/diamond-price/?get_meta=true").bearer(c.access());
    CHECK(c.region.handle(metadata.header("Accept-Encoding", "gzip")).headers["Content-Encoding"].empty());
    c.region.configure([&](auto& s) { s.console_encoding = ""; });
    CHECK(listed("gzip").body == plain);
}

TEST_CASE("a model streams words")
{
    region_client c;
    auto post = c.post("/llm/assistant/").bearer(c.session(46));
    auto answer = c.region.handle(request(post).json(R"({"prompt":"one two  three"})"));
    CHECK(answer.body == "one two  three");
    CHECK(answer.chunked);
    CHECK(answer.pieces == std::vector<std::size_t>{4, 9});
    CHECK(c.region.handle(request(post).json("{}")).status == 400);
}

TEST_CASE("pieces of a stream wait for their gates")
{
    mock::server server;
    std::vector<mock::gate> gates(3);
    mock::response stream(200, "text/plain", "one two three");
    stream.chunked = true;
    stream.pieces = {4, 8};
    stream.gates = gates;
    server.expect("GET", "/x").reply(stream).then_close();
    raw_client client(server);
    client.send(raw_client::request("GET", "/x"));
    std::string head;
    while (!head.ends_with("\r\n\r\n"))
        head += client.read(1);
    std::vector<std::string> const pieces{"4\r\none \r\n", "4\r\ntwo \r\n", "5\r\nthree\r\n"};
    for (std::size_t i = 0; i != pieces.size(); ++i) {
        while (gates[i].waiting() == 0)
            std::this_thread::yield();
        gates[i].open();
        CHECK(client.read(pieces[i].size()) == pieces[i]);
    }
    CHECK(client.rest() == "0\r\n\r\n");
}

TEST_CASE("a server's region decompresses from the start")
{
    mock::server server;
    server.region().add_demo();
    auto session = server.region().issue(mock::token_type::session, "admin@company.com", 42);
    auto body = zlib_codecs()[0].encode("a\n1\n");
    raw_client client(server);
    client.send(
        raw_client::request("POST", "/models/practicus/diamond-price/",
                            "Content-Type: text/csv\r\nContent-Encoding: gzip\r\nAuthorization: Bearer " +
                                session + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") +
        body);
    auto answer = client.answer();
    CHECK(answer["Content-Encoding"] == "gzip");
    CHECK(zlib_codecs()[0].decode(answer.body(), 1000) == predict_csv("a\n1\n"));
    CHECK(server.problems() == strings());
}
