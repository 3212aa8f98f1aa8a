"""Golden rows: what a model answered when made, checked whenever it is loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.feature import Feature
from churn_pipeline.models.table import Columns
from churn_pipeline.release.explanation import columns_of, table_of
from churn_pipeline.release.integrity import ArtifactError
from churn_pipeline.release.session import Session

TOLERANCE = 1e-6
"""Largest difference that a golden row's probability may show."""


def write_golden(
    features: Sequence[Feature], session: Session, columns: Columns
) -> bytes:
    """Return `golden.json`: rows of model input and the model's answers to them."""
    table = table_of(features, columns)
    answers, rows = session.probability(table).tolist(), columns_of(features, table)
    text = json.dumps({"columns": rows, "churn_probability": answers}, indent=1)
    return (text + "\n").encode()


def read_golden(content: bytes) -> tuple[dict[str, list[Any]], NDArray[np.float64]]:
    """Return the rows as columns by name, and their probabilities."""
    known = json.loads(content)
    return known["columns"], np.array(known["churn_probability"])


def check_golden(features: Sequence[Feature], session: Session, content: bytes) -> None:
    """Check that a model answers to the golden rows as when it was made.

    Raises:
        ArtifactError: It does not.
    """
    columns, expected = read_golden(content)
    received = session.probability(table_of(features, columns))
    apart = np.abs(received - expected)
    if not (len(expected) and np.all(apart <= TOLERANCE)):
        row = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
        raise ArtifactError(
            f"expected the golden rows' probabilities to {TOLERANCE:g}, got "
            f"{received[row]!r} for {expected[row]!r} in row {row}; the runtime here "
            "computes otherwise than where the model was made: use the versions of "
            "packages in its manifest, or train again"
        )
