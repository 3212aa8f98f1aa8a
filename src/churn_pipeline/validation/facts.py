"""What the cells of an unknown file look like, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from churn_pipeline.tables import Column, Table
from churn_pipeline.validation.cells import is_whole, present, value_of
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.date_formats import (
    COMPACT,
    DateFormat,
    date_formats,
)
from churn_pipeline.validation.far_off import tail_statistics, usual_range
from churn_pipeline.validation.profile import levels_of

_NEARLY_ALL = 0.99  # share of the cells that a type must read
_BLOCK = 24  # columns looked at together: memory grows with them
_ISO = DateFormat(None)
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
        codes: Cells that are digits after a leading zero, as of a postal code.
        dates: Cells that read as a date.
        low: Smallest number that is not far off, None where there is none.
        high: Largest number that is not far off.
        levels: The most frequent values with their shares; empty of many values.
        is_text: Whether the file stores text (and no type of its own).
        is_boolean: Whether the file stores true and false.
        date_format: How dates are written, where not as 2024-01-31.
        far_off: Numbers so far from all others that they look mistyped.
        farthest: The farthest of them.
        unread: The stored type where no column is read from it, as of lists.
    """

    name: str
    rows: int
    missing: int
    distinct: int
    numbers: int
    wholes: int
    codes: int
    dates: int
    low: float | None
    high: float | None
    levels: dict[str, float]
    is_text: bool
    is_boolean: bool = False
    date_format: DateFormat = _ISO
    far_off: int = 0
    farthest: float | None = None
    unread: str = ""

    @property
    def there(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def is_number(self) -> bool:
        """Whether nearly all values are numbers, and neither codes nor dates."""
        is_number = self.there > 0 and self.numbers >= _NEARLY_ALL * self.there
        is_code = self.codes > (1 - _NEARLY_ALL) / 2 * self.there
        is_compact = self.date_format.form == COMPACT
        return is_number and not is_code and not is_compact

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
    formats = date_formats(raw, [name for name in names if not _unread(raw[name])])
    found: list[Facts] = []
    for start in range(0, len(names), _BLOCK):
        block = names[start : start + _BLOCK]
        found += _facts_of_some(raw, block, formats, table, most_levels)
    return found


def _facts_of_some(
    raw: ir.Table,
    names: Sequence[str],
    formats: Mapping[str, DateFormat],
    table: Table,
    most_levels: int,
) -> list[Facts]:
    """Return the facts of a few columns."""
    cells = raw.select(
        **{f"c{i}": present(raw[name], table, _TEXT) for i, name in enumerate(names)},
        **{f"r{i}": raw[name] for i, name in enumerate(names)},
    )
    typed = cells.mutate(
        **{f"n{i}": _number(cells, raw, i, name, table) for i, name in enumerate(names)}
    )
    backend = typed.get_backend()
    kept = ibis.util.gen_name("facts")
    typed = backend.create_table(kept, typed, temp=True)
    statistics: dict[str, ir.Value] = {"rows": typed.count()}
    for i, name in enumerate(names):
        form = formats.get(name, _ISO).form
        statistics |= _statistics(typed, i, form, table)
    row = typed.aggregate(**statistics).to_pyarrow().to_pylist()[0]
    found = [
        Facts(
            name=name,
            levels=_levels(typed, i, row, most_levels),
            is_text=raw[name].type().is_string(),
            is_boolean=raw[name].type().is_boolean(),
            date_format=formats.get(name, _ISO),
            unread=_unread(raw[name]),
            **_counts(i, row),
            **usual_range(typed, i, row)._asdict(),
        )
        for i, name in enumerate(names)
    ]
    backend.drop_table(kept)
    return found


def _unread(column: ir.Value) -> str:
    """Return the stored type of a column that no type of ours is read from."""
    kind = column.type()
    is_other = (
        kind.is_nested() or kind.is_binary() or kind.is_time() or kind.is_interval()
    )
    return str(kind) if is_other else ""


def _number(
    cells: ir.Table, raw: ir.Table, i: int, name: str, table: Table
) -> ir.FloatingValue:
    is_text = raw[name].type().is_string()
    cell = cells[f"c{i}"] if is_text else cells[f"r{i}"]
    number = value_of(cell, table, _NUMBER)
    return ibis.ifelse(number.isinf(), None, number)


def _statistics(
    cells: ir.Table, i: int, form: str | None, table: Table
) -> dict[str, ir.Value]:
    text, number, raw = cells[f"c{i}"], cells[f"n{i}"], cells[f"r{i}"]
    date = value_of(raw, table, Column(type="datetime", date_format=form))
    is_text = raw.type().is_string()
    return {
        f"missing {i}": text.isnull().sum(),
        f"distinct {i}": text.nunique(),
        f"numbers {i}": number.notnull().sum(),
        f"wholes {i}": is_whole(number).sum(),
        f"codes {i}": text.re_search("^0[0-9]+$").sum() if is_text else ibis.literal(0),
        f"dates {i}": date.notnull().sum(),
        f"low {i}": number.min(),
        f"high {i}": number.max(),
        **tail_statistics(number, i),
    }


def _levels(
    cells: ir.Table, i: int, row: dict[str, Any], most: int
) -> dict[str, float]:
    return levels_of(cells, f"c{i}") if 0 < row[f"distinct {i}"] <= most else {}


def _counts(i: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a column; a sum over no rows is 0."""
    counts = ("missing", "distinct", "numbers", "wholes", "codes", "dates")
    found: dict[str, Any] = {name: row[f"{name} {i}"] or 0 for name in counts}
    return found | {"rows": row["rows"]}
