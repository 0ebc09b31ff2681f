// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The lean server on its own, so that peers in any language meet the same one: `lean_server CA_FILE
// [MODELS]`. Prints its two urls, and ends with SIGTERM or Ctrl-C.

#include "lean_service.hpp"
#include "measure.hpp"
#include "numbers.hpp"

#include <practicus/mock/certificate.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstddef>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

int main(int argc, char** argv)
try {
    auto const models = bench::to_number<std::size_t>(argc == 3 ? argv[2] : "100000");
    if (argc < 2 || argc > 3 || !models) {
        std::cerr << "usage: lean_server CA_FILE [MODELS]\n"
                     "  CA_FILE  where to write the authority that clients are to trust\n"
                     "  MODELS   how many are listed (100000)\n";
        return 2;
    }
    bench::raise_descriptor_limit();
    practicus::mock::certificate_authority const authority;
    std::ofstream(argv[1]) << authority.pem();
    if (!std::ifstream(argv[1])) throw std::runtime_error(std::string(argv[1]) + " cannot be written");

    boost::asio::io_context io{1};
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
    bench::lean_service const service(io, authority.issue(), *models);
    std::cout << "plain: http://127.0.0.1:" << service.port(false)
              << "\ntls: https://127.0.0.1:" << service.port(true) << '\n'
              << std::flush;
    io.run();
} catch (std::exception const& e) {
    std::cerr << "lean_server: " << e.what() << '\n';
    return 1;
}
