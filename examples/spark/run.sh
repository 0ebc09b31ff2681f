#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# examples/spark/run.sh [--engine spark|ray|dask] [--rows N] [--files N] [--kill N]
# examples/spark/run.sh [--engine spark|ray|dask] --install
#
# Installs what is missing (Debian 12, Debian 13, Ubuntu 24.04; PySpark from the Python package index), builds the command line,
# starts a mock region, and sends 1,000,000 rows through its model: by the command line alone, then by a Spark cluster of two
# workers on this machine. Compares the rows by hash, and prints both times. --kill kills executors on the way. --install
# installs what is missing, and no more.
# PRACTICUS_NO_INSTALL=1 keeps it from installing packages of the distribution. PRACTICUS names a command line that is built.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/cmake/packages.sh"

engine=spark install=0 previous=
for argument in "$@"; do
    [ "$argument" != --install ] || install=1
    [ "$previous" != --engine ] || engine=$argument
    previous=$argument
done
java=
case $engine in
spark) packages="pyspark==4.0.1 pandas==2.3.3 pyarrow==21.0.0" java=java=default-jre-headless ;;
ray) packages="ray[data]==2.49.2 pandas==2.3.3 pyarrow==21.0.0" ;;
dask) packages="dask[dataframe]==2025.9.1 pandas==2.3.3 pyarrow==21.0.0" ;;
*) echo "usage: $0 [--engine spark|ray|dask] [--rows N] [--files N] [--kill N]" >&2 && exit 2 ;;
esac
venv=$root/build/$engine

# Nothing of the user's own region.
unset PRT_URL PRT_TOKEN PRT_SESSION_TOKEN PRT_SESSION_TOKEN_FILE PRT_EMAIL PRT_PASSWORD PRACTICUS_TOKEN_STORE

# What is not the example's own output goes to standard error.
{
    practicus_install "to run the example" $practicus_build_packages $practicus_example_packages $(practicus_boost_packages) \
        ca-certificates python3-venv $java
    if [ "$(cat "$venv/complete" 2>/dev/null)" != "$packages" ]; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check $packages
        echo "$packages" > "$venv/complete"
    fi
    [ $install = 0 ] || exit 0
    if [ -z "${PRACTICUS:-}" ]; then
        cmake -S "$root" --preset examples
        cmake --build "$root/build/examples" --target practicus_cli
        PRACTICUS=$root/build/examples/examples/cli/practicus
    fi
} >&2

scratch=$(mktemp -d)
mock=
# Spark's workers write their logs below its own folder.
trap '[ -z "$mock" ] || kill "$mock" 2>/dev/null; rm -rf "$scratch" "$venv"/lib/python*/site-packages/pyspark/work' EXIT
: > "$scratch/mock.log"
"$PRACTICUS" mock > "$scratch/mock.log" &
mock=$!
PRT_URL=
while [ -z "$PRT_URL" ]; do
    kill -0 "$mock" 2>/dev/null || { echo "The mock region has ended" >&2 && exit 1; }
    PRT_URL=$(sed -n 's/^url: *//p' "$scratch/mock.log")
    sleep 0.1
done

# The workers inherit one session token of the model: none of them logs in.
export PRACTICUS PRT_URL
PRT_SESSION_TOKEN=$(PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus "$PRACTICUS" token models/practicus/diamond-price)
export PRT_SESSION_TOKEN PYSPARK_PYTHON=$venv/bin/python PYTHONDONTWRITEBYTECODE=1 SPARK_LOCAL_IP=127.0.0.1
cd "$scratch"
"$venv/bin/python" "$root/examples/spark/job.py" "$scratch" "$@"
