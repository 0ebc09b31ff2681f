// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// operations URL EMAIL PASSWORD: each operation of a client once, as the reference shows it.

#include <practicus.hpp>
#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/format.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<practicus::client> log_in(std::string url, std::string email, std::string password)
{
    // clang-format off
//! [client]
practicus::client client(co_await asio::this_coro::executor, url);
//! [client]

//! [client_2]
asio::io_context io;
practicus::client const elsewhere(io, url);
//! [client_2]
std::cout << elsewhere.service_url() << '\n';

//! [get_executor]
asio::post(client.get_executor(), [] { std::cout << "on the client's executor\n"; });
//! [get_executor]

//! [login]
co_await client.login(email, password);
//! [login]

//! [login_2]
auto const account = practicus::credentials::password(email, password);
co_await client.login(account);
//! [login_2]

//! [username]
std::cout << "logged in as " << client.username() << '\n';
//! [username]

//! [refresh]
co_await client.refresh();
//! [refresh]

//! [service_url]
std::cout << client.service_url() << '\n';
//! [service_url]
    // clang-format on
    co_return client;
}

asio::awaitable<void> list(practicus::client client)
{
    // clang-format off
//! [with]
auto const hurried = client.with(practicus::call_options().timeout(5s));
std::cout << (co_await hurried.models()).size() << " models\n";
//! [with]

//! [cluster_info]
auto const cluster = co_await client.cluster_info();
std::cout << cluster.region_name << '\n';
//! [cluster_info]

//! [model_prefixes]
auto const prefixes = co_await client.model_prefixes();
std::cout << practicus::to_table(prefixes);
//! [model_prefixes]

//! [models]
auto const models = co_await client.models();
std::cout << practicus::to_table(practicus::deployed(models));
// With a callback.
client.models([](practicus::error_code code, std::vector<practicus::model> const& all) {
    std::cout << code.message() << ": " << all.size() << " models\n";
});
// With a code instead of an exception.
auto operation = client.models(asio::as_tuple(asio::deferred));
auto const [code, all] = co_await std::move(operation);
std::cout << code.message() << ": " << all.size() << " models\n";
//! [models]

//! [model_deployments]
auto const deployments = co_await client.model_deployments();
std::cout << practicus::to_csv(deployments);
//! [model_deployments]

//! [app_prefixes]
auto const groups = co_await client.app_prefixes();
std::cout << practicus::to_table(groups);
//! [app_prefixes]

//! [apps]
for (auto const& app : co_await client.apps())
    std::cout << client.app_url(app.prefix.prefix, app.name) << '\n';
//! [apps]

//! [addons]
auto const addons = co_await client.addons();
std::cout << practicus::to_json(addons);
//! [addons]
    // clang-format on
}

