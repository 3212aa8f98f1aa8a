"""The metrics of a model, its candidates and the ceiling, flat and with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churn_pipeline.evaluation.coverage import measure_coverage
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.intervals import (
    Draws,
    bootstrap,
    calibration_noise,
    with_intervals,
)
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.evaluation.profit import draw_tops, top_of_curve
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.release.artifact import Manifest

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
AT_CAPACITY = ("contacted_share", "precision", "recall", "lift", "profit")
_CAPACITY = "at capacity"


def headline_metrics(
    rows: pd.DataFrame,
    *,
    manifest: Manifest,
    capacity_share: float | None,
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, float]:
    """Return the metrics by name; see the node `measure`.

    Args:
        rows: The scored test rows.
        manifest: Of the model.
        capacity_share: Share of the customers that there is time to call; None: all.
        decision: Costs and values.
        evaluation: Number of resamples and confidence.
        seed: Of the resamples.
    """
    models = _models(rows, capacity_share, decision)
    customer = rows["customer_id"]
    draws = bootstrap(models, customer, resamples=evaluation.resamples, seed=seed)
    desk = _at_capacity(models, draws, evaluation)
    measured = {
        name: with_intervals(
            _with_noise(model, evaluation, seed),
            {metric: draws[name][metric] for metric in HEADLINE},
            confidence=evaluation.confidence,
        )
        for name, model in models.items()
        if name != _CAPACITY
    }
    given, sure = (rows["label"], rows[judged.PROBABILITY]), evaluation.confidence
    own = {
        **measured.pop("model"),
        "threshold": manifest.threshold,
        "n_rows": float(len(rows)),
        "n_customers": float(customer.nunique()),
        **_top_of_curve(rows, decision, evaluation, seed=seed),
        **measure_coverage(*given, manifest.conformal, confidence=sure),
        **desk,
    }
    own |= _ceiling(measured.pop("ceiling", {}), own)
    return _defined({**own, **_beside(measured)})


def _models(
    rows: pd.DataFrame, capacity_share: float | None, decision: Decision
) -> dict[str, Ranking]:
    """Return what is measured: the model, its candidates, the ceiling, the desk."""
    columns = {"model": judged.PROBABILITY, **judged.candidates(rows)}
    # The candidates are called by the costs and values that the model is called by.
    models = {
        name: judged.ranking(rows, column, rows[judged.THRESHOLD], decision)
        for name, column in columns.items()
    }
    if judged.truth_is_known(rows):
        best = decision.threshold(rows[judged.VALUE])
        models["ceiling"] = judged.ranking(rows, judged.TRUTH, best, decision)
    if capacity_share is not None:
        first = judged.called_first(rows, capacity_share, decision)
        only = np.where(first, 0.0, np.inf)
        models[_CAPACITY] = judged.ranking(rows, judged.PROBABILITY, only, decision)
    return models


def _at_capacity(
    models: dict[str, Ranking], draws: dict[str, Draws], evaluation: Evaluation
) -> dict[str, float]:
    """Return what the calls find and earn that there is time for."""
    if _CAPACITY not in models:
        return {}
    point, drawn = models[_CAPACITY].measure(), draws[_CAPACITY]
    point["lift"] = point["precision"] / point["churn_rate"]
    lift = {"lift": drawn["precision"] / drawn["churn_rate"]}
    return with_intervals(
        {f"{name}_at_capacity": point[name] for name in AT_CAPACITY},
        {f"{name}_at_capacity": {**drawn, **lift}[name] for name in AT_CAPACITY},
        confidence=evaluation.confidence,
    )


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
    given = (rows["label"], rows[judged.PROBABILITY], decision, rows[judged.VALUE])
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
    """Return what the true probability would reach, and the share of the way to it.

    No model passes it on average; on some rows one may by chance: a share above 1.
    """
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
