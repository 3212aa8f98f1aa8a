"""10 million transactions to features: this project beside plain pandas and polars.

    python benchmarks/features.py [--transactions N] [--folder FOLDER]

Each contender makes the same features of the same Parquet file in a process of its
own, and writes them to Parquet; the rows are then compared. Printed: seconds and
processor seconds of all threads (which other work on the machine disturbs least), both
without imports and as times this project's, and peak resident memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DATES = [dt.date(2025, month, 1) for month in range(7, 13)]
WINDOWS = (7, 30, 90, 180)
KINDS = ("complaint", "payment_failure")
CONTENDERS = ("churn_pipeline", "polars", "pandas")
# Start-up is not what is compared (startup.py measures it).
IMPORTS = {
    "churn_pipeline": ("ibis.backends.duckdb", "churn_pipeline.features.build"),
    "polars": ("features_polars",),
    "pandas": ("features_pandas", "pyarrow.parquet", "pyarrow.dataset"),
}
KEYS = ["customer_id", "observation_date"]


def write_transactions(path: Path, count: int) -> None:
    """Write events of two years, in order of time; a fiftieth of them known late."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    customers = count // 50
    rate = rng.gamma(1.5, 1, customers)
    second = np.sort(rng.integers(0, 730 * 86400, count)).astype("timedelta64[s]")
    event_time = np.datetime64("2024-01-01", "us") + second
    delay = np.where(rng.random(count) < 0.02, rng.integers(1, 30 * 86400, count), 0)
    kind = rng.choice(3, count, p=[0.93, 0.04, 0.03])
    columns = {
        "customer_id": rng.choice(customers, count, p=rate / rate.sum()),
        "event_time": event_time,
        "known_at": event_time + delay.astype("timedelta64[s]"),
        "order_id": np.arange(count),
        "amount": np.round(rng.lognormal(3, 0.8, count), 2),
        "kind": pa.array(np.array(["purchase", *KINDS]).take(kind)),
        "is_cancelled": np.zeros(count, bool),
    }
    pq.write_table(pa.table(columns), path)


def with_churn_pipeline(source: Path, target: Path) -> None:
    """Make the features with the project's expressions, on DuckDB."""
    import ibis

    from churn_pipeline.dataset import Dataset
    from churn_pipeline.features.build import Tables, event_features
    from churn_pipeline.features.observation import Calendar
    from churn_pipeline.features.params import FeatureEngineering

    connection = ibis.duckdb.connect(
        memory_limit="1300MB",
        temp_directory=str(target.parent / "duckdb"),
        preserve_insertion_order=False,
    )
    transactions = {
        "customer_id": "customer_id",
        "time": "event_time",
        "known_at": "known_at",
        "order_id": "order_id",
        "unique": ["order_id"],
        "amount": "amount",
        "kind": "kind",
        "activity_kinds": ["purchase"],
    }
    dataset = Dataset.model_validate(
        {
            "name": "benchmark",
            "shape": "events",
            "tables": {"transactions": transactions},
            "label": {"rule": "inactivity", "horizon_days": 30},
        }
    )
    parameters = FeatureEngineering(windows_days=WINDOWS, counted_kinds=KINDS)
    table = connection.read_parquet(source)
    calendar = Calendar(tuple(DATES), DATES[-1], lead_days=0, horizon_days=30)
    tables = Tables(customers=table, transactions=table, contracts=table)
    event_features(tables, dataset, parameters, calendar).table.to_parquet(target)


def with_pandas(source: Path, target: Path) -> None:
    """Make the same features as one writes them in a notebook."""
    from features_pandas import make

    make(source, target, DATES, WINDOWS, KINDS)


def with_polars(source: Path, target: Path) -> None:
    """Make the same features in polars."""
    from features_polars import make

    make(source, target, DATES, WINDOWS, KINDS)


def measure(name: str, folder: Path) -> dict[str, float]:
    """Return seconds, processor seconds and peak memory (MB) of a contender."""
    command = [sys.executable, __file__, "--folder", str(folder), "--only", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_alone(name: str, folder: Path) -> None:
    """Make the features with one contender and print what it took as JSON."""
    make = globals()[f"with_{name}"]
    for module in IMPORTS[name]:
        importlib.import_module(module)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    make(folder / "transactions.parquet", folder / f"{name}.parquet")
    seconds = time.perf_counter() - begin
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result = {
        "seconds": seconds,
        "user_seconds": usage.ru_utime - before.ru_utime,
        "system_seconds": usage.ru_stime - before.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,  # Linux counts in kilobytes
    }
    print(json.dumps(result))


def compare(names: list[str], folder: Path, every: int = 97) -> int:
    """Check that a sample of customers has equal rows everywhere; return the rows."""
    import pandas as pd

    tables = {}
    for name in names:
        rows = pd.read_parquet(folder / f"{name}.parquet")
        rows["observation_date"] = pd.to_datetime(rows["observation_date"])
        rows = rows[rows["customer_id"] % every == 0]
        tables[name] = rows.set_index(KEYS).sort_index().astype("float64")
    ours = tables.pop(names[0])
    for name, theirs in tables.items():
        pd.testing.assert_frame_equal(
            ours, theirs[list(ours)], rtol=1e-9, atol=1e-6, obj=name
        )
    return len(ours)


def _processor(result: dict[str, float]) -> float:
    """Return the processor seconds of all threads, user and system."""
    return result["user_seconds"] + result["system_seconds"]


def main() -> None:
    """Run every contender and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=CONTENDERS)
    options = parser.parse_args()
    if options.only:
        run_alone(options.only, options.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        source = folder / "transactions.parquet"
        if not source.is_file():
            write_transactions(source, options.transactions)
        taken = {name: measure(name, folder) for name in CONTENDERS}
        rows = compare(list(CONTENDERS), folder)
    ours = taken[CONTENDERS[0]]
    print(f"{options.transactions:,} transactions, {len(DATES)} dates, {WINDOWS} days")
    print(f"{rows:,} sampled rows are equal (1e-9)")
    for name, result in taken.items():
        times = result["seconds"] / ours["seconds"]
        cpu_times = _processor(result) / _processor(ours)
        print(
            f"{name:15} {result['seconds']:7.1f} s {times:5.1f} x"
            f" {_processor(result):7.1f} cpu s {cpu_times:5.1f} x"
            f" {result['peak_mb']:8,.0f} MB"
        )


if __name__ == "__main__":
    main()
