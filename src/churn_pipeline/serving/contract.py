"""What a request may hold, made from the artifact's manifest.

A feature is a field: a new feature needs no code. Every feature has to be named, so
that a forgotten or mistyped one is told; null says that a value is not known, and an
unknown category is taken as such: the model has learnt what to make of both, and the
answer counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)

from churn_pipeline.feature import Feature
from churn_pipeline.release.artifact import Manifest

CUSTOMER_ID = "customer_id"
MAX_ROWS = 10_000
MAX_ERRORS = 20
MAX_SHOWN = 80


class Problem(BaseModel):
    """One thing that is wrong with a request.

    Attributes:
        row: Position of the row in a batch, from 0; None for a single customer.
        field: Name of the field; empty where the whole request is meant.
        expected: What the contract says.
        received: What came, shortened.
    """

    row: int | None = None
    field: str
    expected: str
    received: str


class Refusal(ValueError):
    """A request that the contract refuses.

    Attributes:
        status: HTTP status.
        code: Name of the kind of fault, for programs.
        problems: What is wrong, at most 20.
    """

    def __init__(self, status: int, code: str, problems: Sequence[Problem]) -> None:
        first = problems[0]
        where = f"{first.field}: " if first.field else ""
        super().__init__(f"{where}expected {first.expected}, got {first.received}")
        self.status = status
        self.code = code
        self.problems = tuple(problems[:MAX_ERRORS])


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
        self.features = {feature.name: feature for feature in manifest.features}
        self.known = {
            name: frozenset(levels) for name, levels in manifest.categories.items()
        }
        self.row: type[BaseModel] = customer_model(manifest)
        self._fields = dict(zip(self.features, field_names(manifest), strict=True))
        self._rows = TypeAdapter[Any](_list_of(self.row))

    def read_one(self, body: bytes) -> Request:
        """Return the customer of a JSON object.

        Raises:
            Refusal: It is no JSON, or breaks the contract.
        """
        try:
            return self._request([self.row.model_validate_json(body)])
        except ValidationError as error:
            raise self._refusal(error) from None

    def read_many(self, body: bytes) -> Request:
        """Return the customers of a JSON list of 1 to 10,000 objects.

        Raises:
            Refusal: It is no JSON, or breaks the contract.
        """
        try:
            return self._request(self._rows.validate_json(body))
        except ValidationError as error:
            raise self._refusal(error) from None

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
            missing = sum(value is None or value == "" for value in values)
            known = self.known.get(name)
            unknown = (
                0 if known is None else sum(bool(v) and v not in known for v in values)
            )
            counts = {"missing": missing, "unknown_category": unknown}
            counted[name] = {kind: n for kind, n in counts.items() if n}
        return {name: counts for name, counts in counted.items() if counts}

    def _refusal(self, error: ValidationError) -> Refusal:
        """Return what is wrong in our words; a number of text may be two errors."""
        details = error.errors(include_url=False, include_context=False)
        if details[0]["type"] == "json_invalid":
            fault = details[0]["msg"].removeprefix("Invalid JSON: ")
            problem = Problem(field="", expected="JSON in UTF-8", received=fault)
            return Refusal(400, "invalid_json", [problem])
        problems = {self._problem(detail): None for detail in map(dict, details)}
        found = [
            Problem(row=r, field=f, expected=e, received=g) for r, f, e, g in problems
        ]
        too_many = any(detail["type"] == "too_long" for detail in details)
        return Refusal(413 if too_many else 422, _code(details[0]["type"]), found)

    def _problem(self, detail: dict[str, Any]) -> tuple[int | None, str, str, str]:
        """Return row, field, what was expected and what came."""
        row, names = None, list(detail["loc"])
        if names and isinstance(names[0], int):
            row, names = names[0], names[1:]
        field = str(names[0]) if names else ""
        if not field:
            return row, "", _expected_rows(detail["type"]), _shown(detail["input"])
        if detail["type"] == "missing":
            return row, field, self.expectation(field), "no such field"
        if detail["type"] == "extra_forbidden":
            return row, field, self._no_such(field), _shown(detail["input"])
        return row, field, self.expectation(field), _shown(detail["input"])

    def expectation(self, field: str) -> str:
        """Return in words what a field may hold."""
        if field == CUSTOMER_ID:
            return "text or an integer"
        return expectation(self.features[field])

    def _no_such(self, field: str) -> str:
        near = get_close_matches(field, [*self.features, CUSTOMER_ID], n=1)
        hint = f"; is it {near[0]}?" if near else ""
        return f"only the fields of the contract (see /docs.json){hint}"


def field_names(manifest: Manifest) -> list[str]:
    """Return names of model attributes: a feature may be called like a method."""
    return [f"feature_{i}" for i in range(len(manifest.features))]


def customer_model(manifest: Manifest) -> type[BaseModel]:
    """Return the pydantic model of one customer, features by alias."""
    fields: dict[str, Any] = {
        name: _field(feature)
        for name, feature in zip(field_names(manifest), manifest.features, strict=True)
    }
    identity = (
        Annotated[str, Field(strict=True, max_length=200)]
        | Annotated[int, Field(strict=True)]
        | None
    )
    about = Field(default=None, description="Comes back in the answer; not a feature")
    fields[CUSTOMER_ID] = (identity, about)
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model("Customer", __config__=config, **fields)


def _list_of(row: type[BaseModel]) -> Any:
    """Return the type of a list of 1 to 10,000 rows."""
    return Annotated[list[row], Field(min_length=1, max_length=MAX_ROWS)]  # type: ignore[valid-type]


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


def _expected_rows(kind: str) -> str:
    """Return what a body or a row was expected to be, after the kind of error."""
    if kind in {"list_type", "too_short", "too_long"}:
        return f"a list of 1 to {MAX_ROWS:,} customers, each an object of its fields"
    return "a customer: an object of its fields (see /docs.json)"


def _code(kind: str) -> str:
    """Return our name of a kind of error."""
    known = {
        "missing": "missing_field",
        "extra_forbidden": "unknown_field",
        "too_long": "too_many_rows",
        "too_short": "no_rows",
        "greater_than_equal": "out_of_range",
        "less_than_equal": "out_of_range",
    }
    return known.get(kind, "invalid_value")


def _shown(value: Any) -> str:
    """Return a value on one short line."""
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
