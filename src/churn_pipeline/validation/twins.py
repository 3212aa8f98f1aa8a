"""Rows that are copies of others: where one is trained on, the other is no test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import numpy as np

from churn_pipeline.tables import Table
from churn_pipeline.validation.findings import Finding
from churn_pipeline.validation.params import DataValidation

if TYPE_CHECKING:
    import pandas as pd

CHECK = "equal rows"
_WORTH_TELLING = 0.02  # of the rows; new customers of one tariff may well be alike
_BEYOND_CHANCE = 10.0


def twin_findings(
    name: str, rows: ir.Table, table: Table, parameters: DataValidation
) -> Iterator[Finding]:
    """Yield a warning where many rows are equal in every feature.

    Args:
        name: Name of the table.
        rows: Typed rows.
        table: What the columns mean.
        parameters: How many rows are looked at.
    """
    features = [raw for raw, column in table.columns.items() if column.feature]
    if not features:
        return
    picked = rows.order_by(rows["customer_id"].hash()).limit(parameters.leak_sample)
    frame = picked.select(*features).to_pandas()
    twins = int(frame.duplicated(keep=False).sum())
    by_chance = _twins_by_chance(frame)
    if twins < max(_WORTH_TELLING * len(frame), _BEYOND_CHANCE * by_chance):
        return
    yield Finding(
        level="warn",
        where=name,
        check=CHECK,
        message=f"expected rows of different customers, got {twins:,} of "
        f"{len(frame):,} that equal another in every feature; if they are copies, what "
        "is tested was also trained on and every figure is flattered: drop them from "
        "the file, or declare the column that tells customers apart as `customer_id`",
    )


def copies_told(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what was told of copies of rows, of all that was found in the data."""
    return [found["message"] for found in findings if found["check"] == CHECK]


def _twins_by_chance(frame: pd.DataFrame) -> float:
    """Return how many rows would have a twin if the columns were independent."""
    rows = len(frame)
    alike = 1.0
    for column in frame:
        counts = frame[column].value_counts(dropna=False).to_numpy(dtype=np.float64)
        alike *= float((counts * (counts - 1)).sum()) / max(rows * (rows - 1), 1)
    return float(rows * -np.expm1(-rows * alike))
