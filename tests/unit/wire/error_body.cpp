// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/wire/error_body.hpp>

#include "catch.hpp"

#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;
using practicus::errc;

std::string words_of(std::string_view body)
{
    return read_error_body(body).message;
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string out;
    while (times-- > 0)
        out += text;
    return out;
}

constexpr std::string_view replacement = "\xef\xbf\xbd";

} // namespace

TEST_CASE("the framework's form of an error")
{
    auto const words = read_error_body(R"({"detail":"Not found."})");
    CHECK(words.message == "Not found.");
    CHECK(words.code.empty());
    CHECK_FALSE(words.one_time_password);
    CHECK(words.from_region);
}

TEST_CASE("the token library's form of an error")
{
    auto const words = read_error_body(
        R"({"detail":"Given token not valid","code":"token_not_valid","messages":[{"message":"expired"}]})");
    CHECK(words.message == "Given token not valid");
    CHECK(words.code == "token_not_valid");
    CHECK(words.from_region);
}

TEST_CASE("the console's own form of an error")
{
    CHECK(words_of(R"({"msg":"No such model","details":"id 7"})") == "No such model: id 7");
    CHECK(words_of(R"({"msg":"No such model"})") == "No such model");
    CHECK(words_of(R"({"msg":"No such model","details":null})") == "No such model");
    CHECK(words_of(R"({"msg":"No such model","details":""})") == "No such model");
    CHECK(words_of(R"({"msg":"No such model","details":[]})") == "No such model");
    CHECK(words_of(R"({"msg":"Bad","details":{"a":["x","y"],"b":1}})") == "Bad: x y");
    CHECK(words_of(R"({"msg":null,"details":"id 7"})") == "id 7");
    CHECK(read_error_body(R"({"msg":"x"})").from_region);
}

TEST_CASE("OpenAI's form of an error")
{
    auto const words = read_error_body(
        R"({"error":{"message":"Too long","type":"invalid_request_error","param":null,"code":"context_length"}})");
    CHECK(words.message == "Too long");
    CHECK(words.code == "context_length");
    CHECK_FALSE(words.from_region);
    // Without a code, or with the status as a code, the type says more.
    for (auto const* code : {"null", "400", "{}"}) {
        auto const other =
            read_error_body(std::string(R"({"error":{"message":"m","type":"t","code":)") + code + "}}");
        CHECK(other.message == "m");
        CHECK(other.code == "t");
    }
    CHECK(words_of(R"({"error":{"message":null}})").empty());
    CHECK(words_of(R"({"error":{"reason":"x"}})") == "error: x");
    CHECK(words_of(R"({"error":"x"})") == "error: x");
    CHECK(words_of(R"({"detail":"d","error":{"message":"m"}})") == "d");
}

TEST_CASE("FastAPI's validation errors name the place, and never the caller's input")
{
    auto const words = read_error_body(
        R"({"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"password":"hush"}},)"
        R"({"type":"int_type","loc":["query","rows",0],"msg":"Not a number","input":"hush","ctx":{"a":"b"}}]})");
    CHECK(words.message == "body.name: Field required; query.rows.0: Not a number");
    CHECK(words.code == "missing");
    CHECK(words.from_region);
    CHECK(words_of(R"({"detail":[{"loc":[],"msg":"x"}]})") == ": x");
    // Anything else is read as before.
    CHECK(words_of(R"({"detail":[{"loc":"body","msg":"x"}]})") == "body x");
    CHECK(words_of(R"({"detail":[{"loc":["body"],"msg":"x"},"y"]})") == "body x y");
    CHECK(words_of(R"({"detail":[]})").empty());
    // Also where it stands elsewhere, or beside what is none.
    std::string const error =
        R"({"type":"missing","loc":["body"],"msg":"x","input":{"a":"hush"},"ctx":["hush"]})";
    std::string const bodies[] = {
        "[" + error + "]", R"({"errors":[)" + error + "]}", R"({"msg":"no","details":[)" + error + "]}",
        R"({"detail":{"errors":[)" + error + "]}}", R"({"detail":[)" + error + R"(,{"msg":"y"}]})"};
    for (auto const& body : bodies)
        CHECK(words_of(body).find("hush") == std::string::npos);
    CHECK(words_of(R"({"input":["may not be blank"]})") == "input: may not be blank");
    auto const item = std::string(R"({"loc":["body","a"],"msg":"x"},)");
    std::string many = R"({"detail":[)";
    for (int i = 0; i != 1000; ++i)
        many += item;
    many.back() = ']';
    CHECK(words_of(many + '}').size() == 1024);
}

