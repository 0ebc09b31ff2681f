// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "interrupts.hpp"

#include <practicus/mock/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <cstdint>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

/// Serves the demo region on 127.0.0.1 until Ctrl-C or SIGTERM. Port 0 is a free port. With `ca_file`, it
/// uses TLS and writes the authority there. At the end it prints the violations of clients; returns 1 if any.
inline int serve_mock_region(
    std::uint16_t port, std::string const& ca_file,
    std::function<void(practicus::mock::server&)> const& prepare = [](practicus::mock::server&) {},
    practicus::mock::openai_options const& chats = practicus::mock::openai_options())
{
    namespace mock = practicus::mock;
    boost::asio::io_context io;
    boost::asio::signal_set signals(io);
    add_interrupts(signals);
    mock::server_options options;
    options.port = port;
    if (!ca_file.empty()) options.tls.emplace();
    mock::server server(io.get_executor(), options);
    server.region().add_demo(chats);
    prepare(server);
    if (!ca_file.empty()) server.write_ca_file(ca_file);
    auto const check_written = [] {
        if (!(std::cout << std::flush)) throw std::runtime_error("standard output cannot be written");
    };
    std::cout << "url:      " << server.url() << "\nemail:    admin@company.com\npassword: practicus\n"
              << "model:    " << server.url() << "/models/practicus/diamond-price/\n";
    check_written();
    signals.async_wait([&](boost::system::error_code, int) { server.stop(); });
    io.run();
    auto const problems = server.problems();
    for (auto const& text : problems)
        std::cerr << "violation: " << text << '\n';
    std::cout << server.count() << " requests, " << problems.size() << " violations\n";
    check_written();
    return problems.empty() ? 0 : 1;
}
