// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Sends a CSV file through a model and writes the predictions, in order; `batch_inference --help` shows the
// options. An interrupted run is resumed by the same command. Credentials come from PRT_TOKEN, or PRT_EMAIL
// and PRT_PASSWORD, or a prompt.

#include "interrupts.hpp"
#include "progress.hpp"
#include "terminal.hpp"

#include <practicus.hpp>
#include <practicus/batch.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/csv_file.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;

namespace {

int explain(std::exception_ptr const& failed, std::string const& output)
{
    try {
        std::rethrow_exception(failed);
    } catch (practicus::error const& e) {
        if (e.code() == asio::error::operation_aborted) {
            std::cerr << "batch_inference: interrupted; the same command goes on with " << output << '\n';
            return 130;
        }
        std::cerr << "batch_inference: " << e.what() << '\n';
        if (!e.info().server_message.empty())
            std::cerr << "The region says: " << e.info().server_message << '\n';
    } catch (std::exception const& e) {
        std::cerr << "batch_inference: " << e.what() << '\n';
    }
    return 1;
}

} // namespace

int main(int argc, char** argv)
try {
    std::string url, ca_file, model, input, output, rejected;
    std::size_t rows = 1000, in_flight = 64;
    bool gzip = false;
    CLI::App app("Sends a CSV file through a model; run again, it goes on where it ended.");
    app.add_option("--url", url, "the service url")->envname("PRT_URL")->required();
    app.add_option("--ca-file", ca_file, "certificate authorities to trust beside the system's (PEM)");
    app.add_option("--rows", rows, "rows in a batch")->capture_default_str()->check(CLI::PositiveNumber);
    app.add_option("--in-flight", in_flight, "batches at once")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_flag("--gzip", gzip, "compress what is sent, and what comes back");
    app.add_option("--rejected", rejected, "where rows go that the model refuses; else they end the run");
    app.add_option("MODEL", model, "prefix/name[/version]")->required();
    app.add_option("INPUT", input, "a CSV file with a header line")->required();
    app.add_option("OUTPUT", output, "the predictions")->required();
    CLI11_PARSE(app, argc, argv);

    practicus::client_options options;
    options.tls.ca_file = ca_file;
    options.credentials = ask_credentials();
    asio::io_context io;
    practicus::client client(io.get_executor(), url, std::move(options));

    practicus::file_source const in(input);
    practicus::batch_output_options files;
    files.input = input;
    files.rejected = rejected;
    files.resume = true;
    practicus::model_url const target(client.service_url(), model);
    practicus::batch_output const out(target, output, files);
    progress_display progress(in.size());

    practicus::batch_job job(target, in.source(), out.sink());
    out.attach(job);
    job.max_rows = rows;
    job.in_flight = in_flight;
    job.total_bytes = in.size();
    job.on_progress = [&](practicus::batch_progress const& p) { progress(p); };
    if (gzip)
        job.request_options = practicus::predict_options().encoding(practicus::content_encoding::gzip());

    // Ctrl-C ends the run; the written output stays.
    asio::cancellation_signal stop;
    asio::signal_set interrupts(io);
    add_interrupts(interrupts);
    interrupts.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) stop.emit(asio::cancellation_type::terminal);
        interrupts.clear(); // a second one ends the program
    });
    int result = 0;
    asio::co_spawn(io, practicus::predict_batches(client, job),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr failed, practicus::batch_progress const& end) {
                           interrupts.cancel();
                           progress.end();
                           if (failed) {
                               result = explain(failed, output);
                               return;
                           }
                           out.finish();
                           std::cerr << end.rows << " rows are predicted";
                           if (end.failed_rows != 0) std::cerr << ", " << end.failed_rows << " were refused";
                           std::cerr << ".\n";
                       }));
    io.run();
    return result;
} catch (std::exception const& e) {
    std::cerr << "batch_inference: " << e.what() << '\n';
    return 2;
}
