// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "peer.hpp"

int main(int argc, char** argv)
{
    auto const make = [](bench::loop_options const& options) {
        return bench::make_beast_loop(options, bench::care::usual);
    };
    return bench::run({"beast", bench::library_versions(), make, {}}, argc, argv);
}
