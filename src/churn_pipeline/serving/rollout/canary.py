"""A share that goes up by itself once nothing is wrong, and to 0 once something is.

Each worker counts its own answers and acts on its own evidence; the level is split
among the workers, and a change by one is seen by all. Nothing here takes a clock or
starts a task: the service calls `tick`.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churn_pipeline.evaluation.sequential import (
    OVER,
    RATIOS,
    UNDER,
    Floats,
    bets_on_ratio,
    bets_over,
    bets_under,
    evidence,
)
from churn_pipeline.serving.rollout.results import GUARD_PART, Experiment
from churn_pipeline.serving.rollout.spec import Canary, RolloutState
from churn_pipeline.serving.rollout.state import Rollout, RolloutError, StaleError

LOG = logging.getLogger(__name__)
WHO = "canary"


@dataclass(slots=True)
class Guard:
    """The bets on one kind of bad answer.

    Attributes:
        kind: What is wrong with a bad answer.
        ratio: Logarithms of what bets on more of it than the champion's have won.
        over: The same of bets on more than the limit.
        under: The same of bets on less than the limit, at this step.
    """

    kind: str
    ratio: Floats
    over: Floats
    under: Floats

    @classmethod
    def of(cls, kind: str) -> Guard:
        """Return one that has seen nothing."""
        bets = (np.zeros(len(rates)) for rates in (RATIOS, OVER, UNDER))
        return cls(kind, *bets)

    def see(self, window: Floats, limit: float) -> None:
        """Take in a window: champion's bad ones and answers, challenger's likewise."""
        self.ratio += bets_on_ratio(*window)
        self.over += bets_over(window[2], window[3], limit)
        self.under += bets_under(window[2], window[3], limit)

    @property
    def harm(self) -> float:
        """Evidence that there are more than the champion has, or than the limit."""
        return float(evidence(self.ratio) + evidence(self.over)) / 2


def _unknown(state: RolloutState, now: dt.datetime) -> Experiment | None:
    """Return no results."""
    return None


class Watch:
    """Counts answers, and moves the share by what they prove."""

    def __init__(
        self,
        rollout: Rollout,
        *,
        workers: Callable[[], int] = lambda: 1,
        results: Callable[[RolloutState, dt.datetime], Experiment | None] = _unknown,
    ) -> None:
        """Watch a rollout.

        Args:
            rollout: The rollout.
            workers: Returns how many processes watch it, each for itself.
            results: Returns the results on matured labels where they are at hand.
        """
        self._rollout, self._results = rollout, results
        self._workers = workers
        self._experiment = ""
        self._guards: list[Guard] = []
        self._begin(rollout.state)

    def count(self, variant: str, *, failed: bool, microseconds: int) -> None:
        """Count an answer; of customers outside the experiment nothing is counted."""
        row = self._counts.get(variant)
        if row is None:
            return
        row[0] += 1
        row[1] += failed
        row[2] += microseconds > self._slow

    def tick(self, now: dt.datetime) -> RolloutState:
        """Weigh what was counted since the last time, and act on it.

        Args:
            now: The time, with its zone.

        Returns:
            What is in force after it.
        """
        state = self._rollout.state
        if state.version != self._version:
            self._begin(state)
        plan = state.canary
        if plan is None or not state.percentage:
            return state
        self._weigh(plan)
        experiment = self._results(state, now)
        if why := self._wrong(state, experiment):
            return self._stop(state, why)
        if self._may_step(state, plan, now, experiment):
            state = self._step(state, plan)
            self._begin(state)
        return state

    def _begin(self, state: RolloutState) -> None:
        """Begin a step: what speaks against the challenger is kept, praise is not."""
        fresh = [Guard.of("answers that failed"), Guard.of("slow answers")]
        if self._experiment and self._experiment == state.name:
            for guard, before in zip(fresh, self._guards, strict=True):
                guard.ratio, guard.over = before.ratio, before.over
        self._guards = fresh
        self._experiment, self._version = state.name, state.version
        self._slow = state.canary.slow_ms * 1000 if state.canary else np.inf
        self._counts = _nothing()

    def _weigh(self, plan: Canary) -> None:
        # Answers are counted in another thread: what it holds is taken away whole.
        taken, self._counts = self._counts, _nothing()
        counts = np.array(list(taken.values()), np.float64)
        limits = (plan.error_limit, plan.slow_limit)
        for kind, (guard, limit) in enumerate(
            zip(self._guards, limits, strict=True), start=1
        ):
            window = np.array(
                [counts[0, kind], counts[0, 0], counts[1, kind], counts[1, 0]]
            )
            guard.see(window, limit)

    def _wrong(self, state: RolloutState, experiment: Experiment | None) -> str:
        """Return why the challenger has to go; empty where nothing speaks for it."""
        enough = self._workers() / (state.level * GUARD_PART)
        for guard in self._guards:
            if guard.harm >= enough:
                return (
                    f"expected no more {guard.kind} than the champion's and the limit, "
                    f"got more: evidence {guard.harm:.3g} to 1, {enough:g} is enough"
                )
        if experiment is not None and experiment.verdict in ("worse", "harm"):
            return f"its results on matured labels are told to be {experiment.verdict}"
        return ""

    def _may_step(
        self,
        state: RolloutState,
        plan: Canary,
        now: dt.datetime,
        experiment: Experiment | None,
    ) -> bool:
        if state.percentage >= plan.steps[-1]:
            return False
        begun = dt.datetime.fromisoformat(state.time)
        if now - begun < dt.timedelta(hours=plan.hours):
            return False
        enough = self._workers() * len(plan.steps) / state.level
        if any(evidence(guard.under) < enough for guard in self._guards):
            return False
        return plan.needs == "operation" or _no_worse(plan, experiment)

    def _stop(self, state: RolloutState, why: str) -> RolloutState:
        self._rollout.refresh()
        if self._rollout.state.version != state.version:
            return self._rollout.state  # changed meanwhile: weighed at the next tick
        LOG.error("the challenger %s is stopped: %s", state.challenger, why)
        try:
            return self._rollout.abort(who=WHO, why=why)
        except RolloutError as error:
            LOG.error("%s", error)
            return self._rollout.state

    def _step(self, state: RolloutState, plan: Canary) -> RolloutState:
        share = next(step for step in plan.steps if step > state.percentage)
        why = f"errors and slow answers are within their limits at {state.percentage} %"

        def up(before: RolloutState) -> RolloutState:
            if before.version != state.version:
                raise StaleError("another worker has changed the rollout")
            return before.model_copy(update={"percentage": float(share)})

        try:
            return self._rollout.move("step", WHO, why, up)
        except StaleError:
            self._rollout.refresh()
            return self._rollout.state


def _nothing() -> dict[str, list[int]]:
    """Return no answers yet: all, failed and slow ones by variant."""
    return {"champion": [0, 0, 0], "challenger": [0, 0, 0]}


def _no_worse(plan: Canary, experiment: Experiment | None) -> bool:
    """Return whether the primary metric is shown to be within the tolerance."""
    if experiment is None:
        return False
    for found in experiment.metrics:
        if found.metric == experiment.primary and found.low is not None:
            if found.metric == "profit":
                return found.low > -plan.tolerance
            return found.high is not None and found.high < plan.tolerance
    return False
