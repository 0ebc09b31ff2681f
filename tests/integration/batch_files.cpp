// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A batch client as a process of its own, that is killed in the middle: what it had written is gone on with.

#include "fixture.hpp"
#include "forked.hpp"
#include "frequent_failures.hpp"
#include "temporary_folder.hpp"

#include <practicus/batch.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/mock/prediction.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// In kB; the most that a process has had.
long peak_memory(std::string const& process = "self")
{
    std::ifstream status("/proc/" + process + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
    return 0;
}

void write_rows(fs::path const& file, int count)
{
    std::ofstream out(file, std::ios::binary);
    out << "carat,cut,colour,clarity,depth,table,x,y,z,remark\n";
    for (int i = 0; i != count; ++i)
        out << i << ",\"very, \"\"good\"\"\",H,SI1,61." << i % 10 << ",55,5.27,5.25,3.24,\"" << i * 7919L
            << " a remark of some length, in quotes, for " << i << "\"\n";
}

/// A hash of predictions, and how many there are.
struct digest
{
    std::uint64_t hash = 14695981039346656037ULL;
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
    bool operator==(digest const&) const = default;

    void add(char c)
    {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        ++bytes;
    }

    void add(std::string_view line)
    {
        for (char const c : line)
            add(c);
        add('\n');
        ++lines;
    }
};

digest read_digest(fs::path const& file)
{
    digest result;
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);)
        result.add(line);
    // The hash takes every line for one with a line feed; the size tells whether that is so.
    CHECK(result.bytes == fs::file_size(file));
    return result;
}

/// The straight computation: a row a line here.
digest compute_digest(fs::path const& file)
{
    digest result;
    result.add("prediction");
    std::ifstream in(file, std::ios::binary);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line))
        result.add(practicus::mock::predict_row(line));
    return result;
}

/// A region whose tokens are short-lived, and which fails at random.
struct rough_region : fixture
{
    rough_region() : fixture(server_with([&](auto& o) { o.keep_requests = 10; }))
    {
        server.region().configure([&](auto& s) {
            s.session_lifetime = 5s;
            s.access_lifetime = 5s;
        });
        fail_often(server, "/models/", 101, "0");
    }
};

pid_t start_child(std::string const& url, fs::path const& dir, int rows)
{
    return start_test("batches: a process that may be killed",
                      {"PRACTICUS_TEST_URL=" + url, "PRACTICUS_TEST_DIR=" + dir.string(),
                       "PRACTICUS_TEST_ROWS=" + std::to_string(rows)});
}

/// Kills the client so often, each time when it has written some more; then lets it end.
void run_killed(int count, int batch, int kills, std::optional<long> memory_limit)
{
    temporary_folder const here;
    auto const in = here.path / "in.csv", out = here.path / "out.csv";
    write_rows(in, count);
    rough_region f;
    long peak = 0;
    for (int killed = 0;; ++killed) {
        auto const child = start_child(f.server.url(), here.path, batch);
        auto const expected = static_cast<std::uintmax_t>(count) * 7 * static_cast<unsigned>(killed + 1) /
                              static_cast<unsigned>(kills + 1);
        int status = 0;
        if (killed < kills) {
            auto const reached = comes([&] {
                std::error_code none;
                return fs::exists(out, none) && fs::file_size(out, none) > expected;
            });
            peak = std::max(peak, peak_memory(std::to_string(child)));
            ::kill(child, SIGKILL);
            ::waitpid(child, &status, 0);
            REQUIRE(reached);
            continue;
        }
        ::waitpid(child, &status, 0);
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
        break;
    }
    CHECK_FALSE(fs::exists(here.path / "out.csv.practicus"));
    auto const found = read_digest(out);
    CHECK(found.lines == static_cast<std::uint64_t>(count) + 1);
    CHECK(found == compute_digest(in));
    long last = 0;
    std::ifstream(here.path / "peak") >> last;
    peak = std::max(peak, last);
    std::cout << count << " rows, " << fs::file_size(in) / 1'000'000 << " MB, killed " << kills
              << " times: a client had at most " << peak / 1024 << " MB\n";
    if (memory_limit) CHECK(peak < *memory_limit);
}

} // namespace

