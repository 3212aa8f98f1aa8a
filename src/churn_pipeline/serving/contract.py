"""What a request may hold, made from the artifact's manifest.

A feature is a field: a new feature needs no code. Every feature has to be named, so
that a forgotten or mistyped one is told; null says that a value is not known, and an
unknown category is taken as such: the model has learnt what to make of both, and the
answer counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import from_json

from churn_pipeline.feature import Feature
from churn_pipeline.release.artifact import Manifest
from churn_pipeline.serving.refusal import (
    MAX_ERRORS,
    Problem,
    Refusal,
    code_of,
    received,
    refusal,
    shortened,
    shown,
)

CUSTOMER_ID = "customer_id"
MAX_ROWS = 10_000
REASONS = "reasons"
MAX_REASONS = 10
LARGEST_ID = 2**63 - 1
"""Of ids that are integers, either way from 0: what every database can keep."""
MAX_ROWS_WITH_REASONS = 100
MAX_BYTES = 256 * 2**10
MAX_BYTES_BATCH = 32 * 2**20
MAX_VALUES = 100 * MAX_ROWS
"""Of a request of the Open Inference Protocol; raw contents count as one."""


@dataclass(frozen=True)
class Request:
    """Rows of a valid request.

    Attributes:
        ids: Customer id of each row, as it came; None where none was given.
        columns: Feature -> values of the rows, None where missing.
    """

    ids: list[str | int | None]
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ids)


class Contract:
    """Reads requests, and refuses what the model cannot answer."""

    def __init__(self, manifest: Manifest) -> None:
        """Make the contract of an artifact."""
        self.features = {feature.name: feature for feature in manifest.inputs}
        self.known = {
            name: frozenset(levels) for name, levels in manifest.categories.items()
        }
        self.row: type[BaseModel] = customer_model(manifest)
        self._fields = dict(zip(self.features, field_names(manifest), strict=True))
        self._names = {*self.features, CUSTOMER_ID}
        # Half the time of `model_validate`, which wraps it.
        self._validate = self.row.__pydantic_validator__.validate_python

    def read_one(self, body: bytes) -> Request:
        """Return the customer of a JSON object.

        Raises:
            Refusal: It is no JSON, or breaks the contract.
        """
        value = parsed(body)
        try:
            return self._request([self._customer(value)])
        except ValidationError as error:
            raise Refusal(422, self._problems(error, None)) from None

    def read_many(self, body: bytes, *, at_most: int = MAX_ROWS) -> Request:
        """Return the customers of a JSON list of objects, at least one.

        Reading stops at the twentieth problem.

        Args:
            body: The request's body.
            at_most: Most customers that are answered.

        Raises:
            Refusal: It is no JSON, or breaks the contract.
        """
        return self.read_rows(self.parsed_rows(body, at_most), at_most=at_most)

    def parsed_rows(self, body: bytes, at_most: int) -> Any:
        """Return the value of a batch in JSON, whatever it is; see `read_many`.

        Raises:
            Refusal: It is no JSON, or has more values than any right one.
        """
        check_values(body, at_most * (len(self._names) + MAX_ERRORS))
        return parsed(body)

    def read_rows(self, values: Any, *, at_most: int = MAX_ROWS) -> Request:
        """Return the customers of a list of mappings; see `read_many`.

        Raises:
            Refusal: It is none, or breaks the contract.
        """
        rows: list[BaseModel] = []
        problems: list[Problem] = []
        for position, value in enumerate(_checked_rows(values, at_most)):
            try:
                rows.append(self._customer(value))
            except ValidationError as error:
                problems += self._problems(error, position)
            if len(problems) >= MAX_ERRORS:
                break
        if problems:
            raise Refusal(422, problems)
        return self._request(rows)

    def _customer(self, value: Any) -> BaseModel:
        """Return a row; of its unknown fields few are looked at, each is an error."""
        if isinstance(value, dict) and len(value) > len(self._names) + MAX_ERRORS:
            others = (name for name in value if name not in self._names)
            kept = self._names & value.keys() | set(islice(others, MAX_ERRORS))
            value = {name: value[name] for name in value if name in kept}
        row: BaseModel = self._validate(value)
        return row

    def _request(self, rows: Sequence[BaseModel]) -> Request:
        ids = [row.__dict__[CUSTOMER_ID] for row in rows]
        columns = {
            name: [row.__dict__[field] for row in rows]
            for name, field in self._fields.items()
        }
        return Request(ids, columns)

    def warnings(self, request: Request) -> dict[str, dict[str, int]]:
        """Return how many values are missing or unknown, by feature."""
        counted: dict[str, dict[str, int]] = {}
        for name, values in request.columns.items():
            missing, known = values.count(None), self.known.get(name)
            unknown = 0
            if self.features[name].type == "category":
                counted_texts = Counter(values)
                missing += counted_texts[""]
                unknown = sum(
                    n
                    for text, n in counted_texts.items()
                    if text and known is not None and text not in known
                )
            counts = {"missing": missing, "unknown_category": unknown}
            counted[name] = {kind: n for kind, n in counts.items() if n}
        return {name: counts for name, counts in counted.items() if counts}

    def _problems(self, error: ValidationError, row: int | None) -> list[Problem]:
        """Return what is wrong with a row; a number of text may be two errors."""
        details = error.errors(include_url=False, include_context=False)
        details = details[: 2 * MAX_ERRORS]
        found = [self._problem(detail, row) for detail in map(dict, details)]
        return [p for i, p in enumerate(found) if p not in found[:i]]

    def _problem(self, detail: dict[str, Any], row: int | None) -> Problem:
        """Return which field is wrong, what was expected and what came."""
        kind = detail["type"]
        field = str(detail["loc"][0]) if detail["loc"] else ""
        if not detail["loc"]:
            expected = "a customer: an object of its fields (see /docs.json)"
        elif kind == "extra_forbidden":
            expected = self._no_such(field)
        else:
            expected = self.expectation(field)
        return Problem(
            row=row,
            code=code_of(kind),
            field=shortened(field),
            expected=expected,
            received=received(detail),
        )

    def expectation(self, field: str) -> str:
        """Return in words what a field may hold."""
        if field == CUSTOMER_ID:
            return "text or an integer, at most 200 characters or 64 bits"
        return expectation(self.features[field])

    def _no_such(self, field: str) -> str:
        near = get_close_matches(shortened(field), [*self.features, CUSTOMER_ID], n=1)
        hint = f"; is it {near[0]}?" if near else ""
        return f"only the fields of the contract (see /docs.json){hint}"


def field_names(manifest: Manifest) -> list[str]:
    """Return names of model attributes: a feature may be called like a method."""
    return [f"feature_{i}" for i in range(len(manifest.inputs))]


def customer_model(manifest: Manifest) -> type[BaseModel]:
    """Return the pydantic model of one customer, features by alias."""
    fields: dict[str, Any] = {
        name: _field(feature)
        for name, feature in zip(field_names(manifest), manifest.inputs, strict=True)
    }
    identity = (
        Annotated[str, Field(strict=True, max_length=200)]
        | Annotated[int, Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID)]
        | None
    )
    about = Field(default=None, description="Comes back in the answer; not a feature")
    fields[CUSTOMER_ID] = (identity, about)
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model("Customer", __config__=config, **fields)


def _field(feature: Feature) -> tuple[Any, Any]:
    """Return type and metadata of a feature's field: required, null where unknown."""
    extra: dict[str, Any] = {"x-unit": feature.unit} if feature.unit else {}
    if feature.allowed is not None:
        extra["x-known-categories"] = list(feature.allowed)
    text = Annotated[str, Field(strict=True, max_length=1000)]
    number = Annotated[float, Field(strict=True, ge=feature.min, le=feature.max)]
    kind = number if feature.type == "number" else text
    about = feature.description or feature.name
    if feature.unit:
        about += f" ({feature.unit})"
    return kind | None, Field(
        alias=feature.name, description=about, json_schema_extra=extra
    )


