"""How good probabilities are: ranking, calibration and decisions, with row weights.

Everything is computed from one sort. A bootstrap resample is a vector of row weights
(how often a row was drawn), so that a resample costs a few passes over sorted arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Ranking:
    """Labels and probabilities, sorted once by falling probability.

    Attributes:
        order: int64, (n,), position in the input of each sorted row.
        label: float64, (n,), sorted; 1 churned, 0 stayed.
        probability: float64, (n,), sorted, in [0, 1].
        ends: int64, (k,), last row of each run of equal probabilities.
        bins: int64, (b,), first row of each calibration bin.
        terms: float64, (n, 6 or 7), what each row adds to the sums that metrics are
            made of, sorted: churned, log likelihood, squared error, probability,
            contacted, contacted and churned, and the money that contacting earned.
    """

    order: Positions
    label: Floats
    probability: Floats
    ends: Positions
    bins: Positions
    terms: Floats

    @classmethod
    def of(
        cls,
        label: ArrayLike,
        probability: ArrayLike,
        *,
        threshold: ArrayLike,
        gain: ArrayLike | None = None,
    ) -> Ranking:
        """Return the sorted view that metrics are computed from.

        Args:
            label: (n,), 1 churned, 0 stayed; n at least 1.
            probability: (n,), churn probability in [0, 1].
            threshold: Lowest probability that is contacted and counts as predicted to
                churn; one for all, or (n,).
            gain: (n,), money that contacting each row earns; None leaves profit out.

        Raises:
            ValueError: If there are no rows, lengths differ, a label is not 0 or 1,
                or a probability is missing or outside of [0, 1].
        """
        y = np.asarray(label, dtype=np.float64)
        p = np.asarray(probability, dtype=np.float64)
        _check(y, p)
        order = np.argsort(-p, kind="stable")
        ranked = p[order]
        ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
        called = (p >= np.asarray(threshold, dtype=np.float64)).astype(np.float64)
        terms = [y, _log_likelihood(y, p), (p - y) ** 2, p, called, called * y]
        if gain is not None:
            terms.append(called * np.asarray(gain, dtype=np.float64))
        return cls(
            order=order,
            label=y[order],
            probability=ranked,
            ends=ends,
            bins=_bin_starts(ends),
            terms=np.column_stack(terms)[order],
        )

    def measure(self, weight: ArrayLike | None = None) -> dict[str, float]:
        """Return every metric by name.

        Args:
            weight: (n,), how often each row counts, 0 or more, in the order of the
                input; None counts each once.

        Returns:
            Metrics; NaN where one is not defined, as ROC AUC of one class.
        """
        ones = np.ones(self.order.size)
        w = ones if weight is None else np.asarray(weight, dtype=np.float64)
        return {name: float(v[0]) for name, v in self.measure_many(w[None]).items()}

    def measure_many(self, weights: Floats) -> dict[str, Floats]:
        """Return every metric of several weightings of the rows.

        Args:
            weights: float64, (m, n), how often each row counts in each weighting, 0
                or more, in the order of the input.

        Returns:
            Metric -> float64, (m,); NaN where it is not defined.
        """
        w = weights[:, self.order]
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                **self._ranking(w),
                **self._sums(w),
            }

    def _ranking(self, w: Floats) -> dict[str, Floats]:
        # Only runs of equal probability that hold a churner add to either area.
        churners = np.flatnonzero(self.label)
        run = np.searchsorted(self.ends, churners)
        last = self.ends[run]
        before = np.where(run > 0, self.ends[run - 1], -1)
        so_far = np.concatenate((np.zeros((len(w), 1)), np.cumsum(w, axis=1)), axis=1)
        wy = w[:, churners]
        churned = np.concatenate((np.zeros((len(w), 1)), np.cumsum(wy, axis=1)), axis=1)
        churned_to = churned[:, np.searchsorted(churners, last, "right")]
        churned_before = churned[:, np.searchsorted(churners, before, "right")]
        reached = so_far[:, last + 1]
        total, n = churned[:, -1], so_far[:, -1]
        stayed_to = reached - churned_to
        stayed_before = so_far[:, before + 1] - churned_before
        # A pair of equal probabilities counts as half in order.
        lost = np.einsum("ij,ij->i", wy, (stayed_to + stayed_before) / 2)
        precision = np.divide(
            churned_to, reached, out=np.zeros_like(reached), where=reached > 0
        )
        return {
            "roc_auc": 1 - lost / (total * (n - total)),
            "average_precision": np.einsum("ij,ij->i", wy, precision) / total,
            "top_decile_lift": self._caught_in_top_tenth(so_far, w) / (total / 10),
        }

    def _caught_in_top_tenth(self, so_far: Floats, w: Floats) -> Floats:
        """Return the churners among the likeliest tenth; a tie gives its share."""
        caught = np.empty(len(w))
        for i, row in enumerate(so_far):
            tenth = row[-1] / 10
            run = int(np.searchsorted(row[self.ends + 1], tenth))
            end = int(self.ends[run])
            start = int(self.ends[run - 1]) + 1 if run else 0
            share = (tenth - row[start]) / (row[end + 1] - row[start])
            sure = np.dot(w[i, :start], self.label[:start])
            tied = np.dot(w[i, start : end + 1], self.label[start : end + 1])
            caught[i] = sure + share * tied
        return caught

    def _sums(self, w: Floats) -> dict[str, Floats]:
        n, sums = w.sum(axis=1), w @ self.terms
        return {**self._losses(w, n, sums), **_decisions(n, sums)}

    def _losses(self, w: Floats, n: Floats, sums: Floats) -> dict[str, Floats]:
        off = np.add.reduceat(w * (self.probability - self.label), self.bins, axis=1)
        rows = np.add.reduceat(w, self.bins, axis=1)
        squares = np.divide(off**2, rows, out=np.zeros_like(off), where=rows > 0)
        return {
            "log_loss": -sums[:, 1] / n,
            "brier": sums[:, 2] / n,
            "calibration_error": np.abs(off).sum(axis=1) / n,
            "calibration_square": squares.sum(axis=1) / n,
            "churn_rate": sums[:, 0] / n,
            "mean_probability": sums[:, 3] / n,
        }


def _decisions(n: Floats, sums: Floats) -> dict[str, Floats]:
    """Return what contacting finds and earns, from the rows' sums."""
    churned, contacted, caught, *earned = sums[:, [0, *range(4, sums.shape[1])]].T
    found = {
        "accuracy": (n - contacted - churned + 2 * caught) / n,
        "precision": np.where(contacted > 0, caught / contacted, 0.0),
        "recall": caught / churned,
        "f1": 2 * caught / (contacted + churned),
        "contacted_share": contacted / n,
    }
    return found | {"profit": money / n for money in earned}


