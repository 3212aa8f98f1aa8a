"""What every model reads: numbers as float32, categories as text.

Training, the artifact and the service all read their columns through `read_table`,
so that a value means the same on each side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from math import isnan
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

MISSING = ""
"""How a missing category is written."""

_SHOWN = 5


class Columns(Protocol):
    """Columns by name: a dict of lists or arrays, a pandas, polars or Arrow table."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a column."""


@dataclass(frozen=True)
class Table:
    """Rows of model input.

    Attributes:
        numbers: float32, (n_rows, n_numbers); NaN where missing.
        categories: object (str), (n_rows, n_categories); `""` where missing.
    """

    numbers: NDArray[np.float32]
    categories: NDArray[np.object_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """Return the rows given by a mask, a slice or positions."""
        return Table(self.numbers[rows], self.categories[rows])


def read_table(
    columns: Columns, *, numbers: Sequence[str], categories: Sequence[str]
) -> Table:
    """Return the named columns as model input; other columns are ignored.

    Args:
        columns: Columns of one length by name. Numbers may be booleans, integers,
            floats, decimals or text of a number; None, NaN and pandas' NA are
            missing, and so is the empty text in a category.
        numbers: Names of the numeric columns, in order.
        categories: Names of the text columns, in order.

    Raises:
        ValueError: A column is missing, is longer than another, or holds text where
            a number is expected.
    """
    names = column_names(columns)
    absent = [name for name in (*numbers, *categories) if name not in names]
    if absent:
        raise ValueError(_absent_message(absent, names))
    number_arrays = [read_numbers(name, columns[name]) for name in numbers]
    category_arrays = [_read_categories(columns[name]) for name in categories]
    n_rows = _common_length(
        dict(zip((*numbers, *categories), (*number_arrays, *category_arrays)))
    )
    table = Table(
        np.empty((n_rows, len(numbers)), np.float32),
        np.empty((n_rows, len(categories)), object),
    )
    with np.errstate(over="ignore"):
        for position, values in enumerate(number_arrays):
            table.numbers[:, position] = values
    for position, texts in enumerate(category_arrays):
        table.categories[:, position] = texts
    return table


def column_names(columns: Columns) -> set[str]:
    """Return the names of the columns of a mapping or a table."""
    for attribute in ("column_names", "columns"):
        names = getattr(columns, attribute, None)
        if names is not None:
            return set(names)
    return set(cast(Mapping[str, Any], columns))


def _absent_message(absent: list[str], names: set[str]) -> str:
    hints = []
    for name in absent[:_SHOWN]:
        near = get_close_matches(name, names, n=1)
        hints.append(f"{name} (is it {near[0]}?)" if near else name)
    more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
    return (
        f"expected the columns the model was trained on, got none named "
        f"{', '.join(hints)}{more}; add them, empty where nothing is known"
    )


def _common_length(arrays: Mapping[str, NDArray[Any]]) -> int:
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        short = min(lengths, key=lambda name: lengths[name])
        long = max(lengths, key=lambda name: lengths[name])
        raise ValueError(
            f"expected columns of one length, got {short} with {lengths[short]} and "
            f"{long} with {lengths[long]} rows; give each column a value a row"
        )
    return next(iter(lengths.values()), 0)


def read_numbers(name: str, values: Any) -> NDArray[np.float64]:
    """Return a column as numbers, float64, (n_rows,); NaN where missing.

    Args:
        name: Of the column, for the message.
        values: Booleans, integers, floats, decimals or text of a number; None, NaN
            and pandas' NA are missing.

    Raises:
        ValueError: A value is text that is no number.
    """
    found = np.asarray(values)
    with suppress(TypeError, ValueError):  # all but pandas' NA and what is no number
        return np.asarray(found, np.float64)
    known: NDArray[Any] = np.where(_is_missing(found), np.array(None), found)
    try:
        return np.asarray(known, np.float64)
    except (TypeError, ValueError) as error:
        bad = next(value for value in known.tolist() if not _is_number(value))
        raise ValueError(
            f"expected numbers in the column {name}, got {bad!r}; "
            "leave the value empty (None) where it is not known"
        ) from error


def _is_number(value: object) -> bool:
    try:
        return value is None or float(value) is not None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _read_categories(values: Any) -> NDArray[np.object_]:
    # NumPy's own text cuts zeros at the end off: "a\0" would be "a".
    kind = object if isinstance(values, list) else None
    found = np.asarray(values, kind).astype(object, copy=False)
    kinds = set(map(type, found.tolist()))
    if kinds <= {str}:
        return found
    if kinds <= {str, type(None)}:
        return np.where(found == None, MISSING, found)  # noqa: E711 - each by itself
    missing = _is_missing(found)
    texts = [
        MISSING if absent else _as_text(value)
        for value, absent in zip(found.tolist(), missing.tolist())
    ]
    return np.array(texts, dtype=object)


def _as_text(value: object) -> str:
    """Return a category as text; 1.0 is what is left of 1 beside missing values."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.fromiter(
        (
            value is None
            or (isinstance(value, float) and isnan(value))
            or type(value).__name__ in {"NAType", "NaTType"}
            for value in values.tolist()
        ),
        bool,
        len(values),
    )
