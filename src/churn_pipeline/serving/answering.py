"""From the body of a request to the text of its answer."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from churn_pipeline.serving import text
from churn_pipeline.serving.contract import MAX_ROWS, MAX_ROWS_WITH_REASONS
from churn_pipeline.serving.predictor import Predictions, Predictor


@dataclass(slots=True)
class Asked:
    """A request to a model.

    Attributes:
        model: Who answers.
        body: What was sent, JSON.
        request_id: Of the request.
        start: Seconds of `perf_counter` when it came.
        variant: Which side of a rollout the model is.
    """

    model: Predictor
    body: bytes
    request_id: str
    start: float
    variant: str = "champion"


def answer_one(asked: Asked) -> tuple[bytes, text.Told, text.Warnings]:
    """Return the answer to one customer, what was foreseen, and the warnings.

    Raises:
        Refusal: The body breaks the contract.
    """
    model = asked.model
    told, warnings = model.one(model.reader.one(asked.body))
    members = f"{{{text.prediction(told)},{_about(asked, warnings)}}}"
    return members.encode(), told, warnings


def answer_many(asked: Asked) -> tuple[bytes, Predictions]:
    """Return the answer to a list of customers, and what was foreseen of them.

    Raises:
        Refusal: The body breaks the contract.
    """
    reader = asked.model.reader
    rows = reader.many(asked.body, at_most=MAX_ROWS)
    found = asked.model.many(reader.request(rows))
    return _listed(asked, found), found


def answer_explained(asked: Asked, reasons: int) -> tuple[bytes, Predictions]:
    """Return the answer to one customer or a list of them, with reasons.

    Args:
        asked: The request.
        reasons: Most reasons of a customer.

    Raises:
        Refusal: The body breaks the contract.
    """
    model, reader = asked.model, asked.model.reader
    if asked.body.lstrip()[:1] == b"[":
        rows = reader.many(asked.body, at_most=MAX_ROWS_WITH_REASONS)
        found = model.many(reader.request(rows), reasons=reasons)
        return _listed(asked, found), found
    request = reader.request([reader.one(asked.body)])
    found = model.many(request, reasons=reasons)
    members = f"{{{_rows(found)[0]},{_about(asked, found.warnings)}}}"
    return members.encode(), found


def _listed(asked: Asked, found: Predictions) -> bytes:
    listed = "},{".join(_rows(found))
    about = _about(asked, found.warnings)
    return f'{{"predictions":[{{{listed}}}],{about}}}'.encode()


def _rows(found: Predictions) -> list[str]:
    if found.reasons is None:
        return [text.prediction(told) for told in found.told]
    pairs = zip(found.told, found.reasons, strict=True)
    return [text.prediction(told, why) for told, why in pairs]


def _about(asked: Asked, warnings: text.Warnings) -> str:
    return text.about(
        version=asked.model.version,
        variant=asked.variant,
        request_id=asked.request_id,
        now=dt.datetime.now(dt.UTC),
        seconds=time.perf_counter() - asked.start,
        warnings=warnings,
    )
