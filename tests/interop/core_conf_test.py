# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The vendor's SDK and the command line of practicus share one core.conf. run.sh sets HOME to a scratch folder.

The SDK reads the file when it is imported: each use of it here is a process of its own."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import unittest

FIRST, SECOND = os.environ["PRACTICUS_MOCK_URL"], os.environ["PRACTICUS_SECOND_URL"]
PRACTICUS = os.environ["PRACTICUS_CLI"]
FILE = pathlib.Path(os.environ["HOME"], ".practicus", "core.conf")


def key(url):
    return "admin@" + url.removeprefix("http://")


def sdk(code):
    result = subprocess.run(
        [sys.executable, "-c", "import practicuscore as prt\n" + code], capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()


def command(*arguments, text=None):
    return subprocess.run([PRACTICUS, *arguments], input=text, capture_output=True, text=True, check=True).stdout


def regions():
    return json.loads(command("regions", "--output", "json"))


class Shared(unittest.TestCase):
    def test_a_file_that_the_command_line_has_begun(self):
        home = pathlib.Path(os.environ["HOME"], "fresh")
        home.mkdir()
        self.addCleanup(shutil.rmtree, home)
        environment = {**os.environ, "HOME": str(home)}

        def run(*command, text=None):
            return subprocess.run(command, input=text, capture_output=True, text=True, check=True, env=environment)

        run(PRACTICUS, "login", FIRST, "--email", "admin@company.com", "--password-stdin", text="practicus\n")
        for _ in range(2):
            told = run(
                sys.executable,
                "-c",
                "import practicuscore as prt\n"
                "print(prt.regions.get_default_region().key)\n"
                "print(prt.core_conf.core_conf_glbl.cloud__default_cpu_node_disk_size)",
            )
            self.assertEqual(told.stdout.splitlines()[-2:], [key(FIRST), "20"])
            self.assertEqual(told.stderr, "")
            self.assertNotIn("ERROR", told.stdout)
            self.assertNotIn("WARN", told.stdout)

    def test_one_file(self):
        # What the SDK wrote, the command line reads.
        sdk(f"prt.regions.login({FIRST!r}, 'admin@company.com', 'practicus')")
        self.assertEqual([r["key"] for r in regions()], [key(FIRST)])
        self.assertEqual(regions()[0]["email"], "admin@company.com")
        self.assertIn("diamond-price", command("models"))

        # And the other way round, beside what the SDK has.
        sections = [line for line in FILE.read_text().splitlines() if line.startswith("[")]
        command("login", SECOND, "--email", "admin@company.com", "--password-stdin", text="practicus\n")
        self.assertEqual(stat.S_IMODE(FILE.stat().st_mode), 0o600)
        for section in sections:
            self.assertIn(section + "\n", FILE.read_text())
        listed = sdk(
            "for r in prt.regions.get_region_list(): print(r.key, r.url, r.username, r.email, r.is_default)\n"
            "print(prt.regions.get_default_region().key)\n"
            "print([m.name for m in prt.regions.get_default_region().model_list][0])"
        )
        self.assertEqual(
            listed[-4:],
            [
                f"{key(FIRST)} {FIRST} admin admin@company.com False",
                f"{key(SECOND)} {SECOND} admin admin@company.com True",
                key(SECOND),
                "diamond-price",
            ],
        )

        # Each sees what the other has changed.
        sdk(f"prt.regions.set_default_region({key(FIRST)!r})")
        self.assertEqual([r["is_default"] for r in regions()], [True, False])
        command("regions", "--set-default", SECOND.removeprefix("http://"))
        self.assertEqual(sdk("print(prt.regions.get_default_region().key)")[-1], key(SECOND))
        command("logout", key(SECOND))
        self.assertEqual(sdk("print(prt.regions.get_default_region().key)")[-1], key(FIRST))
        sdk(f"prt.regions.logout({key(FIRST)!r})")
        self.assertEqual(regions(), [])


if __name__ == "__main__":
    unittest.main()
