// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/batch/batch_journal.hpp>
#include <practicus/error.hpp>

#include "catch.hpp"
#include "refused_argument.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace {

using namespace practicus::detail;

batch_journal example()
{
    batch_journal j;
    j.run.model = "https://practicus.company.com/models/practicus/diamond-price/";
    j.run.form = form_name({});
    j.run.options = "batches of 1000 rows";
    j.run.input = {123456, "aa"};
    j.run.rejected = "rej.csv";
    j.mark.rows = 1000;
    j.mark.failed_rows = 12;
    j.mark.header = "prediction";
    j.mark.digest = "bb";
    j.output = {{5678, "cc"}, "12 of 34.5"};
    j.rejected = {{90, "dd"}, ""};
    return j;
}

found_files with(batch_journal const& j)
{
    found_files found;
    found.output = "out.csv";
    found.journal = "out.csv.practicus";
    found.journal_text = to_text(j);
    found.output_size = j.output.extent.size;
    found.rejected_size = j.rejected.extent.size;
    return found;
}

} // namespace

TEST_CASE("batch_journal: is read as it was written, with any values")
{
    CHECK(read_journal(to_text(example())) == example());
    CHECK(read_journal(to_text(batch_journal())) == batch_journal());
    std::string all;
    for (int byte = 0; byte != 256; ++byte)
        all += static_cast<char>(byte);
    auto odd = example();
    odd.run.model = odd.run.options = odd.run.rejected = odd.mark.header = odd.rejected.identity = all;
    odd.mark.rows = std::numeric_limits<std::uint64_t>::max();
    CHECK(read_journal(to_text(odd)) == odd);
    odd.mark.header = "\ncheck 00\n\\\\0a";
    CHECK(read_journal(to_text(odd)) == odd);
}

TEST_CASE("batch_journal: contains a description for people")
{
    auto const text = to_text(example());
    CHECK_THAT(text,
               Catch::Matchers::StartsWith("practicus journal 2\nmodel https://practicus.company.com/"));
    for (auto const* line :
         {"\nrejected rej.csv\n", "\nrows 1000\n", "\nfailed 12\n", "\nheader prediction\n"})
        CHECK_THAT(text, Catch::Matchers::ContainsSubstring(line));
}

TEST_CASE("batch_journal: a missing or changed byte makes it invalid")
{
    auto const text = to_text(example());
    for (std::size_t size = 0; size != text.size(); ++size)
        if (read_journal(text.substr(0, size))) FAIL("cut to " << size);
    for (std::size_t i = 0; i != text.size(); ++i) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        if (read_journal(changed)) FAIL("changed at " << i);
    }
    CHECK_FALSE(read_journal(text + "x"));
    CHECK_FALSE(read_journal(text + text));
}

TEST_CASE("batch_journal: a later version is refused")
{
    auto text = to_text(example());
    text.insert(text.find('\n'), "2");
    text.resize(text.rfind("check "));
    CHECK_FALSE(read_journal(text + "check " + sha256_hex(text) + "\n"));
}

TEST_CASE("batch_journal: a run begins where nothing is, resuming or not")
{
    auto const run = example().run;
    found_files none;
    CHECK_FALSE(decide_start(none, run, false));
    CHECK_FALSE(decide_start(none, run, true));
}

TEST_CASE("batch_journal: existing outputs are not overwritten, and not resumed without a journal")
{
    auto const run = example().run;
    found_files found;
    found.output = "out.csv";
    found.journal = "out.csv.practicus";
    found.output_size = 1;
    CHECK(refusal([&] { decide_start(found, run, false); }) == "'out.csv' is there already; remove it first");
    CHECK(refusal([&] { decide_start(found, run, true); }) ==
          "'out.csv' cannot be resumed: there is no journal 'out.csv.practicus', so it is complete, or of "
          "something else");
    found.output_size = 0;
    found.rejected_size = 1;
    CHECK(refusal([&] { decide_start(found, run, false); }) == "'rej.csv' is there already; remove it first");
    CHECK_THAT(refusal([&] { decide_start(found, run, true); }),
               Catch::Matchers::StartsWith("'rej.csv' cannot be resumed"));
}

