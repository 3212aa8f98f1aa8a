"""Tune the net, train the candidates, calibrate them and choose the artifact."""

from __future__ import annotations

import logging
import time
from typing import Any

import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.profit import Decision
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines.training.choice import compare
from churn_pipeline.pipelines.training.package import make_candidate, study_name
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import read_splits
from churn_pipeline.progress import bar
from churn_pipeline.release.artifact import Artifact

_LOG = logging.getLogger(__name__)
_TRIAL_COLUMNS = ("number", "state", "value", "seconds", "epochs")


def tune_net(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    dataset: Dataset,
    training: Training,
    seed: int,
) -> dict[str, Any]:
    """Return the net's best settings (`net_settings`) and the `tuning_trials`.

    Trials that an earlier run of the same rows, parameters and code has finished are
    taken over.
    """
    from churn_pipeline.models.tuning import TuningData, tune_net

    splits = read_splits(model_input, feature_set, training.vocabulary)
    data = TuningData(
        splits.rows("train"), splits.rows("validation"), splits.vocabulary.sizes
    )
    with bar("tuning the net", training.tuning.n_trials) as line:
        done = 0

        def progress(finished: int, best: float | None) -> None:
            nonlocal done
            line.advance(finished - done)
            done = finished
            if best is not None:
                line.describe(f"tuning the net, best log loss {best:.4f}")

        tuned = tune_net(
            data,
            training.net,
            fit=training.fit,
            tuning=training.tuning,
            study_name=study_name(splits, dataset, training, seed),
            seed=seed,
            progress=progress,
        )
    return {
        "net_settings": vars(tuned.settings),
        "tuning_trials": pd.DataFrame(tuned.trials or {n: [] for n in _TRIAL_COLUMNS}),
    }


def plot_tuning(tuning_trials: pd.DataFrame) -> Any:
    """Return a figure of the trials' log loss and of the best so far."""
    import plotly.graph_objects as go

    complete = tuning_trials["state"] == "complete"
    figure = go.Figure()
    for name, rows in (("complete", complete), ("pruned", ~complete)):
        part = tuning_trials[rows]
        figure.add_scatter(x=part["number"], y=part["value"], mode="markers", name=name)
    best = tuning_trials[complete].assign(value=lambda rows: rows["value"].cummin())
    figure.add_scatter(
        x=best["number"], y=best["value"], line_shape="hv", name="best so far"
    )
    return figure.update_layout(
        title="Tuning of the net",
        xaxis_title="trial",
        yaxis_title="log loss of the validation rows",
    )


def train_net(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    net_settings: dict[str, Any],
    dataset: Dataset,
    training: Training,
    seed: int,
) -> dict[str, Any]:
    """Return the tuned net as a candidate, and its seconds."""
    from churn_pipeline.models.net_model import train_net

    began = time.perf_counter()
    splits = read_splits(model_input, feature_set, training.vocabulary)
    model = train_net(
        splits.rows("train"),
        splits.rows("validation"),
        splits.vocabulary.sizes,
        net=NetSettings(**net_settings),
        fit=training.fit,
        seed=seed,
    )
    made = make_candidate(model, splits, dataset=dataset, training=training, seed=seed)
    return _timed(made, began)


def train_logistic(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    dataset: Dataset,
    training: Training,
    seed: int,
) -> dict[str, Any]:
    """Return a logistic regression as a candidate, and its seconds."""
    from churn_pipeline.models.logistic import fit_logistic

    began = time.perf_counter()
    splits = read_splits(model_input, feature_set, training.vocabulary)
    model = fit_logistic(
        splits.rows("train"),
        splits.vocabulary.sizes,
        inverse_penalty=training.logistic_inverse_penalty,
    )
    made = make_candidate(model, splits, dataset=dataset, training=training, seed=seed)
    return _timed(made, began)


def train_boosting(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    dataset: Dataset,
    training: Training,
    seed: int,
) -> dict[str, Any]:
    """Return boosted trees as a candidate, and their seconds."""
    from churn_pipeline.models.boosting import fit_boosting

    began = time.perf_counter()
    splits = read_splits(model_input, feature_set, training.vocabulary)
    model = fit_boosting(
        splits.rows("train"),
        splits.rows("validation"),
        splits.vocabulary.sizes,
        settings=training.boosting,
        seed=seed,
    )
    made = make_candidate(model, splits, dataset=dataset, training=training, seed=seed)
    return _timed(made, began)


def _timed(candidate: Artifact, began: float) -> dict[str, Any]:
    seconds = round(time.perf_counter() - began, 3)
    return {"candidate": candidate, "seconds": {"seconds": seconds}}


def choose_candidate(
    model_input: pd.DataFrame,
    decision: Decision,
    *,
    training: Training,
    net: Artifact,
    logistic: Artifact,
    boosting: Artifact,
    net_seconds: dict[str, float],
    logistic_seconds: dict[str, float],
    boosting_seconds: dict[str, float],
) -> dict[str, Any]:
    """Return the best candidate as the `artifact`, and what the choice rests on."""
    found = {"net": net, "logistic": logistic, "boosting": boosting}
    spent = (net_seconds, logistic_seconds, boosting_seconds)
    seconds = {name: each["seconds"] for name, each in zip(found, spent)}
    compared = compare(found, model_input, decision)
    chosen = compared.best(training.choose_by)
    _LOG.info(
        "Candidates by %s: %s",
        training.choose_by,
        ", ".join(
            f"{name} {metrics[training.choose_by]:.4f}"
            for name, metrics in compared.validation.items()
        ),
    )
    return {
        "artifact": found[chosen].restated(
            threshold=compared.thresholds[chosen],
            metrics=compared.test[chosen],
            baselines={n: m for n, m in compared.test.items() if n != chosen},
        ),
        "candidates": compared.summary(chosen, seconds),
        "test_predictions": compared.test_predictions,
    }
