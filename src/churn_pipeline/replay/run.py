"""A history step by step: the loop beside simpler ways to keep a model."""

from __future__ import annotations

import datetime as dt
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from churn_pipeline.progress import bar
from churn_pipeline.replay.figures import answered, figures_of
from churn_pipeline.replay.loop import Loop
from churn_pipeline.replay.making import fit_all
from churn_pipeline.replay.params import Planted
from churn_pipeline.replay.result import (
    FROZEN,
    HAZARD,
    LOOP,
    MONTHLY,
    Event,
    Month,
    Replayed,
)
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.world import TRUTH, World


def replay(world: World, settings: Settings) -> Replayed:
    """Return what came of a history under each way to keep a model.

    Everything that is written lies in a temporary folder, and is gone at the end.
    """
    with quiet(), tempfile.TemporaryDirectory(prefix="churn-replay-") as folder:
        return _Run(world, settings, Path(folder)).whole()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what pipelines tell of every run to warnings: months of them are none."""
    names = ("kedro", "churn_pipeline", "mlflow", "alembic")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def events_of(planted: Planted | None) -> list[Event]:
    """Return what was planted, the oldest first."""
    if planted is None:
        return []
    found = [
        Event(start=change.start, name="other reasons to leave")
        for change in planted.concept_changes
    ]
    found += [
        Event(start=drift.start, name="other customers and prices")
        for drift in planted.input_drifts
    ]
    found += [
        Event(start=fault.start, end=fault.mended, name="a wrong unit")
        for fault in planted.faults
    ]
    return sorted(found, key=lambda event: event.start)


class _Run:
    """One replay."""

    def __init__(self, world: World, settings: Settings, folder: Path) -> None:
        self._world, self._settings = world, settings
        self._loop = Loop(world, settings, folder)

    def whole(self) -> Replayed:
        """Return what came of all months."""
        steps = self._world.steps
        months = []
        with bar("replaying", len(steps)) as line:
            for day in steps:
                months.append(self._month(day))
                line.advance()
                line.describe(f"replaying {day}")
        self._loop.desk.close()
        sizes = [len(self._world.became(day)) for day in steps]
        by_month = self._settings.feature_engineering.observe == "month"
        return Replayed(
            dataset=self._settings.dataset.name,
            unit="month" if by_month else "week",
            currency=self._settings.dataset.currency,
            planted=tuple(events_of(self._settings.replay.planted)),
            seed=self._settings.seed,
            customers=sum(sizes) / len(sizes),
            months=tuple(months),
            retrainings=self._loop.retrainings,
            recalibrations=self._loop.recalibrations,
            retrainings_monthly=len(steps) - 1,
        )

    def _month(self, day: dt.date) -> Month:
        told: dict[str, Any] = {}
        if day == self._world.steps[0]:
            self._frozen = self._monthly = self._loop.begin()
        else:
            told = self._loop.night(day)
            self._monthly = fit_all(
                self._world, self._settings, day, self._frozen.manifest.family
            )
        served = self._loop.serve(day)
        told["released"] = served.released or told.get("released")
        told["refused"] = served.refused or told.get("refused", "")
        seen, became = self._world.at(day), self._world.became(day)
        found = {
            FROZEN: answered(self._frozen, seen),
            MONTHLY: answered(self._monthly, seen),
            LOOP: served,
        }
        if TRUTH in became:
            truth = became[TRUTH].to_numpy(np.float64)
            found[HAZARD] = answered(self._frozen, seen, truth)
        decision = self._settings.decision
        figures = {n: figures_of(way, became, decision) for n, way in found.items()}
        return Month(date=day, figures=figures, **told)
