# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Runs the requested benchmarks, and writes the table, the figures and the plots."""

import argparse
import csv
import json
import pathlib
import sys
import urllib.request

from . import machine, own, runner, servers, table, works


def read_arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh", add_help=False)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=[*works.WORKS, *own.PROGRAMS])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    return parser.parse_args()


def listing_bytes(build, used):
    """The number of models that the lean server lists."""
    if not used:
        return 0
    with servers.LeanServer(build / "benchmarks", build / "ca.pem", None) as server:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(server.urls["plain"] + "/console/api/modelhost/models/", timeout=60) as answer:
            return len(answer.read())


def flat(record):
    """A record as a row: of what is nested, only what the table shows."""
    row = {k: v for k, v in record.items() if not isinstance(v, dict)}
    row.update({f"latency_us_{k}": v for k, v in record.get("latency_us", {}).items()})
    row.update({f"region_{k}": v for k, v in record.get("region", {}).items() if not isinstance(v, dict)})
    return row


def write(folder, what, records, summary, found):
    with open(folder / "results.json", "w", encoding="utf-8") as out:
        json.dump({**what, "summary": summary, "own": found, "runs": records}, out, indent=1)
        out.write("\n")
    lines = [flat(r) for r in records]
    lines += [line for work, sections in found.items() for line in own.lines(work, sections)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    with open(folder / "results.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(lines)


def plot(records, note, folder):
    """The reason for which nothing was drawn, or the names of the plots."""
    try:
        from . import plots
    except ImportError as problem:
        return f"SKIPPED: the plots: {problem} (Debian: python3-matplotlib)"
    drawn = [f.__name__ for f in (plots.throughput, plots.latency) if f(records, note, folder)]
    return f"plots: {', '.join(drawn) or 'none of this work'}"


def versions_of(records):
    return {r["contender"]: r["versions"] for r in records}


def run_own(works_asked, arguments, failures):
    """{work: what its program printed}."""
    found = {}
    for work in works_asked:
        print(work, file=sys.stderr, flush=True)
        sections = own.run(work, arguments.build / "benchmarks", arguments.quick, arguments.rounds)
        if sections is None:
            failures.append((work, own.PROGRAMS[work].name))
        else:
            found[work] = sections
    return found


def main():
    arguments = read_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    asked = arguments.only or [*works.WORKS, *own.PROGRAMS]
    points = works.points([w for w in asked if w in works.WORKS], arguments.quick, arguments.rounds)
    here = machine.describe()
    size = listing_bytes(arguments.build, any(p.work == "listing" for p in points))
    run = runner.Runner(arguments.build, pathlib.Path(__file__).resolve().parent.parent / "peers")
    run.run_all(points)
    found = run_own([w for w in asked if w in own.PROGRAMS], arguments, run.failures)

    versions = versions_of(run.records)
    apart = "peer and server on a processor each" if run.own is not None else "peer and server on one processor"
    note = f"{here['cpu']}, {here['system']}, {here['date']}; {apart}; bands: from the lowest round to the highest"
    what = {"machine": here, "quick": arguments.quick, "versions": versions, "listing_bytes": size,
            "skipped": run.skipped, "failed": run.failures}
    write(arguments.output, what, run.records, table.summary(points, run.records, size), found)
    with open(arguments.output / "table.txt", "w", encoding="utf-8") as file:
        for out in (sys.stdout, file):
            print(", ".join(f"{k}: {v}" for k, v in here.items()), file=out)
            table.print_table(points, run.records, size, out)
            for work, sections in found.items():
                own.print_tables(work, sections, out)
            print(file=out)
            for name, of in versions.items():
                print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in of.items()), file=out)
            for name, why in run.skipped.items():
                print(f"SKIPPED: {name}: {why}", file=out)
            for point, name in run.failures:
                print(f"FAILED: {name}: {point}", file=out)
    print(plot(run.records, note, arguments.output))
    print(f"written to {arguments.output}")
    return 1 if run.failures else 0


sys.exit(main())
