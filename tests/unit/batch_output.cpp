// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The files of a batch run, without a client: what a run leaves, and what another run makes of it.

#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/error.hpp>

#include "catch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

using practicus::batch_output;
using practicus::errc;
using practicus::detail::batch_files;

struct folder
{
    folder()
    {
        std::string pattern = (fs::temp_directory_path() / "practicus-output-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
        write("in.csv", "carat\n1\n2\n3\n");
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { fs::remove_all(path); }

    std::string of(std::string const& name) const { return (path / name).string(); }
    bool has(std::string const& name) const { return fs::exists(path / name); }

    std::string read(std::string const& name) const
    {
        std::ifstream in(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    void write(std::string const& name, std::string const& text) const
    {
        std::ofstream(path / name, std::ios::binary) << text;
    }

    practicus::batch_output_options options(bool resume) const
    {
        practicus::batch_output_options with;
        with.input = of("in.csv");
        with.rejected = of("rej.csv");
        with.resume = resume;
        return with;
    }

    std::unique_ptr<batch_files> open(bool resume) const { return open(options(resume)); }

    std::unique_ptr<batch_files> open(practicus::batch_output_options const& with,
                                      std::string const& model = "http://a/models/m/") const
    {
        return std::make_unique<batch_files>(model, of("out.csv"), with);
    }

    /// How opening fails; empty if it does not.
    std::string refusal(practicus::batch_output_options const& with,
                        std::string const& model = "http://a/models/m/") const
    {
        try {
            open(with, model);
        } catch (practicus::error const& e) {
            return e.info().message;
        }
        return "";
    }

    fs::path path;
};

practicus::batch_mark mark(std::uint64_t rows, std::uint64_t failed = 0)
{
    practicus::batch_mark done;
    done.rows = rows;
    done.failed_rows = failed;
    done.header = "p";
    done.digest = "dd";
    return done;
}

/// Two rows predicted, one refused, and more that is in no journal.
void leave_run(folder const& here)
{
    auto const run = here.open(false);
    run->write("p\n1\n");
    run->done(mark(1));
    run->reject("carat\n2\n");
    run->write("3\n");
    run->done(mark(2, 1));
    run->write("4\n5");
    run->reject("6");
}

using Catch::Matchers::ContainsSubstring;

} // namespace

TEST_CASE("batch_output: a journal stands before the first result, and is gone at the end")
{
    folder const here;
    auto const run = here.open(false);
    CHECK_FALSE(here.has("out.csv.practicus"));
    run->write("p\n");
    CHECK(here.has("out.csv.practicus"));
    run->write("1\n");
    run->done(mark(1));
    run->finish();
    CHECK_FALSE(here.has("out.csv.practicus"));
    CHECK_FALSE(here.has("out.csv.practicus.new"));
    CHECK(here.read("out.csv") == "p\n1\n");
    CHECK(here.read("rej.csv").empty());
}

TEST_CASE("batch_output: a run that comes to nothing leaves no journal")
{
    folder const here;
    here.open(false);
    CHECK_FALSE(here.has("out.csv.practicus"));
    CHECK(here.refusal(here.options(false)).empty());
}

TEST_CASE("batch_output: a run goes on where the journal says that the files end")
{
    folder const here;
    leave_run(here);
    CHECK(here.read("out.csv") == "p\n1\n3\n4\n5");
    auto const run = here.open(true);
    CHECK(run->mark() == mark(2, 1));
    CHECK(here.read("out.csv") == "p\n1\n3\n");
    CHECK(here.read("rej.csv") == "carat\n2\n");
    run->write("4\n");
    run->done(mark(3, 1));
    run->finish();
    CHECK(here.read("out.csv") == "p\n1\n3\n4\n");
    CHECK_FALSE(here.has("out.csv.practicus"));
}

TEST_CASE("batch_output: what is there is not written over")
{
    folder const here;
    leave_run(here);
    CHECK_THAT(here.refusal(here.options(false)), ContainsSubstring("a run that has not ended: resume that"));
    fs::remove(here.of("out.csv.practicus"));
    CHECK_THAT(here.refusal(here.options(false)), ContainsSubstring("out.csv' is there already"));
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("there is no journal"));
    fs::remove(here.of("out.csv"));
    CHECK_THAT(here.refusal(here.options(false)), ContainsSubstring("rej.csv' is there already"));
    CHECK(here.read("rej.csv") == "carat\n2\n6");
}

TEST_CASE("batch_output: files that are not the run's are left as they are")
{
    folder const here;
    leave_run(here);
    auto with = here.options(true);
    auto const out = here.read("out.csv"), rejected = here.read("rej.csv");
    auto const refused = [&](char const* why) {
        CHECK_THAT(here.refusal(with), ContainsSubstring(why));
        with = here.options(true);
    };
    // Foreign, and long enough.
    here.write("out.csv", "q\n1\n3\n4\n5");
    refused("its first 6 bytes are others");
    here.write("out.csv", "p\n1");
    refused("it has 3 bytes of 6");
    fs::remove(here.of("out.csv"));
    refused("it has 0 bytes of 6");
    here.write("out.csv", out);
    // The file of rejected rows: left out, renamed, moved, another.
    with.rejected.clear();
    refused("a file of rejected rows");
    with.rejected = here.of("new.csv");
    refused("new.csv' is not the file that the run has written (it was '");
    here.write("new.csv", "carat\n3\n6");
    with.rejected = here.of("new.csv");
    refused("its first 8 bytes are others");
    fs::rename(here.of("rej.csv"), here.of("elsewhere.csv"));
    refused("it has 0 bytes of 8");
    fs::rename(here.of("elsewhere.csv"), here.of("rej.csv"));
    // The input and the model.
    here.write("in.csv", "carat\n1\n2\n4\n");
    refused("another input");
    here.write("in.csv", "carat\n1\n2\n3\n4\n");
    refused("another input: that had 12 bytes, this one has 14");
    here.write("in.csv", "carat\n1\n2\n3\n");
    CHECK_THAT(here.refusal(with, "http://a/models/other/"), ContainsSubstring("the model was"));
    CHECK(here.read("out.csv") == out);
    CHECK(here.read("rej.csv") == rejected);
    // It is still usable, under another name as well.
    fs::rename(here.of("rej.csv"), here.of("moved.csv"));
    with.rejected = here.of("moved.csv");
    CHECK(here.refusal(with).empty());
}

TEST_CASE("batch_output: a file of rejected rows that is named late must be empty")
{
    folder const here;
    auto with = here.options(false);
    with.rejected.clear();
    {
        auto const run = here.open(with);
        run->write("p\n1\n");
        run->done(mark(1));
    }
    here.write("rej.csv", "somebody's\n");
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("rej.csv' is there already"));
    fs::remove(here.of("rej.csv"));
    CHECK(here.refusal(here.options(true)).empty());
}

TEST_CASE("batch_output: a run that is resumed and comes to nothing changes no journal")
{
    folder const here;
    leave_run(here);
    auto const journal = here.read("out.csv.practicus");
    auto with = here.options(true);
    with.input.clear();
    here.open(with);
    CHECK(here.read("out.csv.practicus") == journal);
    // From the first byte on it is the journal of this run.
    with.rejected = here.of("moved.csv");
    fs::rename(here.of("rej.csv"), here.of("moved.csv"));
    here.open(with)->reject("7\n");
    CHECK_THAT(here.read("out.csv.practicus"), ContainsSubstring("moved.csv\n"));
    CHECK(here.open(with)->mark() == mark(2, 1));
    CHECK(here.read("moved.csv") == "carat\n2\n");
}

TEST_CASE("batch_output: one run at a time writes a file, whatever its name and part")
{
    folder const here;
    auto const run = here.open(false);
    CHECK_THAT(here.refusal(here.options(false)), ContainsSubstring("is being written by another run"));
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("is being written by another run"));
    fs::create_symlink(here.of("out.csv"), here.of("link.csv"));
    CHECK_THROWS_AS(batch_files("http://a/models/m/", here.of("link.csv"), {}), practicus::error);
    auto other = here.options(false);
    CHECK_THROWS_AS(batch_files("http://a/models/m/", here.of("other.csv"), other), practicus::error);
    other.rejected = here.of("other_rej.csv");
    CHECK_NOTHROW(batch_files("http://a/models/m/", here.of("other.csv"), other));
}

