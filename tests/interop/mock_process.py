# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""A mock region beside a test, by the command line that run.sh names in PRACTICUS."""

import contextlib
import json
import os
import subprocess
import urllib.parse
import urllib.request

PRACTICUS = os.environ["PRACTICUS"]


def session_token(url, model):
    """A session token of the region for this id."""

    def call(path, body, token=None, method=None):
        request = urllib.request.Request(url + "/console/api/" + path, body.encode(), method=method)
        if token:
            request.add_header("authorization", "Bearer " + token)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    access = call("auth/", urllib.parse.urlencode({"email": "admin@company.com", "password": "practicus"}))["access"]
    return call("modelhost/model-auth/", f"model_id={model}&upload=False", access, "GET")["token"]


@contextlib.contextmanager
def mock_region(*arguments, fault=None):
    """The url of a mock region. It must report no violation, or exactly this one."""
    process = subprocess.Popen(
        [PRACTICUS, "mock", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield next(line.split()[1] for line in process.stdout if line.startswith("url:"))
    finally:
        process.terminate()
        report = process.communicate(timeout=60)[0]
        faults = [
            line for line in report.splitlines() if line.startswith("violation:") and not (fault and fault in line)
        ]
        if faults or process.returncode != (1 if fault else 0):
            raise AssertionError("the mock region reports:\n" + report)
