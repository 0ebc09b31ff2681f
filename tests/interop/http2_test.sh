#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# http2_test.sh PRACTICUS FOLDER: the client reports third-party servers that speak HTTP/2 only as such. FOLDER is for their
# files. A server that is not installed is skipped with a message; exit code 77 if all are.
set -euo pipefail

practicus=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
unset PRT_TOKEN
export PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus HOME=$folder
server=
stop_server() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    server=
}
trap stop_server EXIT
judged=0

# judge NAME URL ARGUMENT...
judge() {
    local name=$1 code=0
    export PRT_URL=$2
    shift 2
    timeout 60 "$practicus" "$@" models > "$folder/out" 2>&1 || code=$?
    if [ $code != 1 ] || ! grep -q "the server speaks HTTP/2 only" "$folder/out"; then
        echo "$name: exit code $code"
        cat "$folder/out"
        exit 1
    fi
    echo "$name: $(cat "$folder/out")"
    judged=$((judged + 1))
}

listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

if command -v node > /dev/null && command -v openssl > /dev/null; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=practicus test" \
        -addext "subjectAltName=IP:127.0.0.1" -keyout "$folder/h2.key" -out "$folder/h2.pem" 2> "$folder/log"
    node "$here/servers/http2.js" "$folder" > "$folder/ports" 2>> "$folder/log" &
    server=$!
    until grep -q . "$folder/ports"; do
        kill -0 $server 2> /dev/null || { cat "$folder/log" && exit 1; }
        sleep 0.05
    done
    read -r plain tls < "$folder/ports"
    judge "Node, plain" "http://127.0.0.1:$plain"
    judge "Node, TLS" "https://127.0.0.1:$tls" --ca-file "$folder/h2.pem"
    stop_server
else
    echo "without Node: node or openssl is not installed"
fi

if command -v nginx > /dev/null; then
    port=$((20000 + RANDOM % 12000))
    while listens $port; do port=$((port + 1)); done
    {
        echo "daemon off; pid $folder/pid; error_log $folder/nginx.log; events {}"
        [ "$(id -u)" != 0 ] || echo "user root;"
        echo "http { access_log off;"
        for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $folder/$kind;"; done
        echo "server { listen 127.0.0.1:$port http2; location / { return 200 ok; } } }"
    } > "$folder/nginx.conf"
    nginx -e "$folder/nginx.log" -p "$folder" -c "$folder/nginx.conf" 2> "$folder/log" &
    server=$!
    until listens $port; do
        kill -0 $server 2> /dev/null || { cat "$folder/log" "$folder/nginx.log" && exit 1; }
        sleep 0.05
    done
    # From 1.25.1 on, it speaks HTTP/1 on such a port too.
    version=$(nginx -v 2>&1)
    case $version in
    */1.?.* | */1.1?.* | */1.2[0-4].*) judge "nginx" "http://127.0.0.1:$port" ;;
    *) echo "SKIPPED: nginx: $version speaks HTTP/1 as well" ;;
    esac
    stop_server
else
    echo "SKIPPED: nginx: it is not installed"
fi
[ $judged != 0 ] || { echo "SKIPPED: no server that speaks HTTP/2 alone is installed" && exit 77; }
