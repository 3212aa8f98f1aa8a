"""Many trials fit at once: one program, one copy of the rows, one pass for them all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from churn_pipeline.models.calibration import Floats, sigmoid
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.settings import FitSettings, NetSettings, TuningSettings

if TYPE_CHECKING:
    import optuna

Asked = tuple["optuna.Trial", NetSettings]
"""A trial of a study, and its settings."""

Loss = Callable[[Floats, Floats, NDArray[np.int64]], float]
"""Called with labels, probabilities and the places of these rows among all that were
given to the study, (n,) each; less is better."""

PROCESS, SECONDS, EPOCHS = "process", "seconds", "epochs"
"""What a trial has beside its settings: who is at work on it, how long it took."""

_RUNGS = (8, 16, 32)
"""Passes after which trials are compared, and the worse ones end."""


@dataclass(frozen=True)
class Trials:
    """What the trials of a study have in common.

    Attributes:
        rows: Rows to fit on, in folds; labels known.
        places: int64, (n_rows,): their places among the rows given to the study.
        n_codes: Number of codes of each text column.
        fit: How the nets are fit.
        tuning: The study's settings.
        seed: Of the nets.
        loss: What a trial is judged by.
    """

    rows: Rows
    places: NDArray[np.int64]
    n_codes: tuple[int, ...]
    fit: FitSettings
    tuning: TuningSettings
    seed: int
    loss: Loss


def log_loss(label: Floats, probability: Floats, _: NDArray[np.int64]) -> float:
    """Return the mean log loss in nats; infinite for a certain answer that is wrong."""
    with np.errstate(divide="ignore"):
        return float(
            -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))
        )


def halving() -> optuna.pruners.BasePruner:
    """Return a pruner that ends the worse half at each comparison.

    Optuna's own compare with finished trials, or with those that were asked before:
    in a batch, whose trials move together, the first would then always stay.
    """
    import optuna

    class Halving(optuna.pruners.BasePruner):
        def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
            """Return whether half of those that reached this step have less loss."""
            step = trial.last_step
            if step is None:
                return False
            others = study.get_trials(deepcopy=False)
            values = [t.intermediate_values.get(step, math.inf) for t in others]
            own = trial.intermediate_values[step]
            reached = sum(math.isfinite(value) for value in values)
            return sum(value < own for value in values) >= math.ceil(reached / 2)

    return Halving()


def run_batch(
    study: optuna.Study,
    asked: Sequence[Asked],
    trials: Trials,
    *,
    on_pruned: Callable[[int], None],
) -> None:
    """Fit the nets of some trials together, and tell the study how each fared.

    Args:
        study: The study, which may end trials on the way.
        asked: The trials with their settings, of one shape.
        trials: What they have in common.
        on_pruned: Told the number of trials ended so far, as it grows.
    """
    from churn_pipeline.models.net_model import fit_groups, held_out_logit

    began = time.perf_counter()
    course = _Course(asked, on_pruned)
    groups = [settings for _, settings in asked]
    hold = torch.arange(trials.tuning.members) % trials.tuning.held_folds
    net = fit_groups(
        trials.rows,
        trials.n_codes,
        groups,
        hold.repeat(len(groups)),
        fit=trials.fit,
        seed=trials.seed,
        report=course.report,
    )
    seconds = round((time.perf_counter() - began) / len(asked), 3)  # a share each
    for number, (trial, _) in enumerate(asked):
        own = torch.arange(len(groups)).repeat_interleave(len(hold)) == number
        mine = torch.where(own, hold.repeat(len(groups)), -1)
        chance = sigmoid(held_out_logit(net, trials.rows, mine))
        known = np.isfinite(chance)
        value = trials.loss(
            trials.rows.label[known], chance[known], trials.places[known]
        )
        trial.set_user_attr(SECONDS, seconds)
        trial.set_user_attr(EPOCHS, course.epochs[number])
        _tell(study, trial, value, pruned=number in course.pruned)


class _Course:
    """What becomes of the trials of a batch on the way."""

    def __init__(
        self, asked: Sequence[Asked], on_pruned: Callable[[int], None]
    ) -> None:
        self.pruned: list[int] = []
        self.epochs = [0] * len(asked)
        self._trials = [trial for trial, _ in asked]
        self._on_pruned = on_pruned

    def report(self, epoch: int, losses: list[float]) -> list[int]:
        """Tell the study; return the trials that are to end."""
        going = [i for i in range(len(losses)) if i not in self.pruned]
        for i in going:
            self.epochs[i] = epoch + 1
        if epoch + 1 not in _RUNGS:
            return []
        for i in going:
            self._trials[i].report(losses[i], epoch + 1)
        ending = [i for i in going if self._trials[i].should_prune()]
        self.pruned += ending
        if ending:
            self._on_pruned(len(self.pruned))
        return ending


def _tell(
    study: optuna.Study, trial: optuna.Trial, value: float, *, pruned: bool
) -> None:
    """Tell the study a trial's value, or that it was ended early, or failed."""
    from optuna.trial import TrialState

    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    elif math.isfinite(value):
        study.tell(trial, value)
    else:
        study.tell(trial, state=TrialState.FAIL)
