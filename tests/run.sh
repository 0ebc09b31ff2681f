#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END'
tests/run.sh [--preset NAME]... [--filter REGEX] [--soak] [--jobs N]

Runs every test of practicus on Debian 12, Debian 13 or Ubuntu 24.04: installs what is missing, builds in build/NAME, and
runs the tests in three configurations (release, asan, tsan). Fails if a test failed or none ran.

  --preset NAME   only this configuration; may be given more than once
  --filter REGEX  only the tests whose name matches
  --soak          the long tests too
  --jobs N        how much at once; default: the number of processors

PRACTICUS_NO_INSTALL=1 keeps it from installing packages.
END
}

presets=() filter="" soak=0 jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
    --preset) presets+=("${2:?--preset needs a name}") && shift 2 ;;
    --filter) filter=${2:?--filter needs a regular expression} && shift 2 ;;
    --soak) soak=1 && shift ;;
    --jobs) jobs=${2:?--jobs needs a number} && shift 2 ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
[ ${#presets[@]} -gt 0 ] || presets=(release asan tsan)

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. cmake/packages.sh
practicus_install "to build and run the tests" \
    $practicus_build_packages $practicus_example_packages $(practicus_boost_packages) $practicus_test_packages \
    $(practicus_front_packages)

# ccache is for these builds alone: the environment variable reaches the consumers' builds as well. Without paths in the
# hash, another checkout of the same files finds what this one has compiled.
if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros
    export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
fi
export CTEST_OUTPUT_ON_FAILURE=1

# ThreadSanitizer's runtime may find its memory taken where addresses are randomised with many bits.
quiet_addresses() {
    if setarch -R true 2>/dev/null; then exec setarch -R "$@"; else exec "$@"; fi
}

select=(--no-tests=ignore)
[ -z "$filter" ] || select+=(--tests-regex "$filter")
[ $soak = 1 ] || select+=(--label-exclude soak)

# The tests of one configuration run while the next one is built: many of them wait for something else than a processor.
results=() running="" tested="" log=""
trap '[ -z "$running" ] || kill "$running" 2>/dev/null || true' EXIT
finish_tests() {
    [ -n "$running" ] || return 0
    wait "$running" || true
    running=""
    echo "=== tests of $tested"
    cat "$log"
}
for preset in "${presets[@]}"; do
    echo "=== build of $preset"
    result=build/$preset/results.xml
    rm -f "$result"
    results+=("$preset=$result")
    built=0
    cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$jobs" -- -k 0 || built=$?
    finish_tests
    [ $built = 0 ] || continue
    tested=$preset log=build/$preset/tests.log
    quiet_addresses ctest --preset "$preset" --parallel "$jobs" --test-output-size-passed 300000 \
        --output-junit "$root/$result" "${select[@]}" >"$log" 2>&1 &
    running=$!
done
finish_tests

echo "=== summary"
python3 -B tests/summary.py ${filter:+--filtered} "${results[@]}"
