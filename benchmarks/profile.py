# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Where the time of one exchange goes: instructions by what they are for (callgrind), system calls (strace), and the
processor time that is the kernel's.

    profile.py --programs DIR [--connections N] [--tls]

DIR is where the built benchmarks are, with debug information as benchmarks/run.sh builds them. All figures are
differences of two runs, of which one makes so many exchanges more: what start and end cost is in both.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

# The first that matches a line of callgrind's counts. Small functions count where they are inlined to.
KINDS = (
    ("dynamic linker", r"/elf/"),
    ("TLS (OpenSSL)", r"libssl|libcrypto"),
    ("HTTP parser (Beast)", r"beast/http|response_reader"),
    ("JSON parser (Boost.JSON) and its events", r"boost/json|libboost_json|shape_reader|json_"),
    ("memory: allocating and freeing", r"malloc\.c|arena\.c|memalign|operator (new|delete)|aligned_(new|delete)"),
    ("locks", r"pthread_mutex|posix_mutex"),
    ("Asio: sockets, event loop, coroutine frames", r"asio/|c\+\+/\d+/coroutine|epoll"),
    ("other Boost: buffers, messages, fields", r"/boost/"),
    ("bytes: copying, comparing, wiping", r"sysdeps/.*(mem|str)|basic_string|char_traits|string_view|wipe"),
    ("the client: pool, tokens, retries, request", r"practicus/"),
    ("the peer's own loop", r"benchmarks/"),
)
# Pairs of runs, by number of exchanges. How often a call is in vain differs from run to run: that takes many.
INSTRUCTION_RUNS = (2_000, 6_000)
CALL_RUNS = (5_000, 65_000)


def environment():
    """The environment without the user's proxy settings, which would cost time for each url."""
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


def run(command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True, env=environment())


def kind_name(line):
    return next((name for name, pattern in KINDS if re.search(pattern, line)), "others")


def instructions(peer, exchanges, scratch):
    """Instructions of a whole run, by kind."""
    out = scratch / "callgrind.out"
    run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *peer, "--exchanges", exchanges])
    text = run(["callgrind_annotate", "--threshold=100", "--show-percs=no", "--auto=no", out]).stdout
    found = collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*([\d,]+)\s+(\S+:\S.*)", line)
        if match:
            # Without the program's own name, which is no place in it.
            found[kind_name(re.sub(r" \[\S*peer_\w+\]$", "", match.group(2)))] += int(match.group(1).replace(",", ""))
    return found


def system_calls(peer, exchanges, scratch):
    """System calls of a whole run, by name."""
    out = scratch / "strace.out"
    run(["strace", "-f", "-c", "-o", out, *peer, "--exchanges", exchanges])
    found = collections.Counter()
    for line in out.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
            found[words[-1]] += int(words[3])
    return found


def processor_time(peer, exchanges):
    """Median user and system microseconds of an exchange, of several runs."""
    lines = [json.loads(run([*peer, "--exchanges", exchanges]).stdout) for _ in range(9)]

    def each(name):
        return 1e6 * sorted(line[name] for line in lines)[len(lines) // 2] / lines[0]["exchanges"]

    return each("cpu_user"), each("cpu_system")


def difference(count, runs):
    """`count(exchanges)` for one exchange."""
    few, many = (count(n) for n in runs)
    each = runs[1] - runs[0]
    return {name: (many[name] - few[name]) / each for name in many if many[name] - few[name] > each / 1000}


def profile(name, peer, scratch):
    print(f"{name}:")
    user, system = processor_time(peer, 50_000)
    whole = user + system
    print(f"  {whole:.2f} us of processor time, {100 * system / whole:.0f} % of it in the kernel")
    if shutil.which("strace"):
        calls = difference(lambda n: system_calls(peer, n, scratch), CALL_RUNS)
        print("  system calls: " + ", ".join(f"{count:.2f} {call}" for call, count in
                                             sorted(calls.items(), key=lambda found: -found[1]) if count >= 0.005))
    else:
        print("  SKIPPED: system calls: strace is not installed")
    if shutil.which("valgrind"):
        found = difference(lambda n: instructions(peer, n, scratch), INSTRUCTION_RUNS)
        whole = sum(found.values())
        print(f"  {whole:.0f} instructions:")
        for kind, count in sorted(found.items(), key=lambda one: -one[1]):
            print(f"    {count:7.0f}  {100 * count / whole:4.1f} %  {kind}")
    else:
        print("  SKIPPED: instructions: valgrind is not installed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--tls", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        command = [arguments.programs / "lean_server", scratch / "ca.pem", "0"]
        server = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        try:
            plain, tls = (server.stdout.readline().split(": ")[1].strip() for _ in range(2))
            security = "TLS" if arguments.tls else "plain"
            print(f"One console exchange, {security}, {arguments.connections} connections")
            with_ca = ["--ca", scratch / "ca.pem"] if arguments.tls else []
            for name in ("practicus", "beast"):
                peer = [arguments.programs / f"peer_{name}", "--url", tls if arguments.tls else plain]
                profile(name, [*peer, "--connections", arguments.connections, *with_ca], scratch)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
