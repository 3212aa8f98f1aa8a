"""Parameters of the replay (root key `replay`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field, model_validator

from churn_pipeline.params import Params
from churn_pipeline.simulation.params import ConceptChange, InputDrift


class Fault(Params):
    """Amounts that came in another unit, until somebody mended them at the source.

    Attributes:
        start: First day of the events that came wrong.
        mended: Day from which on these events, too, are right.
        factor: What their amounts are multiplied by until then.
    """

    start: dt.date
    mended: dt.date
    factor: float = Field(gt=0)

    @model_validator(mode="after")
    def _ends(self) -> Fault:
        if not self.start < self.mended:
            raise ValueError(
                f"expected a fault that is mended after its start, got {self.start} to "
                f"{self.mended}"
            )
        return self


class Planted(Params):
    """What is planted in the company that is replayed, beside its ordinary life.

    Attributes:
        companies: Names of the data sets that are the simulated company. Of any other
            nothing is planted: the history of its own events is replayed.
        history_months: Months of data before the first month that is replayed.
        input_drifts: Other customers, other sales; see the simulation's.
        concept_changes: Other reasons to leave; see the simulation's.
        faults: What was wrong with the data for a while.
    """

    companies: tuple[str, ...]
    history_months: int = Field(ge=9)
    input_drifts: tuple[InputDrift, ...] = ()
    concept_changes: tuple[ConceptChange, ...] = ()
    faults: tuple[Fault, ...] = ()


class Replay(Params):
    """What is replayed.

    Attributes:
        steps: Months, or weeks of a data set of its own; None: all there are.
        customers: Of the simulated company, those who ever signed up.
        planted: What is planted; None of a data set that is no simulation.
        learnt_dates: Observation dates with known labels before the first step, of a
            data set of its own.
        instead: Parameters that the replay takes instead of the data set's own, by
            root key, so that it is quick; what is not named stays.
    """

    steps: int | None = Field(default=None, ge=4, le=200)
    customers: int = Field(default=3000, ge=200)
    planted: Planted | None = None
    learnt_dates: int = Field(default=6, ge=2)
    instead: dict[str, dict[str, Any]] = Field(default_factory=dict)
