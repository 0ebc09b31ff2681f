#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END'
tests/portability/newcomer.sh [--cache DIR] [--jobs N] [SUITE...]

Runs every command of README.md, docs/tutorial, docs and packaging/README.md, as written and in this order, on Debians
that have nothing but their minimal system (default: bookworm and trixie), as root, and prints the time of each. Fails if a
command failed.

  --cache DIR   as of chroot.sh; each suite's log is left there
  --jobs N      so much is compiled at once

A server keeps running during the following commands, until the next region starts. PORT in a command is the port that a server
has printed.
END
}

# Says why a command is not run, if it is not.
reason() {
    case $1 in
    tests/run.sh*) echo "takes hours; tests/portability/table.sh runs it on these systems" ;;
    esac
}

is_region() { [[ $1 =~ (^practicus mock|/mock_server )  ]]; }
is_server() { is_region "$1" || [[ $1 =~ /async_server\  ]]; }

# start COMMAND: returns when it has printed something. Sets `port`, if that is one.
start() {
    local tries
    ! is_region "$1" || stop
    eval "exec $1" >"$log" 2>&1 </dev/null &
    servers+=($!)
    for ((tries = 0; tries != 300; ++tries)); do
        [ ! -s "$log" ] || break
        kill -0 $! 2>/dev/null || return 1
        sleep 0.1
    done
    [ -s "$log" ] || return 1
    port=$(sed -n '1{/^[0-9][0-9]*$/p}' "$log")
}

stop() {
    [ ${#servers[@]} = 0 ] || { kill "${servers[@]}" 2>/dev/null && wait "${servers[@]}" || true; }
    servers=()
}

# Runs the commands (lines of a page, a tab and a command) on the Debian, as if typed into a shell. Each page begins with a
# region's variables unset.
walk() {
    local page command before="" log why began result failed=0 port="" servers=()
    log=$(mktemp)
    while IFS=$'\t' read -r -u 3 page command; do
        [ "$page" = "$before" ] || unset PRT_URL PRT_TOKEN PRT_EMAIL PRT_PASSWORD
        before=$page
        why=$(reason "$command")
        if [ -n "$why" ]; then
            echo "    - s  not run  $page: $command ($why)"
            continue
        fi
        began=$SECONDS result=0
        if is_server "$command"; then
            log=$(mktemp)
            start "$command" || result=1
        else
            eval "${command//PORT/$port}" >"$log" 2>&1 </dev/null || result=$?
        fi
        [ $result = 0 ] || { failed=1 && tail -n 30 "$log"; }
        printf '%5d s  %-7s  %s: %s\n' $((SECONDS - began)) "$([ $result = 0 ] && echo ok || echo "FAILED")" "$page" "$command"
    done 3<<<"$1"
    stop
    return $failed
}

if [ "${1:-}" = --walk ]; then
    [ -z "$2" ] || export CMAKE_BUILD_PARALLEL_LEVEL=$2
    walk "$(cat)"
    exit
fi

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${PRACTICUS_CHROOT_CACHE:-$root/build/chroot} jobs=""
while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=${2:?--cache needs a folder} && shift 2 ;;
    --jobs) jobs=${2:?--jobs needs a number} && shift 2 ;;
    --help | -h) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || set -- bookworm trixie
[ "$(id -u)" = 0 ] || { echo "SKIPPED: a fresh Debian is made by root only" && exit 77; }

cd "$root"
commands=$(python3 -B tests/blocks.py README.md docs/tutorial/*.md docs/*.md packaging/README.md)
mkdir -p "$cache"
trap 'exit 130' INT TERM
failed=0
for suite in "$@"; do
    began=$SECONDS result=passed
    tests/portability/chroot.sh --cache "$cache" "$suite" tests/portability/newcomer.sh --walk "$jobs" 2>&1 <<<"$commands" |
        tee "$cache/newcomer-$suite.log" || { failed=1 && result=failed; }
    echo "=== $suite: $result, $((SECONDS - began)) s"
done
exit $failed
