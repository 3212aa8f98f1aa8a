"""Many trials fit at once: one program, one copy of the rows, one pass for them all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from churn_pipeline.models.calibration import Floats, sigmoid
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.models.trials import Trials

if TYPE_CHECKING:
    import optuna

Asked = tuple["optuna.Trial", NetSettings]
"""A trial of a study, and its settings."""

PROCESS, LOSS, EPOCHS, SECONDS = "process", "loss", "epochs", "seconds"
"""What a trial has beside its settings: who is at work on it, what it was judged by (a
pruned one too, on its members' best weights), how many passes over the rows it made,
and its share of the time that its batch took."""

_RUNGS = (8, 16, 32)
"""Passes after which trials are compared, and the worse ones end."""


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
    holds = hold.repeat(len(groups))
    net = fit_groups(
        trials.rows,
        trials.n_codes,
        groups,
        holds,
        fit=trials.fit,
        seed=trials.seed,
        report=course.report,
    )
    seconds = round((time.perf_counter() - began) / len(asked), 3)  # a share each
    for number, (trial, _) in enumerate(asked):
        own = torch.arange(len(groups)).repeat_interleave(len(hold)) == number
        logit = held_out_logit(net, trials.rows, torch.where(own, holds, -1))
        value = _judge(logit, trials)
        trial.set_user_attr(LOSS, value if math.isfinite(value) else None)
        trial.set_user_attr(EPOCHS, course.epochs[number])
        trial.set_user_attr(SECONDS, seconds)
        _tell(study, trial, value, pruned=number in course.pruned)


def _judge(logit: Floats, trials: Trials) -> float:
    """Return the loss of held-out logits; rows whose logit is NaN were not held out."""
    chance = sigmoid(logit)
    known = np.isfinite(chance)
    label = trials.rows.label[known]
    return trials.loss(label, chance[known], trials.places[known])


class _Course:
    """What becomes of the trials of a batch on the way."""

    def __init__(
        self, asked: Sequence[Asked], on_pruned: Callable[[int], None]
    ) -> None:
        self.pruned: list[int] = []
        self.epochs = [0] * len(asked)
        self._trials = [trial for trial, _ in asked]
        self._on_pruned = on_pruned

    def report(
        self, epoch: int, losses: list[float], moving: Sequence[int]
    ) -> list[int]:
        """Tell the study; return the trials that are to end.

        A trial whose members have all left keeps its place in the comparisons: its
        loss stays the least that they reached.
        """
        going = [i for i in range(len(losses)) if i not in self.pruned]
        for i in moving:
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
