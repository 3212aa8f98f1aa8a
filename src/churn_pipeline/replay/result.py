"""What came of a replay, as its file and `--json` hold it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from churn_pipeline.params import Params
from churn_pipeline.replay.figures import Figures

FROZEN, MONTHLY, LOOP, HAZARD = "frozen", "monthly", "loop", "truth"
WAYS = (FROZEN, MONTHLY, LOOP, HAZARD)


class Event(Params):
    """Something that was planted.

    Attributes:
        start: Its first day.
        name: What it is, in a few words.
        end: The day after its last; None: it stays.
    """

    start: dt.date
    name: str
    end: dt.date | None = None


class Month(Params):
    """A step of the replay.

    Attributes:
        date: Its observation date.
        figures: By way to keep a model.
        alerts: What the loop raised anew.
        action: What it decided to do.
        decided: The same in words, with the reasons.
        held: Why less was done than a reason asked for; empty where it was done.
        reasons: Kinds of the reasons.
        released: Semantic version that took over; None: none did.
        refused: Why a model that was made did not; empty where none was refused.
    """

    date: dt.date
    figures: dict[str, Figures]
    alerts: tuple[str, ...] = ()
    action: str = "nothing"
    decided: str = ""
    held: str = ""
    reasons: tuple[str, ...] = ()
    released: str | None = None
    refused: str = ""


class Replayed(Params):
    """What came of a replay.

    Attributes:
        dataset: Name of the data set.
        unit: What a step is.
        currency: Of the money.
        seed: Of everything random.
        customers: Customers a step, on average.
        months: The steps, the oldest first.
        planted: What was planted in them.
        retrainings: Models that the loop trained after the first, refused ones too.
        recalibrations: Calibrations that it fit, likewise.
        retrainings_monthly: Models that were trained by retraining at each step.
    """

    dataset: str
    unit: Literal["month", "week"]
    currency: str
    seed: int
    customers: float
    months: tuple[Month, ...]
    planted: tuple[Event, ...] = ()
    retrainings: int
    recalibrations: int
    retrainings_monthly: int

    @property
    def shown(self) -> int:
        """How many characters of a date tell a step."""
        return 7 if self.unit == "month" else 10

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways to keep a model that were replayed."""
        return tuple(name for name in WAYS if name in self.months[0].figures)

    def earned(self, name: str) -> float:
        """Return the money a customer and step, of the steps where it is known."""
        found = [month.figures[name].profit for month in self.months]
        known = [value for value in found if value is not None]
        return sum(known) / max(1, len(known))

    def recovered(self, reference: str = MONTHLY) -> float | None:
        """Return the share of what the frozen model lost that the loop earned.

        Args:
            reference: What the frozen model is compared with.

        Returns:
            A share, above 1 where the loop earned more than the reference; None where
            the frozen model lost nothing.
        """
        lost = self.earned(reference) - self.earned(FROZEN)
        if lost <= 0:
            return None
        return (self.earned(LOOP) - self.earned(FROZEN)) / lost

    def summary(self) -> dict[str, Any]:
        """Return all of it as JSON takes it, the headline first.

        `profit_recovered` is a share, 0 to 1: more than the reference earned is no
        more than all.
        """
        share = self.recovered()
        told = None if share is None else min(1.0, max(0.0, share))
        of_truth = self.recovered(HAZARD) if HAZARD in self.ways else None
        return {
            "profit_recovered": told,
            "retrainings": self.retrainings,
            "retrainings_monthly": self.retrainings_monthly,
            "recalibrations": self.recalibrations,
            "profit_recovered_of_monthly": share,
            "profit_recovered_of_truth": of_truth,
            "profit": {name: self.earned(name) for name in self.ways},
            **self.model_dump(mode="json"),
        }
