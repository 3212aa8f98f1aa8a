"""How the numbers of an unknown file are written: 1234.5, 1,234.5 or 1.234,5."""

from __future__ import annotations

import functools
import operator
from typing import Literal, NamedTuple

import ibis.expr.types as ir

from churn_pipeline.validation.columns import raw_columns

_SAMPLE = 20_000
Sign = Literal[".", ","]


class NumberStyle(NamedTuple):
    """Signs in numbers.

    Attributes:
        decimal: Before the decimals.
        thousands: Between groups of three digits; empty where there are none.
        doubt: What a person must look at; empty where nothing.
    """

    decimal: Sign = "."
    thousands: Literal["", ".", ","] = ""
    doubt: str = ""


def number_style(raw: ir.Table) -> NumberStyle:
    """Return how most of a file's numbers are written.

    `1,234` alone may be either; it is told by numbers such as `1,5` or `1.234,5`
    elsewhere in the file, else a point is the decimal sign.
    """
    texts = [name for name in raw_columns(raw) if raw[name].type().is_string()]
    if not texts:
        return NumberStyle()
    sample = raw.limit(_SAMPLE)
    counts = {
        f"{kind} {sign}": functools.reduce(
            operator.add, (sample[name].re_search(form).sum() for name in texts)
        )
        for sign, other in ((",", "."), (".", ","))
        for kind, form in _forms(sign, other).items()
    }
    row = sample.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return _style({name: count or 0 for name, count in row.items()})


def _forms(sign: str, other: str) -> dict[str, str]:
    """Return patterns of cells in which a sign is surely one thing, or may be both."""
    s, o = f"[{sign}]", f"[{other}]"
    begin, end = r"^\s*[-+]?", r"\s*$"
    several = (
        rf"[0-9]{{1,3}}({s}[0-9]{{3}}){{2,}}|[0-9]{{1,3}}({s}[0-9]{{3}})+{o}[0-9]+"
    )
    decimals = (
        rf"[0-9]*{s}([0-9]{{1,2}}|[0-9]{{4,}})|(0|[0-9]{{4,}}){s}[0-9]{{3}}|"
        rf"[0-9]{{1,3}}({o}[0-9]{{3}})+{s}[0-9]+"
    )
    return {
        "decimal": f"{begin}({decimals}){end}",
        "groups": f"{begin}({several}){end}",
        "either": f"{begin}[1-9][0-9]{{0,2}}{s}[0-9]{{3}}{end}",
    }


def _style(count: dict[str, int]) -> NumberStyle:
    decimal: Sign = "," if count["decimal ,"] > count["decimal ."] else "."
    other: Sign = "." if decimal == "," else ","
    is_grouped = count[f"groups {other}"] + count[f"either {other}"] > 0
    doubt = ""
    if count["decimal ,"] and count["decimal ."] and not count[f"groups {other}"]:
        doubt = (
            "numbers are written with decimal commas and with decimal points: "
            f"`{decimal}` was taken; write all of them alike"
        )
    elif is_grouped and not count[f"decimal {decimal}"] + count[f"groups {other}"]:
        doubt = (
            f"numbers such as 1{other}234 were taken for thousands; if they are "
            f'decimals, set `decimal: "{other}"` and leave `thousands` out'
        )
    return NumberStyle(decimal, other if is_grouped else "", doubt)
