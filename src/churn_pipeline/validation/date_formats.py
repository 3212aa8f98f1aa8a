"""How the dates of an unknown column are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import ibis
import ibis.expr.types as ir

from churn_pipeline.validation.cells import text_of, try_strptime

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
COMPACT = "%Y%m%d"
DATE_FORMATS = (*(day + time for day in _DAYS for time in _TIMES), COMPACT)
ISO = "iso"
_NEARLY_ALL = 0.99  # share of the cells that a format must read
_EIGHT_DIGITS = "^(19|20)[0-9]{6}$"
_DIGITS = {"epoch_s": r"^[0-9]{9,10}([.][0-9]+)?$", "epoch_ms": "^[0-9]{12,13}$"}
_SAMPLE = 2000
_FIRST_YEAR = 1000
_SWAPPED = str.maketrans({"d": "m", "m": "d"})


class DateFormat(NamedTuple):
    """How the dates of a column are written.

    Attributes:
        form: A format of `strptime`, or None for 2024-01-31 [12:30[:00]].
        is_doubtful: Whether all dates read as well with day and month swapped.
    """

    form: str | None
    is_doubtful: bool = False


def date_formats(raw: ir.Table, names: Sequence[str]) -> dict[str, DateFormat]:
    """Return the formats of those columns that hold dates other than ISO.

    Args:
        raw: Rows of a file.
        names: Columns to look at.
    """
    sample = raw.order_by(raw["_row"].hash()).limit(_SAMPLE)
    backend = raw.get_backend()
    sample = backend.create_table(ibis.util.gen_name("dates"), sample, temp=True)
    looks = {f"c{i}": _looks_dated(sample[name]) for i, name in enumerate(names)}
    row = sample.aggregate(**looks).to_pyarrow().to_pylist()[0]
    found = {
        name: _format_of(sample, name) for i, name in enumerate(names) if row[f"c{i}"]
    }
    return {name: form for name, form in found.items() if form and form.form}


def _looks_dated(column: ir.Value) -> ir.BooleanScalar:
    """Return whether a cell may be a date; most columns end here, being cheap."""
    text = text_of(column)
    is_other = text.try_cast("float64").isnull() & text.re_search("[0-9].*[0-9]")
    return cast("ir.BooleanScalar", (is_other | text.re_search(_EIGHT_DIGITS)).any())


def date_format_of(raw: ir.Table, name: str) -> DateFormat:
    """Return the format that reads a column's cells.

    Raises:
        ValueError: If no known format reads nearly all of them.
    """
    form = _format_of(raw, name) or _epoch_of(raw, name)
    if form is None:
        examples = raw.limit(3)[name].to_pyarrow().to_pylist()
        raise ValueError(
            f"expected dates such as 2024-01-31 12:30 in `{name}`, got {examples}; "
            "write them so, or name another column with --time"
        )
    return form


def _epoch_of(raw: ir.Table, name: str) -> DateFormat | None:
    """Return the form of times that are seconds or milliseconds from 1970 on.

    Only where a person says that these are times: a number of a phone looks alike.
    """
    text = text_of(raw[name]).nullif("")
    counts = {form: text.re_search(digits).sum() for form, digits in _DIGITS.items()}
    row = raw.aggregate(there=text.notnull().sum(), **counts).to_pyarrow()
    found = row.to_pylist()[0]
    for form in _DIGITS:
        if found["there"] and found[form] >= _NEARLY_ALL * found["there"]:
            return DateFormat(form)
    return None


def _format_of(raw: ir.Table, name: str) -> DateFormat | None:
    """Return the format that reads most of a column's cells, None where none does."""
    column = raw[name]
    if column.type().is_temporal():
        return DateFormat(None)
    text = text_of(column).nullif("")
    digits = text.re_search("^[0-9]+$")
    reads = {ISO: ibis.ifelse(digits, None, text).try_cast("timestamp")}
    reads |= {form: try_strptime(text, form) for form in DATE_FORMATS}
    # Any eight digits would do, an id's too.
    is_compact = text.re_search(_EIGHT_DIGITS)
    reads[COMPACT] = ibis.ifelse(is_compact, reads[COMPACT], None)
    # %Y takes 24 for the year 24.
    counts = {
        f"f{i}": (read.year() >= _FIRST_YEAR).sum()
        for i, read in enumerate(reads.values())
    }
    row = raw.aggregate(there=text.notnull().sum(), **counts).to_pyarrow()
    found = row.to_pylist()[0]
    by_form = {form: found[f"f{i}"] or 0 for i, form in enumerate(reads)}
    best = max(by_form, key=lambda form: by_form[form])
    if not found["there"] or by_form[best] < _NEARLY_ALL * found["there"]:
        return None
    if best == ISO:
        return DateFormat(None)
    swapped = best.translate(_SWAPPED)
    is_doubtful = swapped != best and by_form.get(swapped, 0) == by_form[best]
    return DateFormat(best, is_doubtful)
