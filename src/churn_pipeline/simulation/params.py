"""The parameters of the simulated company (`params:simulate`)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from churn_pipeline.params import Params

Share = Annotated[float, Field(ge=0, le=1)]
Weights = dict[str, Annotated[float, Field(ge=0)]]


class Hazard(Params):
    """Log-odds of leaving within a month, of what a company sees of its customers.

    Attributes:
        base: Log-odds of an untroubled customer without a contract.
        contract: Added for a customer under contract.
        complaints: Added once complaints of two months are many; new customers take
            them worse.
        payment_failures: Added once failed payments of three months are many.
        fewer_purchases: Times the log of earlier over recent purchases.
        poor_value: Under contract, times charge over spending, -1 to 1.
        silence: Without a contract, times days since a purchase over the usual gap.
        newness: Added at sign-up; fades with a tenure of six months.
        age: Added a squared 20 years from 45.
        renewal: Added in the month in which a term of a year or more ends.
        mid_term: Added in the other months of such a term.
        channel: Added by channel.
        segment: Added by segment.
        plan: Added by plan.
        region: Added by region.
    """

    base: float
    contract: float
    complaints: float
    payment_failures: float
    fewer_purchases: float
    poor_value: float
    silence: float
    newness: float
    age: float
    renewal: float
    mid_term: float
    channel: dict[str, float]
    segment: dict[str, float]
    plan: dict[str, float]
    region: dict[str, float]


class Change(Params):
    """Something that holds from a day on.

    Attributes:
        start: The day.
    """

    start: dt.date


class InputDrift(Change):
    """From `start` on the company has other customers and sells other things.

    Attributes:
        amount_factor: Factor on the amounts of purchases.
        signup_factor: Factor on the number of customers who sign up a month.
        age_shift_years: Added to the mean age of those who sign up.
        channels: Weights of the channels of those who sign up.
        products: Weights of the products sold.
    """

    amount_factor: float = Field(gt=0)
    signup_factor: float = Field(gt=0)
    age_shift_years: float
    channels: Weights
    products: Weights


class ConceptChange(Change):
    """From `start` on the same customers leave for other reasons.

    Attributes:
        hazard: Coefficients of `Hazard` that take another value.
    """

    hazard: dict[str, float]

    @field_validator("hazard")
    @classmethod
    def _coefficients_exist(cls, value: dict[str, float]) -> dict[str, float]:
        numbers = [k for k, f in Hazard.model_fields.items() if f.annotation is float]
        unknown = sorted(set(value) - set(numbers))
        if unknown:
            raise ValueError(
                f"expected coefficients of the hazard ({', '.join(numbers)}), "
                f"got {', '.join(unknown)}"
            )
        return value


class Dirt(Params):
    """Bad rows that are added to the raw tables.

    Attributes:
        share: Bad rows added for each good one, 0 to 1.
        kinds: What is wrong with them, by table; see `simulation.dirt`.
    """

    share: Share
    kinds: dict[str, tuple[str, ...]]


class Simulation(Params):
    """The simulated company.

    Attributes:
        customers: Customers who were ever signed up.
        start: First day of the data; the first of a month.
        months: Months of data.
        chunk_customers: Customers simulated at a time; bounds the memory.
        history_months: Months before `start` in which customers signed up.
        contract_share: Share of the customers under contract, by segment.
        terms: Weights of the lengths of a term in months.
        segments: Weights of the segments.
        regions: Weights of the regions.
        channels: Weights of the channels.
        products: Weights of the products.
        plans: Weights of the plans.
        charges: Monthly charge by plan, in the data set's currency.
        purchases: Purchases a month by segment.
        rate_spread: Spread of the customers' own rates of purchase (deviation of the
            logarithm) that nothing but their purchases shows.
        season: Factor on the purchases of each calendar month, January first.
        complaints: Complaints a customer and month.
        payment_failures: Failed payments a customer and month.
        missing: Share of missing cells by column.
        late_share: Share of rows that arrive late.
        late_days: Longest delay of a late row, in days.
        observed_within_days: A customer without a running contract has a true churn
            probability for dates with a purchase in so many days before.
        hazard: Why customers leave.
        input_drifts: The drifts of the inputs, in the order of their starts; each
            holds until the next.
        concept_changes: The changes of the concept, in the order of their starts;
            each leaves what it does not name as the one before had it.
        dirt: The bad rows.
    """

    customers: int = Field(ge=10, le=10_000_000)
    start: dt.date
    months: int = Field(ge=6, le=120)
    chunk_customers: int = Field(ge=10, le=200_000)
    history_months: int = Field(ge=1, le=240)
    contract_share: dict[str, Share]
    terms: dict[int, Annotated[float, Field(ge=0)]]
    segments: Weights
    regions: Weights
    channels: Weights
    products: Weights
    plans: Weights
    charges: dict[str, float]
    purchases: dict[str, float]
    rate_spread: float = Field(ge=0)
    season: tuple[float, ...] = Field(min_length=12, max_length=12)
    complaints: float = Field(ge=0)
    payment_failures: float = Field(ge=0)
    missing: dict[str, Share]
    late_share: Share
    late_days: int = Field(ge=1)
    observed_within_days: int = Field(ge=1)
    hazard: Hazard
    input_drifts: tuple[InputDrift, ...]
    concept_changes: tuple[ConceptChange, ...]
    dirt: Dirt

    @model_validator(mode="after")
    def _names_agree(self) -> Simulation:
        """Whatever is stated by name is stated for every name."""
        _same("channels", self.channels, "hazard.channel", self.hazard.channel)
        for drift in self.input_drifts:
            _same("channels", self.channels, "input_drifts", drift.channels)
            _same("products", self.products, "input_drifts", drift.products)
        _same("segments", self.segments, "hazard.segment", self.hazard.segment)
        _same("segments", self.segments, "contract_share", self.contract_share)
        _same("segments", self.segments, "purchases", self.purchases)
        _same("plans", self.plans, "hazard.plan", self.hazard.plan)
        _same("plans", self.plans, "charges", self.charges)
        _same("regions", self.regions, "hazard.region", self.hazard.region)
        return self

    @field_validator("input_drifts", "concept_changes")
    @classmethod
    def _in_order(cls, value: tuple[Change, ...]) -> tuple[Change, ...]:
        starts = [change.start for change in value]
        if starts != sorted(set(starts)):
            raise ValueError(
                "expected drifts and changes in the order of their starts, each of a "
                f"day of its own, got {', '.join(map(str, starts))}"
            )
        return value

    @field_validator("start")
    @classmethod
    def _first_of_a_month(cls, value: dt.date) -> dt.date:
        if value.day != 1:
            raise ValueError(f"expected the first day of a month, got {value}")
        return value


def _same(
    name: str, left: dict[str, float], other: str, right: dict[str, float]
) -> None:
    """Raise unless both are stated for the same names in the same order."""
    if list(left) != list(right):
        raise ValueError(
            f"expected `{other}` for the same names as `{name}` in the same order "
            f"({', '.join(left)}), got {', '.join(right)}"
        )