asio::awaitable<void> get_tokens(practicus::client client)
{
    // clang-format off
//! [model_url]
auto const model = client.model_url("models/practicus", "diamond-price");
auto const in_production = client.model_url("models/practicus", "diamond-price", "prod");
//! [model_url]

//! [app_url]
auto const app = client.app_url("apps/tools", "viewer");
//! [app_url]

//! [model_id]
auto const id = co_await client.model_id(model);
//! [model_id]
std::cout << id << ' ' << in_production << '\n';

//! [model_metadata]
auto const metadata = co_await client.model_metadata(model);
std::cout << metadata.values.size() << " values\n";
//! [model_metadata]

//! [session_token]
auto const token = co_await client.session_token(model);
std::string const authorization = "Bearer " + std::string(token.reveal());
//! [session_token]

//! [session_token_2]
auto const for_uploads = co_await client.session_token(model, practicus::token_purpose::upload);
//! [session_token_2]
std::cout << for_uploads.value().size() << " bytes\n";

//! [session_token_3]
auto const app_token = co_await client.session_token(app);
//! [session_token_3]

//! [session_token_4]
auto const app_upload = co_await client.session_token(app, practicus::token_purpose::upload);
//! [session_token_4]
std::cout << app_upload.value().size() << " bytes\n";

//! [addon_session_token]
auto const addon_token = co_await client.addon_session_token("langflow");
//! [addon_session_token]

//! [cached_session_token]
auto cached = client.cached_session_token(model);
if (!cached) cached = co_await client.session_token(model);
//! [cached_session_token]

//! [cached_session_token_2]
auto cached_app = client.cached_session_token(app);
if (!cached_app) cached_app = co_await client.session_token(app);
//! [cached_session_token_2]

//! [cached_addon_session_token]
auto cached_addon = client.cached_addon_session_token("langflow");
if (!cached_addon) cached_addon = co_await client.addon_session_token("langflow");
//! [cached_addon_session_token]

//! [invalidate_session_token]
// The model has answered 401 to a request of another library.
if (client.invalidate_session_token(model, token)) co_await client.session_token(model);
//! [invalidate_session_token]

//! [invalidate_session_token_2]
client.invalidate_session_token(app, app_token);
//! [invalidate_session_token_2]

//! [invalidate_addon_session_token]
client.invalidate_addon_session_token("langflow", addon_token);
//! [invalidate_addon_session_token]
    // clang-format on
    std::cout << authorization.size() << " bytes\n";
}

asio::awaitable<void> predict(practicus::client client)
{
    auto const model = client.model_url("models/practicus", "diamond-price");
    // clang-format off
//! [predict]
auto const answer = co_await client.predict(model, "carat,cut\n0.23,Ideal\n");
std::cout << answer.body;
//! [predict]

//! [predict_2]
practicus::predict_options options;
options.first_byte(60s);
auto const patient = co_await client.predict(model, "carat,cut\n0.23,Ideal\n", options);
//! [predict_2]
std::cout << patient.body;

//! [predict_3]
practicus::body_source const pieces = practicus::string_source("carat,cut\n0.21,Premium\n");
auto const streamed = co_await client.predict(model, pieces);
//! [predict_3]
std::cout << streamed.body;

//! [predict_4]
practicus::body_source const more = practicus::string_source("carat,cut\n0.22,Good\n");
auto const waited = co_await client.predict(model, more, options);
//! [predict_4]
std::cout << waited.body;

//! [call]
auto asked = practicus::request().content_type("text/csv").body("carat,cut\n0.23,Ideal\n");
asked.field("X-Trace", "1").patience(60s);
auto const called = co_await client.call(model, asked);
std::cout << called.body << "by version " << called.served_by().model_version << '\n';
//! [call]

//! [predict_batches]
practicus::body_sink const print = [](std::string rows) -> asio::awaitable<void> {
    std::cout << rows;
    co_return;
};
practicus::batch_job const job(model, practicus::string_source("carat\n0.23\n0.21\n"), print);
auto const end = co_await practicus::predict_batches(client, job);
std::cout << end.rows << " rows\n";
//! [predict_batches]

//! [json_lines]
practicus::json_lines_options lines;
lines.path = "chat/completions";
practicus::batch_job chats(model, practicus::string_source("{\"messages\":[]}\n"), print);
chats.json_lines = lines;
//! [json_lines]
    // clang-format on
}

void leave(practicus::client const& client)
{
    // clang-format off
//! [stats]
std::cout << client.stats().exchanges << " requests\n";
//! [stats]

//! [close_idle]
client.close_idle();
//! [close_idle]

//! [logout]
client.logout();
//! [logout]

//! [close]
client.close();
//! [close]
    // clang-format on
}

asio::awaitable<void> run(std::string url, std::string email, std::string password)
{
    auto const client = co_await log_in(std::move(url), std::move(email), std::move(password));
    co_await list(client);
    co_await get_tokens(client);
    co_await predict(client);
    leave(client);
}

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io;
    int result = 1;
    asio::co_spawn(io, run(argv[1], argv[2], argv[3]), [&](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        result = 0;
    });
    io.run();
    return result;
}
