// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Logs in to a region, lists what it has, and gets a session token for a model; `quickstart --help` shows the
// options. Credentials come from PRT_TOKEN, or PRT_EMAIL and PRT_PASSWORD, or a prompt.

#include "terminal.hpp"

#include <practicus.hpp>
#include <practicus/format.hpp>
#include <practicus/mock/server.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <optional>

namespace asio = boost::asio;

asio::awaitable<void> run(practicus::client client, practicus::credentials user, std::string model,
                          bool show_token)
{
    co_await client.login(std::move(user));
    std::cout << "Logged in to " << client.service_url().str() << "\n\n";
    std::cout << practicus::to_table(co_await client.model_prefixes()) << '\n';

    auto const models = co_await client.models();
    std::cout << practicus::to_table(models) << '\n';
    auto const usable = practicus::deployed(models);
    if (model.empty() && usable.empty()) throw std::runtime_error("no model is deployed");

    auto const url = model.empty() ? client.model_url(usable.front().prefix.prefix, usable.front().name)
                                   : practicus::model_url(client.service_url(), model);
    auto const token = co_await client.session_token(url);
    std::cout << "The session token for " << url.str();
    if (auto const life = token.lifetime()) std::cout << " lives " << life->count() / 60 << " minutes";
    std::cout << ".\n";
    if (show_token) std::cout << token.reveal() << '\n';
}

int main(int argc, char** argv)
try {
    std::string url, ca_file, model;
    bool show_token = false;
    CLI::App app("Logs in to a Practicus AI region and gets a session token for a model.");
    app.add_option("--url", url, "the service url; without one, a mock region is made")->envname("PRT_URL");
    app.add_option("--ca-file", ca_file, "certificate authorities to trust beside the system's (PEM)");
    app.add_option("--model", model, "prefix/name[/version]; default: the first that is deployed");
    app.add_flag("--show-token", show_token, "print the token itself");
    CLI11_PARSE(app, argc, argv);

    std::optional<practicus::mock::server> mock;
    if (url.empty()) mock.emplace().region().add_demo();
    auto user = mock ? practicus::credentials::password("admin@company.com", "practicus") : ask_credentials();
    practicus::client_options options;
    options.tls.ca_file = ca_file;

    asio::io_context io;
    practicus::client client(io.get_executor(), mock ? mock->url() : url, std::move(options));
    asio::co_spawn(io, run(client, std::move(user), model, show_token), [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
} catch (practicus::error const& e) {
    std::cerr << "quickstart: " << e.what() << '\n';
    if (!e.info().server_message.empty()) std::cerr << "The region says: " << e.info().server_message << '\n';
    return 1;
} catch (std::exception const& e) {
    std::cerr << "quickstart: " << e.what() << '\n';
    return 2;
}
