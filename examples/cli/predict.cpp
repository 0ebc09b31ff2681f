// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../progress.hpp"
#include "session.hpp"
#include "standard_stream.hpp"
#include "target.hpp"

#include <practicus/batch.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/lz4.hpp>

#include <chrono>
#include <filesystem>

#include <unistd.h>

namespace cli {

namespace {

std::optional<practicus::content_encoding> encoding_of(std::string const& name)
{
    if (name == "gzip") return practicus::content_encoding::gzip();
    if (name == "zlib") return practicus::content_encoding::zlib();
    if (name == "deflate") return practicus::content_encoding::deflate();
    if (name == "lz4") return practicus::lz4_encoding();
    return std::nullopt;
}

bool is_whole(predict_arguments const& arguments)
{
    return arguments.whole || arguments.content_type != "text/csv";
}

bool is_json_lines(predict_arguments const& arguments)
{
    auto const& input = arguments.input;
    return arguments.json_lines || arguments.openai || !arguments.path.empty() || arguments.pack != 1 ||
           (!is_whole(arguments) && (input.ends_with(".jsonl") || input.ends_with(".ndjson")));
}

practicus::predict_options how_to_call(predict_arguments const& arguments)
{
    practicus::predict_options how;
    how.content_type(arguments.content_type);
    bool const is_csv = arguments.content_type.starts_with("text/csv") && !is_json_lines(arguments);
    if (is_csv) how.response_type("text/csv");
    if (auto const encoding = encoding_of(arguments.encoding)) how.encoding(*encoding);
    return how;
}

bool is_file(std::string const& path)
{
    std::error_code none;
    auto const is = std::filesystem::status(path, none);
    if (std::filesystem::is_directory(is)) throw usage_error("'" + path + "' is a folder");
    return !std::filesystem::exists(is) || std::filesystem::is_regular_file(is);
}

/// Also for files that do not exist yet.
void check_distinct(std::string const& one, std::string const& other)
{
    std::error_code none;
    if (one.empty() || other.empty() || one == "-" || other == "-") return;
    if (one == other || (is_file(one) && std::filesystem::equivalent(one, other, none)))
        throw usage_error("'" + one + "' and '" + other + "' are one file");
}

/// The source of the rows.
struct input
{
    input(session& s, std::string const& path)
    {
        if (path == "-") {
            stream.emplace(s.context(), STDIN_FILENO);
        } else if (!is_file(path)) {
            stream.emplace(s.context(), STDIN_FILENO, path);
        } else {
            practicus::file_source const file(path);
            size = file.size();
            from_file = file.source();
        }
    }

    practicus::body_source source()
    {
        if (stream) return [this] { return stream->read(); };
        return from_file;
    }

    std::optional<standard_stream> stream;
    practicus::body_source from_file;
    std::uint64_t size = 0;
};

/// Excludes the system's names of open descriptors (`/dev/stdout`).
bool is_results_file(std::string const& path)
{
    std::error_code none;
    auto const whole = std::filesystem::absolute(path, none).lexically_normal().string();
    bool const is_system =
        whole.starts_with("/proc/") || (whole.starts_with("/dev/") && !whole.starts_with("/dev/shm/"));
    return path != "-" && !is_system && is_file(path);
}

/// Throws if an output exists already. A `batch_output` checks more, but only after a request to the region.
void check_results(std::string const& path, predict_arguments const& arguments)
{
    std::error_code none;
    if (path.empty() || arguments.resume || !is_results_file(path)) return;
    auto const journal = practicus::batch_output::journal_of(path);
    if (std::filesystem::exists(journal, none))
        throw usage_error("'" + path +
                          "' is of a run that has not ended; --resume goes on with it. To begin " +
                          "again, remove it and '" + journal + "'");
    if (std::filesystem::file_size(path, none) > 0 && !none)
        throw usage_error("'" + path + "' is there already; remove it first");
}

std::optional<practicus::json_lines_options> lines_of(predict_arguments const& arguments)
{
    if (!is_json_lines(arguments)) return std::nullopt;
    practicus::json_lines_options lines;
    lines.path = arguments.path;
    lines.openai = arguments.openai;
    lines.pack = arguments.pack;
    return lines;
}

/// The options that decide the results, in words.
std::string options_of(predict_arguments const& arguments)
{
    if (is_json_lines(arguments) || arguments.rejected.empty()) return "";
    return "batches of " + std::to_string(arguments.rows) + " rows";
}

/// Files with a journal. A failure that another command would avoid is a usage error.
practicus::batch_output open_results(practicus::model_url const& url, predict_arguments const& arguments)
{
    practicus::batch_output_options with;
    if (arguments.input != "-" && is_file(arguments.input)) with.input = arguments.input;
    with.rejected = arguments.rejected;
    with.model_version = arguments.version;
    with.json_lines = lines_of(arguments);
    with.options = options_of(arguments);
    with.resume = arguments.resume;
    try {
        return practicus::batch_output(url, arguments.output, with);
    } catch (practicus::error const& e) {
        if (e.code() == practicus::errc::invalid_argument) throw usage_error(e.info().message);
        throw;
    }
}

/// The sink of the predictions, without a journal.
struct output
{
    output(session& s, std::string const& path)
    {
        if (is_results_file(path))
            file.emplace(path);
        else if (path == "-")
            stream.emplace(s.context(), STDOUT_FILENO);
        else
            stream.emplace(s.context(), STDOUT_FILENO, path);
    }

    practicus::body_sink sink()
    {
        if (file) return file->sink();
        return [this](std::string text) { return stream->write(std::move(text)); };
    }

