#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# benchmarks/run.sh [ARGUMENT...]
#
# Installs what is missing (Debian 12, Debian 13, Ubuntu 24.04), builds the benchmarks in build/benchmarks and runs them:
# that of the transport with the arguments; without any, with a soak of 1,000,000 exchanges, and those of the tokens and
# the predictions.
# Figures are printed to standard output.
# PRACTICUS_NO_INSTALL=1 keeps it from installing packages.

set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"

{
    practicus_install "to build the benchmarks" $practicus_build_packages $(practicus_boost_packages)
    cmake -S "$root" -B "$root/build/benchmarks" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
        -DPRACTICUS_BUILD_TESTS=OFF -DPRACTICUS_BUILD_EXAMPLES=OFF -DPRACTICUS_BUILD_BENCHMARKS=ON
    cmake --build "$root/build/benchmarks" --target transport tokens predictions
} >&2

if [ $# -gt 0 ]; then exec "$root/build/benchmarks/benchmarks/transport" "$@"; fi
"$root/build/benchmarks/benchmarks/transport" --soak 1000000
"$root/build/benchmarks/benchmarks/tokens"
"$root/build/benchmarks/benchmarks/predictions"
