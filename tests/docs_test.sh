#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# docs_test.sh DOXYFILE SOURCE LUNR: writes the site of the SOURCE tree without a warning, and looks at it: its links, names,
# members and examples; what its search finds; what a browser shows on a small screen.

set -euo pipefail
doxyfile=$1 source=$2 lunr=$3
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v doxygen > /dev/null; then
    echo "SKIPPED: the site: there is no doxygen"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

(cat "$doxyfile" && echo "OUTPUT_DIRECTORY = \"$scratch\"") | doxygen -
python3 -B "$here/docs_site.py" "$scratch" "$source/examples"

if [ ! -f "$lunr" ]; then
    echo "SKIPPED: the site's search: there is no lunr.min.js (libjs-lunr)"
    exit 0
fi
python3 -B "$source/docs/search_index.py" "$scratch" "$lunr"
if command -v node > /dev/null; then
    node "$here/docs_search.js" "$scratch"
else
    echo "SKIPPED: what the site's search finds: there is no node"
fi
if chromium=$(command -v chromium); then
    python3 -B "$here/docs_browser.py" "$chromium" "$scratch"
else
    echo "SKIPPED: the site in a browser: there is no chromium"
fi
