"""The results on matured labels for the canary: once an hour, and never in its way."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.rollout.outcomes import Outcome
from churn_pipeline.serving.rollout.results import Experiment, results
from churn_pipeline.serving.rollout.spec import RolloutState

LOG = logging.getLogger(__name__)
EVERY = dt.timedelta(hours=1)
"""Labels come by the day; counting them reads the whole journal."""


class Hourly:
    """Counts the results of a rollout that a canary moves."""

    def __init__(
        self,
        outcomes: Callable[[], Iterable[Outcome]],
        decision: Callable[[], Decision | None],
    ) -> None:
        """Name what is read, and whose costs count; nothing is read yet."""
        self._outcomes, self._decision = outcomes, decision
        self._looked = dt.datetime.min.replace(tzinfo=dt.UTC)

    def __call__(self, state: RolloutState, now: dt.datetime) -> Experiment | None:
        """Return the results where they are due; None where not, or unreadable."""
        if state.canary is None or now - self._looked < EVERY:
            return None
        self._looked = now
        try:
            return results(self._outcomes(), state, self._decision())
        except Exception:
            # A journal that cannot be read stops no answer, and no guard either.
            LOG.exception("the results on matured labels could not be counted")
            return None
