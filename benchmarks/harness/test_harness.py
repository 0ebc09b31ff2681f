# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests that the figures agree with the runs."""

import dataclasses
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import urllib.error
import urllib.request

from . import figures, machine, own, runner, servers, table, works

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
        "server_busy": 0.2,
        **more,
    }


POINT = works.Point("exchange", "p", ("practicus", "beast", "wrk"), (), 3)
# A machine that gets slower: a ratio of medians differs from the median of the ratios.
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

    def test_latency_under_load_is_compared_within_the_round(self):
        point = works.Point("load", "p", ("practicus",), (), 2, load=0.7)
        runs = [record("practicus", i, 1, work="load", group="load", load=load, point=f"{load}", rate=1, max_resident=1,
                       latency_us={p: load * 10**i for p in ("50", "99", "99.9", "max")})
                for load in (0.1, 0.7) for i in range(2)]
        found = dict(table.rows(dataclasses.replace(point, title="0.7"), runs))["practicus"]
        for figure in dataclasses.astuple(found["p99 ratio"]):
            self.assertAlmostEqual(figure, 7)
        self.assertAlmostEqual(found["p99 us"].median, 0.7 * 5.5)

    def test_text(self):
        self.assertEqual(table.text(figures.Spread(0.5, 0.4, 0.61234)), "0.500 (0.400..0.612)")
        self.assertEqual(table.text(figures.Spread(1234.5, 1234.5, 1234.5)), "1234")
        self.assertEqual(table.text(None), "-")

    def test_printed(self):
        out = io.StringIO()
        table.print_table([POINT], RUNS, 0, out)
        self.assertIn("practicus", out.getvalue())
        self.assertNotIn("wrk", out.getvalue())

    def test_what_a_contender_does_not_report(self):
        point = works.Point("memory", "p", ("practicus", "go net/http"), (), 1)
        runs = [record("practicus", 0, 1, work="memory", heap_each=2048, resident_each=4096),
                record("go net/http", 0, 1, work="memory", resident_each=3072)]
        out = io.StringIO()
        table.print_table([point], runs, 0, out)
        lines = [line.split() for line in out.getvalue().splitlines()[-2:]]
        self.assertEqual(lines, [["practicus", "2.00", "4.00"], ["go", "net/http", "-", "3.00"]])
        found = table.summary([point], runs, 0)[1]
        self.assertNotIn("KiB each", found)
        self.assertEqual(found["KiB resident"]["median"], 3)

    def test_series(self):
        runs = [{**r, "group": "exchange", "connections": c} for c in (64, 8) for r in RUNS]
        found = table.series(runs, "exchange", lambda r: r["connections"], figures.per_second)
        self.assertEqual(found["beast"], ([8, 64], [figures.Spread(2000, 2000, 2000)] * 2))


class Machine(unittest.TestCase):
    def test_processor_time_of_a_span(self):
        log = machine.Log(float)
        log.times, log.values = [0, 1, 2, 4], [0, 0, 1, 1.5]
        self.assertEqual([log.at(t) for t in (-1, 0, 1, 1.25, 3, 4, 5)], [0, 0, 0, 0.25, 1.25, 1.5, 1.5])
        self.assertEqual(log.rate(1, 3), 1.25 / 2)

    def test_it_is_noted_while_something_runs(self):
        with machine.Log(iter(range(1000)).__next__) as log:
            while len(log.times) < 3:
                time.sleep(0.001)
        self.assertEqual(log.values, list(range(len(log.values))))

    def test_processor_time_of_what_is_over_at_once(self):
        with machine.Log(iter(range(1000)).__next__) as log:
            end = time.monotonic()
        self.assertGreater(log.rate(end - 1, end), 0)

    def test_peak_memory_is_the_programs_own(self):
        ballast = bytearray(b"x") * 100_000_000
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=int) as process:
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            self.assertLess(machine.peak_memory(process.pid), len(ballast) / 10)
            process.stdin.close()
            process.wait()
            self.assertIsNone(machine.peak_memory(process.pid))


