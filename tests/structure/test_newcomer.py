# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests how tests/portability/newcomer.sh runs the commands of pages, without a fresh Debian."""

import pathlib
import re
import subprocess
import tempfile
import unittest

NEWCOMER = pathlib.Path(__file__).resolve().parents[1] / "portability" / "newcomer.sh"


def walk(*commands):
    """The exit code and what became of each command."""
    lines = "".join(f"{page}\t{command}\n" for page, command in commands)
    done = subprocess.run([NEWCOMER, "--walk", "3"], input=lines, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False)
    return done.returncode, re.findall(r"^ *\S+ s  (ok|FAILED|not run) ", done.stdout, re.MULTILINE), done.stdout


class Newcomer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.examples = pathlib.Path(folder.name) / "examples"
        self.examples.mkdir()

    def program(self, name, text):
        path = self.examples / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def test_commands_of_a_page_share_a_shell_and_a_page_begins_without_a_region(self):
        code, each, text = walk(("a", "export PRT_URL=x"), ("a", '[ "$PRT_URL" = x ] # a comment'), ("b", '[ -z "${PRT_URL:-}" ]'),
                                ("b", '[ "$CMAKE_BUILD_PARALLEL_LEVEL" = 3 ]'))
        self.assertEqual((code, each), (0, ["ok"] * 4), text)

    def test_a_failure_is_told_and_the_rest_goes_on(self):
        code, each, text = walk(("a", "echo why it failed; false"), ("a", "true"))
        self.assertEqual((code, each), (1, ["FAILED", "ok"]), text)
        self.assertIn("why it failed", text)

    def test_a_server_runs_until_the_next_region_starts(self):
        region = self.program("mock_server", "echo url; exec sleep 60")
        server = self.program("async_server", "echo $$; exec sleep 60") # prints its process id as the port
        code, each, text = walk(("a", f"{region} --port 1"), ("a", f"{server} x"), ("a", f"kill -0 PORT; echo PORT > {self.examples}/pid"),
                                ("b", f"{region} --port 1"), ("b", f"! kill -0 $(cat {self.examples}/pid)"))
        self.assertEqual((code, each), (0, ["ok"] * 5), text)

    def test_a_server_that_ends_at_once_has_failed(self):
        code, each, text = walk(("a", f"{self.program('mock_server', 'exit 3')} --port 1"))
        self.assertEqual((code, each), (1, ["FAILED"]), text)

    def test_what_is_not_run_has_a_reason(self):
        code, each, text = walk(("a", "tests/run.sh  # all"))
        self.assertEqual((code, each), (0, ["not run"]), text)
        self.assertIn("table.sh", text)


if __name__ == "__main__":
    unittest.main()
