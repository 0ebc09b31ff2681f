// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/pool/answer_decoding.hpp>

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using practicus::content_encoding;
using practicus::errc;
using practicus::detail::decode_body;
using practicus::detail::response;

std::string packed(content_encoding const& how, std::string_view text)
{
    std::string out;
    practicus::detail::transcode(*how.encoder(), text, true, out, std::numeric_limits<std::size_t>::max());
    return out;
}

std::string gzipped(std::string_view text)
{
    return packed(content_encoding::gzip(), text);
}

response answer(unsigned status, std::string coding, std::string body)
{
    response made;
    made.status = status;
    made.content_encoding = std::move(coding);
    made.body = std::move(body);
    return made;
}

std::string decoded(response given, std::size_t limit = 1000)
{
    practicus::detail::throw_if(decode_body(given, limit));
    return given.body;
}

practicus::error_info failure(response given, std::size_t limit = 1000)
{
    auto const why = decode_body(given, limit);
    REQUIRE(why);
    return *why;
}

} // namespace

TEST_CASE("an answer is decoded by the name of its encoding")
{
    for (auto const* name : {"gzip", "GZIP", "x-gzip", "X-GZip"})
        CHECK(decoded(answer(200, name, gzipped("{}"))) == "{}");
    for (auto const* name : {"", "identity", "Identity"})
        CHECK(decoded(answer(200, name, "{}")) == "{}");
    // Several texts in a row are one (RFC 1952 section 2.2).
    CHECK(decoded(answer(200, "gzip", gzipped("{") + gzipped("}"))) == "{}");
    CHECK(decoded(answer(204, "gzip", "")).empty());
}

TEST_CASE("a success in an encoding that was not asked for is malformed")
{
    for (auto const* name : {"br", "deflate", "zlib", "lz4", "gzip, gzip", "gzip,deflate", "unknown"}) {
        INFO(name);
        auto const info = failure(answer(200, name, gzipped("{}")));
        CHECK(info.code == errc::malformed_response);
        CHECK(info.message == "the response has an encoding that was not asked for");
    }
}

TEST_CASE("an error's body is decoded, and dropped where it cannot be")
{
    CHECK(decoded(answer(403, "gzip", gzipped(R"({"detail":"no"})"))) == R"({"detail":"no"})");
    CHECK(decoded(answer(403, "br", "?")).empty());
    CHECK(decoded(answer(403, "gzip", "?")).empty());
    auto const cut = gzipped(R"({"detail":"no"})");
    CHECK(decoded(answer(403, "gzip", cut.substr(0, cut.size() - 1))).empty());
    CHECK(decoded(answer(403, "gzip", gzipped(std::string(1001, 'x')))).empty());
}

TEST_CASE("a success that is broken, cut or goes on is malformed")
{
    auto const whole = gzipped("some text");
    for (auto const& body : {std::string("?"), whole.substr(0, whole.size() - 1), whole.substr(0, 5),
                             whole + "x", "x" + whole}) {
        CHECK(failure(answer(200, "gzip", body)).code == errc::malformed_response);
    }
}

TEST_CASE("a text that is larger than the limit once it is decoded is refused")
{
    CHECK(decoded(answer(200, "gzip", gzipped(std::string(1000, 'x')))).size() == 1000);
    CHECK(failure(answer(200, "gzip", gzipped(std::string(1001, 'x')))).code == errc::body_too_large);
    CHECK(failure(answer(200, "gzip", gzipped(std::string(50'000'000, 'x')))).code == errc::body_too_large);
}

TEST_CASE("a token that came encoded stays nowhere in freed memory")
{
    constexpr std::string_view token = "eyJ-no-copy-of-this-may-stay";
    // Where zlib still has it, when it has come to its end.
    auto const body = gzipped(std::string(50'000, ' ') + std::string(token) + std::string(20'000, ' '));
    auto given = answer(200, "gzip", body);
    auto cut = answer(200, "gzip", body.substr(0, body.size() - 4));
    auto small = answer(200, "gzip", gzipped(token));
    freed_memory const watched(token);
    {
        auto gone = std::move(given);
        decode_body(gone, 1'000'000);
        CHECK(gone.body.find(token) == 50'000);
        auto short_one = std::move(small);
        decode_body(short_one, 1'000'000);
        CHECK(short_one.body == token);
    }
    CHECK(failure(std::move(cut), 1'000'000).code == errc::malformed_response);
    CHECK(watched.blocks() > 0);
    CHECK(watched.found() == 0);
}

namespace {

constexpr char const* exit_setting = "PRACTICUS_TEST_DECODE_AT_EXIT";

/// Decodes when the static objects that were made after it are gone, and their memory was used again.
struct decodes_last
{
    ~decodes_last()
    {
        std::vector<std::string> others;
        for (std::size_t size = 16; size != 512; ++size)
            others.emplace_back(size, 'x');
        ::_exit(decoded(answer(200, "gzip", packed_text)) == "a text" ? 0 : 1);
    }

    std::string packed_text = gzipped("a text");
};

} // namespace

TEST_CASE("an answer is decoded also while the program's static objects end")
{
    if (std::getenv(exit_setting) != nullptr) {
        static decodes_last const last;
        CHECK(decoded(answer(200, "gzip", last.packed_text)) == "a text");
        std::exit(2);
    }
    auto const child = ::fork();
    if (child == 0) {
        ::setenv(exit_setting, "1", 1);
        ::execl("/proc/self/exe", "unit", "an answer is decoded also while the program's static objects end",
                nullptr);
        ::_exit(99);
    }
    REQUIRE(child > 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
