"""What the cells of an unknown file look like, column by column."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from churn_pipeline.dataset import Column, Table
from churn_pipeline.validation.cells import present, text_of, try_strptime, value_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.profile import levels_of

DATE_FORMATS = (
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d %b %Y",
)
_NEARLY_ALL = 0.99  # share of the cells that a type must read
_NUMBER = Column(type="number")
_TEXT = Column(type="category")


@dataclass(frozen=True)
class Facts:
    """What the present cells of one column look like.

    Attributes:
        name: Raw column name.
        rows: Rows of the file.
        missing: Rows without a value.
        distinct: Different values, about.
        numbers: Cells that read as a number.
        wholes: Cells that read as a whole number.
        dates: Cells that read as a date.
        low: Smallest number, None where there is none.
        high: Largest number.
        levels: The most frequent values with their shares; empty of many values.
        is_text: Whether the file stores text (and no type of its own).
    """

    name: str
    rows: int
    missing: int
    distinct: int
    numbers: int
    wholes: int
    dates: int
    low: float | None
    high: float | None
    levels: dict[str, float]
    is_text: bool

    @property
    def there(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def is_number(self) -> bool:
        """Whether nearly all values are numbers."""
        return self.there > 0 and self.numbers >= _NEARLY_ALL * self.there

    @property
    def is_date(self) -> bool:
        """Whether nearly all values are dates, and not numbers."""
        is_date = self.there > 0 and self.dates >= _NEARLY_ALL * self.there
        return is_date and not self.is_number


def facts_of(raw: ir.Table, table: Table, *, most_levels: int) -> list[Facts]:
    """Return the facts of every raw column, in order.

    Args:
        raw: Rows of a file.
        table: How cells mean "no value", decimals and dates are written.
        most_levels: Columns of more different values have no levels.
    """
    names = raw_columns(raw)
    cells = raw.select(
        **{f"c{i}": present(raw[name], table, _TEXT) for i, name in enumerate(names)},
        **{f"r{i}": raw[name] for i, name in enumerate(names)},
    )
    typed = cells.mutate(
        **{f"n{i}": _number(cells, raw, i, name, table) for i, name in enumerate(names)}
    )
    backend = typed.get_backend()
    typed = backend.create_table(ibis.util.gen_name("facts"), typed, temp=True)
    statistics: dict[str, ir.Value] = {"rows": typed.count()}
    for i, name in enumerate(names):
        statistics |= _statistics(typed, i, raw[name].type().is_string(), table)
    row = typed.aggregate(**statistics).to_pyarrow().to_pylist()[0]
    return [
        _facts(name, i, row, is_text=raw[name].type().is_string(), levels=levels)
        for i, name in enumerate(names)
        for levels in [_levels(typed, i, row, most_levels)]
    ]


def decimal_of(raw: ir.Table) -> Literal[".", ","]:
    """Return "," where more cells are numbers with a comma than with a point."""
    texts = [raw[name] for name in raw_columns(raw) if raw[name].type().is_string()]
    if not texts:
        return "."
    sample = raw.limit(20_000)
    counts = {
        sign: functools.reduce(
            operator.add,
            (
                sample[text.get_name()]
                .re_search(rf"^\s*[-+]?[0-9]+{sign}[0-9]+\s*$")
                .sum()
                for text in texts
            ),
        )
        for sign in (",", r"\.")
    }
    row = sample.aggregate(comma=counts[","], point=counts[r"\."]).to_pyarrow()
    found = row.to_pylist()[0]
    return "," if (found["comma"] or 0) > (found["point"] or 0) else "."


def date_format_of(raw: ir.Table, name: str) -> str | None:
    """Return the format that reads most of a column's cells; None: ISO or native.

    Raises:
        ValueError: If no known format reads nearly all of them.
    """
    column = raw[name]
    if not column.type().is_string():
        return None
    text = text_of(column).nullif("")
    reads = {"iso": text.try_cast("timestamp")}
    reads |= {form: try_strptime(text, form) for form in DATE_FORMATS}
    counts = {f"f{i}": read.notnull().sum() for i, read in enumerate(reads.values())}
    row = (
        raw.aggregate(there=text.notnull().sum(), **counts).to_pyarrow().to_pylist()[0]
    )
    best = max(range(len(reads)), key=lambda i: (row[f"f{i}"] or 0, -i))
    if not row["there"] or (row[f"f{best}"] or 0) < _NEARLY_ALL * row["there"]:
        examples = raw.limit(3)[name].to_pyarrow().to_pylist()
        raise ValueError(
            f"expected dates such as 2024-01-31 12:30 in `{name}`, got {examples}; "
            "write them so, or name another column with --time"
        )
    form = list(reads)[best]
    return None if form == "iso" else form


def _number(
    cells: ir.Table, raw: ir.Table, i: int, name: str, table: Table
) -> ir.FloatingValue:
    is_text = raw[name].type().is_string()
    cell = cells[f"c{i}"] if is_text else cells[f"r{i}"]
    number = value_of(cell, table, _NUMBER)
    return ibis.ifelse(number.isinf(), None, number)


def _statistics(
    cells: ir.Table,
    i: int,
    is_text: bool,
    table: Table,
) -> dict[str, ir.Value]:
    text, number, raw = cells[f"c{i}"], cells[f"n{i}"], cells[f"r{i}"]
    if is_text:
        is_date = value_of(text, table, Column(type="datetime")).notnull()
    else:
        is_date = raw.notnull() & (raw.type().is_timestamp() or raw.type().is_date())
    return {
        f"missing {i}": text.isnull().sum(),
        f"distinct {i}": text.nunique(),
        f"numbers {i}": number.notnull().sum(),
        f"wholes {i}": (number == number.floor()).sum(),
        f"dates {i}": is_date.sum(),
        f"low {i}": number.min(),
        f"high {i}": number.max(),
    }


def _levels(
    cells: ir.Table, i: int, row: dict[str, Any], most: int
) -> dict[str, float]:
    return levels_of(cells, f"c{i}") if 0 < row[f"distinct {i}"] <= most else {}


def _facts(
    name: str, i: int, row: dict[str, Any], *, is_text: bool, levels: dict[str, float]
) -> Facts:
    return Facts(
        name=name,
        rows=row["rows"],
        missing=row[f"missing {i}"],
        distinct=row[f"distinct {i}"],
        numbers=row[f"numbers {i}"] or 0,
        wholes=row[f"wholes {i}"] or 0,
        dates=row[f"dates {i}"] or 0,
        low=row[f"low {i}"],
        high=row[f"high {i}"],
        levels=levels,
        is_text=is_text,
    )
