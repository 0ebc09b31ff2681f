# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The contenders: the command of each, or the reason for which it cannot run."""

import dataclasses
import os
import pathlib
import shutil


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    command: tuple
    # The reason for which it does not take part, or empty.
    missing: str = ""
    # The contender whose loads it gets, if not those of its own capacity.
    load_of: str = ""


def _program(name, path, why):
    return Contender(name, (str(path),), "" if path.is_file() else why)


def _script(name, venv, script, why):
    python = venv / "bin" / "python"
    complete = (venv / "complete").is_file()
    return Contender(name, (str(python), "-B", str(script)), "" if complete else why)


def all_of(build, peers):
    """By name, in the order of the table. `build` is where the programs are, `peers` the folder of sources."""
    here = build / "benchmarks"
    python = pathlib.Path(peers) / "python"
    wrk = shutil.which("wrk")
    found = [
        _program("practicus", here / "peer_practicus", "it was not built"),
        _program("beast", here / "peer_beast", "it was not built"),
        _program("libcurl", here / "peer_curl", "libcurl4-openssl-dev is not installed"),
        _program("go net/http", build / "peer_go", "there is no Go, or it did not build"),
        _program("rust reqwest", build / "rust" / "release" / "peer_rust", "there is no cargo, or it did not build"),
        _script("python aiohttp", build / "venv", python / "peer_aiohttp.py", "aiohttp could not be installed"),
        _script("python requests", build / "venv", python / "peer_requests.py", "requests could not be installed"),
        Contender(
            "wrk", ("/usr/bin/python3", "-B", str(python / "peer_wrk.py")), "" if wrk else "wrk is not installed"
        ),
    ]
    bare = _program("bare sockets", here / "peer_bare", "it was not built")
    found.append(dataclasses.replace(bare, load_of="practicus"))
    found.append(
        _script("practicus SDK", build / "sdk-venv", python / "peer_sdk.py", "practicuscore could not be installed")
    )
    return {c.name: c for c in found}


def environment():
    """The environment without the user's proxy and region."""
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("PRT_")}
