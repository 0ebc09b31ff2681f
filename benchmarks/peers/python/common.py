# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""What the peers in Python share: the command line, the clock, and the line of JSON."""

import argparse
import dataclasses
import json
import platform
import resource
import time

CLUSTER = "/console/api/central/clusterdefinition/"
LISTING = "/console/api/modelhost/models/"
HEADERS = {
    "User-Agent": "benchmark/1.0",
    "Accept": "application/json",
    "Authorization": "Bearer " + "a" * 300,
}


def read_command(works):
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="http://127.0.0.1:PORT or https://127.0.0.1:PORT")
    parser.add_argument("--ca", help="the authority to trust, PEM")
    parser.add_argument("--work", default=works[0], choices=works)
    parser.add_argument("--connections", type=int, default=1, help="at once")
    parser.add_argument("--seconds", type=float, default=1, help="how long")
    parser.add_argument("--exchanges", type=int, default=0, help="how many in all, instead of how long")
    return parser.parse_args()


@dataclasses.dataclass
class Quota:
    """How much each connection does: so many, or as many as begin before a time."""

    each: int = 0
    until: float = 0

    def goes_on(self, done):
        return done < self.each if self.each else time.perf_counter() < self.until


def warm_up(command):
    if command.work == "listing":
        return Quota(each=1)
    if command.exchanges:
        return Quota(each=10)
    return Quota(until=time.perf_counter() + command.seconds / 4)


def much(command):
    if command.exchanges:
        return Quota(each=-(-command.exchanges // command.connections))
    return Quota(until=time.perf_counter() + command.seconds)


def check_cluster(found):
    if found["REGION_NAME"] != "benchmark" or not found["NAME"].startswith("eyJ"):
        raise ValueError("a wrong answer")


class Stopwatch:
    """The time and the processor time of the whole process from here on."""

    def __init__(self):
        self.used = resource.getrusage(resource.RUSAGE_SELF)
        self.began = time.perf_counter()

    def stop(self, exchanges):
        took = time.perf_counter() - self.began
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "exchanges": exchanges,
            "seconds": took,
            "cpu_user": used.ru_utime - self.used.ru_utime,
            "cpu_system": used.ru_stime - self.used.ru_stime,
        }


def report(name, versions, command, figures):
    line = {
        "name": name,
        "versions": {**versions, "python": platform.python_version()},
        "work": command.work,
        "tls": command.url.startswith("https"),
        "connections": command.connections,
        **figures,
    }
    print(json.dumps(line), flush=True)
