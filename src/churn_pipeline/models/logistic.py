"""Logistic regression on standardised numbers and one-hot categories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats, add_chances
from churn_pipeline.models.classifier import CrossFitted, Rows
from churn_pipeline.models.cross_fit import fit_folds, join_folds
from churn_pipeline.models.graph import NUMBERS, Graph


@dataclass(frozen=True)
class Scaling:
    """Imputation by the mean, limits and standardisation, learnt from training rows.

    Attributes:
        mean: float64, (n_numbers,): stands for a missing number, and is subtracted.
        low: float64, (n_numbers,): smallest number seen; smaller ones count as it.
        high: float64, (n_numbers,): largest number seen.
        scale: float64, (n_numbers,): standard deviation; 1 for a constant.
    """

    mean: Floats
    low: Floats
    high: Floats
    scale: Floats

    @classmethod
    def learn(cls, numbers: NDArray[np.float32]) -> Scaling:
        """Return the scaling of these rows; a column without a value becomes 0."""
        known = np.isfinite(numbers)
        values = np.where(known, numbers, 0.0).astype(np.float64)
        count = np.maximum(known.sum(axis=0), 1)
        mean = values.sum(axis=0) / count
        centred = np.where(known, values - mean, 0.0)
        deviation = np.sqrt((centred**2).sum(axis=0) / count)
        low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
        high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
        return cls(
            mean,
            np.where(np.isfinite(low), low, 0.0),
            np.where(np.isfinite(high), high, 0.0),
            np.where(deviation > 1e-6 * np.abs(mean), deviation, 1.0),
        )

    def apply(self, numbers: NDArray[np.float32]) -> Floats:
        """Return standardised numbers without missing values, float64."""
        values = np.where(np.isnan(numbers), self.mean, numbers.astype(np.float64))
        return (np.clip(values, self.low, self.high) - self.mean) / self.scale


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression.

    Attributes:
        scaling: What numbers go through first.
        weight: float64, (n_numbers,): of the standardised numbers.
        weight_missing: float64, (n_numbers,): added where a number is missing.
        weight_codes: One float64 array a text column: added for each code.
        intercept: Logit of the average customer.
    """

    scaling: Scaling
    weight: Floats
    weight_missing: Floats
    weight_codes: tuple[Floats, ...]
    intercept: float

    @property
    def n_numbers(self) -> int:
        """Number of numeric features."""
        return len(self.weight)

    def logit(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> Floats:
        """Return uncalibrated logits, float64, (n_rows,)."""
        logit = self.scaling.apply(numbers) @ self.weight + self.intercept
        logit = logit + np.isnan(numbers) @ self.weight_missing
        for column, weight in enumerate(self.weight_codes):
            logit = logit + weight[codes[:, column]]
        return logit

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything learnt, by name."""
        codes = {f"codes.{i}": weight for i, weight in enumerate(self.weight_codes)}
        return {
            "mean": self.scaling.mean,
            "low": self.scaling.low,
            "high": self.scaling.high,
            "scale": self.scaling.scale,
            "weight": self.weight,
            "weight_missing": self.weight_missing,
            "intercept": np.array([self.intercept]),
            **codes,
        }

    def add_to(self, graph: Graph) -> str:
        """Add the model to a graph; return the name of its two probabilities."""
        logit = graph.constant(np.array([[self.intercept]]))
        if self.n_numbers:
            logit = graph.node("Add", self._add_numbers(graph), logit)
        if self.weight_codes:
            weights = graph.constant(np.concatenate(self.weight_codes))
            parts = graph.node("Gather", weights, graph.places(), axis=0)
            ones = graph.constant(np.ones((len(self.weight_codes), 1)))
            logit = graph.node("Add", graph.node("MatMul", parts, ones), logit)
        return add_chances(graph, logit)

    def _add_numbers(self, graph: Graph) -> str:
        missing = graph.node("IsNaN", NUMBERS)
        mean = graph.constant(self.scaling.mean[None, :])
        value = graph.node("Where", missing, mean, graph.double(NUMBERS))
        value = graph.node("Max", value, graph.constant(self.scaling.low[None, :]))
        value = graph.node("Min", value, graph.constant(self.scaling.high[None, :]))
        scale = graph.constant(self.scaling.scale[None, :])
        value = graph.node("Div", graph.node("Sub", value, mean), scale)
        part = graph.node("MatMul", value, graph.constant(self.weight[:, None]))
        missing_weight = graph.constant(self.weight_missing[:, None])
        gap = graph.node("MatMul", graph.double(missing), missing_weight)
        return graph.node("Add", part, gap)


def fit_logistic(
    rows: Rows, n_codes: tuple[int, ...], *, inverse_penalty: float
) -> CrossFitted:
    """Return a logistic regression with an L2 penalty, of all rows.

    Args:
        rows: Rows to fit on, in at least two folds; labels known.
        n_codes: Number of codes of each text column.
        inverse_penalty: Scikit-learn's `C`, above 0: smaller shrinks more.
    """

    def held_out(training: Rows, held: Rows) -> Floats:
        model = _fit(training, n_codes, inverse_penalty)
        return model.logit(held.numbers, held.codes)

    logits = join_folds(rows, fit_folds(rows, held_out))
    return CrossFitted(_fit(rows, n_codes, inverse_penalty), logits)


def _fit(rows: Rows, n_codes: tuple[int, ...], inverse_penalty: float) -> Logistic:
    from sklearn.linear_model import LogisticRegression

    scaling = Scaling.learn(rows.numbers)
    one_hot = [np.eye(size)[rows.codes[:, i]] for i, size in enumerate(n_codes)]
    parts = [scaling.apply(rows.numbers), np.isnan(rows.numbers), *one_hot]
    design = np.concatenate(parts, axis=1, dtype=np.float64)
    fitted = LogisticRegression(C=inverse_penalty, max_iter=300).fit(design, rows.label)
    n_numbers = rows.numbers.shape[1]
    ends = np.cumsum([n_numbers, n_numbers, *n_codes])
    weight, missing, *by_code = np.split(fitted.coef_[0], ends)[:-1]
    return Logistic(
        scaling, weight, missing, tuple(by_code), float(fitted.intercept_[0])
    )
