"""Predictions whose labels have matured, and which of them count."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from churn_pipeline.serving.rollout.spec import RolloutState


class Outcome(NamedTuple):
    """An answered prediction whose label has matured.

    Attributes:
        variant: `champion`, `challenger`, `outside` or `shadow`, as it was answered.
        model_version: Version of the model.
        probability: Churn probability, 0 to 1.
        label: 1 churned, 0 stayed.
        value: Money that the customer is worth; not a number where unknown.
        time: Of the answer, nanoseconds since 1970, UTC.
        customer: Who, under any name; empty: nobody knows, and each row is one.
    """

    variant: str
    model_version: str
    probability: float
    label: int
    value: float
    time: int
    customer: str = ""


class Matched(Protocol):
    """A row of the journal: a prediction and what became of the customer."""

    @property
    def variant(self) -> str:
        """As it was answered."""

    @property
    def model_version(self) -> str:
        """Version of the model."""

    @property
    def probability(self) -> float:
        """Churn probability, 0 to 1."""

    @property
    def churned(self) -> bool | None:
        """None where that is not known yet."""

    @property
    def matured(self) -> bool:
        """Whether the horizon of the prediction has passed."""

    @property
    def time_ns(self) -> int:
        """Of the answer, nanoseconds since 1970, UTC."""

    @property
    def customer(self) -> str | None:
        """Who, under any name."""


def of_journal(rows: Iterable[Matched]) -> Iterator[Outcome]:
    """Yield the rows that tell: matured ones, of churners and of stayers alike.

    Those who leave are known before those who stay: to count labels as they come would
    make every model look as if all left. The customers' values are not in the journal,
    so that each counts as the usual one.
    """
    for row in rows:
        if row.matured and row.churned is not None:
            yield Outcome(
                row.variant,
                row.model_version,
                row.probability,
                int(row.churned),
                math.nan,
                row.time_ns,
                row.customer or "",
            )


def reigns_since(rows: Sequence[Outcome]) -> int:
    """Return when the newest champion first answered; 0 without one."""
    champions = [row for row in rows if row.variant == "champion"]
    newest = champions[-1].model_version if champions else ""
    others = [row.time for row in champions if row.model_version != newest]
    return others[-1] + 1 if others else (rows[0].time if rows else 0)


def takes_part(row: Outcome, state: RolloutState) -> bool:
    """Return whether a row is of the champion or of the challenger that is tried."""
    if row.variant == "challenger":
        return row.model_version == state.challenger
    return row.variant == "champion"


def once(rows: Sequence[Outcome]) -> list[Outcome]:
    """Return the first row of each customer, and all rows without one."""
    seen: set[str] = set()
    found = []
    for row in rows:
        if row.customer not in seen:
            found.append(row)
        if row.customer:
            seen.add(row.customer)
    return found
