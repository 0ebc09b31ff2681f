#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# encodings_test.py with the distribution's Python, which has its packages; another may stand first in the path.
set -euo pipefail
python=/usr/bin/python3
[ -x "$python" ] || python=python3
exec "$python" -B "$(dirname "$0")/encodings_test.py" "$@"
