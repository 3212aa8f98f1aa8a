"""The history of watches: one line of JSON a watch, what is told of a window.

A window is watched as often as one likes: lines of the same date and model are one
watch, of which the later ones tell what is newest. Drift and performance are told by
lines of their own.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field

from churn_pipeline import json_lines
from churn_pipeline.params import Params


class Moved(Params):
    """How far something moved in a window.

    Attributes:
        effect: How far, in the measure of its limit.
        limit: From which on it counts as drifted.
        drifted: Whether it did.
        cost: Money a customer that it costs if it is a fault; None: not estimated.
    """

    effect: float
    limit: float
    drifted: bool
    cost: float | None = None


class Watch(Params):
    """What is told of one window; None and empty where a line does not tell it.

    Attributes:
        date: Observation date that was watched.
        model_version: Version of the champion.
        columns: How far each column moved, by name.
        others: The same of `prediction`, `multivariate`, `target`, and of each fault
            by `kind:column`.
        estimated: Performance as estimated without labels, by metric.
        realised: Performance as labels tell it, by metric.
    """

    date: dt.date
    model_version: str
    columns: dict[str, Moved] = Field(default_factory=dict)
    others: dict[str, Moved] = Field(default_factory=dict)
    estimated: dict[str, float] = Field(default_factory=dict)
    realised: dict[str, float] = Field(default_factory=dict)

    def updated(self, newer: Watch) -> Watch:
        """Return this watch with what a newer line tells instead."""
        told = {
            name: value
            for name in ("columns", "others", "estimated", "realised")
            if (value := getattr(newer, name))
        }
        return self.model_copy(update=told)


def append(path: Path, watch: Watch) -> None:
    """Add a line to the history; a reader sees it whole or not at all."""
    with json_lines.adding(path, mode=0o666) as add:
        add(watch)


def read(path: Path) -> tuple[Watch, ...]:
    """Return the watches, the oldest date first; none where there is no file.

    Raises:
        ValueError: A line is none of a history.
    """
    found: dict[tuple[dt.date, str], Watch] = {}
    for watch in json_lines.read(path, Watch):
        key = (watch.date, watch.model_version)
        found[key] = found[key].updated(watch) if key in found else watch
    return tuple(found[key] for key in sorted(found))
