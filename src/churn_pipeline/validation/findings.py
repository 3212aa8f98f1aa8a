"""What is wrong with a table as a whole, by itself or beside the last accepted data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from churn_pipeline.dataset import ColumnLabel
from churn_pipeline.params import Params
from churn_pipeline.validation.params import DataValidation

_SHOWN = 5  # values or columns in a message
_HALF = 0.5
_CLEARLY_OTHER = 0.1
_FEWEST_OF_A_MONTH = 25  # amounts


class Finding(Params):
    """One thing that is wrong.

    Attributes:
        level: `stop` ends the run, `warn` is shown, `accepted` was looked at.
        where: Table, or table and column.
        check: Name of the check.
        message: What was expected, what came and what to do.
    """

    level: Literal["stop", "warn", "accepted"]
    where: str
    check: str
    message: str

    @property
    def key(self) -> str:
        """How `accepted` in the parameters names this finding."""
        return f"{self.where}: {self.check}"


def column_findings(
    table: str, columns: Mapping[str, Any], last: Mapping[str, Any] | None
) -> Iterator[Finding]:
    """Yield what changed among the raw columns of a table.

    Args:
        table: Its name.
        columns: `types` (raw column -> type) and `new` (columns not declared).
        last: The same of the last accepted data, or None.
    """
    if new := list(columns["new"]):
        shown = ", ".join(f"`{name}`" for name in new[:_SHOWN])
        more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
        yield Finding(
            level="warn",
            where=table,
            check="new columns",
            message=f"expected only declared columns, got {shown}{more}; declare them "
            "under `columns` or `ignore` in dataset.yml",
        )
    for name, kind in (last or {"types": {}})["types"].items():
        came = columns["types"].get(name, kind)
        if came != kind:
            yield Finding(
                level="warn",
                where=f"{table}.{name}",
                check="type",
                message=f"expected {kind} as in the last accepted data, got {came}; "
                "each value could be read, so only the file's type has changed",
            )


def change_findings(
    table: str,
    profile: Mapping[str, Any],
    last: Mapping[str, Any],
    parameters: DataValidation,
) -> Iterator[Finding]:
    """Yield the columns that look unlike those of the last accepted data."""
    for name, column in profile["columns"].items():
        before = last["columns"].get(name)
        if before is None:
            continue
        where = f"{table}.{name}"
        size, size_before = column.get("size"), before.get("size")
        if name != "label" and size and size_before:
            ratio = size / size_before
            if not 1 / parameters.magnitude_ratio < ratio < parameters.magnitude_ratio:
                yield _size_finding(where, size, size_before)
        if column.get("levels") and before.get("levels"):
            new = {
                level: share
                for level, share in column["levels"].items()
                if level not in before["levels"]
            }
            is_listed = before["distinct"] <= len(before["levels"])
            if is_listed and sum(new.values()) >= parameters.new_level_share:
                yield _level_finding(where, new, list(before["levels"]))


def label_findings(
    table: str,
    rate: float,
    label: ColumnLabel,
    *,
    rows: int,
    last_rate: float | None,
    unknown: Sequence[str] = (),
) -> Iterator[Finding]:
    """Yield what is wrong with a snapshot's label.

    Args:
        table: Name of the table that holds it.
        rate: Share of positives among the accepted rows, 0 to 1.
        label: The label rule.
        rows: Number of accepted rows.
        last_rate: Share of positives of the last accepted data, or None.
        unknown: Values of rejected rows that are neither of the label's two.
    """
    where = f"{table}.{label.column}"
    expected = last_rate if label.expected_rate is None else label.expected_rate
    if rows and rate in (0, 1):
        yield _one_class(where, rate, label, rows, unknown)
    elif expected is None:
        if rate > _HALF:
            yield Finding(
                level="warn",
                where=where,
                check="inverted",
                message=f"expected fewer customers who leave than stay, got "
                f"{rate:.1%} with `{label.positive}`; see that `positive` in "
                "dataset.yml is the value of those who left",
            )
    elif _looks_inverted(rate, expected):
        yield Finding(
            level="stop",
            where=where,
            check="inverted",
            message=f"expected about {expected:.1%} of customers with "
            f"`{label.positive}`, got {rate:.1%}, which is nearer to the share of "
            "those who stay: the label looks inverted; correct the file or "
            "`positive` (or `expected_rate`) in dataset.yml",
        )


def _one_class(
    where: str, rate: float, label: ColumnLabel, rows: int, unknown: Sequence[str]
) -> Finding:
    """Return the finding that all customers left, or that all stayed."""
    only = "all with" if rate else "none with"
    others = ", ".join(f"`{value}`" for value in unknown)
    also = f", and other rows with {others}" if unknown else ""
    return Finding(
        level="stop",
        where=where,
        check="classes",
        message=f"expected customers who left (`{label.positive}`) and customers "
        f"who stayed, got {rows:,} rows {only} `{label.positive}`{also}; "
        "correct `positive` in dataset.yml, or bring rows of both",
    )


def monthly_size_findings(
    where: str,
    sizes: Mapping[str, tuple[int, float | None]],
    parameters: DataValidation,
) -> Iterator[Finding]:
    """Yield the first month whose amounts are typically of another size.

    Months of a few amounts say nothing: the first and the last are often cut, and
    the middle of a handful is anywhere.

    Args:
        where: Table and column.
        sizes: Month ("2024-05") -> number and median absolute size of the amounts
            other than 0, in order.
        parameters: From which ratio on sizes differ.
    """
    told = {
        month: size
        for month, (count, size) in sizes.items()
        if size and count >= _FEWEST_OF_A_MONTH
    }
    if not told:
        return
    usual = sorted(told.values())[len(told) // 2]
    for month, size in told.items():
        ratio = size / usual
        if not 1 / parameters.magnitude_ratio < ratio < parameters.magnitude_ratio:
            found = _size_finding(where, size, usual)
            message = f"in {month}, {found.message}".replace(
                "the last accepted data", "the other months"
            )
            yield found.model_copy(update={"message": message})
            return


def _looks_inverted(rate: float, expected: float) -> bool:
    differs = abs(2 * expected - 1) > _CLEARLY_OTHER
    return differs and abs(rate - (1 - expected)) < abs(rate - expected)


def _size_finding(where: str, size: float, before: float) -> Finding:
    times = max(size, before) / min(size, before)
    power = round(math.log10(times))
    digit = power >= 1 and abs(math.log10(times) - power) < 0.1  # noqa: PLR2004
    direction = "smaller" if size < before else "larger"
    lost = "lost" if size < before else "gained"
    guess = f": a digit or a decimal point {lost}?" if digit else ""
    return Finding(
        level="stop",
        where=where,
        check="magnitude",
        message=f"expected values of about {before:g}, as typical of the last "
        f"accepted data, got about {size:g}, {times:.1f} times {direction}{guess}; "
        "see the unit and the export, or accept the change in "
        "parameters_data_validation.yml",
    )


def _level_finding(where: str, new: Mapping[str, float], before: list[str]) -> Finding:
    came = ", ".join(f"`{level}`" for level in list(new)[:_SHOWN])
    known = ", ".join(f"`{level}`" for level in before[:_SHOWN])
    return Finding(
        level="stop",
        where=where,
        check="levels",
        message=f"expected values such as {known}, got {came} in "
        f"{sum(new.values()):.0%} of the rows: has the column's type or coding "
        "changed? Correct the file, or accept the change in "
        "parameters_data_validation.yml",
    )
