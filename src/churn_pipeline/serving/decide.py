"""From a probability to what to do, the same wherever customers are scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Manifest

CALL, NO_CALL, GONE = "call", "no_call", "gone"
DECISIONS = (CALL, NO_CALL, GONE)
RECENCY, CONTRACT = "recency_days", "has_contract"

Gone = NDArray[np.bool_] | bool


class Decided(NamedTuple):
    """What follows from the churn probabilities of customers, each (n,).

    Attributes:
        decision: `gone` of who has left, `call` of whom a call is expected to earn
            money, else `no_call`.
        threshold: Probability from which on each is called, above 0; above 1: never.
        expected_profit: Money that calling each is expected to earn.
        certainty: `leaves` or `stays` where the model is sure, else `not_sure`.
    """

    decision: NDArray[np.object_]
    threshold: NDArray[np.float64]
    expected_profit: NDArray[np.float64]
    certainty: NDArray[np.object_]


def decide(
    columns: Any,
    probability: NDArray[np.float64],
    manifest: Manifest,
    *,
    left: Gone = False,
) -> Decided:
    """Return what to do about customers, by the costs and values of the model.

    Args:
        columns: Inputs of the model by name: a frame, an Arrow table or a mapping.
        probability: Their churn probabilities in [0, 1], (n,).
        manifest: Of the model.
        left: Whether a label says that a customer has left already, (n,) or one for
            all; nobody calls those, however probable their churn.

    Raises:
        ValueError: The column that says what a customer is worth is not there, or
            holds a negative number.
    """
    costs = manifest.decision
    value = costs.values(columns, len(probability))
    threshold = costs.threshold(value)
    stays = np.where(probability >= threshold, CALL, NO_CALL)
    gone = left | has_lapsed(columns, manifest)
    return Decided(
        decision=np.where(gone, GONE, stays).astype(object),
        threshold=threshold,
        expected_profit=costs.expected(probability, value),
        certainty=manifest.conformal.certainty(probability),
    )


def has_lapsed(columns: Any, manifest: Manifest) -> Gone:
    """Return whether customers have left already, by the label's own rule.

    Without a running contract and idle for longer than the horizon. A snapshot's
    features do not tell; its label does, where it is given.

    Args:
        columns: Features by name: a frame, an Arrow table or a mapping of lists.
        manifest: Of the champion; its label rule and its features.

    Returns:
        (n,), or False where the features do not tell.
    """
    label = manifest.label
    if label.rule == "column" or RECENCY not in manifest.numbers:
        return False
    lapsed = np.asarray(columns[RECENCY], dtype=np.float64) > label.horizon_days
    if CONTRACT in manifest.numbers:
        lapsed &= np.asarray(columns[CONTRACT], dtype=np.float64) != 1
    return lapsed
