# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Configures practicus in a folder of its own, as its user would."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
GENERATOR = os.environ.get("CMAKE_GENERATOR", "Ninja")
COMPILER = os.environ.get("CXX", "c++")


def run(*command, **more):
    """The exit code and all that the command printed, without line breaks: CMake sets messages as it likes."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False, **more)
    return done.returncode, " ".join(done.stdout.split())


def configure(build, *options, generator=GENERATOR):
    plain = {name: value for name, value in os.environ.items()
             if name not in ("CMAKE_BUILD_TYPE", "CMAKE_GENERATOR", "CMAKE_CXX_COMPILER_LAUNCHER")}
    return run(CMAKE, "-S", ROOT, "-B", build, "-G", generator, f"-DCMAKE_CXX_COMPILER={COMPILER}", *options, env=plain)


def cached(build, name):
    """The value of a cache entry, or an empty text."""
    for line in (pathlib.Path(build) / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split("=", 1)[1]
    return None


def has_target(build, name):
    _, text = run(CMAKE, "--build", build, "--target", "help")
    return name in text.replace(":", " ").split()
