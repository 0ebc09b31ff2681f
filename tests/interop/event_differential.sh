#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# event_differential.sh PROGRAM [SEED [COUNT]]: the events of a text/event-stream as Node's undici and eventsource-parser read
# them, and as practicus does. Both are installed once, into a folder of the current one.
set -euo pipefail

skip() {
    echo "SKIPPED: event streams of Node: $1"
    exit 77
}

command -v node >/dev/null || skip "Node is not installed (nodejs)"
command -v npm >/dev/null || skip "npm is not installed (npm)"
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || skip "Node is older than version 20"
judges=$PWD/event-judges
if [ ! -f "$judges/complete" ]; then
    rm -rf "$judges"
    mkdir "$judges"
    timeout 300 npm install --prefix "$judges" --no-audit --no-fund --loglevel=error undici@7.30.2 eventsource-parser@3.1.1 \
        > "$judges/log" 2>&1 || skip "undici and eventsource-parser cannot be installed from the package index"
    touch "$judges/complete"
fi
exec node "$(dirname "$0")/event_differential.js" "$judges" "$@"
