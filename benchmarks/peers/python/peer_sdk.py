# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on the vendor's SDK, for whole flows."""

import contextlib
import importlib.metadata
import os
import sys
import tempfile

import common

# It keeps its logins in the user's home, and looks there once, when it is imported.
HOME = tempfile.TemporaryDirectory()
os.environ["HOME"] = HOME.name

import practicuscore as prt  # noqa: E402


@contextlib.contextmanager
def logged_in(command):
    prt.regions.login(command.url, common.EMAIL, common.PASSWORD)
    # A failure is None there.
    yield lambda model: common.check_token(prt.models.get_session_token(f"{command.url}/models/many/model-{model}/"))


def main():
    command = common.read_command(list(common.FLOWS))
    # It logs to standard output.
    with contextlib.redirect_stdout(sys.stderr):
        figures = common.FLOWS[command.work](command, logged_in)
    common.report("practicus SDK", {"practicuscore": importlib.metadata.version("practicuscore")}, command, figures)


main()
