// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// async_server URL EMAIL PASSWORD [REQUESTS]
//
// A small HTTP server, on every core, that answers each POST with a model's prediction for its body. One
// client and its token cache serve all connections. Prints its port; ends after REQUESTS requests, if given.

#include <practicus.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

struct shared_state
{
    practicus::client client;
    practicus::model_url model;
    asio::any_io_executor threads;
    long most;
    tcp::acceptor& acceptor;
    std::atomic<long> served = 0;
};

/// The status for a failure of the model.
unsigned status_of(practicus::error const& e)
{
    if (practicus::is_retryable(e.code())) return 503;
    return e.info().status >= 400 && e.info().status < 500 ? 422 : 502;
}

asio::awaitable<http::response<http::string_body>> answer(shared_state& state,
                                                          http::request<http::string_body> request)
{
    http::response<http::string_body> result(http::status::ok, request.version());
    result.keep_alive(request.keep_alive());
    try {
        auto const client = state.client.with(practicus::call_options().timeout(std::chrono::seconds(10)));
        auto predicted = co_await client.predict(state.model, std::move(request.body()));
        result.set(http::field::content_type, predicted.content_type);
        result.body() = std::move(predicted.body);
    } catch (practicus::error const& e) {
        std::cerr << "async_server: " << e.what() << '\n';
        result.result(status_of(e));
    }
    result.prepare_payload();
    co_return result;
}

asio::awaitable<void> serve(shared_state& state, tcp::socket socket)
{
    boost::beast::tcp_stream stream(std::move(socket));
    boost::beast::flat_buffer buffer;
    bool more = true;
    while (more) {
        http::request<http::string_body> request;
        stream.expires_after(std::chrono::seconds(60));
        co_await http::async_read(stream, buffer, request, asio::use_awaitable);
        auto const result = co_await answer(state, std::move(request));
        co_await http::async_write(stream, result, asio::use_awaitable);
        more = result.keep_alive();
        if (++state.served == state.most) {
            asio::post(state.acceptor.get_executor(), [&state] { state.acceptor.close(); });
            more = false;
        }
    }
}

asio::awaitable<void> listen(shared_state& state)
{
    asio::steady_timer pause(state.acceptor.get_executor());
    while (true) {
        // A strand a connection: its coroutine may run on any thread, but on one at a time.
        asio::any_io_executor const strand = asio::make_strand(state.threads);
        boost::system::error_code failed;
        auto accepted =
            state.acceptor.async_accept(strand, asio::redirect_error(asio::use_awaitable, failed));
        auto socket = co_await std::move(accepted);
        if (failed == asio::error::operation_aborted) co_return;
        if (!failed) {
            asio::co_spawn(strand, serve(state, std::move(socket)), asio::detached);
            continue;
        }
        // Out of descriptors, for example: try again later.
        std::cerr << "async_server: " << failed.message() << '\n';
        pause.expires_after(std::chrono::milliseconds(100));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

} // namespace

int main(int argc, char** argv)
try {
    if (argc != 4 && argc != 5) return 2;
    asio::thread_pool threads;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    practicus::client client(threads.get_executor(), argv[1], options);
    tcp::acceptor acceptor(asio::make_strand(threads), {asio::ip::address_v4::loopback(), 0});
    shared_state state{client, client.model_url("models/practicus", "diamond-price"), threads.get_executor(),
                       argc == 5 ? std::stol(argv[4]) : -1, acceptor};
    std::cout << acceptor.local_endpoint().port() << std::endl;
    asio::co_spawn(acceptor.get_executor(), listen(state), asio::detached);
    threads.join();
} catch (std::exception const& e) {
    std::cerr << "async_server: " << e.what() << '\n';
    return 1;
}
