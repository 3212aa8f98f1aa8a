"""From the body of a request to the text of its answer."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import NamedTuple

from churn_pipeline.serving import text
from churn_pipeline.serving.contract import MAX_ROWS, MAX_ROWS_WITH_REASONS, Request
from churn_pipeline.serving.control_group import ControlGroup
from churn_pipeline.serving.predictor import Predictions
from churn_pipeline.serving.reader import Fill, Reader, Values
from churn_pipeline.serving.routing import Routes, Side
from churn_pipeline.serving.wire import JSON

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Asked:
    """A request to the models.

    Attributes:
        reader: Of the champion; a challenger has the same inputs.
        router: Says which model answers.
        body: What was sent.
        request_id: Of the request.
        start: Seconds of `perf_counter` when it came.
        kind: Media type of the body.
        fill: Gives features to rows of an id alone; None: nobody does.
        control: Who is kept aside; None: nobody is.
    """

    reader: Reader
    router: Routes
    body: bytes
    request_id: str
    start: float
    kind: str = JSON
    fill: Fill | None = None
    control: ControlGroup | None = None

    @property
    def campaign(self) -> str | None:
        """Name of the campaign that keeps customers aside; None: none does."""
        return None if self.control is None else self.control.campaign


class One(NamedTuple):
    """The answer to one customer, and what it came from."""

    answer: bytes
    side: Side
    values: Values
    told: text.Told
    warnings: text.Warnings


class Group(NamedTuple):
    """Customers of a request whom one model answered.

    Attributes:
        side: Who answered.
        lines: Position of each in the request.
        request: What was asked.
        found: What was foreseen.
        microseconds: What the model took.
        failed: Variant of the model that failed, in whose place this one answered.
    """

    side: Side
    lines: list[int]
    request: Request
    found: Predictions
    microseconds: float
    failed: str = ""


class Many(NamedTuple):
    """The answer to several customers, and what it came from."""

    answer: bytes
    groups: list[Group]


def answer_one(asked: Asked, values: Values, side: Side) -> One:
    """Return the answer to one customer."""
    told, warnings = side.model.one(values)
    if asked.control is not None:
        told = asked.control.marked(told)
    members = text.prediction(told, text.side(side.model.version, side.variant))
    return One(_whole(asked, members, warnings), side, values, told, warnings)


def answer_many(asked: Asked) -> Many:
    """Return the answer to a list of customers.

    Raises:
        Refusal: The body breaks the contract.
    """
    if asked.kind == JSON:
        rows = asked.reader.many(asked.body, at_most=MAX_ROWS, fill=asked.fill)
    else:
        body, kind, fill = asked.body, asked.kind, asked.fill
        rows = asked.reader.table(body, kind, at_most=MAX_ROWS, fill=fill)
    return _listed(asked, _groups(asked, rows, 0), len(rows))


def answer_explained(asked: Asked, reasons: int) -> Many:
    """Return the answer to one customer or a list of them, with reasons.

    Args:
        asked: The request.
        reasons: Most reasons of a customer.

    Raises:
        Refusal: The body breaks the contract.
    """
    if asked.body.lstrip()[:1] == b"[":
        few = MAX_ROWS_WITH_REASONS
        rows = asked.reader.many(asked.body, at_most=few, fill=asked.fill)
        return _listed(asked, _groups(asked, rows, reasons), len(rows))
    groups = _groups(asked, [asked.reader.one(asked.body)], reasons)
    members = _texts(groups, 1)[0]
    return Many(_whole(asked, members, _warnings(groups)), groups)


def _groups(asked: Asked, rows: list[Values], reasons: int) -> list[Group]:
    made = []
    for side, lines in asked.router.sides(rows).items():
        chosen = rows if len(lines) == len(rows) else [rows[i] for i in lines]
        request = asked.reader.request(chosen)
        made.append(_group(asked, side, lines, request, reasons))
    return made


def _group(
    asked: Asked, side: Side, lines: list[int], request: Request, reasons: int
) -> Group:
    """Let a model foresee; the champion where another fails."""
    failed = ""
    start = time.perf_counter()
    try:
        found = side.model.many(request, reasons)
    except Exception:
        instead = asked.router.instead_of(side)
        if instead is None:
            raise
        logger.exception("model %s failed, the champion answers", side.model.version)
        failed, side = side.variant, instead
        found = side.model.many(request, reasons)
    taken = (time.perf_counter() - start) * 1e6
    if asked.control is not None:
        found.told = list(map(asked.control.marked, found.told))
    return Group(side, lines, request, found, taken, failed)


def _listed(asked: Asked, groups: list[Group], n_rows: int) -> Many:
    listed = "},{".join(_texts(groups, n_rows))
    members = f'"predictions":[{{{listed}}}]'
    return Many(_whole(asked, members, _warnings(groups)), groups)


def _texts(groups: list[Group], n_rows: int) -> list[str]:
    """Return the members of each prediction, in the order of the request."""
    texts = [""] * n_rows
    for group in groups:
        side = text.side(group.side.model.version, group.side.variant)
        found = group.found
        for i, (line, told) in enumerate(zip(group.lines, found.told, strict=True)):
            why = found.reasons[i] if found.reasons is not None else None
            texts[line] = text.prediction(told, side, why)
    return texts


def _warnings(groups: list[Group]) -> text.Warnings:
    if len(groups) == 1:
        return groups[0].found.warnings
    summed: text.Warnings = {}
    for group in groups:
        for feature, counts in group.found.warnings.items():
            known = summed.setdefault(feature, {})
            for kind, n in counts.items():
                known[kind] = known.get(kind, 0) + n
    return summed


def _whole(asked: Asked, members: str, warnings: text.Warnings) -> bytes:
    about = text.about(
        request_id=asked.request_id,
        time_ns=time.time_ns(),
        seconds=time.perf_counter() - asked.start,
        warnings=warnings,
    )
    return f"{{{members},{about}}}".encode()
