#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# smoke.sh LEAN_SERVER REGION EVENT_SERVER PEER...: a few exchanges of each peer, and each work once, to see that they work.
# Their speed on a machine that does other things as well says nothing.

set -euo pipefail
lean=$1 region=$2 events=$3
shift 3
scratch=$(mktemp -d)
pids=()
# The region ends with its input, so it gets one that lasts as long as this.
mkfifo "$scratch/input"
exec 9<> "$scratch/input"
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# start NAME ARGUMENT...: sets `url`, that of the line `plain`.
start() {
    local log=$scratch/$1
    shift
    : > "$log"
    "$@" > "$log" < "$scratch/input" 9<&- &
    pids+=($!)
    url=
    while [ -z "$url" ] && kill -0 "${pids[-1]}" 2>/dev/null; do url=$(sed -n 's/^plain: //p' "$log"); done
    [ -n "$url" ] || { echo "${1##*/} does not start" && exit 1; }
}

start lean "$lean" "$scratch/ca.pem" 100
plain=$url
until tls=$(sed -n 's/^tls: //p' "$scratch/lean") && [ -n "$tls" ]; do :; done

for peer in "$@"; do
    "$peer" --url "$plain" --exchanges 40 --connections 4
    "$peer" --url "$plain" --work load --rate 500 --seconds 0.1 --connections 4
    [ "${peer##*/}" != peer_bare ] || continue
    "$peer" --url "$tls" --ca "$scratch/ca.pem" --exchanges 40 --connections 4
    "$peer" --url "$plain" --work listing --exchanges 1
    "$peer" --url "$plain" --work memory --connections 10
    "$peer" --url "$plain" --work predict --exchanges 2
    [ "${peer##*/}" = peer_practicus ] || continue
    "$peer" --url "$plain" --work waiters --connections 10
    for encoding in gzip zlib deflate lz4; do
        "$peer" --url "$plain" --work predict --encoding $encoding --bytes 10000 --exchanges 2
    done
    start events "$events"
    "$peer" --url "$url" --work events --exchanges 40 --connections 4 --rate 1000
    "$peer" --url "$url" --work events --exchanges 40 --connections 4 --rate 0
    start region "$region" 10
    "$peer" --url "$url" --work flow_cold --exchanges 1
    "$peer" --url "$url" --work flow_warm --exchanges 5
    "$peer" --url "$url" --work tokens --exchanges 10
done
