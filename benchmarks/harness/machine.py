# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The machine, and the assignment of its processors."""

import bisect
import datetime
import os
import pathlib
import platform
import threading
import time


def describe():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {
        "cpu": model,
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "system": system,
        "date": datetime.date.today().isoformat(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def places():
    """A processor for the peer, and another for the server; none on a machine with one."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return None, None
    return processors[0], processors[-1]


def pin(processor):
    """For `preexec_fn`: pins the child process to one processor."""
    if processor is None:
        return None
    return lambda: os.sched_setaffinity(0, {processor})


def cpu_seconds(pid):
    """User and system time of another process so far, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    coarse = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    try:
        fine = 0
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            fine += int((thread / "schedstat").read_text(encoding="utf-8").split()[0])
        return fine / 1e9
    except OSError:
        return coarse


def peak_memory(pid):
    """The peak resident memory of another process, in bytes, since its exec; None if it has ended. (The system's value for an
    ended process includes its parent before the exec.)"""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), None)


class Log:
    """Samples `read` at the start, every `pause` seconds while other code runs, and at the end, for any span of time."""

    def __init__(self, read, pause=0.01):
        self.read = read
        self.pause = pause
        self.times = []
        self.values = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._note_on, daemon=True)

    def _note_on(self):
        while not self.ended.wait(self.pause):
            self.note()

    def note(self):
        value = self.read()
        self.times.append(time.monotonic())
        self.values.append(value)

    def __enter__(self):
        self.note()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.note()

    def at(self, when):
        """Between two notes, on the line from one to the other."""
        i = min(max(1, bisect.bisect_left(self.times, when)), len(self.times) - 1)
        (t0, t1), (v0, v1) = self.times[i - 1 : i + 1], self.values[i - 1 : i + 1]
        part = 1 if t1 == t0 else min(1, max(0, (when - t0) / (t1 - t0)))
        return v0 + part * (v1 - v0)

    def rate(self, begin, end):
        return (self.at(end) - self.at(begin)) / (end - begin)
