# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Do the figures say what the runs were?"""

import io
import pathlib
import sys
import unittest

from . import figures, table, works

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import instructions  # noqa: E402


def record(contender, number, cpu, **more):
    return {
        "point": "p",
        "work": "exchange",
        "contender": contender,
        "round": number,
        "exchanges": 1000,
        "seconds": 0.5,
        "cpu_user": cpu / 2,
        "cpu_system": cpu / 2,
        "server_cpu": 0.1,
        **more,
    }


POINT = works.Point("exchange", "p", ("practicus", "beast", "wrk"), (), 3)
# A machine that gets slower: a ratio of medians would say something else than the rounds do.
RUNS = [record("practicus", i, 0.01 * 2**i) for i in range(3)] + [record("beast", i, 0.02 * 2**i) for i in range(3)]


class Figures(unittest.TestCase):
    def test_spread(self):
        found = figures.spread([3, None, 1, 2])
        self.assertEqual((found.median, found.low, found.high), (2, 1, 3))
        self.assertIsNone(figures.spread([None]))

    def test_ratios_of_the_rounds_that_both_have(self):
        self.assertEqual(figures.ratios({0: 1, 1: 3, 2: 9}, {0: 2, 2: 3}), [0.5, 3])

    def test_processor_time_of_an_exchange(self):
        self.assertAlmostEqual(figures.cpu_us(record("x", 0, 0.02)), 20)
        self.assertIsNone(figures.cpu_us({"exchanges": 0}))


class Table(unittest.TestCase):
    def test_ratio_is_made_round_by_round(self):
        found = dict(table.rows(POINT, RUNS))
        self.assertEqual(list(found), ["practicus", "beast"])
        ratio = found["practicus"]["ratio"]
        self.assertEqual((ratio.median, ratio.low, ratio.high), (0.5, 0.5, 0.5))
        self.assertAlmostEqual(found["practicus"]["a second"].median, 2000)

    def test_one_contender_failed_in_a_round(self):
        ratio = dict(table.rows(POINT, RUNS[1:]))["practicus"]["ratio"]
        self.assertEqual(ratio.median, 0.5)

    def test_text(self):
        self.assertEqual(table.text(figures.Spread(0.5, 0.4, 0.61234)), "0.500 (0.400..0.612)")
        self.assertEqual(table.text(figures.Spread(1234.5, 1234.5, 1234.5)), "1234")
        self.assertEqual(table.text(None), "-")

    def test_printed(self):
        out = io.StringIO()
        table.print_table([POINT], RUNS, 0, out)
        self.assertIn("practicus", out.getvalue())
        self.assertNotIn("wrk", out.getvalue())

    def test_series(self):
        runs = [{**r, "group": "exchange", "connections": c} for c in (64, 8) for r in RUNS]
        found = table.series(runs, "exchange", lambda r: r["connections"], figures.per_second)
        self.assertEqual(found["beast"], ([8, 64], [2000, 2000]))


class Works(unittest.TestCase):
    def test_titles_tell_points_apart(self):
        for quick in (False, True):
            titles = [p.title for p in works.points(list(works.WORKS), quick)]
            self.assertEqual(len(titles), len(set(titles)))

    def test_rounds(self):
        self.assertEqual({p.rounds for p in works.points(["load", "exchange"], True, 2)}, {2})


class Instructions(unittest.TestCase):
    def test_verdict(self):
        self.assertFalse(instructions.verdict(1050, 1000)[1])
        self.assertTrue(instructions.verdict(1051, 1000)[1])
        self.assertFalse(instructions.verdict(500, 1000)[1])


if __name__ == "__main__":
    unittest.main()
