"""How features are made: the parameters of `feature_engineering`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.params import Params

Days = Annotated[int, Field(ge=1)]


class Split(Params):
    """Which rows test a model, and in how many folds the others train it.

    Attributes:
        by: Of events: `date`, all customers of the newest date whose labels are known
            test, and what is learnt ends before; `customer`, a share of them does, and
            the rows of all others are learnt from, those of that date too. The first
            tells how a model does on days to come, the second whether it is better
            than another on the customers of now.
        test: Share that tests, 0 to 1: of a snapshot's rows; of events by customer, of
            the customers.
        dates: Of events by customer, how many of the newest dates with known labels
            test.
        since: Of events by customer, no date before this one tests but the newest.
        folds: Folds of customers that the training rows are cross-fit in, 2 or more.
            None: 8 up to 30,000 rows, 5 up to 300,000, 3 beyond. Fewer where there
            are too few customers for one of each class in every fold.
    """

    by: Literal["date", "customer"] = "date"
    test: float = Field(default=0.2, gt=0, lt=1)
    dates: int = Field(default=1, ge=1)
    since: dt.date | None = None
    folds: int | None = Field(default=None, ge=2)


class FeatureEngineering(Params):
    """Typed form of `params:feature_engineering`; the defaults suit any event log.

    Attributes:
        as_of: The day on which a model is trained: labels come from horizons that
            ended by then, and from rows known by then. None: the end of the data.
        observe: `month` observes on each month's first day; a number observes every
            so many days, counted back from the newest date whose horizon has passed.
        lookback_days: History before the first observation date, in days. None: as
            long as the longest window, or shorter where the data are.
        windows_days: Lengths of the windows in which activity is counted.
        active_within_days: A customer without a running contract is observed with at
            least one activity in so many days, and after the last contract ended.
            None: every customer seen so far who is not lost with a contract.
        counted_kinds: Kinds of event, other than activity, counted per window.
        amount_resolution: Smallest difference of amounts that is told apart, in the
            data set's currency. Amounts are counted in whole multiples of it, so
            that sums are exact whatever the order in which an engine adds them.
        season: Whether the month of the observation date is a feature. Worth it once
            the training dates cover a year: a model cannot know an unseen month.
        renewal_grace_days: A contract that begins so many days after another's end
            renews it.
        known_lag_days: Days after which what happened is known to the company: a
            label is settled so many days after its horizon. None: found in the data,
            as the days within which 99.9 % of the rows were known.
        split: Which rows test, and in how many folds the others train.
    """

    as_of: dt.date | None = None
    observe: Literal["month"] | Days = 30
    lookback_days: Days | None = None
    windows_days: tuple[Days, ...] = Field(default=(7, 30, 90, 180), min_length=1)
    active_within_days: Days | None = None
    counted_kinds: tuple[str, ...] = ()
    amount_resolution: float = Field(default=0.01, gt=0)
    season: bool = False
    renewal_grace_days: int = Field(default=7, ge=0)
    known_lag_days: int | None = Field(default=None, ge=0)
    split: Split = Split()

    @model_validator(mode="after")
    def _windows_grow(self) -> FeatureEngineering:
        if list(self.windows_days) != sorted(set(self.windows_days)):
            raise ValueError(
                "expected windows_days in growing order without repetition, "
                f"got {list(self.windows_days)}"
            )
        return self

    def reach_days(self, dataset: Dataset) -> int:
        """Return the days from an observation date to the last its label looks at.

        0 for a snapshot, whose label is given.
        """
        label = dataset.label
        if isinstance(label, ColumnLabel):
            return 0
        by_contract = (
            label.rule == "contract_end" and dataset.tables.contracts is not None
        )
        grace = self.renewal_grace_days if by_contract else 0
        return label.lead_time_days + label.horizon_days + grace

    @property
    def longest_days(self) -> int:
        """The longest window, in days."""
        return self.windows_days[-1]
