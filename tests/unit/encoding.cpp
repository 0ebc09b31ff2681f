// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/encoding.hpp>
#include <practicus/lz4.hpp>

#include "catch.hpp"

#include <practicus/mock/compression.hpp>
#include <practicus/mock/lz4.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using practicus::content_coder;
using practicus::content_encoding;
using practicus::errc;
using practicus::detail::transcode;

namespace {

constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

std::vector<content_encoding> encodings()
{
    return {content_encoding::gzip(),  content_encoding::zlib(),  content_encoding::deflate(),
            practicus::lz4_encoding(), content_encoding::gzip(9), practicus::lz4_encoding(9)};
}

std::string noise(std::size_t size)
{
    std::mt19937 random(7);
    std::string text(size, '\0');
    for (auto& c : text)
        c = static_cast<char>(random());
    return text;
}

std::string lines(std::size_t size)
{
    std::string text;
    for (int i = 0; text.size() < size; ++i)
        text += std::to_string(i % 97) + ",very good,0.23\n";
    return text;
}

/// In pieces of so many bytes, through so much room.
std::string through(content_coder& t, std::string_view text, std::size_t piece, std::size_t room)
{
    std::string out;
    bool ended = false;
    while (!ended) {
        auto part = text.substr(0, piece);
        text.remove_prefix(part.size());
        bool const last = text.empty();
        while (true) {
            auto const before = out.size();
            practicus::detail::throw_if(t.step(part, last, out, room, ended));
            REQUIRE(out.size() - before <= room);
            if (ended || (part.empty() && out.size() - before < room)) break;
        }
        REQUIRE(part.empty());
        REQUIRE(ended == last);
    }
    return out;
}

std::string encoded(content_encoding const& how, std::string_view text)
{
    std::string out;
    transcode(*how.encoder(), text, true, out, unlimited);
    return out;
}

std::string decoded(content_encoding const& how, std::string_view text, std::size_t limit = unlimited)
{
    std::string out;
    practicus::detail::throw_if(transcode(*how.decoder(), text, true, out, limit));
    return out;
}

/// The code and the message of what is thrown.
practicus::error_info refusal(content_encoding const& how, std::string_view text)
{
    try {
        decoded(how, text);
    } catch (practicus::error const& e) {
        return e.info();
    }
    return {};
}

} // namespace

