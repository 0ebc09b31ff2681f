# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Makes the lines of the table from the records of all runs."""

from . import figures

COLUMNS = {
    "exchange": ("CPU us", "ratio", "a second", "server busy"),
    "listing": ("MB/s of CPU", "MB/s", "ratio", "server busy"),
    "memory": ("KiB each", "KiB resident"),
    "load": ("rate", "a second", "p50 us", "p99 us", "p99 ratio", "p99.9 us", "max us", "MiB at most", "server busy"),
    "predict": ("CPU us", "ratio", "MB/s", "MB/s of CPU", "server busy"),
    "events": ("CPU us", "ratio", "a second", "server busy"),
    "flow": ("ms", "ratio of time", "CPU us", "ratio", "requests each", "connections each", "server busy"),
    "tokens": ("ms each", "ratio of time", "CPU us", "ratio", "requests", "connections", "server busy"),
}


def by_round(records, figure):
    """One contender's figure in each round; rounds without it are left out."""
    found = {r["round"]: figure(r) for r in records}
    return {number: value for number, value in found.items() if value is not None}


def seconds_each(record):
    return record["seconds"] / record["exchanges"]


def server_busy(record):
    """In per cent of a processor, while the peer measured. (nginx has one beside that of the region.)"""
    return 100 * record["server_busy"] if "server_busy" in record else None


def _bytes_per(record, seconds, listing_bytes):
    size = listing_bytes if record["work"] == "listing" else record["bytes"]
    return record["exchanges"] * size / seconds / 1e6


def _cpu_seconds(record):
    return record["cpu_user"] + record["cpu_system"]


def _counted(record, what):
    """None of the lean server, which does not count."""
    return record.get("region", {}).get(what)


def _kib(record, figure):
    """None, if the contender does not tell it."""
    return record[figure] / 1024 if figure in record else None


def cell(column, records, base, listing_bytes=0):
    """A figure's spread over the rounds, or None."""
    simple = {
        "CPU us": figures.cpu_us,
        "a second": figures.per_second,
        "server busy": server_busy,
        "ms": lambda r: 1e3 * seconds_each(r),
        "ms each": lambda r: 1e3 * seconds_each(r),
        # The first flow is not measured, but counted by the region.
        "requests each": lambda r: r["region"]["requests"] / (r["exchanges"] + 1),
        "connections each": lambda r: r["region"]["connections"] / (r["exchanges"] + 1),
        "requests": lambda r: _counted(r, "requests"),
        "connections": lambda r: _counted(r, "connections"),
        "MB/s": lambda r: _bytes_per(r, r["seconds"], listing_bytes),
        "MB/s of CPU": lambda r: _bytes_per(r, _cpu_seconds(r), listing_bytes),
        "KiB each": lambda r: _kib(r, "heap_each"),
        "KiB resident": lambda r: _kib(r, "resident_each"),
        "rate": lambda r: r["rate"],
        "MiB at most": lambda r: r["max_resident"] / 2**20,
        **{f"p{p} us": lambda r, p=p: r["latency_us"][p] for p in ("50", "99", "99.9")},
        "max us": lambda r: r["latency_us"]["max"],
    }
    if column in simple:
        return figures.spread(by_round(records, simple[column]).values())
    figure = {"ratio": figures.cpu_us, "ratio of time": seconds_each, "p99 ratio": lambda r: r["latency_us"]["99"]}[column]
    return figures.spread(figures.ratios(by_round(records, figure), by_round(base, figure)))


def unloaded(records, name):
    """A contender's runs under the least load."""
    loads = [r for r in records if r["contender"] == name and r["group"] == "load"]
    return [r for r in loads if r["load"] == min(r["load"] for r in loads)]


def rows(point, records, listing_bytes=0):
    """(contender, {column: spread}) of one point of work, in the contenders' order."""
    mine = [r for r in records if r["point"] == point.title]
    base = [r for r in mine if r["contender"] == point.base]
    for name in point.contenders:
        theirs = [r for r in mine if r["contender"] == name]
        if not theirs:
            continue
        if theirs[0]["work"] == "waiters":
            for kind in ("for_connection", "for_token"):
                each = figures.spread([r[kind] / 1024 for r in theirs])
                yield f"{name}, {kind.replace('_', ' a ')}", {"KiB each": each}
            continue
        # For a load: the ratio to the contender's own latency at the least load.
        to = unloaded(records, name) if point.load else base
        yield name, {c: cell(c, theirs, to, listing_bytes) for c in COLUMNS[point.work]}


def digits(value):
    """Three figures are enough."""
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3


def text(spread):
    if spread is None:
        return "-"
    middle = f"{spread.median:.{digits(spread.median)}f}"
    if spread.low == spread.high:
        return middle
    return f"{middle} ({spread.low:.{digits(spread.median)}f}..{spread.high:.{digits(spread.median)}f})"


def print_grid(title, names, lines, out):
    """`lines` are (name, [spread or None])."""
    lines = [(name, [text(s) for s in spreads]) for name, spreads in lines]
    widths = [max(len(names[i]), *(len(cells[i]) for _, cells in lines)) for i in range(len(names))]
    print(f"\n{title}", file=out)
    first = max(16, *(len(name) for name, _ in lines))
    print("  " + " " * first + "".join(f"  {n:>{w}}" for n, w in zip(names, widths)), file=out)
    for name, cells in lines:
        print(f"  {name:<{first}}" + "".join(f"  {c:>{w}}" for c, w in zip(cells, widths)), file=out)


def print_table(points, records, listing_bytes, out):
    for point in points:
        names = COLUMNS[point.work]
        lines = [(name, [cells.get(c) for c in names]) for name, cells in rows(point, records, listing_bytes)]
        if lines:
            print_grid(f"{point.title}; {point.rounds} rounds", names, lines, out)


def summary(points, records, listing_bytes):
    """What the table shows, for programs."""
    return [
        {
            "work": point.work,
            "point": point.title,
            "contender": name,
            **{c: s.to_json() for c, s in cells.items() if s is not None},
        }
        for point in points
        for name, cells in rows(point, records, listing_bytes)
    ]


def series(records, group, x, y, **where):
    """{contender: ([x], [spread of y])}, ordered by x, of the records that match."""
    found = {}
    for r in records:
        if r["group"] == group and all(r.get(k) == v for k, v in where.items()):
            found.setdefault(r["contender"], {}).setdefault(x(r), []).append(y(r))
    return {
        name: (sorted(values), [figures.spread(values[k]) for k in sorted(values)])
        for name, values in found.items()
    }
