# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests a plain `cmake -B build` with missing dependencies, and without a build type. Nothing is compiled."""

import shutil
import tempfile
import unittest

from configured import cached, configure, has_target

NO_TESTS = "-DPRACTICUS_BUILD_TESTS=OFF"


def without(package):
    return f"-DCMAKE_DISABLE_FIND_PACKAGE_{package}=ON"


class Configure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = folder.name

    def succeeds(self, *options, **more):
        code, text = configure(self.build, *options, **more)
        self.assertEqual(code, 0, text)
        return text

    def fails(self, *options):
        code, text = configure(self.build, *options)
        self.assertNotEqual(code, 0, text)
        return text

    def targets(self, *names):
        return [name for name in names if has_target(self.build, name)]

    def test_without_a_build_type_it_is_release_and_without_catch2_there_are_no_tests(self):
        for _ in range(2): # the second time, all is in the cache
            text = self.succeeds(without("Catch2"))
            self.assertRegex(text, r"without the tests, which need: Catch2 .*\(Debian: catch2\)")
        self.assertEqual(cached(self.build, "CMAKE_BUILD_TYPE"), "Release")
        self.assertEqual(self.targets("unit_tests", "smallest", "practicus_cli"), ["smallest", "practicus_cli"])

    def test_a_release_build_is_announced(self):
        self.assertIn("no CMAKE_BUILD_TYPE is given, so it is Release", self.succeeds(NO_TESTS))

    def test_a_given_build_type_stays_and_without_cli11_there_is_no_command_line(self):
        text = self.succeeds("-DCMAKE_BUILD_TYPE=Debug", without("CLI11"))
        self.assertRegex(text, r"without the command line and the examples with options, which need: CLI11 \(Debian: libcli11-dev\)")
        self.assertNotIn("CMAKE_BUILD_TYPE is", text)
        self.assertEqual(cached(self.build, "CMAKE_BUILD_TYPE"), "Debug")
        self.assertEqual(self.targets("unit_tests", "smallest", "quickstart", "practicus_cli"), ["unit_tests", "smallest"])

    def test_without_lz4_what_needs_it_is_left_out(self):
        self.succeeds("-Dpracticus_lz4=")
        self.assertEqual(self.targets("unit_tests", "smallest", "transport", "practicus_cli"), ["smallest"])

    def test_without_hiredis_the_store_in_redis_is_left_out(self):
        text = self.succeeds("-Dpracticus_hiredis=")
        self.assertRegex(text, r"without tokens in Redis, which need: hiredis \(Debian: libhiredis-dev\)")
        self.assertEqual(self.targets("unit_tests", "redis_tests", "redis_tokens", "practicus_cli"), ["unit_tests", "practicus_cli"])

    def test_without_python_there_are_no_tests(self):
        self.succeeds(without("Python3"))
        self.assertEqual(self.targets("unit_tests", "smallest", "practicus_cli"), ["smallest", "practicus_cli"])

    def test_a_generator_of_many_build_types_gets_none(self):
        if not shutil.which("ninja"):
            self.skipTest("there is no ninja")
        text = self.succeeds(NO_TESTS, generator="Ninja Multi-Config")
        self.assertNotIn("CMAKE_BUILD_TYPE is", text)
        self.assertIn(cached(self.build, "CMAKE_BUILD_TYPE"), (None, ""))

    def test_what_is_asked_for_is_not_left_out(self):
        self.assertIn("the tests need: Catch2", self.fails("-DPRACTICUS_BUILD_TESTS=ON", without("Catch2")))

    def test_examples_that_are_asked_for_are_not_left_out(self):
        self.assertIn("libcli11-dev", self.fails(NO_TESTS, "-DPRACTICUS_BUILD_EXAMPLES=ON", without("CLI11")))


if __name__ == "__main__":
    unittest.main()
