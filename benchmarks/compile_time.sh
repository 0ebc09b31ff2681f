#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END'
benchmarks/compile_time.sh [--rounds N] [COMPILER [FLAG...]]

What including <practicus.hpp> costs a file, in the compiler's processor time, beside Boost's own headers that its user
needs anyway (Asio, SSL, Beast, JSON, URL): headers alone, with PRACTICUS_SEPARATE_COMPILATION, and <practicus/src.hpp>, which
is compiled once. Rounds take turns; printed are medians, the spread, and ratios made round by round. Default: 5 rounds of
g++ -std=c++20 -O2.
END
}

rounds=5
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=${2:?--rounds needs a number} && shift 2 ;;
    -*) usage && exit 0 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || set -- g++ -std=c++20 -O2

root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
printf '#include <boost/%s.hpp>\n' asio asio/ssl beast beast/ssl json url > boost.cpp
echo '#include <practicus.hpp>' > headers.cpp
cp headers.cpp separate.cpp
echo '#include <practicus/src.hpp>' > source.cpp

# seconds NAME [FLAG...]: user and system time of compiling NAME.cpp.
TIMEFORMAT='%U %S'
seconds() {
    local name=$1
    shift
    { time "${compiler[@]}" -I"$root/include" "$@" -c "$name.cpp" -o /dev/null >&2; } 2>&1 | awk '{ print $1 + $2 }'
}
compiler=("$@")
for ((round = 0; round != rounds; ++round)); do
    echo "$(seconds boost) $(seconds headers) $(seconds separate -DPRACTICUS_SEPARATE_COMPILATION)" \
        "$(seconds source -DPRACTICUS_SEPARATE_COMPILATION)"
done > rounds.txt

echo "${compiler[*]}, $("${compiler[0]}" -dumpfullversion -dumpversion), $rounds rounds"
python3 - <<'END'
from statistics import median

rows = [[float(x) for x in line.split()] for line in open("rounds.txt")]
for column, name in enumerate(("Boost's own headers", "practicus, headers alone", "practicus, compiled separately",
                               "<practicus/src.hpp>, once")):
    took = [row[column] for row in rows]
    ratio = [row[column] / row[0] for row in rows]
    print(f"{name:32} {median(took):6.2f} s ({min(took):.2f} to {max(took):.2f}),"
          f" {median(ratio):5.2f} of Boost's ({min(ratio):.2f} to {max(ratio):.2f})")
END
