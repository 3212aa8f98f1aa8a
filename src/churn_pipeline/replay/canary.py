"""A released model on its way to all customers, over the days of a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from churn_pipeline.pipelines.evaluation.rows import columns
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.rollout.begin import begin_canary, end_canary
from churn_pipeline.serving.rollout.canary import Watch, why_not_done
from churn_pipeline.serving.rollout.spec import Canary
from churn_pipeline.serving.rollout.state import FILE, Rollout

if TYPE_CHECKING:
    import pandas as pd

DAYS = 28
"""Days over which the customers of a step are answered while a model is tried."""


@dataclass(frozen=True)
class Part:
    """Customers who are answered by one model on one day.

    Attributes:
        rows: Their positions.
        by_challenger: Whether the challenger answers.
        day: Days since the step began.
    """

    rows: np.ndarray
    by_challenger: bool
    day: int


class Trial:
    """A challenger tried beside the champion, by the rules of the service's rollout.

    Attributes:
        challenger: Who is tried.
    """

    def __init__(
        self, folder: Path, challenger: Artifact, plan: Canary, *, who: str
    ) -> None:
        """Begin it."""
        path = folder / FILE
        begin_canary(path, challenger.manifest.version, plan, who=who)
        self.challenger = challenger
        self._rollout, self._who = Rollout(path), who
        self._watch = Watch(self._rollout)
        self._now = dt.datetime.now(dt.UTC)  # the rollout's own clock is no other

    def end(self) -> str:
        """End it; return why it has not gone all the way, empty where it has."""
        stopped = self._rollout.state.stopped
        why_not = stopped or why_not_done(self._rollout, self._now, None)
        end_canary(self._rollout, who=self._who, why=why_not or "has passed")
        return why_not

    def answer(self, rows: pd.DataFrame, champion: Artifact) -> Iterator[Part]:
        """Yield who answers whom, day by day; errors are counted.

        How long an answer takes is not: that is a matter of the machine, and the same
        seed would give other figures on a busy one.

        Args:
            rows: The customers of a step, who ask on one day each.
            champion: The champion.
        """
        asks = np.arange(len(rows)) % DAYS
        for day in range(DAYS):
            today = np.flatnonzero(asks == day)
            who = rows["customer_id"].iloc[today]
            mine = np.array([self._rollout.choose(c, {}).version for c in who], object)
            tried = mine == self.challenger.manifest.version
            for part, model, variant in (
                (today[~tried], champion, "champion"),
                (today[tried], self.challenger, "challenger"),
            ):
                if len(part):
                    yield Part(part, variant == "challenger", day)
                    self._count(rows.iloc[part], model, variant)
            self._now += dt.timedelta(days=1)
            self._watch.tick(self._now)

    def _count(self, rows: pd.DataFrame, model: Artifact, variant: str) -> None:
        """Let a model answer, and count each answer."""
        for value in model.predict(columns(rows, model)):
            self._watch.count(variant, failed=not np.isfinite(value), microseconds=0)
