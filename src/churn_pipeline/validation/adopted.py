"""What a look at an unknown file gives: the files that describe it, and what to say."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from churn_pipeline.validation.adoption import Proposal
from churn_pipeline.validation.columns import raw_columns
from churn_pipeline.validation.number_style import NumberStyle, number_style

_SHOWN = 12
_NUMBERS = re.compile(r"[-+]?\d[\d\s.,:/+-]*")
ASSUMED_CURRENCY = "currency: EUR was taken; correct it in dataset.yml"


@dataclass(frozen=True)
class Adopted:
    """A described data set.

    Attributes:
        summary: One line on what was found.
        files: File name -> text, for conf/NAME.
        rows: Column, use and note, for the screen.
        warnings: What a person must look at.
    """

    summary: str
    files: dict[str, str]
    rows: list[tuple[str, str, str]]
    warnings: list[str]


def style_of(raw: ir.Table, named: Sequence[str | None]) -> NumberStyle:
    """Return how the numbers of a file are written that has the named columns.

    Args:
        raw: Rows of a file.
        named: Columns that a person named, None where an option was left out.

    Raises:
        ValueError: A named column is not in the file; a near match is suggested. Or
            it was named twice.
    """
    _check_named([name for name in named if name is not None], raw_columns(raw))
    return number_style(raw)


def _check_named(named: Sequence[str], there: Sequence[str]) -> None:
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise ValueError(
            f"expected a column of its own for each option, got `{twice[0]}` twice"
        )
    for column in named:
        if column not in there:
            folded = {other.casefold(): other for other in there}
            close = difflib.get_close_matches(column.casefold(), folded, n=1)
            hint = f"; did you mean `{folded[close[0]]}`?" if close else ""
            if _are_data(there):
                hint = "; the first row looks like data: put a row of names above it"
            shown = ", ".join(there[:_SHOWN]) + (", ..." if len(there) > _SHOWN else "")
            raise ValueError(
                f"expected a column `{column}` in the file, got {shown}{hint}"
            )


def _are_data(names: Sequence[str]) -> bool:
    """Return whether most names of a file's columns are numbers or dates.

    Examples:
        >>> _are_data(["00001", "19970101", "1", "11.77"])
        True
        >>> _are_data(["00001 19970101  1   11.77"])
        True
        >>> _are_data(["customer", "2023", "churned"])
        False
    """
    return 2 * sum(bool(_NUMBERS.fullmatch(name)) for name in names) > len(names)


def reading(style: NumberStyle, date_format: str | None = None) -> dict[str, Any]:
    """Return the keys of dataset.yml that say how cells are written, with comments."""
    found: dict[str, Any] = {}
    if style.decimal != ".":
        found["decimal"] = (style.decimal, "how numbers are written")
    if style.thousands:
        found["thousands"] = (style.thousands, "between groups of three digits")
    if style.signs:
        found["signs"] = (style.signs, "around numbers, no part of them")
    if style.blanks:
        found["missing"] = (style.missing, "cells that mean: no value")
    if date_format is not None:
        found["date_format"] = (date_format, "how dates are written")
    return found


def adopted(
    name: str,
    files: dict[str, str],
    proposals: Sequence[Proposal],
    warnings: list[str],
    rows: int,
    *,
    style: NumberStyle,
) -> Adopted:
    """Return the description, the notes of its columns among the warnings.

    Args:
        name: Of the data set.
        files: File name -> text.
        proposals: One a column without a role.
        warnings: Of the file as a whole.
        rows: Of the file.
        style: Of its numbers.
    """
    if style.doubt:
        warnings.append(style.doubt)
    shown = []
    for proposal in proposals:
        column = proposal.column
        use: str = "ignored" if column is None else column.type
        if column is not None and not column.feature:
            use = "not used"
        if proposal.is_warning:
            warnings.append(f"{proposal.name}: {proposal.note} ({use})")
        if column is not None and column.sensitive:
            use += ", sensitive"
        shown.append((proposal.name, use, proposal.note))
    named = [p.name for p in proposals if p.column is not None and p.column.sensitive]
    if named:
        warnings.append(
            f"taken for sensitive, groups are compared by it: {', '.join(named)}; say "
            "`sensitive: false` where it is none, `feature: false` where the model "
            "must not use it"
        )
    summary = f"{name}: {rows:,} rows, {len(proposals)} columns without a role"
    return Adopted(summary, files, shown, warnings)
