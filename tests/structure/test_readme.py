# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The README's sections stand in their order, and every C++ block in an example, which is compiled and run."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


# What it is comes first, before any section.
SECTIONS = ["The smallest program", "Two commands", "Operations", "The command line", "Errors",
            "Threads and lifetime", "Testing your own program", "It may not be suitable if", "Licence"]


def sections(text):
    """The titles, those in blocks of code left out."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def blocks(text):
    return re.findall(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    def test_sections_are_found(self):
        self.assertEqual(sections("# t\n## a\n```sh\n## no\n```\n### no\n## b c\n"), ["a", "b c"])

    def test_sections_stand_in_their_order(self):
        text = (ROOT / "README.md").read_text()
        self.assertEqual(sections(text), SECTIONS)
        introduction = text.split("\n## ")[0]
        self.assertRegex(introduction, r"^# practicus\n\nA header-only C\+\+20 client for ")

    def test_every_operation_is_listed(self):
        header = (ROOT / "include/practicus/client.hpp").read_text().split("\nprivate:")[0]
        operations = set(re.findall(r"^    awaitable<.*> (\w+)\(|^    void (\w+)\(\) const", header, re.MULTILINE))
        names = {first or second for first, second in operations}
        self.assertGreater(len(names), 12)
        text = (ROOT / "README.md").read_text()
        listed = text.split("## Operations")[1].split("\n## ")[0]
        for name in sorted(names):
            with self.subTest(operation=name):
                self.assertRegex(listed, rf"`[^`]*\b{name}\(")

    def test_blocks_are_found(self):
        self.assertEqual(blocks("a\n```cpp\nint i;\n```\n```sh\nls\n```\n"), ["int i;\n"])
        self.assertGreater(len(blocks((ROOT / "README.md").read_text())), 2)

    def test_blocks_stand_in_examples(self):
        examples = [path.read_text() for path in (ROOT / "examples").glob("*.cpp")]
        for block in blocks((ROOT / "README.md").read_text()):
            with self.subTest(block=block):
                self.assertTrue(any(block in example for example in examples))


if __name__ == "__main__":
    unittest.main()
