# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests examples/spark/predict.py without an engine: with $PRACTICUS against a mock region, and with commands that fail."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import pyarrow as pa
from pyarrow import csv

from mock_process import PRACTICUS, mock_region

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples/spark"))
from predict import for_tables, predict  # noqa: E402

MODEL = "models/practicus/diamond-price"
PRICE = pa.schema([("prediction", pa.float64())])
# Answers each line by its length, as far as the tests' programs do not say otherwise.
ECHO = "import sys, os, signal\nlines = iter(sys.stdin)\nnext(lines)\nprint('prediction', flush=True)\n"


def command(program):
    return (sys.executable, "-c", program)


def batches(rows, size):
    """Batches of numbered rows with what CSV must quote, and with nulls."""
    cuts = ["Ideal", None, "a,b", 'say "x"', "two\nlines", "", " ", "NA", "é"]
    for begin in range(0, rows, size):
        each = range(begin, min(begin + size, rows))
        yield pa.record_batch({"id": pa.array(each, pa.int64()), "carat": pa.array([None if i % 7 == 3 else i / 8 for i in each], pa.float64()),
                               "cut": pa.array([cuts[i % len(cuts)] for i in each])})


def numbers(count, size=100):
    return [pa.record_batch({"x": list(range(begin, min(begin + size, count)))}) for begin in range(0, count, size)]


