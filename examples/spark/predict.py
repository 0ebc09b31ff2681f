# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Adds a hosted model's predictions to the rows of a Spark, Ray or Dask frame, by the command line `practicus`.

Each partition streams through one process. Its credentials come from the environment of the workers (PRT_URL and
PRT_SESSION_TOKEN, for example), never from an argument. Rows without a prediction and some blocks of 1 MiB of predictions are
held in memory.
"""

import collections
import contextlib
import itertools
import subprocess
import tempfile
import threading

import pyarrow as pa
from pyarrow import csv

#: The longest prediction, in bytes of CSV.
LONGEST = 1 << 20


def predict(model, schema, columns=None, command=("practicus",), options=()):
    """Returns a function for `DataFrame.mapInArrow`: it takes record batches, and yields their rows with the predictions.

    `schema` is the pyarrow.Schema of the predictions, `columns` are the input columns for the model (default: all), `options`
    are those of `practicus predict`. Raises ValueError for columns that are missing or named twice, and RuntimeError if the
    command fails or does not answer each row.
    """

    def run(batches):
        batches = (batch for batch in batches if batch.num_rows)
        first = next(batches, None)
        if first is not None:  # else no process starts
            sent = columns_to_send(first.schema, schema, columns)
            yield from stream([*command, "predict", model, *options], itertools.chain([first], batches), sent, schema,
                              f"practicus predict {model}")

    return run


def stream(command, batches, columns, schema, name):
    """Yields the batches with what one process of the command predicts for them. The process ends with the generator."""
    waiting, failures = collections.deque(), []
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        feeder = threading.Thread(target=feed, args=(batches, columns, process, waiting, failures), daemon=True)
        try:
            feeder.start()
            last = None  # held back until the exit code is known: a killed process may have cut its last row
            for batch in pair(process.stdout, schema, waiting):
                if last is not None:
                    yield last
                last = batch
            code = process.wait()
            if code == 0:
                feeder.join()
            if failures or code != 0 or waiting:
                rows = sum(map(len, waiting.copy()))
                raise failures[0] if failures else RuntimeError(
                    f"{name}: exit code {code}, {rows} rows without a prediction\n{tail(log)}")
            if last is not None:
                yield last
        except pa.ArrowException as error:  # from the reader: also what a killed process has left
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            why = (f"exit code {process.returncode}" if process.returncode else
                   f"the predictions do not have the declared schema: {str(error)[:300]!a}")
            raise failures[0] if failures else RuntimeError(f"{name}: {why}\n{tail(log)}") from None
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def columns_to_send(rows, predictions, columns):
    twice = [name for name, times in collections.Counter([*rows.names, *predictions.names]).items() if times > 1]
    if twice:
        raise ValueError(f"columns of the input and of the predictions have the same name, rename them: {', '.join(twice)}")
    missing = [name for name in columns or () if name not in rows.names]
    if missing:
        raise ValueError(f"the input has no column {', '.join(missing)}")
    return list(columns or rows.names)


def feed(batches, columns, process, waiting, failures):
    """Writes the batches to the process. The pipe blocks while the process has enough."""
    try:
        with process.stdin as sink:
            for number, batch in enumerate(batches):
                waiting.append(batch)
                csv.write_csv(cells(batch, columns), sink, csv.WriteOptions(include_header=number == 0))
    except BrokenPipeError:  # the exit code says why
        pass
    except BaseException as error:
        failures.append(error)
        process.kill()


def cells(batch, columns):
    """The columns for the model. A null alone in its row becomes a quoted empty cell, as a blank line is no row."""
    table = pa.Table.from_batches([batch]).select(columns)
    if len(columns) == 1 and table.column(0).null_count:
        table = table.set_column(0, columns[0], table.column(0).cast(pa.string()).fill_null(""))
    return table


def pair(source, schema, waiting):
    """Yields the rows that wait, with the predictions in the same order. An empty cell is null."""
    if not source.peek(1):
        return
    reader = csv.open_csv(
        source, csv.ReadOptions(block_size=LONGEST), csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=schema, include_columns=schema.names, null_values=[""], strings_can_be_null=True))
    for predicted in reader:
        while len(predicted):
            if not waiting:
                raise RuntimeError("there are more predictions than rows")
            rows = waiting[0]
            count = min(len(rows), len(predicted))
            yield pa.RecordBatch.from_arrays([*rows.slice(0, count).columns, *predicted.slice(0, count).columns],
                                             schema=pa.schema([*rows.schema, *predicted.schema]))
            predicted = predicted.slice(count)
            if count == len(rows):
                waiting.popleft()
            else:
                waiting[0] = rows.slice(count)


def tail(log, size=2000):
    """The last lines of a file."""
    log.seek(max(0, log.seek(0, 2) - size))
    return log.read().decode(errors="replace").strip()


def for_tables(function, schema):
    """Returns the function for `ray.data.Dataset.map_batches(..., batch_format="pyarrow")`."""
    return lambda table: pa.Table.from_batches(function(table.to_batches()), pa.schema([*table.schema, *schema]))


def for_frames(function, schema):
    """Returns the function for `dask.dataframe.DataFrame.map_partitions`. For an empty frame it starts no process."""
    predicted = for_tables(function, schema)

    def run(frame):
        rows = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
        return predicted(rows).to_pandas().set_index(frame.index)

    return run
