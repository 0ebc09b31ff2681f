// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/answer_check.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

using namespace practicus::detail;
using practicus::errc;
using practicus::error_info;

namespace {

std::optional<error_info> refused(std::size_t rows, std::string_view type, std::string_view body,
                                  bool delimited = true)
{
    std::string_view header;
    return refuse_answer(rows, type, body, delimited, header);
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

TEST_CASE("answer_check: what came is quoted on one line, cleaned and short")
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
    CHECK(info->code == errc::unexpected_rows);
    CHECK(info->message == "2 rows to 3");
    CHECK(info->server_message == "text/csv: p");
    CHECK(refused(1, "text/csv", "")->message == "the answer's CSV has no header line");
    CHECK(refused(1, "text/csv", "p\n1", false)->code == errc::connection_lost);
}

TEST_CASE("answer_check: a page or an object is no CSV, whatever its type and its lines")
{
    for (std::string_view const body :
         {"<!DOCTYPE html>\n<html>\n", "\r\n<HTML>\n</HTML>\n", "<?xml version=\"1.0\"?>\n<a/>\n",
          "{\"detail\":\n\"The model is loading.\"}\n", "  {}\n\n1\n2\n"}) {
        INFO(body);
        auto const info = refused(1, "text/csv", body);
        REQUIRE(info);
        // The last is none: it has a row too many.
        CHECK(info->code == (body.ends_with("2\n") ? errc::unexpected_rows : errc::unexpected_answer));
    }
    CHECK(refused(1, "text/csv", "{\"detail\":\n\"Loading.\"}\n")->server_message == "text/csv: Loading.");
}

TEST_CASE("answer_check: another header line is quoted beside the first")
{
    std::string_view header;
    CHECK_FALSE(refuse_answer(1, "text/csv", "\xef\xbb\xbfid,p\r\n1,2\r\n", true, header));
    CHECK(header == "id,p");
    auto const info = other_header(header, "p,\x1bid");
    CHECK(info.code == errc::unexpected_answer);
    CHECK(info.server_message == "'p, id', not 'id,p'");
}
