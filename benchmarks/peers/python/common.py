# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Shared code of the peers in Python: the command line, the clock, and the line of JSON."""

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
# Of the mock region.
EMAIL, PASSWORD = "admin@company.com", "practicus"


def read_command(works):
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="http://127.0.0.1:PORT or https://127.0.0.1:PORT")
    parser.add_argument("--ca", help="the authority to trust, PEM")
    parser.add_argument("--work", default=works[0], choices=works)
    parser.add_argument("--connections", type=int, default=1, help="at once")
    parser.add_argument("--seconds", type=float, default=1, help="how long")
    parser.add_argument("--exchanges", type=int, default=0, help="how many in all, instead of how long")
    parser.add_argument("--bytes", type=int, default=1000, help="of a request's body, for predict; its answer has a quarter")
    parser.add_argument("--rate", type=float, default=1000, help="calls a second that arrive, for load")
    return parser.parse_args()


@dataclasses.dataclass
class Quota:
    """The work of each connection: a number of exchanges, or those that begin before a time."""

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


def check_token(token):
    if not token or not token.startswith("eyJ"):
        raise ValueError("a token is none")


def cpu_times():
    """User and system time of the whole process: getrusage is coarse, the clock exact, so the sum is the clock's."""
    system = resource.getrusage(resource.RUSAGE_SELF).ru_stime
    return time.process_time() - system, system


class Stopwatch:
    """The time and the processor time of the whole process from here on."""

    def __init__(self):
        self.user, self.system = cpu_times()
        self.began = time.perf_counter()

    def stop(self, exchanges):
        took = time.perf_counter() - self.began
        user, system = cpu_times()
        return {
            "exchanges": exchanges,
            "seconds": took,
            "cpu_user": user - self.user,
            "cpu_system": system - self.system,
        }


# The flows of peers with tokens: `logged_in(command)` is a context with a function of a model's number, which fetches
# a token for it.


def flow_cold(command, logged_in):
    """From nothing to a first token; the first time is not measured."""

    def once():
        with logged_in(command) as fetch_token:
            fetch_token(0)

    once()
    quota, done = much(command), 0
    watch = Stopwatch()
    while quota.goes_on(done):
        once()
        done += 1
    return watch.stop(done)


def flow_warm(command, logged_in):
    """A token of a model that was not asked for before, as often as there are exchanges."""
    with logged_in(command) as fetch_token:
        fetch_token(0)
        watch = Stopwatch()
        for model in range(1, command.exchanges + 1):
            fetch_token(model)
        return watch.stop(command.exchanges)


def tokens(command, logged_in):
    """A token of each model, the login included."""
    watch = Stopwatch()
    with logged_in(command) as fetch_token:
        for model in range(command.exchanges):
            fetch_token(model)
        return watch.stop(command.exchanges)


FLOWS = {"flow_cold": flow_cold, "flow_warm": flow_warm, "tokens": tokens}


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
