"""Whom to call today: the newest list, cut to the calls and the money there are."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from pydantic import BaseModel

from churn_pipeline.serving.desk.lists import places_of
from churn_pipeline.serving.desk.places import ASSIGNMENTS, CALLS, Places
from churn_pipeline.serving.newest import newest, version_of
from churn_pipeline.serving.refusal import Problem, Refusal, refusal, shown

SHOWN = 200
"""Rows that the page gets; the file has all."""
_OWN = (
    *("rank", "customer_id", "churn_probability", "expected_profit"),
    *("expected_spend", "currency", "certainty", "reasons"),
)
_SURE = {
    "leaves": "expected to leave",
    "stays": "expected to stay",
    "not_sure": "not sure",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST = 10**9


class ToCall(BaseModel):
    """One customer to call.

    Attributes:
        rank: From 1: the call that is expected to earn most.
        customer_id: Whom to call.
        churn_probability: Of leaving, in [0, 1].
        expected_profit: Money that the call is expected to earn.
        expected_spend: Money that it and its offer are expected to cost; taken off the
            profit already.
        certainty: `leaves`, `stays` or `not_sure`.
        reasons: What raises the risk most, the weightiest first.
        about: The customer's groups, by column.
    """

    rank: int
    customer_id: str
    churn_probability: float
    expected_profit: float
    expected_spend: float
    certainty: str
    reasons: list[str]
    about: dict[str, str]


class CallsShown(BaseModel):
    """Answer to `/desk/calls`.

    Attributes:
        written: Version of the list: when its run began. Empty where there is none.
        currency: Of all sums.
        listed: Customers on the whole list.
        kept_aside: Customers who would be on it and are kept aside to measure what
            calls bring.
        taken: Customers within the calls and the money asked for.
        expected_profit: Money that these calls are expected to earn.
        expected_spend: Money that they are expected to cost.
        rows: The first of them, at most 200.
    """

    written: str
    currency: str
    listed: int
    kept_aside: int
    taken: int
    expected_profit: float
    expected_spend: float
    rows: list[ToCall]


class Budget(NamedTuple):
    """What there is to spend; None: no limit.

    Attributes:
        calls: Number of calls.
        money: What they may be expected to cost.
    """

    calls: int | None = None
    money: float | None = None

    @classmethod
    def of(cls, query: str) -> Budget:
        """Return what an address asks for: `calls`, `money`, both or neither.

        Raises:
            Refusal: 422: it names something else, or no number of 0 or more.

        Examples:
            >>> Budget.of("calls=20&money=99.5")
            Budget(calls=20, money=99.5)
        """
        given = dict(parse_qsl(query, keep_blank_values=True))
        for name in given.keys() - {"calls", "money"}:
            problem = Problem(
                code="unknown_field",
                field=name[:80],
                expected="calls or money",
                received=shown(name),
            )
            raise Refusal(422, [problem])
        calls = _number("calls", given.get("calls"), whole=True)
        return cls(
            None if calls is None else int(calls),
            _number("money", given.get("money"), whole=False),
        )


class Listed(NamedTuple):
    """The newest list.

    Attributes:
        written: Version of it; empty where there is none.
        currency: Of its sums.
        rows: Whom to call.
        kept_aside: How many are not, to measure what calls bring.
    """

    written: str
    currency: str
    rows: Sequence[ToCall]
    kept_aside: int


def read_calls(places: Places) -> Listed:
    """Return the newest list; an empty one where none has been made."""
    file = newest(places.outputs / CALLS)
    if file is None:
        return Listed("", "", [], 0)
    found = list(_read(file))
    currency = found[0]["currency"] if found else ""
    rows = [_row(row) for row in found]
    aside = places.outputs / ASSIGNMENTS / version_of(file) / ASSIGNMENTS
    return Listed(version_of(file), currency, rows, _kept_aside(aside))


def call_of(places: Places, customer_id: str) -> ToCall | None:
    """Return a customer's place on the newest list; None: not on it."""
    file = newest(places.outputs / CALLS)
    rows = iter(()) if file is None else _read(file)
    return next((_row(row) for row in rows if row["customer_id"] == customer_id), None)


def within(rows: Sequence[ToCall], budget: Budget) -> list[ToCall]:
    """Return the first of a list, as long as calls and money last."""
    taken, spent = [], 0.0
    for row in rows[: budget.calls]:
        spent += row.expected_spend
        if budget.money is not None and round(spent, 2) > budget.money:  # to the cent
            break
        taken.append(row)
    return taken


def show_calls(listed: Listed, budget: Budget) -> CallsShown:
    """Return what the page shows."""
    taken = within(listed.rows, budget)
    return CallsShown(
        written=listed.written,
        currency=listed.currency,
        listed=len(listed.rows),
        kept_aside=listed.kept_aside,
        taken=len(taken),
        expected_profit=round(math.fsum(row.expected_profit for row in taken), 2),
        expected_spend=round(math.fsum(row.expected_spend for row in taken), 2),
        rows=taken[:SHOWN],
    )


def calls_as_csv(listed: Listed, budget: Budget) -> bytes:
    """Return the list as a spreadsheet opens it, in the words of who calls.

    A text that a spreadsheet would compute is told as text.
    """
    taken = within(listed.rows, budget)
    groups = list(taken[0].about) if taken else []
    money = f" ({listed.currency})" if listed.currency else ""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(
        [
            *("Rank", "Customer", "Risk of leaving"),
            *(f"Call is expected to earn{money}", f"and to cost{money}"),
            *("How sure", "Why", *groups),
        ]
    )
    for row in taken:
        texts = (_SURE.get(row.certainty, row.certainty), "; ".join(row.reasons))
        sheet.writerow(
            [
                *(row.rank, _text(row.customer_id), f"{row.churn_probability:.0%}"),
                *(f"{row.expected_profit:.2f}", f"{row.expected_spend:.2f}"),
                *map(_text, (*texts, *row.about.values())),
            ]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # Excel takes UTF-8 by this mark


def _read(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def _row(given: dict[str, str]) -> ToCall:
    return ToCall(
        rank=int(given["rank"]),
        customer_id=given["customer_id"],
        churn_probability=float(given["churn_probability"]),
        expected_profit=float(given["expected_profit"]),
        expected_spend=float(given["expected_spend"]),
        certainty=given["certainty"],
        reasons=[part for part in given["reasons"].split("; ") if part],
        about={name: text for name, text in given.items() if name not in _OWN},
    )


def _kept_aside(file: Path) -> int:
    if not file.is_file():
        return 0
    from pyarrow import parquet

    arms = parquet.ParquetFile(file).read(columns=["arm"])["arm"]
    return len(places_of(arms, "control"))


def _number(name: str, text: str | None, *, whole: bool) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if 0 <= value <= _MOST and (not whole or value == int(value)):
        return value
    kind = "a whole number" if whole else "a number"
    raise refusal(
        422,
        "invalid_value",
        expected=f"{kind} from 0 to {_MOST:,} for {name}",
        received=shown(text),
    )


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
