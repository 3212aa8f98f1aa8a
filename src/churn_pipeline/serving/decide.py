"""From a probability to what to do, the same wherever customers are scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Manifest

CALL, NO_CALL, GONE = "call", "no_call", "gone"
DECISIONS = (CALL, NO_CALL, GONE)
RECENCY, CONTRACT = "recency_days", "has_contract"

Gone = NDArray[np.bool_] | bool


def decide(
    probability: NDArray[np.float64], threshold: float, *, gone: Gone = False
) -> NDArray[np.object_]:
    """Return `gone` of who left, `call` from the threshold on, else `no_call`.

    Args:
        probability: Churn probabilities in [0, 1], (n,).
        threshold: From which on a customer is called, in [0, 1].
        gone: Whether the data say that a customer has left already, (n,) or one for
            all; nobody calls those, however probable their churn.

    Examples:
        >>> gone = np.array([False, False, True])
        >>> decide(np.array([0.2, 0.4, 0.9]), 0.4, gone=gone).tolist()
        ['no_call', 'call', 'gone']
    """
    stays = np.where(probability >= threshold, CALL, NO_CALL)
    return np.where(gone, GONE, stays).astype(object)


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
