"""How a raw cell is read: its typed value, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
import functools
import operator
import re
from typing import NamedTuple, cast

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir

from churn_pipeline.tables import Column, Table

_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_INSTANT = dtypes.Timestamp(timezone="UTC")
_OFFSET = r"[0-9]:[0-9.:]+([zZ]|[-+][0-9:]+)$"
_BEYOND_INT64 = 2.0**63
EPOCHS = {"epoch_s": 1e6, "epoch_ms": 1e3}
"""Forms of a time that is a number from 1970 on, with their microseconds."""
_SHOWN = 40  # characters of a cell in a reason
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "date": "a date",
    "datetime": "a date and time",
}


class Bounds(NamedTuple):
    """The first and the last plausible day of a column of dates, both included."""

    first: dt.date
    last: dt.date


@ibis.udf.scalar.builtin(name="try_strptime")
def try_strptime(text: str, form: str) -> dtypes.timestamp:
    """Return the moment written as `form`, null where it is not."""


@ibis.udf.scalar.builtin(
    name="try_strptime", signature=((dtypes.string, dtypes.string), _INSTANT)
)
def _try_strptime_zoned(text: ir.StringValue, form: str) -> ir.TimestampValue:
    """Return the instant written as `form`, which has %z; null where it is not."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=((_INSTANT,), dtypes.int64))
