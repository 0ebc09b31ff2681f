# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""kill_test.py PRACTICUS [--form json|openai|pack]: `practicus predict` is killed at random moments and resumed. The region
fails each so-manyth call (429, 401, 503, lost connections), and restarts once in the middle, as where a model is rolled out. What
is written at the end is, byte for byte, what an undisturbed run writes, refused rows included, and nothing else is left."""

import argparse
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

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

    def start(self, fail_every=None):
        failing = ["--fail-every", str(fail_every)] if fail_every else []
        self.process = subprocess.Popen([self.program, "mock", "--port", self.port, "--refuse", "bad", *failing],
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
        print(f"the region: {said.splitlines()[-1]}")


class Csv:
    """A CSV whose batches are refused if a row says so."""
    model = "models/finance/loan-risk"
    suffix = "csv"

    @staticmethod
    def options(arguments):
        return ["--rows", str(arguments.batch)]

    @staticmethod
    def write(path, rows):
        with path.open("w", encoding="utf-8") as out:
            out.write("id,remark\n")
            for row in range(rows):
                what = "bad" if row % max(rows // 25, 7) == 5 else "good"
                out.write(f'{row},"a {what} row, ""quoted""{chr(10) if row % 11 == 0 else " "}{row * 7919}"\n')

    @staticmethod
    def check(folder, rows):
        """Both files were compared with those of an undisturbed run already."""


class Lines:
    """JSON Lines: chats, OpenAI's form or embeddings in packs. Some lines are no JSON, and some have no model's name."""
    model = "llm/assistant"
    suffix = "jsonl"

    def __init__(self, form):
        self.form = form

    def options(self, arguments):
        return {"json": ["--path", "chat/completions"], "openai": ["--openai"],
                "pack": ["--path", "embeddings", "--pack", str(arguments.batch)]}[self.form]

    def body(self, row):
        text = f"number {row}, {row * 7919}"
        return {"input": text} if self.form == "pack" else {"messages": [{"role": "user", "content": text}]}

    @staticmethod
    def kind(row, rows):
        return {3: "no JSON", 5: "refused"}.get(row % max(rows // 25, 7), "good")

    def write(self, path, rows):
        with path.open("w", encoding="utf-8") as out:
            for row in range(rows):
                kind = self.kind(row, rows)
                body = {**self.body(row), **({} if kind == "refused" else {"model": "assistant"})}
                line = {"custom_id": f"id-{row}", "method": "POST", "url": "/v1/chat/completions", "body": body}
                text = json.dumps(line if self.form == "openai" else body)
                out.write((text[:-1] if kind == "no JSON" else text) + "\n")

    def check(self, folder, rows):
        """Judged by Python's json: each good line has its own response, in order."""
        good = [row for row in range(rows) if self.kind(row, rows) == "good"]
        found = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
        refused = (folder / "out.rej").read_text().splitlines()
        if len(found) + len(refused) != rows or len(found) != len(good):
            fail(f"{len(found)} lines of output and {len(refused)} refused ones to {rows}, of which {len(good)} are good")
        for row, line in zip(good, found):
            if self.form == "openai" and (line["custom_id"] != f"id-{row}" or line["response"]["status_code"] != 200):
                fail(f"not the line of {row}: {line}")
            body = line["response"]["body"] if self.form == "openai" else line
            if self.form != "pack" and f"{row}, {row * 7919}" not in body["choices"][0]["message"]["content"]:
                fail(f"not the response of {row}: {line}")


class Job:
    def __init__(self, arguments, folder, region):
        self.arguments, self.folder, self.region = arguments, folder, region
        self.kind = Csv() if arguments.form == "csv" else Lines(arguments.form)
        self.output = f"out.{self.kind.suffix}"
        self.environment = {**os.environ, **LOGIN, "PRT_URL": region.url, "HOME": str(folder)}
        self.environment.pop("PRT_TOKEN", None)

    def command(self, name, *options):
        kind = self.kind.suffix
        return [self.arguments.practicus, "predict", self.kind.model, f"in.{kind}", f"{name}.{kind}", "--rejected",
                f"{name}.rej", "--in-flight", "8", *self.kind.options(self.arguments), *options]

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


def is_reached(job, process, size):
    """Whether the output has that size before the process ends."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        if job.size(job.output) >= size:
            return True
        if time.monotonic() > end:
            fail(f"after {PATIENCE} s the output has {job.size('out.csv')} of {size} bytes")
        time.sleep(0.001)
    return False


def check_killed(job):
    """After a kill the output is protected by the journal, or empty."""
    if (job.folder / f"{job.output}.practicus").exists():
        code, said = job.run("out")
        if code != 2 or "a run that has not ended" not in said:
            fail(f"an output with a journal was not refused: {code}, {said}")
    elif job.size(job.output) or job.size("out.rej"):
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
            job.region.start(job.arguments.fail_every)
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
    parser.add_argument("--form", choices=("csv", "json", "openai", "pack"), default="csv")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--fail-every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    began = time.monotonic()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        region = Region(arguments.practicus)
        try:
            job = Job(arguments, folder, region)
            job.kind.write(folder / f"in.{job.kind.suffix}", arguments.rows)
            expected = job.run("whole")
            if "were refused" not in expected[1]:
                fail(f"no row was refused: {expected}")
            region.stop()
            region.start(arguments.fail_every)
            run_killed(job, random.Random(arguments.seed), job.size(f"whole.{job.kind.suffix}"))
            ended = job.run("out", "--resume")
            if ended[0] != expected[0]:
                fail(f"an undisturbed run ended with {expected}, the last of those that were killed with {ended}")
        finally:
            region.stop()
        suffix = job.kind.suffix
        for kind in (suffix, "rej"):
            if (folder / f"out.{kind}").read_bytes() != (folder / f"whole.{kind}").read_bytes():
                fail(f"another {kind} file than that of an undisturbed run")
        job.kind.check(folder, arguments.rows)
        left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        if left != {f"in.{suffix}", f"out.{suffix}", "out.rej", f"whole.{suffix}", "whole.rej"}:
            fail(f"what is left: {sorted(left)}")
    print(f"{arguments.rows} rows, killed {arguments.kills} times, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
