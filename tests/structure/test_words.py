# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Comments of headers and names of tests have a thing as their subject, and ask no question."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = re.compile(r"\b(who|whoever|whom|nobody|somebody|can\s+not)\b|\?", re.IGNORECASE)

def comments(text):
    """The text of each `///` comment, without code."""
    for block in re.findall(r"(?:^.*///.*\n)+", text, re.MULTILINE):
        yield re.sub(r"`.*?`", "", " ".join(re.findall(r"///<?(.*)", block)))


def names(text):
    for literals in re.findall(r'\b(?:TEST_CASE|SECTION)\(((?:\s*"(?:[^"\\]|\\.)*")+)', text):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def faults(texts):
    return [f"{found.group()}: {text.strip()}" for text in texts if (found := WORDS.search(text))]


class Words(unittest.TestCase):
    def test_faults_are_found(self):
        self.assertEqual(len(faults(comments("/// The caller\n/// who waits\n\nint i; ///< is\n/// it?\n\n/// can\n/// not\n"))), 3)
        self.assertEqual(faults(comments("// who\n/// The whole `a?b`.\n/// Cannot fail.\nint who;\n")), [])
        self.assertEqual(faults(names('TEST_CASE("nobody" " waits", "[x]")\nSECTION("a wait")')), ["nobody: nobody waits"])

    def test_tree(self):
        for path in sorted([*(ROOT / "include").rglob("*.[hi]pp"), *(ROOT / "tests").rglob("*.[hc]pp")]):
            name = path.relative_to(ROOT).as_posix()
            with self.subTest(file=name):
                self.assertEqual(faults((comments if name.startswith("include/") else names)(path.read_text())), [])


if __name__ == "__main__":
    unittest.main()
