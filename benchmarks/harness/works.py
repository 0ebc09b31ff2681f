# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The measured points of work, each with the contenders that can do it."""

import dataclasses

# Any number of connections on one thread.
LOOPS = ("practicus", "beast", "libcurl", "go net/http", "rust reqwest", "python aiohttp")
ALL = LOOPS + ("python requests",)
STREAMS = ("practicus", "rust reqwest", "python aiohttp")
FLOWS = ("practicus", "practicus SDK", "python requests")
# Servers, and what they add to a title.
REGIONS = (("region", ""), ("nginx", ", through nginx"))


@dataclasses.dataclass(frozen=True)
class Point:
    work: str
    # Its title in the table.
    title: str
    contenders: tuple
    # Of the peers' command line, as pairs.
    arguments: tuple
    rounds: int
    # lean, events, region, or nginx: a region behind it.
    server: str = "lean"
    tls: bool = False
    # The contender by whose processor time the others are divided.
    base: str = "beast"
    # Fraction of the contender's own capacity, for a load.
    load: float = 0
    # How many the server has.
    models: int = 100_000


def _exchange(quick, rounds):
    seconds = 0.15 if quick else 1
    for tls in (False, True):
        for connections in ((64,) if tls else (1, 64)) if quick else (1, 8, 64, 256):
            yield Point(
                "exchange",
                f"one exchange, {'TLS' if tls else 'plain'}, {connections} connection{'s' * (connections != 1)}",
                ALL + ("wrk",),
                (("--work", "exchange"), ("--connections", connections), ("--seconds", seconds)),
                rounds or (3 if quick else 7),
                tls=tls,
            )


def _listing(quick, rounds):
    yield Point(
        "listing",
        "a listing of 100,000 models",
        ALL,
        (("--work", "listing"), ("--exchanges", 1 if quick else 3)),
        rounds or (1 if quick else 5),
    )


def _memory(quick, rounds):
    for connections in (1000,) if quick else (1000, 10_000):
        for tls in (False, True):
            yield Point(
                "memory",
                f"memory, {'TLS' if tls else 'plain'}, {connections} connections",
                LOOPS,
                (("--work", "memory"), ("--connections", connections)),
                rounds or (1 if quick else 3),
                tls=tls,
            )
        yield Point(
            "memory",
            f"memory, {connections} waiters",
            ("practicus",),
            (("--work", "waiters"), ("--connections", connections)),
            rounds or (1 if quick else 3),
        )


def _load(quick, rounds):
    for fraction in (0.1, 0.7, 1.1) if quick else (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1):
        yield Point(
            "load",
            f"open loop at {round(100 * fraction)} % of its own capacity, 64 connections",
            LOOPS + ("bare sockets",),
            (("--work", "load"), ("--connections", 64), ("--seconds", 0.3 if quick else 1)),
            rounds or (1 if quick else 9),
            load=fraction,
        )


def _predict(quick, rounds):
    for size, name, connections in ((1000, "1 KB", 8), (100_000, "100 KB", 8), (10_000_000, "10 MB", 1)):
        for encoding in ("", "gzip", "zlib", "deflate", "lz4"):
            yield Point(
                "predict",
                f"predictions of {name}, {encoding or 'plain'}, {connections} at once",
                ("practicus",) if encoding else LOOPS,
                (
                    ("--work", "predict"),
                    ("--connections", connections),
                    ("--seconds", 0.1 if quick else 1),
                    ("--bytes", size),
                )
                + ((("--encoding", encoding),) if encoding else ()),
                rounds or (1 if quick else 5),
            )


def _events(quick, rounds):
    seconds = 1 if quick else 5
    for streams, rate, events in ((100, 50, 5000 * seconds), (8, 0, 40_000 * seconds)):
        yield Point(
            "events",
            f"events of {streams} streams, {f'{rate} a second each' if rate else 'as fast as they are read'}",
            STREAMS,
            (("--work", "events"), ("--connections", streams), ("--rate", rate), ("--exchanges", events)),
            rounds or (1 if quick else 5),
            server="events",
            base="rust reqwest",
        )


def _flow(quick, rounds):
    for kind, title, much in (
        ("flow_cold", "from nothing to a first token", ("--seconds", 0.3 if quick else 2)),
        ("flow_warm", "a token of another model, logged in", ("--exchanges", 20 if quick else 100)),
    ):
        for server, through in REGIONS:
            yield Point(
                "flow",
                title + through,
                FLOWS,
                (("--work", kind), much),
                rounds or (2 if quick else 5),
                server=server,
                base="practicus SDK",
                models=200,
            )


def _tokens(quick, rounds):
    models = 100 if quick else 1000
    for server, through in (("lean", ", lean server"), *REGIONS):
        yield Point(
            "tokens",
            f"a token of each of {models} models{through}",
            FLOWS,
            (("--work", "tokens"), ("--exchanges", models)),
            rounds or (1 if quick else 3),
            server=server,
            base="practicus SDK",
            models=models,
        )


WORKS = {
    "exchange": _exchange,
    "listing": _listing,
    "memory": _memory,
    "load": _load,
    "predict": _predict,
    "events": _events,
    "flow": _flow,
    "tokens": _tokens,
}


def points(works, quick, rounds=None):
    """All points of the works named, in order."""
    return [point for work in works for point in WORKS[work](quick, rounds)]
