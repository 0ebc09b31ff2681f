// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Faults of a mock region: expired tokens, failures, a response that is held back.

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
namespace mock = practicus::mock;
using namespace std::chrono_literals;

void require(bool holds, char const* what)
{
    if (!holds) throw std::runtime_error(what);
}

asio::awaitable<void> tokens_end(practicus::client client, mock::server& region)
{
    auto const model = client.model_url("models/practicus", "diamond-price");
    co_await client.predict(model, "carat\n0.23\n");
    region.region().advance(5h); // by the region's clock, all tokens but the refresh token have ended
    co_await client.predict(model, "carat\n0.23\n");
    require(region.count("POST predict") == 3, "the second one was refused, and sent again");
    require(region.count("POST auth/refresh/") == 1, "a new access token");
}

asio::awaitable<void> answers_fail(practicus::client client, mock::server& region)
{
    auto const apps = "/console/api/apphost/apps/";
    region.expect("GET", apps).reply(429).header("Retry-After", "0"); // answers this, once
    region.expect("GET", apps).cut_after_head(10);                    // closes within the body
    co_await client.apps();                                           // and the region answers the third
    require(region.count("GET apphost/apps/") == 3, "three requests");
}

asio::awaitable<void> answers_wait(practicus::client client, mock::server& region, bool& answered)
{
    mock::gate gate;
    region.expect("GET", "/console/api/central/clusterdefinition/").hold(gate);
    auto const here = co_await asio::this_coro::executor;
    asio::co_spawn(here, client.cluster_info(),
                   [&](std::exception_ptr failed, auto const&) { answered = !failed; });
    co_await client.app_prefixes(); // does not wait for the other operation
    require(!answered, "the gate is closed");
    gate.open();
}

int main()
try {
    mock::server region;
    region.region().add_demo();

    // A model of the test's own, with its predictor.
    mock::model model(7, "answer", mock::prefix("models-test", "models/test"),
                      {mock::version(71, "1", mock::deployment("small", "Small"))});
    model.predicts = [](mock::request const& r) {
        return mock::response(200, "text/plain", std::to_string(r.body.size()) + " bytes came");
    };
    region.region().add(model);

    asio::io_context io;
    practicus::client_options options;
    options.credentials = practicus::credentials::password("admin@company.com", "practicus");
    practicus::client client(io.get_executor(), region.url(), options);
    bool answered = false;
    auto const all = [&]() -> asio::awaitable<void> {
        co_await tokens_end(client, region);
        co_await answers_fail(client, region);
        co_await answers_wait(client, region, answered);
        auto const answer = co_await client.predict(client.model_url("models/test", "answer"), "a,b\n1,2\n");
        require(answer.body == "8 bytes came", "the model's own answer");
    };
    asio::co_spawn(io, all(), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
    require(answered, "the gate was opened");
    for (auto const& fault : region.problems()) // nothing malformed came, every expectation was met
        throw std::runtime_error(fault);
    std::cout << "passed\n";
} catch (std::exception const& e) {
    std::cerr << "mock_faults: " << e.what() << '\n';
    return 1;
}
