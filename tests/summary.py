# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Adds up the results of several ctest runs, and fails if a test failed, a run is missing or nothing ran.

    summary.py [--filtered] NAME=RESULTS.xml...

What was skipped, as a whole or in part, is named with its reason: the rest of a line that begins with `SKIPPED: `.

RESULTS.xml is what ctest --output-junit wrote. A file that is not there is a configuration that could not be built or
run, and counts as one failure. So does a run without a single test, unless --filtered says that this may be.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree


def outcome(case):
    """Returns passed, failed or skipped. A test that could not be run has failed; only a test itself can skip."""
    if case.get("status") == "run":
        return "passed"
    mark = case.find("skipped")
    asked = mark is not None and mark.get("message", "").startswith("SKIP_")
    return "skipped" if asked or case.get("status") == "disabled" else "failed"


def reasons(case):
    """The reasons for which a test, or parts of it, were skipped: lines that begin with `SKIPPED: `."""
    output = [line.strip() for line in (case.findtext("system-out") or "").splitlines()]
    said = [line.removeprefix("SKIPPED: ") for line in output if line.startswith("SKIPPED: ")]
    if said or outcome(case) != "skipped":
        return said
    if case.get("status") == "disabled":
        return ["disabled"]
    return [line for line in output if line][-1:] or ["no reason given"]


def read(path):
    """The tests of a run by outcome, and the parts of tests that were skipped; or nothing if there is no result."""
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None, []
    names = collections.defaultdict(list)
    parts = []
    for case in root.iter("testcase"):
        name, kind = case.get("name"), outcome(case)
        if kind == "skipped":
            name = f"{name}: {'; '.join(reasons(case))}"
        else:
            parts += [f"{name}: {reason}" for reason in reasons(case)]
        names[kind].append(name)
    return names, parts


def counts(total):
    return ", ".join(f"{total[word]} {word}" for word in ("passed", "failed", "skipped"))


def summarise(results, filtered):
    """The lines to print and the exit code."""
    lines = []
    total = collections.Counter()
    for configuration, path in results:
        names, parts = read(path)
        if names is None or (not any(names.values()) and not filtered):
            lines.append(f"{configuration}: {'no test ran' if names is not None else 'did not build or run'}")
            total["failed"] += 1
            continue
        count = collections.Counter({word: len(tests) for word, tests in names.items()})
        lines.append(f"{configuration}: {counts(count)}")
        lines += [f"  {word}: {name}" for word in ("failed", "skipped") for name in names[word]]
        lines += [f"  skipped in part: {name}" for name in parts]
        total += count
    lines.append(counts(total))
    return lines, 1 if total["failed"] or not total["passed"] else 0


def main(arguments):
    filtered = "--filtered" in arguments
    results = [argument.split("=", 1) for argument in arguments if argument != "--filtered"]
    lines, code = summarise([(name, pathlib.Path(path)) for name, path in results], filtered)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
