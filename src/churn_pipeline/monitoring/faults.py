"""What data faults look like: values gone missing, never seen, or out of range.

Each is judged apart from how far the column's distribution moved: a new category of one
customer in fifty is no drift of the column, and still worth a look at the source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.monitoring.distance import Kind, as_texts, holm, missing_change
from churn_pipeline.monitoring.drift import DriftRule, Sample, date_groups, is_calendar
from churn_pipeline.params import Params

FaultKind = Literal["missing", "new category", "out of range"]
Flags = NDArray[np.bool_]

MAX_EXAMPLES = 5
MARGIN = 0.05
"""Share of the known range by which a number may be beyond it: a day more in a leap
year, the next record."""


class Fault(Params):
    """What is wrong with the values of a column.

    Attributes:
        name: Column name.
        kind: What is wrong.
        share: Share of the newest customers with such a value, in [0, 1].
        reference: Share of the reference's; 0 of what it does not know.
        ordinary: Largest such share, or rise of it, between two reference dates.
        limit: Share, or rise of it where values are missing, from which on it counts.
        p_corrected: Of being chance, corrected for the number of tests.
        confirmed: Whether it counted in N of the last M windows, this one among them.
        seen: The commonest new categories, or the lowest and the highest number.
    """

    name: str
    kind: FaultKind
    share: float
    reference: float
    ordinary: float
    limit: float
    p_corrected: float
    confirmed: bool = False
    seen: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name in the history of watches."""
        return f"{self.kind}:{self.name}"

    @property
    def excess(self) -> float:
        """What is held against the limit: the share, or the rise of the missing."""
        return self.share - self.reference


class _Test(NamedTuple):
    """One test; its p-value is not corrected yet."""

    fault: Fault
    p_value: float


def find_faults(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    rule: DriftRule,
) -> tuple[Fault, ...]:
    """Return the faults that are more than ordinary and no chance, the largest first.

    Args:
        reference: Rows that the champion was made from.
        current: Rows of the newest observation date.
        kinds: The columns to look at and their kinds.
        rule: From which share on, and how sure.
    """
    groups = date_groups(reference, rule)
    tests = [
        test
        for name, kind in kinds.items()
        if not is_calendar(reference, current, name)
        for test in _tests(
            name,
            kind,
            (reference.columns[name], current.columns[name]),
            groups=groups,
            rule=rule,
        )
    ]
    corrected = holm(np.array([test.p_value for test in tests], np.float64))
    found = [
        test.fault.model_copy(update={"p_corrected": float(p)})
        for test, p in zip(tests, corrected, strict=True)
        if test.fault.excess >= test.fault.limit and p < rule.alpha_of_part
    ]
    return tuple(sorted(found, key=lambda fault: fault.excess, reverse=True))


def _tests(
    name: str,
    kind: Kind,
    samples: tuple[NDArray[Any], NDArray[Any]],
    *,
    groups: Sequence[NDArray[np.intp]],
    rule: DriftRule,
) -> list[_Test]:
    """Return what is tested of a column: missing values, and unknown ones."""
    before, now = (_values(values, kind) for values in samples)
    unseen: FaultKind = "new category" if kind == "category" else "out of range"
    return [
        _missing(name, _gone(before), _gone(now), groups=groups, rule=rule),
        _unknown(name, unseen, before, now, groups=groups, rule=rule),
    ]


def _missing(
    name: str,
    before: Flags,
    now: Flags,
    *,
    groups: Sequence[NDArray[np.intp]],
    rule: DriftRule,
) -> _Test:
    """Test whether more is missing than before; that less is missing is no fault."""
    shares = [float(before[rows].mean()) for rows in groups]
    rise = float(now.mean() - before.mean())
    change = missing_change(before, now)
    ordinary = max(shares) - min(shares)
    fault = Fault(
        name=name,
        kind="missing",
        share=float(now.mean()),
        reference=float(before.mean()),
        ordinary=ordinary,
        limit=rule.beyond(ordinary, rule.missing_threshold),
        p_corrected=1.0,
    )
    return _Test(fault, change.p_value if rise > 0 else 1.0)


def _unknown(
    name: str,
    kind: FaultKind,
    before: NDArray[Any],
    now: NDArray[Any],
    *,
    groups: Sequence[NDArray[np.intp]],
    rule: DriftRule,
) -> _Test:
    """Test whether values come that the reference does not know."""
    from scipy.special import bdtrc

    new = _is_unknown(before, now)
    pairs = permutations((before[rows] for rows in groups), 2)
    ordinary = max(
        (float(_is_unknown(one, other).mean()) for one, other in pairs), default=0.0
    )
    count, n = int(new.sum()), len(now)
    usual = max(ordinary, 2 / (len(before) + 1))  # a new record comes so often
    fault = Fault(
        name=name,
        kind=kind,
        share=count / n,
        reference=0.0,
        ordinary=ordinary,
        limit=rule.beyond(ordinary, rule.unseen_threshold),
        p_corrected=1.0,
        seen=_examples(now[new]),
    )
    return _Test(fault, float(bdtrc(count - 1, n, usual)) if count else 1.0)


def _values(values: NDArray[Any], kind: Kind) -> NDArray[Any]:
    """Return numbers with NaN, or texts as of `as_texts`."""
    if kind == "number":
        return np.asarray(values, np.float64)
    return as_texts(values)


def _gone(values: NDArray[Any]) -> Flags:
    """Return which values are missing."""
    return np.asarray(np.isnan(values) if values.dtype.kind == "f" else values == "")


def _is_unknown(before: NDArray[Any], now: NDArray[Any]) -> Flags:
    """Return which values are no known category, or far out of the known range."""
    known = before[~_gone(before)]
    if not len(known):
        return np.zeros(len(now), bool)
    if now.dtype.kind == "f":
        low, high = known.min(), known.max()
        margin = MARGIN * (high - low)
        return np.asarray((now < low - margin) | (now > high + margin))
    return np.asarray(~np.isin(now, np.unique(known)) & ~_gone(now))


def _examples(values: NDArray[Any]) -> tuple[str, ...]:
    """Return the commonest texts, or the lowest and the highest number."""
    if not len(values):
        return ()
    if values.dtype.kind == "f":
        return tuple(f"{end:,.6g}" for end in np.unique([values.min(), values.max()]))
    texts, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_EXAMPLES]
    return tuple(str(texts[i])[1:] for i in order)
