#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# docs_test.sh DOXYFILE REFERENCE: writes the site without a warning; no link leads nowhere, nothing that is not public is
# shown, and everything public stands in REFERENCE, the list by topic.

set -euo pipefail
doxyfile=$1 reference=$2
if ! command -v doxygen > /dev/null; then
    echo "SKIPPED: the site: there is no doxygen"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

(cat "$doxyfile" && echo "OUTPUT_DIRECTORY = \"$scratch\"") | doxygen -
python3 -B "$(dirname "$0")/docs_site.py" "$scratch" "$reference"
