# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# Sourced by tests that need a mock region beside them. The caller sets `mock` (the program) and `scratch` (a folder).

mock_pid=

# start_mock ARGUMENT...: sets `url`.
start_mock() {
    : > "$scratch/mock.log"
    "$mock" "$@" > "$scratch/mock.log" 2>&1 &
    mock_pid=$!
    url=
    while [ -z "$url" ] && kill -0 "$mock_pid" 2>/dev/null; do
        url=$(sed -n 's/^url: *//p' "$scratch/mock.log")
    done
    if [ -z "$url" ]; then
        cat "$scratch/mock.log"
        exit 1
    fi
}

# Ends the mock; fails if it found fault with what it got.
stop_mock() {
    local result=0
    # Not SIGINT, which jobs in the background of a script ignore.
    kill -TERM "$mock_pid"
    wait "$mock_pid" || result=$?
    mock_pid=
    tail -n +5 "$scratch/mock.log"
    return "$result"
}

remove_mock() {
    [ -z "$mock_pid" ] || kill "$mock_pid" 2>/dev/null || true
    rm -rf "$scratch"
}
