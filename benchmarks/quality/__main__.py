"""This project's net beside its peers on the same folds of nine data sets (hours).

    python -m benchmarks.quality [--only net] [--sets telco bank] [--threads 1]

Needs the extra `bench`. What is measured is kept in docs/benchmarks-quality.json and
not measured again: ours until its code changes, a peer until its version does. The
predictions are kept in build/quality/. Writes docs/benchmarks-quality.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality import results
from benchmarks.quality.figures import of_fold
from benchmarks.quality.folds import Fold, cut, predictions
from benchmarks.quality.models import MODELS, version_of
from benchmarks.quality.page import write_page
from benchmarks.quality.pool import refresh
from benchmarks.quality.sets import ROOT, SETS, SNAPSHOTS, DataSet, at_hand, load
from churn_pipeline.progress import bar

FOLDER = ROOT / "build/quality"
RESULTS = ROOT / "docs/benchmarks-quality.json"


def main() -> int:
    """Measure what is missing and write the page; return 1 where a fit failed."""
    options = _options()
    failed = []
    for name in options.sets:
        data = _announced(name)
        folds = cut(data.rows, SNAPSHOTS.get(name))
        failed += measure(data, folds, options.models, options.threads)
        refresh(data, folds, FOLDER, RESULTS)
    write_page(results.read(RESULTS), RESULTS.with_suffix(".md"))
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


def measure(
    data: DataSet, folds: Sequence[Fold], models: Sequence[str], threads: int
) -> list[str]:
    """Fit what has not been measured, one after the other; return what failed."""
    known, failed = results.read(RESULTS), []
    wanted = [(model, fold) for model in models for fold in folds]
    left = [(m, f) for m, f in wanted if not is_done(known, data, m, f, FOLDER)]
    with bar(data.name, len(left)) as line:
        for model, fold in left:
            line.describe(f"{data.name}, fold {fold.name} of {len(folds)}: {model}")
            try:
                taken = _fit(data, model, fold, threads)
            except RuntimeError as error:
                failed.append(f"{data.name}, {model}, fold {fold.name}: {error}")
            else:
                record(data, model, fold, taken | {"threads": threads})
            line.advance()
    return failed


def is_done(
    known: results.Results, data: DataSet, model: str, fold: Fold, folder: Path
) -> bool:
    """Return whether a fit is in the results, and its predictions are here."""
    key = (data.name, model, fold.name)
    measured = known.has(key, version=version_of(model), rows=data.digest)
    return measured and predictions(folder, *key).is_file()


def record(data: DataSet, model: str, fold: Fold, taken: dict[str, Any]) -> None:
    """Add a fit, whose predictions are written, to the results file."""
    key = (data.name, model, fold.name)
    label = data.rows["label"].to_numpy(np.float64)[fold.test]
    figures = of_fold(label, np.load(predictions(FOLDER, *key)))
    told = {"version": version_of(model), "rows": data.digest}
    with results.changed(RESULTS) as found:
        found.cells[key] = told | figures | taken


def _announced(name: str) -> DataSet:
    with bar(f"{name}: features by the project's pipelines"):
        return load(name, FOLDER)


def _fit(data: DataSet, model: str, fold: Fold, threads: int) -> dict[str, Any]:
    """Return what a fit took, in a process of its own.

    Raises:
        RuntimeError: It failed; with the last of what it said.
    """
    cell = [str(FOLDER), data.name, model, fold.name, str(threads)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.quality.cell", *cell],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-1500:])
    taken: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return taken


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=at_hand())
    parser.add_argument(
        "--models", "--only", nargs="+", choices=tuple(MODELS), default=tuple(MODELS)
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--threads", type=int, default=cores, help="of one fit")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
