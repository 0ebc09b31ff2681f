# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Median, spread, and ratios that are made round by round."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    def text(self, digits=2):
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}..{self.high:.{digits}f})"

    def to_json(self):
        return {"median": self.median, "min": self.low, "max": self.high}


def spread(values):
    """None, if there is no value."""
    values = [v for v in values if v is not None]
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values))


def ratios(mine, theirs):
    """Of two contenders' figures, by round: only rounds that both have count."""
    return [mine[r] / theirs[r] for r in sorted(mine.keys() & theirs.keys()) if theirs[r]]


def cpu_us(record):
    """Processor time of one exchange, in microseconds."""
    if not record.get("exchanges"):
        return None
    return 1e6 * (record["cpu_user"] + record["cpu_system"]) / record["exchanges"]


def per_second(record):
    return record["exchanges"] / record["seconds"] if record.get("seconds") else None
