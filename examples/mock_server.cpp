// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A mock region as a program, to try clients on: `mock_server [--port N] [--tls CA_FILE]`. Ctrl-C ends it,
// and prints the violations of clients.

#include "mock_region.hpp"

#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

namespace {

struct arguments
{
    std::uint16_t port = 0;
    std::string ca_file;
};

/// Returns no value if the command line is invalid.
std::optional<arguments> parse(int argc, char** argv)
{
    arguments result;
    for (int i = 1; i < argc; i += 2) {
        std::string_view name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
        if (name == "--port") {
            auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), result.port);
            if (value.empty() || ec != std::errc() || end != value.data() + value.size()) return std::nullopt;
        } else if (name == "--tls" && !value.empty()) {
            result.ca_file = value;
        } else {
            return std::nullopt;
        }
    }
    return result;
}

} // namespace

int main(int argc, char** argv)
{
    auto args = parse(argc, argv);
    if (!args) {
        std::cerr << "usage: mock_server [--port N] [--tls CA_FILE]\n"
                     "  --port N        listen on this port of 127.0.0.1; default: a free one\n"
                     "  --tls CA_FILE   speak TLS, and write the authority that clients are to trust there\n";
        return 2;
    }
    try {
        return serve_mock_region(args->port, args->ca_file);
    } catch (std::exception const& e) {
        std::cerr << "mock_server: " << e.what() << '\n';
        return 1;
    }
}