def expectation(feature: Feature) -> str:
    """Return in words what a feature may hold.

    Examples:
        >>> expectation(Feature(name="age", type="number", min=18, max=110))
        'a number from 18 to 110, or null where not known'
        >>> expectation(Feature(name="plan", type="category"))
        'text, or null where not known'
    """
    if feature.type == "category":
        return "text, or null where not known"
    low = f" from {feature.min:.15g}" if feature.min is not None else ""
    high = f" to {feature.max:.15g}" if feature.max is not None else ""
    return f"a number{low}{high}, or null where not known"


def parsed(body: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        Refusal: It is none.
    """
    try:
        return from_json(body)
    except ValueError as error:
        raise refusal(
            400, "invalid_json", expected="JSON in UTF-8", received=str(error)
        ) from None


def check_values(body: bytes, at_most: int) -> None:
    """Check that a JSON text has no more values than any right one; commas tell.

    Python takes seconds to make the ten million lists of `[[],[],…]`, and nobody else
    is answered meanwhile.

    Raises:
        Refusal: It has more.
    """
    if body.count(b",") > at_most:
        expected = f"at most {at_most:,} values"
        raise refusal(413, "too_many_values", expected=expected, received="more")


def _checked_rows(value: Any, at_most: int) -> list[Any]:
    """Return the list of a batch, which has rows, and no more than are answered."""
    if isinstance(value, list) and 1 <= len(value) <= at_most:
        return value
    status, code = 422, "invalid_value"
    if isinstance(value, list):
        status, code = (413, "too_many_rows") if value else (422, "no_rows")
    expected = f"a list of 1 to {at_most:,} customers, each an object of its fields"
    raise refusal(status, code, expected=expected, received=shown(value))
