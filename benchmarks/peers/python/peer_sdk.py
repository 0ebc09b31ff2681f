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

EMAIL, PASSWORD = "admin@company.com", "practicus"


def log_in(command):
    return prt.regions.login(command.url, EMAIL, PASSWORD)


def session_token(command, model):
    token = prt.models.get_session_token(f"{command.url}/models/many/model-{model}/")
    # A failure is None there.
    if token is None or not token.startswith("eyJ"):
        raise ValueError("a token is none")


def flow_cold(command):
    def once():
        log_in(command)
        session_token(command, 0)

    once()
    quota, done = common.much(command), 0
    watch = common.Stopwatch()
    while quota.goes_on(done):
        once()
        done += 1
    return watch.stop(done)


def flow_warm(command):
    log_in(command)
    session_token(command, 0)
    watch = common.Stopwatch()
    for model in range(1, command.exchanges + 1):
        session_token(command, model)
    return watch.stop(command.exchanges)


def tokens(command):
    watch = common.Stopwatch()
    log_in(command)
    for model in range(command.exchanges):
        session_token(command, model)
    return watch.stop(command.exchanges)


def main():
    works = {"flow_cold": flow_cold, "flow_warm": flow_warm, "tokens": tokens}
    command = common.read_command(list(works))
    # It logs to standard output.
    with contextlib.redirect_stdout(sys.stderr):
        figures = works[command.work](command)
    common.report("practicus SDK", {"practicuscore": importlib.metadata.version("practicuscore")}, command, figures)


main()