TEST_CASE("batch_output: a process that is killed leaves its files usable and free")
{
    folder const here;
    int ready[2] = {};
    REQUIRE(::pipe(ready) == 0);
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto const run = here.open(false);
        run->write("p\n1\n");
        // It is not saved each time.
        while (here.read("out.csv.practicus").find("\nrows 1\n") == std::string::npos)
            run->done(mark(1));
        run->write("half a");
        static_cast<void>(!::write(ready[1], "x", 1));
        for (;;)
            ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("is being written by another run"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK(here.open(true)->mark() == mark(1));
    CHECK(here.read("out.csv") == "p\n1\n");
}

TEST_CASE("batch_output: input, output and rejected rows are three files")
{
    folder const here;
    auto with = here.options(false);
    with.rejected = here.of("out.csv");
    CHECK_THAT(here.refusal(with), ContainsSubstring("are one file"));
    with.rejected = here.of("in.csv");
    CHECK_THAT(here.refusal(with), ContainsSubstring("is the input"));
    with = here.options(false);
    with.input = here.of("out.csv");
    CHECK_THAT(here.refusal(with), ContainsSubstring("is the input"));
    CHECK(here.read("in.csv") == "carat\n1\n2\n3\n");
    CHECK_THROWS_AS(batch_files("http://a/models/m/", "/dev/null", {}), practicus::error);
}

TEST_CASE("batch_output: a job that it is attached to resumes by its mark, and keeps it")
{
    folder const here;
    leave_run(here);
    practicus::model_url const model("http://a/models/m/n/");
    auto with = here.options(true);
    CHECK_THROWS_AS(batch_output(model, here.of("out.csv"), with), practicus::error);
    batch_output const out(model, here.of("new.csv"), [&] {
        with.rejected = here.of("new_rej.csv");
        return with;
    }());
    practicus::batch_job job(model, practicus::csv_text(""), out.sink());
    out.attach(job);
    CHECK(job.resumed() == practicus::batch_mark());
    CHECK(job.failed_to());
    REQUIRE(job.on_mark());
    job.on_mark()(mark(0));
    CHECK(here.has("new.csv.practicus"));
    CHECK(out.mark() == mark(0));
    out.finish();
    CHECK_FALSE(here.has("new.csv.practicus"));
}
