// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include <practicus/detail/base/sha256.hpp>
#include <practicus/mock/compression.hpp>

#include <string>
#include <string_view>

using practicus::errc;
using practicus::detail::sha256_hex;

namespace {

constexpr char const* prefixes = "/console/api/modelhost/model-prefixes/";

struct answered : fixture
{
    answered() { run(caller.cluster_info()); }

    practicus::error_info failure_of(unsigned status, std::string body, std::string type = "application/json")
    {
        server.expect("GET", prefixes).reply(status, body, type);
        return failure(caller.model_prefixes());
    }

    practicus::client caller = user(once());
};

} // namespace

TEST_CASE("each status has its code")
{
    answered f;
    std::pair<unsigned, errc> const table[] = {
        {400, errc::bad_request},      {403, errc::forbidden},         {404, errc::not_found},
        {405, errc::bad_request},      {408, errc::unavailable},       {425, errc::unavailable},
        {413, errc::bad_request},      {429, errc::too_many_requests}, {500, errc::server_error},
        {502, errc::unavailable},      {503, errc::unavailable},       {504, errc::unavailable},
        {505, errc::server_error},     {302, errc::redirected},        {304, errc::redirected},
        {600, errc::unexpected_status}};
    for (auto const& [status, code] : table) {
        INFO(status);
        auto const info = f.failure_of(status, "");
        CHECK(info.code == code);
        CHECK(info.status == status);
        CHECK(info.request == "GET /console/api/modelhost/model-prefixes/");
    }
}

TEST_CASE("all forms of error bodies are read")
{
    answered f;
    auto info = f.failure_of(404, R"({"detail":"Not found."})");
    CHECK(info.server_message == "Not found.");
    info = f.failure_of(
        403, R"({"detail":"Given token not valid","code":"token_not_valid","messages":[{"message":"x"}]})");
    CHECK(info.server_message == "Given token not valid");
    CHECK(info.server_code == "token_not_valid");
    info = f.failure_of(400, R"({"msg":"No such model","details":"id 7"})");
    CHECK(info.server_message == "No such model: id 7");
    info = f.failure_of(400, R"({"password":["This field is required."],"email":["Bad.","Worse."]})");
    CHECK(info.server_message == "password: This field is required.; email: Bad. Worse.");
    info = f.failure_of(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
                        "text/html");
    CHECK(info.server_message == "502 Bad Gateway");
    info = f.failure_of(500, "\n  boom\nsecond line", "text/plain");
    CHECK(info.server_message == "boom");
    // Untrusted: capped, on one line, no escape sequences; and never in what().
    info = f.failure_of(500, R"({"detail":"\u001b[31mred\r\nline )" + std::string(5000, 'x') + "\"}");
    CHECK(info.server_message.size() <= 1024);
    CHECK(info.server_message.find_first_of("\x1b\r\n") == std::string::npos);
    CHECK(std::string(practicus::error(info).what()).find("red") == std::string::npos);
}

TEST_CASE("a success that is no JSON")
{
    answered f;
    auto info = f.failure_of(200, "<html><title>Welcome</title></html>", "text/html");
    CHECK(info.code == errc::not_json);
    CHECK(info.server_message == "Welcome");
    CHECK(f.failure_of(200, "").code == errc::not_json);
    CHECK(f.failure_of(200, "[{]").code == errc::not_json);
    auto const deep = R"([{"x":)" + std::string(100, '[') + std::string(100, ']') + "}]";
    CHECK(f.failure_of(200, deep).code == errc::not_json);
    CHECK(f.failure_of(204, "").code == errc::not_json);
}

TEST_CASE("a response that is no JSON may be a token, and is not shown")
{
    answered f;
    auto const info = f.failure_of(200, "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
    CHECK(info.code == errc::not_json);
    CHECK(info.server_message.empty());
}

TEST_CASE("a body over its limit")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) { o.limits.listing_body = 1000; }));
    f.server.expect("GET", prefixes).reply(200, "[]").oversized_body(998);
    CHECK(f.run(client.model_prefixes()).empty());
    f.server.expect("GET", prefixes).reply(200, "[]").oversized_body(999);
    CHECK(f.failure(client.model_prefixes()).code == errc::body_too_large);
    practicus::mock::response chunked(200, "application/json", std::string(1000, ' ') + "[]");
    chunked.chunked = true;
    f.server.expect("GET", prefixes).reply(chunked);
    CHECK(f.failure(client.model_prefixes()).code == errc::body_too_large);
    f.server.expect("GET", prefixes).reply(200, std::string(1000, ' ') + "[]").until_close();
    CHECK(f.failure(client.model_prefixes()).code == errc::body_too_large);
}

