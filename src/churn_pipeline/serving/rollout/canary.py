"""A share that goes up by itself once nothing is wrong, and to 0 once something is.

Each worker counts its own answers, all act on what they prove together, and a change
by one is seen by all. Nothing here takes a clock or starts a task: the service calls
`tick`.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

import numpy as np

from churn_pipeline.evaluation.sequential import evidence
from churn_pipeline.serving.rollout.guard import FILE, Evidence, Guard
from churn_pipeline.serving.rollout.results import GUARD_PART, Experiment
from churn_pipeline.serving.rollout.spec import CANARY, Canary, RolloutState
from churn_pipeline.serving.rollout.state import Rollout, RolloutError, StaleError

LOG = logging.getLogger(__name__)


def _unknown(state: RolloutState, now: dt.datetime) -> Experiment | None:
    """Return no results."""
    return None


class Watch:
    """Counts answers, and moves the share by what they prove."""

    def __init__(
        self,
        rollout: Rollout,
        *,
        results: Callable[[RolloutState, dt.datetime], Experiment | None] = _unknown,
    ) -> None:
        """Watch a rollout.

        Args:
            rollout: The rollout.
            results: Returns the results on matured labels where they are at hand.
        """
        self._rollout, self._results = rollout, results
        self._evidence = Evidence(rollout.path.with_name(FILE))
        self._begin(rollout.state)

    def count(self, variant: str, *, failed: bool, microseconds: float) -> None:
        """Count an answer; of customers outside the experiment nothing is counted.

        Args:
            variant: Who answered, or failed to.
            failed: Whether it failed.
            microseconds: What it took; of a batch see `batch_microseconds`.
        """
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
        guards = self._weigh(state, plan)
        experiment = self._results(state, now)
        if why := _wrong(state, guards, experiment):
            return self._stop(state, why)
        if _may_step(state, plan, guards, now, experiment):
            state = self._step(state, plan)
            self._begin(state)
        return state

    def _begin(self, state: RolloutState) -> None:
        """Begin a step, or a new trial where somebody has stopped the last one."""
        if state.stopped:
            self._evidence.forget()
        self._version = state.version
        self._slow = state.canary.slow_ms * 1000 if state.canary else np.inf
        self._counts = _nothing()

    def _weigh(self, state: RolloutState, plan: Canary) -> list[Guard]:
        # Answers are counted in another thread: what it holds is taken away whole.
        taken, self._counts = self._counts, _nothing()
        counts = np.array(list(taken.values()), np.float64)
        return self._evidence.add(counts, state, plan)

    def _stop(self, state: RolloutState, why: str) -> RolloutState:
        self._rollout.refresh()
        if self._rollout.state.version != state.version:
            return self._rollout.state  # changed meanwhile: weighed at the next tick
        LOG.error("the challenger %s is stopped: %s", state.challenger, why)
        try:
            return self._rollout.abort(who=CANARY, why=why)
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
            return self._rollout.move("step", CANARY, why, up)
        except StaleError:
            self._rollout.refresh()
            return self._rollout.state


def batch_microseconds(microseconds: float, customers: int) -> float:
    """Return what a batch took by the measure of a single answer: per 1,000 begun.

    A batch is one answer of a model: its customers are foreseen in one call, and are
    late, or fail, together.

    Examples:
        >>> batch_microseconds(30_000, 10_000), batch_microseconds(900, 3)
        (3000.0, 900.0)
    """
    return microseconds / -(-customers // 1_000)


def why_not_done(
    rollout: Rollout, now: dt.datetime, experiment: Experiment | None
) -> str:
    """Return why a canary has not gone all the way; empty where it has.

    It has where the last step is proven as every step before it was.

    Args:
        rollout: The rollout, beside which lies what all workers have counted.
        now: The time, with its zone.
        experiment: Results on matured labels; None: none are at hand.
    """
    state = rollout.state
    plan = state.canary
    if plan is None or not state.percentage:
        return "no canary is under way"
    if state.percentage < plan.steps[-1]:
        return f"{state.percentage:g} % of the customers get {state.challenger} by now"
    counted = Evidence(rollout.path.with_name(FILE))
    guards = counted.add(np.zeros((2, 3)), state, plan)
    if why := _wrong(state, guards, experiment):
        return why
    if not _proven(state, plan, guards, now, experiment):
        return f"the step at {state.percentage:g} % is not proven yet"
    return ""


def _wrong(
    state: RolloutState, guards: Sequence[Guard], experiment: Experiment | None
) -> str:
    """Return why the challenger has to go; empty where nothing speaks for it."""
    enough = 1 / (state.level * GUARD_PART)
    for guard in guards:
        if guard.harm >= enough:
            return (
                f"expected no more {guard.kind} than the champion's and the limit, "
                f"got more: evidence {guard.harm:.3g} to 1, {enough:g} is enough"
            )
    if experiment is not None and experiment.verdict in ("worse", "harm"):
        return f"its results on matured labels are told to be {experiment.verdict}"
    return ""


def _may_step(
    state: RolloutState,
    plan: Canary,
    guards: Sequence[Guard],
    now: dt.datetime,
    experiment: Experiment | None,
) -> bool:
    if state.percentage >= plan.steps[-1]:
        return False
    return _proven(state, plan, guards, now, experiment)


def _proven(
    state: RolloutState,
    plan: Canary,
    guards: Sequence[Guard],
    now: dt.datetime,
    experiment: Experiment | None,
) -> bool:
    begun = dt.datetime.fromisoformat(state.time)
    if now - begun < dt.timedelta(hours=plan.hours):
        return False
    enough = len(plan.steps) / state.level
    if any(evidence(guard.under) < enough for guard in guards):
        return False
    return plan.needs == "operation" or _no_worse(plan, experiment)


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
