# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""prompt_test.py MOCK_SERVER QUICKSTART: the quickstart's prompt, on a terminal of its own."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import unittest

MOCK, QUICKSTART = sys.argv[1:3]


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def lead(command, tell):
    """The session leader: runs the command, prints its process id and exit code, and stays until it is killed."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: None)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PRT_")}
    try:
        child = subprocess.Popen(command, env=environment)
        os.write(tell, f"{child.pid}\n".encode())
        os.write(tell, f"{child.wait()}\n".encode())
        while True:
            signal.pause()
    finally:
        os._exit(1)


class Session:
    """The quickstart on a terminal, of which this is the other end. A process of its own leads the terminal's session
    and outlives the quickstart: with its leader, a terminal loses its state."""

    def __init__(self, url, *before):
        self.output = ""
        self.told, tell = os.pipe()
        leader, self.master = pty.fork()
        if leader == 0:
            lead([*before, QUICKSTART, "--url", url], tell)
        os.close(tell)
        self.leader = leader
        self.told = os.fdopen(self.told)
        self.before = termios.tcgetattr(self.master)
        self.child = int(self.told.readline())

    def wait_for(self, pattern):
        end = time.monotonic() + 50
        while not re.search(pattern, self.output):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.output!r}")
            self.output += os.read(self.master, 4096).decode()

    def wait_for_silence(self):
        """The question is written before the echo is switched off."""
        end = time.monotonic() + 50
        while echoes(self.master):
            if time.monotonic() > end:
                raise AssertionError("the terminal still echoes")
            os.sched_yield()

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """The exit code, and whether the terminal is as it was before."""
        code = int(self.told.readline())
        restored = termios.tcgetattr(self.master) == self.before
        os.kill(self.leader, signal.SIGKILL)
        os.waitpid(self.leader, 0)
        os.close(self.master)
        self.told.close()
        return code, restored


class Prompt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = subprocess.Popen([MOCK], stdout=subprocess.PIPE, text=True)
        cls.url = cls.mock.stdout.readline().split()[1]

    @classmethod
    def tearDownClass(cls):
        cls.mock.terminate()
        cls.mock.communicate()
        assert cls.mock.returncode == 0, "the region found fault with a request"

    def asked_for_password(self, *before):
        session = Session(self.url, *before)
        session.wait_for("E-mail: ")
        self.assertTrue(echoes(session.master))
        session.type("admin@company.com\n")
        session.wait_for("Password: ")
        session.wait_for_silence()
        return session

    def test_the_email_is_echoed_and_the_password_is_not(self):
        session = self.asked_for_password()
        session.type("practicus\n")
        session.wait_for("lives 240 minutes")
        self.assertEqual(session.end(), (0, True))
        asked = session.output[:session.output.index("Logged in")]
        self.assertIn("admin@company.com", asked)
        self.assertNotIn("practicus", asked)

    def test_the_terminal_is_as_before_when_the_password_is_wrong(self):
        session = self.asked_for_password()
        session.type("wrong\n")
        session.wait_for("refused the login")
        self.assertEqual(session.end(), (1, True))
        self.assertNotIn("wrong", session.output)

    def test_an_end_of_file_is_no_password(self):
        session = self.asked_for_password()
        session.type("\x04")
        session.wait_for("no answer")
        self.assertEqual(session.end(), (2, True))

    def test_the_terminal_is_as_before_when_the_prompt_is_interrupted(self):
        for typed, number in (("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)):
            with self.subTest(number=number):
                session = self.asked_for_password()
                session.type("pract" + typed)
                self.assertEqual(session.end(), (-number, True))

    def test_a_signal_that_was_ignored_stays_ignored(self):
        session = self.asked_for_password("env", "--ignore-signal=INT")
        session.type("pract\x03")  # The terminal forgets what was typed.
        session.type("practicus\n")
        session.wait_for("lives 240 minutes")
        self.assertEqual(session.end(), (0, True))

    def test_the_terminal_is_as_before_when_the_program_is_ended(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number=number):
                session = self.asked_for_password()
                os.kill(session.child, number)
                self.assertEqual(session.end(), (-number, True))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
