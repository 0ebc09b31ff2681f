#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# tests/redis/run.sh PROGRAM [argument]...
#
# Runs the tests of the store in Redis, where redis-server is installed.

for command in redis-server redis-cli; do
    if ! command -v "$command" >/dev/null; then
        echo "SKIPPED: there is no $command"
        exit 77
    fi
done
exec "$@"
