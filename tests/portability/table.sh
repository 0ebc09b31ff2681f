#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END_OF_USAGE'
tests/portability/table.sh [--cache DIR] [ROW...]

Builds and tests practicus, optimised, on fresh Debians with their compilers and their Boost, as root, and prints a table of
the results. A row is SUITE:COMPILER[:BOOST]; without rows: bookworm, trixie and sid, each with g++ and clang++. Each takes
about half an hour on two processors.

  --cache DIR   as of chroot.sh; each row's log is left there
END_OF_USAGE
}

rows=(bookworm:g++ bookworm:clang++-16 trixie:g++ trixie:clang++:1.88 sid:g++ sid:clang++)

here=$(cd "$(dirname "$0")" && pwd)
cache=${PRACTICUS_CHROOT_CACHE:-$here/../../build/chroot}
while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=${2:?--cache needs a folder} && shift 2 ;;
    --help | -h) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) break ;;
    esac
done
[ $# -eq 0 ] || rows=("$@")
mkdir -p "$cache"

trap 'exit 130' INT TERM
failed=0 table=()
for row in "${rows[@]}"; do
    IFS=: read -r suite compiler boost <<<"$row"
    log=$cache/$suite-$compiler${boost:+-$boost}.log
    echo "=== $row: $log"
    "$here/chroot.sh" --cache "$cache" "$suite" tests/portability/row.sh "$compiler" "${boost:--}" >"$log" 2>&1 || failed=1
    line=$(tail -n 1 "$log")
    [ "${line:0:2}" = "| " ] || line="| $compiler | ${boost:-} | | | | | did not run |"
    table+=("| $suite $line")
done

echo "| Debian | compiler | Boost | OpenSSL | zlib | Catch2 | CMake | tests |"
echo "|---|---|---|---|---|---|---|---|"
printf '%s\n' "${table[@]}"
exit $failed
