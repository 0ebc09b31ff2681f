#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# The client through a real server in front of a mock region.
#
#   tests/interop/proxies.sh nginx|haproxy PROGRAM
#
# Starts the front on free ports, with all its files in a scratch folder, and runs PROGRAM (through_proxy.cpp), which has
# the region. Where the front is not installed, the exit code is 77, and a line says so.
set -euo pipefail

front=$1 program=$2
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

for needed in "$front" openssl; do
    if ! command -v "$needed" >/dev/null; then
        echo "SKIPPED: $front: $needed is not installed"
        exit 77
    fi
done

scratch=$(mktemp -d)
front_pid=
stop_front() {
    [ -z "$front_pid" ] || { kill "$front_pid" && wait "$front_pid"; } 2>/dev/null || true
    front_pid=
}
trap 'stop_front; rm -rf "$scratch"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=practicus test front" \
    -addext "subjectAltName=IP:127.0.0.1" -keyout "$scratch/key.pem" -out "$scratch/ca.pem" 2>"$scratch/openssl.log" ||
    { cat "$scratch/openssl.log" && exit 1; }
cat "$scratch/ca.pem" "$scratch/key.pem" > "$scratch/front.pem"

listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the range of ephemeral ports, so that no outgoing connection takes one in between.
names=(PLAIN TLS BUSY SHORT REGION)
choose_ports() {
    local first=$((20000 + RANDOM % 12000)) i
    for i in "${!names[@]}"; do
        declare -g "${names[i]}=$((first + i))"
        ! listens $((first + i)) || return 1
    done
}

configure() {
    local name script="s|@SCRATCH@|$scratch|g"
    for name in "${names[@]}"; do
        script+=";s|@$name@|${!name}|g"
    done
    sed "$script" "$1" > "$scratch/front.conf"
}

start_front() {
    choose_ports || return 1
    : > "$scratch/access.log"
    case $front in
    nginx)
        configure "$here/nginx.conf"
        local globals="daemon off;"
        # nginx started by root runs as another user, which cannot enter the scratch folder.
        [ "$(id -u)" != 0 ] || globals+=" user root;"
        nginx -e "$scratch/error.log" -p "$scratch" -c "$scratch/front.conf" -g "$globals" 2> "$scratch/start.log" &
        ;;
    haproxy)
        configure "$here/haproxy.cfg"
        haproxy -db -f "$scratch/front.conf" > "$scratch/access.log" 2> "$scratch/start.log" &
        ;;
    esac
    front_pid=$!
    local end=$((SECONDS + 30))
    while [ $SECONDS -lt $end ] && kill -0 "$front_pid" 2>/dev/null; do
        ! listens "$PLAIN" || ! listens "$SHORT" || return 0
    done
    stop_front
    return 1
}

attempts=0
until start_front; do
    attempts=$((attempts + 1))
    if [ $attempts = 5 ]; then
        echo "$front does not start:"
        cat "$scratch/start.log"
        exit 1
    fi
done

result=0
PRACTICUS_FRONT_PLAIN=http://127.0.0.1:$PLAIN PRACTICUS_FRONT_TLS=https://127.0.0.1:$TLS \
    PRACTICUS_FRONT_BUSY=http://127.0.0.1:$BUSY PRACTICUS_FRONT_SHORT=http://127.0.0.1:$SHORT \
    PRACTICUS_FRONT_CA=$scratch/ca.pem PRACTICUS_FRONT_LOG=$scratch/access.log PRACTICUS_REGION_PORT=$REGION \
    "$program" || result=$?
if [ $result != 0 ]; then
    echo "--- $front:"
    cat "$scratch/start.log"
    [ ! -f "$scratch/error.log" ] || cat "$scratch/error.log"
    echo "--- the last connections and statuses:"
    tail -n 40 "$scratch/access.log"
fi
exit $result
