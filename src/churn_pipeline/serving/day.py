"""The day to which a snapshot's dates are counted, when a file of it is scored."""

from __future__ import annotations

import datetime as dt

from churn_pipeline.dataset import Dataset

_DATES = ("date", "datetime")


def at_day(dataset: Dataset, day: str | None, *, today: str) -> Dataset:
    """Return the data set at the date of the file's rows.

    Days since a date of the table are counted to it. The date in dataset.yml is that
    of the rows the model learnt from, and older than those of a new file.

    Raises:
        ValueError: There is nothing to count, or the date is none.
    """
    if not counts_days(dataset):
        if day is not None:
            raise ValueError(
                "expected --date for a snapshot with a date among its features only, "
                f"got {day} for {dataset.name}, which has none; leave --date out"
            )
        return dataset
    try:
        date = dt.date.fromisoformat(day or today)
    except ValueError as error:
        raise ValueError(
            f"expected --date to be a date such as 2026-07-01, got {day!r}"
        ) from error
    return dataset.model_copy(update={"snapshot_date": date})


def counts_days(dataset: Dataset) -> bool:
    """Return whether a snapshot has features that are days since a date."""
    customers = dataset.tables.customers
    if dataset.shape != "snapshot" or customers is None:
        return False
    return any(c.feature and c.type in _DATES for c in customers.columns.values())
