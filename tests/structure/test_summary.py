# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""That summary.py counts what ctest writes, and takes nothing that did not run for a success."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import summary  # noqa: E402

PASSED = '<testcase name="ok" status="run"/>'
FAILED = '<testcase name="bad" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="off" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
EXPLAINED = SKIPPED.replace("</testcase>", "<system-out>so\nSKIPPED: the SDK: no Maven\nfar</system-out></testcase>")
NOT_FOUND = '<testcase name="gone" status="notrun"><skipped message="Unable to find executable"/></testcase>'
DISABLED = '<testcase name="disabled" status="disabled"/>'


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
                   ["release: 1 passed, 0 failed, 2 skipped", "  skipped: off", "  skipped: disabled",
                    "1 passed, 0 failed, 2 skipped"], 0)

    def test_the_reason_of_what_is_skipped_is_told(self):
        self.check({"release": [PASSED, EXPLAINED]},
                   ["release: 1 passed, 0 failed, 1 skipped", "  skipped: off: the SDK: no Maven",
                    "1 passed, 0 failed, 1 skipped"], 0)

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
                   ["release: 0 passed, 0 failed, 1 skipped", "  skipped: off", "0 passed, 0 failed, 1 skipped"], 1)


if __name__ == "__main__":
    unittest.main()
