# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The same rows through a model twice: by the command line alone, and by an engine. run.sh starts it beside a mock region."""

import argparse
import hashlib
import os
import pathlib
import signal
import subprocess
import threading
import time

import pyarrow as pa
from pyarrow import csv, dataset, parquet

from predict import for_frames, for_tables, predict

MODEL = "models/practicus/diamond-price"
PRICE = pa.schema([("prediction", pa.float64())])
FEATURES = ["carat", "cut"]
CUTS = ["Ideal", "Premium", None, "Very Good", "Fair, \"as is\"", "two\nlines"]


def write_rows(folder, rows, files):
    """Writes the rows as Parquet files, and returns them."""
    table = pa.table({"id": range(rows), "carat": [None if i % 101 == 0 else i / 100 for i in range(rows)],
                      "cut": [CUTS[i % len(CUTS)] for i in range(rows)]})
    folder.mkdir()
    size = -(-rows // files)
    for number in range(files):
        parquet.write_table(table.slice(number * size, size), folder / f"{number:05}.parquet")
    return table


def command_line_alone(practicus, table, folder):
    csv.write_csv(table.select(FEATURES), folder / "in.csv")
    began = time.monotonic()
    subprocess.run([practicus, "predict", MODEL, folder / "in.csv", folder / "out.csv"], check=True)
    took = time.monotonic() - began
    types = csv.ConvertOptions(column_types=PRICE)
    return took, table.append_column("prediction", csv.read_csv(folder / "out.csv", convert_options=types).column(0))


def on_spark(function, source, target, kills):
    from pyspark.sql import SparkSession
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    spark = (SparkSession.builder.appName("predict").master("local-cluster[2,1,1024]")
             .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
             .config("spark.sql.files.maxPartitionBytes", "4m").getOrCreate())  # a partition a file
    spark.sparkContext.addPyFile(str(pathlib.Path(__file__).with_name("predict.py")))
    complete, killed = threading.Event(), []
    killer = threading.Thread(target=kill_executors, args=(spark.sparkContext, kills, complete, killed), daemon=True)
    killer.start()
    began = time.monotonic()
    frame = spark.read.parquet(str(source))
    schema = StructType(frame.schema.fields + from_arrow_schema(PRICE).fields)
    frame.mapInArrow(function, schema).write.parquet(str(target))
    took = time.monotonic() - began
    complete.set()
    killer.join()
    spark.stop()
    if len(killed) != kills:
        raise SystemExit(f"{len(killed)} of {kills} executors were killed in time: take more rows")
    return took


def on_ray(function, source, target, _):
    import ray

    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"working_dir": str(pathlib.Path(__file__).parent)})
    began = time.monotonic()
    rows = ray.data.read_parquet(str(source))
    rows.map_batches(for_tables(function, PRICE), batch_format="pyarrow", batch_size=None).write_parquet(str(target))
    return time.monotonic() - began


def on_dask(function, source, target, _):
    from dask import dataframe

    began = time.monotonic()
    frame = dataframe.read_parquet(str(source))
    run = for_frames(function, PRICE)
    frame.map_partitions(run, meta=run(frame._meta)).to_parquet(str(target), write_index=False)
    return time.monotonic() - began


def executors():
    """The process ids of the executors that this process has started."""
    parents, found = {}, []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if b"CoarseGrainedExecutorBackend" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:  # it has ended
            pass

    def is_own(process):
        return process == os.getpid() or process in parents and is_own(parents[process])

    return sorted(filter(is_own, found))


def kill_executors(context, kills, complete, killed):
    """Kills an executor whenever a further part of the tasks is complete."""
    tracker = context.statusTracker()
    while len(killed) != kills and not complete.wait(0.02):
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        if any(stage and stage.numCompletedTasks * (kills + 2) > stage.numTasks * (len(killed) + 1) for stage in stages):
            killed.append(executors()[0])
            os.kill(killed[-1], signal.SIGKILL)


def left_over():
    """Waits until no process predicts for this region, 30 s at most. Returns the number of those left."""
    region = f"PRT_URL={os.environ['PRT_URL']}".encode()

    def count():
        found = 0
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                found += b"predict" in words and region in (process / "environ").read_bytes().split(b"\0")
            except OSError:  # it has ended, or is another user's
                pass
        return found

    until = time.monotonic() + 30
    while count() and time.monotonic() < until:
        time.sleep(0.1)
    return count()


def digest(table):
    """The SHA-256 of the rows in the order of their ids."""
    sink = pa.BufferOutputStream()
    csv.write_csv(table.sort_by("id"), sink)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--engine", choices=["spark", "ray", "dask"], default="spark")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=16, help="a partition each")
    parser.add_argument("--kill", type=int, default=0, help="so many executors of Spark are killed on the way")
    arguments = parser.parse_args()
    practicus = os.environ["PRACTICUS"]
    table = write_rows(arguments.folder / "rows", arguments.rows, arguments.files)
    alone, expected = command_line_alone(practicus, table, arguments.folder)
    engine = {"spark": on_spark, "ray": on_ray, "dask": on_dask}[arguments.engine]
    function = predict(MODEL, PRICE, FEATURES, command=(practicus,))
    took = engine(function, arguments.folder / "rows", arguments.folder / "predicted", arguments.kill)
    got = dataset.dataset(arguments.folder / "predicted", format="parquet").to_table().select(expected.column_names)
    print(f"command line alone: {expected.num_rows} rows in {alone:.1f} s, sha256 {digest(expected)}")
    print(f"{arguments.engine}: {got.num_rows} rows in {took:.1f} s, sha256 {digest(got)}, {arguments.files} partitions, "
          f"{arguments.kill} executors killed")
    print(f"the engine's overhead: {took - alone:.1f} s")
    left = left_over()
    if left or got.num_rows != expected.num_rows or digest(got) != digest(expected):
        raise SystemExit(f"the rows differ, or {left} processes are left")


if __name__ == "__main__":
    main()
