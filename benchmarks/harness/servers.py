# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The servers that the peers meet, each in a process of its own."""

import json
import subprocess

from . import machine


class Server:
    """A program that prints `name: url` lines first."""

    def __init__(self, arguments, urls, processor):
        self.process = subprocess.Popen(
            [str(a) for a in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=machine.pin(processor),
        )
        self.urls = {}
        while len(self.urls) < urls:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"{arguments[0]} has not started")
            name, url = line.strip().split(": ")
            self.urls[name] = url

    def cpu_seconds(self):
        return machine.cpu_seconds(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class LeanServer(Server):
    def __init__(self, folder, ca_file, processor, models=100_000):
        self.ca_file = ca_file
        super().__init__([folder / "lean_server", ca_file, models], 2, processor)


class Region(Server):
    """A mock region with models named `models/many/model-0` and so on."""

    def __init__(self, folder, processor, models):
        super().__init__([folder / "region", models], 1, processor)

    def counts(self):
        """What it was asked since the last call."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
