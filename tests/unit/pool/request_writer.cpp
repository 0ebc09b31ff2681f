// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/pool/request_writer.hpp>

#include "catch.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using practicus::call_options;
using practicus::errc;
using practicus::token;
using practicus::url_origin;

struct written
{
    explicit written(request const& r, operation const& op = operation(), token const& bearer = token())
    {
        request_writer const writer(url_origin("http://region"), {url_origin("http://friend")});
        failed = writer.write(out, rest, op, r, r.target, " HTTP/1.1\r\nAccept: ", nullptr, bearer);
    }

    failure failed;
    wire_text out;
    std::string_view rest;
};

token abc()
{
    return token(practicus::secret("a.b.c"));
}

request get_of(char const* url)
{
    return {"GET", url_origin(url), "/a/"};
}

request post_of(std::string body)
{
    request r("POST", url_origin("http://region"), "/a/");
    r.content_type = "text/csv";
    r.accept_encoding = {};
    r.data = std::move(body);
    return r;
}

std::string post_with(std::string_view end)
{
    return std::string("POST /a/ HTTP/1.1\r\nAccept: application/json").append(end);
}

} // namespace

TEST_CASE("request_writer: an origin that is not trusted gets no request, with or without a token")
{
    for (auto const authorized : {authorization::none, authorization::session}) {
        auto r = get_of("http://other");
        r.authorized = authorized;
        written const w(r, operation(), abc());
        REQUIRE(w.failed);
        CHECK(w.failed->code == errc::untrusted_origin);
        CHECK(w.out.view().find("a.b.c") == std::string_view::npos);
    }
    operation op;
    op.with = std::make_shared<call_options const>(call_options().trusted_origin("http://other"));
    CHECK_FALSE(written(get_of("http://other"), op).failed);
    CHECK_FALSE(written(get_of("http://friend")).failed);
}

TEST_CASE("request_writer: a token goes only with a request that asks for one")
{
    constexpr std::string_view field = "\r\nAuthorization: Bearer a.b.c\r\n";
    auto r = get_of("http://region");
    CHECK(written(r, operation(), abc()).out.view().find("Authorization") == std::string_view::npos);
    r.authorized = authorization::access;
    CHECK(written(r, operation(), abc()).out.view().find(field) != std::string_view::npos);
}

TEST_CASE("request_writer: a shared request carries no fields of the caller")
{
    operation op;
    op.with = std::make_shared<call_options const>(call_options().header("traceparent", "x"));
    auto const has_field = [&] {
        return written(get_of("http://region"), op).out.view().find("traceparent: x") !=
               std::string_view::npos;
    };
    CHECK(has_field());
    op.shared = true;
    CHECK_FALSE(has_field());
}

TEST_CASE("request_writer: a short body goes along with the head, of a long one the first part")
{
    auto const small = post_of("h\n1\n");
    written const w(small);
    CHECK(w.out.view() == post_with("\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\nh\n1\n"));
    CHECK(w.rest.empty());
    auto const large = post_of(std::string(100'000, 'x'));
    written const along(large);
    CHECK(along.out.size() == request_writer::coalesce_limit);
    CHECK(along.rest.size() + along.out.view().size() - along.out.view().find("xxx") == 100'000);
}

TEST_CASE("request_writer: the framing tells whether there is a body")
{
    CHECK(written(post_of("")).out.view() == post_with("\r\nContent-Length: 0\r\n\r\n"));
    auto r = post_of("");
    r.chunked = true;
    CHECK(written(r).out.view() ==
          post_with("\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"));
    r = get_of("http://region");
    r.accept_encoding = {};
    r.content_encoding = "gzip";
    CHECK(written(r).out.view() == "GET /a/ HTTP/1.1\r\nAccept: application/json\r\n\r\n");
}
