"""The figures of all test rows of a data set, from the predictions that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality import results
from benchmarks.quality.figures import COMPARED, DIGITS, Floats, against, of_pool
from benchmarks.quality.folds import Fold, pooled, predictions
from benchmarks.quality.models import MODELS
from benchmarks.quality.ours import NET
from benchmarks.quality.sets import DataSet


def refresh(data: DataSet, folds: Sequence[Fold], folder: Path, path: Path) -> None:
    """Write the figures of every model whose folds are all measured to the results.

    A model whose predictions are not here keeps the figures that it has, but no
    comparison with a net that has been measured again since.
    """
    known = results.read(path)
    names = [m for m in MODELS if _is_whole(known.of(data.name, m), folds, data)]
    here = {
        name: _pooled(data, name, folds, folder)
        for name in names
        if all(predictions(folder, data.name, name, f.name).is_file() for f in folds)
    }
    rows = data.rows.iloc[np.sort(np.concatenate([fold.test for fold in folds]))]
    label = rows["label"].to_numpy(np.float64)
    found: dict[str, dict[str, Any]] = {
        name: of_pool(label, values) for name, values in here.items()
    }
    net = _version(known.of(data.name, NET)) if NET in names else ""
    if NET in here:
        customer = rows["customer_id"].to_numpy()
        for name, differences in against(NET, here, label, customer).items():
            found[name] |= {"less_net": differences, "less_net_of": net}
    with results.changed(path) as file:
        file.sets[data.name] = described(data, label)
        cells = {name: file.of(data.name, name) for name in names}
        for name, old in file.pooled.get(data.name, {}).items():
            if name in cells and old["version"] == _version(cells[name]):
                found.setdefault(name, _kept(old, net))
        file.pooled[data.name] = {
            name: _figures(cells[name], found[name]) for name in names if name in found
        }


def described(data: DataSet, label: Floats) -> dict[str, Any]:
    """Return what is told of a data set: its size and its churn rate."""
    return {
        "rows": len(data.rows),
        "test_rows": len(label),
        "numbers": len(data.columns("number")),
        "categories": len(data.columns("category")),
        "churn_rate": round(float(label.mean()), 4),
        "digest": data.digest,
    }


def _is_whole(
    cells: dict[str, dict[str, Any]], folds: Sequence[Fold], data: DataSet
) -> bool:
    """Return whether all folds are measured, with one version on these rows."""
    told = {(cell["version"], cell["rows"]) for cell in cells.values()}
    versions = {version for version, rows in told if rows == data.digest}
    return (
        cells.keys() >= {fold.name for fold in folds}
        and len(told) == len(versions) == 1
    )


def _kept(figures: dict[str, Any], net: str) -> dict[str, Any]:
    """Return figures without a comparison with another net than this one."""
    if figures.get("less_net_of", "") == net:
        return figures
    return {k: v for k, v in figures.items() if not k.startswith("less_net")}


def _version(cells: dict[str, dict[str, Any]]) -> str:
    return str(next(iter(cells.values()))["version"])


def _pooled(data: DataSet, name: str, folds: Sequence[Fold], folder: Path) -> Floats:
    parts = [np.load(predictions(folder, data.name, name, f.name)) for f in folds]
    return pooled(folds, parts)


def _figures(
    cells: dict[str, dict[str, Any]], pooled_figures: dict[str, Any]
) -> dict[str, Any]:
    """Return the figures of all rows, and the folds' means of metrics and seconds."""
    taken = ("seconds", "cpu_seconds", "tuning_seconds", "tuning_cpu_seconds")
    means = {
        name: round(float(np.mean([cell[name] for cell in cells.values()])), DIGITS)
        for name in (*COMPARED, *taken)
    }
    return {
        "version": _version(cells),
        "threads": sorted({cell["threads"] for cell in cells.values()}),
        **pooled_figures,
        "mean": means,
    }
