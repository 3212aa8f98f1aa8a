"""What `rollout.json` says: who gets the challenger, and how that may change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from churn_pipeline.params import Params
from churn_pipeline.serving.rollout.bucket import BUCKETS

Side = Literal["champion", "challenger"]
Action = Literal["set", "step", "abort"]
Metric = Literal["log_loss", "brier", "profit"]
Value = str | bool | int | float
CANARY = "canary"
"""Who moves a share by itself."""


def _in_buckets(percentage: float) -> float:
    if percentage != round(percentage, 2):
        raise ValueError(
            f"expected a percentage of at most two decimals ({BUCKETS:,} buckets), "
            f"got {percentage}"
        )
    return percentage


Percentage = Annotated[float, Field(ge=0, le=100), AfterValidator(_in_buckets)]
"""0 to 100; 0 sends everybody to the champion."""
Text = Annotated[str, Field(min_length=1, max_length=200)]
FINITE = ConfigDict(allow_inf_nan=False)
"""JSON has no NaN and no infinity: such a state could not be read again."""


class Segment(Params):
    """Customers who stay out of the experiment: all conditions given hold.

    Attributes:
        feature: Name of a feature.
        equals: Its value.
        one_of: Its values.
        at_least: Its lowest value.
        below: What its value is below.
    """

    model_config = FINITE

    feature: Text
    equals: Value | None = None
    one_of: Annotated[tuple[Value, ...], Field(max_length=1000)] = ()
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Segment:
        bounds = (self.equals, self.at_least, self.below)
        if not self.one_of and all(bound is None for bound in bounds):
            raise ValueError(
                f"expected equals, one_of, at_least or below of {self.feature}, got "
                "none of them"
            )
        return self

    def test(self) -> Callable[[Mapping[str, Any]], bool]:
        """Return what says of features whether a customer is in it, in 0.3 us.

        A customer without the feature is not; nor is one with text in a range.

        Examples:
            >>> young = Segment(feature="age", at_least=18, below=25).test()
            >>> young({"age": 20}), young({"age": 25}), young({})
            (True, False, False)
        """
        name = self.feature
        given = [{self.equals}] if self.equals is not None else []
        sets = [*given, set(self.one_of)] if self.one_of else given
        values = frozenset(set.intersection(*sets)) if sets else None
        if self.at_least is None and self.below is None:
            allowed = values or frozenset()
            return lambda features: features.get(name) in allowed
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.below is None else self.below

        def ranged(features: Mapping[str, Any]) -> bool:
            """Return whether the number lies in the range, and in the set if any."""
            value = features.get(name)
            number = isinstance(value, int | float) and low <= value < high
            return number and (values is None or value in values)

        return ranged


class Canary(Params):
    """A share that goes up by itself, and down to 0 by itself.

    Attributes:
        steps: The shares, percent, rising.
        hours: Least time at a step.
        error_limit: Share of the challenger's answers that may fail.
        slow_ms: From how many milliseconds on an answer is slow.
        slow_limit: Share of the challenger's answers that may be slow.
        needs: What a step up needs beside errors and latency that are shown to be
            within their limits: nothing, or the `truth` of matured labels: a primary
            metric shown to be no more than `tolerance` worse.
        tolerance: How much worse it may be, in units of the primary metric.
    """

    model_config = FINITE

    steps: Annotated[tuple[Percentage, ...], Field(min_length=1, max_length=20)] = (
        1,
        5,
        25,
        50,
        100,
    )
    hours: Annotated[float, Field(ge=0, le=10_000)] = 1.0
    error_limit: Annotated[float, Field(gt=0, lt=1)] = 0.01
    slow_ms: Annotated[float, Field(gt=0, le=60_000)] = 50.0
    slow_limit: Annotated[float, Field(gt=0, lt=1)] = 0.05
    needs: Literal["operation", "truth"] = "operation"
    tolerance: Annotated[float, Field(ge=0)] = 0.01

    @model_validator(mode="after")
    def _rises(self) -> Canary:
        if self.steps[0] <= 0 or list(self.steps) != sorted(set(self.steps)):
            raise ValueError(
                f"expected steps above 0, each above the one before, got {self.steps}"
            )
        return self


class Share(Params):
    """Since when the challenger has had which share.

    Attributes:
        time: UTC, ISO 8601.
        percentage: 0 to 100.
    """

    time: str
    percentage: Percentage


class Plan(Params):
    """What a person decides.

    Attributes:
        challenger: Version of the model that is tried; None: there is none.
        percentage: Share of the customers who get it, 0 to 100 in steps of 0.01.
        experiment: Name that the customers are drawn by; empty: the challenger's
            version. Another name draws others.
        exclude: Who stays with the champion and out of the results.
        shadow: Version of a model that answers beside, unseen; None: none.
        canary: How the share goes up by itself; None: it does not.
        primary: The metric that decides.
        level: Largest probability of any false alarm in the whole experiment.
        planned: Customers with matured labels at whom the test is sharpest, both arms.
    """

    model_config = FINITE

    challenger: Text | None = None
    percentage: Percentage = 0.0
    experiment: Annotated[str, Field(max_length=200)] = ""
    exclude: Annotated[tuple[Segment, ...], Field(max_length=50)] = ()
    shadow: Text | None = None
    canary: Canary | None = None
    primary: Metric = "log_loss"
    level: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    planned: Annotated[int, Field(ge=100, le=10**12)] = 10_000


class RolloutState(Plan):
    """What is in force.

    Attributes:
        version: Number of the state; each change adds 1.
        time: When it began, UTC, ISO 8601; empty before the first change.
        overrides: Digest of a customer, hexadecimal -> whom that one always gets.
        shares: The shares that the experiment has had, oldest first.
        stopped: Why the challenger was stopped; empty where it was not.
        stopped_by: Who did: `canary` where answers proved it, or somebody's name.
    """

    version: int = 0
    time: str = ""
    overrides: Mapping[str, Side] = {}
    shares: tuple[Share, ...] = ()
    stopped: str = ""
    stopped_by: str = ""

    @model_validator(mode="after")
    def _has_somebody_to_send_to(self) -> RolloutState:
        if self.challenger is None and (self.percentage or self.canary):
            raise ValueError(
                "expected a challenger where there is a percentage or a canary, got "
                "none; name its version"
            )
        if self.canary and self.percentage not in (0, *self.canary.steps):
            raise ValueError(
                f"expected a percentage of 0 or one of the canary's steps "
                f"{self.canary.steps}, got {self.percentage}"
            )
        return self

    @property
    def name(self) -> str:
        """Name of the experiment, by which customers are drawn."""
        return self.experiment or self.challenger or ""


class RolloutChange(Plan):
    """A change: what is not named stays as it is.

    Attributes:
        version: Number of the state that the change was made for; another in force
            refuses it.
        overrides: Customer id -> `champion`, `challenger`, or null for neither. Kept
            as digests, and with the experiment that they belong to.
    """

    version: int
    overrides: Annotated[Mapping[str, Side | None], Field(max_length=10_000)] = {}


class Decided(Params):
    """A line of the ledger: one change.

    Attributes:
        time: When, UTC, ISO 8601.
        who: Name of the caller, of the account, or `canary`.
        action: `set` by somebody, `step` or `abort` (also by the canary itself).
        why: Why, in words.
        old: The state before.
        new: The state after.
    """

    time: str
    who: str
    action: Action
    why: str
    old: RolloutState
    new: RolloutState


def sent_to(before: RolloutState, change: RolloutChange) -> str | None:
    """Return the challenger that a change sends customers to; None: it sends none."""
    if "challenger" in change.model_fields_set:
        return change.challenger
    more = change.percentage or change.canary or change.overrides
    return before.challenger if more else None
