"""Answers as JSON text, written without models: half a microsecond a customer."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
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
    kept_aside: bool = False


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
    identity, chance, decision, threshold, profit, certainty, aside = told
    pays_from = repr(threshold) if threshold <= 1 else "null"
    kept = "true" if aside else "false"
    money = repr(profit) if isfinite(profit) else "null"
    text = (
        f'"customer_id":{_identity(identity)},"churn_probability":{chance!r},'
        f'"threshold":{pays_from},"decision":"{decision}",'
        f'"kept_aside":{kept},"expected_profit":{money},"certainty":"{certainty}",{side}'
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
    time_ns: int,
    seconds: float,
    warnings: Warnings,
) -> str:
    """Return the members that every answer has, without the braces.

    Args:
        request_id: Of the request.
        time_ns: When it is answered, nanoseconds since 1970, UTC.
        seconds: How long it took.
        warnings: What was missing or unknown.

    Examples:
        >>> told = about(request_id="r", time_ns=10**6, seconds=0.0012, warnings={})
        >>> told.split(",")[1]
        '"time":"1970-01-01T00:00:00.001+00:00"'
        >>> told.split(",")[2]
        '"milliseconds":1.200'
    """
    counted = _encode(warnings).decode() if warnings else "{}"
    second, rest = divmod(time_ns, 1_000_000_000)
    thousands, rest_us = divmod(round(seconds * 1e6), 1000)
    return (
        f'"request_id":"{request_id}",'
        f'"time":"{_time(second)}.{rest // 1_000_000:03d}+00:00",'
        f'"milliseconds":{thousands}.{rest_us:03d},"warnings":{counted}'
    )


@lru_cache(maxsize=2)
def _time(second: int) -> str:
    """Return a second since 1970 as ISO 8601 has it, without the zone."""
    return dt.datetime.fromtimestamp(second, dt.UTC).isoformat()[:19]
