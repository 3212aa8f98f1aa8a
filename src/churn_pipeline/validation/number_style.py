"""How the numbers of an unknown file are written: 1234.5, 1.234,5, $5, or "Error"."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import ibis
import ibis.expr.types as ir

from churn_pipeline.tables import Table
from churn_pipeline.validation.columns import raw_columns

_SAMPLE = 20_000
_NEARLY_ALL = 0.99  # share of a column's cells
_HALF = 0.5
_SIGN = r"([$€£¥₹₺₽%]|R\$|zł|kr|Kč|TL|EUR|USD|GBP|CHF|JPY|CAD|AUD|INR|PLN|BRL)"
_NO_NUMBER = (
    r"(?i)^(error|unknown|missing|undefined|none|null|nil|n/?a|n\.a\.|not available|"
    r"#n/a|#value!|#div/0!|-+|\?+|\.)$"
)
_PLAIN = r"[0-9]([0-9., ]*[0-9])?|[.,][0-9]+"
_CELL = rf"^[-+]? ?({_SIGN} ?[-+]?)?({_PLAIN})( ?{_SIGN})?$"
Sign = Literal[".", ","]


class NumberStyle(NamedTuple):
    """Signs in numbers.

    Attributes:
        decimal: Before the decimals.
        thousands: Between groups of three digits; empty where there are none.
        doubt: What a person must look at; empty where nothing.
        signs: Of money or %, before or behind numbers.
        blanks: Words that stand in place of numbers, such as Error.
    """

    decimal: Sign = "."
    thousands: Literal["", ".", ","] = ""
    doubt: str = ""
    signs: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """All cells that mean "no value"."""
        usual = Table.model_fields["missing"].default
        return (*usual, *(blank for blank in self.blanks if blank not in usual))

    def rules(self) -> dict[str, Any]:
        """Return the keys of a table of dataset.yml that say all this."""
        found = {"decimal": self.decimal, "thousands": self.thousands}
        return found | {"signs": self.signs, "missing": self.missing}


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
    style = _style({name: count or 0 for name, count in row.items()})
    signs, blanks = _words(sample, texts)
    return style._replace(signs=signs, blanks=blanks)


def _words(
    sample: ir.Table, names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words around numbers, and those in place of numbers."""
    cells = sample.select(**{f"c{i}": sample[n].strip() for i, n in enumerate(names)})
    counts: dict[str, ir.Value] = {}
    for name in cells.columns:
        text = cells[name].nullif("")
        is_number, is_word = text.re_search(_CELL), text.re_search(_NO_NUMBER)
        counts |= {
            f"there {name}": text.notnull().sum(),
            f"numbers {name}": is_number.sum(),
            f"words {name}": is_word.sum(),
            f"signed {name}": (is_number & text.re_search(_SIGN)).sum(),
        }
    row = cells.aggregate(**counts).to_pyarrow().to_pylist()[0]
    found = {key: count or 0 for key, count in row.items()}
    signs: set[str] = set()
    blanks: set[str] = set()
    for name in cells.columns:
        numbers, words = found[f"numbers {name}"], found[f"words {name}"]
        there = found[f"there {name}"]
        if numbers <= _HALF * there or numbers + words < _NEARLY_ALL * there:
            continue
        if found[f"signed {name}"]:
            signs |= _different(cells[name].re_extract(_SIGN, 0))
        if words:
            held = cells[name].re_search(_NO_NUMBER)
            blanks |= _different(ibis.ifelse(held, cells[name], None))
    return tuple(sorted(signs)), tuple(sorted(blanks))


def _different(words: ir.StringValue) -> set[str]:
    found = words.name("word").as_table().distinct().to_pyarrow()
    return {str(word) for word in found["word"].to_pylist() if word}


def _forms(sign: str, other: str) -> dict[str, str]:
    """Return patterns of cells in which a sign is surely one thing, or may be both."""
    s, o = f"[{sign}]", f"[{other}]"
    begin, end = rf"^\s*[-+]?({_SIGN} ?[-+]?)?", rf"( ?{_SIGN})?\s*$"
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
