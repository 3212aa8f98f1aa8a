"""The metrics of a model, its candidates and the ceiling, flat and with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from churn_pipeline.evaluation.intervals import (
    bootstrap,
    calibration_noise,
    with_intervals,
)
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.evaluation.profit import Decision, draw_tops, top_of_curve
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation

HEADLINE = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
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
        threshold: Lowest probability that is contacted, as the artifact has it.
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
            _with_noise(model, evaluation, seed),
            {metric: draws[name][metric] for metric in HEADLINE},
            confidence=evaluation.confidence,
        )
        for name, model in models.items()
    }
    own = {
        **measured.pop("model"),
        "threshold": threshold,
        "n_rows": float(len(rows)),
        "n_customers": float(customer.nunique()),
        **_top_of_curve(rows, decision, evaluation, seed=seed),
    }
    own |= _ceiling(measured.pop("ceiling", {}), own)
    return _defined({**own, **_beside(measured)})


def _with_noise(model: Ranking, evaluation: Evaluation, seed: int) -> dict[str, float]:
    """Return the metrics, and the calibration error that would be chance alone."""
    noise = calibration_noise(
        model,
        redraws=evaluation.resamples,
        confidence=evaluation.confidence,
        seed=seed,
    )
    shown = {**model.measure(), "calibration_error_noise": noise}
    del shown["calibration_square"]  # grows with noise: it is for differences alone
    return shown


def _top_of_curve(
    rows: pd.DataFrame, decision: Decision, evaluation: Evaluation, *, seed: int
) -> dict[str, float]:
    """Return where the profit curve of these rows has its top, and how sure that is.

    A check of the threshold, which should lie in the interval.
    """
    given = (rows["label"], rows[judged.PROBABILITY], decision)
    top, most = top_of_curve(*given)
    tops = draw_tops(
        *given,
        customer=rows["customer_id"],
        resamples=evaluation.resamples,
        seed=seed,
    )
    tail = (1 - evaluation.confidence) / 2
    low, high = np.quantile(tops, [tail, 1 - tail])
    return {
        "top_of_curve": top,
        "top_of_curve_low": float(low),
        "top_of_curve_high": float(high),
        "profit_at_top_of_curve": most,
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
