// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Error handling: errors and their details, retries, a deadline, cancellation, against a mock region that
// fails on request.

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <variant>

namespace asio = boost::asio;
using namespace std::chrono_literals;

char const* remedy(practicus::error const& e)
{
    if (e.code() == practicus::errc::not_found) return "check the model's name";
    if (practicus::is_auth_error(e.code())) return "log in again, or ask for the right";
    if (practicus::is_retryable(e.code())) return "try again later";
    return "read the code's comment in error.hpp";
}

void report(practicus::error const& e)
{
    std::cout << e.what() << "\n  -> " << remedy(e) << '\n';
    if (!e.info().server_message.empty())
        std::cout << "  the server says: " << e.info().server_message << '\n';
}

asio::awaitable<void> run(practicus::client client, practicus::mock::server& region)
{
    // An unknown model.
    try {
        co_await client.session_token(client.model_url("models/practicus", "no-such-model"));
    } catch (practicus::error const& e) {
        report(e);
    }

    // A region that restarts: the first two responses are failures, and the retries succeed.
    region.expect("GET", "/console/api/modelhost/models/").reply(503, R"({"detail":"restarting"})").times(2);
    std::cout << (co_await client.models()).size() << " models, after " << client.stats().retries
              << " retries\n";

    // A region that is down for longer.
    region.expect("GET", "/console/api/modelhost/models/").reply(503, R"({"detail":"restarting"})").times(3);
    try {
        co_await client.models();
    } catch (practicus::error const& e) {
        report(e);
    }

    // A region that does not answer.
    region.expect("GET", "/console/api/apphost/apps/").stall();
    auto const hurried = client.with(practicus::call_options().timeout(1s));
    try {
        co_await hurried.apps();
    } catch (practicus::error const& e) {
        report(e);
    }
}

void cancel(asio::io_context& io, practicus::client client, practicus::mock::server& region)
{
    region.expect("GET", "/console/api/apphost/apps/").stall();
    asio::cancellation_signal stop;
    asio::co_spawn(io, client.apps(),
                   asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr failed, auto const&) {
                       try {
                           if (failed) std::rethrow_exception(failed);
                       } catch (practicus::error const& e) {
                           if (e.code() == asio::error::operation_aborted) std::cout << "cancelled\n";
                       }
                   }));
    asio::steady_timer timer(io, 500ms);
    timer.async_wait([&](auto) { stop.emit(asio::cancellation_type::terminal); });
    io.run();
}

int main()
{
    practicus::mock::server region;
    region.region().add_demo();

    asio::io_context io;
    practicus::client_options options;
    options.credentials = practicus::credentials::password("admin@company.com", "practicus");
    options.observer = [](practicus::event const& e) {
        if (auto const* again = std::get_if<practicus::events::retried>(&e))
            std::clog << again->request << ": status " << again->status << ", again in "
                      << std::chrono::duration_cast<std::chrono::milliseconds>(again->pause).count()
                      << " ms\n";
    };
    practicus::client client(io.get_executor(), region.url(), options);

    int result = 1;
    asio::co_spawn(io, run(client, region), [&](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        result = 0;
    });
    io.run();
    io.restart();
    cancel(io, client, region);
    return region.problems().empty() ? result : 1;
}
