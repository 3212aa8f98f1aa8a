"""What is told of the customers of a file, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.release.expected import require_features
from churn_pipeline.release.reasons import in_one_line
from churn_pipeline.serving.decide import CALL, decide
from churn_pipeline.serving.files import LEFT, ROW, ToScore

if TYPE_CHECKING:
    import pyarrow as pa

    from churn_pipeline.release.artifact import Artifact
    from churn_pipeline.serving.control_group import ControlGroup

BATCH_ROWS = 65_536
REASONS_ROWS = 1024
SCORES = {
    "churn_probability": "double",
    "decision": "string",
    "expected_profit": "double",
    "certainty": "string",
    "kept_aside": "bool",
}
"""What is told of each customer: column -> its Arrow type. The probability is in
[0, 1], the decision `call`, `no_call` or `gone` (has left already), the profit money
that a call is expected to earn, the certainty `leaves`, `stays` or `not_sure`; who is
kept aside is not to be called, whatever the decision."""


def score_batches(
    to_score: ToScore,
    artifact: Artifact,
    *,
    control: ControlGroup | None = None,
    reasons: int = 0,
) -> Iterator[pa.RecordBatch]:
    """Yield the customers' ids, churn probabilities and what to do, in order.

    Args:
        to_score: The customers.
        artifact: The champion.
        control: Whom the newest list keeps aside; None: nobody.
        reasons: Most reasons of a customer to call; 0 gives none and costs nothing.

    Yields:
        The id under its own name, the columns of `SCORES` and, where they are asked
        for, `reasons` in words, null of customers who are not to be called.

    Raises:
        ValueError: A feature of the champion is not made any more.
    """
    import pyarrow as pa

    names = require_features(artifact.manifest, to_score.features.columns)
    ordered = to_score.features.order_by(ROW).select("customer_id", LEFT, *names)
    rows = REASONS_ROWS if reasons else BATCH_ROWS
    for batch in ordered.to_pyarrow_batches(chunk_size=rows):
        table: Any = pa.Table.from_batches([batch])
        probability = artifact.predict(table)
        left = np.asarray(table[LEFT], dtype=bool)
        decided = decide(table, probability, artifact.manifest, left=left)
        told = {"churn_probability": probability, **decided._asdict()}
        told["kept_aside"] = _kept_aside(batch.column(0), control)
        columns = {
            to_score.id_name: batch.column(0),
            **{name: pa.array(told[name], kind) for name, kind in SCORES.items()},
        }
        if reasons:
            called = decided.decision == CALL
            why = _reasons(table, called, artifact, reasons)
            columns["reasons"] = pa.array(why, pa.string())
        yield pa.RecordBatch.from_pydict(columns)


def _kept_aside(customers: pa.Array, control: ControlGroup | None) -> NDArray[np.bool_]:
    """Return whether each customer is in the control group."""
    if control is None:
        return np.zeros(len(customers), dtype=bool)
    return np.array([control.has(name) for name in customers.to_pylist()], dtype=bool)


def _reasons(
    table: Any, called: NDArray[np.bool_], artifact: Artifact, at_most: int
) -> NDArray[np.object_]:
    """Return why to call, in words, None of customers who are not to be called."""
    found = artifact.reasons(table.filter(called), at_most=at_most, raising=True)
    told = np.full(len(called), None, object)
    told[called] = [in_one_line(reasons) for reasons in found]
    return told
