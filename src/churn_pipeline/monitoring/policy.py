"""When a model is made anew: the rules that a decision goes by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churn_pipeline.params import Params


class RetrainPolicy(Params):
    """When a model is made anew (`monitoring.retrain`).

    Attributes:
        when: `auto`: `kedro churn loop` does what is decided; `ask`: it says so, and a
            person runs it with a reason.
        min_days_between: Days after a model was made, released or not, in which none
            is made but for a reason that somebody gives.
        min_days_after_refusal: The same after one that its gate refused: until there
            is more to learn from, another would be no better. Labels that tell of a
            degradation wait no longer than after any model.
        max_age_days: Days since a model was trained, released or not, at which one is
            made anew; another calibration makes it no younger. None: never for that.
        min_new_labels_share: New rows with known labels, as a share of the rows that
            the champion was fit on, at which it is made anew; None: at no share.
        min_drift_cost: Money a customer that a drift costs, at least, to be a reason.
        held_customers: Share of the customers on whom a retrained model is compared
            with the champion; it learns from all others. None: as at a first training,
            all customers of the newest date with known labels, and it learns from
            earlier ones alone.
        held_dates: Of how many of the newest dates; none that the champion's labels
            have looked at counts.
        least_churners: Fewest churners to learn from: where those known since the
            champion fell are fewer, a model waits; one that somebody asks for all the
            same learns from the dates just before, too.
        max_wait_days: From so many days after the first month that was worse it waits
            for them no longer, and learns from the dates just before, too.
    """

    when: Literal["auto", "ask"] = "auto"
    min_days_between: int = Field(default=14, ge=0)
    min_days_after_refusal: int = Field(default=90, ge=0)
    max_age_days: int | None = Field(default=120, ge=1)
    min_new_labels_share: float | None = Field(default=0.5, gt=0)
    min_drift_cost: float = Field(default=0.0, ge=0)
    held_customers: float | None = Field(default=0.25, gt=0, lt=1)
    held_dates: int = Field(default=6, ge=1)
    least_churners: int = Field(default=400, ge=1)
    max_wait_days: int = Field(default=180, ge=0)
