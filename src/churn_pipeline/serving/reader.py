"""Reads customers from JSON bytes straight into values, in two microseconds each.

What it does not take goes to `contract.py`, which has the last word and explains: the
reader takes a part of what the contract takes, and never anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec.structs import astuple

from churn_pipeline.feature import Feature
from churn_pipeline.release.artifact import Manifest
from churn_pipeline.serving.bodies import Columns, columns_of
from churn_pipeline.serving.contract import (
    CUSTOMER_ID,
    LARGEST_ID,
    Contract,
    Request,
)

Values = tuple[Any, ...]
Fill = Callable[[Any, int], Any]
"""From what came as rows, and the most of them, to rows that have their features."""

_LARGEST = 3.4028234e38
"""Beyond it float32 overflows, and `Infinity` is no JSON: left to the contract."""


class Reader:
    """Reads the rows of requests.

    Attributes:
        names: The inputs in the order of a row's values: numbers of the model, its
            texts, and a column that only the decision reads; then the customer's id.
        n_numbers: How many numbers of the model come first.
        n_texts: How many texts follow.
    """

    def __init__(self, manifest: Manifest, contract: Contract) -> None:
        """Make the reader of a model's requests."""
        features = [*manifest.numbers, *manifest.texts]
        others = [f.name for f in manifest.inputs if f.name not in set(features)]
        self.names = (*features, *others)
        self.n_numbers, self.n_texts = len(manifest.numbers), len(manifest.texts)
        self._contract = contract
        self._features = [contract.features[name] for name in self.names]
        self._numbers = {f.name for f in self._features if f.type == "number"}
        self._texts = {*self.names, CUSTOMER_ID} - self._numbers
        row = _struct(self._features)
        self._one = msgspec.json.Decoder(row).decode
        self._rows_type: Any = list[row]  # type: ignore[valid-type]
        self._many = msgspec.json.Decoder(self._rows_type).decode
        kinds = [*(_type(feature) for feature in self._features), _identity()]
        lists: list[Any] = [list.__class_getitem__(kind | None) for kind in kinds]
        self._types = dict(zip((*self.names, CUSTOMER_ID), lists, strict=True))

    def one(self, body: bytes) -> Values:
        """Return the values of a customer, None where missing, the id last.

        Raises:
            Refusal: The body breaks the contract.
        """
        try:
            return astuple(self._one(body))
        except (msgspec.MsgspecError, RecursionError, ValueError):
            (row,) = self._rows(self._contract.read_one(body))
            return row

    def many(
        self, body: bytes, *, at_most: int, fill: Fill | None = None
    ) -> list[Values]:
        """Return the values of each customer of a list.

        Args:
            body: What was sent.
            at_most: Most customers that are answered.
            fill: Gives features to rows of an id alone; None: nobody does.

        Raises:
            Refusal: The body breaks the contract.
        """
        try:
            found = self._many(body)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            found = []
        if not 1 <= len(found) <= at_most:
            return self._checked(
                self._contract.parsed_rows(body, at_most), at_most, fill
            )
        return [astuple(row) for row in found]

    def table(
        self, body: bytes, kind: str, *, at_most: int, fill: Fill | None = None
    ) -> list[Values]:
        """Return the values of each customer of a body that is no JSON.

        Args:
            body: What was sent.
            kind: Its media type.
            at_most: Most customers that are answered.
            fill: As `many` takes it.

        Raises:
            Refusal: It cannot be read, or breaks the contract.
        """
        columns = columns_of(
            body, kind, numbers=self._numbers, texts=self._texts, at_most=at_most
        )
        try:
            return self._table(columns)
        except (msgspec.MsgspecError, KeyError, ValueError):
            names = list(columns)
            rows = [
                dict(zip(names, row, strict=True)) for row in zip(*columns.values())
            ]
            return self._checked(rows, at_most, fill)

    def _checked(self, rows: Any, at_most: int, fill: Fill | None) -> list[Values]:
        """Return the values of rows, by the contract where they are not plain ones."""
        whole = rows if fill is None else fill(rows, at_most)
        try:
            found = msgspec.convert(whole, self._rows_type)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            found = []
        if not 1 <= len(found) <= at_most:
            return self._rows(self._contract.read_rows(whole, at_most=at_most))
        return [astuple(row) for row in found]

    def _table(self, columns: Columns) -> list[Values]:
        """Return the values of each customer of columns that keep the contract.

        Raises:
            MsgspecError, KeyError, ValueError: They may not, or there are no rows.
        """
        n_rows = len(columns[self.names[0]])
        if not n_rows or not self._types.keys() >= columns.keys():
            raise ValueError
        given = {CUSTOMER_ID: [None] * n_rows} | columns
        checked = (
            msgspec.convert(given[name], kind) for name, kind in self._types.items()
        )
        return list(zip(*checked, strict=True))

    def request(self, rows: list[Values]) -> Request:
        """Return rows as columns by name."""
        *columns, ids = map(list, zip(*rows, strict=True))
        return Request(ids, dict(zip(self.names, columns, strict=True)))

    def _rows(self, request: Request) -> list[Values]:
        columns = (request.columns[name] for name in self.names)
        return list(zip(*columns, request.ids, strict=True))


def _struct(features: list[Feature]) -> Any:
    """Return the type of a row: every feature by name, null where not known."""
    fields: list[tuple[str, Any, Any]] = [
        (f"feature_{i}", _type(feature) | None, msgspec.field(name=feature.name))
        for i, feature in enumerate(features)
    ]
    fields.append((CUSTOMER_ID, _identity() | None, None))
    return msgspec.defstruct(
        "Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False
    )


def _type(feature: Feature) -> Any:
    if feature.type == "category":
        return Annotated[str, msgspec.Meta(max_length=1000)]
    low = -_LARGEST if feature.min is None else feature.min
    high = _LARGEST if feature.max is None else feature.max
    return Annotated[float, msgspec.Meta(ge=low, le=high)]


def _identity() -> Any:
    text = Annotated[str, msgspec.Meta(max_length=200)]
    return text | Annotated[int, msgspec.Meta(ge=-LARGEST_ID, le=LARGEST_ID)]
