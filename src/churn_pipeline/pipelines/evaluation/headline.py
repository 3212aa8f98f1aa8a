"""The metrics of a model, its candidates and the ceiling, flat and with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from churn_pipeline.evaluation.intervals import bootstrap, with_intervals
from churn_pipeline.evaluation.profit import Decision, best_threshold, profit
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation

HEADLINE = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "top_decile_lift",
    "profit",
)


def headline_metrics(
    rows: pd.DataFrame,
    *,
    threshold: float,
    thresholds: Mapping[str, float],
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, float]:
    """Return the metrics by name; see the node `measure`.

    Args:
        rows: The scored test rows.
        threshold: Lowest probability that is contacted, as chosen in training.
        thresholds: The same of the candidates, by name.
        decision: Costs and values.
        evaluation: Number of resamples and confidence.
        seed: Of the resamples.
    """
    columns = {"model": judged.PROBABILITY, **judged.candidates(rows)}
    if judged.truth_is_known(rows):
        thresholds = {**thresholds, "ceiling": decision.break_even}
        columns["ceiling"] = judged.TRUTH
    models = {
        name: judged.ranking(rows, column, thresholds.get(name, threshold), decision)
        for name, column in columns.items()
    }
    customer = rows["customer_id"]
    draws = bootstrap(models, customer, resamples=evaluation.resamples, seed=seed)
    measured = {
        name: with_intervals(
            model.measure(),
            {metric: draws[name][metric] for metric in HEADLINE},
            confidence=evaluation.confidence,
        )
        for name, model in models.items()
    }
    own = {
        **measured.pop("model"),
        **_profit_at_best(rows, threshold, decision),
    }
    own |= _ceiling(measured.pop("ceiling", {}), own)
    return _defined({**own, **_beside(measured)})


def _profit_at_best(
    rows: pd.DataFrame, threshold: float, decision: Decision
) -> dict[str, float]:
    """Return how far the threshold, chosen in training, is from the best one here."""
    label, probability = rows["label"], rows[judged.PROBABILITY]
    best = best_threshold(label, probability, decision)
    return {
        "threshold": threshold,
        "break_even": decision.break_even,
        "best_threshold": best,
        "profit_at_best_threshold": profit(label, probability, best, decision),
        "n_rows": float(len(rows)),
        "n_customers": float(rows["customer_id"].nunique()),
    }


def _ceiling(ceiling: dict[str, float], own: dict[str, float]) -> dict[str, float]:
    """Return what the true probability would reach, and the share of the way to it."""
    if not ceiling:
        return {}
    names = ("roc_auc", "average_precision", "log_loss", "profit")
    found = {
        f"ceiling_{name}{end}": ceiling[f"{name}{end}"]
        for name in names
        for end in ("", "_low", "_high")
    }
    share = (own["roc_auc"] - 0.5) / (ceiling["roc_auc"] - 0.5)
    return {**found, "share_of_ceiling": share}


def _beside(measured: dict[str, dict[str, float]]) -> dict[str, float]:
    return {
        f"baselines.{name}.{metric}": value
        for name, metrics in measured.items()
        for metric, value in metrics.items()
    }


def _defined(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
