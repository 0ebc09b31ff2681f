// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/batch/csv_splitter.hpp>
#include <practicus/error.hpp>

#include "refused_argument.hpp"
#include "unit/base/csv_text.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using practicus::detail::batch_text;
using practicus::detail::csv_splitter;
using practicus::detail::throw_if;

static_assert(!std::is_aggregate_v<batch_text>);
static_assert(std::is_nothrow_move_constructible_v<batch_text>);

constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
constexpr char const* second_mark =
    "the header line of the CSV begins with a byte order mark that is not the "
    "text's first bytes; remove it (sed 's/\\xef\\xbb\\xbf//g')";

void take_all(csv_splitter& cutter, std::vector<batch_text>& batches)
{
    while (auto batch = cutter.next())
        batches.push_back(std::move(*batch));
    throw_if(cutter.fault());
}

std::vector<batch_text> cut(csv_splitter cutter, std::string_view text)
{
    std::vector<batch_text> batches;
    cutter.push(text);
    cutter.finish();
    take_all(cutter, batches);
    return batches;
}

std::vector<std::string> texts(std::vector<batch_text> const& batches)
{
    std::vector<std::string> result;
    for (auto const& batch : batches)
        result.push_back(batch.text);
    return result;
}

bool same(batch_text const& a, batch_text const& b)
{
    return a.text == b.text && a.first_row == b.first_row && a.rows == b.rows &&
           a.header_size == b.header_size;
}

std::string refusal_of(std::string_view text, std::size_t longest = csv_splitter::default_longest)
{
    auto const whole = refusal([&] { cut(csv_splitter(2, 100, longest), text); });
    auto const by_bytes = refusal([&] {
        csv_splitter cutter(2, 100, longest);
        std::vector<batch_text> batches;
        for (std::size_t i = 0; i < text.size(); ++i)
            cutter.push(text.substr(i, 1));
        cutter.finish();
        take_all(cutter, batches);
    });
    CHECK(whole == by_bytes);
    return whole;
}

struct limits
{
    std::size_t rows;
    std::size_t bytes;
    std::uint64_t cut_behind;
};

/// As many of the rows as the limits allow, again and again.
std::vector<batch_text> expected_batches(string_source::parsed const& csv, limits const& l)
{
    std::vector<batch_text> result;
    for (std::size_t i = 0; i < csv.rows.size(); ++i) {
        auto const size = result.empty() ? 0 : result.back().text.size();
        if (result.empty() || i == l.cut_behind || result.back().rows == l.rows ||
            size + csv.rows[i].size() > l.bytes)
            result.emplace_back(csv.header, i, 0, csv.header.size());
        result.back().text += csv.rows[i];
        ++result.back().rows;
    }
    if (!csv.rows.empty()) return result;
    auto const whole = csv.header.find_last_of("\r\n") == csv.header.size() - 1;
    auto const header = csv.header + (whole ? "" : "\n");
    result.emplace_back(header, 0, 0, header.size());
    return result;
}

/// What is wrong with the batches by what they promise; empty if nothing.
std::string broken_promise(std::vector<batch_text> const& batches, string_source::parsed const& csv,
                           limits const& l)
{
    std::string joined = csv.header;
    std::uint64_t row = 0;
    for (auto const& batch : batches) {
        auto const body = batch.text.substr(batch.header_size);
        if (batch.rows != 0 && batch.text.substr(0, batch.header_size) != csv.header) return "header";
        if (batch.rows < std::min<std::size_t>(1, csv.rows.size()) || batch.rows > l.rows) return "rows";
        if (batch.rows > 1 && batch.text.size() > l.bytes) return "bytes";
        if (string_source::parse(batch.text).rows.size() != batch.rows) return "number of rows";
        if (batch.first_row != row) return "first_row";
        row += batch.rows;
        joined += body;
    }
    if (row != csv.rows.size()) return "rows in all";
    auto const missing = joined.substr(std::min(joined.size(), csv.joined.size()));
    if (!joined.starts_with(csv.joined)) return "joined";
    return missing.empty() || missing == "\n" || missing == "\r\n" || missing == "\r" ? "" : "end";
}

