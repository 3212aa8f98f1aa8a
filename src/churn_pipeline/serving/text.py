"""Answers as JSON text, written without models: half a microsecond a customer."""

from __future__ import annotations

import datetime as dt
from math import isfinite
from typing import NamedTuple

import msgspec

from churn_pipeline.release.reasons import Reason

CustomerId = str | int | None
Warnings = dict[str, dict[str, int]]

_encode = msgspec.json.encode


class Told(NamedTuple):
    """What is told of one customer; see `answers.Prediction`."""

    customer_id: CustomerId
    probability: float
    decision: str
    threshold: float
    expected_profit: float
    certainty: str


def side(version: str, variant: str) -> str:
    """Return the members that say which model answered."""
    return f'"model_version":"{version}","variant":"{variant}"'


def prediction(told: Told, side: str, reasons: list[Reason] | None = None) -> str:
    """Return the members of a prediction, without the braces.

    Args:
        told: What is told.
        side: Of the model that answered.
        reasons: What speaks for it; None where nobody asked.

    Examples:
        >>> prediction(Told(7, 0.5, "call", 0.4, 2.5, "not_sure"), "")[:41]
        '"customer_id":7,"churn_probability":0.5,"'
    """
    identity, chance, decision, threshold, profit, certainty = told
    pays_from = repr(threshold) if threshold <= 1 else "null"
    money = repr(profit) if isfinite(profit) else "null"
    text = (
        f'"customer_id":{_identity(identity)},"churn_probability":{chance!r},'
        f'"threshold":{pays_from},"decision":"{decision}",'
        f'"expected_profit":{money},"certainty":"{certainty}",{side}'
    )
    if reasons is None:
        return text
    whole = _encode([reason.model_dump() for reason in reasons]).decode()
    return f'{text},"reasons":{whole}'


def _identity(identity: CustomerId) -> str:
    if identity is None:
        return "null"
    if type(identity) is int:
        return str(identity)
    return _encode(identity).decode()


def about(
    *,
    request_id: str,
    now: dt.datetime,
    seconds: float,
    warnings: Warnings,
) -> str:
    """Return the members that every answer has, without the braces."""
    counted = _encode(warnings).decode() if warnings else "{}"
    return (
        f'"request_id":"{request_id}","time":"{now.isoformat(timespec="milliseconds")}"'
        f',"milliseconds":{round(seconds * 1000, 3)!r},"warnings":{counted}'
    )
