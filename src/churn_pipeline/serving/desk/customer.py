"""One customer: what was foreseen, what became true, and whether they were called."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churn_pipeline.serving.control_group import ControlGroup
from churn_pipeline.serving.desk.calls import ToCall, call_of
from churn_pipeline.serving.desk.lists import rows_of
from churn_pipeline.serving.desk.places import ASSIGNMENTS, Places
from churn_pipeline.serving.journal.database import Database, connect
from churn_pipeline.serving.newest import version_of, versions
from churn_pipeline.serving.refusal import refused_body

SHOWN = 50
"""Answers and labels of a customer that are looked up, the newest first."""
LISTS = 100
"""Lists that are looked through at most, the newest first."""
SECONDS = 2.0
"""Time after which no further list is looked through."""


class CustomerAsked(BaseModel):
    """Body of `/desk/customer`.

    Attributes:
        customer_id: Whom to look up.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    customer_id: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")


class Answered(BaseModel):
    """An answer that the service gave.

    Attributes:
        time: UTC, ISO 8601.
        request_id: Of the request.
        probability: Of leaving, in [0, 1].
        decision: `call`, `no_call` or `gone`.
        model_version: Which model answered.
        variant: Which side of a rollout.
    """

    model_config = ConfigDict(protected_namespaces=())

    time: str
    request_id: str
    probability: float
    decision: str
    model_version: str
    variant: str


class Label(BaseModel):
    """What became of the customer, as somebody told it.

    Attributes:
        known: Since when, UTC, ISO 8601.
        observation_date: Day that it is of; empty where it is of a request.
        request_id: Request that it is of; empty where it is of a day.
        churned: Whether the customer left.
    """

    known: str
    observation_date: str
    request_id: str
    churned: bool


class OnList(BaseModel):
    """A list that the customer was on, or kept aside from.

    Attributes:
        written: Version of the list.
        observation_date: Day that it is of.
        campaign: Name of the campaign.
        arm: `call`, or `control`: kept aside, not to be called.
        rank: Place on the list; None of a control.
        churn_probability: As it was then, in [0, 1].
        expected_profit: Money that the call was expected to earn.
    """

    written: str
    observation_date: str
    campaign: str
    arm: str
    rank: int | None
    churn_probability: float
    expected_profit: float


class CustomerShown(BaseModel):
    """Answer to `/desk/customer`, everything the newest first.

    Attributes:
        customer_id: As it was asked for.
        kept_aside: Whether the customer is in the control group now, listed or not, as
            `/predict` says too: not to be called.
        campaign: Name of the campaign that draws it; None: nobody is kept aside.
        today: The place on today's list, with the reasons; None: not on it.
        answers: What the service said, at most 50.
        labels: What became true.
        lists: The lists of calls that the customer was on, or kept aside from.
        looked_through: How many lists were looked through, the newest first: 100, or
            those of 2 seconds.
    """

    customer_id: str
    kept_aside: bool
    campaign: str | None
    today: ToCall | None
    answers: list[Answered]
    labels: list[Label]
    lists: list[OnList]
    looked_through: int


def asked_customer(body: object) -> CustomerAsked:
    """Return whom a body asks for.

    Raises:
        Refusal: 422: it breaks the contract.
    """
    try:
        return CustomerAsked.model_validate(body)
    except ValidationError as error:
        raise refused_body(error) from error


def show_customer(
    places: Places, customer_id: str, group: ControlGroup | None
) -> CustomerShown:
    """Return what is known of a customer; empty parts of a stranger.

    Args:
        places: Where to look.
        customer_id: As the tables have it.
        group: Whom the service keeps aside; None: nobody.
    """
    name = places.pseudonyms.name(customer_id)
    with closing(
        connect(places.journal, pseudonyms=places.pseudonyms.fingerprint)
    ) as database:
        answers = _answers(database, name)
        labels = _labels(database, name, answers)
    lists, looked_through = _lists(places, customer_id)
    return CustomerShown(
        customer_id=customer_id,
        kept_aside=group is not None and group.has(customer_id),
        campaign=None if group is None else group.campaign,
        today=call_of(places, customer_id),
        answers=[
            Answered(**dict(zip(_ANSWER, row[:-1], strict=True))) for row in answers
        ],
        labels=labels,
        lists=lists,
        looked_through=looked_through,
    )


_ANSWER = tuple(Answered.model_fields)
_ANSWERS = """
SELECT time, request_id, probability, decision, model_version, variant, line
FROM days JOIN predictions USING (day) WHERE customer = ?
ORDER BY time_ns DESC LIMIT ?
"""
_OF_DAYS = """
SELECT l.known, l.observation_date, '', l.churned, l.id
FROM label_days d JOIN feedback f ON f.observation_day = d.day
JOIN labels l ON l.id = f.id WHERE f.customer = ? ORDER BY l.id DESC LIMIT ?
"""
_OF_REQUEST = """
SELECT known, '', request_id, churned, id FROM labels
WHERE request_id = ? AND line = ? ORDER BY id DESC LIMIT ?
"""


def _answers(database: Database, name: str | None) -> list[Any]:
    return database.run(_ANSWERS, (name, SHOWN))


def _labels(database: Database, name: str | None, answers: list[Any]) -> list[Label]:
    found = database.run(_OF_DAYS, (name, SHOWN))
    for _, request_id, *_, line in answers:
        found += database.run(_OF_REQUEST, (request_id, line, SHOWN))
    newest = sorted(found, key=lambda row: -int(row[-1]))[:SHOWN]
    return [
        Label(known=k, observation_date=day, request_id=r, churned=bool(churned))
        for k, day, r, churned, _ in newest
    ]


def _lists(places: Places, customer_id: str) -> tuple[list[OnList], int]:
    """Return the lists the customer was on, and how many were looked through."""
    names = [name for name in OnList.model_fields if name != "written"]
    found: list[OnList] = []
    looked, until = 0, time.monotonic() + SECONDS
    for file in islice(versions(places.outputs / ASSIGNMENTS), LISTS):
        rows = rows_of(file, customer_id, names)
        found += [OnList(written=version_of(file), **row) for row in rows]
        looked += 1
        if time.monotonic() >= until:
            break
    return found, looked
