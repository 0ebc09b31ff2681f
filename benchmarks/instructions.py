# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Counts the instructions of one exchange by callgrind and compares them with instructions.json.

One thread, one connection, and the difference of two runs, of which one makes so many exchanges more: what start and end
cost is in both. A count holds for one compiler and one version of Boost; for others there is nothing to compare with,
and the exit code is 77. So it is where valgrind is missing. The Beast loop is counted as well, to be seen beside it.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
COUNTS = pathlib.Path(__file__).with_name("instructions.json")
EXCHANGES = 500
# The increase that a change may cause without a justification.
LIMIT = 0.05


def skip(why):
    print(f"SKIPPED: instructions: {why}")
    sys.exit(SKIPPED)


def run(peer, url, exchanges):
    """Instructions of a whole run, and the versions that it is built from."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", peer]
    command += ["--url", url, "--exchanges", str(exchanges)]
    # The user's proxy settings would cost time for each url.
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = re.search(r"Collected : (\d+)", ended.stderr)
    if ended.returncode != 0 or found is None:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr}")
    return int(found.group(1)), json.loads(ended.stdout)["versions"]


def count(peer, url):
    """Instructions of one exchange, and the versions."""
    few, versions = run(peer, url, EXCHANGES)
    many, _ = run(peer, url, 2 * EXCHANGES)
    return round((many - few) / EXCHANGES), versions


def key_of(versions):
    return f"{platform.machine()}, compiler {versions['compiler']}, Boost {versions['boost']}"


def verdict(counted, known):
    """(what to print, whether it failed)."""
    change = counted / known - 1
    text = f"{counted} instructions an exchange, {known} are noted: {100 * change:+.1f} %"
    if counted > known * (1 + LIMIT):
        return text + f", more than {100 * LIMIT:.0f} % (run with --write if it is worth it)", True
    return text, False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of the built benchmarks")
    parser.add_argument("--build-type", default="Release", help="how they were built; counts are those of Release")
    parser.add_argument("--write", action="store_true", help="note the new count")
    arguments = parser.parse_args()
    if arguments.build_type != "Release":
        skip(f"the counts are those of a Release build, and this is '{arguments.build_type}'")
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    with tempfile.TemporaryDirectory() as scratch:
        command = [arguments.programs / "lean_server", pathlib.Path(scratch) / "ca.pem", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split(": ")[1].strip()
            counted, versions = count(arguments.programs / "peer_practicus", url)
            beast, _ = count(arguments.programs / "peer_beast", url)
        finally:
            server.terminate()
            server.wait()
    print(f"practicus: {counted} instructions an exchange; the Beast loop: {beast}; ratio {counted / beast:.3f}")

    counts = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.exists() else {}
    key = key_of(versions)
    if arguments.write:
        counts[key] = {"practicus": counted, "beast": beast}
        COUNTS.write_text(json.dumps(counts, indent=4, sort_keys=True) + "\n", encoding="utf-8")
        print(f"noted for {key}")
    elif key not in counts:
        skip(f"no count is noted for {key} (run with --write)")
    else:
        text, failed = verdict(counted, counts[key]["practicus"])
        print(text)
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