std::string fault(string_source::generator& random, std::string const& text)
{
    auto const csv = string_source::parse(text);
    limits const l{random.one_in(3) ? no_limit : 1 + random.up_to(6),
                   random.one_in(3) ? no_limit : 1 + random.up_to(60),
                   random.one_in(2) ? 0 : random.up_to(csv.rows.size() + 2)};
    std::vector<batch_text> batches;
    csv_splitter cutter(l.rows, l.bytes);
    cutter.cut_behind(l.cut_behind);
    auto const taken_early = random.one_in(2);
    for (auto piece : random.pieces(text, random.one_in(4) ? text.size() : 1 + random.up_to(20))) {
        auto const before = cutter.buffered();
        cutter.push(piece);
        if (cutter.buffered() > before + piece.size()) return "buffered, after push";
        if (taken_early) take_all(cutter, batches);
    }
    auto const refused = refusal([&] {
        cutter.finish();
        take_all(cutter, batches);
    });
    if (csv.header.empty()) return refused == "the CSV has no header line" ? "" : "no header";
    if (csv.header.starts_with("\xef\xbb\xbf")) return refused == second_mark ? "" : "a byte order mark";
    auto const names = csv.header.substr(0, csv.header.find_last_not_of("\r\n") + 1);
    if (csv.rows.empty() && names.find_first_of("\r\n") != names.npos)
        return refused.empty() ? "a header of several lines" : "";
    if (!refused.empty()) return refused;
    if (cutter.buffered() != 0) return "buffered";
    if (cutter.rows() != csv.rows.size()) return "rows()";
    auto const expected = expected_batches(csv, l);
    if (!std::equal(batches.begin(), batches.end(), expected.begin(), expected.end(), same)) return "batches";
    return broken_promise(batches, csv, l);
}

} // namespace

TEST_CASE("csv_splitter: generated texts, joined again, are the text")
{
    for (unsigned seed = 1; seed <= 10'000; ++seed) {
        string_source::generator random(seed);
        auto const text = random.text();
        auto const wrong = fault(random, text);
        if (!wrong.empty()) FAIL("seed " << seed << ": " << wrong << '\n' << text);
    }
}

TEST_CASE("csv_splitter: where the pieces end makes no difference")
{
    for (unsigned seed = 1; seed <= 500; ++seed) {
        string_source::generator random(seed);
        auto const text = random.text();
        auto const csv = string_source::parse(text);
        if (csv.rows.empty() || csv.header.starts_with("\xef\xbb\xbf")) continue;
        auto const whole = cut(csv_splitter(3, 50), text);
        for (std::size_t size = 1; size <= 3; ++size) {
            csv_splitter cutter(3, 50);
            std::vector<batch_text> batches;
            for (std::size_t i = 0; i < text.size(); i += size) {
                cutter.push(std::string_view(text).substr(i, size));
                take_all(cutter, batches);
            }
            cutter.finish();
            take_all(cutter, batches);
            if (!std::equal(batches.begin(), batches.end(), whole.begin(), whole.end(), same))
                FAIL("seed " << seed << ", pieces of " << size << '\n' << text);
        }
    }
}

TEST_CASE("csv_splitter: a batch is given out as soon as it is full")
{
    csv_splitter cutter(2, 10);
    cutter.push("h\n1\n2");
    CHECK(cutter.header() == "h\n");
    CHECK(cutter.rows() == 1);
    CHECK(cutter.buffered() == 3);
    CHECK_FALSE(cutter.next());
    cutter.push("\n3\n");
    auto batch = cutter.next();
    REQUIRE(batch);
    CHECK(same(*batch, batch_text("h\n1\n2\n", 0, 2, 2)));
    CHECK(cutter.buffered() == 2);
    CHECK_FALSE(cutter.next());
    cutter.finish();
    cutter.finish();
    batch = cutter.next();
    REQUIRE(batch);
    CHECK(same(*batch, batch_text("h\n3\n", 2, 1, 2)));
    CHECK_FALSE(cutter.next());
}