TEST_CASE("batch_journal: a run that has not ended is resumed, and not begun again")
{
    auto const j = example();
    CHECK(decide_start(with(j), j.run, true) == j);
    CHECK(refusal([&] { decide_start(with(j), j.run, false); }) ==
          "'out.csv' is of a run that has not ended: resume that, or remove it and the journal "
          "'out.csv.practicus'");
    auto damaged = with(j);
    damaged.journal_text->pop_back();
    CHECK(refusal([&] { decide_start(damaged, j.run, true); }) ==
          "the journal 'out.csv.practicus' is damaged: nothing can be resumed by it");
    damaged.journal_text->replace(0, damaged.journal_text->find('\n'), "practicus journal 1");
    CHECK(refusal([&] { decide_start(damaged, j.run, true); }) ==
          "the journal 'out.csv.practicus' is of another version of practicus; resume the run with that "
          "version");
}

TEST_CASE("batch_journal: a run of another model, input, or with other options is not resumed")
{
    auto const j = example();
    auto const refused = [&](auto const& change) {
        auto run = j.run;
        change(run);
        return refusal([&] { decide_start(with(j), run, true); });
    };
    CHECK_THAT(
        refused([](batch_identity& run) { run.model += "v2/"; }),
        Catch::Matchers::ContainsSubstring("the model was 'https://practicus.company.com/models/practicus/"
                                           "diamond-price/', not 'https://"));
    practicus::json_lines_options lines;
    lines.path = "embeddings";
    lines.pack = 2;
    CHECK_THAT(
        refused([&](batch_identity& run) { run.form = form_name(lines); }),
        Catch::Matchers::EndsWith("the form was 'CSV', not 'lines to path 'embeddings' in packs of 2'"));
    lines.openai = true;
    CHECK(form_name(lines) == "OpenAI's lines in packs of 2");
    CHECK_THAT(refused([](batch_identity& run) { run.options = "batches of 5 rows"; }),
               Catch::Matchers::EndsWith("was 'batches of 1000 rows', not 'batches of 5 rows'"));
    CHECK_THAT(refused([](batch_identity& run) { run.input.size = 123457; }),
               Catch::Matchers::EndsWith("of another input: that had 123456 bytes, this one has 123457"));
    CHECK_THAT(
        refused([](batch_identity& run) { run.input.digest = "ab"; }),
        Catch::Matchers::EndsWith("of another input: that had 123456 bytes, this one has 123456 others"));
    CHECK_THAT(refused([](batch_identity& run) { run.rejected.clear(); }),
               Catch::Matchers::EndsWith("a file of rejected rows, 'rej.csv': name it"));
    // A pipe has no size; its rows are compared when they are read.
    CHECK(refused([](batch_identity& run) { run.input = {}; }).empty());
    // What is in a file tells whether it is the one, not its name.
    CHECK(refused([](batch_identity& run) { run.rejected = "moved.csv"; }).empty());
}

TEST_CASE("batch_journal: a file of rejected rows may be named when refused rows have ended a run")
{
    auto j = example();
    j.run.options.clear();
    j.run.rejected.clear();
    j.rejected = {};
    CHECK(decide_start(with(j), example().run, true) == j);
}

TEST_CASE("batch_journal: a file that was cut, or is another, is not gone on with")
{
    journaled_file const was{{10, "aa"}, "12 of 34.5"};
    auto const refused = [&](found_file const& is, std::string const& named) {
        return refusal([&] { check_file(was, is, named); });
    };
    CHECK(refused({"rej.csv", was.extent, "other", 10}, "rej.csv").empty());
    CHECK(refused({"new.csv", {0, "ee"}, was.identity, 0}, "rej.csv") ==
          "'new.csv' is not the file that the run has written (it was 'rej.csv'): it has 0 bytes of 10");
    CHECK(refused({"out.csv", {10, "ab"}, was.identity, 10}, "") ==
          "'out.csv' is not the file that the run has written: its first 10 bytes are others");
}

TEST_CASE("batch_journal: bytes that are not done are cut off in a file that the run has begun, and no other")
{
    journaled_file was{{10, "aa"}, "12 of 34.5"};
    auto const refused = [&](found_file const& is) { return refusal([&] { check_file(was, is, ""); }); };
    CHECK(refused({"out.csv", was.extent, "12 of 34.5", 12}).empty());
    CHECK(refused({"out.csv", was.extent, "12 of 34.6", 12}) ==
          "'out.csv' has 2 bytes behind the 10 that the run has done, and is a file that it has not written: "
          "cut it there");
    was.extent = {0, "ee"};
    CHECK(refused({"out.csv", was.extent, "12 of 34.5", 12}).empty());
    CHECK(refused({"out.csv", was.extent, "12 of 34.6", 0}).empty());
    was.identity.clear();
    CHECK(refused({"out.csv", was.extent, "12 of 34.5", 12}) ==
          "'out.csv' has 12 bytes that are not the run's: remove it first");
}
