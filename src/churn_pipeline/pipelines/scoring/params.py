"""Parameters of the scoring pipeline."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from churn_pipeline.params import Params


class Scoring(Params):
    """What is scored, and how calls are dealt out (root key `scoring`).

    Attributes:
        observation_date: Date whose customers are scored; None takes the newest.
        reasons: Most reasons told of a customer to call; 0 tells none.
        reasons_for: How many customers, the first of the list, get them.
        budget: Money that the calls of a list and their offers may be expected to
            cost, above 0; None: no limit.
        control_share: Share of customers, 0 to 0.5, who are not called whatever the
            model says, so that the effect of calls can be measured.
        campaign: Who is kept aside is drawn by its name: the same customers until it
            changes.
    """

    observation_date: dt.date | None = None
    reasons: int = Field(3, ge=0, le=10)
    reasons_for: int = Field(2000, ge=0)
    budget: float | None = Field(None, gt=0)
    control_share: float = Field(0.1, ge=0, le=0.5)
    campaign: str = Field("first", pattern=r"^\S(.{0,98}\S)?$")