def point_metrics(
    label: ArrayLike,
    probability: ArrayLike,
    threshold: ArrayLike,
    *,
    gain: ArrayLike | None = None,
) -> dict[str, float]:
    """Return the metrics of churn probabilities against labels.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        threshold: Lowest probability that is contacted and counts as predicted to
            churn; one for all, or (n,).
        gain: (n,), money that contacting each row earns; None leaves profit out.

    Returns:
        `roc_auc`, `average_precision`, `top_decile_lift` (times the churn rate among
        the likeliest tenth), `log_loss` (nats), `brier`, `calibration_error` (mean
        distance over 15 bins of equal mass), `accuracy`, `precision`, `recall`, `f1`,
        `contacted_share`, `churn_rate`, `mean_probability`, `profit` (money per row),
        `n_rows`. NaN where a metric is not defined, as ROC AUC of one class.

    Raises:
        ValueError: If there are no rows, lengths differ, a label is not 0 or 1, or a
            probability is missing or outside of [0, 1].

    Source:
        Nixon et al. (2019), Measuring Calibration in Deep Learning, section 3, for
        bins of equal mass.

    Examples:
        >>> point_metrics([1, 0, 0, 1], [0.9, 0.1, 0.4, 0.3], 0.5)["roc_auc"]
        0.75
    """
    ranking = Ranking.of(label, probability, threshold=threshold, gain=gain)
    shown = {**ranking.measure(), "n_rows": float(ranking.order.size)}
    del shown["calibration_square"]  # grows with noise: it is for differences alone
    return shown


def _log_likelihood(label: Floats, probability: Floats) -> Floats:
    """Return the log likelihood of each row; certainty is cut as scikit-learn does."""
    tiny = np.finfo(np.float64).eps
    p = np.clip(probability, tiny, 1 - tiny)
    return np.where(label == 1, np.log(p), np.log1p(-p))


def _bin_starts(ends: Positions) -> Positions:
    """Return the first row of each calibration bin; equal probabilities share one."""
    n = int(ends[-1]) + 1
    starts = np.append(0, ends[:-1] + 1)
    bin_of_run = CALIBRATION_BINS * (starts + ends + 1) // (2 * n)
    first_run = np.flatnonzero(np.append(True, np.diff(bin_of_run) != 0))
    return np.asarray(starts[first_run], dtype=np.int64)


def _check(label: Floats, probability: Floats) -> None:
    if label.ndim != 1 or label.shape != probability.shape or label.size == 0:
        raise ValueError(
            "expected label and probability of one length, at least 1, got shapes "
            f"{label.shape} and {probability.shape}"
        )
    strange = np.unique(label[~np.isin(label, (0.0, 1.0))])
    if strange.size:
        raise ValueError(
            f"expected labels 0 and 1, got also {strange[:3].tolist()}; leave out rows "
            "whose label is not mature"
        )
    outside = ~((probability >= 0) & (probability <= 1))
    if outside.any():
        raise ValueError(
            f"expected probabilities from 0 to 1, got {outside.sum()} others, as "
            f"{probability[outside][:3].tolist()}"
        )