class Works(unittest.TestCase):
    def test_titles_tell_points_apart(self):
        for quick in (False, True):
            titles = [p.title for p in works.points(list(works.WORKS), quick)]
            self.assertEqual(len(titles), len(set(titles)))

    def test_bare_sockets_take_the_calls_of_practicus(self):
        rates = {"practicus": 1000, "beast": 500}
        started = []

        def start(contender, _url, _ca, arguments, _server=None):
            words = dict(zip(arguments[::2], arguments[1::2]))
            started.append((contender.name, words["--work"], words["--seconds"], words.get("--rate")))
            return {"exchanges": rates.get(contender.name, 9000), "seconds": 1}

        run = runner.Runner(pathlib.Path("nowhere"), pathlib.Path("nowhere"))
        names = ("practicus", "beast", "bare sockets")
        run.contenders = {n: dataclasses.replace(run.contenders[n], missing="") for n in names}
        point = works.Point("load", "p", names, (("--work", "load"), ("--seconds", 3)), 1, load=0.7)
        server = unittest.mock.Mock(urls={"plain": ""}, counts=lambda: None)
        with unittest.mock.patch.object(run, "_start", start):
            run._run_round(point, 0, server)
        self.assertEqual({r["contender"] for r in run.records}, set(names))
        loads = {name: rate for name, work, _, rate in started if work == "load" and rate != 1.5 * rates.get(name, 0)}
        self.assertEqual(loads, {"practicus": 700, "beast": 350, "bare sockets": 700})
        self.assertEqual({seconds for _, _, seconds, _ in started}, {3})

    def test_rounds_of_all_loads_take_turns(self):
        points = works.points(["load", "listing", "predict"], True)
        groups = runner.together(points)
        self.assertEqual([p for g in groups for p in g], points)
        self.assertEqual([len(g) for g in groups][:3], [3, 1, 1])
        self.assertEqual(sorted(p.load for p in runner.drawn(groups[0], 1)), [0.1, 0.7, 1.1])
        self.assertNotEqual(runner.drawn(list(range(9)), 1), runner.drawn(list(range(9)), 2))

    def test_rounds(self):
        self.assertEqual({p.rounds for p in works.points(["load", "exchange"], True, 2)}, {2})


    def test_without_nginx_its_points_are_left_out(self):
        points = [p for p in works.points(["flow", "tokens"], True) if p.server == "nginx"]
        self.assertEqual(len(points), 3)
        with unittest.mock.patch.object(servers, "nginx", return_value=None):
            run = runner.Runner(pathlib.Path("nowhere"), pathlib.Path("nowhere"))
            run.run_all(points)
        self.assertEqual(run.skipped["nginx"], "it is not installed")
        self.assertEqual((run.records, run.failures), ([], []))


class Own(unittest.TestCase):
    SPREAD = {"median": 2, "min": 1, "max": 3}
    FOUND = {"plain": {"practicus": {"cpu_us": SPREAD, "ratio": {"median": None, "min": 0, "max": None}},
                       "beast_tuned": {"allocations": 15}}}

    def test_each_figure_becomes_a_line(self):
        place = {"work": "transport", "point": "transport: plain"}
        self.assertEqual(
            list(own.lines("transport", self.FOUND)),
            [
                {**place, "contender": "practicus", "figure": "cpu_us", **self.SPREAD},
                {**place, "contender": "beast_tuned", "figure": "allocations", "median": 15, "min": 15, "max": 15},
            ],
        )

    def test_printed(self):
        out = io.StringIO()
        own.print_tables("transport", self.FOUND, out)
        lines = [line.split() for line in out.getvalue().splitlines()]
        self.assertEqual(lines[1:], [["transport:", "plain"], ["cpu", "us", "ratio", "allocations"],
                                     ["practicus", "2.00", "(1.00..3.00)", "-", "-"],
                                     ["beast", "tuned", "-", "-", "15.0"]])

    def test_run(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, own.PROGRAMS["cached"].name)
            script = """#!/bin/sh\necho '{"arguments": "'"$*"'", "ratio": NaN}'\n"""
            program.write_text(script, encoding="utf-8")
            program.chmod(0o700)
            found = own.run("cached", program.parent, True, 2)
            self.assertEqual(found, {"arguments": "--json --quick --rounds 2", "ratio": None})
            program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
            self.assertIsNone(own.run("cached", program.parent, False, None))


PROGRAMS = os.environ.get("PRACTICUS_BENCHMARK_PROGRAMS")


@unittest.skipUnless(PROGRAMS and servers.nginx(), "needs the built region, and nginx")
class Front(unittest.TestCase):
    def test_counts(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with servers.Front(pathlib.Path(PROGRAMS), None, 1) as front:
            before = front.cpu_seconds()
            front.counts()
            for _ in range(3):
                # Each request has a connection of its own, and no token.
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    opener.open(front.urls["plain"] + "/models/many/model-0/?get_meta=true", timeout=60)
                self.assertEqual(refused.exception.code, 401)
                refused.exception.close()
            counts = front.counts()
            self.assertEqual((counts["requests"], counts["connections"]), (3, 3))
            self.assertEqual(front.counts()["connections"], 0)
            self.assertGreaterEqual(front.cpu_seconds(), before)


class Instructions(unittest.TestCase):
    def test_verdict(self):
        self.assertFalse(instructions.verdict(1050, 1000)[1])
        self.assertTrue(instructions.verdict(1051, 1000)[1])
        self.assertFalse(instructions.verdict(500, 1000)[1])


if __name__ == "__main__":
    unittest.main()
