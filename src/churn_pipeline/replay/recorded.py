"""The history of a data set of its own, as its events tell it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from churn_pipeline.features.observation import calendar, span
from churn_pipeline.features.split import TRAIN, date_parts
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.tables import typed_tables, world_of
from churn_pipeline.replay.world import World


def recorded_world(raw: Mapping[str, Any], settings: Settings) -> World:
    """Return the steps of a data set's own history.

    They begin once there are dates to learn from, and end with the newest date whose
    labels are known.

    Args:
        raw: Raw tables by name, None where there is no such table.
        settings: All parameters.

    Raises:
        ValueError: It is no data set of events, or its history is too short.
    """
    if settings.dataset.shape != "events":
        raise ValueError(
            f"expected a data set of events to replay, got {settings.dataset.name}, a "
            "snapshot of one day; a history has many days"
        )
    tables, rejected = typed_tables(raw, settings.dataset, today=dt.date.max)
    dates = calendar(tables, settings.dataset, settings.feature_engineering)
    kept = tuple(date for date in dates.dates if dates.is_mature(date))
    world = world_of(tables, settings, replace(dates, dates=kept))
    steps = _steps(world, settings.replay.learnt_dates)
    wanted = settings.replay.steps or len(steps)
    if len(steps) < max(4, settings.replay.steps or 0):
        first, last = span(tables.transactions)
        raise ValueError(
            f"expected a history of {wanted} steps or more, got {len(steps)} in events "
            f"from {first} to {last}; lower replay.steps, replay.learnt_dates, the "
            "label's horizon_days or feature_engineering.lookback_days"
        )
    return replace(world, steps=steps[-wanted:], rejected=rejected)


def _steps(world: World, least: int) -> tuple[dt.date, ...]:
    """Return the dates on which a model can be learnt from so many dates."""
    return tuple(date for date in world.calendar.dates if _learnt(world, date) >= least)


def _learnt(world: World, day: dt.date) -> int:
    """Return from how many dates a model can be learnt on a day, one kept to test."""
    known = world.calendar_of(day)
    if not any(known.is_mature(date) for date in known.dates):
        return 0
    try:
        parts = date_parts(known)
    except ValueError:
        return 0
    return sum(part == TRAIN for part in parts.values())
