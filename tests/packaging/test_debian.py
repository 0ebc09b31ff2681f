# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests the targets that `cpack` builds, and its Debian packages. A stand-in for the compiler makes empty objects: nothing is
compiled."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from configured import ROOT, configure, run

CPACK = os.environ.get("CPACK_COMMAND", "cpack")
LAUNCHER = pathlib.Path(__file__).parent / "launcher.sh"
NEEDED = ("dpkg-deb", "dpkg-shlibdeps", "file")


def has(*programs):
    return all(shutil.which(program) for program in programs)


def field(package, name):
    return subprocess.run(["dpkg-deb", "--field", package, name], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def files(package):
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split(None, 5)[5].lstrip(".") for line in listed.splitlines()]


class Debian(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.build = self.folder / "build"
        self.log = self.folder / "sources"
        self.log.touch()

    def configured(self, generator="Ninja"):
        launcher = f"{LAUNCHER};{self.log}"
        code, text = configure(self.build, f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", f"-DCMAKE_CXX_LINKER_LAUNCHER={launcher}",
                               "-DPRACTICUS_BUILD_TESTS=OFF", generator=generator)
        self.assertEqual(code, 0, text)

    def cpack(self, **more):
        return run(shutil.which(CPACK), "--config", self.build / "CPackConfig.cmake", "-B", self.folder / "packages", **more)

    def packages(self):
        found = sorted((self.folder / "packages").glob("*.deb"))
        return {field(path, "Package"): path for path in found}

    def built(self):
        """What was compiled, without what all programs share."""
        paths = [pathlib.Path(line) for line in self.log.read_text().split()]
        return sorted({path.relative_to(ROOT).as_posix() for path in paths if path.is_relative_to(ROOT)})

    def check_that_only_the_command_line_is_built(self, generator):
        self.configured(generator)
        code, text = self.cpack()
        self.assertEqual(code, 0, text)
        self.assertEqual(sorted(self.packages()), ["libpracticus-dev", "practicus"])
        self.assertEqual([path for path in self.built() if not path.startswith("examples/cli/")], [])

    @unittest.skipUnless(has("make", *NEEDED), "there is no make, or no dpkg-dev")
    def test_with_make_only_the_command_line_is_built(self):
        self.check_that_only_the_command_line_is_built("Unix Makefiles")

    @unittest.skipUnless(has("ninja", *NEEDED), "there is no ninja, or no dpkg-dev")
    def test_with_ninja_only_the_command_line_is_built(self):
        self.check_that_only_the_command_line_is_built("Ninja")

    def test_without_dpkg_shlibdeps_there_is_no_package(self):
        self.configured()
        code, text = self.cpack(env={"PATH": str(self.folder)})
        self.assertNotEqual(code, 0, text)
        self.assertIn("dpkg-shlibdeps (Debian: dpkg-dev)", text)
        self.assertEqual(self.packages(), {})

    @unittest.skipUnless(has("ninja", *NEEDED), "there is no ninja, or no dpkg-dev")
    def test_packages_say_what_they_need_and_whose_they_are(self):
        self.configured()
        code, text = run("cmake", "--build", self.build, "--target", "package")
        self.assertEqual(code, 0, text)
        self.assertEqual([path for path in self.built() if not path.startswith("examples/cli/")], [])
        made = {field(path, "Package"): path for path in self.build.glob("*.deb")}
        self.assertEqual(sorted(made), ["libpracticus-dev", "practicus"])
        self.assertIn("libc6", field(made["practicus"], "Depends"))
        self.assertEqual(field(made["practicus"], "Recommends"), "ca-certificates")
        for name, package in made.items():
            with self.subTest(package=name):
                self.assertIn(f"/usr/share/doc/{name}/copyright", files(package))
                if has("lintian"):
                    code, text = run("lintian", "--allow-root", "--fail-on", "error,warning", package)
                    self.assertEqual(code, 0, text)


if __name__ == "__main__":
    unittest.main()
