"""The project's own loop: watched, decided, made anew, released, as it is operated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from churn_pipeline.monitoring.decision import Action
from churn_pipeline.pipelines.release.refit import RefitError
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.registry import Registry
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.release.releases import Releases
from churn_pipeline.release.store import ModelStore
from churn_pipeline.replay.desk import Desk
from churn_pipeline.replay.making import Made, recalibrate, train, version_of
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.watch import Seen, Watcher
from churn_pipeline.replay.world import World

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
        self.retrainings = self.recalibrations = 0

    def begin(self) -> Artifact:
        """Release the first model; return it."""
        self._release(train(self._world, self._settings, self._day, reigning=None))
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

    def serve(self, day: dt.date) -> Artifact:
        """Answer the customers of a day by what reigns; return it."""
        champion = self.reigning.served
        self.desk.answer(self._world.at(day), champion, self._moment(8), "champion")
        return champion

    @property
    def reigning(self) -> Reigning:
        """The champion, as it serves and as it was measured."""
        store = self.releases.store
        pointer = store.pointer()
        if pointer is None:
            raise ValueError(
                "expected the first model of the replay to pass its gate, got none "
                "that did; take more `replay.customers`, or a longer history"
            )
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
                    learn_from=seen.decision.learn_from,
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
            )
        return self._release(made)

    def _release(self, made: Made) -> dict[str, Any]:
        """Hand a model to the registry; return what became of it."""
        version = version_of(self._day)
        self._made[version] = made
        self.releases.register(made.release)
        pointer = self.releases.store.pointer()
        if pointer is not None and pointer.version == version:
            return {"released": pointer.semantic_version, "refused": ""}
        return {"released": None, "refused": "; ".join(made.release.reasons)}

    def _clock(self) -> str:
        return self._moment(3).isoformat(timespec="seconds")

    def _moment(self, hour: int) -> dt.datetime:
        day = self._day
        return dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC)
