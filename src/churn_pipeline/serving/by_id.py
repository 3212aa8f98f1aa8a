"""Who is named by id alone gets the features of the online store.

Everything after it meets customers like any others: contract, routing, answer, log.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from churn_pipeline.serving.contract import CUSTOMER_ID, LARGEST_ID
from churn_pipeline.serving.online.features import OnlineFeatures
from churn_pipeline.serving.refusal import MAX_ERRORS, Problem, Refusal, shortened

_LONGEST = 1_400
"""Bytes of a body with the longest id, each character of it escaped."""


class CustomerById(BaseModel):
    """A customer whose features the service finds by itself.

    Attributes:
        customer_id: As the data set has it.
    """

    model_config = ConfigDict(extra="forbid")

    customer_id: (
        Annotated[str, Field(max_length=200)]
        | Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]
    )


class _Named(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    customer_id: (
        Annotated[str, msgspec.Meta(max_length=200)]
        | Annotated[int, msgspec.Meta(ge=-LARGEST_ID, le=LARGEST_ID)]
    )


_decode = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode


def with_features(body: bytes, online: OnlineFeatures, names: Sequence[str]) -> bytes:
    """Return the body of a customer with the features of the online store.

    Args:
        body: Any body; one that is not of an id alone is returned as it is, after
            half a microsecond.
        online: Where the features are.
        names: The features that the model asks for.

    Raises:
        Refusal: As `OnlineFeatures.features` does; 503 `features_differ` where the
            store lacks one that the model asks for.
    """
    if len(body) > _LONGEST:
        return body
    try:
        customer = _decode(body).customer_id
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return body
    return _encode(_row(customer, online, names))


def rows_with_features(
    rows: Any, at_most: int, *, online: OnlineFeatures, names: Sequence[str]
) -> Any:
    """Return the rows of a batch, those of an id alone with their features.

    Args:
        rows: What came; what is no list, or a longer one than is answered, is
            returned as it is, for the contract to refuse.
        at_most: Most rows that are answered.
        online: Where the features are.
        names: The features that the model asks for.

    Raises:
        Refusal: 404 or 409, as of the first of them, with the row of each customer
            who is not known or whose features are old, at most 20; 503 as
            `with_features`.
    """
    if not isinstance(rows, list) or len(rows) > at_most:
        return rows
    made: list[Any] = []
    problems: list[Problem] = []
    status = 0
    for position, row in enumerate(rows):
        customer = _named_alone(row)
        if customer is not None and len(problems) < MAX_ERRORS:
            try:
                row = _row(customer, online, names)  # noqa: PLW2901
            except Refusal as refused:
                if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                status = status or refused.status
                (problem,) = refused.problems
                problems.append(problem.model_copy(update={"row": position}))
        made.append(row)
    if problems:
        raise Refusal(status, problems)
    return made


def _named_alone(row: Any) -> str | int | None:
    """Return the id of a customer of whom nothing else is given; else None."""
    if not isinstance(row, dict) or len(row) != 1 or CUSTOMER_ID not in row:
        return None
    try:
        return msgspec.convert(row, _Named).customer_id
    except msgspec.MsgspecError:
        return None


def _row(
    customer: str | int, online: OnlineFeatures, names: Sequence[str]
) -> dict[str, Any]:
    """Return a customer with the features that the model asks for."""
    values = online.features(customer)
    row: dict[str, Any] = {CUSTOMER_ID: customer}
    for name in names:
        if name not in values:
            raise _lacking(name)
        row[name] = values[name]
    return row


def _lacking(name: str) -> Refusal:
    problem = Problem(
        code="features_differ",
        field=shortened(name),
        expected="an online store with every feature of the model; run "
        "`make feature-store ENV=NAME` on the features it was trained on",
        received="one without this feature",
    )
    return Refusal(503, [problem])
