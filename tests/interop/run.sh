#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Drives the mock region with other people's clients: curl, and the vendor's SDK.
#
#   tests/interop/run.sh MOCK_BINARY [PRACTICUS_BINARY]
#
# The SDK needs Python 3.11; it is installed once, into `sdk-venv` in the current folder (or $PRACTICUS_SDK_VENV). Where
# that can not be had, the exit code is 77, and a line says why.
set -euo pipefail

mock=$1 practicus=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
venv=${PRACTICUS_SDK_VENV:-$PWD/sdk-venv}
package=practicuscore==24.8.1
scratch=$(mktemp -d)
. "$here/../mock.sh"
trap remove_mock EXIT

skip() {
    echo "SKIPPED: the vendor's SDK: $1"
    exit 77
}

if command -v curl >/dev/null; then
    start_mock
    bash "$here/curl_test.sh" "$url"
    stop_mock
    start_mock --tls "$scratch/ca.pem"
    bash "$here/curl_test.sh" "$url" --cacert "$scratch/ca.pem"
    stop_mock
else
    echo "SKIPPED: curl: it is not installed"
fi

python=${PYTHON311:-python3.11}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || skip "there is no Python 3.11"
if [ ! -f "$venv/complete" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null || skip "Python can make no virtual environment (python3-venv)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$package" > "$scratch/pip.log" 2>&1 || {
        tail -n 3 "$scratch/pip.log"
        skip "$package can not be installed from the package index"
    }
    touch "$venv/complete"
fi

start_mock
mkdir "$scratch/home"
HOME=$scratch/home PRACTICUS_MOCK_URL=$url "$venv/bin/python" "$here/sdk_test.py" -v
stop_mock

# Two regions, and one core.conf for both clients.
[ -n "$practicus" ] || exit 0
"$mock" > "$scratch/second.log" 2>&1 &
second_pid=$!
trap 'kill $second_pid; remove_mock' EXIT
second=
while [ -z "$second" ] && kill -0 $second_pid; do second=$(sed -n 's/^url: *//p' "$scratch/second.log"); done
start_mock
mkdir "$scratch/shared"
HOME=$scratch/shared PRACTICUS_MOCK_URL=$url PRACTICUS_SECOND_URL=$second PRACTICUS_CLI=$practicus \
    "$venv/bin/python" "$here/core_conf_test.py" -v
stop_mock
