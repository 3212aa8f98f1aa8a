"""Customers as cells: how many have which probability, decision and label.

Metrics, their intervals and their estimates need no more, so ten million predictions
take the room of some thousand cells, and a database can count them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.metrics import Ranking

Floats = NDArray[np.float64]

BINS = 10_000
"""Bins of the probability; in one, customers count as equally likely to churn."""
_KINDS = 3
"""Of labels: stayed, churned, not known."""


@dataclass(frozen=True)
class Cells:
    """Customers by bin of the probability, by decision and by label.

    Attributes:
        probability: float64, (k,), mean churn probability, in [0, 1].
        called: bool, (k,), whether the decision was to call.
        label: float64, (k,), 1 churned, 0 stayed, NaN not known.
        rows: float64, (k,), how many customers, above 0.
        value: float64, (k,), money that one is worth, on average.
        value_variance: float64, (k,), of the values inside a cell, 0 or more.
    """

    probability: Floats
    called: NDArray[np.bool_]
    label: Floats
    rows: Floats
    value: Floats
    value_variance: Floats

    @classmethod
    def of(
        cls,
        probability: ArrayLike,
        *,
        called: ArrayLike,
        value: ArrayLike,
        label: ArrayLike | None = None,
    ) -> Cells:
        """Return the cells of some customers.

        Args:
            probability: (n,), churn probability in [0, 1].
            called: (n,), whether each is called.
            value: (n,), money that each is worth, 0 or more.
            label: (n,), 1 churned, 0 stayed, NaN not known; None: none is known.

        Raises:
            ValueError: A probability is missing or outside of [0, 1].
        """
        p = np.asarray(probability, dtype=np.float64)
        outside = p[~((p >= 0) & (p <= 1))]
        if outside.size:
            raise ValueError(
                f"expected probabilities from 0 to 1, got {outside.size:,} others, as "
                f"{outside[0]:g}; score the customers again"
            )
        y = np.full(p.size, np.nan) if label is None else np.asarray(label, np.float64)
        kind = np.where(np.isnan(y), 2, y).astype(np.int64)
        call = np.asarray(called, dtype=bool)
        key = (np.rint(p * BINS).astype(np.int64) * 2 + call) * _KINDS + kind
        _, first, code = np.unique(key, return_index=True, return_inverse=True)
        rows = np.bincount(code).astype(np.float64)
        worth = np.asarray(value, dtype=np.float64)
        mean, square = (np.bincount(code, w) / rows for w in (worth, worth**2))
        return cls(
            probability=np.bincount(code, p) / rows,
            called=call[first],
            label=y[first],
            rows=rows,
            value=mean,
            value_variance=np.maximum(square - mean**2, 0.0),
        )

    @property
    def known(self) -> Cells:
        """The cells of customers whose label is known."""
        return self.where(~np.isnan(self.label))

    @property
    def n(self) -> int:
        """Number of customers."""
        return int(self.rows.sum())

    @property
    def churners(self) -> int:
        """Number of customers who are known to have churned."""
        return int(self.rows[self.label == 1].sum())

    @property
    def unlabelled(self) -> Cells:
        """The same customers, without what is known of their labels."""
        bins = np.rint(self.probability * BINS).astype(np.int64)
        key = bins * 2 + self.called
        _, first, code = np.unique(key, return_index=True, return_inverse=True)
        rows = np.bincount(code, self.rows).astype(np.float64)
        square = self.value_variance + self.value**2
        columns = (self.probability, self.value, square)
        p, value, square = (np.bincount(code, c * self.rows) / rows for c in columns)
        return Cells(
            probability=p,
            called=self.called[first],
            label=np.full(rows.size, np.nan),
            rows=rows,
            value=value,
            value_variance=np.maximum(square - value**2, 0.0),
        )

    def where(self, kept: NDArray[np.bool_]) -> Cells:
        """Return some of the cells."""
        return Cells(*(column[kept] for column in vars(self).values()))

    def with_label(self, label: float) -> Cells:
        """Return the same customers, all of one label."""
        return replace(self, label=np.full(self.label.size, label))

    def churner_gain(self, decision: Decision) -> tuple[Floats, Floats]:
        """Return what calling a churner of each cell earns, and its variance."""
        each = decision.expected(1.0, 1.0) - decision.expected(1.0, 0.0)
        gain = decision.expected(np.ones(self.value.size), self.value)
        return gain, each**2 * self.value_variance

    def ranking(self, decision: Decision) -> Ranking:
        """Return the cells as rows, for metrics weighted by how many each stands for.

        Every label must be known.
        """
        gain, _ = self.churner_gain(decision)
        return Ranking.of(
            self.label,
            self.probability,
            threshold=np.where(self.called, 0.0, np.inf),
            gain=np.where(self.label == 1, gain, decision.gain_of_stayer),
        )


def together(*parts: Cells) -> Cells:
    """Return the cells of several groups of customers, one after the other."""
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Cells(*(np.concatenate(column) for column in columns))
