"""Which rows train, tune, calibrate and test: by time, by customer, by strata.

No row stands on two sides: of events no (customer, observation date), of a snapshot
no customer.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.features.params import Split

if TYPE_CHECKING:
    import pandas as pd

    from churn_pipeline.features.observation import Calendar

PARTS = ("train", "validation", "calibration", "test")


def split_snapshot(
    customer_id: pd.Series, label: NDArray[np.float64], *, split: Split, seed: int
) -> NDArray[np.object_]:
    """Return the part of each row of a snapshot, stratified by label.

    Customers are put in an order that depends on their id and the seed alone, and
    each stratum is cut at the shares, with one customer at least in every part. All
    rows of a customer lie in one part.

    Args:
        customer_id: Any type, (n,).
        label: 1 or 0, (n,).
        split: Shares of validation, calibration and test.
        seed: Another seed gives another split.

    Returns:
        Text, (n,), of `train`, `validation`, `calibration`, `test`.

    Raises:
        ValueError: A class has fewer customers than there are parts.
    """
    import pandas as pd

    rows = pd.DataFrame({"customer_id": customer_id.to_numpy(), "label": label})
    customers = rows.groupby("customer_id", sort=True)["label"].max().reset_index()
    customers["draw"] = _draw(customers["customer_id"], seed)
    customers = customers.sort_values(["label", "draw"], kind="stable")
    stayed, churned = (int((customers["label"] == value).sum()) for value in (0, 1))
    if min(stayed, churned) < len(PARTS):
        raise ValueError(
            f"expected at least {len(PARTS)} customers who churned and as many who "
            "stayed, one for each of train, validation, calibration and test, got "
            f"{churned} who churned and {stayed} who stayed; bring more rows, or look "
            "at the label's `column` and `positive` in dataset.yml"
        )
    part = np.concatenate([_stratum(size, split) for size in (stayed, churned)])
    by_customer = dict(zip(customers["customer_id"], part, strict=True))
    return rows["customer_id"].map(by_customer).to_numpy(dtype=object)


def split_events(
    rows: pd.DataFrame, calendar: Calendar, *, split: Split, seed: int
) -> NDArray[np.object_]:
    """Return the part of each row of a data set of events.

    The newest mature date tests. Each earlier part ends so long before the next
    part's first date that none of its labels looks at a day after that; rows between
    are `gap`.

    Args:
        rows: With `customer_id`, `observation_date` (dates) and `label`.
        calendar: Observation dates, lead time and horizon.
        split: By time or by customers; shares of customers.
        seed: Another seed draws other customers.

    Returns:
        Text, (n,), of `train`, `validation`, `calibration`, `test`, `gap` and
        `not_mature` (the horizon has not passed).

    Raises:
        ValueError: The history leaves no date to train on.
    """
    import pandas as pd

    by_date = date_parts(calendar, split)
    part = pd.Series(rows["observation_date"]).map(by_date).to_numpy(dtype=object)
    if "validation" not in by_date.values():
        trained = part == "train"
        draw = _draw(rows["customer_id"], seed)[trained]
        part[trained] = _cut(draw, split, test=0.0)
    # A mature row without a label was lost within the lead time.
    part[np.isnan(rows["label"].to_numpy()) & (part != "not_mature")] = "gap"
    return part


def date_parts(calendar: Calendar, split: Split) -> dict[dt.date, str]:
    """Return the part of each observation date.

    Raises:
        ValueError: The history leaves no date to train on.
    """
    if split.by != "customers":
        parts = _assign(calendar, PARTS[::-1])
        dates = sum(part == "train" for part in parts.values())
        if dates >= (1 if split.by == "time" else split.min_train_dates):
            return parts
    parts = _assign(calendar, ("test", "train"))
    if split.by == "time" or "train" not in parts.values():
        mature = [str(date) for date in calendar.dates if calendar.is_mature(date)]
        other = ", or set `split.by` to customers" if "train" in parts.values() else ""
        raise ValueError(
            "expected observation dates to train on, at least "
            f"{calendar.reach_days} days before the next part's, got only "
            f"{', '.join(mature[:5])}; lower `feature_engineering.lookback_days`, "
            f"`observe` or the label's `horizon_days`{other}"
        )
    return parts


def _assign(calendar: Calendar, backwards: tuple[str, ...]) -> dict[dt.date, str]:
    """Return the parts of the dates, given the parts from the newest to the oldest.

    Each part takes one date, the oldest part every date that is left.
    """
    parts: dict[dt.date, str] = {}
    names = list(backwards)
    reach = dt.timedelta(days=calendar.reach_days)
    until = calendar.as_of - reach
    for date in sorted(calendar.dates, reverse=True):
        if not calendar.is_mature(date):
            parts[date] = "not_mature"
        elif date > until:
            parts[date] = "gap"
        else:
            parts[date] = names[0]
            if len(names) > 1:
                names.pop(0)
                until = date - reach
    return parts


def _draw(customer_id: pd.Series, seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each customer, of the id and the seed alone."""
    import pandas as pd

    text = customer_id.astype(str).to_numpy(dtype=object)
    hashed = pd.util.hash_array(text, hash_key=f"{seed:016d}"[-16:], categorize=True)
    return hashed.astype(np.float64) / 2.0**64


def _stratum(size: int, split: Split) -> NDArray[np.object_]:
    """Return the part of each of `size` >= 4 ordered places, every part at least once.

    The shares alone give a part of few customers none: the largest then gives one.
    """
    parts = _cut((np.arange(size) + 0.5) / size, split, test=split.test)
    counts = {part: int((parts == part).sum()) for part in PARTS[::-1]}
    for part in [part for part, count in counts.items() if count == 0]:
        largest = max(counts, key=counts.__getitem__)
        counts[largest] -= 1
        counts[part] = 1
    return np.repeat(np.array(list(counts), dtype=object), list(counts.values()))


def _cut(
    place: NDArray[np.float64], split: Split, *, test: float
) -> NDArray[np.object_]:
    """Return the part of each place in [0, 1): shares of the held-out parts first."""
    edges = np.cumsum([test, split.calibration, split.validation])
    names = np.array(["test", "calibration", "validation", "train"], dtype=object)
    part: NDArray[np.object_] = names[np.searchsorted(edges, place, side="right")]
    return part
