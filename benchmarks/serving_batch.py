"""Batches of 10,000 rows and whole Parquet files beside ONNX Runtime alone.

    python benchmarks/serving_batch.py ARTIFACT [--rounds 5] [--rows 10000000]

A batch goes from the bytes of a body to the bytes of the answer, without the network; a
file from Parquet to Parquet, its rows the artifact's golden rows over and over. ONNX
Runtime alone has the same matrix in memory, once in one call and once in calls of 256
rows, which is quicker. Rounds are interleaved, the median ratio is told; seconds are
the processor's, so that what else the machine does counts less.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.explanation import table_of
from churn_pipeline.release.session import Session
from churn_pipeline.serving.answering import Asked, answer_many
from churn_pipeline.serving.bodies import ARROW, CSV, JSON, PARQUET
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.openapi.examples import example_rows
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.routing import Alone
from churn_pipeline.serving.writing import write_batches

BATCH = 10_000
FILE_BATCH = 65_536


def main() -> None:
    """Measure, and print what came."""
    options = _options()
    artifact = Artifact.load(options.artifact)
    rows = _rows(artifact, BATCH)
    alone = _alone(artifact, rows)
    _tell_batches(Predictor(artifact), rows, alone, options.rounds)
    if options.rows:
        _tell_file(artifact, rows, alone, options.rows)


def _rows(artifact: Artifact, n: int) -> pa.Table:
    """Return the golden rows that the contract takes, over and over."""
    known = pa.Table.from_pylist(example_rows(Predictor(artifact), 64))
    return known.take(pa.array(np.arange(n) % len(known)))


def _alone(artifact: Artifact, rows: pa.Table) -> dict[str, Callable[[], Any]]:
    """Return the runtime's calls on the matrix of the rows."""
    session = Session(artifact.files["model.onnx"])
    table = table_of(artifact.manifest.features, rows)
    inputs = {"numbers": table.numbers, "categories": table.categories}
    runtime = session._runtime
    given = {put.name: inputs[put.name] for put in runtime.get_inputs()}
    return {
        "one call": lambda: runtime.run(None, given),
        "calls of 256": lambda: session.probability(table),
    }


def _tell_batches(
    model: Predictor, rows: pa.Table, alone: dict[str, Callable[[], Any]], rounds: int
) -> None:
    bodies = {kind: _body(rows, kind) for kind in (JSON, CSV, PARQUET, ARROW)}
    works: dict[str, Callable[[], Any]] = {
        kind: _answering(model, body, kind) for kind, body in bodies.items()
    }
    took = _rounds(works | alone, rounds)
    sys.stdout.write("| body | rows/s | of one call | of calls of 256 |\n")
    sys.stdout.write("|---|---|---|---|\n")
    for name in (*works, *alone):
        per_s = BATCH / statistics.median(took[name])
        ratios = (_ratio(took[base], took[name]) for base in alone)
        told = " | ".join(f"{ratio:.2f}" for ratio in ratios)
        sys.stdout.write(f"| {name} | {per_s:,.0f} | {told} |\n")


def _answering(model: Predictor, body: bytes, kind: str) -> Callable[[], Any]:
    def answered() -> bytes:
        """Return the answer to the body."""
        asked = Asked(model.reader, Alone(model), body, "b", time.perf_counter())
        asked.kind = kind
        return answer_many(asked).answer

    return answered


def _rounds(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):  # the first one warms up
        for name, work in works.items():
            begun = time.process_time()
            work()
            if turn:
                took[name].append(time.process_time() - begun)
    return took


def _ratio(base: list[float], own: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(base, own, strict=True))


def _body(rows: pa.Table, kind: str) -> bytes:
    if kind == JSON:
        return msgspec.json.encode(rows.to_pylist())
    out = io.BytesIO()
    if kind == CSV:
        arrow_csv.write_csv(rows, out)
    elif kind == PARQUET:
        pq.write_table(rows, out)
    else:
        with pa.ipc.new_stream(out, rows.schema) as writer:
            writer.write_table(rows)
    return out.getvalue()


def _tell_file(
    artifact: Artifact, rows: pa.Table, alone: dict[str, Callable[[], Any]], n: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.parquet"), Path(folder, "out.parquet")
        with pq.ParquetWriter(source, rows.schema) as writer:
            for _ in range(n // BATCH):
                writer.write_table(rows)
        file = pq.ParquetFile(source)
        begun, cpu = time.perf_counter(), time.process_time()
        scored = _scored(artifact, file)
        first = next(scored)
        n = write_batches(target, first.schema, _chained(first, scored))
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    took = _rounds({"alone": alone["calls of 256"]}, 3)["alone"]
    of_alone = statistics.median(took) / BATCH * n / cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{n:,} rows, Parquet to Parquet: {wall:.0f} s ({cpu:.0f} s of the processor), "
        f"{n / cpu:,.0f} rows a processor second, {of_alone:.2f} of ONNX Runtime alone "
        f"in calls of 256; at most {peak:,.0f} MiB\n"
    )


def _chained(
    first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _scored(artifact: Artifact, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Yield what is told of the customers of a file."""
    for batch in file.iter_batches(FILE_BATCH):
        probability = artifact.predict(pa.table(batch))
        decided = decide(pa.table(batch), probability, artifact.manifest)
        told = {
            "customer_id": batch["customer_id"],
            "churn_probability": probability,
            "decision": pa.array(decided.decision),
            "expected_profit": decided.expected_profit,
            "certainty": pa.array(decided.certainty),
        }
        yield pa.RecordBatch.from_pydict(told)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure batches and files.")
    parser.add_argument("artifact", help="folder of an artifact")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=0, help="rows of a file; 0: none")
    return parser.parse_args()


if __name__ == "__main__":
    main()
