#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# async_server_test.sh MOCK_SERVER ASYNC_SERVER: 40 requests, and one that the model refuses.

set -euo pipefail
mock=$1 async_server=$2
scratch=$(mktemp -d)
. "$(dirname "$0")/mock.sh"
trap remove_mock EXIT

start_mock
"$async_server" "$url" admin@company.com practicus 41 > "$scratch/port" &
pid=$!
until [ -s "$scratch/port" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
port=$(cat "$scratch/port")
one() { curl --silent --max-time 20 --data-binary $'carat\n0.23\n' "http://127.0.0.1:$port/"; }
first=$(one)
[ "$(wc -l <<< "$first")" = 2 ]
clients=()
for _ in 1 2 3; do
    (for _ in $(seq 13); do [ "$(one)" = "$first" ]; done) &
    clients+=($!)
done
for client in "${clients[@]}"; do wait "$client"; done
[ "$(curl --silent --max-time 20 --output "$scratch/body" --write-out '%{http_code}' --data '' \
    "http://127.0.0.1:$port/")" = 422 ]
wait $pid
stop_mock
