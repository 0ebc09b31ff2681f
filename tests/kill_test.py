# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""kill_test.py PRACTICUS: `practicus predict` is killed at random moments and resumed, while the region restarts once in the
middle, as where a model is rolled out. What it has written at the end is, byte for byte, what an undisturbed run writes, rows
that the model refuses included, and nothing else is left."""

import argparse
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

MODEL = "models/finance/loan-risk"
LOGIN = {"PRT_EMAIL": "admin@company.com", "PRT_PASSWORD": "practicus"}
PATIENCE = 120


def fail(text):
    print(text)
    sys.exit(1)


class Region:
    """A mock region on one port, which can restart. It then has new keys: tokens issued before are invalid."""

    def __init__(self, program):
        self.program = program
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "mock", "--port", self.port, "--refuse", "bad"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        url = re.search(r"^url: +(\S+)", self.process.stdout.readline(), re.MULTILINE)
        if not url:
            fail(f"no region: {self.process.communicate()}")
        self.url = url.group(1)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        self.process.terminate()
        said, problems = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            fail(f"the region found fault with what it got:\n{problems}{said}")


class Job:
    def __init__(self, arguments, folder, region):
        self.arguments, self.folder, self.region = arguments, folder, region
        self.environment = {**os.environ, **LOGIN, "PRT_URL": region.url, "HOME": str(folder)}
        self.environment.pop("PRT_TOKEN", None)

    def command(self, name, *options):
        return [self.arguments.practicus, "predict", MODEL, "in.csv", f"{name}.csv", "--rejected", f"{name}.rej", "--rows",
                str(self.arguments.batch), "--in-flight", "8", *options]

    def start(self, name, *options):
        return subprocess.Popen(self.command(name, *options), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, name, *options):
        process = self.start(name, *options)
        _, said = process.communicate(timeout=900)
        return process.returncode, said

    def size(self, name):
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0


def write_input(path, rows):
    with path.open("w", encoding="utf-8") as out:
        out.write("id,remark\n")
        for row in range(rows):
            what = "bad" if row % max(rows // 25, 7) == 5 else "good"
            out.write(f'{row},"a {what} row, ""quoted""{chr(10) if row % 11 == 0 else " "}{row * 7919}"\n')


def is_reached(job, process, size):
    """Whether the output has that size before the process ends."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        if job.size("out.csv") >= size:
            return True
        if time.monotonic() > end:
            fail(f"after {PATIENCE} s the output has {job.size('out.csv')} of {size} bytes")
        time.sleep(0.001)
    return False


def check_killed(job):
    """After a kill the output is protected by the journal, or empty."""
    if (job.folder / "out.csv.practicus").exists():
        code, said = job.run("out")
        if code != 2 or "a run that has not ended" not in said:
            fail(f"an output with a journal was not refused: {code}, {said}")
    elif job.size("out.csv") or job.size("out.rej"):
        fail("results without a journal")


def run_killed(job, random_numbers, whole):
    """The kills, each when the output has grown some more, or at once; the region restarts in the middle."""
    kills = job.arguments.kills
    for kill in range(kills):
        process = job.start("out", "--resume")
        at_once = kill % 5 == 4
        if not at_once and not is_reached(job, process, whole * (kill + random_numbers.random()) / (kills + 1)):
            fail(f"it has ended before it was killed: {process.returncode}, {process.communicate()}")
        if kill == kills // 2:
            job.region.kill()
            time.sleep(random_numbers.uniform(0, 0.5))
            job.region.start()
        time.sleep(random_numbers.uniform(0, 0.05 if at_once else 0.01))
        # A run that begins while the region is unavailable ends at once, and is started again later.
        if process.poll() is not None and process.returncode not in ((0, 5, 6) if kill == kills // 2 else (0, 6)):
            fail(f"it failed before it was killed: {process.returncode}, {process.communicate()}")
        process.kill()
        process.communicate()
        check_killed(job)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("practicus", type=os.path.abspath)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        region = Region(arguments.practicus)
        try:
            job = Job(arguments, folder, region)
            write_input(folder / "in.csv", arguments.rows)
            expected = job.run("whole")
            if "were refused" not in expected[1]:
                fail(f"no row was refused: {expected}")
            run_killed(job, random.Random(arguments.seed), job.size("whole.csv"))
            ended = job.run("out", "--resume")
            if ended[0] != expected[0]:
                fail(f"an undisturbed run ended with {expected}, the last of those that were killed with {ended}")
        finally:
            region.stop()
        for kind in ("csv", "rej"):
            if (folder / f"out.{kind}").read_bytes() != (folder / f"whole.{kind}").read_bytes():
                fail(f"another {kind} file than that of an undisturbed run")
        left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        if left != {"in.csv", "out.csv", "out.rej", "whole.csv", "whole.rej"}:
            fail(f"what is left: {sorted(left)}")
    print(f"{arguments.rows} rows, killed {arguments.kills} times")


if __name__ == "__main__":
    main()