TEST_CASE("a validation error by field")
{
    auto const words =
        read_error_body(R"({"password":["This field is required."],"email":["Bad.","Worse."]})");
    CHECK(words.message == "password: This field is required.; email: Bad. Worse.");
    CHECK_FALSE(words.one_time_password);
    CHECK(words_of(R"({"non_field_errors":"No."})") == "non_field_errors: No.");
    CHECK(words_of(R"({"a":{"b":["x"]}})") == "a: x");
}

TEST_CASE("members without a text are no fields")
{
    auto const words = read_error_body(R"({"status":400,"otp":["This field is required."],"x":null})");
    CHECK(words.message == "otp: This field is required.");
    CHECK(words_of(R"({"detail":5})").empty());
}

TEST_CASE("a code may be an element of a list, as in a validation error")
{
    CHECK(read_error_body(R"({"detail":["x"],"code":["token_not_valid"]})").code == "token_not_valid");
    CHECK(read_error_body(R"({"detail":"x","code":{"a":"b"}})").code.empty());
    CHECK(read_error_body(R"({"detail":"x","code":7})").code.empty());
    response answer;
    answer.status = 403;
    answer.body = R"({"detail":["x"],"code":["token_not_valid"]})";
    CHECK(is_refused(answer));
}

TEST_CASE("a one-time password is asked for by any field or code that begins with otp")
{
    for (auto const* asks : {
             R"({"otp_code":["This field is required."]})",
             R"({"otp":["Invalid."]})",
             R"({"password":["x"],"otp_code":["This field is required."]})",
             R"({"code":"otp_required"})",
             R"({"detail":"One-time password required","code":"OTP_REQUIRED"})",
             R"({"detail":{"code":"otp_required","message":"x"}})",
             R"({"detail":{"otp_code":["x"]}})",
             R"({"detail":"x","otp_required":true})",
             R"({"error_code":"otp_missing","msg":"x"})",
             R"({"errors":[{"code":"required","detail":"This field is required.","attr":"otp_code"}]})",
             R"([{"otp_code":{"code":"required","message":"x"}}])",
             R"({"code":["otp_required"],"detail":["x"]})",
             R"({"errors":[{"code":["otp_required"]}]})",
             R"({"codes":["required","otp_required"]})",
             R"({"errorCode":"OTP_REQUIRED","msg":"x"})",
             R"({"Code":"otp_required"})",
             R"({"non_field_errors":["x"],"CODE":["OTP"]})",
             R"({"error":"otp_required"})",
             R"({"error":{"type":"otp_required","message":"x"}})",
             R"({"detail":[{"msg":"x","loc":["body","otp_code"],"type":"missing"}]})",
             R"({"fields":["otp_code"]})",
             R"({"Field":"otp_code"})",
             R"({"otp_required":1})",
             R"({"otp_required":0.5})",
             R"({"OTP_Required":18446744073709551615})",
         }) {
        INFO(asks);
        CHECK(read_error_body(asks).one_time_password);
    }
    for (auto const* other : {
             R"({"detail":"otp_code"})",
             R"({"detail":"No active account","code":"no_otp"})",
             R"({"detail":"No active account","otp_enabled":false})",
             R"({"detail":"No active account","otp_enabled":0})",
             R"({"error":"otp may be needed"})",
             R"({"error":["not_otp"]})",
             R"({"codec":"otp","location":"otp"})",
             R"({"detail":"No active account","otp_code":null})",
             R"({"password":["otp"]})",
             R"({"ot":["x"]})",
             R"("otp_code")",
             "otp_code",
         }) {
        INFO(other);
        CHECK_FALSE(read_error_body(other).one_time_password);
    }
}

TEST_CASE("only a 400 or 401 of a login requests a one-time password")
{
    request login("POST", practicus::url_origin("https://practicus.company.com"), "/console/api/auth/");
    login.secret_body = true;
    auto const code_of = [&](request const& r, unsigned status) {
        response answer;
        answer.status = status;
        answer.body = R"({"detail":"x","code":"otp_required"})";
        return info_of(r, answer).code;
    };
    CHECK(code_of(login, 400) == errc::one_time_password_required);
    CHECK(code_of(login, 401) == errc::one_time_password_required);
    CHECK(code_of(login, 403) == errc::login_refused);
    CHECK(code_of(login, 500) == errc::server_error);
    login.authorized = authorization::refresh;
    CHECK(code_of(login, 400) == errc::bad_request);
    CHECK(code_of(login, 401) == errc::unauthorized);
}

