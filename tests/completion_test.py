# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""completion_test.py PRACTICUS: tests the completions in bash and zsh, each on a terminal of its own."""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PRACTICUS = os.path.abspath(sys.argv[1])
CONF = """[k8s]
default_region_key = admin@practicus.company.com:8443
[k8s_config_0]
host_url = https://practicus.company.com:8443
email = admin@company.com
username = admin
refresh_token = opaque
[k8s_config_1]
host_url = https://labs.company.com
email = anna@company.com
username = anna
refresh_token = opaque
"""


class Shell:
    """An interactive shell with the completion. `completed` types a line and returns the result of Tab."""

    def __init__(self, command, script, setup):
        self.home = pathlib.Path(tempfile.mkdtemp())
        (self.home / ".practicus").mkdir(0o700)
        (self.home / ".practicus/core.conf").touch(0o600)
        (self.home / ".practicus/core.conf").write_text(CONF)
        (self.home / "my file.csv").write_text("a\n")
        (self.home / "models").write_text("")
        text = subprocess.run([PRACTICUS, "completion", script], check=True, capture_output=True, text=True).stdout
        (self.home / "completion").write_text(text)
        (self.home / "bin").mkdir()
        (self.home / "bin/practicus").symlink_to(PRACTICUS)
        # The words of the completed line, one a line.
        (self.home / "bin/told").write_text('#!/bin/sh\nprintf "<%s>" "$@"\necho "<end>"\n')
        (self.home / "bin/told").chmod(0o755)
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.chdir(self.home)
            os.execvpe(command[0], command, environment)
        self.output = ""
        self.number = 0
        self.type(setup + "\n")
        self.completed("")

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, pattern):
        end = time.monotonic() + 50
        while not re.search(pattern, self.output, re.DOTALL):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.output!r}")
            self.output += os.read(self.master, 4096).decode(errors="replace")

    def completed(self, line):
        """The words of the line `practicus LINE<Tab>`."""
        self.number += 1
        self.output = ""
        # Ctrl-A: instead of being run, the line is told its words.
        self.type(f"practicus {line}\tX{self.number}\x01told \n")
        self.wait_for(rf"\n<.*X{self.number}><end>")
        words = re.findall(r"<(.*?)>", self.output[self.output.rindex("\n<") :])
        return [word.removesuffix(f"X{self.number}") for word in words[1:-1] if word != f"X{self.number}"]

    def end(self):
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.master)
        shutil.rmtree(self.home)


class Completion:
    @classmethod
    def tearDownClass(cls):
        cls.shell.end()

    def check(self, line, *words):
        with self.subTest(line=line):
            self.assertEqual(self.shell.completed(line), list(words))

    def test_a_command(self):
        self.check("mod", "models")
        self.check("--region x mod", "--region", "x", "models")
        self.check("--region admin@practicus.company.com:8443 mod", "--region", "admin@practicus.company.com:8443", "models")
        self.check("--verbose --output json mod", "--verbose", "--output", "json", "models")
        self.check("--region models tok", "--region", "models", "token")
        self.check("--ca-file my\\ file.csv dep", "--ca-file", "my file.csv", "deployments")

    def test_options(self):
        self.check("--verb", "--verbose")
        self.check("models --dep", "models", "--deployed")
        self.check("models --verb", "models", "--verbose")
        self.check("--region x predict --enc", "--region", "x", "predict", "--encoding")
        self.check("predict --encoding gz", "predict", "--encoding", "gzip")
        self.check("completion z", "completion", "zsh")

    def test_a_region(self):
        self.check("--region an", "--region", "anna@labs.company.com")
        self.check("models --region admin@p", "models", "--region", "admin@practicus.company.com:8443")
        self.check("--region admin@practicus.company.com:8", "--region", "admin@practicus.company.com:8443")
        self.check("regions --set-default an", "regions", "--set-default", "anna@labs.company.com")
        self.check("logout an", "logout", "anna@labs.company.com")

    def test_a_file(self):
        self.check("predict a/b my", "predict", "a/b", "my file.csv")
        self.check("predict a/b my\\ f", "predict", "a/b", "my file.csv")
        self.check("--ca-file my", "--ca-file", "my file.csv")


class Bash(Completion, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shell = Shell(
            ["bash", "--norc", "--noprofile", "-i"],
            "bash",
            "PS1=; bind 'set enable-bracketed-paste off'; . ./completion",
        )

    def test_a_value_behind_an_equals_sign(self):
        self.check("--output=js", "--output=json")
        self.check("--region=an", "--region=anna@labs.company.com")
        self.check("--region=models tok", "--region=models", "token")

    def test_no_files_where_none_can_be(self):
        self.check("token my", "token", "my")
        self.check("--url my", "--url", "my")


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Completion, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shell = Shell(
            ["zsh", "-f", "-i"],
            "zsh",
            "PS1=; unsetopt zle_bracketed_paste; mkdir f; mv completion f/_practicus; fpath=($PWD/f $fpath); "
            "bindkey -e; autoload -U compinit; compinit -u; compdef _practicus practicus",
        )


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
