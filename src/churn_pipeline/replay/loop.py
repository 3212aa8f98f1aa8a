"""The project's own loop: watched, decided, made anew, released, as it is operated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn_pipeline.monitoring.reasons import Action
from churn_pipeline.pipelines.release.refit import RefitError
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.objections import is_tried
from churn_pipeline.release.registry import Registry
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from churn_pipeline.replay.canary import Trial
from churn_pipeline.replay.desk import Desk
from churn_pipeline.replay.figures import Served, answered
from churn_pipeline.replay.making import Made, recalibrate, train, version_of
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.watch import Seen, Watcher
from churn_pipeline.replay.world import World

if TYPE_CHECKING:
    import pandas as pd

WHO = "replay"


class Loop:
    """The loop over a history.

    Attributes:
        retrainings: Models trained anew so far, refused ones included.
        recalibrations: Calibrations fit anew so far, likewise.
    """

    def __init__(self, world: World, settings: Settings, folder: Path) -> None:
        """Begin in an empty folder."""
        self._world, self._settings = world, settings
        self._day = world.steps[0]
        registry = Registry(settings.dataset.name, f"sqlite:///{folder}/mlflow.db")
        store = ModelStore(folder / "models")
        self.releases = Releases(store, registry, WHO, clock=self._clock)
        self.desk = Desk(folder)
        self._watcher = Watcher(world, settings, folder, self.desk.url)
        self._made: dict[str, Made] = {}
        self._folder = folder
        self._trial: Trial | None = None
        self.retrainings = self.recalibrations = 0

    def begin(self) -> Artifact:
        """Release the first model; return it.

        Raises:
            ValueError: It was refused: there is nothing to replay with.
        """
        made = train(self._world, self._settings, self._day, reigning=None)
        found = self._release(made)
        if found["released"] is None:
            raise ValueError(
                "expected the first model of the replay to be released, got one that "
                f"was not: {found['refused']}; take more customers, or more dates "
                "before the first step (`replay.learnt_dates`, `history_months`)"
            )
        return self.reigning.served

    def night(self, day: dt.date) -> dict[str, Any]:
        """Learn what became known since the last time, watch, decide and act.

        Returns:
            `alerts`, `decided` (in words), `action`, `held`, `released` (the semantic
            version that took over, or None) and `refused` (why a model was, or "").
        """
        before, self._day = self._day, day
        settled = self._world.settled_between(before, day)
        self.desk.learn(settled, self._moment(2))
        seen = self._watcher.night(
            day, self.reigning, self._of_champion, self.releases.store.versions()
        )
        told: dict[str, Any] = {
            "alerts": list(seen.alerts),
            "decided": seen.decision.in_words,
            "action": str(seen.decision.action),
            "held": seen.decision.held,
            "reasons": sorted({r.kind for r in seen.decision.reasons}),
        }
        return told | self._act(seen)

    def serve(self, day: dt.date) -> Served:
        """Answer the customers of a day by what reigns, and by what is tried."""
        rows, champion = self._world.at(day), self.reigning.served
        if self._trial is None:
            self.desk.answer(rows, champion, self._moment(8), "champion")
            return answered(champion, rows)
        return self._try(self._trial, rows, champion)

    def _try(self, trial: Trial, rows: pd.DataFrame, champion: Artifact) -> Served:
        """Answer customers on their days, and settle what becomes of the challenger."""
        found = answered(champion, rows)
        other = answered(trial.challenger, rows)
        for part in trial.answer(rows, champion):
            model = trial.challenger if part.by_challenger else champion
            variant = "challenger" if part.by_challenger else "champion"
            moment = self._moment(8) + dt.timedelta(days=part.day)
            self.desk.answer(rows.iloc[part.rows], model, moment, variant)
            if part.by_challenger:
                found.take(other, part.rows)
        self._trial = None
        version = trial.challenger.manifest.version
        found.refused = trial.end()
        if not found.refused:
            self.releases.approve(version, reason="its canary has gone all the way")
            found.released = self.releases.store.record(version).semantic_version
        return found

    @property
    def reigning(self) -> Reigning:
        """The champion, as it serves and as it was measured."""
        store = self.releases.store
        pointer = store.pointer()
        assert pointer is not None  # noqa: S101 - `begin` has released one
        version = pointer.version
        return Reigning(store.artifact(version), store.measured(version))

    @property
    def _of_champion(self) -> Made:
        return self._made[self.reigning.served.manifest.version]

    def _act(self, seen: Seen) -> dict[str, Any]:
        """Do what was decided."""
        action = seen.decision.action
        if action == Action.NOTHING:
            return {"released": None, "refused": ""}
        if action == Action.RETRAIN:
            self.retrainings += 1
            try:
                made = train(
                    self._world,
                    self._settings,
                    self._day,
                    reigning=self.reigning,
                    net_settings=self._of_champion.net_settings,
                    decided=seen.decision,
                )
            except RefitError as error:
                return {"released": None, "refused": str(error)}
        else:
            self.recalibrations += 1
            made = recalibrate(
                self._world,
                self._settings,
                self._day,
                reigning=self.reigning,
                of=self._of_champion,
                decided=seen.decision,
            )
        return self._release(made)

    def _release(self, made: Made) -> dict[str, Any]:
        """Hand a model to the registry; return what became of it."""
        version = version_of(self._day)
        self._made[version] = made
        self.releases.register(made.release)
        if is_tried(self.releases, made.release):
            plan = self._settings.release.canary
            artifact = self.releases.store.artifact(version)
            self._trial = Trial(self._folder, artifact, plan, who=WHO)
            return {"released": None, "refused": ""}
        pointer = self.releases.store.pointer()
        if pointer is not None and pointer.version == version:
            return {"released": pointer.semantic_version, "refused": ""}
        return {"released": None, "refused": "; ".join(made.release.reasons)}

    def _clock(self) -> str:
        return self._moment(3).isoformat(timespec="seconds")

    def _moment(self, hour: int) -> dt.datetime:
        day = self._day
        return dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC)