TEST_CASE("batches: a process that may be killed", "[.child]")
{
    auto const* const url = std::getenv("PRACTICUS_TEST_URL");
    auto const* const dir = std::getenv("PRACTICUS_TEST_DIR");
    auto const* const rows = std::getenv("PRACTICUS_TEST_ROWS");
    if (url == nullptr || dir == nullptr || rows == nullptr) return;
    asio::io_context io;
    practicus::client client(io.get_executor(), url, options_with([&](auto& o) {
                                 o.credentials = fixture::password();
                                 o.retry.initial_backoff = 1ms;
                             }));
    practicus::file_source const in(std::string(dir) + "/in.csv");
    auto const model = client.model_url("models/practicus", "diamond-price");
    practicus::batch_output_options with;
    with.input = std::string(dir) + "/in.csv";
    with.resume = true;
    practicus::batch_output const out(model, std::string(dir) + "/out.csv", with);
    practicus::batch_job job(model, in.source(), out.sink());
    out.attach(job);
    job.max_rows = std::max<std::size_t>(1, std::strtoul(rows, nullptr, 10));
    job.in_flight = 32;
    ends e;
    asio::co_spawn(io, predict_batches(client, job), [&](std::exception_ptr failed, auto const&) {
        e.add(failed);
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
    CHECK(e.served == 1);
    out.finish();
    std::ofstream(std::string(dir) + "/peak") << peak_memory();
}

TEST_CASE("batches: a run is resumed with its version of the model only")
{
    temporary_folder const here;
    auto const path = (here.path / "out.csv").string();
    practicus::model_url const model("https://a.b/models/m/");
    practicus::batch_output_options with;
    with.model_version = "2";
    {
        practicus::batch_job job(model, practicus::string_source("h\n1\n"), {});
        practicus::batch_output const out(model, path, with);
        CHECK_THROWS_AS(out.attach(job), practicus::error);
        job.model_version = "v2";
        out.attach(job);
        practicus::batch_mark mark;
        mark.rows = 1;
        job.on_mark(mark);
    }
    with.resume = true;
    for (auto const* const version : {"", "1"}) {
        with.model_version = version;
        CHECK_THROWS_WITH(
            practicus::batch_output(model, path, with),
            Catch::Matchers::ContainsSubstring("the model was 'https://a.b/models/m/ version 2'"));
    }
    with.model_version = "v2";
    CHECK(practicus::batch_output(model, path, with).mark().rows == 1);
}

TEST_CASE("batches: a run is resumed in its own form only")
{
    temporary_folder const here;
    auto const path = (here.path / "out.jsonl").string();
    practicus::model_url const model("https://a.b/models/m/");
    practicus::batch_output_options with;
    with.json_lines.emplace().path = "embeddings";
    {
        practicus::batch_job job(model, practicus::string_source("1\n"), {});
        practicus::batch_output const out(model, path, with);
        CHECK_THROWS_WITH(out.attach(job), Catch::Matchers::ContainsSubstring("json_lines"));
        job.json_lines = with.json_lines;
        out.attach(job);
        practicus::batch_mark mark;
        mark.rows = 1;
        job.on_mark(mark);
    }
    with.resume = true;
    auto other = with;
    for (auto const& change : std::initializer_list<std::function<void()>>{
             [&] { other.json_lines.reset(); }, [&] { other.json_lines->path = "chat/completions"; },
             [&] { other.json_lines->pack = 2; }, [&] { other.json_lines->openai = true; }}) {
        other = with;
        change();
        CHECK_THROWS_WITH(
            practicus::batch_output(model, path, other),
            Catch::Matchers::ContainsSubstring("the form was 'lines to path 'embeddings' in packs of 1'"));
    }
    CHECK(practicus::batch_output(model, path, with).mark().rows == 1);
}

TEST_CASE("batches: a client that is killed three times in 20,000 rows")
{
    run_killed(20'000, 50, 3, std::nullopt);
}

TEST_CASE("batches: a million rows, through kills, expiry and failures", "[.soak]")
{
    // A sanitizer takes memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    run_killed(100'000, 100, 3, std::nullopt);
#else
    // A whole run by one client, and one that is killed.
    run_killed(1'000'000, 500, 0, 64 * 1024);
    run_killed(1'000'000, 500, 3, 64 * 1024);
#endif
}
