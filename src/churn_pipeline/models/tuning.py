"""The study that looks for the net's settings: pruned, seeded, resumable."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from churn_pipeline import processes
from churn_pipeline.models.batch import PROCESS, Asked, run_batch
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    NetSettings,
    SearchSpace,
    TuningSettings,
)
from churn_pipeline.models.study import (
    as_row,
    best_value,
    clear_abandoned,
    finished_trials,
    open_study,
    place_of,
)
from churn_pipeline.models.trials import Loss, Trials, prepare_trials

if TYPE_CHECKING:
    import optuna

Progress = Callable[[int, float | None], None]
"""Called with the number of finished trials and the best value so far."""


@dataclass(frozen=True)
class Tuned:
    """What a study found.

    Attributes:
        settings: The net's best settings, with the members of the final net.
        trials: One flat row a finished trial, by number.
    """

    settings: NetSettings
    trials: list[dict[str, Any]]


def tune_net(
    rows: Rows,
    n_codes: tuple[int, ...],
    start: NetSettings,
    *,
    fit: FitSettings,
    boosting: BoostingSettings,
    tuning: TuningSettings,
    study_name: str,
    seed: int,
    loss: Loss | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Return the settings with the least loss of held-out rows.

    A study of the same name goes on where it stopped: finished trials are not
    repeated, and after a kill the next ones are those that would have come anyway.
    Several processes may work on one study in PostgreSQL: each trial is another one,
    and those at work when the last one ends are finished too.

    Args:
        rows: Rows of the trials, in folds; labels known; cut to the number set.
        n_codes: Number of codes of each text column.
        start: Settings of the first trial.
        fit: How the trials' nets are fit.
        boosting: Settings of the teacher.
        tuning: Number of trials, storage, sizes and bounds.
        study_name: Name by content: the same data and parameters, the same name.
        seed: Of the sampler and of the nets.
        loss: What a trial is judged by; the log loss where it is None.
        progress: Told as trials finish.

    Raises:
        ValueError: No trial had a finite loss; a trial that has none counts as one;
            or the rows are in fewer folds than trials hold out.
    """
    if rows.n_folds < tuning.held_folds:
        raise ValueError(
            f"expected rows in {tuning.held_folds} folds or more, got {rows.n_folds}; "
            "set training.tuning.held_folds to fewer"
        )
    tell = progress or (lambda *_: None)
    study = open_study(study_name, tuning)
    finished = _tell_finished(study, tell)
    if len(finished) < tuning.n_trials:
        trials = prepare_trials(
            rows,
            n_codes,
            fit=fit,
            boosting=boosting,
            tuning=tuning,
            seed=seed,
            loss=loss,
        )
        finished = _run_missing(study, start, trials, tell)
    found = _chosen(finished, _searched(start), tuning.min_gain)
    return Tuned(replace(start, **found), [as_row(trial) for trial in finished])


def _tell_finished(
    study: optuna.Study, tell: Progress
) -> list[optuna.trial.FrozenTrial]:
    """Return the finished trials, and say how many they are."""
    finished = finished_trials(study)
    tell(len(finished), best_value(finished))
    return finished


def _run_missing(
    study: optuna.Study, start: NetSettings, trials: Trials, tell: Progress
) -> list[optuna.trial.FrozenTrial]:
    """Return the finished trials once there are as many as wanted."""
    finished = finished_trials(study)
    while len(finished) < trials.tuning.n_trials:
        _run_next(study, start, trials, finished, tell)
        finished = _tell_finished(study, tell)
    return finished


def _run_next(
    study: optuna.Study,
    start: NetSettings,
    trials: Trials,
    finished: list[optuna.trial.FrozenTrial],
    tell: Progress,
) -> None:
    """Run as many trials as are fit at once, or as are left."""
    clear_abandoned(study)
    n_trials = min(trials.tuning.at_once, trials.tuning.n_trials - len(finished))
    asked = [_ask(study, start, trials) for _ in range(n_trials)]
    best = best_value(finished)
    run_batch(
        study,
        asked,
        trials,
        on_pruned=lambda n: tell(len(finished) + n, best),
    )


def _chosen(
    finished: list[optuna.trial.FrozenTrial], first: dict[str, Any], min_gain: float
) -> dict[str, Any]:
    """Return what the best trial has, or the first one where that is as good.

    Source: after the one-standard-error rule of Breiman et al. 1984: what was set
    stays where nothing is surely better.

    Raises:
        ValueError: No trial had a finite loss.
    """
    complete = (t for t in finished if t.state.name == "COMPLETE")
    losses = [(t.value, t.params) for t in complete if t.value is not None]
    if not finished:
        return {}
    if not losses:
        raise ValueError(
            f"expected a finite held-out loss of one of {len(finished)} trials, got "
            "none; lower the learning rates in tuning.space, or look for extreme "
            "values in the features"
        )
    best, found = min(losses, key=lambda trial: trial[0])
    own = [loss for loss, params in losses if params == first]
    if own and best > own[0] - min_gain * abs(own[0]):
        return first
    return dict(found)


def _ask(study: optuna.Study, start: NetSettings, trials: Trials) -> Asked:
    """Return the next trial with its settings."""
    trial = study.ask()
    trial.set_user_attr(PROCESS, processes.name())
    return trial, _propose(study, trial, start, tuning=trials.tuning, seed=trials.seed)


def _propose(
    study: optuna.Study,
    trial: optuna.Trial,
    start: NetSettings,
    *,
    tuning: TuningSettings,
    seed: int,
) -> NetSettings:
    """Return the settings of a trial, which follow from its place in the study."""
    import optuna

    place = place_of(study, trial.number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Seeded by place, a resumed study goes on as an uninterrupted one would.
        study.sampler = optuna.samplers.TPESampler(
            seed=seed + place,
            n_startup_trials=tuning.startup_trials,
            multivariate=True,
            constant_liar=True,  # those of the same batch are not known yet
        )
        if place == 0:
            study.sampler = optuna.samplers.PartialFixedSampler(
                _searched(start), study.sampler
            )
        proposed = _suggest(trial, start, tuning.space)
    return replace(proposed, members=tuning.members)


def _suggest(
    trial: optuna.Trial, start: NetSettings, space: SearchSpace
) -> NetSettings:
    """Return the settings that the sampler proposes within the bounds."""
    return replace(
        start,
        learning_rate=trial.suggest_float(
            "learning_rate", *space.learning_rate, log=True
        ),
        weight_decay=trial.suggest_float("weight_decay", *space.weight_decay, log=True),
        dropout=trial.suggest_float("dropout", *space.dropout),
        teacher=trial.suggest_float("teacher", *space.teacher),
    )


def _searched(settings: NetSettings) -> dict[str, Any]:
    values = asdict(settings)
    return {name: values[name] for name in asdict(SearchSpace())}
