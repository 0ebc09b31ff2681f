#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END'
benchmarks/run.sh [--quick] [--only WORK]... [--rounds N] [--output DIR]

Measures practicus beside what one would use instead of it, on Debian 12, Debian 13 or Ubuntu 24.04: installs what is
missing, builds in build/benchmarks, and lets every contender do the same work against the same server, in rounds that
take turns. Prints a table, and writes it to DIR with the figures (JSON, CSV) and plots (SVG, PNG).

  --quick       fewer points and short rounds: under 2 minutes, the build not counted
  --only WORK   exchange, listing, memory, load, predict, events, flow, tokens, cached or transport; may be given more than once
  --rounds N    so many rounds of each contender
  --output DIR  default: build/benchmarks/results

What cannot run is named at the end. PRACTICUS_NO_INSTALL=1 keeps it from installing packages.
The machine should do nothing else meanwhile.
END
}

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/benchmarks
output=$build/results options=()
while [ $# -gt 0 ]; do
    case $1 in
    --quick) options+=(--quick) && shift ;;
    --only) options+=(--only "${2:?--only needs the name of a work}") && shift 2 ;;
    --rounds) options+=(--rounds "${2:?--rounds needs a number}") && shift 2 ;;
    --output) output=${2:?--output needs a folder} && shift 2 ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
mkdir -p "$output"
output=$(cd "$output" && pwd)
. "$root/cmake/packages.sh"

# Whatever a peer lacks is said, and it is left out: the others are measured all the same.
attempt() {
    local what=$1 log=$build/$2.log
    shift 2
    "$@" > "$log" 2>&1 && return 0
    echo "$what: failed; the last lines of $log:"
    tail -n 5 "$log"
}

# make_venv FOLDER PIP_ARGUMENT...: again only if something else is asked for.
make_venv() {
    local venv=$1 wanted
    shift
    wanted="$* $([ "$1" != -r ] || cat "$2")"
    [ "$(cat "$venv/complete" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "$venv" && /usr/bin/python3 -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" && echo "$wanted" > "$venv/complete"
}

# What was built before is not run instead, if it cannot be built.
build_go() { rm -f "$build/peer_go" && (cd "$root/benchmarks/peers/go" && GOTOOLCHAIN=local go build -trimpath -o "$build/peer_go" .); }
build_rust() { rm -f "$build/rust/release/peer_rust" && (cd "$root/benchmarks/peers/rust" && cargo build --release --locked --target-dir "$build/rust"); }

{
    practicus_install "to build the benchmarks" $practicus_build_packages $(practicus_boost_packages) liblz4-dev
    practicus_install "the peers, and to plot" $practicus_benchmark_packages $(practicus_front_packages)
    # Lines are for profile.py; the code is the same.
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG -g1" \
        -DPRACTICUS_BUILD_TESTS=OFF -DPRACTICUS_BUILD_EXAMPLES=OFF -DPRACTICUS_BUILD_BENCHMARKS=ON
    cmake --build "$build" --target benchmark_programs
    # Fetched from their registries by their own clients: modules, crates and packages of pinned versions.
    ! command -v go >/dev/null || attempt "the peer in Go" go build_go
    ! command -v cargo >/dev/null || attempt "the peer in Rust" rust build_rust
    attempt "the peers in Python" python make_venv "$build/venv" -r "$root/benchmarks/peers/python/requirements.txt"
    attempt "the vendor's SDK" sdk make_venv "$build/sdk-venv" practicuscore==24.8.1
} >&2

cd "$root/benchmarks"
exec /usr/bin/python3 -B -m harness --build "$build" --output "$output" "${options[@]}"
