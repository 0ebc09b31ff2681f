# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Runs contenders in interleaved rounds, and records every figure."""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from . import contenders, figures, machine, servers

# Longer than any run on a slow machine: ends a run that hangs.
LIMIT = 600


def together(points):
    """Groups whose rounds take turns: the loads, since theirs are compared, and each other point by itself."""
    return [list(group) for _, group in itertools.groupby(points, lambda p: "load" if p.load else p.title)]


def drawn(what, number, title=""):
    """In an order drawn for this round, which is the same in the next run of the benchmark."""
    return random.Random(f"{title} {number}").sample(what, len(what))


class Runner:
    def __init__(self, build, peers):
        self.here = build / "benchmarks"
        self.scratch = build
        self.contenders = contenders.all_of(build, peers)
        self.own, self.servers = machine.places()
        self.records = []
        self.failures = []
        self.capacities = {}
        self.skipped = {c.name: c.missing for c in self.contenders.values() if c.missing}

    def run_all(self, points):
        if not servers.nginx():
            if any(p.server == "nginx" for p in points):
                self.skipped["nginx"] = "it is not installed"
            points = [p for p in points if p.server != "nginx"]
        with contextlib.ExitStack() as stack:
            running = {}
            done = 0
            for group in together(points):
                titles = ", ".join(p.title for p in group)
                print(f"[{done + 1}/{len(points)}] {titles}", file=sys.stderr, flush=True)
                done += len(group)
                for number in range(group[0].rounds):
                    for point in drawn(group, number):
                        try:
                            self._run_round(point, number, self._server_of(point, running, stack))
                        except (OSError, RuntimeError, ValueError) as problem:
                            print(f"FAILED: {point.title}: {problem}", file=sys.stderr)
                            self.failures.append((point.title, "the harness"))

    def _server_of(self, point, running, stack):
        key = (point.server, point.models)
        if key not in running:
            if point.server == "lean":
                server = servers.LeanServer(self.here, self.scratch / f"ca-{point.models}.pem", self.servers, point.models)
            else:
                kinds = {"events": servers.EventServer, "nginx": servers.Front, "region": servers.Region}
                kind = kinds[point.server]
                server = kind(self.here, self.servers, point.models)
            running[key] = stack.enter_context(server)
        return running[key]

    def _run_round(self, point, number, server):
        for name in drawn([n for n in point.contenders if not self.contenders[n].missing], number, point.title):
            arguments = [word for pair in point.arguments for word in pair]
            if point.load:
                of = self.contenders[name].load_of or name
                capacity = self._capacity(of, server, dict(point.arguments)["--seconds"], min(point.rounds, 3))
                if not capacity:
                    self.failures.append((point.title, name))
                    continue
                arguments += ["--rate", round(point.load * capacity)]
            record = self._run(self.contenders[name], point, server, arguments)
            if record is None:
                self.failures.append((point.title, name))
                continue
            record.update(point=point.title, contender=name, round=number, load=point.load, group=point.work)
            self.records.append(record)

    def _capacity(self, name, server, seconds, rounds):
        """The capacity: calls a second that are completed when 1.5 times the closed loop's rate arrives. 0 for a contender
        without loads. It runs as long as the loads, because a backlog makes calls more expensive."""
        if name not in self.capacities:

            def median_rate(*arguments):
                command = [*arguments, "--connections", 64, "--seconds", seconds]
                runs = [self._start(self.contenders[name], server.urls["plain"], None, command) for _ in range(rounds)]
                rates = sorted(figures.per_second(r) for r in runs if r)
                return rates[len(rates) // 2] if rates else 0

            closed = median_rate("--work", "exchange")
            self.capacities[name] = closed and median_rate("--work", "load", "--rate", round(1.5 * closed))
        return self.capacities[name]

    def _run(self, contender, point, server, arguments):
        server.counts()
        url = server.urls["tls" if point.tls else "plain"]
        record = self._start(contender, url, server.ca_file if point.tls else None, arguments, server)
        counts = server.counts()
        if record is not None and counts is not None:
            record["region"] = counts
            if counts.get("violations"):
                print(f"FAILED: the region found fault with {contender.name}", file=sys.stderr)
                return None
        return record

    def _start(self, contender, url, ca_file, arguments, server=None):
        command = [*contender.command, "--url", url, *(["--ca", ca_file] if ca_file else []), *arguments]
        # Rarely in a long run: each sample takes processor time from the peer or the server.
        seconds = dict(zip(arguments[::2], arguments[1::2])).get("--seconds", 0)
        served = machine.Log(server.cpu_seconds if server else float, max(0.01, seconds / 10))
        with served, subprocess.Popen(
            [str(c) for c in command],
            stdout=subprocess.PIPE,
            text=True,
            env=contenders.environment(),
            preexec_fn=machine.pin(self.own),
        ) as process:
            hangs = threading.Timer(LIMIT, os.kill, (process.pid, signal.SIGKILL))
            hangs.start()
            output, told = "", 0
            with machine.Log(lambda: machine.peak_memory(process.pid), 0.1) as memory:
                # A peer prints its figures right after the measured part.
                for output in process.stdout:
                    told = time.monotonic()
                    memory.note()
            process.wait()
            hangs.cancel()
        if process.returncode != 0 or not output:
            print(f"FAILED: {' '.join(str(c) for c in command)}", file=sys.stderr)
            return None
        record = json.loads(output)
        record["max_resident"] = [value for value in memory.values if value][-1]
        if server and record.get("seconds"):
            # Of the processor that it has to itself, while the peer measured.
            record["server_busy"] = served.rate(told - record["seconds"], told)
        if record.get("open", record.get("connections")) != record.get("connections"):
            print(f"only {record['open']} connections: {' '.join(str(c) for c in command)}", file=sys.stderr)
        return record
