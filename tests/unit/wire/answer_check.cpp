// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace practicus::detail;
using practicus::errc;
using practicus::error_info;

namespace {

std::optional<error_info> refused(std::size_t rows, std::string_view type, std::string_view body,
                                  bool delimited = true)
{
    batch_answer answer;
    answer.rows = rows;
    answer.content_type = type;
    answer.body = body;
    answer.delimited = delimited;
    std::string_view header;
    return refuse_answer(answer, header);
}

} // namespace

TEST_CASE("answer_check: a type counts without case and parameters")
{
    for (std::string_view const came :
         {"text/csv", "Text/CSV", "text/csv; charset=utf-8", " text/csv ;header=present"})
        CHECK(fits_type("text/csv", "text/csv", came));
    for (std::string_view const came : {"", "text/html", "application/json", "text/csv2", "text/plain"})
        CHECK_FALSE(fits_type("text/csv", "text/csv", came));
}

TEST_CASE("answer_check: where no type is asked for, only a page is refused")
{
    for (std::string_view const came :
         {"", "application/json", "text/plain; charset=utf-8", "text/event-stream"})
        CHECK(fits_type("", "application/json", came));
    CHECK_FALSE(fits_type("", "application/json", "text/html; charset=utf-8"));
    CHECK_FALSE(fits_type("", "text/csv", "TEXT/HTML"));
    CHECK(fits_type("", "text/html", "text/html"));
    CHECK(fits_type("text/html", "text/csv", "text/html"));
}

TEST_CASE("answer_check: the response is quoted on one line, cleaned and short")
{
    CHECK(quote_answer("text/html", "<html><title>Sign in</title></html>") == "text/html: Sign in");
    CHECK(quote_answer("application/json", R"({"detail":"The model is loading."})") ==
          "application/json: The model is loading.");
    CHECK(quote_answer("application/json", "{\"a\":[1,2]}") == "application/json: {\"a\":[1,2]}");
    CHECK(quote_answer("", "p\n1\n") == "no content type: p");
    CHECK(quote_answer("a\x1b[31m", "\x1b[31m\xff") == "a [31m:  [31m\xef\xbf\xbd");
    CHECK(quote_answer(std::string(1000, 'x'), std::string(1000, 'y')) ==
          std::string(64, 'x') + ": " + std::string(200, 'y'));
}

TEST_CASE("answer_check: an answer to a batch has a row for each row")
{
    CHECK_FALSE(refused(2, "text/csv", "p\n1\n2\n"));
    CHECK_FALSE(refused(2, "text/csv", "p\r1\r2"));
    CHECK_FALSE(refused(0, "text/csv", "p\n"));
    CHECK_FALSE(refused(1, "text/csv", "{a}\n1\n"));
    auto const info = refused(3, "text/csv", "p\n1\n2\n");
    REQUIRE(info);
    CHECK(info->code == errc::row_count_mismatch);
    CHECK(info->message == "2 rows to 3");
    CHECK(info->server_message == "text/csv: p");
    CHECK(refused(1, "text/csv", "")->message == "the response's CSV has no header line");
}

TEST_CASE("answer_check: an answer that ends with its connection is cut if a row or a quote is missing")
{
    using namespace std::string_view_literals;
    for (std::string_view const cut :
         {"", "p", "p\n", "p\n1", "p\n1\n", "p\n1\n\"2", "\"p\n1\n2\n", "p\r1\r"}) {
        INFO(cut);
        CHECK(refused(2, "text/csv", cut, false)->code == errc::connection_lost);
    }
    for (std::string_view const whole : {"p\n1\n2\n", "p\r1\r2\r", "p\r\n1\r\n2\r\n"})
        CHECK_FALSE(refused(2, "text/csv", whole, false));
    // It may be 2 or the half of 25: the model, which may answer so each time, is asked a few times only.
    for (std::string_view const unended : {"p\n1\n2", "p\r1\r2", "p\n1\n\"2\""})
        CHECK(refused(2, "text/csv", unended, false)->code == errc::unexpected_response);
    CHECK(refused(0, "text/csv", "p", false)->code == errc::unexpected_response);
    for (auto const other : {"p\n1\n2\n3\n"sv, "p\n1\n2\n3"sv, "p\n\0\n"sv})
        CHECK(refused(2, "text/csv", other, false)->code == errc::row_count_mismatch);
    CHECK(refused(2, "text/csv", "<html>", false)->code == errc::unexpected_response);
}

TEST_CASE("answer_check: a missing type is accepted, another one is a fault")
{
    CHECK_FALSE(refused(2, "", "p\n1\n2\n"));
    CHECK_FALSE(refused(2, " ", "p\n1\n2\n"));
    CHECK(refused(1, "", "<html>\n1\n")->code == errc::unexpected_response);
    CHECK(refused(2, "", "p\n1\n")->code == errc::row_count_mismatch);
    for (std::string_view const type : {"text/plain", "application/octet-stream", "text/html"}) {
        auto const info = refused(1, type, "p\n1\n");
        REQUIRE(info);
        CHECK(info->code == errc::unexpected_response);
        CHECK(info->message == "it is no text/csv");
    }
}

