// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// predict URL EMAIL PASSWORD: predictions for a few rows, compressed; a streamed response, shown word by
// word; and a long text in batches.

#include <practicus.hpp>
#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

asio::awaitable<void> show(std::string piece)
{
    std::cout << piece << std::flush;
    co_return;
}

asio::awaitable<void> collect(std::string& to, std::string piece)
{
    to += piece;
    co_return;
}

asio::awaitable<void> run(practicus::client client)
{
    auto const diamonds = client.model_url("models/practicus", "diamond-price");
    auto const gzip = practicus::predict_options().encoding(practicus::content_encoding::gzip());
    auto const answer = co_await client.predict(diamonds, "carat,cut\n0.23,Ideal\n0.21,Premium\n", gzip);
    std::cout << answer.body;

    // Source, sink and callbacks are made before the co_await.
    practicus::predict_options streaming;
    streaming.content_type("application/json").sink(show);
    co_await client.predict(client.model_url("llm", "assistant"), R"({"prompt": "one word at a time\n"})",
                            streaming);

    std::string text = "carat,cut\n", predictions;
    for (int i = 0; i != 10'000; ++i)
        text += std::to_string(i) + ",Ideal\n";
    practicus::body_sink const sink = [&](std::string piece) {
        return collect(predictions, std::move(piece));
    };
    practicus::batch_job job(diamonds, practicus::string_source(text), sink);
    job.max_rows = 500;
    job.in_flight = 32;
    job.request_options = gzip;
    job.on_progress = [](practicus::batch_progress const& p) {
        std::cerr << p.rows << " rows, " << p.in_flight << " of " << p.limit << " batches in flight\n";
    };
    auto const end = co_await practicus::predict_batches(client, job);
    std::cout << end.rows << " rows in " << end.batches << " batches\n";
}

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    practicus::client client(io.get_executor(), argv[1], options);
    int result = 1;
    asio::co_spawn(io, run(client), [&](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        result = 0;
    });
    io.run();
    return result;
}
