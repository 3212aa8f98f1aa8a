"""Which rows test a model and which, in folds, it is fit on.

No row stands on two sides: of events no (customer, observation date), of a snapshot
no customer. No customer stands in two folds.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.features.folds import FEWEST, assign_folds, draw
from churn_pipeline.features.params import Split

if TYPE_CHECKING:
    import pandas as pd

    from churn_pipeline.features.observation import Calendar

TRAIN, TEST, GAP, NOT_MATURE = "train", "test", "gap", "not_mature"


class Parts(NamedTuple):
    """Where each row stands.

    Attributes:
        split: Text, (n,): `train`, `test`, `gap` (between the two, or lost within
            the lead time) or `not_mature` (the horizon has not passed).
        fold: int64, (n,): the fold of a training row, from 0; -1 of any other.
    """

    split: NDArray[np.object_]
    fold: NDArray[np.int64]


def split_snapshot(
    customer_id: pd.Series, label: NDArray[np.float64], *, split: Split, seed: int
) -> Parts:
    """Return the parts of a snapshot's rows, stratified by label.

    Customers are put in an order that depends on their id and the seed alone, and
    the first of each stratum test, one at least. All rows of a customer lie in one
    part.

    Args:
        customer_id: Any type, (n,).
        label: 1 or 0, (n,).
        split: Share of the test, number of folds.
        seed: Another seed gives another split.

    Raises:
        ValueError: A class has too few customers for a test and two folds.
    """
    import pandas as pd

    rows = pd.DataFrame({"customer_id": customer_id.to_numpy(), "label": label})
    customers = rows.groupby("customer_id", sort=True)["label"].max().reset_index()
    customers["draw"] = draw(customers["customer_id"], seed)
    customers = customers.sort_values(["label", "draw"], kind="stable")
    stayed, churned = (int((customers["label"] == value).sum()) for value in (0, 1))
    if min(stayed, churned) < FEWEST + 1:
        raise ValueError(
            f"expected at least {FEWEST + 1} customers who churned and as many who "
            f"stayed, one to test and one for each of {FEWEST} folds, got "
            f"{churned} who churned and {stayed} who stayed; bring more rows, or look "
            "at the label's `column` and `positive` in dataset.yml"
        )
    tests = np.concatenate([_first(size, split.test) for size in (stayed, churned)])
    tested = set(customers.loc[tests, "customer_id"])
    part = np.where(rows["customer_id"].isin(tested), TEST, TRAIN).astype(object)
    return _with_folds(part, rows["customer_id"], label, split=split, seed=seed)


def split_events(
    rows: pd.DataFrame, calendar: Calendar, *, split: Split, seed: int
) -> Parts:
    """Return the parts of the rows of a data set of events.

    The newest mature date tests. The training rows end so long before it that none
    of their labels looks at a day after it; rows between are `gap`. With `by:
    customer` a share of its customers tests, none of whose rows train; all mature rows
    of the others do.

    Args:
        rows: With `customer_id`, `observation_date` (dates) and `label`.
        calendar: Observation dates, lead time and horizon.
        split: Number of folds.
        seed: Another seed gives other folds.

    Raises:
        ValueError: The history leaves no date, or too few customers, to train on.
    """
    import pandas as pd

    by_date = date_parts(calendar)
    part = pd.Series(rows["observation_date"]).map(by_date).to_numpy(dtype=object)
    if split.by == "customer":
        tests = _testing(calendar, split)
        kept = draw(rows["customer_id"], seed) < split.test
        part[kept & rows["observation_date"].isin(tests)] = TEST
        part = _apart(part, kept)
    label = rows["label"].to_numpy(dtype=np.float64)
    # A mature row without a label was lost within the lead time.
    part[np.isnan(label) & (part != NOT_MATURE)] = GAP
    return _with_folds(part, rows["customer_id"], label, split=split, seed=seed)


def _testing(calendar: Calendar, split: Split) -> list[dt.date]:
    """Return the dates whose customers test, kept apart."""
    mature = [date for date in calendar.dates if calendar.is_mature(date)]
    newest = mature[-split.dates :]
    return [d for d in newest if split.since is None or d >= split.since] or mature[-1:]


def _apart(part: NDArray[np.object_], kept: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Return the parts where the customers kept apart test, and all others train."""
    learns = np.where((part != NOT_MATURE) & ~kept, TRAIN, part)
    return np.where(kept & (learns == TRAIN), GAP, learns).astype(object)


def date_parts(calendar: Calendar) -> dict[dt.date, str]:
    """Return the part of each observation date.

    Raises:
        ValueError: The history leaves no date to train on.
    """
    mature = [date for date in calendar.dates if calendar.is_mature(date)]
    until = max(mature) - dt.timedelta(days=calendar.reach_days)
    if not mature[0] <= until:
        raise ValueError(
            f"expected observation dates to train on, at least {calendar.reach_days} "
            "days before the newest whose labels are known, got only "
            f"{', '.join(map(str, mature[:5]))}; lower "
            "`feature_engineering.lookback_days`, `observe` or the label's "
            "`horizon_days`"
        )
    found = dict.fromkeys(calendar.dates, NOT_MATURE)
    for date in mature:
        found[date] = TRAIN if date <= until else GAP
    return found | {max(mature): TEST}


def _first(size: int, share: float) -> NDArray[np.bool_]:
    """Return which of `size` ordered places test: the first ones.

    One place does at least, and so many are left that each of two folds has one.
    """
    count = int(np.sum((np.arange(size) + 0.5) / size < share))
    return np.arange(size) < min(max(count, 1), size - FEWEST)


def _with_folds(
    part: NDArray[np.object_],
    customer_id: pd.Series,
    label: NDArray[np.float64],
    *,
    split: Split,
    seed: int,
) -> Parts:
    trains = part == TRAIN
    fold = np.full(len(part), -1)
    fold[trains] = assign_folds(
        customer_id[trains], label[trains], folds=split.folds, seed=seed
    )
    return Parts(part, fold)
