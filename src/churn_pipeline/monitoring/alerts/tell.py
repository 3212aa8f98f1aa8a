"""From the alerts that hold to what somebody is told, and the book of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from churn_pipeline.monitoring.alerts.book import Notice, news, standing, write
from churn_pipeline.monitoring.alerts.rules import Alert, Rule
from churn_pipeline.monitoring.alerts.sinks import send
from churn_pipeline.params import Params


class Alerts(Params):
    """What is told, and how often (root key `alerts`).

    Attributes:
        report: Where the numbers can be looked at; a path or an address.
        repeat_hours: After so many hours an alert that stands is told again.
        rules: Name -> rule.
    """

    report: str = Field(min_length=1)
    repeat_hours: float = Field(gt=0)
    rules: dict[str, Rule]


@dataclass(frozen=True)
class Raised:
    """The alerts that hold now.

    Attributes:
        alerts: The alerts.
        repeat: How long nothing is said of one that stands.
    """

    alerts: tuple[Alert, ...]
    repeat: dt.timedelta


def tell(raised: Raised, path: Path, *, now: dt.datetime, where: str) -> list[Notice]:
    """Tell what is new about the alerts, and write it to the book.

    Args:
        raised: The alerts that hold.
        path: The book.
        now: UTC.
        where: As `CHURN_ALERTS` has it; empty tells nobody, the book is kept.

    Returns:
        What is new.

    Raises:
        ValueError: The book cannot be read, or `where` names no service; nothing is
            written then, so that the next time tells it.
    """
    told = send(news(raised.alerts, standing(path), now, raised.repeat), where)
    if told:
        write(path, told)
    return told
