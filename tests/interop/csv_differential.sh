#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# csv_differential.sh PROGRAM [SEED [COUNT]]: the rows of a CSV as Python's csv reads them, and as practicus cuts them.
set -euo pipefail
command -v python3 >/dev/null || {
    echo "SKIPPED: Python's csv: there is no python3"
    exit 77
}
exec python3 -B "$(dirname "$0")/csv_differential.py" "$@"
