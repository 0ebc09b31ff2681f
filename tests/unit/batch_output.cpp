// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The files of a batch run, without a client: what a run leaves, and what another run makes of it.

#include <practicus/batch_job.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/error.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

/// What a test does instead of each `fsync`: a disk that fails, say.
std::function<int(int)> on_fsync;

/// The file system has no locks.
bool no_flock = false;

} // namespace

/// Stands before the C library's in the whole program.
extern "C" int fsync(int descriptor)
{
    return on_fsync ? on_fsync(descriptor) : static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int flock(int descriptor, int operation) noexcept
{
    if (!no_flock) return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
    errno = ENOLCK;
    return -1;
}

namespace {

using practicus::batch_output;
using practicus::errc;
using practicus::detail::batch_files;

struct fsync_hook
{
    explicit fsync_hook(std::function<int(int)> act) { on_fsync = std::move(act); }
    fsync_hook(fsync_hook const&) = delete;
    fsync_hook& operator=(fsync_hook const&) = delete;
    ~fsync_hook() { on_fsync = nullptr; }
};

struct folder : temporary_folder
{
    folder() { write("in.csv", "carat\n1\n2\n3\n"); }

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

TEST_CASE("batch_output: a journal exists from before the first result to the end")
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

TEST_CASE("batch_output: an existing file is not overwritten")
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
    here.write("out.csv", out);
    fs::rename(here.of("out.csv"), here.of("away.csv"));
    refused("it has 0 bytes of 6");
    CHECK_FALSE(here.has("out.csv"));
    fs::rename(here.of("away.csv"), here.of("out.csv"));
    // The file of rejected rows: left out, renamed, moved, another.
    with.rejected.clear();
    refused("a file of rejected rows");
    with.rejected = here.of("new.csv");
    refused("new.csv' is not the file that the run has written (it was '");
    CHECK_FALSE(here.has("new.csv"));
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
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("rej.csv' has 11 bytes that are not"));
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

TEST_CASE("batch_output: one run at a time writes a file, under any name and in any role")
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

TEST_CASE("batch_output: without locks, two runs that write one file both notice it")
{
    folder const here;
    no_flock = true;
    auto const first = here.open(false);
    first->write("p\n1\n");
    first->done(mark(1));
    auto const second = here.open(true);
    CHECK_THROWS_AS(practicus::detail::own_file(here.of("lock"), O_RDWR | O_CREAT).try_lock(),
                    practicus::error);
    no_flock = false;
    second->write("2\n");
    first->write("2\n");
    for (auto* run : {first.get(), second.get()})
        CHECK_THROWS_WITH(run->finish(), ContainsSubstring("another one writes it"));
    CHECK(here.has("out.csv.practicus"));
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

TEST_CASE("batch_output: rows that another run has rejected are not cut off")
{
    folder const here;
    // It has rejected nothing yet when it ends, and another run uses the file, which is empty.
    {
        auto const run = here.open(false);
        run->write("p\n1\n");
        run->done(mark(1));
    }
    auto other = here.options(false);
    {
        batch_files run("http://a/models/m/", here.of("out2.csv"), other);
        run.reject("carat\n2\n");
        run.done(mark(0, 1));
        run.finish();
    }
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("rej.csv' has 8 bytes that are not"));
    CHECK(here.read("rej.csv") == "carat\n2\n");
    CHECK(here.read("out.csv") == "p\n1\n");
}

TEST_CASE("batch_output: a file of rejected rows is known in another folder, and by another name")
{
    folder const here;
    auto const before = fs::current_path();
    fs::create_directory(here.of("one"));
    fs::create_directory(here.of("two"));
    auto with = here.options(false);
    with.rejected = "rej.csv";
    fs::current_path(here.of("one"));
    {
        auto const run = here.open(with);
        run->write("p\n1\n");
        run->done(mark(1));
        run->reject("half of a ro");
    }
    with.resume = true;
    fs::current_path(here.of("two"));
    here.write("two/rej.csv", "another run's\n");
    auto const refused = here.refusal(with);
    with.rejected = "../one/./rej.csv";
    auto const known = here.refusal(with);
    fs::current_path(before);
    CHECK_THAT(refused, ContainsSubstring("'rej.csv' has 14 bytes that are not"));
    CHECK(here.read("two/rej.csv") == "another run's\n");
    CHECK(known.empty());
    CHECK(here.read("one/rej.csv").empty());
    with.rejected.clear();
    CHECK_THAT(here.refusal(with),
               ContainsSubstring("'" + fs::canonical(here.of("one")).string() + "/rej.csv'"));
}

TEST_CASE("batch_output: only the run's own file is truncated to the rows that are done")
{
    folder const here;
    {
        auto const run = here.open(false);
        run->write("p\n1");
    }
    // The journal knows nothing of it but which file it was.
    fs::rename(here.of("out.csv"), here.of("kept.csv"));
    here.write("out.csv", "another program's\n");
    CHECK_THAT(here.refusal(here.options(true)), ContainsSubstring("out.csv' has 18 bytes that are not"));
    CHECK(here.read("out.csv") == "another program's\n");
    fs::rename(here.of("kept.csv"), here.of("out.csv"));
    {
        auto const run = here.open(true);
        CHECK(here.read("out.csv").empty());
        run->write("p\n1\n");
        run->done(mark(1));
        run->write("2");
    }
    // A copy is as good only if nothing has to be cut off.
    fs::copy(here.of("out.csv"), here.of("copy.csv"));
    fs::rename(here.of("copy.csv"), here.of("out.csv"));
    CHECK_THAT(here.refusal(here.options(true)),
               ContainsSubstring("out.csv' has 1 byte behind the 4 that the run has done"));
    fs::resize_file(here.of("out.csv"), 4);
    CHECK(here.open(true)->mark() == mark(1));
}

TEST_CASE("batch_output: rows that are rejected late do not move the mark")
{
    folder const here;
    {
        auto const run = here.open(false);
        run->write("p\n1\n");
        run->done(mark(1));
        run->write("2\n");
        run->reject("carat\n3\n");
    }
    CHECK(here.open(true)->mark() == mark(1));
    CHECK(here.read("out.csv") == "p\n1\n");
    CHECK(here.read("rej.csv").empty());
}

namespace {

/// A disk that reports so many errors, each once.
auto fail_while(int& failures)
{
    return [&failures](int) {
        if (failures == 0) return 0;
        --failures;
        errno = EIO;
        return -1;
    };
}

} // namespace

TEST_CASE("batch_output: a journal never names bytes that are not synced to disk")
{
    folder const here;
    auto run = here.open(false);
    run->write("p\n");
    auto const journal = here.read("out.csv.practicus");
    int failures = 1;
    fsync_hook const disk(fail_while(failures));
    run->write("1\n");
    auto const reaches_the_disk = [&] {
        for (std::uint64_t row = 1; failures != 0 && row != 10'000'000; ++row)
            run->done(mark(row));
    };
    CHECK_THROWS_AS(reaches_the_disk(), practicus::error);
    CHECK_THROWS_AS(run->write("2\n"), practicus::error);
    CHECK_THROWS_AS(run->done(mark(1000)), practicus::error);
    CHECK_THROWS_AS(run->finish(), practicus::error);
    run.reset();
    CHECK(here.read("out.csv.practicus") == journal);
}

TEST_CASE("batch_output: a complete run keeps its journal if its end does not reach the disk")
{
    folder const here;
    auto run = here.open(false);
    run->write("p\n");
    auto const journal = here.read("out.csv.practicus");
    int failures = 1;
    fsync_hook const disk(fail_while(failures));
    CHECK_THROWS_AS(run->finish(), practicus::error);
    CHECK_THROWS_AS(run->finish(), practicus::error);
    run.reset();
    CHECK(here.read("out.csv.practicus") == journal);
}

TEST_CASE("batch_output: a run with removed files leaves the journal of the run that replaced it")
{
    folder const here;
    auto old = here.open(false);
    old->write("p\n1\n");
    for (auto const* name : {"out.csv", "rej.csv", "out.csv.practicus"})
        fs::remove(here.of(name));
    auto const run = here.open(false);
    run->write("q\n");
    auto const journal = here.read("out.csv.practicus");
    CHECK_THROWS_WITH(old->finish(), ContainsSubstring("out.csv' was moved, removed or replaced"));
    CHECK(here.read("out.csv.practicus") == journal);
    old.reset();
    CHECK(here.read("out.csv.practicus") == journal);
    fs::remove(here.of("rej.csv"));
    CHECK_THROWS_WITH(run->reject("2\n"), ContainsSubstring("rej.csv' was moved, removed or replaced"));
}

TEST_CASE("batch_output: an output is of one run")
{
    folder const here;
    practicus::model_url const model("http://a/models/m/n/");
    batch_output const out(model, here.of("out.csv"), here.options(false));
    practicus::batch_job job(model, practicus::string_source(""), out.sink());
    out.attach(job);
    CHECK_THROWS_AS(out.attach(job), practicus::error);
}

TEST_CASE("batch_output: a journal is beside the file itself, for any name of the output")
{
    folder const here;
    fs::create_directory(here.of("real"));
    fs::create_directory(here.of("links"));
    fs::create_symlink("../real/out.csv", here.of("links/out.csv"));
    auto const before = fs::current_path();
    fs::current_path(here.of("links"));
    batch_files run("http://a/models/m/", "out.csv", {});
    fs::current_path(before);
    run.write("p\n");
    CHECK(here.has("real/out.csv.practicus"));
    CHECK_FALSE(here.has("links/out.csv.practicus"));
    CHECK(batch_files::journal_of(here.of("links/out.csv")) ==
          fs::canonical(here.of("real/out.csv.practicus")).string());
    run.finish();
    CHECK_FALSE(here.has("real/out.csv.practicus"));
}

TEST_CASE("batch_output: a run that is refused leaves no new file")
{
    folder const here;
    here.write("old.csv", "p\n");
    auto with = here.options(false);
    CHECK_THROWS_AS(batch_files("http://a/models/m/", here.of("old.csv"), with), practicus::error);
    CHECK_FALSE(here.has("rej.csv"));
    with.rejected = here.of("old.csv");
    CHECK_FALSE(here.refusal(with).empty());
    CHECK_FALSE(here.has("out.csv"));
    with.rejected = here.of("no/such/folder.csv");
    CHECK_FALSE(here.refusal(with).empty());
    CHECK_FALSE(here.has("out.csv"));
    with.rejected = here.of("rej.csv");
    with.input = here.of("none.csv");
    CHECK_FALSE(here.refusal(with).empty());
    CHECK_FALSE(here.has("out.csv"));
    CHECK_FALSE(here.has("rej.csv"));
}

TEST_CASE("batch_output: rejected rows do not go where the journal is")
{
    folder const here;
    auto with = here.options(false);
    for (auto const* name : {"out.csv.practicus", "out.csv.practicus.new"}) {
        with.rejected = here.of(name);
        CHECK_THAT(here.refusal(with), ContainsSubstring("is the journal's"));
        CHECK_FALSE(here.has(name));
    }
    leave_run(here);
    auto const journal = here.read("out.csv.practicus");
    with = here.options(true);
    with.rejected = here.of("out.csv.practicus");
    CHECK_THAT(here.refusal(with), ContainsSubstring("is the journal's"));
    CHECK(here.read("out.csv.practicus") == journal);
}

TEST_CASE("batch_output: a run with a header of megabytes is resumed")
{
    folder const here;
    auto done = mark(1);
    done.header = std::string(3 << 20, 'p');
    {
        auto const run = here.open(false);
        run->write(done.header + "\n1\n");
        run->done(done);
    }
    CHECK(here.open(true)->mark() == done);
}

TEST_CASE("batch_output: rejected rows may go to a device, which is never resumed")
{
    folder const here;
    auto with = here.options(false);
    with.rejected = "/dev/null";
    {
        auto const run = here.open(with);
        batch_files("http://a/models/m/", here.of("other.csv"), with).reject("2\n");
        run->write("p\n1\n");
        run->reject("2\n");
        run->done(mark(1, 1));
    }
    with.resume = true;
    auto const run = here.open(with);
    CHECK(run->mark() == mark(1, 1));
    run->reject("3\n");
    run->done(mark(1, 2));
    run->finish();
    with.resume = false;
    with.rejected = here.of("fifo");
    REQUIRE(::mkfifo(with.rejected.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(batch_files("http://a/models/m/", here.of("new.csv"), with),
                      ContainsSubstring("is no file"));
}

TEST_CASE("batch_output: a file of rejected rows must have all of them, and their header line")
{
    folder const here;
    std::string const before = GENERATE("/dev/null", "");
    auto with = here.options(false);
    with.rejected = before;
    {
        auto const run = here.open(with);
        run->write("p\n1\n");
        run->done(mark(1, 1000));
    }
    CHECK_THAT(
        here.refusal(here.options(true)),
        ContainsSubstring("rej.csv' lacks the 1000 rows that the run has rejected so far, which went " +
                          (before.empty() ? "elsewhere" : "to '" + before + "'")));
    CHECK_FALSE(here.has("rej.csv"));
    with.resume = true;
    CHECK(here.open(with)->mark() == mark(1, 1000));
    with.rejected = "/dev/null";
    CHECK(here.open(with)->mark() == mark(1, 1000));
}

TEST_CASE("batch_output: where no journal can be written, no run begins")
{
    folder const here;
    fs::create_directory(here.of("out.csv.practicus.new"));
    CHECK_THAT(here.refusal(here.options(false)), ContainsSubstring("out.csv.practicus.new' cannot be"));
    CHECK_FALSE(here.has("out.csv"));
}

TEST_CASE("batch_output: names reach the disk as the files do")
{
    folder const here;
    std::vector<std::string> synced;
    fsync_hook const disk([&](int descriptor) {
        synced.push_back(fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string());
        return 0;
    });
    auto const has = [&](std::string const& name) {
        return std::ranges::find(synced, fs::canonical(here.of(name)).string()) != synced.end();
    };
    for (auto const* name : {"real", "links", "rejected"})
        fs::create_directory(here.of(name));
    fs::create_symlink("../real/out.csv", here.of("links/out.csv"));
    practicus::batch_output_options with;
    with.rejected = here.of("rejected/rej.csv");
    batch_files run("http://a/models/m/", here.of("links/out.csv"), with);
    run.reject("carat\n2\n");
    CHECK(has("rejected"));
    CHECK(has("real"));
    synced.clear();
    run.finish();
    CHECK(has("real"));
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
    practicus::batch_job job(model, practicus::string_source(""), out.sink());
    out.attach(job);
    CHECK(job.resume == practicus::batch_mark());
    CHECK(job.rejected_rows);
    REQUIRE(job.on_mark);
    job.on_mark(mark(0));
    CHECK(here.has("new.csv.practicus"));
    CHECK(out.mark() == mark(0));
    out.finish();
    CHECK_FALSE(here.has("new.csv.practicus"));
}
