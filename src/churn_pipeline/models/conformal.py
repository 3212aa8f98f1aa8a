"""How sure a prediction is: conformal sets, learnt on rows the model was not fit on.

A set of labels is given to each customer that holds the true one with a stated
coverage, of those who leave and of those who stay each by itself. Where the set holds
both labels, the model does not know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAVES, STAYS, NOT_SURE = "leaves", "stays", "not_sure"
CERTAINTIES = (LEAVES, STAYS, NOT_SURE)

_SLACK = 1e-6
"""By how much another runtime may answer otherwise; equal probabilities stay equal."""


@dataclass(frozen=True)
class Conformal:
    """Which labels a probability leaves possible.

    Attributes:
        coverage: Stated share of those who leave, and of those who stay, whose set
            holds what they do, in (0, 1).
        leaves_from: Lowest probability at which leaving is possible; 0: always.
        stays_to: Highest probability at which staying is possible; 1: always.
        n_churners: Held-out rows that churned, from which this was learnt.
        n_stayers: Held-out rows that stayed.

    Source:
        Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World,
        section 4.5, for conformal sets by label (Mondrian).
    """

    coverage: float
    leaves_from: float
    stays_to: float
    n_churners: int
    n_stayers: int

    def certainty(self, probability: Floats) -> NDArray[np.object_]:
        """Return `leaves` or `stays` where the set is that alone, else `not_sure`.

        A set that is empty (a gap between the two limits) is taken for both labels,
        which covers more.

        Args:
            probability: float64, (n,), churn probability in [0, 1].

        Examples:
            >>> sets = Conformal(
            ...     0.9, leaves_from=0.2, stays_to=0.6, n_churners=50, n_stayers=90
            ... )
            >>> sets.certainty(np.array([0.1, 0.4, 0.7])).tolist()
            ['stays', 'not_sure', 'leaves']
        """
        may_leave = probability >= self.leaves_from
        may_stay = probability <= self.stays_to
        found = np.full(len(probability), NOT_SURE, dtype=object)
        found[may_leave & ~may_stay] = LEAVES
        found[may_stay & ~may_leave] = STAYS
        return found


def fit_conformal(probability: Floats, label: Floats, *, coverage: float) -> Conformal:
    """Return the limits that cover each label as often as stated.

    For exchangeable rows the set of a new row that churns holds `leaves` with at least
    the stated coverage, whatever the model and however few rows; the same of `stays`.
    With fewer rows of a label than tell its quantile that label is always possible.
    A monotone map of the probabilities that was learnt on the same rows takes nothing
    from this: the limits go by the order alone.

    Args:
        probability: float64, (n,), of rows that the model was not fit on.
        label: float64, (n,), 1 churned, 0 stayed.
        coverage: Stated coverage, in (0, 1).

    Raises:
        ValueError: The coverage is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise ValueError(
            f"expected a coverage above 0 and below 1, got {coverage}; set "
            "training.calibration.coverage"
        )
    churners, stayers = probability[label == 1], probability[label == 0]
    return Conformal(
        coverage=float(coverage),
        leaves_from=max(0.0, 1 - _limit(1 - churners, coverage) - _SLACK),
        stays_to=min(1.0, _limit(stayers, coverage) + _SLACK),
        n_churners=len(churners),
        n_stayers=len(stayers),
    )


def _limit(strangeness: Floats, coverage: float) -> float:
    """Return the value that covers a new one with the stated chance; 1: always.

    The (n + 1) x coverage-th smallest of n, rounded up.
    """
    # Of 9 rows and 0.9 the ninth, though the floating product is a hair above 9.
    rank = int(np.ceil((len(strangeness) + 1) * coverage - 1e-9))
    if rank > len(strangeness):
        return 1.0
    return float(np.sort(strangeness)[rank - 1])
