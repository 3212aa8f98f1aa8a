"""What was told already: an alert that stands is told once, then now and then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from churn_pipeline import json_lines
from churn_pipeline.monitoring.alerts.rules import Alert
from churn_pipeline.params import Params

Kind = Literal["raised", "repeated", "resolved"]


class Notice(Params):
    """One line of the book, and what is sent.

    Attributes:
        time: UTC.
        kind: `raised` where it began, `repeated` where it stands for long, `resolved`
            where it holds no more.
        alert: What it is of.
        since: When it was raised.
        unsent: Sinks that did not take it, without their secrets.
    """

    time: dt.datetime
    kind: Kind
    alert: Alert
    since: dt.datetime
    unsent: tuple[str, ...] = ()


def news(
    alerts: Sequence[Alert],
    standing: Mapping[str, Notice],
    now: dt.datetime,
    repeat: dt.timedelta,
) -> list[Notice]:
    """Return what is to be told now.

    An alert that became more or less urgent is raised anew; one that a sink did not
    take is told again.

    Args:
        alerts: Those that hold.
        standing: By key, the last notice of those that held the last time.
        now: UTC.
        repeat: How long nothing is said of an alert that stands.
    """
    told = []
    for alert in alerts:
        last = standing.get(alert.key)
        if last is None or last.alert.severity != alert.severity:
            told.append(Notice(time=now, kind="raised", alert=alert, since=now))
        elif last.unsent or now - last.time >= repeat:
            since = last.since
            told.append(Notice(time=now, kind="repeated", alert=alert, since=since))
    held = {alert.key for alert in alerts}
    for key, last in standing.items():
        if key not in held:
            gone = Notice(time=now, kind="resolved", alert=last.alert, since=last.since)
            told.append(gone)
    return told


def standing(path: Path) -> dict[str, Notice]:
    """Return the last notice of each alert that stands, by key.

    Raises:
        ValueError: A line of the file is none of a book.
    """
    found: dict[str, Notice] = {}
    for notice in json_lines.read(path, Notice):
        if notice.kind == "resolved" and not notice.unsent:
            found.pop(notice.alert.key, None)
        else:
            found[notice.alert.key] = notice
    return found


def write(path: Path, notices: Sequence[Notice]) -> None:
    """Add notices to the book, whole lines, on the disk when it returns."""
    with json_lines.adding(path) as add:
        for notice in notices:
            add(notice)