TEST_CASE("answer_check: one row or a header alone is answered by the type or the known header only")
{
    auto const info = refused(0, "", "no healthy upstream\n");
    REQUIRE(info);
    CHECK(info->code == errc::unexpected_response);
    CHECK(info->server_message == "no content type: no healthy upstream");
    auto const one = refused(1, "", "upstream error\nrequest 17\n");
    REQUIRE(one);
    CHECK(one->code == errc::unexpected_response);
    CHECK(one->server_message == "no content type: upstream error");
    CHECK_FALSE(refused(0, "text/csv", "p\n"));
    CHECK(refused(0, "text/plain", "p\n"));
    batch_answer answer;
    answer.others_believed = true;
    std::string_view header;
    for (auto const& [rows, body] : {std::pair<std::size_t, std::string_view>{0, "p\n"}, {1, "p\n1\n"}}) {
        answer.rows = rows;
        answer.body = body;
        header = {};
        CHECK_FALSE(refuse_answer(answer, header));
        CHECK(header == "p");
    }
}

TEST_CASE("answer_check: JSON is blamed on the rows once other batches were accepted, a page is not")
{
    batch_answer answer;
    answer.rows = 1;
    answer.others_believed = true;
    std::string_view header;
    for (std::string_view const type : {"text/csv", "application/json", ""}) {
        answer.content_type = type;
        answer.body = R"({"detail":"A bad row."})";
        CHECK(refuse_answer(answer, header)->code == errc::row_count_mismatch);
        CHECK(refuse_answer(answer, header)->message == "it is no text/csv");
        answer.body = "<html>";
        CHECK(refuse_answer(answer, header)->code == errc::unexpected_response);
    }
    answer.content_type = "application/json";
    answer.body = "{\"p\n";
    CHECK(refuse_answer(answer, header)->code == errc::unexpected_response);
    CHECK(header.empty());
}

TEST_CASE("answer_check: a page or JSON is no CSV, with any type and lines")
{
    for (std::string_view const body :
         {"<!DOCTYPE html>\n<html>\n", "\r\n<HTML>\n</HTML>\n", "<?xml version=\"1.0\"?>\n<a/>\n",
          "{\"detail\":\n\"The model is loading.\"}\n", "[\n\"The model is loading.\"]\n",
          "  {}\n\n1\n2\n"}) {
        INFO(body);
        auto const info = refused(1, "text/csv", body);
        REQUIRE(info);
        // The last is none: it has a row too many.
        CHECK(info->code == (body.ends_with("2\n") ? errc::row_count_mismatch : errc::unexpected_response));
    }
    CHECK(refused(1, "text/csv", "{\"detail\":\n\"Loading.\"}\n")->server_message == "text/csv: Loading.");
}

TEST_CASE("answer check: a response of another version names both versions")
{
    CHECK(is_same_version("2", "v2"));
    CHECK(is_same_version("v2", "v2"));
    CHECK(is_same_version("production", "production"));
    CHECK_FALSE(is_same_version("2", "3"));
    CHECK_FALSE(is_same_version("2", "12"));
    CHECK(is_other_version("2", "3", false));
    CHECK(is_other_version("2", "", true));
    CHECK_FALSE(is_other_version("2", "", false)); // of a proxy
    CHECK_FALSE(is_other_version("2", "v2", true));
    CHECK_FALSE(is_other_version("", "3", true));
    CHECK_FALSE(is_same_version("vision", "ision"));
    CHECK_FALSE(is_same_version("2", ""));
    CHECK(name_with_version("m", "v2") == "m version 2");
    CHECK(name_with_version("m", "2") == "m version 2");
    CHECK(name_with_version("m", "vision") == "m version vision");
    CHECK(name_with_version("m", "") == "m");
    auto const other = other_version("2", "v3");
    CHECK(other.code == errc::unexpected_response);
    CHECK(other.message == "only version '2' of the model may respond");
    CHECK(other.server_message == "version 'v3' has responded");
    CHECK(other_version("2", "").server_message == "the response names no version");
}

TEST_CASE("answer_check: another header line is quoted beside the first")
{
    batch_answer answer;
    answer.rows = 1;
    answer.content_type = "text/csv";
    answer.body = "\xef\xbb\xbfid,p\r\n1,2\r\n";
    std::string_view header;
    CHECK_FALSE(refuse_answer(answer, header));
    CHECK(header == "id,p");
    for (bool const results : {false, true}) {
        auto const info = other_header(header, "p,\x1bid", results);
        CHECK(info.code == errc::unexpected_response);
        CHECK(info.server_message == "'p, id', not 'id,p'");
        CHECK(info.message.starts_with(results ? "the results" : "its header line"));
    }
}
