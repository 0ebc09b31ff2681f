#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# prompt_test.sh MOCK_SERVER QUICKSTART: the quickstart's prompt on a terminal. Skipped without Python 3.

set -euo pipefail
command -v python3 >/dev/null || { echo "SKIPPED: the prompt: there is no python3"; exit 77; }
exec python3 -B "$(dirname "$0")/prompt_test.py" "$@"
