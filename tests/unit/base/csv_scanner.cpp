// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/base/csv_scanner.hpp>
#include <practicus/error.hpp>

#include "csv_text.hpp"

#include "catch.hpp"

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace practicus::detail;

/// Counts the complete records of a text that comes in pieces, and how far they reach.
class csv_record_counter
{
public:
    void push(std::string_view piece) noexcept
    {
        while (!piece.empty()) {
            size_ += scanner_.take(piece).size();
            if (!scanner_.ended() || scanner_.blank()) continue;
            ++records_;
            complete_size_ = size_;
        }
    }

    std::size_t records() const noexcept { return records_; }
    std::size_t complete_size() const noexcept { return complete_size_; }

private:
    csv_scanner scanner_;
    std::size_t size_ = 0;
    std::size_t records_ = 0;
    std::size_t complete_size_ = 0;
};

csv_record_counter tail_of(std::string_view text)
{
    csv_record_counter tail;
    tail.push(text);
    return tail;
}

/// What is wrong with a text's tail or with the text as an answer; empty if nothing.
std::string fault(std::string const& text, string_source::generator& random)
{
    auto const expected = string_source::parse(text);
    csv_record_counter tail;
    for (auto piece : random.pieces(text, 1 + random.up_to(20)))
        tail.push(piece);
    if (tail.records() != expected.complete) return "records";
    if (tail.complete_size() != expected.complete_size) return "complete_size";
    if (expected.header.empty()) return "";

    auto const answer = parse_prediction(text).value();
    if (answer.header != expected.header) return "header";
    if (answer.count != expected.rows.size()) return "count";
    auto const rows = string_source::parse(expected.header + std::string(answer.rows)).rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (i + 1 < rows.size() && rows[i] != expected.rows[i]) return "rows";
    auto const end = expected.joined.substr(expected.header.size());
    if (answer.rows.empty() != end.empty()) return "rows, empty";
    if (!end.empty() && (answer.rows.front() != end.front() || answer.rows.back() != end.back()))
        return "rows, ends";
    return "";
}

} // namespace

TEST_CASE("csv_scanner: takes lines piece by piece")
{
    csv_scanner scanner;
    std::string_view text = "a\r\n\r\nb,\"x";
    CHECK(scanner.take(text) == "a\r\n");
    CHECK((scanner.ended() && !scanner.blank() && scanner.size() == 3));
    CHECK(scanner.take(text) == "\r\n");
    CHECK((scanner.ended() && scanner.blank() && scanner.size() == 2));
    CHECK(scanner.take(text) == "b,\"x");
    CHECK((!scanner.ended() && scanner.quoted() && scanner.size() == 4));
    CHECK(text.empty());
    text = "\n\"\n\n";
    CHECK(scanner.take(text) == "\n\"\n");
    CHECK((scanner.ended() && !scanner.quoted() && scanner.size() == 7));
    CHECK(text == "\n");
}

TEST_CASE("csv_scanner: a byte order mark makes no record, and is one at the start only")
{
    CHECK(tail_of("\xef\xbb\xbf\n").records() == 0);
    CHECK(tail_of("\xef\xbb\xbf\r\nh\n").records() == 1);
    CHECK(tail_of("\xef\xbb\n").records() == 1);
    CHECK(tail_of("\xef\xbb\n\n\nx\n").records() == 2);
    CHECK(tail_of("\n\xef\xbb\xbf\n").records() == 1);
    CHECK(tail_of("\xef\xbb\xbf\xef\xbb\xbf\n").records() == 1);
    for (std::string_view const text : {"\xef\xbb\xbfh\n", "\xef\xbb\xbf\"h\"\n"})
        CHECK(parse_prediction(text).value().header == text.substr(3));
    CHECK(parse_prediction("\n\xef\xbb\xbfh").value().header == "\xef\xbb\xbfh");
    CHECK(parse_prediction("\xef\xbb").value().header == "\xef\xbb");
}

