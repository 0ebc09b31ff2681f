#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# The client against third-party HTTP servers.
#
#   tests/interop/servers.sh uvicorn_h11|uvicorn_httptools|hypercorn|gunicorn|go|node|fastapi PROGRAM [CATCH-ARGUMENT...]
#
# Starts the server on free ports (plain, TLS 1.2, TLS 1.3), with a region in servers/, and runs PROGRAM
# (foreign_servers.cpp; fastapi_calls.cpp for fastapi). What is installed or built for it stays in the folder servers of the current one. What cannot be
# had here ends with exit code 77 and a line that names it and says why.
set -euo pipefail

subject=$1 program=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
pids=()
. "$here/sdk.sh"

stop_servers() {
    local pid end=$((SECONDS + 5))
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.05; done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}
trap 'stop_servers; rm -rf "$scratch"' EXIT

# leave_out TAG REASON: the server cannot do it.
selected=""
leave_out() {
    selected+="~[$1]"
    echo "$subject: without $1: $2"
}

# install_python FOLDER PACKAGE...: for servers in Python, once.
install_python() {
    local venv=$PWD/servers/$1
    python=$venv/bin/python
    shift
    [ ! -f "$venv/complete" ] || return 0
    rm -rf "$venv"
    attempt "Python can make no virtual environment (python3-venv)" python3 -m venv "$venv"
    attempt "it cannot be installed from the package index" "$venv/bin/pip" install --quiet \
        --disable-pip-version-check "$@"
    touch "$venv/complete"
}

python_servers() {
    install_python python uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 hypercorn==0.18.0 gunicorn==27.0.1
}

go_server() {
    command -v go >/dev/null || skip "Go is not installed (golang-go)"
    go_program=$PWD/servers/go_server
    [ ! "$go_program" -nt "$here/servers/server.go" ] || return 0
    # Generics.
    go version | grep -Eq 'go1\.(1[89]|[2-9][0-9])' || skip "Go is older than 1.18"
    GO111MODULE=off GOTOOLCHAIN=local CGO_ENABLED=0 go build -o "$go_program" "$here/servers/server.go"
}

# Sets `command`, to which the mode and the folder of certificates are added.
prepare() {
    mkdir -p servers
    # Several tests may begin at once.
    exec 9> servers/lock
    flock 9
    case $subject in
    uvicorn_* | hypercorn)
        python_servers
        command=("$python" -B "$here/servers/serve.py" "$subject")
        leave_out trailers "it sends none with HTTP/1.1"
        leave_out alert "asyncio closes without one"
        ;;
    gunicorn)
        python_servers
        command=("$python" -B "$here/servers/serve.py" "$subject")
        leave_out trailers "WSGI has none"
        leave_out resumption "it makes a context of TLS for each connection"
        ;;
    fastapi)
        install_python fastapi uvicorn==0.54.0 h11==0.16.0 fastapi==0.165.0 starlette==1.10.0 sse-starlette==3.7.0 \
            python-multipart==0.0.34
        command=("$python" -B "$here/servers/serve.py" "$subject")
        ;;
    go)
        go_server
        command=("$go_program")
        go version | grep -Eq 'go1\.(2[1-9]|[3-9][0-9])' || leave_out echo "full duplex needs Go 1.21"
        ;;
    node)
        command -v node >/dev/null || skip "Node is not installed (nodejs)"
        command=(node "$here/servers/server.js")
        ;;
    *)
        echo "unknown server: $subject" >&2
        exit 2
        ;;
    esac
    exec 9>&-
}

# issue NAME EXTENSION...: a certificate by the authority.
issue() {
    local name=$1
    shift
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=practicus test $name" \
        -keyout "$scratch/$name.key" -out "$scratch/$name.csr"
    openssl x509 -req -days 2 -in "$scratch/$name.csr" -CA "$scratch/ca.pem" -CAkey "$scratch/ca.key" -CAcreateserial \
        -out "$scratch/$name.pem" -extfile <(printf '%s\n' "basicConstraints=critical,CA:FALSE" \
        "keyUsage=critical,digitalSignature" "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" "$@")
}

make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=practicus test authority" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$scratch/ca.key" -out "$scratch/ca.pem"
    issue server "subjectAltName=IP:127.0.0.1" "extendedKeyUsage=serverAuth"
    issue client "extendedKeyUsage=clientAuth"
}

# start MODE: adds to `urls`.
start() {
    local end=$((SECONDS + 60)) port="" scheme=https
    : > "$scratch/$1.port"
    "${command[@]}" "$1" "$scratch" > "$scratch/$1.port" 2> "$scratch/$1.log" &
    pids+=($!)
    until read -r port < "$scratch/$1.port"; do
        if [ $SECONDS -ge $end ] || ! kill -0 "${pids[-1]}" 2>/dev/null; then
            echo "$subject does not start:"
            cat "$scratch/$1.log"
            exit 1
        fi
        sleep 0.05
    done
    [ "$1" != plain ] || scheme=http
    urls+=("PRACTICUS_SERVER_${1^^}=$scheme://127.0.0.1:$port")
}

command -v openssl >/dev/null || skip "openssl is not installed"
prepare
make_certificates 2> "$scratch/openssl.log" || { cat "$scratch/openssl.log" && exit 1; }
urls=()
for mode in plain tls12 tls13; do
    start $mode
done

result=0
env "${urls[@]}" "PRACTICUS_SERVER_FILES=$scratch" "$program" ${selected:+"$selected"} "$@" || result=$?
if [ $result != 0 ]; then
    for mode in plain tls12 tls13; do
        echo "--- $subject, $mode:"
        tail -n 40 "$scratch/$mode.log"
    done
fi
exit $result
