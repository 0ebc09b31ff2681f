#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# examples/run.sh [ARGUMENT...]
#
# Installs what is missing (Debian 12, Debian 13, Ubuntu 24.04), builds the quickstart in build/examples and runs it
# with the arguments: against a mock region of its own, or against the region that --url names.
# PRACTICUS_NO_INSTALL=1 keeps it from installing packages.

set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"

# What is not the example's own output goes to standard error.
{
    practicus_install "to build the examples" \
        $practicus_build_packages $practicus_example_packages $(practicus_boost_packages)
    cmake -S "$root" --preset examples
    cmake --build "$root/build/examples" --target quickstart
} >&2

exec "$root/build/examples/examples/quickstart" "$@"
