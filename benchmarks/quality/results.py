"""The results file: one line a cell (data set, model, fold), and figures of the whole.

Several runs may add to it at the same time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churn_pipeline.release.atomic import replace

Key = tuple[str, str, str]
"""Data set, model, fold."""

_KEY = ("set", "model", "fold")


@dataclass
class Results:
    """What has been measured.

    Attributes:
        sets: What is known of each data set, by name.
        cells: What each fit gave and took, by data set, model and fold; `version` and
            `rows` tell of which code or package and of which rows.
        pooled: Figures of all test rows, by data set and model.
    """

    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    cells: dict[Key, dict[str, Any]] = field(default_factory=dict)
    pooled: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, key: Key, *, version: str, rows: str) -> bool:
        """Return whether a cell was measured with this version on these rows."""
        cell = self.cells.get(key, {})
        return (cell.get("version"), cell.get("rows")) == (version, rows)

    def of(self, data_set: str, model: str) -> dict[str, dict[str, Any]]:
        """Return the cells of a model on a data set, by fold."""
        return {
            f: c for (s, m, f), c in self.cells.items() if (s, m) == (data_set, model)
        }


def read(path: Path) -> Results:
    """Return what the file holds; nothing where there is none."""
    if not path.is_file():
        return Results()
    found = json.loads(path.read_text("utf-8"))
    cells = {tuple(cell.pop(name) for name in _KEY): cell for cell in found["cells"]}
    return Results(found["sets"], cells, found["pooled"])


@contextmanager
def changed(path: Path) -> Iterator[Results]:
    """Yield what the file holds, and write it when the block ends without an error.

    Others that change it wait meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        found = read(path)
        yield found
        replace(path, _as_text(found))
    finally:
        os.close(folder)


def _as_text(results: Results) -> str:
    """Return JSON with a line a cell, so that a change shows what was measured."""
    cells = [
        json.dumps(dict(zip(_KEY, key, strict=True)) | cell)
        for key, cell in sorted(results.cells.items())
    ]
    parts = {
        "sets": _by_line(results.sets),
        "cells": "[\n" + ",\n".join(cells) + "\n]",
        "pooled": "{\n"
        + ",\n".join(
            f"{json.dumps(name)}: {_by_line(models)}"
            for name, models in sorted(results.pooled.items())
        )
        + "\n}",
    }
    inside = ",\n".join(f"{json.dumps(name)}: {text}" for name, text in parts.items())
    return f"{{\n{inside}\n}}\n"


def _by_line(values: dict[str, Any]) -> str:
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(values.items())]
    return "{\n" + ",\n".join(lines) + "\n}"
