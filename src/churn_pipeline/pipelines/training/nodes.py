"""Tune the net, train the candidates, calibrate them and choose the artifact."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines.training.choice import compare, keys_of
from churn_pipeline.pipelines.training.families import FAMILIES
from churn_pipeline.pipelines.training.judging import Money
from churn_pipeline.pipelines.training.package import (
    Recipe,
    make_artifacts,
    study_name,
)
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import Splits, read_splits
from churn_pipeline.pipelines.training.workers import (
    Fitted,
    Job,
    fit_all,
    usable_cores,
)
from churn_pipeline.progress import Bar, bar
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.provenance import MeasuredOn, row_facts

_LOG = logging.getLogger(__name__)
_TRIAL_COLUMNS = ("number", "state", "value", "seconds", "epochs")


def tune_net(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    dataset: Dataset,
    training: Training,
    decision: Decision,
    seed: int,
) -> dict[str, Any]:
    """Return the net's best settings (`net_settings`) and the `tuning_trials`.

    Trials that an earlier run of the same rows, parameters and code has finished are
    taken over. There are none where the net is not among the candidates.

    Raises:
        ValueError: The column of what a customer is worth is not there, or holds what
            is no value.
    """
    decision.values(model_input, len(model_input))  # told now and not after the fit
    if "net" not in training.candidates:
        return _tuned(training.net, [])
    from churn_pipeline.models.tuning import tune_net

    splits = read_splits(model_input, feature_set, training.vocabulary)
    money = Money.of(training, decision, model_input)
    with bar("tuning the net", training.tuning.n_trials) as line:
        tuned = tune_net(
            splits.rows("train"),
            splits.vocabulary.sizes,
            training.net,
            fit=training.fit,
            boosting=training.boosting,
            tuning=training.tuning,
            study_name=study_name(splits, dataset, training, money=money, seed=seed),
            seed=seed,
            loss=money.loss if money else None,
            progress=_showing(line, training.tuning.objective.replace("_", " ")),
        )
    return _tuned(tuned.settings, tuned.trials)


def _showing(line: Bar, judged_by: str) -> Callable[[int, float | None], None]:
    """Return what moves the bar as trials finish, and shows the best so far."""
    done = 0

    def progress(finished: int, best: float | None) -> None:
        nonlocal done
        line.advance(finished - done)
        done = finished
        if best is not None:
            line.describe(f"tuning the net, best {judged_by} {best:.4f}")

    return progress


def _tuned(settings: NetSettings, trials: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "net_settings": vars(settings),
        "tuning_trials": pd.DataFrame(trials or {name: [] for name in _TRIAL_COLUMNS}),
    }


def plot_tuning(tuning_trials: pd.DataFrame, training: Training) -> Any:
    """Return a figure of what trials were judged by, and of the best so far."""
    import plotly.graph_objects as go

    complete = tuning_trials["state"] == "complete"
    figure = go.Figure()
    for name, rows in {"complete": complete, "pruned": ~complete}.items():
        part = tuning_trials[rows]
        figure.add_scatter(x=part["number"], y=part["value"], mode="markers", name=name)
    best = tuning_trials[complete].assign(value=lambda rows: rows["value"].cummin())
    figure.add_scatter(
        x=best["number"], y=best["value"], line_shape="hv", name="best so far"
    )
    by_log_loss = training.tuning.objective == "log_loss"
    judged = "log loss" if by_log_loss else "money lost a customer"
    return figure.update_layout(
        title="Tuning of the net",
        xaxis_title="trial",
        yaxis_title=f"{judged} of held-out rows",
    )


def train_candidates(
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    *,
    net_settings: dict[str, Any],
    dataset: Dataset,
    feature_engineering: FeatureEngineering,
    training: Training,
    decision: Decision,
    seed: int,
) -> dict[str, Any]:
    """Return the wanted families as artifacts, cross-fit on the training rows.

    Returns:
        `trained`: artifact by family; `seconds`: what each took; `held_out`: customer,
        date, label and each family's calibrated probability of the training rows, by
        models that were not fit on them.
    """
    splits = read_splits(model_input, feature_set, training.vocabulary)
    tuned = training.model_copy(update={"net": NetSettings(**net_settings)})
    fitted = _fit_candidates(splits.without("test"), tuned, seed)
    recipe = Recipe(dataset, feature_engineering, training, decision, seed)
    return {
        "trained": make_artifacts(fitted, splits, recipe),
        "seconds": {name: made.seconds for name, made in fitted.items()},
        "held_out": keys_of(model_input, "train").assign(
            **{name: made.held_out for name, made in fitted.items()}
        ),
    }


def _fit_candidates(splits: Splits, training: Training, seed: int) -> dict[str, Fitted]:
    """Return the candidates by family, showing which are finished."""
    names, cores = training.candidates, usable_cores()
    threads = training.threads or max(1, cores // len(names))
    jobs = {
        name: Job(FAMILIES[name], splits, training, seed, threads) for name in names
    }
    left = list(names)
    with bar(f"training {', '.join(left)}", len(names)) as line:

        def done(name: str) -> None:
            left.remove(name)
            line.advance()
            if left:
                line.describe(f"training {', '.join(left)}")

        processes = min(training.processes or cores, len(names))
        return fit_all(jobs, processes=processes, on_done=done)


def choose_candidate(
    model_input: pd.DataFrame,
    decision: Decision,
    *,
    training: Training,
    trained: dict[str, Artifact],
    held_out: pd.DataFrame,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Return the best candidate as the `artifact`, and what the choice rests on."""
    found = {name: trained[name] for name in training.candidates}
    compared = compare(found, model_input, held_out, decision)
    tested = row_facts(model_input[model_input["split"] == "test"])
    reached = compared.ranked(training.choose_by)
    chosen = next(iter(reached))
    _LOG.info(
        "Chosen is %s by %s of held-out rows: %s",
        chosen,
        training.choose_by,
        ", ".join(f"{name} {value:.4f}" for name, value in reached.items()),
    )
    return {
        "artifact": found[chosen].restated(
            decision=decision.of_the_model,
            measured=MeasuredOn(facts=tested),
            metrics=compared.test[chosen],
            baselines={n: m for n, m in compared.test.items() if n != chosen},
        ),
        "candidates": compared.summary(chosen, seconds),
        "test_predictions": compared.test_predictions,
    }
