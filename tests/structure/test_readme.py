# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Every C++ block of the README stands in an example, which is compiled and run."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(text):
    return re.findall(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
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
