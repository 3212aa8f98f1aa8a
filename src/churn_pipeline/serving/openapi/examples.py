"""True examples: golden rows as requests, and what the model answers to them."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

from churn_pipeline.serving.answering import Asked
from churn_pipeline.serving.answers import failure
from churn_pipeline.serving.contract import CUSTOMER_ID
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.refusal import Refusal
from churn_pipeline.serving.routing import Alone

Row = dict[str, Any]

REQUEST_ID = "0" * 32
"""Of every example."""


def example_rows(predictor: Predictor, n_rows: int = 2) -> list[Row]:
    """Return golden rows as requests, those with the fewest warnings first."""
    columns, _ = predictor.artifact.golden
    n_golden = len(next(iter(columns.values())))
    for given in predictor.artifact.manifest.inputs:  # one may be no feature
        columns.setdefault(given.name, [None] * n_golden)
    rows = [
        {name: None if value == "" else value for name, value in zip(columns, row)}
        for row in zip(*columns.values(), strict=True)
    ]
    counted = [(_warnings(predictor, row), row) for row in rows]
    valid = sorted(
        ((n, row) for n, row in counted if n is not None), key=lambda pair: pair[0]
    )
    return [
        {CUSTOMER_ID: f"example-{i}", **row}
        for i, (_, row) in enumerate(valid[:n_rows], start=1)
    ]


def asked(predictor: Predictor, value: Any) -> Asked:
    """Return a request with a body that holds a value."""
    body, start = json.dumps(value).encode(), time.perf_counter()
    return Asked(predictor.reader, Alone(predictor), body, REQUEST_ID, start)


def as_csv(rows: list[Row]) -> str:
    """Return rows as CSV with a header; an empty cell is a null."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def broken_row(predictor: Predictor, row: Row) -> Row:
    """Return the refusal of a row whose first feature is a list.

    Args:
        predictor: The model.
        row: A customer that it answers.
    """
    name = predictor.reader.names[0]
    try:
        predictor.contract.read_one(json.dumps(row | {name: []}).encode())
    except Refusal as refused:
        told: Row = json.loads(failure(refused, REQUEST_ID, predictor.version).body)
        return told
    raise AssertionError("the contract takes a list for a feature")


def _warnings(predictor: Predictor, row: Row) -> int | None:
    """Return how many features of a row get a warning; None for an invalid row.

    Golden rows try extremes too, which the contract refuses.
    """
    try:
        request = predictor.contract.read_one(json.dumps(row).encode())
    except ValueError:
        return None
    return len(predictor.contract.warnings(request))
