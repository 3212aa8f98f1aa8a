"""What `/feedback` takes: what became of a customer, and of which prediction."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from churn_pipeline.serving.refusal import Problem, Refusal, refusal, shown

MAX_LABELS = 10_000
_NAMED: list[Any] = [
    {"required": ["request_id"]},
    {"required": ["customer_id", "observation_date"]},
]


class Truth(BaseModel):
    """What became of a customer: one object of `/feedback`.

    Attributes:
        request_id: Of the prediction that it is of; or else the next two.
        row: Position of the customer in that request, from 0.
        customer_id: Whom it is of.
        observation_date: Day (UTC) of the predictions that it is of.
        churned: Whether the customer left within the horizon.
        known: Since when that is known, with its time zone; left out: now. `false`
            counts only where it was known once the horizon had passed.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"oneOf": _NAMED}
    )

    request_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    row: Annotated[int, Field(ge=0, lt=MAX_LABELS)] = 0
    customer_id: Annotated[str, Field(max_length=200)] | int | None = None
    observation_date: Annotated[dt.date, Field(strict=False)] | None = None
    churned: bool
    known: Annotated[AwareDatetime, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _names_its_prediction(self) -> Truth:
        by_customer = self.customer_id is not None and self.observation_date is not None
        some = self.customer_id is not None or self.observation_date is not None
        if by_customer if self.request_id is None else not some:
            return self
        raise ValueError("either request_id, or customer_id and observation_date")


class Taken(BaseModel):
    """Answer to `/feedback`.

    Attributes:
        accepted: Labels that are on the disk.
        request_id: Of this request.
    """

    accepted: int
    request_id: str


_MANY = TypeAdapter(list[Truth])


def read_truths(body: bytes) -> list[Truth]:
    """Return the labels of a request's body: an object, or a list of them.

    Raises:
        Refusal: It is no JSON, breaks the contract, or is too long or empty.
    """
    listed = body if body.lstrip()[:1] == b"[" else b"[" + body + b"]"
    try:
        found = _MANY.validate_json(listed)
    except ValidationError as error:
        raise _refused(error) from None
    if 1 <= len(found) <= MAX_LABELS:
        return found
    code, status = ("too_many_rows", 413) if found else ("no_rows", 422)
    expected = f"a label, or a list of 1 to {MAX_LABELS:,}"
    raise refusal(status, code, expected=expected, received=f"list of {len(found)}")


def _refused(error: ValidationError) -> Refusal:
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        received = str(details[0]["msg"])
        return refusal(400, "invalid_json", expected="JSON in UTF-8", received=received)
    problems = []
    for detail in details:
        row, *rest = detail["loc"] or (None,)
        field = str(rest[0]) if rest else ""
        expected = "a label: see /docs.json" if not field else str(detail["msg"])
        if detail["type"] == "value_error":
            expected = str(detail["msg"]).removeprefix("Value error, ")
        problems.append(
            Problem(
                row=row if isinstance(row, int) else None,
                code="invalid_value",
                field=field[:80],
                expected=expected,
                received=shown(detail["input"]),
            )
        )
    return Refusal(422, problems)