TEST_CASE("a gateway's JSON is shown, but is not the region's word")
{
    auto const words = read_error_body(R"({"message":"Unauthorized"})");
    CHECK(words.message == "message: Unauthorized");
    CHECK_FALSE(words.from_region);
    CHECK(words_of(R"("no")") == "no");
    CHECK(words_of(R"(["a",["b"],1])") == "a b");
    for (auto const* other : {R"("no")", "[]", "{}", "null", "7", "true"})
        CHECK_FALSE(read_error_body(other).from_region);
    for (auto const* silent : {"[]", "{}", "null", "7"})
        CHECK(words_of(silent).empty());
}

TEST_CASE("a page is known by its title")
{
    auto const words = read_error_body("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
                                       "<body>\r\n<center><h1>x</h1></center></body></html>");
    CHECK(words.message == "502 Bad Gateway");
    CHECK_FALSE(words.from_region);
    CHECK(words_of("<!DOCTYPE html>\n<HTML><TITLE lang=en>\n  Not  Found\t</TITLE>") == "Not Found");
}

TEST_CASE("a page without a title is known by its first line of text")
{
    CHECK(words_of("<html><body><h1>503 Service Unavailable</h1>\nNo server is there.\n</body></html>") ==
          "503 Service Unavailable");
    CHECK(words_of("<html>\n <body\n class='a'>\n\n <h1>Not <b>Found</b></h1><p>here</p></body>") ==
          "Not Found here");
    CHECK(words_of("<html><head><style>p {}</style></head><body>gone</body></html>") == "gone");
    CHECK(words_of("<html><title></title><body>gone</body></html>") == "gone");
    CHECK(words_of("<html><title>no end<body>gone</body></html>") == "gone");
    CHECK(words_of("<html><body></body></html>").empty());
    CHECK(words_of("<").empty());
}

TEST_CASE("a plain text is known by its first line")
{
    CHECK(words_of("upstream connect error\nsecond line") == "upstream connect error");
    CHECK(words_of("\r\n\t boom \r\nmore") == "boom");
    CHECK(words_of("1 < 2 > 0").substr(0, 5) == "1 < 2");
    CHECK(words_of("").empty());
    CHECK(words_of(" \r\n\t").empty());
}

