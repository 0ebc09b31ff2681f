#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# ini_differential.sh PROGRAM [SEED [COUNT]]: core.conf as Python's configparser reads it, and as practicus does.
set -euo pipefail
command -v python3 >/dev/null || {
    echo "SKIPPED: Python's configparser: there is no python3"
    exit 77
}
# Until 3.9 a section's name ended at its first bracket.
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "SKIPPED: Python's configparser: python3 is older than 3.10"
    exit 77
}
exec python3 -B "$(dirname "$0")/ini_differential.py" "$@"
