# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""wrk with the peers' command line and line of JSON. It decodes nothing and verifies no certificate: it is the ceiling.

Its processor time is that of its whole process, as it cannot be asked when its measured part begins.
"""

import os
import re
import subprocess

import common


def figure(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ValueError(f"wrk's output has no {pattern!r}:\n{text}")
    return found.group(1)


def main():
    command = common.read_command(["exchange"])
    # It takes whole seconds only.
    seconds = max(1, round(command.seconds))
    arguments = ["wrk", "-t", "1", "-c", str(command.connections), "-d", f"{seconds}s", "--timeout", "30s"]
    for name, value in common.HEADERS.items():
        arguments += ["-H", f"{name}: {value}"]
    arguments.append(command.url + common.CLUSTER)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or "Socket errors" in output or "Non-2xx" in output:
        raise SystemExit(f"wrk failed:\n{output}")
    exchanges = int(figure(r"^ +(\d+) requests in", output))
    rate = float(figure(r"^Requests/sec: +([0-9.]+)", output))
    version = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    common.report(
        "wrk",
        {"wrk": figure(r"^wrk (\S+)", version)},
        command,
        {
            "exchanges": exchanges,
            "seconds": exchanges / rate,
            "cpu_user": used.ru_utime,
            "cpu_system": used.ru_stime,
        },
    )


main()
