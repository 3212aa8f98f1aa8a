"""From a probability to what to do, the same wherever customers are scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Artifact

CALL, NO_CALL = "call", "no_call"


def decide(probability: NDArray[np.float64], threshold: float) -> NDArray[np.object_]:
    """Return `call` where a probability reaches the threshold, else `no_call`.

    Args:
        probability: Churn probabilities in [0, 1], (n,).
        threshold: From which on a customer is called, in [0, 1].

    Examples:
        >>> decide(np.array([0.2, 0.4, 0.9]), 0.4).tolist()
        ['no_call', 'call', 'call']
    """
    return np.where(probability >= threshold, CALL, NO_CALL).astype(object)


def require_champion(champion: Artifact | None) -> Artifact:
    """Return the champion.

    Raises:
        ValueError: There is none.
    """
    if champion is None:
        raise ValueError(
            "expected a champion to score with, found none: no model has been "
            "released for this data set, or the gate refused the candidate (`kedro "
            "churn history` says why); run `kedro run` (with its --env), or release "
            "one with `kedro churn promote`"
        )
    return champion
