# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The machine, and which of its processors does what."""

import datetime
import os
import pathlib
import platform


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
    """A processor for whoever is measured, and another for the server; or none, where there is only one."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return None, None
    return processors[0], processors[-1]


def pin(processor):
    """For `preexec_fn`: keeps what is started on one processor."""
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
