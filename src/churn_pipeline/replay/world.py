"""What was known on each day of a history that has been."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn_pipeline.features.observation import Calendar
from churn_pipeline.features.params import Split
from churn_pipeline.features.split import split_events

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["customer_id", "observation_date"]
TRUTH = "true_churn_probability"


@dataclass(frozen=True)
class Wrong:
    """Rows as they were seen while something was wrong with the data.

    Attributes:
        until: From this day on they are right.
        rows: As `World.rows`, of the dates that it spoilt.
    """

    until: dt.date
    rows: pd.DataFrame


@dataclass(frozen=True)
class World:
    """A history, of which each day knows its past alone.

    Attributes:
        rows: Keys, features, columns of reports, `label` as it became (NaN: never
            known) and, where it is known, the true churn probability.
        feature_set: What the columns are.
        calendar: Observation dates, and when their labels are settled.
        steps: The dates that are replayed.
        wrong: What looked otherwise for a while.
        rejected: Share of the raw rows that validation rejected, by table: `rows` and
            `rejected`.
    """

    rows: pd.DataFrame
    feature_set: dict[str, Any]
    calendar: Calendar
    steps: tuple[dt.date, ...]
    wrong: Sequence[Wrong] = ()
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)

    def seen(self, day: dt.date) -> pd.DataFrame:
        """Return the rows of all dates up to a day as they look on that day.

        Labels are those that are settled by then; the truth nobody sees.
        """
        import pandas as pd

        rows = self.rows[self.rows["observation_date"] <= day]
        rows = rows.drop(columns=TRUTH, errors="ignore")
        for fault in self.wrong:
            if day < fault.until:
                spoilt = fault.rows[fault.rows["observation_date"] <= day]
                dates = spoilt["observation_date"].unique()
                kept = rows[~rows["observation_date"].isin(dates)]
                rows = pd.concat([kept, spoilt])
        rows = rows.sort_values(["observation_date", "customer_id"], ignore_index=True)
        settled = rows["observation_date"].map(self.calendar_of(day).is_mature)
        return rows.assign(label=rows["label"].where(settled.astype(bool), np.nan))

    def model_input(self, day: dt.date, split: Split, *, seed: int) -> pd.DataFrame:
        """Return what a model is made from on a day: `seen`, with split and fold.

        Raises:
            ValueError: No date can be learnt from yet.
        """
        rows = self.seen(day)
        parts = split_events(rows, self.calendar_of(day), split=split, seed=seed)
        return rows.assign(**parts._asdict())

    def at(self, day: dt.date) -> pd.DataFrame:
        """Return the customers of a day as they look on it."""
        rows = self.seen(day)
        return rows[rows["observation_date"] == day].reset_index(drop=True)

    def became(self, day: dt.date) -> pd.DataFrame:
        """Return the customers of a day with the labels that they got at last."""
        rows = self.rows[self.rows["observation_date"] == day]
        return rows.sort_values("customer_id", ignore_index=True)

    def settled_between(self, after: dt.date, until: dt.date) -> pd.DataFrame:
        """Return the rows whose labels are settled by a day, and were not before."""
        known = self.calendar_of(until)
        before = self.calendar_of(after)
        dates = [
            date
            for date in known.dates
            if known.is_mature(date) and not before.is_mature(date)
        ]
        rows = self.rows[self.rows["observation_date"].isin(dates)]
        return rows[rows["label"].notna()]

    def calendar_of(self, day: dt.date) -> Calendar:
        """Return the calendar as of a day, without later dates."""
        dates = tuple(date for date in self.calendar.dates if date <= day)
        return replace(self.calendar, dates=dates, as_of=day)
