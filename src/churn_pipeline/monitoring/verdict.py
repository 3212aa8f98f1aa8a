"""The verdict on one date's inputs and predictions, as JSON keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from churn_pipeline.monitoring.cost import Cause
from churn_pipeline.monitoring.domain import DomainVerdict
from churn_pipeline.monitoring.drift import ColumnDrift, DriftRule
from churn_pipeline.monitoring.faults import Fault
from churn_pipeline.monitoring.history import Moved, Watch
from churn_pipeline.monitoring.target import TargetVerdict
from churn_pipeline.monitoring.window_rule import WindowRule
from churn_pipeline.params import Params

PREDICTION = "churn_probability"
"""Column of a sample that holds the champion's predictions."""

MULTIVARIATE, TARGET = "columns together", "churn rate"
"""What the history of watches calls them."""

NOTHING_NEWER: Final = "nothing newer than the training data"

Verdict = Literal["quiet", "drift", "nothing newer than the training data"]


class DriftVerdict(Params):
    """What became of the columns, the predictions and the churn rate.

    Attributes:
        verdict: `drift` where anything that is judged drifted in this window;
            `nothing newer than the training data` where the rows are those that the
            champion learnt from, so that nothing was compared.
        confirmed: Whether there is an alarm: something that drifted in N of the last M
            windows, this one among them.
        drifted: The drifted columns; those that cost most come first.
        not_judged: Columns that move nearly altogether between any two dates of the
            reference, so that no move of theirs could tell of a drift.
        share_drifted: Share of the judged columns that drifted, in [0, 1].
        current_date: Observation date that was judged.
        reference_dates: First and last date of the reference.
        current_rows: Rows compared of the date.
        reference_rows: Rows compared of the reference.
        model_version: Version of the champion whose predictions are compared.
        prediction: What became of the predictions.
        columns: What became of each column, the drifted ones first, by distance.
        multivariate: Whether the columns together have drifted; None: too few rows.
        faults: Missing, new and out of range values that are more than ordinary.
        target: What became of the churn rate; None: no newer label has matured.
        causes: What drifted by what it tells of, the costliest first.
        unseen: Drifts that cannot be seen without labels, in words.
        window_dates: Dates of the windows that were counted, the newest last.
        windows: When what drifted is an alarm.
        rule: When something counts as drifted.
    """

    verdict: Verdict
    confirmed: bool = False
    drifted: tuple[str, ...]
    not_judged: tuple[str, ...]
    share_drifted: float
    current_date: dt.date
    reference_dates: tuple[dt.date, dt.date]
    current_rows: int
    reference_rows: int
    model_version: str
    prediction: ColumnDrift
    columns: tuple[ColumnDrift, ...]
    multivariate: DomainVerdict | None = None
    faults: tuple[Fault, ...] = ()
    target: TargetVerdict | None = None
    causes: tuple[Cause, ...] = ()
    unseen: tuple[str, ...] = ()
    window_dates: tuple[dt.date, ...] = ()
    windows: WindowRule = Field(default_factory=WindowRule)
    rule: DriftRule

    @property
    def n_judged(self) -> int:
        """Number of columns that could be judged."""
        return len(self.columns) - len(self.not_judged)

    @property
    def others_drifted(self) -> tuple[str, ...]:
        """What drifted beside columns and predictions, in words."""
        names = [f"{f.name} ({f.kind})" for f in self.faults]
        if self.multivariate is not None and self.multivariate.drifted:
            names.append(MULTIVARIATE)
        if self.target is not None and self.target.drifted:
            names.append(TARGET)
        return tuple(names)

    @property
    def in_words(self) -> str:
        """What came out, as one sentence."""
        if self.verdict == NOTHING_NEWER:
            return (
                "Nothing was compared: the newest rows are those that the model learnt "
                "from."
            )
        moved = "drifted too" if self.drifted else "drifted"
        predictions = moved if self.prediction.drifted else "did not drift"
        return (
            f"{len(self.drifted)} of {self.n_judged} columns drifted; the predictions "
            f"{predictions}."
        )

    @property
    def alarm_in_words(self) -> str:
        """Whether the windows before confirm it, as one sentence; empty when quiet."""
        if self.verdict != "drift":
            return ""
        rule = f"{self.windows.n} of the last {self.windows.m} windows"
        if self.confirmed:
            return f"Confirmed: the same drifted in {rule} or more."
        watched = len(self.window_dates)
        return (
            f"Not confirmed yet: an alarm takes {rule}, this one among them, and "
            f"{watched} {'has' if watched == 1 else 'have'} been watched."
        )

    @property
    def cost(self) -> float:
        """Money a customer that the costliest cause loses; 0 without a cause."""
        return max((cause.cost for cause in self.causes), default=0.0)

    def watch(self) -> Watch:
        """Return what the history keeps of it."""
        others = {PREDICTION: _moved(self.prediction)} | {
            fault.key: Moved(effect=fault.excess, limit=fault.limit, drifted=True)
            for fault in self.faults
        }
        if (both := self.multivariate) is not None:
            others[MULTIVARIATE] = Moved(
                effect=both.auc, limit=both.limit, drifted=both.drifted
            )
        if (churn := self.target) is not None:
            others[TARGET] = Moved(
                effect=abs(churn.rate - churn.reference),
                limit=churn.limit,
                drifted=churn.drifted,
            )
        return Watch(
            date=self.current_date,
            model_version=self.model_version,
            columns={column.name: _moved(column) for column in self.columns},
            others=others,
        )


def _moved(column: ColumnDrift) -> Moved:
    """Return what the history keeps of a column."""
    return Moved(
        effect=column.effect,
        limit=column.limit,
        drifted=column.drifted,
        cost=column.cost,
    )


def first_names(names: Sequence[str], at_most: int = 5) -> str:
    """Return the first so many names, and how many more there are.

    Examples:
        >>> first_names(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    rest = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {rest} more" if rest > 0 else "")
