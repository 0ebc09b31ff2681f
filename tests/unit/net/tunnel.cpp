// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/net/tunnel.hpp>

#include "catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

using practicus::errc;
using practicus::detail::tunnel_answer;

namespace {

/// What becomes of an answer that is cut at `cut`: `errc()` if the tunnel stands, and only at its end.
errc opened(std::string_view text, std::size_t cut)
{
    tunnel_answer answer(4'000);
    if (cut != text.size()) {
        if (auto const why = answer.take(text.substr(0, cut))) return static_cast<errc>(why->code.value());
        CHECK_FALSE(answer.stands());
    }
    if (auto const why = answer.take(cut == text.size() ? text : text.substr(cut)))
        return static_cast<errc>(why->code.value());
    CHECK(answer.stands());
    return {};
}

} // namespace

TEST_CASE("tunnel: a success has no body, whatever its fields say, cut at every byte")
{
    for (std::string const fields :
         {"", "Content-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
          "transfer-encoding: gzip\r\ncontent-length: x\r\n", "Via: a\r\nCONTENT-LENGTH:\r\nServer: b\r\n"}) {
        auto const text = "HTTP/1.1 200 Connection established\r\n" + fields + "\r\n";
        for (std::size_t cut = 1; cut <= text.size(); ++cut) {
            CAPTURE(text, cut);
            CHECK(opened(text, cut) == errc());
        }
    }
    auto const interim =
        std::string("HTTP/1.1 103 Early\r\nContent-Length: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
    for (std::size_t cut = 1; cut <= interim.size(); ++cut)
        CHECK(opened(interim, cut) == errc());
}

TEST_CASE("tunnel: a failure, or more than one response")
{
    auto const whole = [](std::string_view text) { return opened(text, text.size()); };
    CHECK(whole("HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == errc::proxy_refused);
    CHECK(whole("HTTP/1.1 502 No\r\n\r\n") == errc::connect_failed);
    CHECK(whole("HTTP/1.1 200 OK\r\n\r\nmore") == errc::malformed_response);
    CHECK(whole("SSH-2.0-OpenSSH\r\n") == errc::malformed_response);
    CHECK(whole("HTTP/1.1 200 OK\r\nA B: c\r\n\r\n") == errc::malformed_response);
    CHECK(whole("HTTP/1.1 200 OK\r\nA: " + std::string(5'000, 'a')) == errc::header_too_large);
}
