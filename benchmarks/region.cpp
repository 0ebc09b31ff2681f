// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A mock region with many models, for the peers' whole flows: `region MODELS`. Prints its url. For each line
// on standard input it prints the requests since the last one as a line of JSON. Ends with its input.

#include "measure.hpp"
#include "numbers.hpp"

#include <practicus/mock/server.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

namespace {

namespace mock = practicus::mock;
namespace json = boost::json;

void add_models(mock::region& region, std::size_t count)
{
    mock::prefix const prefix("models-many", "models/many");
    mock::deployment const deployment("deployment-small", "Small");
    region.add_demo().add_model_prefix(prefix);
    for (std::size_t i = 0; i != count; ++i) {
        auto const id = static_cast<std::int64_t>(1000 + i);
        region.add(mock::model(id, "model-" + std::to_string(i), prefix,
                               {mock::version(1'000'000 + id, 1, deployment)}));
    }
}

} // namespace

int main(int argc, char** argv)
try {
    auto const models = bench::to_number<std::size_t>(argc == 2 ? argv[1] : "");
    if (!models) {
        std::cerr << "usage: region MODELS\n";
        return 2;
    }
    bench::raise_descriptor_limit();
    mock::server_options listening;
    listening.keep_requests = 1;
    mock::server server(listening);
    add_models(server.region(), *models);
    std::cout << "plain: " << server.url() << '\n' << std::flush;
    std::uint64_t connections = 0;
    for (std::string line; std::getline(std::cin, line);) {
        json::object routes;
        for (auto const& [route, count] : server.region().counts())
            routes[route] = count;
        json::object const answer{{"requests", server.count()},
                                  {"connections", server.connections() - connections},
                                  {"routes", routes},
                                  {"violations", server.problems().size()}};
        connections = server.connections();
        server.region().reset_counts();
        std::cout << json::serialize(answer) << '\n' << std::flush;
    }
} catch (std::exception const& e) {
    std::cerr << "region: " << e.what() << '\n';
    return 1;
}
