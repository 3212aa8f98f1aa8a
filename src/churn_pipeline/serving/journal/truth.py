"""What `/feedback` takes: what became of a customer, and of which prediction."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from churn_pipeline.serving.contract import LARGEST_ID, check_values, parsed
from churn_pipeline.serving.refusal import (
    MAX_ERRORS,
    Problem,
    Refusal,
    received,
    refusal,
    shortened,
    shown,
    wanted,
)

MAX_LABELS = 10_000
_NULL = {"type": "null"}
_NAMED: list[Any] = [
    {
        "required": ["request_id"],
        "properties": {
            "request_id": {"type": "string"},
            "customer_id": _NULL,
            "observation_date": _NULL,
        },
    },
    {
        "required": ["customer_id", "observation_date"],
        "properties": {
            "request_id": _NULL,
            "customer_id": {"type": ["string", "integer"]},
            "observation_date": {"type": "string"},
        },
    },
]


_EPOCH_YEAR = 1970

_WRITTEN = Field(json_schema_extra={"pattern": "^(19[7-9]|[2-9][0-9])"})


def _since_1970(moment: dt.datetime) -> dt.datetime:
    """Return a moment that the journal can write: in ns since 1970."""
    if moment.year < _EPOCH_YEAR:
        raise ValueError("a moment from 1970 on")
    return moment


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

    # PostgreSQL takes no NUL
    request_id: (
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
        | None
    ) = None
    row: Annotated[int, Field(ge=0, lt=MAX_LABELS)] = 0
    customer_id: (
        Annotated[str, Field(max_length=200)]
        | Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]
        | None
    ) = None
    observation_date: Annotated[dt.date, Field(strict=False)] | None = None
    churned: bool
    known: (
        Annotated[
            AwareDatetime, Field(strict=False), AfterValidator(_since_1970), _WRITTEN
        ]
        | None
    ) = None

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


_validate = Truth.__pydantic_validator__.validate_python


def read_truths(body: bytes) -> list[Truth]:
    """Return the labels of a request's body: an object, or a list of them.

    Reading stops at the twentieth problem.

    Raises:
        Refusal: It is no JSON, breaks the contract, or is too long or empty.
    """
    check_values(body, MAX_LABELS * (len(Truth.model_fields) + MAX_ERRORS))
    value = parsed(body)
    listed = value if isinstance(value, list) else [value]
    if not 1 <= len(listed) <= MAX_LABELS:
        code, status = ("too_many_rows", 413) if listed else ("no_rows", 422)
        expected = f"a label, or a list of 1 to {MAX_LABELS:,}"
        raise refusal(status, code, expected=expected, received=shown(listed))
    found: list[Truth] = []
    problems: list[Problem] = []
    for row, given in enumerate(listed):
        try:
            found.append(_validate(_few(given)))
        except ValidationError as error:
            problems += _problems(error, row)
        if len(problems) >= MAX_ERRORS:
            break
    if problems:
        raise Refusal(422, problems)
    return found


def _few(given: Any) -> Any:
    """Return a label; of its unknown fields few are looked at, each is an error."""
    if not isinstance(given, dict) or len(given) <= len(Truth.model_fields):
        return given
    others = (name for name in given if name not in Truth.model_fields)
    kept = Truth.model_fields.keys() & given.keys() | set(islice(others, MAX_ERRORS))
    return {name: value for name, value in given.items() if name in kept}


def _problems(error: ValidationError, row: int) -> list[Problem]:
    found = []
    for detail in error.errors(include_url=False, include_context=False):
        field = str(detail["loc"][0]) if detail["loc"] else ""
        expected = wanted(str(detail["msg"])) if field else "a label: see /docs.json"
        if detail["type"] == "value_error":
            expected = wanted(str(detail["msg"]))
        found.append(
            Problem(
                row=row,
                code="invalid_value",
                field=shortened(field),
                expected=expected,
                received=received(detail),
            )
        )
    return found