TEST_CASE("a header over its limit")
{
    answered f;
    f.server.expect("GET", prefixes).reply(200, "[]").oversized_head(60'000);
    CHECK(f.run(f.caller.model_prefixes()).empty());
    f.server.expect("GET", prefixes).reply(200, "[]").oversized_head(70'000);
    auto const info = f.failure(f.caller.model_prefixes());
    CHECK(info.code == errc::header_too_large);
    CHECK(info.message == "limit_options::header is its limit");
    auto patient = f.user(options_with([&](auto& o) { o.limits.header = 200'000; }));
    f.server.expect("GET", prefixes).reply(200, "[]").oversized_head(190'000);
    CHECK(f.run(patient.model_prefixes()).empty());
}

TEST_CASE("the console's answers may come in gzip, which is asked for, and in nothing else")
{
    fixture f;
    auto& region = f.server.region().configure([&](auto& s) { s.console_encoding = "gzip"; });
    // So long that it comes in many pieces.
    practicus::mock::prefix const where("many", "many");
    for (int id = 1000; id != 3000; ++id)
        region.add(practicus::mock::model(id, "model-" + sha256_hex(std::to_string(id)), where));
    auto client = f.user();
    auto const models = f.run(client.models());
    REQUIRE(models.size() == 2005);
    CHECK(models.back().id == 2999);
    CHECK(f.run(client.session_token(f.model())));
    CHECK(f.run(client.cluster_info()).region_name == "mock");
    f.server.expect("GET", prefixes).reply(200, "[]").header("Content-Encoding", "x-gzip");
    CHECK(f.failure(client.model_prefixes()).code == errc::malformed_response);
    f.server.expect("GET", prefixes).reply(200, "[]").header("Content-Encoding", "br");
    CHECK(f.failure(client.model_prefixes()).code == errc::malformed_response);
    f.server.expect("GET", "/console/api/central/clusterdefinition/")
        .reply(200, "{}")
        .header("Content-Encoding", "deflate");
    CHECK(f.failure(client.cluster_info()).message == "the response has an encoding that was not asked for");
    CHECK(f.failure(f.client().login("admin@company.com", "wrong")).server_message ==
          "No active account found with the given credentials");
    for (auto const& sent : f.server.requests())
        CHECK(sent.headers["accept-encoding"] == "gzip");
}

TEST_CASE("an unexpected response in gzip is described as any other")
{
    answered f;
    auto const gzip = [](std::string_view text) {
        return practicus::mock::zlib_codecs().front().encode(text);
    };
    std::string const page = "<html><head><title>Sign in</title></head></html>";
    f.server.expect("GET", prefixes).reply(200, gzip(page), "text/html").header("Content-Encoding", "gzip");
    auto const packed = f.failure(f.caller.model_prefixes());
    f.server.expect("GET", prefixes).reply(200, page, "text/html");
    auto const plain = f.failure(f.caller.model_prefixes());
    CHECK(packed.code == errc::not_json);
    CHECK(packed.message == plain.message);
    CHECK(packed.server_message == plain.server_message);
    f.server.expect("GET", prefixes)
        .reply(403, gzip(R"({"detail":"No."})"))
        .header("Content-Encoding", "gzip");
    CHECK(f.failure(f.caller.model_prefixes()).server_message == "No.");
}

TEST_CASE("a small answer of the console that would be a large text is refused")
{
    fixture f;
    auto client = f.user(options_with([&](auto& o) {
        o.limits.console_body = 100'000;
        o.limits.listing_body = 200'000;
    }));
    auto const bomb = practicus::mock::zlib_codecs().front().encode("[" + std::string(50'000'000, ' ') + "]");
    f.server.expect("GET", prefixes).reply(200, bomb).header("Content-Encoding", "gzip");
    auto info = f.failure(client.model_prefixes());
    CHECK(info.code == errc::body_too_large);
    CHECK(info.message == "limit_options::listing_body is its limit");
    f.server.expect("GET", "/console/api/central/clusterdefinition/")
        .reply(200, bomb)
        .header("Content-Encoding", "gzip");
    info = f.failure(client.cluster_info());
    CHECK(info.code == errc::body_too_large);
    CHECK(info.message == "limit_options::console_body is its limit");
    // As it is told of one that is not encoded.
    f.server.expect("GET", prefixes).reply(200, "[" + std::string(200'000, ' ') + "]");
    CHECK(f.failure(client.model_prefixes()).message == "limit_options::listing_body is its limit");
}

TEST_CASE("bytes that are no HTTP")
{
    answered f;
    for (std::string const garbage : {"\x16\x03\x01 no http at all\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        INFO(garbage);
        f.server.expect("GET", prefixes).raw(garbage);
        CHECK(f.failure(f.caller.model_prefixes()).code == errc::malformed_response);
    }
}

TEST_CASE("a server that speaks HTTP/2 only is reported as such")
{
    answered f;
    for (auto const& bytes :
         {std::string("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", 15), std::string("HTTP/2.0 200 OK\r\n\r\n")}) {
        f.server.expect("GET", prefixes).raw(bytes);
        auto const info = f.failure(f.caller.model_prefixes());
        CHECK(info.code == errc::malformed_response);
        CHECK(info.message.find("the server speaks HTTP/2 only") == 0);
    }
}

TEST_CASE("a connection that ends too early")
{
    answered f;
    for (std::size_t const bytes : {0U, 1U, 17U, 60U}) {
        // On a connection that was used before, it would be sent again.
        f.caller.close_idle();
        f.server.expect("GET", prefixes).cut_after(bytes);
        CHECK(f.failure(f.caller.model_prefixes()).code == errc::connection_lost);
        f.caller.close_idle();
        f.server.expect("GET", prefixes).reset_after(bytes);
        auto const info = f.failure(f.caller.model_prefixes());
        CHECK(info.code == errc::connection_lost);
        CHECK(info.cause);
    }
    f.caller.close_idle();
    f.server.expect("GET", prefixes).cut_after_head(3);
    CHECK(f.failure(f.caller.model_prefixes()).code == errc::connection_lost);
}

TEST_CASE("chunked answers, answers framed by their end, and interim answers")
{
    answered f;
    practicus::mock::response chunked(200, "application/json", R"([{"key":"k","prefix":"p"}])");
    chunked.chunked = true;
    chunked.pieces = {1, 2, 10};
    f.server.expect("GET", prefixes).reply(chunked);
    CHECK(f.run(f.caller.model_prefixes()).size() == 1);
    f.server.expect("GET", prefixes).reply(200, R"([{"key":"k","prefix":"p"}])").until_close();
    CHECK(f.run(f.caller.model_prefixes()).size() == 1);
    f.server.expect("GET", prefixes)
        .raw("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    CHECK(f.run(f.caller.model_prefixes()).empty());
    // A trailer changes nothing.
    f.server.expect("GET", "/models/practicus/diamond-price/")
        .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-prt-model-id: 42\r\n\r\n2\r\n{}\r\n0\r\n"
             "x-prt-model-id: 43\r\n\r\n");
    CHECK(f.run(f.caller.model_id(f.model())) == 42);
}

TEST_CASE("nothing that is refused shows a secret")
{
    answered f;
    // Answers that say what they were sent.
    f.server.expect("POST", "/console/api/auth/refresh/")
        .reply(400, R"({"refresh":["eyJhbGciOiJIUzI1NiJ9.e30.x"]})");
    f.server.expect("POST", "/console/api/auth/")
        .reply(400, R"({"detail":"admin@company.com practicus\"?"})");
    auto const refresh = f.failure(f.caller.refresh());
    auto const login = f.failure(f.caller.login("admin@company.com", "practicus"));
    for (auto const& info : {refresh, login}) {
        // What the server wrote stands apart, and nowhere else.
        CHECK_FALSE(info.server_message.empty());
        std::string const text = practicus::error(info).what() + info.message + info.request;
        CHECK(text.find("eyJ") == std::string::npos);
        CHECK(text.find("practicus\"") == std::string::npos);
        CHECK(text.find("admin") == std::string::npos);
    }
}
