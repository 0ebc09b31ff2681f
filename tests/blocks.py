# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The blocks of code in pages of Markdown.

    blocks.py PAGE...

prints the commands of the blocks for a shell, in their order: on each line the page, a tab and the command.
"""

import pathlib
import re
import sys


def all_blocks(text):
    """Pairs of language and text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def blocks(text, language="cpp"):
    return [block for kind, block in all_blocks(text) if kind == language]


def commands(text):
    """The lines for a shell; a backslash at a line's end joins it with the next."""
    lines = [line for block in blocks(text, "sh") for line in block.replace("\\\n", "").splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def main():
    for page in sys.argv[1:]:
        for command in commands(pathlib.Path(page).read_text(encoding="utf-8")):
            print(f"{page}\t{command}")


if __name__ == "__main__":
    main()
