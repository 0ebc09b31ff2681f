# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""streaming.py COMPILER FOLDER...: what has no text of its own and is written with << is refused in few lines, which name
to_table for a list and for an entry of one. The folders are where headers are."""

import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).with_suffix(".cpp")
LINES_AN_ERROR = 10


def main(compiler, folders):
    command = [compiler, "-std=c++20", "-fsyntax-only", *(f"-I{folder}" for folder in folders), SOURCE]
    compiled = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, stderr=subprocess.PIPE, text=True, check=False)
    said = compiled.stderr.splitlines()
    expected = {number for number, line in enumerate(SOURCE.read_text(encoding="utf-8").splitlines(), 1) if " << " in line}
    errors = re.findall(rf"{re.escape(SOURCE.name)}:(\d+):\d+: error: ", compiled.stderr)
    faults = []
    if sorted(map(int, errors)) != sorted(expected):
        faults.append(f"errors in the lines {', '.join(errors)}")
    for number, line in enumerate(said):
        if "error: " in line and not re.search("to_table|use_its_members", "".join(said[number:number + 5])):
            faults.append(f"no way is named: {line}")
    # clang lists every candidate behind the deleted one.
    if "clang" not in compiler and len(said) > LINES_AN_ERROR * len(expected):
        faults.append(f"{len(said)} lines for {len(expected)} errors")
    print("\n".join([*said[:80], *faults]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
