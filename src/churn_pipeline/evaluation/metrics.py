"""How good probabilities are: ranking, calibration and decisions, with row weights.

Everything is computed from one sort. A bootstrap resample is a vector of row weights
(how often a row was drawn), so that a resample costs a few passes over sorted arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Ranking:
    """Labels and probabilities, sorted once by falling probability.

    Attributes:
        order: int64, (n,), position in the input of each sorted row.
        label: float64, (n,), sorted; 1 churned, 0 stayed.
        probability: float64, (n,), sorted, in [0, 1].
        starts: int64, (k,), first row of each run of equal probabilities.
        bins: int64, (b,), first row of each calibration bin.
        threshold: Lowest probability that counts as predicted to churn, in [0, 1].
        gain: float64, (n,), sorted; money that contacting the row earns.
    """

    order: NDArray[np.int64]
    label: Floats
    probability: Floats
    starts: NDArray[np.int64]
    bins: NDArray[np.int64]
    threshold: float
    gain: Floats | None

    @classmethod
    def of(
        cls,
        label: ArrayLike,
        probability: ArrayLike,
        *,
        threshold: float,
        gain: ArrayLike | None = None,
    ) -> Ranking:
        """Return the sorted view that metrics are computed from.

        Args:
            label: (n,), 1 churned, 0 stayed; n at least 1.
            probability: (n,), churn probability in [0, 1].
            threshold: Lowest probability that counts as predicted to churn.
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
        starts = np.flatnonzero(np.append(True, np.diff(ranked) != 0))
        return cls(
            order=order,
            label=y[order],
            probability=ranked,
            starts=starts,
            bins=_bin_starts(starts, y.size),
            threshold=threshold,
            gain=None if gain is None else np.asarray(gain, dtype=np.float64)[order],
        )

    def measure(self, weight: ArrayLike | None = None) -> dict[str, float]:
        """Return every metric by name.

        Args:
            weight: (n,), how often each row counts, 0 or more, in the order of the
                input; None counts each once.

        Returns:
            Metrics; NaN where one is not defined, as ROC AUC of one class.
        """
        w = np.ones(self.order.size)
        if weight is not None:
            w = np.asarray(weight, dtype=np.float64)[self.order]
        wy = w * self.label
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                **self._ranking(w, wy),
                **self._losses(w, wy),
                **self._decisions(w, wy),
            }

    def _ranking(self, w: Floats, wy: Floats) -> dict[str, float]:
        churned = np.add.reduceat(wy, self.starts)
        everyone = np.add.reduceat(w, self.starts)
        churned_so_far, so_far = np.cumsum(churned), np.cumsum(everyone)
        total, n = churned_so_far[-1], so_far[-1]
        stayed = everyone - churned
        # A pair of equal probabilities counts as half in order.
        pairs = np.dot(stayed, churned_so_far - churned / 2)
        precision = np.divide(
            churned_so_far, so_far, out=np.zeros_like(so_far), where=so_far > 0
        )
        caught = np.interp(
            n / 10, np.append(0.0, so_far), np.append(0.0, churned_so_far)
        )
        return {
            "roc_auc": float(pairs / (total * (n - total))),
            "average_precision": float(np.dot(churned, precision) / total),
            "top_decile_lift": float(caught / (total / 10)),
        }

    def _losses(self, w: Floats, wy: Floats) -> dict[str, float]:
        n = w.sum()
        tiny = np.finfo(np.float64).eps
        p = np.clip(self.probability, tiny, 1 - tiny)
        log_likelihood = np.dot(wy, np.log(p)) + np.dot(w - wy, np.log1p(-p))
        expected = np.add.reduceat(w * self.probability, self.bins)
        observed = np.add.reduceat(wy, self.bins)
        return {
            "log_loss": float(-log_likelihood / n),
            "brier": float(np.dot(w, (self.probability - self.label) ** 2) / n),
            "calibration_error": float(np.abs(expected - observed).sum() / n),
        }

    def _decisions(self, w: Floats, wy: Floats) -> dict[str, float]:
        n, churned = w.sum(), wy.sum()
        # Falling probabilities: those at or over the threshold come first.
        called = int(np.searchsorted(-self.probability, -self.threshold, "right"))
        contacted, caught = w[:called].sum(), wy[:called].sum()
        found = {
            "accuracy": float((n - contacted - churned + 2 * caught) / n),
            "precision": float(caught / contacted) if contacted else 0.0,
            "recall": float(caught / churned),
            "f1": float(2 * caught / (contacted + churned)),
            "contacted_share": float(contacted / n),
            "churn_rate": float(churned / n),
            "mean_probability": float(np.dot(w, self.probability) / n),
        }
        if self.gain is not None:
            found["profit"] = float(np.dot(w[:called], self.gain[:called]) / n)
        return found


def point_metrics(
    label: ArrayLike, probability: ArrayLike, threshold: float
) -> dict[str, float]:
    """Return the metrics of churn probabilities against labels.

    Args:
        label: (n,), 1 churned, 0 stayed; n at least 1.
        probability: (n,), churn probability in [0, 1].
        threshold: Lowest probability that counts as predicted to churn, in [0, 1].

    Returns:
        `roc_auc`, `average_precision`, `top_decile_lift` (times the churn rate among
        the likeliest tenth), `log_loss` (nats), `brier`, `calibration_error` (mean
        distance over 15 bins of equal mass), `accuracy`, `precision`, `recall`, `f1`,
        `contacted_share`, `churn_rate`, `mean_probability`, `threshold`, `n_rows`.
        NaN where a metric is not defined, as ROC AUC of one class.

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
    ranking = Ranking.of(label, probability, threshold=threshold)
    sizes = {"threshold": float(threshold), "n_rows": float(ranking.order.size)}
    return {**ranking.measure(), **sizes}


def _bin_starts(starts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the first row of each calibration bin; equal probabilities share one."""
    ends = np.append(starts[1:], n)
    bin_of_run = (CALIBRATION_BINS * (starts + ends) // (2 * n)).astype(np.int64)
    first_run = np.flatnonzero(np.append(True, np.diff(bin_of_run) != 0))
    return starts[first_run]


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
