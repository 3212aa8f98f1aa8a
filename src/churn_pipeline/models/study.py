"""The study as it is stored: its trials, and which are done or broken off."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn_pipeline import processes
from churn_pipeline.models.batch import EPOCHS, LOSS, PROCESS, SECONDS, halving
from churn_pipeline.models.settings import TuningSettings

if TYPE_CHECKING:
    import optuna

_SQLITE = "sqlite:///"


def open_study(name: str, tuning: TuningSettings) -> optuna.Study:
    """Return the study, made once; later callers and workers load it.

    Args:
        name: The study's name.
        tuning: Of which the storage counts.
    """
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


def finished_trials(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Return the trials that are over, but those that a kill broke off."""
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    found = study.get_trials(deepcopy=False, states=ended)
    return [trial for trial in found if not _is_broken_off(trial)]


def best_value(trials: list[optuna.trial.FrozenTrial]) -> float | None:
    """Return the least loss of the trials that came to their end; None without."""
    done = (t.value for t in trials if t.state.name == "COMPLETE")
    return min((value for value in done if value is not None), default=None)


def place_of(study: optuna.Study, number: int) -> int:
    """Return how many trials came before one, but those that a kill broke off."""
    return sum(
        trial.number < number and not _is_broken_off(trial)
        for trial in study.get_trials(deepcopy=False)
    )


def clear_abandoned(study: optuna.Study) -> None:
    """Give up the trials of processes of this machine that are gone."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if processes.has_ended(trial.user_attrs.get(PROCESS, "")):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _is_broken_off(trial: optuna.trial.FrozenTrial) -> bool:
    """Return whether a kill ended a trial; one that fails by itself has its time."""
    return trial.state.name == "FAIL" and SECONDS not in trial.user_attrs


def as_row(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Return a trial as flat values; a pruned one's is of where it was ended."""
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.user_attrs[LOSS],
        "seconds": trial.user_attrs[SECONDS],
        "epochs": trial.user_attrs[EPOCHS],
        **{f"params.{name}": value for name, value in trial.params.items()},
    }
