// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "flows.hpp"
#include "peer.hpp"

int main(int argc, char** argv)
{
    auto versions = bench::library_versions();
    versions["practicus"] = BENCHMARK_PRACTICUS_VERSION;
    return bench::run({"practicus",
                       versions,
                       bench::make_client_loop,
                       {{"events", bench::events},
                        {"flow_cold", bench::flow_cold},
                        {"flow_warm", bench::flow_warm},
                        {"tokens", bench::tokens_of_all},
                        {"waiters", bench::waiters}}},
                      argc, argv);
}