TEST_CASE("csv_scanner: a text cut anywhere is counted up to its last complete record")
{
    std::string const text = "h,i\r\n1,\"a\nb\"\r\n\r\n2,\"\"\"\"\r\n3,4\r\n";
    std::size_t const ends[] = {0, 5, 14, 24, 29};
    for (std::size_t size = 0; size <= text.size(); ++size) {
        INFO(size);
        std::size_t records = 0;
        while (records + 1 < std::size(ends) && ends[records + 1] <= size)
            ++records;
        auto const tail = tail_of(text.substr(0, size));
        CHECK(tail.records() == records);
        CHECK(tail.complete_size() == ends[records]);
    }
    CHECK(tail_of("h\n1\n\n\r\n").complete_size() == 4);
    // It is not known whether a LF is missing.
    CHECK(tail_of("h\r1\r").complete_size() == 2);
    CHECK(tail_of("h\r1\r2").complete_size() == 4);
}

TEST_CASE("csv_scanner: CR, LF and CRLF end a line, with pieces of any length")
{
    csv_scanner scanner;
    std::string_view text = "a\r";
    CHECK(scanner.take(text) == "a\r");
    CHECK((!scanner.ended() && scanner.has_line_end()));
    text = "\nb\r";
    CHECK(scanner.take(text) == "\n");
    CHECK((scanner.ended() && scanner.size() == 3));
    CHECK(scanner.take(text) == "b\r");
    text = "c";
    CHECK(scanner.take(text).empty());
    CHECK((scanner.ended() && scanner.size() == 2 && !scanner.blank() && text == "c"));
    CHECK(parse_prediction("p\r1\r\r2\r\n\n3").value().count == 3);
    CHECK(parse_prediction("p\r\"1\r2\"\r").value().count == 1);
}

TEST_CASE("csv_scanner: a quote opens only at the start of a cell")
{
    for (std::string_view const text :
         {"p,q\nTV 27\" wide,1\n2,3\n", "p,q\n\"a\"b\",1\n2,\"3\"\"\n\"\n", "p\n \"1\n2\n",
          "p;q\n1;\"a\nb\"\n2;x,\"\n", "p\tq\n1\t\"\n\"\n2;\"\t\n", "p;r,q\n1;\",2\n3,\"\n\"\n",
          "\"p;\"\n1;\"\n2\n", "p|q\r1|\"\r\"\r2|"}) {
        INFO(text);
        CHECK(parse_prediction(text).value().count == 2);
    }
}

TEST_CASE("parse_prediction: header, rows and their number")
{
    auto const is = [](std::string_view text, std::string_view header, std::string_view rows,
                       std::size_t count) {
        INFO(text);
        auto const answer = parse_prediction(text).value();
        CHECK(answer.header == header);
        CHECK(answer.rows == rows);
        CHECK(answer.count == count);
    };
    is("p\n1\n2\n", "p\n", "1\n2\n", 2);
    is("p\n1\n2", "p\n", "1\n2", 2);
    is("p\r\n1\r\n\r\n\"\n\"\r\n\r\n", "p\r\n", "1\r\n\r\n\"\n\"\r\n", 2);
    is("\n\np\n\n1\n", "p\n", "1\n", 1);
    is("p\n", "p\n", "", 0);
    is("p", "p", "", 0);
    is("p\n\n \n", "p\n", " \n", 1);
}

TEST_CASE("parse_prediction: refuses a text that is no CSV with a header")
{
    for (auto [text, message] : {std::pair{"", "the response's CSV has no header line"},
                                 {"\n\r\n", "the response's CSV has no header line"},
                                 {"\xef\xbb\xbf", "the response's CSV has no header line"},
                                 {"p\n\"1\n", "the response's CSV ends within quotes"},
                                 {"p\n1,\"\n", "the response's CSV ends within quotes"},
                                 {"\"", "the response's CSV ends within quotes"}}) {
        INFO(text);
        auto const refused = parse_prediction(text);
        REQUIRE(refused.has_error());
        CHECK(refused.error()->code == practicus::errc::row_count_mismatch);
        CHECK(refused.error()->message == message);
    }
}

TEST_CASE("parse_prediction: a NUL is refused")
{
    for (auto const& text : {std::string("p\n1\0\n", 5), std::string("p\0\n1\n", 5)})
        CHECK(parse_prediction(text).error()->message == "the response's CSV has a NUL byte");
}

TEST_CASE("csv_scanner, parse_prediction: generated texts")
{
    for (unsigned seed = 1; seed <= 10'000; ++seed) {
        string_source::generator random(seed);
        auto const text = random.text();
        auto const wrong = fault(text, random);
        if (!wrong.empty()) FAIL("seed " << seed << ": " << wrong << '\n' << text);
    }
}