TEST_CASE("encoding: round trips with any pieces and buffer sizes")
{
    for (auto const& how : encodings()) {
        INFO(how.name());
        for (auto const& text : {std::string(), std::string("x"), lines(3000), noise(2000)})
            for (std::size_t piece : {1U, 2U, 3U, 7U, 17U, 5000U})
                for (std::size_t room : {1U, 7U, 65536U}) {
                    auto const there = through(*how.encoder(), text, piece, room);
                    CHECK(through(*how.decoder(), there, piece, room) == text);
                }
        for (auto const& text : {lines(3'000'000), noise(300'000)}) {
            auto const there = encoded(how, text);
            CHECK(decoded(how, there) == text);
            CHECK(through(*how.decoder(), there, 1000, 65536) == text);
        }
        CHECK(encoded(how, lines(3'000'000)).size() < 300'000);
    }
}

TEST_CASE("encoding: cut, broken and trailing bytes are refused")
{
    for (auto const& how : encodings()) {
        auto const text = lines(500);
        auto const there = encoded(how, text);
        for (std::size_t cut = 0; cut != there.size(); ++cut) {
            INFO(how.name() << " cut after " << cut);
            auto const why = refusal(how, std::string_view(there).substr(0, cut));
            CHECK(why.code == errc::malformed_response);
            CHECK(why.message == "the " + how.name() + " text is cut");
        }
        for (std::size_t bit = 0; bit != there.size() * 8; ++bit) {
            auto flipped = there;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
            std::string got;
            try {
                got = decoded(how, flipped);
            } catch (practicus::error const& e) {
                CHECK(e.code() == errc::malformed_response);
                continue;
            }
            INFO(how.name() << " bit " << bit);
            // `deflate` may look as if it had no wrapper, and so no checksum.
            if (how.name() != "deflate") CHECK(got == text);
        }
        for (std::string_view garbage : {"x", "more than four bytes"})
            CHECK(refusal(how, there + std::string(garbage)).code == errc::malformed_response);
        CHECK(refusal(how, "this was never encoded").message == "the " + how.name() + " text is broken");
    }
}

TEST_CASE("encoding: several gzip members and lz4 frames are one text")
{
    for (auto const& how : {content_encoding::gzip(), practicus::lz4_encoding()}) {
        auto const there = encoded(how, "one ") + encoded(how, "two");
        CHECK(decoded(how, there) == "one two");
        CHECK(through(*how.decoder(), there, 1, 1) == "one two");
    }
    auto const zlib = content_encoding::zlib();
    CHECK(refusal(zlib, encoded(zlib, "one") + encoded(zlib, "two")).message ==
          "the zlib text goes on behind its end");
}

TEST_CASE("encoding: zeros behind the last gzip member are padding, and nothing follows them")
{
    auto const gzip = content_encoding::gzip();
    auto const there = encoded(gzip, "one ") + encoded(gzip, "two");
    for (std::size_t zeros : {1U, 7U, 512U, 100'000U}) {
        auto padded = there;
        padded.append(zeros, '\0');
        CHECK(decoded(gzip, padded) == "one two");
        CHECK(through(*gzip.decoder(), padded, 1, 1) == "one two");
        for (auto const& more : {std::string("x"), there})
            CHECK(refusal(gzip, padded + more).message == "the gzip text goes on behind its end");
    }
    for (auto const& how : {content_encoding::zlib(), practicus::lz4_encoding()})
        CHECK(refusal(how, encoded(how, "one").append(7, '\0')).code == errc::malformed_response);
}

TEST_CASE("encoding: deflate is understood with and without zlib's wrapper")
{
    auto const deflate = content_encoding::deflate();
    auto const text = lines(1000);
    auto const bare = practicus::mock::detail::deflate_text(text, -MAX_WBITS);
    CHECK(decoded(deflate, bare) == text);
    CHECK(through(*deflate.decoder(), bare, 1, 3) == text);
    CHECK(decoded(deflate, encoded(content_encoding::zlib(), text)) == text);
}

TEST_CASE("encoding: a text over the limit is refused before it is expanded")
{
    for (auto const& how : encodings()) {
        INFO(how.name());
        std::string small;
        auto const encoder = how.encoder();
        std::string const zeros(1'000'000, '\0');
        for (int i = 0; i != 100; ++i)
            transcode(*encoder, zeros, i == 99, small, unlimited);
        CHECK(small.size() < 2'000'000);
        std::string out;
        auto const why = transcode(*how.decoder(), small, true, out, 100'000);
        REQUIRE(why);
        CHECK(why->code == errc::body_too_large);
        CHECK(out.size() == 100'001);
        CHECK(decoded(how, encoded(how, "abc"), 3) == "abc");
    }
}

TEST_CASE("encoding: other implementations' texts, both ways")
{
    auto others = practicus::mock::zlib_codecs();
    others.push_back(practicus::mock::lz4_codec());
    for (auto const& how : encodings()) {
        auto const other =
            std::find_if(others.begin(), others.end(), [&](auto const& o) { return o.name() == how.name(); });
        REQUIRE(other != others.end());
        auto const text = lines(200'000);
        CHECK(other->decode(encoded(how, text), unlimited) == text);
        CHECK(decoded(how, other->encode(text)) == text);
    }
}

TEST_CASE("encoding: invalid arguments")
{
    using Catch::Matchers::ContainsSubstring;
    using Catch::Matchers::EndsWith;
    CHECK_THROWS_WITH(content_encoding::gzip(0),
                      EndsWith("content_encoding::gzip: the level must be 1 to 9"));
    CHECK_THROWS_WITH(content_encoding::zlib(10),
                      EndsWith("content_encoding::zlib: the level must be 1 to 9"));
    CHECK_THROWS_WITH(content_encoding("x", {}, {}),
                      ContainsSubstring("make_encoder and make_decoder must not"));
    auto const gzip = content_encoding::gzip();
    auto const none = [] { return std::unique_ptr<practicus::content_coder>(); };
    for (auto const* name : {"", "two words", "x\r\nAuthorization: y", "x,y"})
        CHECK_THROWS_WITH(content_encoding(name, none, none), ContainsSubstring("the name must be a token"));
    CHECK_NOTHROW(content_encoding("x-snappy", none, none));
}
