"""Numbers of an unknown file that lie so far from all others that they look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import ibis.expr.types as ir

_TAILS = 30  # so many times as far from the middle as the last hundredth begins
_GAP = 3  # the tail must end at this part of the way, else it is only a long one
_MOST = 0.001  # share of the numbers: what is more frequent is no slip


class Usual(NamedTuple):
    """Where the numbers of a column lie.

    Attributes:
        low: The smallest that is not far off.
        high: The largest.
        far_off: How many numbers lie beyond, with a wide gap between.
        farthest: The farthest of them; None where there is none.
    """

    low: float | None
    high: float | None
    far_off: int = 0
    farthest: float | None = None


def tail_statistics(number: ir.FloatingValue, i: int) -> dict[str, ir.Value]:
    """Return what `usual_range` wants to know of column `i`."""
    return {
        f"first {i}": number.approx_quantile(0.01),
        f"middle {i}": number.approx_quantile(0.5),
        f"last {i}": number.approx_quantile(0.99),
    }


def usual_range(cells: ir.Table, i: int, row: Mapping[str, Any]) -> Usual:
    """Return where the numbers of a column lie; only doubtful ones are read again.

    Args:
        cells: The table, with the numbers in `n<i>`.
        i: Number of the column.
        row: `low i`, `high i`, `numbers i` and what `tail_statistics` asks for.
    """
    low, high, middle = row[f"low {i}"], row[f"high {i}"], row[f"middle {i}"]
    if low is None or high is None:
        return Usual(low, high)
    lower = middle - _TAILS * (middle - row[f"first {i}"])
    upper = middle + _TAILS * (row[f"last {i}"] - middle)
    if middle in (lower, upper) or lower <= low <= high <= upper:
        return Usual(low, high)
    numbers = cells[f"n{i}"]
    inside = numbers.between(lower, upper)
    counted = cells.aggregate(
        low=numbers.min(where=inside),
        high=numbers.max(where=inside),
        far_off=numbers.notnull().sum(where=~inside),
    )
    (found,) = counted.to_pyarrow().to_pylist()
    ends_early = (
        found["high"] - middle <= (upper - middle) / _GAP
        and middle - found["low"] <= (middle - lower) / _GAP
    )
    if not ends_early or found["far_off"] > max(1, _MOST * row[f"numbers {i}"]):
        return Usual(low, high)
    return Usual(**found, farthest=high if high > upper else low)