    std::optional<standard_stream> stream;
    std::optional<practicus::file_sink> file;
};

boost::asio::awaitable<std::string> read_all(practicus::body_source from)
{
    std::string all;
    while (true) {
        auto reading = from();
        auto const piece = co_await std::move(reading);
        if (piece.empty()) co_return all;
        all += piece;
    }
}

/// Fails at once, before a file is touched, if the region is unreachable or has no such model. Batches would
/// be retried for a long time, which is right only for a model that is overloaded or restarts. (A token or an
/// id that another program has stored is not sufficient.)
void check_model(session& s, practicus::model_url const& url)
{
    using practicus::errc;
    if (!s.has_login()) return;
    auto const client = s.client().with(practicus::call_options().ask_id());
    try {
        run_for(s, url, client.model_id(url));
    } catch (practicus::error const& e) {
        if (e.code() != errc::unavailable && e.code() != errc::too_many_requests) throw;
    }
}

int predict_whole(session& s, practicus::model_url const& url, predict_arguments const& arguments)
{
    input from(s, arguments.input);
    check_model(s, url);
    output to(s, arguments.output);
    auto body = s.run(read_all(from.source()));
    s.run(s.client().predict(url, std::move(body), how_to_call(arguments).sink(to.sink())));
    return exit_code::success;
}

/// Tells which versions have answered, if several have.
void tell_versions(practicus::batch_progress const& end)
{
    if (end.versions.size() < 2) return;
    std::string words;
    for (auto const& [version, responses] : end.versions)
        words.append(words.empty() ? "" : ", ")
            .append(version.empty() ? "no version" : version)
            .append(": ")
            .append(std::to_string(responses));
    complain("several versions of the model have answered (batches by version: " + words +
             "); --only-version accepts one");
}

void say_how_to_go_on(std::string const& path)
{
    std::error_code none;
    if (std::filesystem::exists(practicus::batch_output::journal_of(path), none))
        complain("the same command with --resume goes on where it ended");
}

/// The job without what depends on the files.
practicus::batch_job make_job(practicus::model_url const& url, predict_arguments const& arguments,
                              input& from, practicus::body_sink to)
{
    practicus::batch_job job(url, from.source(), std::move(to));
    job.json_lines = lines_of(arguments);
    job.max_rows = arguments.rows;
    job.in_flight = arguments.in_flight;
    job.request_options = how_to_call(arguments);
    job.retry_for = std::chrono::seconds(arguments.patience);
    job.total_bytes = from.size;
    job.model_version = arguments.version;
    return job;
}

/// Tells what a run has left out. Returns the exit code.
int tell_end(practicus::batch_progress const& end, predict_arguments const& arguments)
{
    bool const is_lines = is_json_lines(arguments);
    tell_versions(end);
    auto const all = end.rows + end.failed_rows;
    if (all == 0)
        complain(is_lines ? std::string("the input has no lines")
                 : end.batches != 0
                     ? std::string("the CSV has a header and no rows")
                     : std::string("the CSV has a header and no rows, which the model refuses; "
                                   "nothing is written"));
    if (end.failed_rows == 0) return exit_code::success;
    complain(std::to_string(end.failed_rows) + " of " + std::to_string(all) +
             (is_lines ? " lines " : " rows ") +
             (end.failed_rows == 1 ? "was refused; it is in '" : "were refused; they are in '") +
             arguments.rejected + "'");
    return exit_code::rows_refused;
}

int predict_rows(session& s, practicus::model_url const& url, predict_arguments const& arguments)
{
    input from(s, arguments.input);
    check_model(s, url);
    std::optional<practicus::batch_output> results;
    std::optional<output> to;
    if (is_results_file(arguments.output))
        results.emplace(open_results(url, arguments));
    else
        to.emplace(s, arguments.output);
    // Not between predictions on the same screen.
    bool const apart = results || ::isatty(STDOUT_FILENO) == 0;
    progress_display progress(from.size, false);

    auto job = make_job(url, arguments, from, results ? results->sink() : to->sink());
    if (results)
        results->attach(job);
    else if (!arguments.rejected.empty())
        job.rejected_rows = practicus::file_sink(arguments.rejected).sink();
    job.on_progress = [&](practicus::batch_progress const& p) {
        if (apart) progress(p);
        progress.explain(p);
    };
    std::optional<practicus::batch_progress> end;
    try {
        end = s.run(practicus::predict_batches(s.client(), job));
    } catch (...) {
        if (apart) progress.end();
        if (results) say_how_to_go_on(arguments.output);
        throw;
    }
    if (apart) progress.end();
    if (results) results->finish();
    return tell_end(*end, arguments);
}

} // namespace

int predict(settings const& with, predict_arguments const& arguments)
{
    check_distinct(arguments.input, arguments.output);
    check_distinct(arguments.input, arguments.rejected);
    check_distinct(arguments.output, arguments.rejected);
    bool const whole = is_whole(arguments);
    if (whole && (arguments.resume || !arguments.rejected.empty() || !arguments.version.empty()))
        throw usage_error("--resume, --rejected and --only-version are for batches");
    if (whole && is_json_lines(arguments))
        throw usage_error("JSON Lines are no --whole and have no --content-type");
    if (arguments.openai && !arguments.path.empty())
        throw usage_error("--path is not for --openai: each line has its url");
    if (arguments.rejected == "-") throw usage_error("--rejected needs a file");
    if (arguments.resume && !is_results_file(arguments.output))
        throw usage_error("--resume needs an OUTPUT that is a file");
    check_results(arguments.output, arguments);
    check_results(arguments.rejected, arguments);
    session s(with, choose_region(with, arguments.model));
    auto const url = target_url<practicus::model_url>(s.client().service_url(), arguments.model);
    if (whole) return predict_whole(s, url, arguments);
    return predict_rows(s, url, arguments);
}

} // namespace cli