def children():
    """The commands of this process that live."""
    found = "".join(path.read_text() for path in pathlib.Path("/proc/self/task").glob("*/children")).split()
    lines = [pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") for child in found]
    return [line for line in lines if b"predict" in line]


class AgainstTheMock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        url = cls.enterClassContext(mock_region())
        login = {"PRT_URL": url, "PRT_EMAIL": "admin@company.com", "PRT_PASSWORD": "practicus"}
        os.environ.update(login)
        cls.addClassCleanup(lambda: [os.environ.pop(name) for name in login])

    def alone(self, table):
        """The predictions of the command line for a file."""
        with tempfile.TemporaryDirectory() as folder:
            csv.write_csv(table, f"{folder}/in.csv")
            subprocess.run([PRACTICUS, "predict", MODEL, f"{folder}/in.csv", f"{folder}/out.csv"], check=True, timeout=120)
            return csv.read_csv(f"{folder}/out.csv").column("prediction").to_pylist()

    def test_each_row_gets_its_prediction(self):
        table = pa.Table.from_batches(batches(25000, 777))
        run = predict(MODEL, PRICE, command=(PRACTICUS,), options=("--rows", "313"))
        got = pa.Table.from_batches(run(batches(25000, 777)))
        self.assertEqual(got.schema, pa.schema([*table.schema, *PRICE]))
        self.assertTrue(got.select(table.column_names).equals(table))
        self.assertEqual(got.column("prediction").to_pylist(), self.alone(table))

    def test_the_model_gets_the_columns_that_are_named(self):
        table = pa.Table.from_batches(batches(100, 30))
        got = pa.Table.from_batches(predict(MODEL, PRICE, columns=["cut", "id"], command=(PRACTICUS,))(batches(100, 30)))
        self.assertEqual(got.column_names, ["id", "carat", "cut", "prediction"])
        self.assertEqual(got.column("prediction").to_pylist(), self.alone(table.select(["cut", "id"])))

    def test_a_null_alone_in_its_row_is_a_row(self):
        for column in (pa.array([1.5, None, None, 2]), pa.array(["a", None, "", "b"]), pa.array([None, None, None, None])):
            with self.subTest(column=column.type):
                got = for_tables(predict(MODEL, PRICE, command=(PRACTICUS,)), PRICE)(pa.table({"x": column}))
                self.assertEqual((got.num_rows, got.column("prediction").null_count), (4, 0))

    def test_an_error_of_the_command_is_told(self):
        with self.assertRaisesRegex(RuntimeError, r"(?s)models/no/such: exit code 4.*not found"):
            list(predict("models/no/such", PRICE, command=(PRACTICUS,))(batches(10, 10)))

    def test_a_password_is_not(self):
        os.environ["PRT_PASSWORD"] = "geheimnis"
        self.addCleanup(os.environ.update, PRT_PASSWORD="practicus")
        with self.assertRaisesRegex(RuntimeError, "exit code 3") as caught:
            list(predict(MODEL, PRICE, command=(PRACTICUS,))(batches(10, 10)))
        self.assertNotIn("geheimnis", str(caught.exception))

    def test_rows_that_are_not_wanted_leave_no_process(self):
        rows = predict(MODEL, PRICE, command=(PRACTICUS,))(batches(10 ** 9, 1000))
        next(rows)
        self.assertEqual(len(children()), 1)
        rows.close()
        self.assertEqual(children(), [])

    def test_an_error_of_the_input_is_raised(self):
        def broken():
            yield from batches(3000, 1000)
            raise LookupError("the input is broken")

        with self.assertRaisesRegex(LookupError, "the input is broken"):
            list(predict(MODEL, PRICE, command=(PRACTICUS,))(broken()))
        self.assertEqual(children(), [])


class WithOtherCommands(unittest.TestCase):
    def fails(self, program, text, rows=1000, schema=PRICE):
        with self.assertRaisesRegex(RuntimeError, text):
            list(predict("m", schema, command=command(program))(numbers(rows)))
        self.assertEqual(children(), [])

    def test_no_rows_start_no_process(self):
        for none in ([], [numbers(1)[0].slice(1)]):
            self.assertEqual(list(predict("m", PRICE, command=("/no/such/program",))(none)), [])
        empty = for_tables(predict("m", PRICE, command=("/no/such/program",)), PRICE)(pa.table({"x": pa.array([], pa.int64())}))
        self.assertEqual((empty.num_rows, empty.column_names), (0, ["x", "prediction"]))

    def test_a_failure_behind_all_rows_is_one(self):
        self.fails(ECHO + "for line in lines: print(len(line))\nprint('why', file=sys.stderr)\nsys.exit(5)", "exit code 5.*\n.*why")

    def test_a_signal_is_a_failure(self):
        kill, code = "; sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)", f"exit code -{signal.SIGKILL.value}"
        self.fails(ECHO + "print(7)" + kill, code)
        # A row that is cut may be a shorter number, or lack a column.
        self.fails(ECHO + "sys.stdout.write('12')" + kill, code)
        two = pa.schema([("prediction", pa.float64()), ("price", pa.float64())])
        self.fails(ECHO.replace("'prediction'", "'prediction,price'") + "sys.stdout.write('12')" + kill, code, schema=two)

    def test_too_few_predictions(self):
        self.fails(ECHO + "print(sum(1 for line in lines))", "999 rows without a prediction")
        self.fails("print('prediction')", "exit code 0, [0-9]+ rows without", rows=100000)
        self.fails("", "exit code 0, [0-9]+ rows without", rows=100000)

    def test_too_many_predictions(self):
        self.fails(ECHO + "for line in lines: print(1)\nprint(2)", "more predictions than rows")

    def test_other_columns_and_types(self):
        self.fails(ECHO + "for line in lines: print('x')", "declared schema.*invalid value 'x'")
        self.fails(ECHO + "for line in lines: print(1)", "declared schema.*'price'", schema=pa.schema([("price", pa.float64())]))

    def test_a_failure_does_not_wait_for_the_input(self):
        def endless():
            yield from numbers(100)
            signal.pause()

        with self.assertRaisesRegex(RuntimeError, "exit code 9"):
            list(predict("m", PRICE, command=command("import sys; sys.exit(9)"))(endless()))

    def test_an_error_of_the_input_ends_the_command(self):
        def broken():
            yield from numbers(10)
            raise LookupError("the input is broken")

        with self.assertRaisesRegex(LookupError, "the input is broken"):
            list(predict("m", PRICE, command=command(ECHO + "for line in lines: pass\nsignal.pause()"))(broken()))

    def test_text_comes_back_as_it_is(self):
        program = "import csv, sys\nrows = csv.reader(sys.stdin)\nnext(rows)\nout = csv.writer(sys.stdout)\n" \
                  "out.writerow(['b', 'a', 'rest'])\nfor x, in rows: out.writerow(['1', x, 'rest'])"
        texts = ["two\nlines", 'a "b"', "a,b", "NA", "null", "é", " x ", "line\n" * 30] * 10000  # of more than one block
        schema = pa.schema([("a", pa.string()), ("b", pa.int32())])
        got = pa.Table.from_batches(predict("m", schema, command=command(program))([pa.record_batch({"x": texts})]))
        self.assertEqual(got.to_pydict(), {"x": texts, "a": texts, "b": [1] * len(texts)})

    def test_names_must_differ_and_exist(self):
        for rows, columns, text in ((pa.record_batch([[1], [2]], ["x", "prediction"]), None, "rename them: prediction"),
                                    (pa.record_batch([[1], [2]], ["x", "x"]), None, "rename them: x"),
                                    (numbers(1)[0], ["x", "y"], "no column y")):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, text):
                list(predict("m", PRICE, columns, command=("/no/such/program",))([rows]))


if __name__ == "__main__":
    unittest.main()
