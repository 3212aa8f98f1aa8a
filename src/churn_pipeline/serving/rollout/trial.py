"""Keeps the models of a rollout at hand, and lets the canary act, once a second."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.serving.rollout.canary import Watch
from churn_pipeline.serving.rollout.results import Experiment
from churn_pipeline.serving.rollout.spec import RolloutState
from churn_pipeline.serving.rollout.state import Rollout

M = TypeVar("M")
LOG = logging.getLogger(__name__)

RESULTS_EVERY = dt.timedelta(hours=1)
"""Labels come by the day; counting them reads the whole journal."""


class Holder(Protocol[M]):
    """Holds models beside the champion."""

    def hold(self, others: dict[str, M], /) -> None:
        """Hold these models, version -> model, and no others."""


class Trial(Generic[M]):
    """A part of the service that is refreshed with the others.

    Attributes:
        missing: Version -> why it could not be loaded; who was to get it gets the
            champion, outside of the experiment.
    """

    def __init__(
        self,
        rollout: Rollout,
        watch: Watch,
        holder: Holder[M],
        load: Callable[[str], M],
        *,
        results: Callable[[RolloutState], Experiment] | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Name the parts; nothing is loaded yet.

        Args:
            rollout: The rollout.
            watch: Counts this worker's answers.
            holder: Holds the models that are loaded.
            load: Returns the model of a version, or raises ArtifactError, LookupError
                or OSError.
            results: Returns the results on matured labels; None: without them.
            now: The clock, with its zone.
        """
        self.missing: Mapping[str, str] = {}
        self._rollout, self._watch = rollout, watch
        self._results, self._now = results, now
        self._holder, self._load = holder, load
        self._models: dict[str, M] = {}
        self._looked = dt.datetime.min.replace(tzinfo=dt.UTC)

    def refresh(self) -> None:
        """Follow the file, load what it names, and let the canary act."""
        self._rollout.refresh()
        state = self._rollout.state
        self._hold([v for v in (state.challenger, state.shadow) if v])
        now = self._now()
        self._watch.tick(now, self._experiment(state, now))

    def _hold(self, wanted: Sequence[str]) -> None:
        """Hold these versions and no others."""
        if set(wanted) == set(self._models) and not self.missing:
            return
        missing = {}
        for version in wanted:
            if version in self._models:
                continue
            try:
                self._models[version] = self._load(version)
            except (ArtifactError, LookupError, OSError, ValueError) as error:
                missing[version] = str(error)
                if self.missing.get(version) != str(error):
                    LOG.error("version %s cannot be tried: %s", version, error)
        self.missing = missing
        self._models = {v: m for v, m in self._models.items() if v in wanted}
        self._holder.hold(dict(self._models))

    def _experiment(self, state: RolloutState, now: dt.datetime) -> Experiment | None:
        due = now - self._looked >= RESULTS_EVERY
        if self._results is None or state.canary is None or not due:
            return None
        self._looked = now
        try:
            return self._results(state)
        except Exception:
            # A journal that cannot be read stops no answer, and no canary either.
            LOG.exception("the results on matured labels could not be counted")
            return None
