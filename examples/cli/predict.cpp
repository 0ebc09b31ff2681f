// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../progress.hpp"
#include "session.hpp"
#include "standard_stream.hpp"
#include "target.hpp"

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

practicus::predict_options how_to_call(predict_arguments const& arguments)
{
    practicus::predict_options how;
    how.content_type(arguments.content_type);
    if (arguments.content_type.starts_with("text/csv")) how.answer_type("text/csv");
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

/// Also of files that are not there yet.
void check_distinct(std::string const& one, std::string const& other)
{
    std::error_code none;
    if (one.empty() || other.empty() || one == "-" || other == "-") return;
    if (one == other || (is_file(one) && std::filesystem::equivalent(one, other, none)))
        throw usage_error("'" + one + "' and '" + other + "' are one file");
}

/// Where rows come from.
struct input
{
    input(session& s, std::string const& path)
    {
        if (path == "-") {
            stream.emplace(s.context(), STDIN_FILENO);
        } else if (!is_file(path)) {
            stream.emplace(s.context(), STDIN_FILENO, path);
        } else {
            practicus::csv_input const file(path);
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

/// Nobody's file is written over.
void check_results(std::string const& path, predict_arguments const& arguments)
{
    std::error_code none;
    if (path.empty() || path == "-" || arguments.resume || !is_file(path)) return;
    if (std::filesystem::file_size(path, none) > 0 && !none)
        throw usage_error("'" + path + "' is there already; " +
                          (is_whole(arguments) ? "remove it first" : "--resume goes on with it"));
}

/// A file of results: new, or with those of the run that is gone on with.
practicus::csv_output open_results(std::string const& path)
{
    practicus::csv_output file(path);
    if (file.size() != 0 && file.rows() == 0)
        throw usage_error("'" + path + "' holds no whole row to go on behind; remove it first");
    return file;
}

/// Where predictions go.
struct output
{
    output(session& s, predict_arguments const& arguments)
    {
        auto const& path = arguments.output;
        if (path != "-" && is_file(path)) {
            file.emplace(open_results(path));
            return;
        }
        if (path == "-")
            stream.emplace(s.context(), STDOUT_FILENO);
        else
            stream.emplace(s.context(), STDOUT_FILENO, path);
    }

    practicus::body_sink sink()
    {
        if (file) return file->sink();
        return [this](std::string text) { return stream->write(std::move(text)); };
    }

    std::uint64_t rows() const { return file ? file->rows() : 0; }

    std::optional<standard_stream> stream;
    std::optional<practicus::csv_output> file;
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

/// Before a file is touched: fails at once where the region can not be reached, or has no such model. Batches
/// would be sent again for a long time, as is right for a model that has too much to do or restarts. (A
/// token would not do: it may be one that another program has left.)
void check_model(session& s, practicus::model_url const& url)
{
    using practicus::errc;
    try {
        s.run(s.client().model_metadata(url));
    } catch (practicus::error const& e) {
        if (e.code() != errc::unavailable && e.code() != errc::too_many_requests) throw;
    }
}

int predict_whole(session& s, practicus::model_url const& url, predict_arguments const& arguments)
{
    input from(s, arguments.input);
    check_model(s, url);
    output to(s, arguments);
    auto body = s.run(read_all(from.source()));
    s.run(s.client().predict(url, std::move(body), how_to_call(arguments).sink(to.sink())));
    return exit_code::success;
}

/// `began_with`: the results' size when this run began.
void say_how_to_go_on(predict_arguments const& arguments, std::uint64_t began_with)
{
    std::error_code none;
    auto const size = std::filesystem::file_size(arguments.output, none);
    if (size > began_with && !none)
        std::cerr << "practicus: the same command with --resume goes on where it ended\n";
}

int predict_rows(session& s, practicus::model_url const& url, predict_arguments const& arguments)
{
    input from(s, arguments.input);
    check_model(s, url);
    output to(s, arguments);
    std::optional<practicus::csv_output> rejected;
    if (!arguments.rejected.empty()) rejected.emplace(open_results(arguments.rejected));
    // Not between predictions on the same screen.
    bool const apart = to.file || ::isatty(STDOUT_FILENO) == 0;
    progress_display progress(from.size, false);

    practicus::batch_job job(url, from.source(), to.sink());
    job.rows(arguments.rows).in_flight(arguments.in_flight).calls(how_to_call(arguments));
    job.patience(std::chrono::seconds(arguments.patience)).total_bytes(from.size);
    job.resume(to.rows(), rejected ? rejected->rows() : 0);
    if (to.file) job.resumed_header(to.file->header());
    if (rejected) job.failed_to(rejected->sink());
    job.on_progress([&](practicus::batch_progress const& p) {
        if (apart) progress(p);
    });
    std::optional<practicus::batch_progress> end;
    try {
        end = s.run(s.client().predict_batches(job));
    } catch (...) {
        if (apart) progress.end();
        if (to.file) say_how_to_go_on(arguments, to.file->size());
        throw;
    }
    if (apart) progress.end();
    if (end->rows + end->failed_rows == 0)
        std::cerr << "practicus: the CSV has a header and no rows"
                  << (end->batches == 0 ? ", which the model refuses; nothing is written\n" : "\n");
    if (end->failed_rows == 0) return exit_code::success;
    std::cerr << "practicus: " << end->failed_rows << " of " << end->rows + end->failed_rows
              << (end->failed_rows == 1 ? " rows was refused; it is in '"
                                        : " rows were refused; they are in '")
              << arguments.rejected << "'\n";
    return exit_code::rows_refused;
}

} // namespace

int predict(settings const& with, predict_arguments const& arguments)
{
    check_distinct(arguments.input, arguments.output);
    check_distinct(arguments.input, arguments.rejected);
    check_distinct(arguments.output, arguments.rejected);
    bool const whole = is_whole(arguments);
    if (whole && (arguments.resume || !arguments.rejected.empty()))
        throw usage_error("--resume and --rejected are for batches of CSV");
    if (arguments.rejected == "-") throw usage_error("--rejected needs a file");
    if (arguments.resume && (arguments.output == "-" || !is_file(arguments.output)))
        throw usage_error("--resume needs an OUTPUT that is a file");
    check_results(arguments.output, arguments);
    check_results(arguments.rejected, arguments);
    session s(with, choose_region(with, arguments.model));
    auto const url = target_url<practicus::model_url>(s.client().service_url(), arguments.model);
    if (whole) return predict_whole(s, url, arguments);
    return predict_rows(s, url, arguments);
}

} // namespace cli