TEST_CASE("csv_splitter: the limits")
{
    using strings = std::vector<std::string>;
    auto const with = [](std::size_t rows, std::size_t bytes, std::string_view text) {
        return texts(cut(csv_splitter(rows, bytes), text));
    };
    CHECK(with(1, no_limit, "h\n1\n2\n") == strings{"h\n1\n", "h\n2\n"});
    CHECK(with(no_limit, no_limit, "h\n1\n2\n") == strings{"h\n1\n2\n"});
    CHECK(with(no_limit, 6, "h\n1\n2\n3\n") == strings{"h\n1\n2\n", "h\n3\n"}); // the header is counted
    CHECK(with(no_limit, 5, "h\n1\n2\n") == strings{"h\n1\n", "h\n2\n"});
    CHECK(with(no_limit, 6, "h\r\n1\n23") == strings{"h\r\n1\n", "h\r\n23\r\n"});
    CHECK(with(no_limit, 6, "h\n1\n23456789\n1\n") == strings{"h\n1\n", "h\n23456789\n", "h\n1\n"});
    CHECK(with(9, 1, "h\n23456789\n1\n") == strings{"h\n23456789\n", "h\n1\n"});
}

TEST_CASE("csv_splitter: a batch is halved between its rows")
{
    for (unsigned seed = 1; seed <= 1000; ++seed) {
        string_source::generator random(seed);
        auto const text = random.text();
        auto const csv = string_source::parse(text);
        if (csv.rows.size() < 2 || csv.header.starts_with("\xef\xbb\xbf")) continue;
        auto const whole = cut(csv_splitter(no_limit, no_limit), text).front();
        auto const [first, second] = practicus::detail::halve(whole);
        CHECK(first.rows == whole.rows / 2);
        CHECK(string_source::parse(first.text).rows.size() == first.rows);
        CHECK(string_source::parse(second.text).rows.size() == second.rows);
        CHECK(first.first_row + first.rows == second.first_row);
        CHECK(first.rows + second.rows == whole.rows);
        CHECK(first.text + second.text.substr(second.header_size) == whole.text);
    }
}

TEST_CASE("csv_splitter: dropped and added bytes")
{
    using strings = std::vector<std::string>;
    auto const all = [](std::string_view text) { return texts(cut(csv_splitter(no_limit, no_limit), text)); };
    CHECK(all("h\n") == strings{"h\n"});
    CHECK(all("h") == strings{"h\n"});
    CHECK(all("\xef\xbb\xbfh\r\n\r\n") == strings{"h\r\n"});
    CHECK(all("\xef\xbb\xbfh\n1\n") == strings{"h\n1\n"});
    CHECK(all("\xef\xbb\xbf\"h\ni\"\n1\n") == strings{"\"h\ni\"\n1\n"});
    CHECK(all("\xef\xbb\xbf\nh\n1\n") == strings{"h\n1\n"});
    CHECK(all("h\n\xef\xbb\xbf\n") == strings{"h\n\xef\xbb\xbf\n"});
    CHECK(all("\n\r\nh\n\n1\r\n\r\r\n\n2\n\r\r") == strings{"h\n1\r\n2\n"});
    CHECK(all("h\n\"\n\n\"\n") == strings{"h\n\"\n\n\"\n"});
    CHECK(all("h\n \n,\n") == strings{"h\n \n,\n"});
    CHECK(all("h\n1\n2") == strings{"h\n1\n2\n"});
    CHECK(all("h\r\n1\r\n2") == strings{"h\r\n1\r\n2\r\n"});
    CHECK(all("h\r\n1\r\n2\r") == strings{"h\r\n1\r\n2\r"});
    CHECK(all("h\n1\r2\n") == strings{"h\n1\r2\n"});
    CHECK(all("h\r1\r\r2") == strings{"h\r1\r2\r"});
    CHECK(all("h\n\"\r\"\r\r") == strings{"h\n\"\r\"\r"});
}