TEST_CASE("nothing is shown of JSON that cannot be read: it may hold a token")
{
    for (auto const* broken : {R"({"refresh":"hunter2","access":"hunter2"}x)", R"({"refresh":"hunter2)",
                               R"(  [{"token":"hunter2"})", R"("hunter2)"}) {
        auto const words = read_error_body(broken);
        CHECK(words.message.empty());
        CHECK_FALSE(words.from_region);
    }
    CHECK(words_of(std::string(100'000, '[')).empty());
    CHECK(words_of(repeated(R"({"detail":)", 40) + "\"x\"" + std::string(40, '}')).empty());
    // Over the size that is read.
    CHECK(words_of("{\"detail\":\"" + std::string(1024 * 1024, 'x') + "\"}").empty());
}

TEST_CASE("a server's text is capped where a letter ends")
{
    CHECK(words_of("{\"detail\":\"" + std::string(1024, 'x') + "\"}") == std::string(1024, 'x'));
    CHECK(words_of("{\"detail\":\"" + std::string(1025, 'x') + "\"}") == std::string(1024, 'x'));
    CHECK(words_of(std::string(100'000, 'x')) == std::string(1024, 'x'));
    for (std::string_view const letter : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
        for (std::size_t before = 1018; before <= 1024; ++before) {
            INFO(letter << " after " << before);
            auto const text = std::string(before, 'x') + std::string(letter) + "yyyyyyyy";
            auto const fits = before + letter.size() <= 1024;
            auto expected = std::string(before, 'x');
            if (fits) expected = (expected + std::string(letter) + "yyyyyyyy").substr(0, 1024);
            CHECK(words_of("{\"detail\":\"" + text + "\"}") == expected);
            CHECK(words_of(text) == expected);
            CHECK(words_of("{\"msg\":\"" + text + "\",\"details\":\"z\"}") ==
                  (before + letter.size() + 8 < 1024 ? expected + ": z" : expected).substr(0, 1024));
        }
    }
    CHECK(words_of("{\"detail\":\"" + std::string(1023, 'x') + "\xc3\xa4\"}") == std::string(1023, 'x'));
}

TEST_CASE("a validation error of any size is capped")
{
    std::string body = "{";
    for (int i = 0; i < 2000; ++i)
        body += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":[\"x\",\"y\"]";
    auto const words = read_error_body(body + "}");
    CHECK(words.message.size() == 1024);
    CHECK(words.message.starts_with("f0: x y; f1: x y; "));
    auto const long_key = read_error_body("{\"" + std::string(63, 'k') + "\xc3\xa4\":[\"x\"]}");
    CHECK(long_key.message == std::string(63, 'k') + ": x");
    CHECK(read_error_body(R"({"detail":"x","code":")" + std::string(65, 'c') + "\"}").code ==
          std::string(64, 'c'));
}

TEST_CASE("terminal control characters are removed from a server's text")
{
    CHECK(words_of(R"({"detail":"\u001b[31mred\u0007\r\nnext\u0000\u009b1m\u202e!"})") ==
          " [31mred   next  1m !");
    CHECK(words_of("\x1b]0;title\x07 text\x7f!") == " ]0;title  text !");
    CHECK(words_of("<title>\x1b[2Jx</title>") == " [2Jx");
    CHECK(read_error_body(R"({"detail":"x","code":"a\u001bb"})").code == "a b");
    auto const field = read_error_body(R"({"a\u001bb":["\u001b"]})");
    CHECK(field.message == "a b:  ");
}

TEST_CASE("bytes that are no UTF-8 are replaced, within the cap")
{
    CHECK(words_of("caf\xe9!") == "caf" + std::string(replacement) + "!");
    CHECK(words_of(std::string(2000, '\xff')) == repeated(replacement, 341));
    CHECK(words_of(std::string(2000, '\x80')).size() <= 1024);
    CHECK(capped(std::string(1000, 'x') + std::string(100, '\xff'), 1024) ==
          std::string(1000, 'x') + repeated(replacement, 8));
    CHECK(capped("", 64).empty());
    CHECK(capped("\xf0\x9f\x98\x80", 3).empty());
}

TEST_CASE("every status has a code")
{
    CHECK(status_errc(400) == errc::bad_request);
    CHECK(status_errc(401) == errc::unauthorized);
    CHECK(status_errc(403) == errc::forbidden);
    CHECK(status_errc(404) == errc::not_found);
    CHECK(status_errc(418) == errc::bad_request);
    CHECK(status_errc(408) == errc::unavailable);
    CHECK(status_errc(425) == errc::unavailable);
    CHECK(status_errc(429) == errc::too_many_requests);
    CHECK(status_errc(499) == errc::bad_request);
    CHECK(status_errc(500) == errc::server_error);
    CHECK(status_errc(502) == errc::unavailable);
    CHECK(status_errc(503) == errc::unavailable);
    CHECK(status_errc(504) == errc::unavailable);
    CHECK(status_errc(599) == errc::server_error);
    CHECK(status_errc(300) == errc::redirected);
    CHECK(status_errc(399) == errc::redirected);
    for (unsigned const odd : {0U, 101U, 200U, 299U, 600U, 999U})
        CHECK(status_errc(odd) == errc::unexpected_status);
    CHECK_FALSE(is_success(199));
    CHECK(is_success(200));
    CHECK(is_success(299));
    CHECK_FALSE(is_success(300));
}

TEST_CASE("an error keeps the server's words apart")
{
    response answer;
    answer.status = 404;
    auto const info = info_of(answer, read_error_body(R"({"detail":"gone","code":"c"})"));
    CHECK(info.code == errc::not_found);
    CHECK(info.status == 404);
    CHECK(info.server_message == "gone");
    CHECK(info.server_code == "c");
    CHECK(info.message.empty());
    CHECK(std::string_view(practicus::error(info).what()).find("gone") == std::string_view::npos);
}

TEST_CASE("a refused redirect names its target, and warns of an unencrypted request")
{
    practicus::detail::request const r("POST", practicus::url_origin("http://a.company.com"),
                                       "/console/api/auth/");
    response answer;
    answer.status = 301;
    answer.location = "https://a.company.com/console/api/auth/?token=hunter2#hunter2";
    auto info = practicus::detail::info_of(r, answer);
    CHECK(info.code == errc::redirected);
    CHECK(info.server_message == "to https://a.company.com/console/api/auth/");
    CHECK(info.message.find("in clear") != std::string::npos);
    answer.location = "/other/\x1b[2J";
    info = practicus::detail::info_of(r, answer);
    CHECK(info.server_message == "to /other/ [2J");
    CHECK(info.message.empty());
}
