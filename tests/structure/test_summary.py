# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests that summary.py counts the results of ctest, and never takes a test that did not run for a success."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import summary  # noqa: E402

PASSED = '<testcase name="ok" status="run"/>'
FAILED = '<testcase name="bad" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="off" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
EXPLAINED = SKIPPED.replace("</testcase>", "<system-out>so\nSKIPPED: the SDK: no Maven\nfar</system-out></testcase>")
SILENT = SKIPPED.replace("</testcase>", "<system-out>look\n no doxygen here\n\n</system-out></testcase>")
PARTLY = PASSED.replace("/>", "><system-out>so\nSKIPPED: zsh: not installed\nSKIPPED: man: none\n</system-out></testcase>")
NOT_FOUND = '<testcase name="gone" status="notrun"><skipped message="Unable to find executable"/></testcase>'
DISABLED = '<testcase name="disabled" status="disabled"/>'

CTEST = """\
add_test(off "sh" "-c" "echo 'SKIPPED: the SDK: no Maven'; exit 77")
set_tests_properties(off PROPERTIES SKIP_RETURN_CODE 77)
add_test(long "sh" "-c" "seq 2000; echo 'SKIPPED: zsh: not installed'; seq 2000")
"""


class Summary(unittest.TestCase):
    def check(self, runs, lines, code, filtered=False):
        """runs: by configuration the test cases, or None for a result that is not there."""
        with tempfile.TemporaryDirectory() as folder:
            results = []
            for name, cases in runs.items():
                results.append((name, pathlib.Path(folder, name)))
                if cases is not None:
                    results[-1][1].write_text(f"<testsuite>{''.join(cases)}</testsuite>", encoding="utf-8")
            self.assertEqual(summary.summarise(results, filtered), (lines, code))

    def test_all_passed(self):
        self.check({"release": [PASSED, PASSED], "asan": [PASSED]},
                   ["release: 2 passed, 0 failed, 0 skipped", "asan: 1 passed, 0 failed, 0 skipped",
                    "3 passed, 0 failed, 0 skipped"], 0)

    def test_a_failure(self):
        self.check({"release": [PASSED, FAILED]},
                   ["release: 1 passed, 1 failed, 0 skipped", "  failed: bad", "1 passed, 1 failed, 0 skipped"], 1)

    def test_skipped_is_named(self):
        self.check({"release": [PASSED, SKIPPED, DISABLED]},
                   ["release: 1 passed, 0 failed, 2 skipped", "  skipped: off: no reason given",
                    "  skipped: disabled: disabled",
                    "1 passed, 0 failed, 2 skipped"], 0)

    def test_the_reason_of_what_is_skipped_is_told(self):
        self.check({"release": [PASSED, EXPLAINED]},
                   ["release: 1 passed, 0 failed, 1 skipped", "  skipped: off: the SDK: no Maven",
                    "1 passed, 0 failed, 1 skipped"], 0)

    def test_what_says_no_reason_is_quoted_by_its_last_line(self):
        self.check({"release": [PASSED, SILENT]},
                   ["release: 1 passed, 0 failed, 1 skipped", "  skipped: off: no doxygen here",
                    "1 passed, 0 failed, 1 skipped"], 0)

    def test_parts_that_were_skipped_are_named(self):
        self.check({"release": [PASSED, PARTLY]},
                   ["release: 2 passed, 0 failed, 0 skipped", "  skipped in part: ok: zsh: not installed",
                    "  skipped in part: ok: man: none", "2 passed, 0 failed, 0 skipped"], 0)

    def test_every_script_that_skips_says_why(self):
        for path in sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*")):
            if path.suffix not in (".sh", ".py") or path.name == pathlib.Path(__file__).name:
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines):
                if re.search(r"\bexit[ (]77\b", line) and not line.lstrip().startswith("#"):
                    with self.subTest(script=path.name, line=number + 1):
                        self.assertIn("SKIPPED: ", "".join(lines[max(0, number - 2):number + 1]))

    def test_ctest_itself(self):
        """The results of a test that skips itself, and of one that skips a part after much output."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "CTestTestfile.cmake").write_text(CTEST, encoding="utf-8")
            command = re.search(r"ctest (--preset .*?)--output-junit", (ROOT / "tests/run.sh").read_text(encoding="utf-8"), re.DOTALL)
            options = command.group(1).split()
            sizes = [f"{a} {b}".split() for a, b in zip(options, options[1:]) if a.startswith("--test-output")]
            subprocess.run(["ctest", *sum(sizes, []), "--output-junit", folder / "results.xml"], cwd=folder,
                           stdout=subprocess.DEVNULL, check=True)
            lines, _ = summary.summarise([("release", folder / "results.xml")], False)
        self.assertEqual(lines[:-1], ["release: 1 passed, 0 failed, 1 skipped", "  skipped: off: the SDK: no Maven",
                                      "  skipped in part: long: zsh: not installed"])

    def test_a_program_that_is_not_there_has_failed(self):
        self.check({"release": [PASSED, NOT_FOUND]},
                   ["release: 1 passed, 1 failed, 0 skipped", "  failed: gone", "1 passed, 1 failed, 0 skipped"], 1)

    def test_a_configuration_without_result_has_failed(self):
        self.check({"release": [PASSED], "tsan": None},
                   ["release: 1 passed, 0 failed, 0 skipped", "tsan: did not build or run",
                    "1 passed, 1 failed, 0 skipped"], 1)

    def test_a_configuration_without_tests(self):
        self.check({"release": [PASSED], "tsan": []},
                   ["release: 1 passed, 0 failed, 0 skipped", "tsan: no test ran", "1 passed, 1 failed, 0 skipped"], 1)
        self.check({"release": [PASSED], "tsan": []},
                   ["release: 1 passed, 0 failed, 0 skipped", "tsan: 0 passed, 0 failed, 0 skipped",
                    "1 passed, 0 failed, 0 skipped"], 0, filtered=True)

    def test_nothing_ran(self):
        self.check({"release": []}, ["release: 0 passed, 0 failed, 0 skipped", "0 passed, 0 failed, 0 skipped"], 1,
                   filtered=True)
        self.check({"release": [SKIPPED]},
                   ["release: 0 passed, 0 failed, 1 skipped", "  skipped: off: no reason given",
                    "0 passed, 0 failed, 1 skipped"], 1)


if __name__ == "__main__":
    unittest.main()