TEST_CASE("csv_splitter: a batch ends where a run before has ended")
{
    auto const cut_behind = [](std::uint64_t count) {
        csv_splitter cutter(2, no_limit);
        cutter.cut_behind(count);
        return cut(std::move(cutter), "h\n0\n\n1\n2\n3");
    };
    auto const batches = cut_behind(1);
    REQUIRE(batches.size() == 3);
    CHECK(same(batches[0], batch_text("h\n0\n", 0, 1, 2)));
    CHECK(same(batches[1], batch_text("h\n1\n2\n", 1, 2, 2)));
    CHECK(same(batches[2], batch_text("h\n3\n", 3, 1, 2)));
    CHECK(cut_behind(0).size() == 2);
    CHECK(cut_behind(2).size() == 2);
    CHECK(cut_behind(3).size() == 3);
    CHECK(cut_behind(4).size() == 2);
    CHECK(cut_behind(std::numeric_limits<std::uint64_t>::max()).size() == 2);
}

TEST_CASE("csv_splitter: errors and their messages")
{
    CHECK(refusal([] { csv_splitter(0, 1); }) == "a batch of 0 rows");
    CHECK(refusal([] { csv_splitter(1, 0); }) == "a batch of 0 bytes");
    CHECK(refusal([] { csv_splitter(1, 1, 0); }) == "a CSV record of 0 bytes at most");

    for (auto text : {"", "\n", "\r\n\r\n", "\r", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n"})
        CHECK(refusal_of(text) == "the CSV has no header line");
    CHECK(refusal_of("\"h\n1\n") == "a quote in the header line of the CSV is never closed");
    CHECK(refusal_of("\"") == "a quote in the header line of the CSV is never closed");
    CHECK(refusal_of("h\n1\n\n2,\"\n3\n4\n") == "a quote in row 2 of the CSV is never closed");

    CHECK(refusal_of("h234567\n", 8) == "");
    CHECK(refusal_of("h2345678\n", 8) ==
          "the header line of the CSV is longer than 8 bytes: a quote may not be closed");
    CHECK(refusal_of("h\n1234567\n1\n", 8) == "");
    CHECK(refusal_of("h\n1\n\n\"2\n3\n4\n5\n6\n7\n", 8) ==
          "row 2 of the CSV is longer than 8 bytes: a quote may not be closed");
}

TEST_CASE(
    "csv_splitter: CR line ends, and quotes in the middle of cells, are rows as Python's csv reads them")
{
    using strings = std::vector<std::string>;
    auto const each = [](std::string_view text) { return texts(cut(csv_splitter(1, no_limit), text)); };
    CHECK(each("h,i\r1,2\r3,4\r") == strings{"h,i\r1,2\r", "h,i\r3,4\r"});
    CHECK(each("h\r1\n2\r\n3") == strings{"h\r1\n", "h\r2\r\n", "h\r3\r"});
    CHECK(each("h,i\nTV 27\" wide,1\n2,3\n") == strings{"h,i\nTV 27\" wide,1\n", "h,i\n2,3\n"});
    CHECK(each("h;i\n1;\"a\nb\"\n2;3\n") == strings{"h;i\n1;\"a\nb\"\n", "h;i\n2;3\n"});
}

TEST_CASE("csv_splitter: NUL and UTF-16 are refused by name")
{
    using namespace std::string_literals;
    for (auto const& text :
         {"\xff\xfeh\0\r\0\n\0"s + "1\0\n\0"s, "\xfe\xff\0h\0\n"s, "h\0,\0i\0\n\0"s, "\0h\0\n"s,
          "\xff\xfe\x01\x4e\n\x4e"s, "\xff\xfe\0\0h\0\0\0"s, "\0\0\xfe\xff\0\0\0h"s, "\0"s})
        CHECK(refusal_of(text) == "the CSV begins as UTF-16 does, or with NUL bytes; convert it to UTF-8 "
                                  "first (iconv -f UTF-16 -t UTF-8)");
    CHECK(refusal_of("h\n1\n\"2\0\"\n"s) ==
          "row 2 of the CSV has a NUL byte; remove such bytes first (tr -d '\\0')");
}

TEST_CASE("csv_splitter: a header that swallows all lines is refused")
{
    CHECK(refusal_of("h,\"i\n1,2\n3,4\"\n\n") == "the header line of the CSV is several lines long, and no "
                                                 "row follows: a quote in it may be closed too late");
    CHECK(refusal_of("\"h\ni\"\n1\n") == "");
    CHECK(refusal_of("h\n\n\n") == "");
}

TEST_CASE("csv_splitter: a header behind a second byte order mark is refused: its quotes are read two ways")
{
    for (std::string const before :
         {"\xef\xbb\xbf\xef\xbb\xbf", "\n\xef\xbb\xbf", "\xef\xbb\xbf\n\xef\xbb\xbf"}) {
        CHECK(refusal_of(before + "\"size in 27\n1\n2\n") == second_mark);
        CHECK(refusal_of(before + "h\n1\n") == second_mark);
        CHECK(refusal_of(before + "h") == second_mark);
    }
}

TEST_CASE("csv_splitter: halving ends, also where the rows are not those that were counted")
{
    auto const [first, second] = practicus::detail::halve(batch_text("\"h\n1\n2\n", 0, 2, 3));
    CHECK(first.text == "\"h\n1\n2\n");
    CHECK(second.text == "\"h\n");
}

TEST_CASE("csv_splitter: the batches before an error are given out, and then the error, which stays")
{
    csv_splitter cutter(2, no_limit, 8);
    cutter.push("h\n1\n2\n3\n\"\n\n\n\n\n\n\n\n\n\"");
    cutter.push("\n5\n6\n7\n");
    cutter.finish();
    CHECK_FALSE(cutter.fault());
    auto const batch = cutter.next();
    REQUIRE(batch);
    CHECK(batch->text == "h\n1\n2\n");
    for (int i = 0; i != 2; ++i) {
        CHECK_FALSE(cutter.next());
        REQUIRE(cutter.fault());
        CHECK(cutter.fault()->code == practicus::errc::invalid_argument);
        CHECK(cutter.fault()->message ==
              "row 4 of the CSV is longer than 8 bytes: a quote may not be closed");
    }
}

TEST_CASE("csv_splitter: holds only text that was not given out")
{
    csv_splitter cutter(10, no_limit, 1000);
    cutter.push("h\n");
    std::size_t most = 0;
    for (int i = 0; i < 100'000; ++i) {
        cutter.push("0123456789\n");
        most = std::max(most, cutter.buffered());
        while (cutter.next()) {
        }
    }
    CHECK(most == 110);
}

// Takes minutes if each call moves what stands behind it.
TEST_CASE("csv_splitter: a long queue of batches costs no more than a short one")
{
    csv_splitter cutter(1, no_limit);
    std::string backlog = "h\n";
    for (int i = 0; i < 400'000; ++i)
        backlog += "0123456789\n";
    cutter.push(backlog);
    for (std::uint64_t i = 0; i < 400'000; ++i) {
        cutter.push("0123456789\n");
        auto const batch = cutter.next();
        if (!batch || batch->first_row != i || batch->text != "h\n0123456789\n") FAIL("batch " << i);
    }
    CHECK(cutter.buffered() == 400'000 * 11);
}
