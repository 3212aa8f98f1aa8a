"""The night's watch over the champion, by the pipeline of every night."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn_pipeline.io.prediction_log import PredictionLog
from churn_pipeline.monitoring import history
from churn_pipeline.monitoring.alerts.tell import tell
from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.pipelines import monitoring
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.replay.desk import ns
from churn_pipeline.replay.making import Made
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.slices import run
from churn_pipeline.replay.world import World

_KEPT, _TOLD = ("watch", "performance_watch"), ("alerts", "retraining_decision")
HISTORY, ALERTS = "watch_history.jsonl", "alerts.jsonl"


@dataclass(frozen=True)
class Seen:
    """What a night came to.

    Attributes:
        decision: What is done about the champion, and why.
        alerts: Names of the alerts that were told anew.
    """

    decision: RetrainDecision
    alerts: tuple[str, ...]


@dataclass
class Watcher:
    """Watches the champion of a replay.

    Attributes:
        world: The history.
        settings: All parameters.
        folder: Where history and alerts are kept.
        log: The prediction log.
    """

    world: World
    settings: Settings
    folder: Path
    log: str

    def night(
        self, day: dt.date, reigning: Reigning, made: Made, versions: list[str]
    ) -> Seen:
        """Look at the newest customers, and decide.

        Args:
            day: The day.
            reigning: The champion.
            made: As what it was made.
            versions: Of every model so far.
        """
        moment = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        watching = monitoring.create_pipeline().to_outputs(*_KEPT, *_TOLD)
        found = run(
            watching,
            {
                **self.settings.parameters,
                **self._given(day, moment),
                "params:today": day.isoformat(),
                "champion": reigning.served,
                "champion_as_measured": reigning,
                "held_out_of_champion": made.held_out,
                "model_input_of_champion": made.model_input,
                "models_made": versions,
            },
            *_KEPT,
            *_TOLD,
        )
        for name in _KEPT:
            for watch in found[name]:
                known = Watch.model_validate(watch)
                history.append(self.folder / HISTORY, known)
        told = tell(found["alerts"], self.folder / ALERTS, now=moment, where="")
        return Seen(
            RetrainDecision.model_validate(found["retraining_decision"]),
            tuple(notice.alert.key for notice in told if notice.kind == "raised"),
        )

    def _given(self, day: dt.date, moment: dt.datetime) -> dict[str, Any]:
        """Return what is known on a day beside the champion."""
        import ibis

        split, seed = self.settings.feature_engineering.split, self.settings.seed
        known = history.read(self.folder / HISTORY)
        return {
            "customer_features": ibis.memtable(self.world.seen(day)),
            "model_input": self.world.model_input(day, split, seed=seed),
            "feature_set": self.world.feature_set,
            "watch_history": [watch.model_dump(mode="json") for watch in known],
            "prediction_log": PredictionLog(self.log, ns(moment)),
            "data_quality_report": {"tables": self.world.rejected, "findings": []},
            "retrain_requests": [],
        }
