"""The study that looks for the net's settings: pruned, seeded, resumable."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline import processes
from churn_pipeline.models.batch import (
    EPOCHS,
    PROCESS,
    SECONDS,
    Asked,
    Loss,
    Trials,
    halving,
    log_loss,
    run_batch,
)
from churn_pipeline.models.calibration import Floats
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    NetSettings,
    SearchSpace,
    TuningSettings,
)
from churn_pipeline.models.teacher import teach

if TYPE_CHECKING:
    import optuna

Progress = Callable[[int, float | None], None]
"""Called with the number of finished trials and the best value so far."""

_SQLITE = "sqlite:///"


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
    study = _open_study(study_name, tuning)
    places = _stratified(rows.label, tuning.max_rows, seed)
    part = teach(
        rows.take(places),
        n_codes,
        range(tuning.held_folds),
        settings=boosting,
        seed=seed,
    )
    trials = Trials(
        part,
        places,
        n_codes,
        replace(fit, devices=1, strategy="auto"),
        tuning,
        seed,
        loss or log_loss,
    )
    tell = progress or (lambda *_: None)
    finished = _finished(study)
    tell(len(finished), _best_value(finished))
    while len(finished) < tuning.n_trials:
        _run_next(study, start, trials, finished, tell)
        finished = _finished(study)
        tell(len(finished), _best_value(finished))
    found = _chosen(finished, _searched(start), tuning.min_gain)
    return Tuned(replace(start, **found), [_as_row(trial) for trial in finished])


def _run_next(
    study: optuna.Study,
    start: NetSettings,
    trials: Trials,
    finished: list[optuna.trial.FrozenTrial],
    tell: Progress,
) -> None:
    """Run as many trials as are fit at once, or as are left."""
    _clear_abandoned(study)
    n_trials = min(trials.tuning.at_once, trials.tuning.n_trials - len(finished))
    asked = [_ask(study, start, trials) for _ in range(n_trials)]
    best = _best_value(finished)
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


def _open_study(name: str, tuning: TuningSettings) -> optuna.Study:
    """Return the study, made once; later callers and workers load it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    if tuning.storage.startswith(_SQLITE):
        path = Path(tuning.storage.removeprefix(_SQLITE))
        path.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        storage=tuning.storage,
        study_name=name,
        direction="minimize",
        load_if_exists=True,
        pruner=halving(),
    )


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

    place = _place(study, trial.number)
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


def _place(study: optuna.Study, number: int) -> int:
    """Return how many trials came before one, but those that a kill broke off."""
    return sum(
        trial.number < number and not _is_broken_off(trial)
        for trial in study.get_trials(deepcopy=False)
    )


def _clear_abandoned(study: optuna.Study) -> None:
    """Give up the trials of processes of this machine that are gone."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if processes.has_ended(trial.user_attrs.get(PROCESS, "")):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _is_broken_off(trial: optuna.trial.FrozenTrial) -> bool:
    """Return whether a kill ended a trial; one that fails by itself has its time."""
    return trial.state.name == "FAIL" and SECONDS not in trial.user_attrs


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


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    found = study.get_trials(deepcopy=False, states=ended)
    return [trial for trial in found if not _is_broken_off(trial)]


def _best_value(trials: list[optuna.trial.FrozenTrial]) -> float | None:
    done = (t.value for t in trials if t.state.name == "COMPLETE")
    return min((value for value in done if value is not None), default=None)


def _as_row(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Return a trial as flat values; a pruned one has its last epoch's loss."""
    last = trial.intermediate_values.get(trial.last_step or 0)
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state.name == "COMPLETE" else last,
        "seconds": trial.user_attrs[SECONDS],
        "epochs": trial.user_attrs[EPOCHS],
        **{f"params.{name}": value for name, value in trial.params.items()},
    }


def _stratified(label: Floats, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Return the places of at most so many rows, with the churn rate of all."""
    if len(label) <= max_rows:
        return np.arange(len(label))
    rng = np.random.default_rng(seed)
    kept = []
    for value in (0.0, 1.0):
        positions = np.flatnonzero(label == value)
        share = round(len(positions) * max_rows / len(label))
        kept.append(rng.permutation(positions)[:share])
    return np.sort(np.concatenate(kept))