def _microseconds(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Return the microseconds from 1970 to an instant."""


@ibis.udf.scalar.builtin(
    name="make_timestamp", signature=((dtypes.int64,), dtypes.timestamp)
)
def _of_microseconds(microseconds: ir.IntegerValue) -> ir.TimestampValue:
    """Return the time that it is in UTC so many microseconds after 1970."""


def text_of(cell: ir.Value) -> ir.StringValue:
    """Return a cell as trimmed text; 1.0 as "1", as a text file would have it."""
    kind = cell.type()
    if kind.is_string():
        # Trimming is the slowest step of all: only where there is something to trim.
        padded = functools.reduce(
            operator.or_,
            (cell.startswith(blank) | cell.endswith(blank) for blank in " \t\n"),
        )
        return ibis.ifelse(padded, cell.strip(), cell)
    if kind.is_floating():
        number = cell.nullif(float("nan"))
        short = is_whole(number) & (number.abs() < 1e15)  # noqa: PLR2004
        whole = ibis.ifelse(short, number, None).try_cast("int64")
        return ibis.coalesce(whole.cast("string"), number.cast("string"))
    return cell.cast("string")


def is_whole(number: ir.NumericValue) -> ir.BooleanValue:
    """Return whether a number is whole, of any size.

    Ibis's `floor` makes an int64 of it, which DuckDB refuses for 1e30.
    """
    return cast("ir.BooleanValue", number % 1 == 0)


def present(cell: ir.Value, table: Table, column: Column) -> ir.Value:
    """Return a cell, trimmed where it is text, null where it holds no value.

    Blank cells and the words that mean "no value" hold none. A category is text.
    """
    kind = cell.type()
    if column.type != "category" and not kind.is_string():
        # Ibis takes NULLIF of a float32 for a float64, DuckDB does not.
        is_float = kind.is_floating()
        return cell.cast("float64").nullif(float("nan")) if is_float else cell
    text = text_of(cell)
    return ibis.ifelse(text.isin(_no_value(table, column)), None, text)


def _no_value(table: Table, column: Column) -> list[str]:
    """Return the texts that mean "no value" in a column, in the usual letter cases."""
    kept = {value.upper() for value in column.allowed or ()}
    words = [word for word in table.missing if word.upper() not in kept]
    cases = (str, str.upper, str.lower, str.capitalize)
    return sorted({"", *(change(word) for word in words for change in cases)})


def value_of(cell: ir.Value, table: Table, column: Column) -> ir.Value:
    """Return the typed value of a present cell, null where it is not readable.

    Returns:
        int64, float64, boolean, string, date or timestamp, by the column's type.
    """
    if column.type == "category":
        return cell
    if column.type == "boolean":
        word = text_of(cell).lower()
        return ibis.cases((word.isin(_TRUE), True), (word.isin(_FALSE), False))
    if column.type in ("date", "datetime"):
        moment = _moment(cell, column.date_format or table.date_format)
        return moment.date() if column.type == "date" else moment
    # Whole numbers stay float64 until they are known to be valid.
    return _number(cell, table)


def problem_of(
    cell: ir.Value, value: ir.Value, column: Column, bounds: Bounds | None = None
) -> ir.StringValue:
    """Return what is wrong with a present cell and its value, in words, or null.

    The words before " (got " tell the kind of problem, what follows is the cell.
    """
    # Text is trimmed already; doing it again for each branch fills the memory of a
    # wide table.
    shown = cell if cell.type().is_string() else text_of(cell)
    got = " (got " + cast("ir.StringValue", shown).left(_SHOWN) + ")"
    branches: list[tuple[ir.Value, ir.Value]] = []
    if not column.nullable:
        branches.append((cell.isnull(), ibis.literal("missing")))
    if column.type != "category":
        unreadable = cell.notnull() & value.isnull()
        branches.append((unreadable, f"not {_WORDS[column.type]}" + got))
    if column.type in ("integer", "number"):
        branches += _number_problems(value, column, got)
    if column.allowed is not None:
        branches.append((~value.isin(column.allowed), "unknown category" + got))
    if bounds is not None:
        day = value.date() if value.type().is_timestamp() else value
        within = day.between(ibis.date(bounds.first), ibis.date(bounds.last))
        far = f"date outside of {bounds.first} to {bounds.last}, where the rest lies"
        branches.append((~within, far + got))
    if not branches:
        return ibis.null("string")
    return cast("ir.StringValue", ibis.cases(*branches))


def _number_problems(
    value: ir.Value, column: Column, got: ir.Value
) -> list[tuple[ir.Value, ir.Value]]:
    branches = [(value.isinf(), "infinite" + got)]
    if column.type == "integer":
        branches.append((~is_whole(value), "not a whole number" + got))
    if column.min is not None:
        branches.append((value < column.min, f"below {column.min:.10g}" + got))
    if column.max is not None:
        branches.append((value > column.max, f"above {column.max:.10g}" + got))
    if column.type == "integer":
        is_int64 = (value >= -_BEYOND_INT64) & (value < _BEYOND_INT64)
        branches.append((~is_int64, "a whole number beyond 64 bits" + got))
    return branches


def _number(cell: ir.Value, table: Table) -> ir.FloatingValue:
    kind = cell.type()
    if kind.is_string():
        text = _without_signs(cell, table)
        if table.thousands:
            sign = f"[{table.thousands}]"
            is_grouped = text.re_search(rf"^[-+]?[0-9]{{1,3}}({sign}[0-9]{{3}})+\b")
            plain = text.replace(table.thousands, "")
            text = ibis.ifelse(is_grouped, plain, text)
        if table.decimal == ",":
            text = text.replace(",", ".")
        # DuckDB reads 1_000 as a thousand.
        number = ibis.ifelse(text.contains("_"), None, text).try_cast("float64")
    elif kind.is_numeric() or kind.is_boolean():
        number = cell.cast("float64")
    else:
        number = text_of(cell).try_cast("float64")
    return cast("ir.FloatingValue", number.nullif(float("nan")))


def _without_signs(cell: ir.StringValue, table: Table) -> ir.StringValue:
    """Return a number as text without the signs of money or % around it."""
    if not table.signs:
        return cell
    sign = "(" + "|".join(re.escape(sign) for sign in table.signs) + ")"
    plain = cell.re_replace(rf"^([-+]?) ?{sign} ?([-+]?[0-9.])", r"\1\3")
    return cast("ir.StringValue", plain.re_replace(rf"([0-9.]) ?{sign}$", r"\1"))


def _moment(cell: ir.Value, form: str | None) -> ir.TimestampValue:
    """Return the time of a cell: in UTC where it has an offset, else as it stands."""
    kind = cell.type()
    if kind.is_timestamp() and kind.timezone is not None:
        return _in_utc(cell)
    if kind.is_timestamp() or kind.is_date():
        return cell.cast("timestamp")
    text = text_of(cell)
    if form is None:
        instant = _in_utc(text.try_cast(_INSTANT))
        has_offset = text.re_search(_OFFSET)
        moment = ibis.ifelse(has_offset, instant, text.try_cast("timestamp"))
    elif form in EPOCHS:
        number = text.try_cast("float64")
        number = ibis.ifelse(number.isnan() | number.isinf(), None, number)
        moment = _of_microseconds((number * EPOCHS[form]).try_cast("int64"))
    elif "%z" in form:
        moment = _in_utc(_try_strptime_zoned(text, form))
    else:
        moment = try_strptime(text, form)
    return cast("ir.TimestampValue", moment)


def _in_utc(instant: ir.TimestampValue) -> ir.TimestampValue:
    """Return the time in UTC; a cast would take the time zone of this machine."""
    return _of_microseconds(_microseconds(instant))
