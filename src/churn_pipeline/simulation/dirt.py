"""Bad rows of every kind that validation must catch.

They are added to the good rows, so that the truth about the good ones stays known. A
bad row is a copy of a good one, spoilt in one way, under an id of its own; only
`duplicate_id` keeps its id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

Row = dict[str, str | None]
Counts = dict[str, dict[str, int]]
"""Bad rows by table and kind."""


def _put(column: str, value: str) -> Callable[[Row], Row]:
    """Return a way to spoil a row: another value in one column."""
    return lambda row: row | {column: value}


def _slide(row: Row) -> Row:
    """Return a row whose cells slid one column to the right."""
    cells = list(row.values())
    return dict(zip(row, [None, *cells[:-1]], strict=True))


SPOIL: dict[str, dict[str, Callable[[Row], Row]]] = {
    "customers": {
        "duplicate_id": dict,
        "blank_id": _put("customer_id", ""),
        "unknown_category": _put("segment", "martian"),
        "negative_number": _put("age", "-7"),
        "text_in_number": _put("age", "unknown age"),
        "out_of_range": _put("income", "99000000000"),
        "infinite_number": _put("income", "inf"),
        "impossible_date": _put("signup_date", "2024-02-31"),
        "date_in_future": _put("signup_date", "2099-03-01"),
        "slid_row": _slide,
    },
    "transactions": {
        "duplicate_id": dict,
        "blank_id": _put("customer_id", ""),
        "text_in_number": _put("amount", "twelve"),
        "infinite_number": _put("amount", "inf"),
        "out_of_range": _put("amount", "123456789012.5"),
        "impossible_date": _put("event_time", "2024-13-45 10:00:00"),
        "date_in_future": _put("event_time", "2099-03-01 10:00:00"),
        "date_in_other_year": _put("event_time", "1970-01-01 00:00:00"),
        "slid_row": _slide,
    },
    "contracts": {
        "duplicate_id": dict,
        "blank_id": _put("customer_id", ""),
        "unknown_category": _put("plan", "platinum"),
        "negative_number": _put("monthly_charge", "-19.9"),
        "text_in_number": _put("monthly_charge", "free"),
        "out_of_range": _put("monthly_charge", "8000000"),
        "impossible_date": _put("start_date", "2024-06-31"),
        "slid_row": _slide,
    },
}
"""How to spoil a row, by table and kind. The first column of a row is its id."""


def add_dirt(
    rng: np.random.Generator,
    table: pa.Table,
    name: str,
    kinds: Sequence[str],
    share: float,
) -> tuple[pa.Table, dict[str, int]]:
    """Return a table with bad rows strewn in, and how many of each kind.

    Args:
        rng: Where the rows to spoil and the places to put them come from.
        table: Good rows, all cells text; the first column is the row's id.
        name: Which table it is, a key of `SPOIL`.
        kinds: What is wrong with the bad rows, keys of `SPOIL[name]`.
        share: Bad rows for each good one, 0 to 1. Each kind gets an equal part, and
            one row at least unless the share is 0.

    Returns:
        The table, and bad rows by kind.

    Raises:
        ValueError: There is no such kind.
    """
    unknown = sorted(set(kinds) - set(SPOIL[name]))
    if unknown:
        raise ValueError(
            f"expected kinds of bad rows of {name} out of {', '.join(SPOIL[name])}, "
            f"got {', '.join(unknown)}; correct `simulate.dirt.kinds`"
        )
    if not kinds or share == 0 or table.num_rows == 0:
        return table, {}
    each = max(1, round(table.num_rows * share / len(kinds)))
    picked = rng.choice(table.num_rows, each * len(kinds))
    rows = table.take(pa.array(picked)).to_pylist()
    which = [kind for kind in kinds for _ in range(each)]
    bad = [
        _spoil(row, name, kind, number)
        for number, (row, kind) in enumerate(zip(rows, which, strict=True))
    ]
    strewn = _strew(rng, table, pa.Table.from_pylist(bad, table.schema), picked)
    return strewn, dict.fromkeys(kinds, each)


def _spoil(row: Row, name: str, kind: str, number: int) -> Row:
    """Return a bad copy of a row, under an id of its own unless that is the fault."""
    key = next(iter(row))
    renamed = row if kind == "duplicate_id" else row | {key: f"{row[key]}X{number}"}
    return SPOIL[name][kind](renamed)


def _strew(
    rng: np.random.Generator, table: pa.Table, bad: pa.Table, origin: np.ndarray
) -> pa.Table:
    """Return good and bad rows in one table, each bad one after the row it copies."""
    place = rng.uniform(origin + 0.5, table.num_rows)
    order = np.argsort(np.concatenate([np.arange(table.num_rows), place]))
    return pa.concat_tables([table, bad]).take(pa.array(order)).combine_chunks()
