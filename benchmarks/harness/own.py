# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The programs that measure practicus beside code within themselves, and make their own rounds.

Each prints a line of JSON: {section: {row: {figure: a number, or its median, min and max over the rounds}}}.
"""

import dataclasses
import json
import subprocess

from . import contenders, figures, table


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    arguments: tuple
    quick: tuple


PROGRAMS = {
    "cached": Program("tokens", (), ("--quick",)),
    "transport": Program("transport", ("--soak", "1000000"), ("--rounds", "3", "--exchanges", "6400")),
}


def run(work, folder, quick, rounds):
    """What the program printed, or None if it failed.

    It is not kept on one processor as the peers are: it has its server and, for some figures, threads beside it.
    """
    program = PROGRAMS[work]
    command = [str(folder / program.name), "--json", *(program.quick if quick else program.arguments)]
    if rounds:
        command += ["--rounds", str(rounds)]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, env=contenders.environment()
    )
    # A ratio to a time too short to be measured is no number.
    return json.loads(ended.stdout, parse_constant=lambda _: None) if ended.returncode == 0 else None


def spread(value):
    """None, if it is no number."""
    if not isinstance(value, dict):
        return figures.spread([value])
    low, middle, high = value["min"], value["median"], value["max"]
    return None if None in (low, middle, high) else figures.Spread(middle, low, high)


def tables(work, sections):
    """(title, [figure], [(row, [spread])]) of each section."""
    for section, rows in sections.items():
        names = list(dict.fromkeys(name for found in rows.values() for name in found))
        yield f"{work}: {section}", names, [(row, [spread(found.get(n)) for n in names]) for row, found in rows.items()]


def print_tables(work, sections, out):
    for title, names, rows in tables(work, sections):
        rows = [(row.replace("_", " "), spreads) for row, spreads in rows]
        table.print_grid(title, [n.replace("_", " ") for n in names], rows, out)


def lines(work, sections):
    """A line of results.csv for each figure."""
    for title, names, rows in tables(work, sections):
        for row, spreads in rows:
            for name, found in zip(names, spreads):
                if found is not None:
                    yield {"work": work, "point": title, "contender": row, "figure": name, **found.to_json()}
